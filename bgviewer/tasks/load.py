"""Loading a stack and measuring its exposures, so that they can be ranked."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from os import PathLike

from bgviewer.engine.bands import available_threads
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.ranking import Measurement, measure_exposure
from bgviewer.errors import BgviewerError, is_out_of_resources, resource_errors
from bgviewer.io.stack import ExposureStack, StackEntry, load_stack
from bgviewer.tasks.exposure_warnings import stack_warnings
from bgviewer.tasks.parallel import StopOnly, default_jobs, in_order
from bgviewer.tasks.ranking import NO_SCATTER, is_map

__all__ = ["EXCLUDED", "LoadedStack", "load", "measure_stack"]

EXCLUDED = "excluded by the settings"
"""Why an excluded exposure has no measurement."""


@dataclass(frozen=True, eq=False)
class LoadedStack:
    """A stack with what the ranking needs to know.

    Attributes
    ----------
    stack : ExposureStack
    measurements : tuple of Measurement or None
        One per exposure; None = could not be measured.
    reasons : tuple of str or None
        Why not, or why the figures are of no use.
    config : MatchConfig
        Whose badMaskPlanes were used.
    """

    stack: ExposureStack
    measurements: tuple[Measurement | None, ...]
    reasons: tuple[str | None, ...]
    config: MatchConfig

    @property
    def short_of_memory(self) -> bool:
        """Whether an exposure was not measured because memory ran out."""
        return any("memory" in (reason or "") for reason in self.reasons)

    @property
    def usable(self) -> tuple[int, ...]:
        """Ids of exposures that have good pixels on the common grid."""
        return tuple(i for i, m in enumerate(self.measurements) if m is not None and m.coverage > 0)

    @property
    def warnings(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Name of every exposure and what the user is told about it."""
        return stack_warnings(self.stack.entries, self.measurements)


def load(
    paths: Sequence[str | PathLike[str]],
    config: MatchConfig | None = None,
    *,
    zero_point: str | float = "auto",
    plan: StackPlan | None = None,
    progress: Progress = SILENT,
) -> LoadedStack:
    """Open files and folders as a stack and measure every exposure that `plan` leaves in.

    Raises
    ------
    ReadError
        When nothing at all can be opened (a single bad file is a row with a reason).
    Cancelled
        When the user stopped it.
    """
    config = config or MatchConfig()
    stack = load_stack(paths, zero_point=zero_point, config=config, progress=progress)
    stack = stack if plan is None else stack.with_plan(plan)
    measurements, reasons = measure_stack(stack, config, progress, plan=plan)
    return LoadedStack(stack, measurements, reasons, config)


def measure_stack(
    stack: ExposureStack,
    config: MatchConfig,
    progress: Progress = SILENT,
    *,
    strict: bool = False,
    keep: bool = True,
    plan: StackPlan | None = None,
    only: Container[int] | None = None,
) -> tuple[tuple[Measurement | None, ...], tuple[str | None, ...]]:
    """Measure every exposure of a stack.

    Parameters
    ----------
    strict : bool
        Raise the first exposure's error, as LSST's selection does, instead of skipping it.
    keep : bool
        Read whole exposures, so that a match finds them in memory, where the stack fits there.
    plan : StackPlan, optional
        What it excludes is not read.  Regions count as far as the stack carries them.
    only : container of int, optional
        Ids of the exposures to measure; the others get (None, None).

    Returns
    -------
    measurements, reasons : tuples, one item per exposure
    """
    whole = keep and stack.fits_in_cache
    jobs = default_jobs()
    threads = max(1, available_threads() // jobs)
    stop_only = StopOnly(progress)
    excluded = frozenset() if plan is None else plan.excluded

    def measure(entry: StackEntry) -> Measurement:
        if not whole:
            return stack.measure(entry.id, config, stop_only)
        try:
            with resource_errors():
                exposure = stack.read(entry.id, progress=stop_only)
                return measure_exposure(exposure, config, stop_only, threads=threads)
        except BgviewerError as error:
            if not is_out_of_resources(error):
                raise
        # Band by band it needs little memory, once what was kept is given back.
        stack.forget()
        return stack.measure(entry.id, config, stop_only)

    def one(entry: StackEntry) -> tuple[Measurement | None, str | None]:
        if only is not None and entry.id not in only:
            return None, None
        if entry.name in excluded:
            return None, EXCLUDED
        try:
            with resource_errors():
                measured = measure(entry)
        except BgviewerError as error:
            if strict:
                raise
            return None, _reason(error)
        if not measured.coverage:
            return measured, _no_good_pixel(config)
        return measured, NO_SCATTER if is_map(measured) else None

    def told(entry: StackEntry) -> None:
        progress.step(entry.id / len(stack), f"measuring {entry.name}")

    found = list(in_order(one, stack.entries, jobs, told))
    progress.step(1.0)
    return tuple(m for m, _ in found), tuple(r for _, r in found)


def _reason(error: BgviewerError) -> str:
    return str(getattr(error, "reason", None) or error)


def _no_good_pixel(config: MatchConfig) -> str:
    planes = ", ".join(config.bad_mask_planes) or "none"
    return f"no usable pixels after masking (mask planes: {planes})"
