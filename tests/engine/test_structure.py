"""Moran's I against all orders of a few values, and against what one knows by heart."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bgviewer.engine.structure import moran, moran_values


def twin(grid):
    """The definition, pair by pair."""
    at = [tuple(p) for p in np.argwhere(np.isfinite(grid))]
    z = {p: grid[p] - np.mean([grid[q] for q in at]) for p in at}
    pairs = [(p, q) for p in at for q in at if abs(p[0] - q[0]) + abs(p[1] - q[1]) == 1]
    top = sum(z[p] * z[q] for p, q in pairs)
    return len(at) / len(pairs) * top / sum(v * v for v in z.values())


def test_a_chequerboard_is_minus_one_and_a_slope_is_near_one():
    y, x = np.mgrid[:12, :10]
    assert moran((-1.0) ** (x + y)).value == pytest.approx(-1.0)
    assert moran(x + 0.5 * y).value > 0.85
    assert moran(x + 0.5 * y).z > 10


@pytest.mark.parametrize("holes", [(), ((0, 1),)])
def test_mean_and_error_are_those_of_all_orders(holes):
    grid = np.array([[1.0, 4.0, -2.0], [0.5, 9.0, 3.0]])
    for hole in holes:
        grid[hole] = np.nan
    known = np.isfinite(grid)
    found = []
    for order in permutations(grid[known]):
        other = grid.copy()
        other[known] = order
        found.append(twin(other))
    result = moran(grid)
    assert result.value == pytest.approx(twin(grid))
    assert result.expected == pytest.approx(np.mean(found))
    assert result.error == pytest.approx(np.std(found))


@given(
    arrays(np.float64, st.tuples(st.integers(3, 6), st.integers(3, 6)), elements=st.floats(-9, 9)),
    st.integers(0, 2**16),
)
@settings(max_examples=60)
def test_the_definition_with_any_holes(grid, seed):
    holes = np.random.default_rng(seed).random(grid.shape) < 0.2
    grid = np.where(holes, np.nan, grid)
    known = grid[np.isfinite(grid)]
    if known.size < 2 or np.ptp(known) < 1e-3:
        return
    result = moran(grid)
    assert result.n == known.size
    if result.pairs == 0:
        assert math.isnan(result.value)
        return
    assert result.value == pytest.approx(twin(grid), abs=1e-9)
    many = moran_values(np.stack([grid, 3 * grid + 1]))
    np.testing.assert_allclose(many, result.value, atol=1e-9)


def test_noise_is_where_it_is_expected():
    rng = np.random.default_rng(1)
    z = [moran(rng.standard_normal((9, 11))).z for _ in range(400)]
    assert abs(np.mean(z)) < 0.2 and 0.9 < np.std(z) < 1.1


@pytest.mark.parametrize("grid", [np.full((3, 3), np.nan), np.ones((3, 3)), np.ones((1, 1))])
def test_nothing_to_compare_is_nan(grid):
    result = moran(grid)
    assert math.isnan(result.value) and math.isnan(result.z)
