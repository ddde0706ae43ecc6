"""Where cells carry the model: against a plain loop over every pixel."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bgviewer.tasks.support import support_of


def carried(x, y, known, row, column) -> bool:
    """The definition, pixel by pixel."""
    held_x = [cx for i, cx in enumerate(x) if known[:, i].any()]
    held_y = [cy for j, cy in enumerate(y) if known[j].any()]
    if not held_x:
        return False
    if not (min(held_x) - 0.5 <= column <= max(held_x) + 0.5):
        return False
    if not (min(held_y) - 0.5 <= row <= max(held_y) + 0.5):
        return False
    i = min(range(len(x)), key=lambda k: abs(x[k] - column))
    j = min(range(len(y)), key=lambda k: abs(y[k] - row))
    return bool(known[j, i])


@pytest.mark.parametrize("empty", [(), ((0, 0), (1, 2)), tuple((j, 0) for j in range(4))])
def test_support_and_its_share_are_counted_pixel_by_pixel(empty):
    x, y = np.array([3.6, 11.4, 19.6, 26.7]), np.array([2.2, 8.1, 14.7, 21.3])
    values = np.ones((4, 4), np.float32)
    for at in empty:
        values[at] = np.nan
    cells = SimpleNamespace(x=x + 100, y=y + 50, values=values)
    support = support_of(cells, (100, 50))
    known = np.isfinite(values)
    expected = np.array([[carried(x, y, known, r, c) for c in range(30)] for r in range(24)])
    np.testing.assert_array_equal(support.supported(np.arange(24), np.arange(30)), expected)
    assert support.extrapolated((24, 30)) == pytest.approx(1 - expected.mean())
    rows, columns = np.array([1, 9, 20]), np.array([0, 12, 29])
    np.testing.assert_array_equal(support.supported(rows, columns), expected[np.ix_(rows, columns)])


def test_without_any_cell_all_is_extrapolated():
    cells = SimpleNamespace(x=np.array([4.0]), y=np.array([4.0]), values=np.array([[np.nan]]))
    support = support_of(cells, (0, 0))
    assert support.extrapolated((8, 8)) == 1
    assert not support.supported(np.arange(8), np.arange(8)).any()
