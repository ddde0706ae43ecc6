"""Who overlaps whom in a stack: the good pixels that exposures share."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from bgviewer.engine.bands import available_threads
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.extent import laid_into
from bgviewer.engine.overlap import (
    LEAST_SHARE,
    Bits,
    Overlap,
    good_bits,
    overlap_of,
    rows_to_skip,
)
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.ranking import Measurement, measure_exposure
from bgviewer.errors import BgviewerError, NoReferenceError
from bgviewer.io.stack import ExposureStack, StackEntry
from bgviewer.tasks.load import EXCLUDED
from bgviewer.tasks.parallel import StopOnly, default_jobs, in_order
from bgviewer.tasks.ranking import rank_candidates

__all__ = [
    "ConsistencyRequest",
    "OverlapGraph",
    "check_overlap",
    "included_entries",
    "planned_stack",
]


@dataclass(frozen=True, eq=False)
class ConsistencyRequest:
    """Which stack to look at, and how it is matched.

    Attributes
    ----------
    reference : int or None
        None = the exposure that recommends itself.
    others : tuple of int
        References to hold against it; empty = the next that recommends itself.
    plan : StackPlan or None
        What it excludes is left out; regions count.
    least_share : float
        Share of the smaller exposure's good pixels that counts as enough overlap.
    block : int or None
        Side, in pixels, of the blocks in which differences are averaged; None = binSize.
    """

    stack: ExposureStack = field(repr=False)
    config: MatchConfig
    reference: int | None = None
    others: tuple[int, ...] = ()
    plan: StackPlan | None = None
    least_share: float = LEAST_SHARE
    block: int | None = None


@dataclass(frozen=True, eq=False)
class OverlapGraph:
    """Which exposures share good pixels; rows of the matrix are those of `ids`.

    Attributes
    ----------
    ids : tuple of int
        The exposures that could be read, by their position in the stack.
    names : tuple of str
    overlap : Overlap
    cost : tuple of float
        Cost of each as a reference; NaN where there is none.
    left_out : tuple of (name, reason)
    least_share : float
    warnings : tuple of str
        Of the ranking.
    """

    ids: tuple[int, ...]
    names: tuple[str, ...]
    overlap: Overlap
    cost: tuple[float, ...]
    left_out: tuple[tuple[str, str], ...]
    least_share: float
    warnings: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Names of the exposures that hang together; more than one group cannot be matched."""
        found = self.overlap.groups(self.least_share)
        return tuple(tuple(self.names[i] for i in group) for group in found)

    @property
    def candidates(self) -> tuple[int, ...]:
        """Ids in the order in which they are recommended as the reference; without a cost last."""
        order = self.overlap.candidates(self.cost, self.least_share)
        order = tuple(sorted(order, key=lambda i: math.isnan(self.cost[i])))
        return tuple(self.ids[i] for i in order)

    def without_overlap(self, reference: int) -> tuple[str, ...]:
        """Return who shares too little with a reference (an id)."""
        row = self.ids.index(reference)
        joined = self.overlap.joined(self.least_share)[row]
        return tuple(n for i, n in enumerate(self.names) if not joined[i] and i != row)

    def advice(self) -> tuple[str, ...]:
        """Say in plain words what the graph means for the choice of the reference."""
        if len(self.ids) < 2:
            return ("There are fewer than two exposures with pixels: nothing can be matched.",)
        said = []
        groups = self.groups
        if len(groups) > 1:
            listed = "; ".join(f"({', '.join(g)})" for g in groups)
            said.append(
                f"The stack falls into {len(groups)} groups that share too few good pixels and "
                f"cannot be matched to one reference: {listed}."
            )
        if not self.candidates:
            said.append("No exposure has good pixels.")
            return tuple(said)
        best = self.candidates[0]
        name = self.names[self.ids.index(best)]
        missing = self.without_overlap(best)
        if not missing:
            everyone = int(np.count_nonzero(self.overlap.partners(self.least_share) == self._most))
            said.append(
                f"{name} recommends itself as the reference: every other exposure shares at least "
                f"{100 * self.least_share:.0f} % of its good pixels with it"
                + (f" (as with {everyone - 1} others)." if everyone > 1 else ".")
            )
        else:
            said.append(
                f"No exposure is overlapped by all others; {name} reaches most, all but "
                f"{', '.join(missing)}."
            )
        return tuple(said)

    @property
    def _most(self) -> int:
        return len(self.ids) - 1


def check_overlap(request: ConsistencyRequest, progress: Progress = SILENT) -> OverlapGraph:
    """Count the good pixels that pairs share; one reading of each exposure."""
    stack = planned_stack(request)
    included, left_out = included_entries(stack, request.plan)
    frame = stack.frame if stack.is_mixed else None
    shape = frame.shape if frame else stack.shape or (1, 1)
    every = rows_to_skip(shape, max(1, len(included)))
    jobs, stop_only = default_jobs(), StopOnly(progress)
    threads = max(1, available_threads() // jobs)

    def one(entry: StackEntry) -> tuple[Bits, Measurement] | str:
        try:
            exposure = stack.read(entry.id, variance=stack.fits_in_cache, progress=stop_only)
        except BgviewerError as error:
            return str(getattr(error, "reason", None) or error)
        planes = request.config.bad_mask_planes
        laid = exposure if frame is None else laid_into(exposure, frame)
        bits = good_bits(laid, planes, every=every, progress=stop_only, threads=threads)
        return bits, measure_exposure(exposure, request.config, stop_only, threads=threads)

    def told(entry: StackEntry) -> None:
        progress.step(0.9 * entry.id / len(stack), f"measuring {entry.name}")

    entries, bits, measured = [], [], []
    for entry, found in zip(included, in_order(one, included, jobs, told), strict=True):
        if isinstance(found, str):
            left_out.append((entry.name, found))
        else:
            entries.append(entry)
            bits.append(found[0])
            measured.append(found[1])
    progress.step(0.9, "comparing pairs")
    overlap = overlap_of(bits, every, progress)
    warnings: tuple[str, ...] = ()
    try:
        ranking = rank_candidates(measured, request.config)
        cost, warnings = tuple(float(c) for c in ranking.cost), ranking.warnings
    except NoReferenceError:
        cost = (math.nan,) * len(entries)
    progress.step(1.0)
    return OverlapGraph(
        tuple(e.id for e in entries),
        tuple(e.name for e in entries),
        overlap,
        cost,
        tuple(left_out),
        request.least_share,
        warnings,
    )


def planned_stack(request: ConsistencyRequest) -> ExposureStack:
    """Return the stack with the regions of the plan."""
    if request.plan is None:
        return request.stack
    return request.stack.with_plan(request.plan)


def included_entries(
    stack: ExposureStack, plan: StackPlan | None
) -> tuple[list[StackEntry], list[tuple[str, str]]]:
    """Return the exposures that take part, and the others with the reason."""
    excluded = frozenset() if plan is None else plan.excluded
    included, left_out = [], []
    for entry in stack.entries:
        if entry.name in excluded:
            left_out.append((entry.name, EXCLUDED))
        elif entry.problem is not None:
            reason = getattr(entry.problem, "reason", None) or entry.problem
            left_out.append((entry.name, str(reason)))
        else:
            included.append(entry)
    return included, left_out
