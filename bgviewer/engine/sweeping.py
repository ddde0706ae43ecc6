"""Many settings for one pair, judged on the same held-out tiles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands
from bgviewer.engine.chebyshev import term_count
from bgviewer.engine.config import GRID_STATISTICS, INTERP_STYLES, OPTIONS, MatchConfig
from bgviewer.engine.difference import Difference
from bgviewer.engine.fitting import fit_model
from bgviewer.engine.folds import FoldModels, FoldSums, predict
from bgviewer.engine.holdout import HoldOut, Yardstick, lay_yardstick
from bgviewer.engine.matching import Gridded, grid_difference
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scores import Score, excess, score_tiles
from bgviewer.errors import BgviewerError, ConfigError

__all__ = [
    "Candidate",
    "Chosen",
    "PairSweep",
    "SweepCell",
    "SweepSpace",
    "best_of",
    "runner_up_of",
    "simplest_of",
]

Image = NDArray[np.float32]

_SIZES = (512, 256, 128, 64, 32)
_ORDERS = (1, 2, 3, 4, 6, 8)
_STYLES = ("NATURAL_SPLINE", "AKIMA_SPLINE")


@dataclass(frozen=True)
class Candidate:
    """One setting of a sweep.

    Attributes
    ----------
    bin_size : int
    order : int or None
        Of the polynomial; None = a spline.
    interp_style : str or None
        Of the spline; None = a polynomial.
    grid_statistic : str
    """

    bin_size: int
    order: int | None
    interp_style: str | None
    grid_statistic: str

    def applied_to(self, config: MatchConfig) -> MatchConfig:
        """Return the settings with this candidate's values."""
        return config.replace(**self.changes())

    def changes(self) -> dict[str, object]:
        """Return its values as options (snake_case)."""
        changes: dict[str, object] = {
            "bin_size": self.bin_size,
            "grid_statistic": self.grid_statistic,
            "penalised_spline": False,
            "use_polynomial": self.order is not None,
        }
        if self.order is not None:
            changes["order"] = self.order
        else:
            changes["interp_style"] = self.interp_style
        return changes

    @property
    def model(self) -> str:
        """``order 3`` or the style."""
        return f"order {self.order}" if self.order is not None else str(self.interp_style)

    @property
    def text(self) -> str:
        """The whole in a few words."""
        return f"binSize {self.bin_size}, {self.model}, {self.grid_statistic}"


@dataclass(frozen=True)
class SweepSpace:
    """Which settings are tried: all combinations.

    Attributes
    ----------
    bin_sizes, orders, interp_styles, grid_statistics : tuple
        Empty orders or styles leave that kind of model out.

    Raises
    ------
    ConfigError
        For a value that is out of its option's range, or when nothing is left to try.
    """

    bin_sizes: tuple[int, ...] = _SIZES
    orders: tuple[int, ...] = _ORDERS
    interp_styles: tuple[str, ...] = _STYLES
    grid_statistics: tuple[str, ...] = ("MEAN",)

    def __post_init__(self) -> None:
        for name, option in (
            ("bin_sizes", "bin_size"),
            ("orders", "order"),
            ("interp_styles", "interp_style"),
            ("grid_statistics", "grid_statistic"),
        ):
            values = tuple(OPTIONS[option].check(v) for v in getattr(self, name))
            object.__setattr__(self, name, tuple(dict.fromkeys(values)))
        if not (self.bin_sizes and self.grid_statistics and (self.orders or self.interp_styles)):
            raise ConfigError("a sweep needs at least one binSize, one model and one gridStatistic")

    @classmethod
    def for_shape(cls, shape: tuple[int, int], config: MatchConfig | None = None) -> SweepSpace:
        """Return the usual space: five sizes from 512 down, or from half the shorter side.

        The settings at hand are always among what is tried.
        """
        config = config or MatchConfig()
        largest = 1 << max(3, int(math.log2(max(8, min(shape) // 2))))
        top = min(_SIZES[0], largest)
        sizes = {max(8, top >> k) for k in range(5)} | {config.bin_size}
        orders = {*_ORDERS, *([config.order] if config.model_kind == "chebyshev" else [])}
        styles = set(_STYLES) | ({config.interp_style} if config.model_kind == "spline" else set())
        return cls(
            tuple(sorted(sizes, reverse=True)),
            tuple(sorted(orders)),
            tuple(s for s in INTERP_STYLES if s in styles),
            (config.grid_statistic,),
        )

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """All combinations, those that share binnings together, large bins first."""
        return tuple(
            c
            for statistic in sorted(self.grid_statistics, key=GRID_STATISTICS.index)
            for size in sorted(self.bin_sizes, reverse=True)
            for c in self.row(size, statistic)
        )

    def row(self, size: int, statistic: str) -> tuple[Candidate, ...]:
        """Return what shares one binning."""
        polynomials = (Candidate(size, order, None, statistic) for order in self.orders)
        splines = (Candidate(size, None, style, statistic) for style in self.interp_styles)
        return (*polynomials, *splines)


@dataclass(frozen=True, eq=False)
class SweepCell:
    """What one candidate gave.

    Attributes
    ----------
    candidate : Candidate
    reason : str
        Why there is no score; empty for a valid one.
    score : Score or None
        On held-out tiles.
    training : Score or None
        Of the model fitted to all pixels, on the same tiles; falls with every finer model.
    freedom : int
        Free numbers of the model: terms of the polynomial, or cells with a value.
    note : str
        What was not done as asked (order or style reduced).
    """

    candidate: Candidate
    reason: str = ""
    score: Score | None = None
    training: Score | None = None
    freedom: int = 0
    note: str = ""

    @property
    def valid(self) -> bool:
        """Whether there is a score."""
        return self.score is not None

    @property
    def error_rms(self) -> float:
        """Root of the score, 0 below 0: a rough measure of the error; NaN without a score."""
        return math.nan if self.score is None else math.sqrt(max(0.0, self.score.value))


@dataclass(frozen=True)
class Chosen:
    """What a sweep chose for an exposure, and what came next, with this exposure's scores.

    Attributes
    ----------
    setting, runner_up : str
        In words; the runner-up is empty where there is none.
    score, error, runner_up_score : float or None
        Held-out scores, and the standard error of that of the choice, in unit squared.
    """

    setting: str
    score: float | None
    error: float | None
    runner_up: str = ""
    runner_up_score: float | None = None


def best_of(cells: Iterable[SweepCell]) -> SweepCell | None:
    """Return the cell with the lowest score; None without any valid one."""
    found: SweepCell | None = None
    for cell in cells:
        if cell.score is None:
            continue
        if found is None or found.score is None or cell.score.value < found.score.value:
            found = cell
    return found


def simplest_of(cells: Sequence[SweepCell]) -> SweepCell | None:
    """Return the simplest choice whose score is within one standard error of the best.

    Simpler is what has fewer free numbers; among equals the lowest score decides.  The standard
    error is that of the difference of both scores, group of tiles by group (see `excess`).
    """
    best = best_of(cells)
    if best is None or best.score is None:
        return None
    within = []
    for cell in cells:
        if cell.score is None:
            continue
        above, error = excess(cell.score, best.score)
        if cell is best or above <= error:
            within.append(cell)
    return min(within, key=lambda c: (c.freedom, c.score.value if c.score else math.inf))


def runner_up_of(cells: Iterable[SweepCell], choice: SweepCell | None) -> SweepCell | None:
    """Return the lowest score among all but the choice."""
    return best_of(c for c in cells if c is not choice)


@dataclass(frozen=True, eq=False)
class PairSweep:
    """A pair made ready: its difference and the yardstick.

    Attributes
    ----------
    difference : Difference
    yardstick : Yardstick
    space : SweepSpace
    config : MatchConfig
        Everything that the candidates do not say.
    """

    difference: Difference
    yardstick: Yardstick
    space: SweepSpace
    config: MatchConfig
    threads: int | None = None
    gridded: dict[tuple[int, str], Gridded] = field(default_factory=dict)

    @classmethod
    def prepare(
        cls,
        difference: Difference,
        config: MatchConfig | None = None,
        space: SweepSpace | None = None,
        hold_out: HoldOut | None = None,
        progress: Progress = SILENT,
        *,
        threads: int | None = None,
    ) -> PairSweep:
        """Measure the tiles.

        Raises
        ------
        NoOverlapError
            When too few tiles can be judged.
        """
        config = config or MatchConfig()
        space = space or SweepSpace.for_shape(difference.shape, config)
        yardstick = lay_yardstick(difference, hold_out, progress, threads=threads)
        return cls(difference, yardstick, space, config, threads)

    def run(self, progress: Progress = SILENT) -> Iterator[SweepCell]:
        """Yield the cells as they come, one binning after the other, large bins first."""
        sums = FoldSums.take(
            self.difference,
            self.yardstick,
            self.space.bin_sizes,
            progress,
            threads=self.threads,
        )
        folds = range(self.yardstick.hold_out.folds)
        for statistic in sorted(self.space.grid_statistics, key=GRID_STATISTICS.index):
            ordered = statistic != "MEAN"
            rests: list[Image | None] = [sums.without(f) if ordered else None for f in folds]
            for size in sorted(self.space.bin_sizes, reverse=True):
                yield from self._row(size, statistic, sums, rests, progress)

    def _row(
        self,
        size: int,
        statistic: str,
        sums: FoldSums,
        rests: list[Image | None],
        progress: Progress,
    ) -> Iterator[SweepCell]:
        """Judge everything that shares one binning."""
        candidates = self.space.row(size, statistic)
        plain = self.config.replace(
            bin_size=size, grid_statistic=statistic, use_polynomial=False, penalised_spline=False
        )
        whole = grid_difference(self.difference, plain, progress, threads=self.threads)
        self.gridded[size, statistic] = whole
        fold_cells = [
            sums.cells(plain, whole.cells, held, rest, progress, threads=self.threads)
            for held, rest in enumerate(rests)
        ]
        carried = min(whole.bins.columns_with_data, whole.bins.rows_with_data)
        orders = [c.order for c in candidates if c.order is not None]
        highest = max((o for o in orders if o < carried), default=0)
        models = FoldModels(fold_cells, self.difference.shape, highest)
        if orders:
            models.prepare(self.config.approx_weighting, progress)

        def one(candidate: Candidate) -> SweepCell:
            return self._judge(candidate, whole, models, progress)

        yield from map_bands(one, candidates, progress=progress, threads=self.threads)

    def _judge(
        self, candidate: Candidate, whole: Gridded, models: FoldModels, progress: Progress
    ) -> SweepCell:
        config = candidate.applied_to(self.config)
        shape, yardstick = self.difference.shape, self.yardstick
        problem = config.problem(shape)
        if problem is not None:
            return SweepCell(candidate, str(problem))
        try:
            gridded = self._regridded(config, whole)
            if gridded is not whole:
                return SweepCell(candidate, "too few cells with data for this order")
            fit = fit_model(gridded.cells, gridded.bins, config, shape, threads=1)
            if any(a.kind == "ill_conditioned" for a in fit.adjustments):
                reason = next(a.text for a in fit.adjustments if a.kind == "ill_conditioned")
                return SweepCell(candidate, reason)
            predictions = np.empty(yardstick.values.shape)
            for held in range(yardstick.hold_out.folds):
                mine = yardstick.fold == held
                predictions[mine] = predict(models.fit(held, config, fit), yardstick)[mine]
            seen = predict(fit.model, yardstick)
        except BgviewerError as error:
            return SweepCell(candidate, str(getattr(error, "reason", None) or error))
        judged = yardstick.judged
        if not (np.isfinite(predictions[judged]).all() and np.isfinite(seen[judged]).all()):
            return SweepCell(candidate, "no model where tiles are judged")
        freedom = gridded.cells.n_used if fit.used_order is None else term_count(fit.used_order)
        return SweepCell(
            candidate,
            score=score_tiles(yardstick, predictions),
            training=score_tiles(yardstick, seen),
            freedom=freedom,
            note="; ".join(dict.fromkeys(a.text for a in fit.adjustments)),
        )

    def _regridded(self, config: MatchConfig, whole: Gridded) -> Gridded:
        """Return the grid of a polynomial: another only where INCREASE_NXNYSAMPLE makes one."""
        if not config.use_polynomial:
            return whole
        carried = min(whole.bins.columns_with_data, whole.bins.rows_with_data)
        if carried > config.order or (
            carried > 0 and config.undersample_style == "REDUCE_INTERP_ORDER"
        ):
            return whole
        return grid_difference(self.difference, config, threads=1)
