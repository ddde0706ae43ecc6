"""Outlines of the bins: every edge of every bin once, and no other."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.tasks.overlays import bin_outlines


def result_of(boxes, xy0=(0, 0)):
    """Something with the bins (left, right, bottom, top) of a result."""
    columns = np.array(boxes, int).reshape(-1, 4).T
    names = ("left", "right", "bottom", "top")
    bins = SimpleNamespace(**dict(zip(names, columns, strict=True)))
    return SimpleNamespace(bins=bins, difference=SimpleNamespace(xy0=xy0))


def pieces(x0, y0, x1, y1):
    """The line as pieces of one pixel."""
    if y0 == y1:
        return [((x, y0), (x + 1, y0)) for x in np.arange(x0, x1)]
    return [((x0, y), (x0, y + 1)) for y in np.arange(y0, y1)]


@given(
    xs=st.lists(st.integers(0, 12), min_size=2, max_size=5, unique=True).map(sorted),
    ys=st.lists(st.integers(0, 12), min_size=2, max_size=5, unique=True).map(sorted),
    data=st.data(),
)
def test_every_edge_of_every_bin_is_drawn_once_and_no_other(xs, ys, data):
    grid = [(*x, *y) for x in pairwise(xs) for y in pairwise(ys)]
    boxes = data.draw(st.lists(st.sampled_from(grid), unique=True, min_size=1))
    found = [p for line in bin_outlines(result_of(boxes)).lines for p in pieces(*(line + 0.5))]
    assert len(found) == len(set(found)), "nothing is drawn twice"
    expected = set()
    for left, right, bottom, top in boxes:
        for line in (
            (left, bottom, right, bottom),
            (left, top, right, top),
            (left, bottom, left, top),
            (right, bottom, right, top),
        ):
            expected.update(pieces(*map(float, line)))
    assert set(found) == expected


def test_neighbours_share_a_line_as_long_as_it_can_be():
    outlines = bin_outlines(result_of([(0, 8, 0, 8), (8, 16, 0, 8), (0, 8, 8, 10)], (100, 50)))
    lying = {tuple(line) for line in outlines.lines if line[1] == line[3]}
    assert lying == {
        (99.5, 49.5, 115.5, 49.5),
        (99.5, 57.5, 115.5, 57.5),
        (99.5, 59.5, 107.5, 59.5),
    }
    assert outlines.side == 8


def test_no_bin_no_line():
    outlines = bin_outlines(result_of([]))
    assert outlines.lines.shape == (0, 4)
    assert outlines.side == pytest.approx(0)
