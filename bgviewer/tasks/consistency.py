"""Consistency of a stack: who overlaps whom, and what is left between matched exposures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import NoReferenceError
from bgviewer.tasks.closure import CLOSED, NEARLY, Closure, ClosurePair, Look, check_closure
from bgviewer.tasks.diagnostic import Diagnostic, bound, worst_state
from bgviewer.tasks.overlap_graph import ConsistencyRequest, OverlapGraph, check_overlap

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


def _overlap_item(found: Consistency) -> Diagnostic:
    graph = found.graph
    shares = graph.overlap.shares
    at = graph.ids.index(found.closures[0].reference)
    others = np.delete(shares[at], at)
    known = others[np.isfinite(others)]
    value = float(known.min()) if known.size else math.nan
    missing = graph.without_overlap(graph.ids[at])
    state = "unknown" if not others.size else "bad" if missing else "good"
    wanted = min(3 * graph.least_share, 1.0)
    if state == "good" and value < wanted:
        state = "fair"
    return Diagnostic(
        "overlap",
        "Overlap with the reference",
        100.0 * value,
        "%",
        bound("≥", 100.0 * value, 100.0 * wanted, "%"),
        state,
        "The smallest share of its good pixels that an exposure has in common with the reference.",
        f"Below {100 * graph.least_share:.0f} % a match hangs on too few pixels.",
        "" if state == "good" else " ".join(graph.advice()),
        limit=100.0 * wanted,
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
    elif worst.left.smooth > NEARLY * worst.left.noise:
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
        bound("≤", worst.left.smooth, CLOSED * worst.expected),
        state,
        what,
        f"Up to {CLOSED:g} times what noise and the two fits' residuals explain is fine.",
        advice,
        limit=CLOSED * worst.expected,
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
    return Diagnostic(*told, value, "", "≤ 1.2", state, what, good, advice, limit=1.2)


class _Part:
    """Progress of a part of the work."""

    def __init__(self, whole: Progress, low: float, high: float) -> None:
        self._whole, self._low, self._high = whole, low, high

    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        """Report a fraction of the part as one of the whole."""
        if fraction is not None:
            fraction = self._low + fraction * (self._high - self._low)
        self._whole.step(fraction, text)
