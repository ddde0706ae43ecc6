"""What the window shows of a stack's consistency: matrices with words in every cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import takewhile

from bgviewer.tasks.closure import Closure, ClosurePair
from bgviewer.tasks.diagnostic import ABOVE, SIGNS, UNKNOWN, state_of
from bgviewer.tasks.overlap_graph import OverlapGraph

__all__ = ["Matrix", "MatrixCell", "closure_matrix", "overlap_matrix", "place_of", "told"]

_COMMON = 4  # letters that all names begin with, from which on they are left out


@dataclass(frozen=True)
class MatrixCell:
    """One pair of exposures.

    Attributes
    ----------
    first, second : int
        Ids; row and column.
    text : str
        What stands in the cell, its sign with it; empty on the diagonal.
    state : str
        One of `bgviewer.tasks.diagnostic.STATES`; empty on the diagonal.
    story : tuple of str
        The whole in sentences.
    """

    first: int
    second: int
    text: str
    state: str
    story: tuple[str, ...]


@dataclass(frozen=True)
class Matrix:
    """All pairs; rows and columns are the same exposures.

    Attributes
    ----------
    ids, names : tuple
    cells : tuple of rows
    unit : str
    """

    ids: tuple[int, ...]
    names: tuple[str, ...]
    cells: tuple[tuple[MatrixCell, ...], ...]
    unit: str

    @property
    def short_names(self) -> tuple[str, ...]:
        """Names without what all begin with: that is the night, mostly."""
        letters = zip(*self.names, strict=False)
        common = sum(1 for _ in takewhile(lambda found: len(set(found)) == 1, letters))
        if common < _COMMON or len(self.names) < 2:
            return self.names
        return tuple(f"…{name[common:]}" for name in self.names)


def overlap_matrix(graph: OverlapGraph) -> Matrix:
    """Return how many percent of the smaller exposure's good pixels every pair shares."""
    shares, shared = graph.overlap.shares, graph.overlap.shared
    least, n = graph.least_share, len(graph.ids)

    def cell(i: int, j: int) -> MatrixCell:
        a, b = graph.names[i], graph.names[j]
        if i == j:
            own = f"{a}: {int(shared[i, i])} good pixels."
            return MatrixCell(graph.ids[i], graph.ids[j], "", "", (own,))
        value = float(shares[i, j])
        state = UNKNOWN if math.isnan(value) else state_of(value < 3 * least)
        percent = "–" if math.isnan(value) else f"{100 * value:.0f}"
        story = (
            f"{a} and {b} share {int(shared[i, j])} good pixels, {percent} % of the smaller one's.",
            f"At least {100 * least:.0f} % are wanted, better {300 * least:.0f} %.",
        )
        return MatrixCell(graph.ids[i], graph.ids[j], _signed(percent, state), state, story)

    rows = tuple(tuple(cell(i, j) for j in range(n)) for i in range(n))
    return Matrix(graph.ids, graph.names, rows, "%")


def closure_matrix(closure: Closure) -> Matrix:
    """Return the smooth difference left between every pair of matched exposures."""
    at = {(p.first, p.second): p for p in closure.pairs}

    def cell(i: int, j: int) -> MatrixCell:
        a, b = closure.ids[i], closure.ids[j]
        pair = at.get((min(a, b), max(a, b)))
        if pair is None:
            return MatrixCell(a, b, "", "", (closure.names[i],))
        smooth = pair.left.smooth
        text = "–" if math.isnan(smooth) else f"{smooth:.2g}"
        return MatrixCell(a, b, _signed(text, pair.state), pair.state, told(pair, closure.unit))

    n = len(closure.ids)
    rows = tuple(tuple(cell(i, j) for j in range(n)) for i in range(n))
    return Matrix(closure.ids, closure.names, rows, closure.unit)


def told(pair: ClosurePair, unit: str) -> tuple[str, ...]:
    """Return what a pair says when asked."""
    a, b = pair.names
    left = pair.left
    if math.isnan(left.smooth):
        return (f"{a} and {b} have no block of common good pixels.",)
    suffix = f" {unit}" if unit else ""
    return (
        f"{a} - {b}, both matched: a smooth difference of {left.smooth:.3g}{suffix} is left where "
        f"{pair.expected:.3g}{suffix} is expected.",
        f"Mean {left.offset:.3g}{suffix}; most in the block at x = {left.worst_x:.0f}, "
        f"y = {left.worst_y:.0f}: {left.worst:.3g}{suffix}.",
    )


def place_of(first: int, second: int, reference: int | None) -> int:
    """Return which exposure of a pair shows it: the one that is not the reference."""
    return second if first == reference else first


def _signed(text: str, state: str) -> str:
    return f"{text} {SIGNS[state]}" if state == ABOVE else text
