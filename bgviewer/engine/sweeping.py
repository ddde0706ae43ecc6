"""Many settings for one pair, judged on the same held-out tiles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands
from bgviewer.engine.chebyshev import term_count
from bgviewer.engine.config import GRID_STATISTICS, INTERP_STYLES, OPTIONS, MatchConfig
from bgviewer.engine.difference import Difference
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.fitting import fit_model
from bgviewer.engine.folds import FoldModels, FoldSums, predict, smooth_predictions
from bgviewer.engine.hidden import HiddenArea, steady_of
from bgviewer.engine.holdout import HoldOut, Yardstick, lay_yardstick
from bgviewer.engine.matching import Gridded, grid_difference, smooth_tile
from bgviewer.engine.penalised_spline import SmoothFit, TileFitter, smooth_text, smooth_tiles
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scores import Score, excess, score_tiles, with_hidden
from bgviewer.engine.tiles import covered_shares
from bgviewer.errors import BgviewerError, ConfigError

__all__ = [
    "Candidate",
    "Chosen",
    "PairSweep",
    "SweepCell",
    "SweepSpace",
    "best_of",
    "recommended_of",
    "runner_up_of",
    "simplest_of",
]

Image = NDArray[np.float32]
Array = NDArray[np.float64]

_SIZES = (512, 256, 128, 64, 32, 16)
_ORDERS = (0, 1, 2, 3, 4, 6, 8)
_STYLES = ("NATURAL_SPLINE", "AKIMA_SPLINE")
_STATISTICS = ("MEAN", "MEANCLIP")
_PENALTY_ORDERS = (2, 3)
_FAVOUR = 0.5  # standard errors by which the score of a P-spline may be higher
_MANY, _FEW_ROUNDS, _EVERY = 50_000, 2, 4  # of so many tiles some rows of two folds say enough


@dataclass(frozen=True)
class Candidate:
    """One setting of a sweep.

    Attributes
    ----------
    bin_size : int
    order : int or None
        Of the polynomial; None = a spline.
    interp_style : str or None
        Of the spline through the cells; None = another model.
    grid_statistic : str
    penalty_order : int or None
        Of the P-spline; None = another model.
    cell_centroids : bool
    """

    bin_size: int
    order: int | None
    interp_style: str | None
    grid_statistic: str
    penalty_order: int | None = None
    cell_centroids: bool = False

    @classmethod
    def of(cls, config: MatchConfig) -> Candidate:
        """Return the settings at hand as one."""
        kind = config.model_kind
        return cls(
            config.bin_size,
            config.order if kind == "chebyshev" else None,
            config.interp_style if kind == "spline" else None,
            config.grid_statistic,
            config.penalty_order if kind == "smooth" else None,
            config.cell_centroids,
        )

    def applied_to(self, config: MatchConfig) -> MatchConfig:
        """Return the settings with this candidate's values."""
        return config.replace(**self.changes())

    def changes(self) -> dict[str, object]:
        """Return its values as options (snake_case)."""
        changes: dict[str, object] = {
            "bin_size": self.bin_size,
            "grid_statistic": self.grid_statistic,
            "cell_centroids": self.cell_centroids,
            "penalised_spline": self.penalty_order is not None,
            "use_polynomial": self.order is not None,
        }
        if self.penalty_order is not None:
            changes |= {"penalty_order": self.penalty_order, "smoothing_length": 0.0}
        elif self.order is not None:
            changes["order"] = self.order
        else:
            changes["interp_style"] = self.interp_style
        return changes

    @property
    def model(self) -> str:
        """``order 3``, the style, or ``P-spline 2`` with the order of its penalty."""
        if self.penalty_order is not None:
            return f"P-spline {self.penalty_order}"
        return f"order {self.order}" if self.order is not None else str(self.interp_style)

    @property
    def text(self) -> str:
        """The whole in a few words."""
        text = f"binSize {self.bin_size}, {self.model}, {self.grid_statistic}"
        return f"{text}, centroids" if self.cell_centroids else text


@dataclass(frozen=True)
class SweepSpace:
    """Which settings are tried: all combinations.

    Attributes
    ----------
    bin_sizes, orders, interp_styles, grid_statistics, penalty_orders : tuple
        Empty orders, styles or penalty orders leave that kind of model out.  A P-spline is the
        same for every binning whose tiles are as large; it is tried at those.
    cell_centroids : bool
        Whether values of cells stand at the centroids of their good pixels.
    also : tuple of Candidate
        Single settings that are tried too, such as those at hand, where they share a binning.

    Raises
    ------
    ConfigError
        For a value that is out of its option's range, or when nothing is left to try.
    """

    bin_sizes: tuple[int, ...] = _SIZES
    orders: tuple[int, ...] = _ORDERS
    interp_styles: tuple[str, ...] = _STYLES
    grid_statistics: tuple[str, ...] = ("MEAN",)
    penalty_orders: tuple[int, ...] = ()
    cell_centroids: bool = False
    also: tuple[Candidate, ...] = ()

    def __post_init__(self) -> None:
        for name, option in (
            ("bin_sizes", "bin_size"),
            ("orders", "order"),
            ("interp_styles", "interp_style"),
            ("grid_statistics", "grid_statistic"),
            ("penalty_orders", "penalty_order"),
        ):
            values = tuple(OPTIONS[option].check(v) for v in getattr(self, name))
            object.__setattr__(self, name, tuple(dict.fromkeys(values)))
        models = self.orders or self.interp_styles or self.penalty_orders
        if not (self.bin_sizes and self.grid_statistics and models):
            raise ConfigError("a sweep needs at least one binSize, one model and one gridStatistic")

    @classmethod
    def for_shape(cls, shape: tuple[int, int], config: MatchConfig | None = None) -> SweepSpace:
        """Return the usual space.

        Sizes from 512 or half the shorter side down to 16 (at least five), MEAN and MEANCLIP,
        polynomials of order 0 to 8, two splines, and P-splines of both penalty orders, at the
        centroids of the cells' good pixels.  The settings at hand and LSST's default are always
        among what is tried.
        """
        config = config or MatchConfig()
        largest = 1 << max(3, int(math.log2(max(8, min(shape) // 2))))
        top = min(_SIZES[0], largest)
        halves = [max(8, top >> k) for k in range(len(_SIZES))]
        sizes = {*halves[:5], *(size for size in halves if size >= _SIZES[-1]), config.bin_size}
        orders = {*_ORDERS, *([config.order] if config.model_kind == "chebyshev" else [])}
        styles = set(_STYLES) | ({config.interp_style} if config.model_kind == "spline" else set())
        statistics = {*_STATISTICS, config.grid_statistic}
        return cls(
            tuple(sorted(sizes, reverse=True)),
            tuple(sorted(orders)),
            tuple(s for s in INTERP_STYLES if s in styles),
            tuple(s for s in GRID_STATISTICS if s in statistics),
            _PENALTY_ORDERS,
            True,
            tuple(dict.fromkeys((Candidate.of(config), Candidate.of(MatchConfig())))),
        )

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """All that is tried, what shares binnings together, large bins first."""
        return tuple(
            c
            for statistic in sorted(self.grid_statistics, key=GRID_STATISTICS.index)
            for size in sorted(self.bin_sizes, reverse=True)
            for c in (*self.row(size, statistic), *self.single(size, statistic))
        )

    def row(self, size: int, statistic: str) -> tuple[Candidate, ...]:
        """Return the combinations that share one binning."""
        at = self.cell_centroids
        return (
            *(Candidate(size, order, None, statistic, None, at) for order in self.orders),
            *(Candidate(size, None, style, statistic, None, at) for style in self.interp_styles),
            *(Candidate(size, None, None, statistic, n, at) for n in self.penalty_orders),
        )

    def single(self, size: int, statistic: str) -> tuple[Candidate, ...]:
        """Return what is tried `also` of one binning."""
        row, wanted = self.row(size, statistic), (size, statistic)
        return tuple(
            c for c in self.also
            if (c.bin_size, c.grid_statistic) == wanted and c not in row
        )  # fmt: skip

    @property
    def tile(self) -> int:
        """Largest side of held-out tiles: half the smallest bin."""
        return max(4, min(self.bin_sizes) // 2)


@dataclass(frozen=True, eq=False)
class SweepCell:
    """What one candidate gave.

    Attributes
    ----------
    candidate : Candidate
    reason : str
        Why there is no score; empty for a valid one.
    score : Score or None
        On held-out tiles and, by their share of what both exposures cover, over hidden pixels.
    training : Score or None
        Of the model fitted to all pixels, on the same tiles; falls with every finer model.
    freedom : int
        Free numbers of the model: terms of the polynomial, or cells with a value.
    note : str
        What was not done as asked (order or style reduced), or what was chosen by itself.
    hidden : float
        Root mean square of the error to expect over pixels that both exposures cover but masks
        hide, in the pixel unit; NaN where there are none, or they do not count.
    veto : str
        Why it is not recommended whatever its score; empty for most.
    """

    candidate: Candidate
    reason: str = ""
    score: Score | None = None
    training: Score | None = None
    freedom: int = 0
    note: str = ""
    hidden: float = math.nan
    veto: str = ""

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
    caution : str
        Where the choice is not to be trusted; empty for most.
    """

    setting: str
    score: float | None
    error: float | None
    runner_up: str = ""
    runner_up_score: float | None = None
    caution: str = ""


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


def recommended_of(cells: Sequence[SweepCell]) -> SweepCell | None:
    """Return what is recommended of a sweep; None where nothing could be judged.

    The P-spline of the lower score, unless the simplest of LSST's models that is as good as their
    best (`simplest_of`) has a score that is lower by more than half a standard error of their
    difference.  What has a veto is recommended only where everything has one.
    """
    cells = [c for c in cells if c.valid and not c.veto] or cells
    simplest = simplest_of([c for c in cells if c.candidate.penalty_order is None])
    smooth = best_of(c for c in cells if c.candidate.penalty_order is not None)
    if smooth is None or smooth.score is None:
        return simplest
    if simplest is not None and simplest.score is not None:
        above, error = excess(smooth.score, simplest.score)
        if above > _FAVOUR * error:
            return simplest
    # the same for every binning: let it stand at LSST's, or nearest to it
    usual, order, value = MatchConfig().bin_size, smooth.candidate.penalty_order, smooth.score.value
    alike = [
        c for c in cells
        if c.candidate.penalty_order == order and c.score is not None and c.score.value == value
    ]  # fmt: skip
    return min(alike, key=lambda c: abs(math.log(c.candidate.bin_size / usual)))


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
    threads : int or None
    gridded, clipped, fitters, smooth, judged, hidden : dict or list
        What was found on the way: grids, sums of clipped pixels, tiles of the P-splines, their
        fits and their cells, and the area that masks hide.
    covered : ndarray float64 [ty, tx] or None
        Share of each tile that both exposures cover; None = unmasked pixels only count.
    """

    difference: Difference
    yardstick: Yardstick
    space: SweepSpace
    config: MatchConfig
    threads: int | None = None
    gridded: dict[tuple[int, str], Gridded] = field(default_factory=dict)
    covered: Array | None = None
    clipped: list[FoldSums] = field(default_factory=list)
    fitters: list[TileFitter] = field(default_factory=list)
    smooth: dict[int, SmoothFit] = field(default_factory=dict)
    judged: dict[int, SweepCell] = field(default_factory=dict)
    hidden: list[HiddenArea] = field(default_factory=list)

    @classmethod
    def prepare(
        cls,
        difference: Difference,
        config: MatchConfig | None = None,
        space: SweepSpace | None = None,
        hold_out: HoldOut | None = None,
        progress: Progress = SILENT,
        *,
        exposures: tuple[MaskedImage, MaskedImage] | None = None,
        threads: int | None = None,
    ) -> PairSweep:
        """Measure the tiles.

        Parameters
        ----------
        exposures : (MaskedImage, MaskedImage), optional
            Reference and science: pixels that both cover count although masks hide them.  None
            = judge unmasked pixels only.

        Raises
        ------
        NoOverlapError
            When too few tiles can be judged.
        """
        config = config or MatchConfig()
        space = space or SweepSpace.for_shape(difference.shape, config)
        hold_out, tile = hold_out or HoldOut(), space.tile
        many = difference.values.size // (_MANY * hold_out.tile_for(difference.shape, tile) ** 2)
        if hold_out.rounds is None and hold_out.mode == "tiles" and many:
            rounds = min(_FEW_ROUNDS, hold_out.folds)
            hold_out = replace(hold_out, rounds=rounds, every=min(many, _EVERY))
        yardstick = lay_yardstick(difference, hold_out, progress, largest=tile, threads=threads)
        covered = None
        if exposures is not None:
            covered = covered_shares(*exposures, yardstick.y_edges, yardstick.x_edges)
        return cls(difference, yardstick, space, config, threads, covered=covered)

    @property
    def hidden_share(self) -> float:
        """Share, 0 to 1, of the covered pixels that masks hide; known when it has run."""
        return self.hidden[0].share if self.hidden else 0.0

    def run(self, progress: Progress = SILENT) -> Iterator[SweepCell]:
        """Yield the cells as they come, one binning after the other, large bins first."""
        space, threads = self.space, self.threads
        pixels = self.difference, self.yardstick, space.bin_sizes, progress
        smooth = smooth_tile(max(space.bin_sizes)) if space.penalty_orders else 0
        if smooth or "MEANCLIP" in space.grid_statistics:
            clip = float(self.config.num_sigma_clip)
            self.clipped.append(FoldSums.take(*pixels, smooth=smooth, clip=clip, threads=threads))
        plain = FoldSums.take(*pixels, threads=threads)
        folds = range(self.yardstick.rounds)
        self._fit_ahead(progress)
        self.hidden[:] = [self._find_hidden(progress)]
        for statistic in sorted(space.grid_statistics, key=GRID_STATISTICS.index):
            sums = self.clipped[0] if statistic == "MEANCLIP" else plain
            ordered = statistic == "MEDIAN"
            rests: list[Image | None] = [sums.without(f) if ordered else None for f in folds]
            for size in sorted(space.bin_sizes, reverse=True):
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
        candidates = self.space.row(size, statistic) + self.space.single(size, statistic)
        plain = self.config.replace(
            bin_size=size,
            grid_statistic=statistic,
            use_polynomial=False,
            penalised_spline=False,
            cell_centroids=any(c.cell_centroids for c in candidates),
        )
        clipped = statistic == "MEANCLIP"
        if clipped:
            plain = plain.replace(grid_statistic="MEAN")
        whole = self.gridded.get((size, plain.grid_statistic))
        if whole is None or (plain.cell_centroids and whole.cells.dy is None):
            whole = grid_difference(self.difference, plain, progress, threads=self.threads)
            self.gridded[size, plain.grid_statistic] = whole
        if clipped:
            whole = replace(whole, cells=sums.cells(plain, whole.cells, None))
        fold_cells = [
            sums.cells(plain, whole.cells, held, rest, progress, threads=self.threads)
            for held, rest in enumerate(rests)
        ]
        for centroids in dict.fromkeys(c.cell_centroids for c in candidates):
            some = [c for c in candidates if c.cell_centroids == centroids]
            grid, cells = whole, fold_cells
            if not centroids:
                grid = replace(whole, cells=whole.cells.at_middles())
                cells = [c.at_middles() for c in fold_cells]
            orders = [c.order for c in some if c.order is not None]
            carried = min(whole.bins.columns_with_data, whole.bins.rows_with_data)
            highest = max((o for o in orders if o < carried), default=0)
            models = FoldModels(cells, self.difference.shape, highest, grid.cells)
            if orders:
                models.prepare(self.config.approx_weighting, progress)
            for candidate in (c for c in some if c.penalty_order is not None):
                yield self._judge_smooth(candidate, progress)

            def one(
                candidate: Candidate, grid: Gridded = grid, models: FoldModels = models
            ) -> SweepCell:
                return self._judge(candidate, grid, models, progress)

            cellular = [c for c in some if c.penalty_order is None]
            yield from map_bands(one, cellular, progress=progress, threads=self.threads)

    def _fit_ahead(self, progress: Progress) -> None:
        """Fit P-splines of all penalty orders at a time; what fails, fails when it is judged."""

        def one(order: int) -> None:
            with suppress(BgviewerError):
                self._fit_smooth(order, progress)

        if self.space.penalty_orders:
            self._tile_fitter(progress)
            map_bands(one, self.space.penalty_orders, progress=progress, threads=self.threads)

    def _tile_fitter(self, progress: Progress) -> TileFitter:
        """Return the tiles that P-splines are fitted to, measured once."""
        if not self.fitters:
            side = smooth_tile(max(self.space.bin_sizes))
            values = self.difference.values
            data = smooth_tiles(values, side, progress, threads=self.threads)
            self.fitters.append(TileFitter(data))
        return self.fitters[0]

    def _find_hidden(self, progress: Progress) -> HiddenArea:
        covered, fits = self.covered, []
        if covered is not None and (covered[~np.isfinite(self.yardstick.errors)] > 0).any():
            for order in _PENALTY_ORDERS:
                with suppress(BgviewerError):
                    fits.append(self._fit_smooth(order, progress))
        return HiddenArea.of(self.yardstick, covered, steady_of(fits), progress)

    def _fit_smooth(self, order: int, progress: Progress) -> SmoothFit:
        """Fit the P-spline of a penalty order, once."""
        if order not in self.smooth:
            self.smooth[order] = self._tile_fitter(progress).fit(order, None, progress)
        return self.smooth[order]

    def _judge_smooth(self, candidate: Candidate, progress: Progress) -> SweepCell:
        """Judge a P-spline; it is the same for every binning and statistic."""
        order, yardstick = candidate.penalty_order, self.yardstick
        assert order is not None
        widest = smooth_tile(max(self.space.bin_sizes))
        if smooth_tile(candidate.bin_size) < widest:
            return SweepCell(candidate, f"tried with the tiles of {widest} pixels of larger bins")
        known = self.judged.get(order)
        if known is not None:
            return replace(known, candidate=candidate)
        try:
            fit = self._fit_smooth(order, progress)
            predictions = smooth_predictions(
                fit,
                self.difference,
                yardstick,
                progress,
                sums=self.clipped[0] if self.clipped else None,
                threads=self.threads,
            )
        except BgviewerError as error:
            return SweepCell(candidate, str(getattr(error, "reason", None) or error))
        seen = fit.system.surfaces(fit.amplitudes, yardstick.y, yardstick.x)
        text = smooth_text(fit.model.smoothing_length, True)
        cell = self._cell(candidate, predictions, seen, round(fit.freedom), text)
        self.judged[order] = cell
        return cell

    def _cell(
        self, candidate: Candidate, predictions: Array, seen: Array, freedom: int, note: str
    ) -> SweepCell:
        """Score predictions of the tiles, and what the model does over hidden pixels."""
        score, hidden = score_tiles(self.yardstick, predictions), self.hidden[0]
        error, overshoot = hidden.error(seen), hidden.overshoot(seen)
        text = f"runs away over masked pixels, by {100 * overshoot:.0f} % of the sky's range"
        return SweepCell(
            candidate,
            score=with_hidden(score, error, hidden.share),
            training=score_tiles(self.yardstick, seen),
            freedom=freedom,
            note=note,
            hidden=math.sqrt(error) if hidden.share else math.nan,
            veto=text if hidden.runs_away(seen) else "",
        )

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
            fit = fit_model(gridded.cells, gridded.bins, config, shape, read=False, threads=1)
            if any(a.kind == "ill_conditioned" for a in fit.adjustments):
                reason = next(a.text for a in fit.adjustments if a.kind == "ill_conditioned")
                return SweepCell(candidate, reason)
            predictions = np.full(yardstick.values.shape, np.nan)
            for held, places in enumerate(yardstick.held):
                surface = predict(models.fit(held, config, fit), yardstick)
                predictions.ravel()[places] = surface.ravel()[places]
            seen = predict(fit.model, yardstick)
        except BgviewerError as error:
            return SweepCell(candidate, str(getattr(error, "reason", None) or error))
        places = yardstick.picked[0]
        if not all(np.isfinite(a.ravel()[places]).all() for a in (predictions, seen)):
            return SweepCell(candidate, "no model where tiles are judged")
        freedom = gridded.cells.n_used if fit.used_order is None else term_count(fit.used_order)
        note = "; ".join(dict.fromkeys(a.text for a in fit.adjustments))
        return self._cell(candidate, predictions, seen, freedom, note)

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
