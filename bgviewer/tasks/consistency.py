"""Consistency of a stack: who overlaps whom, and what is left between matched exposures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import NoReferenceError
from bgviewer.tasks.closure import CLOSED, NEARLY, Closure, ClosurePair, Look, check_closure
from bgviewer.tasks.diagnostic import (
    ABOVE,
    UNKNOWN,
    Diagnostic,
    bound,
    state_of,
    unknown,
)
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
    value = 1.0 - float(known.min()) if known.size else math.nan
    most = max(1.0 - 3 * graph.least_share, 0.0)
    told = ("unshared", "Not shared with the reference")
    what = (
        "The largest share of its good pixels that an exposure does not share with the reference."
    )
    good = f"Below {100 * graph.least_share:.0f} % in common a match hangs on too few pixels."
    if math.isnan(value):
        return unknown(*told, what, good, "There is no other exposure with good pixels.", "%")
    above = value > most
    return Diagnostic(
        *told,
        100.0 * value,
        "%",
        bound("≤", 100.0 * value, 100.0 * most, "%"),
        state_of(above),
        what,
        good,
        " ".join(graph.advice()) if above else "",
        limit=100.0 * most,
    )


def _closure_items(found: Consistency) -> tuple[Diagnostic, ...]:
    items = [_closure_item(closure) for closure in found.closures]
    return (*items, _choice_item(found)) if len(items) > 1 else tuple(items)


def _closure_item(closure: Closure) -> Diagnostic:
    name = closure.names[closure.ids.index(closure.reference)]
    told = ("closure", f"Closure with {name}")
    what = (
        "The smooth difference left between two matched exposures over their own overlap, of the "
        "worst pair. It compares exposures with one another: structure of the reference cancels "
        "in it and stays in the co-add."
    )
    worst, unit = closure.worst, closure.unit
    if worst is None:
        why = "There are no two matched exposures with common pixels."
        good = "At best it is 0."
        return Diagnostic(*told, math.nan, unit, "", UNKNOWN, what, good, why)
    above = any(p.state == ABOVE for p in closure.pairs)
    advice = ""
    if above:
        pair = max(closure.pairs, key=lambda p: p.ratio if p.state != UNKNOWN else -1.0)
        advice = (
            f"{pair.names[0]} and {pair.names[1]} differ by {pair.left.smooth:.3g} where "
            f"{pair.expected:.3g} is expected: one of them is extrapolated beyond its overlap "
            "with the reference, or has sources that are not masked."
        )
    elif worst.left.smooth > NEARLY * worst.left.noise:
        above = True
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
        state_of(above),
        what,
        f"Noise and the two fits' residuals explain {worst.expected:.3g}; up to {CLOSED:g} times "
        "that is expected.",
        advice,
        limit=CLOSED * worst.expected,
    )


def _choice_item(found: Consistency) -> Diagnostic:
    """Whether pairs close better with another reference."""
    first = found.closures[0]
    best = min(found.closures, key=lambda c: c.typical if not math.isnan(c.typical) else math.inf)
    told = ("reference_choice", "Closure beside another reference")
    what = (
        "The typical smooth difference of all pairs, over that with the best reference tried. It "
        "does not tell which reference is flatter: its own structure cancels."
    )
    good = "Near 1 the exposures agree with each other as well with either."
    if math.isnan(first.typical) or math.isnan(best.typical):
        return Diagnostic(*told, math.nan, "", "≤ 1.2", UNKNOWN, what, good)
    value = first.typical / best.typical if best.typical > 0 else 1.0
    above = value > 1.2
    other = best.names[best.ids.index(best.reference)]
    advice = f"With {other} as the reference less is left between pairs." if above else ""
    return Diagnostic(*told, value, "", "≤ 1.2", state_of(above), what, good, advice, limit=1.2)


class _Part:
    """Progress of a part of the work."""

    def __init__(self, whole: Progress, low: float, high: float) -> None:
        self._whole, self._low, self._high = whole, low, high

    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        """Report a fraction of the part as one of the whole."""
        if fraction is not None:
            fraction = self._low + fraction * (self._high - self._low)
        self._whole.step(fraction, text)
