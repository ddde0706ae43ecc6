"""Consistency of a stack: who overlaps whom, and what is left between matched exposures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import available_threads
from bgviewer.engine.closure import LeftOver, good_image, left_over, step_for
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.matching import MatchResult
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
from bgviewer.engine.ranking import Measurement, measure_exposure, rank_exposures
from bgviewer.errors import BgviewerError, NoReferenceError
from bgviewer.io.stack import ExposureStack, StackEntry
from bgviewer.tasks.diagnostic import Diagnostic, worst_state
from bgviewer.tasks.load import EXCLUDED
from bgviewer.tasks.match import match_entry
from bgviewer.tasks.parallel import StopOnly, default_jobs, in_order

__all__ = [
    "Closure",
    "ClosurePair",
    "Consistency",
    "ConsistencyRequest",
    "OverlapGraph",
    "check_closure",
    "check_consistency",
    "check_overlap",
]

_CLOSED, _NEARLY = 2.0, 4.0  # times what is expected of a pair
_NOTHING = 1e-12

Look = Callable[[StackEntry, MatchResult], None]


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
    """

    ids: tuple[int, ...]
    names: tuple[str, ...]
    overlap: Overlap
    cost: tuple[float, ...]
    left_out: tuple[tuple[str, str], ...]
    least_share: float

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Names of the exposures that hang together; more than one group cannot be matched."""
        found = self.overlap.groups(self.least_share)
        return tuple(tuple(self.names[i] for i in group) for group in found)

    @property
    def candidates(self) -> tuple[int, ...]:
        """Ids in the order in which they recommend themselves as the reference."""
        order = self.overlap.candidates(self.cost, self.least_share)
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


@dataclass(frozen=True)
class ClosurePair:
    """Two matched exposures over the pixels that both have.

    Attributes
    ----------
    first, second : int
        Ids.
    names : (str, str)
    left : LeftOver
        first - second, after both were matched.
    expected : float
        What noise and the two fits' own residuals let expect of `left.smooth`.
    """

    first: int
    second: int
    names: tuple[str, str]
    left: LeftOver
    expected: float

    @property
    def ratio(self) -> float:
        """The smooth difference over what is expected; NaN without either."""
        return self.left.smooth / max(self.expected, _NOTHING)

    @property
    def state(self) -> str:
        """Whether it is more than expected: "good", "fair", "bad" or "unknown"."""
        if math.isnan(self.ratio):
            return "unknown"
        return "good" if self.ratio <= _CLOSED else "fair" if self.ratio <= _NEARLY else "bad"


@dataclass(frozen=True, eq=False)
class Closure:
    """What is left between all pairs after matching to one reference.

    Attributes
    ----------
    reference : int
        Its id.
    ids, names : tuples
        Rows and columns of the matrix: the exposures that were matched, the reference among them.
    pairs : tuple of ClosurePair
        Worst first; pairs without a common block last.
    left_out : tuple of (name, reason)
    unit : str
    """

    reference: int
    ids: tuple[int, ...]
    names: tuple[str, ...]
    pairs: tuple[ClosurePair, ...]
    left_out: tuple[tuple[str, str], ...]
    unit: str = ""

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Smooth difference of every pair, in the pixel unit; NaN without common blocks."""
        out = np.full((len(self.ids),) * 2, np.nan)
        np.fill_diagonal(out, 0.0)
        at = {id: row for row, id in enumerate(self.ids)}
        for pair in self.pairs:
            row, column = at[pair.first], at[pair.second]
            out[row, column] = out[column, row] = pair.left.smooth
        return out

    @property
    def typical(self) -> float:
        """Root mean square of the pairs' smooth differences; NaN without any."""
        known = [p.left.smooth for p in self.pairs if not math.isnan(p.left.smooth)]
        return math.sqrt(math.fsum(v * v for v in known) / len(known)) if known else math.nan

    @property
    def worst(self) -> ClosurePair | None:
        """The pair with the largest smooth difference."""
        return self.pairs[0] if self.pairs and not math.isnan(self.typical) else None

    def worst_list(self, most: int = 10) -> tuple[ClosurePair, ...]:
        """Return the pairs that are more than expected, worst first."""
        return tuple(p for p in self.pairs if p.state in ("fair", "bad"))[:most]


@dataclass(frozen=True, eq=False)
class Consistency:
    """All that was found about a stack.

    Attributes
    ----------
    graph : OverlapGraph
    closures : tuple of Closure
        The reference's first, then those it is held against.
    """

    graph: OverlapGraph
    closures: tuple[Closure, ...]

    @property
    def items(self) -> tuple[Diagnostic, ...]:
        """The same as figures with what they should be."""
        return (_overlap_item(self), *_closure_items(self))


def check_consistency(
    request: ConsistencyRequest, progress: Progress = SILENT, *, look: Look | None = None
) -> Consistency:
    """Look at overlaps, match to the reference and to another, and see what is left.

    Parameters
    ----------
    look : callable, optional
        Given every match to the first reference while it is in memory.

    Raises
    ------
    NoReferenceError
        When no exposure has good pixels.
    BgviewerError
        When the reference cannot be read.
    """
    graph = check_overlap(request, _Part(progress, 0.0, 0.3))
    if not graph.candidates:
        raise NoReferenceError("no exposure has good pixels: there is nothing to be consistent")
    first = graph.candidates[0] if request.reference is None else request.reference
    others = request.others or tuple(i for i in graph.candidates if i != first)[:1]
    references = (first, *others)
    closures = []
    for number, reference in enumerate(references):
        low, high = (0.3 + 0.7 * (number + k) / len(references) for k in (0, 1))
        part = _Part(progress, low, high)
        see = look if number == 0 else None
        closures.append(check_closure(request, reference, graph.ids, look=see, progress=part))
    progress.step(1.0)
    return Consistency(graph, tuple(closures))


def check_overlap(request: ConsistencyRequest, progress: Progress = SILENT) -> OverlapGraph:
    """Count the good pixels that pairs share; one reading of each exposure."""
    stack = _stack(request)
    included, left_out = _included(stack, request.plan)
    shape = stack.shape or (1, 1)
    every = rows_to_skip(shape, max(1, len(included)))
    jobs, stop_only = default_jobs(), StopOnly(progress)
    threads = max(1, available_threads() // jobs)

    def one(entry: StackEntry) -> tuple[Bits, Measurement] | str:
        try:
            exposure = stack.read(entry.id, variance=stack.fits_in_cache, progress=stop_only)
        except BgviewerError as error:
            return str(getattr(error, "reason", None) or error)
        planes = request.config.bad_mask_planes
        bits = good_bits(exposure, planes, every=every, progress=stop_only, threads=threads)
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
    try:
        cost = tuple(float(c) for c in rank_exposures(measured, request.config).cost)
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
    )


def check_closure(
    request: ConsistencyRequest,
    reference_id: int,
    ids: Sequence[int] | None = None,
    *,
    look: Look | None = None,
    progress: Progress = SILENT,
) -> Closure:
    """Match to one reference and compare all pairs of matched exposures.

    Matched exposures are kept as one float32 number per pixel; where a stack would not fit in
    memory that way, per small square of pixels.

    Parameters
    ----------
    ids : sequence of int, optional
        The exposures that are wanted; None = all that the plan leaves in.
    look : callable, optional
        Given every match while it is in memory.

    Raises
    ------
    BgviewerError
        When the reference cannot be read.
    """
    stack, config, planes = _stack(request), request.config, request.config.bad_mask_planes
    included, left_out = _included(stack, request.plan)
    wanted = [e for e in included if ids is None or e.id in ids]
    reference = stack.read(reference_id, progress=progress)
    step = step_for(reference.shape, len(wanted))
    images: dict[int, NDArray[np.float32]] = {
        reference_id: good_image(reference, planes, step, progress=progress)
    }
    rms = {reference_id: 0.0}
    names = {reference_id: stack[reference_id].name}
    for number, entry in enumerate(wanted):
        progress.step(0.6 * number / len(wanted), f"matching {entry.name}")
        if entry.identity == stack[reference_id].identity:
            continue
        done = match_entry(
            stack, entry, reference, config, complete=True, plan=request.plan, progress=progress
        )
        if done.result is None or done.outcome.status != "matched":
            left_out.append((entry.name, done.outcome.reason or "not matched"))
            continue
        if look is not None:
            look(entry, done.result)
        images[entry.id] = good_image(done.result.matched, planes, step, progress=progress)
        rms[entry.id] = float(done.outcome.fit_rms or 0.0)
        names[entry.id] = entry.name
    order = tuple(sorted(images))
    block = request.block or config.bin_size
    pairs = []
    todo = list(combinations(order, 2))
    for number, (first, second) in enumerate(todo):
        progress.step(0.6 + 0.4 * number / len(todo), "comparing matched pairs")
        found = left_over(images[first], images[second], block, step, progress=progress)
        expected = math.hypot(found.noise, rms[first], rms[second])
        pairs.append(ClosurePair(first, second, (names[first], names[second]), found, expected))
    pairs.sort(key=lambda p: -p.left.smooth if not math.isnan(p.left.smooth) else 1.0)
    progress.step(1.0)
    return Closure(
        reference_id,
        order,
        tuple(names[i] for i in order),
        tuple(pairs),
        tuple(left_out),
        _unit(reference),
    )


def _unit(exposure: Exposure) -> str:
    return exposure.unit or ""


def _stack(request: ConsistencyRequest) -> ExposureStack:
    if request.plan is None:
        return request.stack
    return request.stack.with_regions(request.plan.regions)


def _included(
    stack: ExposureStack, plan: StackPlan | None
) -> tuple[list[StackEntry], list[tuple[str, str]]]:
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


def _overlap_item(found: Consistency) -> Diagnostic:
    graph = found.graph
    shares = graph.overlap.shares
    at = graph.ids.index(found.closures[0].reference)
    others = np.delete(shares[at], at)
    known = others[np.isfinite(others)]
    value = float(known.min()) if known.size else math.nan
    missing = graph.without_overlap(graph.ids[at])
    state = "unknown" if not others.size else "bad" if missing else "good"
    if state == "good" and value < 3 * graph.least_share:
        state = "fair"
    return Diagnostic(
        "overlap",
        "Overlap with the reference",
        100.0 * value,
        "%",
        f"≥ {300 * graph.least_share:.0f} %",
        state,
        "The smallest share of its good pixels that an exposure has in common with the reference.",
        f"Below {100 * graph.least_share:.0f} % a match hangs on too few pixels.",
        "" if state == "good" else " ".join(graph.advice()),
    )


def _closure_items(found: Consistency) -> tuple[Diagnostic, ...]:
    items = [_closure_item(closure) for closure in found.closures]
    return (*items, _choice_item(found)) if len(items) > 1 else tuple(items)


def _closure_item(closure: Closure) -> Diagnostic:
    name = closure.names[closure.ids.index(closure.reference)]
    told = ("closure", f"Closure with {name}")
    what = (
        "The smooth difference left between two matched exposures over their own overlap, of the "
        "worst pair."
    )
    worst, unit = closure.worst, closure.unit
    if worst is None:
        why = "There are no two matched exposures with common pixels."
        good = "At best it is 0."
        return Diagnostic(*told, math.nan, unit, "", "unknown", what, good, why)
    state = worst_state(tuple(p.state for p in closure.pairs))
    advice = ""
    if state != "good":
        pair = max(closure.pairs, key=lambda p: p.ratio if p.state != "unknown" else -1.0)
        advice = (
            f"{pair.names[0]} and {pair.names[1]} differ by {pair.left.smooth:.3g} where "
            f"{pair.expected:.3g} is expected: one of them is extrapolated beyond its overlap "
            "with the reference, or has sources that are not masked."
        )
    elif worst.left.smooth > _NEARLY * worst.left.noise:
        state = "fair"
        times = worst.left.smooth / worst.left.noise
        advice = (
            f"The fits' own residuals explain it, but it is {times:.0f} times the noise of a "
            "block: a smaller binSize or a higher order leaves less."
        )
    return Diagnostic(
        *told,
        worst.left.smooth,
        unit,
        f"≤ {_CLOSED * worst.expected:.3g}",
        state,
        what,
        f"Up to {_CLOSED:g} times what noise and the two fits' residuals explain is fine.",
        advice,
    )


def _choice_item(found: Consistency) -> Diagnostic:
    """Whether another reference closes better."""
    first = found.closures[0]
    best = min(found.closures, key=lambda c: c.typical if not math.isnan(c.typical) else math.inf)
    told = ("reference_choice", "Does the reference matter")
    what = "The typical smooth difference of all pairs, over that with the best reference tried."
    good = "Near 1 the choice of the reference does not matter."
    if math.isnan(first.typical) or math.isnan(best.typical):
        return Diagnostic(*told, math.nan, "", "≤ 1.2", "unknown", what, good)
    value = first.typical / best.typical if best.typical > 0 else 1.0
    state = "good" if value <= 1.2 else "fair" if value <= 2.0 else "bad"
    other = best.names[best.ids.index(best.reference)]
    advice = "" if state == "good" else f"With {other} as the reference less is left over."
    return Diagnostic(*told, value, "", "≤ 1.2", state, what, good, advice)


class _Part:
    """Progress of a part of the work."""

    def __init__(self, whole: Progress, low: float, high: float) -> None:
        self._whole, self._low, self._high = whole, low, high

    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        """Report a fraction of the part as one of the whole."""
        if fraction is not None:
            fraction = self._low + fraction * (self._high - self._low)
        self._whole.step(fraction, text)
