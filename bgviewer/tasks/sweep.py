"""Which settings are right? All combinations tried on every exposure, judged on held-out tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.difference import form_difference
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.holdout import HoldOut, Yardstick
from bgviewer.engine.joined_sweeps import joined_sweeps
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.sweeping import (
    Candidate,
    PairSweep,
    SweepCell,
    SweepSpace,
    best_of,
    recommended_of,
    runner_up_of,
)
from bgviewer.errors import BgviewerError, NoReferenceError
from bgviewer.io.stack import ExposureStack, StackEntry, as_stack
from bgviewer.tasks.acceptance import overlap_problem
from bgviewer.tasks.load import EXCLUDED
from bgviewer.tasks.match import check_included, choose_reference, find_exposure
from bgviewer.tasks.pair import PairPart

__all__ = [
    "LOOSE",
    "VARIED",
    "ExposureSweep",
    "JudgedTiles",
    "Sweep",
    "SweepRequest",
    "SweptCell",
    "iterate_sweep",
    "joined_cells",
    "sweep",
    "sweep_stack",
    "with_candidate",
    "with_choices",
    "without_varied",
]

VARIED = (
    "bin_size",
    "grid_statistic",
    "use_polynomial",
    "order",
    "interp_style",
    "penalised_spline",
    "penalty_order",
    "smoothing_length",
    "cell_centroids",
)


LOOSE = 3.0
"""Times the noise of a tile from which an error over masked pixels is told."""


@dataclass(frozen=True, eq=False)
class SweepRequest:
    """What shall be swept.

    Attributes
    ----------
    stack : ExposureStack
    reference : int
        Id of the reference.
    config : MatchConfig
        Everything that the sweep does not vary.
    space : SweepSpace or None
        What is tried; None = the usual for the stack's shape.
    hold_out : HoldOut
        How pixels are held out.
    only : frozenset of int or None
        Ids of the exposures that are wanted; None = all.
    plan : StackPlan
        Exclusions, regions and own settings (what a sweep varies is not taken from these).
    threads : int or None
        How many may run at a time; None = as many as are worth it.
    """

    stack: ExposureStack
    reference: int
    config: MatchConfig = field(default_factory=MatchConfig)
    space: SweepSpace | None = None
    hold_out: HoldOut = field(default_factory=HoldOut)
    only: frozenset[int] | None = None
    plan: StackPlan = field(default_factory=StackPlan)
    threads: int | None = None

    @property
    def tried(self) -> SweepSpace:
        """The space that is tried."""
        return self.space or SweepSpace.for_shape(self.stack.shape or (1024, 1024), self.config)


@dataclass(frozen=True, eq=False)
class SweptCell:
    """One cell of one exposure, as it comes."""

    id: int
    name: str
    cell: SweepCell


@dataclass(frozen=True)
class JudgedTiles:
    """What is remembered of the yardstick of an exposure.

    Attributes
    ----------
    tile : int
        Wanted side in pixels.
    count : int
        Tiles that were judged.
    noise : float
        Root mean square of their own noise.
    noise_factor : float
        Variance of their means over that of uncorrelated pixels.
    hidden_share : float
        Share, 0 to 1, of what both exposures cover that masks hide from judgement.
    """

    tile: int
    count: int
    noise: float
    noise_factor: float
    hidden_share: float = 0.0

    @classmethod
    def of(cls, yardstick: Yardstick, hidden_share: float = 0.0) -> JudgedTiles:
        """Sum up a yardstick, whose planes may be as large as a small image."""
        y = yardstick
        return cls(y.tile, y.n_judged, y.noise, y.noise_factor, hidden_share)


@dataclass(frozen=True, eq=False)
class ExposureSweep:
    """What the sweep found for one exposure.

    Attributes
    ----------
    id : int
    name : str
    status : {"swept", "reference", "failed", "excluded"}
    reason : str
        Why it failed or is excluded.
    cells : tuple of SweepCell
        All that was tried.
    tiles : JudgedTiles or None
        What it was judged on.
    overlap : float or None
        Share, 0 to 1, of its good pixels that lie on good pixels of the reference.
    """

    id: int
    name: str
    status: str
    reason: str = ""
    cells: tuple[SweepCell, ...] = ()
    tiles: JudgedTiles | None = None
    overlap: float | None = None

    @property
    def best(self) -> SweepCell | None:
        """The lowest score."""
        return best_of(self.cells)

    @property
    def choice(self) -> SweepCell | None:
        """What is recommended (`recommended_of`)."""
        return recommended_of(self.cells)

    @property
    def runner_up(self) -> SweepCell | None:
        """The lowest score among all but the choice."""
        return runner_up_of(self.cells, self.choice)

    @property
    def caution(self) -> str:
        """Where the choice is not to be trusted; empty for most."""
        return self.caution_of(self.choice)

    def caution_of(self, cell: SweepCell | None) -> str:
        """Say where a setting is not to be trusted in this exposure; empty for most."""
        if cell is None or self.tiles is None:
            return ""
        if cell.veto:
            return f"it {cell.veto}"
        if not cell.hidden > LOOSE * self.tiles.noise:
            return ""
        return (
            f"over masked pixels, {100 * self.tiles.hidden_share:.2g} % of what both exposures "
            f"cover, it may be off by {cell.hidden:.3g}"
        )


@dataclass(frozen=True, eq=False)
class Sweep:
    """What the sweep found for a stack.

    Attributes
    ----------
    request : SweepRequest
    exposures : tuple of ExposureSweep
        One per exposure that was wanted, in order.
    cells : tuple of SweepCell
        Each candidate over the whole stack: the mean of its scores, every exposure counting
        alike; valid where it is valid for all that could be swept.
    """

    request: SweepRequest
    exposures: tuple[ExposureSweep, ...]
    cells: tuple[SweepCell, ...]

    @property
    def best(self) -> SweepCell | None:
        """The lowest score over the stack."""
        return best_of(self.cells)

    @property
    def choice(self) -> SweepCell | None:
        """What is recommended for all exposures."""
        return recommended_of(self.cells)

    @property
    def runner_up(self) -> SweepCell | None:
        """The lowest score among all but the choice."""
        return runner_up_of(self.cells, self.choice)

    @property
    def swept(self) -> tuple[ExposureSweep, ...]:
        """Exposures that have scores."""
        return tuple(e for e in self.exposures if e.status == "swept")


def sweep(
    exposures: ExposureStack | Iterable[Any] | str | PathLike[str],
    config: MatchConfig | None = None,
    reference: int | str | None = None,
    *,
    space: SweepSpace | None = None,
    hold_out: HoldOut | None = None,
    plan: StackPlan | None = None,
    on_cell: Callable[[SweptCell], None] | None = None,
    progress: Progress = SILENT,
) -> Sweep:
    """Try many settings on a stack and say which are right, for each exposure and for all.

    Parameters
    ----------
    exposures : ExposureStack, paths, or iterable of MaskedImage or arrays
    config : MatchConfig, optional
        Everything that the sweep does not vary.
    reference : int or str, optional
        Id, name or path; None = the best of the ranking.
    space : SweepSpace, optional
        binSize x model x gridStatistic; by default sizes down to 16, polynomials, splines and
        P-splines with MEAN and MEANCLIP (`SweepSpace.for_shape`).
    hold_out : HoldOut, optional
        How pixels are held out (see `bgviewer.engine.holdout`).
    on_cell : callable, optional
        Told every cell as it comes.

    Raises
    ------
    NoReferenceError, ReadError
        The reference cannot be used.
    """
    config, plan = config or MatchConfig(), plan or StackPlan()
    stack = as_stack(exposures, config=config, progress=progress)
    if len(stack) == 0:
        raise NoReferenceError("there are no exposures to match")
    if reference is None:
        reference_id, _ = choose_reference(stack, config, progress, plan=plan)
    else:
        reference_id = find_exposure(stack, reference)
    request = SweepRequest(stack, reference_id, config, space, hold_out or HoldOut(), plan=plan)
    return sweep_stack(request, progress, on_cell=on_cell)


def sweep_stack(
    request: SweepRequest,
    progress: Progress = SILENT,
    *,
    on_cell: Callable[[SweptCell], None] | None = None,
) -> Sweep:
    """Sweep all exposures of a request; a failure never stops the others.

    Raises
    ------
    NoReferenceError, ReadError
        The reference cannot be used.
    Cancelled
        The user stopped it; what came before was told to `on_cell`.
    """
    found = []
    for step in iterate_sweep(request, progress):
        if isinstance(step, ExposureSweep):
            found.append(step)
        elif on_cell is not None:
            on_cell(step)
    return Sweep(request, tuple(found), joined_cells(found))


def iterate_sweep(
    request: SweepRequest, progress: Progress = SILENT
) -> Iterator[SweptCell | ExposureSweep]:
    """Yield every cell as it comes and, after those of an exposure, its sum.

    Only one science exposure is in memory at a time.
    """
    plan = request.plan
    stack = request.stack.with_plan(plan)
    check_included(stack[request.reference], plan)
    reference = stack.read(request.reference, progress=progress)
    identity = stack[request.reference].identity
    wanted = [e for e in stack.entries if request.only is None or e.id in request.only]
    for place, entry in enumerate(wanted):
        if entry.name in plan.excluded:
            yield ExposureSweep(entry.id, entry.name, "excluded", EXCLUDED)
        elif entry.identity == identity:
            yield ExposureSweep(entry.id, entry.name, "reference")
        else:
            part = _Part(progress, place / len(wanted), 1 / len(wanted), f"sweeping {entry.name}")
            yield from _one(request, stack, entry, reference, part)
    progress.step(1.0)


def _one(
    request: SweepRequest,
    stack: ExposureStack,
    entry: StackEntry,
    reference: Exposure,
    progress: _Part,
) -> Iterator[SweptCell | ExposureSweep]:
    cells: list[SweepCell] = []
    progress.step(0.0)
    try:
        config = request.plan.config_for(entry.name, request.config)
        science = stack.read(entry.id, progress=progress)
        part = PairPart.of(stack, reference, science)
        reference, science = part.reference, part.science
        threads, judged = request.threads, (request.tried, request.hold_out)
        overlap = part.overlap(config, progress, threads)
        few = overlap_problem(overlap.share, request.plan.acceptance) if overlap.common else ""
        if few:
            yield ExposureSweep(entry.id, entry.name, "failed", few, overlap=overlap.share)
            return
        difference = form_difference(reference, science, config, progress, threads=threads)
        pair = PairSweep.prepare(
            difference,
            config,
            *judged,
            progress,
            exposures=None if request.plan.ignore_masked else (reference, science),
            threads=threads,
        )
        count = len(pair.space.candidates)
        for cell in pair.run(progress):
            cells.append(cell)
            progress.step(len(cells) / count)
            yield SweptCell(entry.id, entry.name, cell)
        tiles = JudgedTiles.of(pair.yardstick, pair.hidden_share)
    except BgviewerError as error:
        reason = str(getattr(error, "reason", None) or error)
        yield ExposureSweep(entry.id, entry.name, "failed", reason, tuple(cells))
        return
    if best_of(cells) is None:
        reason = f"none of the settings could be judged: {cells[0].reason}"
        yield ExposureSweep(entry.id, entry.name, "failed", reason, tuple(cells), tiles)
        return
    share = overlap.share if overlap.own else None
    yield ExposureSweep(entry.id, entry.name, "swept", "", tuple(cells), tiles, share)


class _Part:
    """Progress of one exposure as a part of the whole; also between its own fractions."""

    def __init__(self, whole: Progress, start: float, share: float, text: str) -> None:
        self._whole, self._start, self._share, self._text = whole, start, share, text

    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        if fraction is None:
            self._whole.step()
        else:
            self._whole.step(self._start + self._share * fraction, self._text)


def joined_cells(exposures: Sequence[ExposureSweep]) -> tuple[SweepCell, ...]:
    """Return each candidate over all exposures that could be swept, each counting alike."""
    return joined_sweeps([e.cells for e in exposures if e.status == "swept"])


def with_candidate(
    config: MatchConfig, plan: StackPlan, candidate: Candidate
) -> tuple[MatchConfig, StackPlan]:
    """Return settings and plan with one choice for all exposures."""
    return candidate.applied_to(config), without_varied(plan)


def without_varied(plan: StackPlan) -> StackPlan:
    """Return the plan without own settings of what a sweep varies."""
    own = {n: {k: v for k, v in c.items() if k not in VARIED} for n, c in plan.own.items()}
    return replace(plan, own={n: c for n, c in own.items() if c})


def with_choices(found: Sweep, per: str) -> tuple[MatchConfig, StackPlan]:
    """Return settings and plan with what the sweep recommends.

    Parameters
    ----------
    per : {"exposure", "stack"}
        The choice for each exposure as its own settings, or one choice for all.  Own settings
        that the sweep varies are replaced, others stay.
    """
    request = found.request
    config, plan, choice = request.config, request.plan, found.choice
    if choice is not None:
        config = choice.candidate.applied_to(config)
    own: dict[str, dict[str, Any]] = {n: dict(c) for n, c in without_varied(plan).own.items()}
    if per == "exposure":
        for exposure in found.swept:
            if exposure.choice is None:
                continue
            changes = exposure.choice.candidate.changes()
            mine = {k: v for k, v in changes.items() if getattr(config, k) != v}
            own[exposure.name] = {**own.get(exposure.name, {}), **mine}
    return config, replace(plan, own={k: v for k, v in own.items() if v})
