"""Overlap of exposures: rectangles whose areas one can tell, and any masks at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.overlap import Overlap, good_bits, overlap_of, rows_to_skip

SHAPE = (60, 130)


def exposure(*boxes):
    image = np.full(SHAPE, np.nan, np.float32)
    for x0, x1 in boxes:
        image[:, x0:x1] = 1.0
    return MaskedImage(image)


def measured(exposures, every=1):
    return overlap_of([good_bits(e, ("BAD",), every=every) for e in exposures], every)


@pytest.mark.parametrize("every", [1, 2, 7])
def test_rectangles(every):
    stack = [exposure((0, 60)), exposure((40, 100)), exposure((95, 130)), exposure()]
    found = measured(stack, every)
    rows = -(-60 // every) * every
    expected = rows * np.array([[60, 20, 0, 0], [20, 60, 5, 0], [0, 5, 35, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(found.shared, expected)
    shares = found.shares
    assert shares[0, 1] == pytest.approx(1 / 3) and shares[1, 2] == pytest.approx(1 / 7)
    assert np.isnan(shares[0, 3])
    assert found.groups() == ((0, 1, 2), (3,))
    assert found.groups(0.2) == ((0, 1), (2,), (3,))
    assert list(found.partners()) == [1, 2, 1, 0]
    assert found.candidates() == (1, 0, 2), "who reaches most goes first; who is empty never does"
    assert found.candidates([1.0, 9.0, 0.5, 0.0]) == (1, 2, 0)


def test_among_those_that_all_overlap_the_cost_decides():
    found = measured([exposure((0, 100)), exposure((10, 110)), exposure((20, 130))])
    assert found.candidates([3.0, 2.0, 1.0]) == (2, 1, 0)
    assert found.candidates([3.0, np.nan, 1.0]) == (2, 0, 1)
    assert found.candidates()[0] == 1
    np.testing.assert_allclose(found.weakest(), [0.8, 0.9, 0.8])


@given(st.integers(1, 5), st.integers(1, 40), st.integers(1, 70), st.integers(0, 10**6))
def test_any_masks_are_counted_pixel_by_pixel(n, ny, nx, seed):
    rng = np.random.default_rng(seed)
    stack, good = [], []
    for _ in range(n):
        image = np.where(rng.random((ny, nx)) < 0.2, np.nan, 1.0).astype(np.float32)
        mask = (rng.random((ny, nx)) < 0.3).astype(np.int32) * 5  # BAD and INTRP
        stack.append(MaskedImage(image, mask))
        good.append(np.isfinite(image) & (mask == 0))
    expected = [[int((a & b).sum()) for b in good] for a in good]
    np.testing.assert_array_equal(measured(stack).shared, expected)


@given(st.integers(1, 8), st.integers(0, 10**6))
def test_groups_are_what_can_be_reached(n, seed):
    rng = np.random.default_rng(seed)
    joined = np.triu(rng.random((n, n)) < 0.25, 1)
    joined |= joined.T
    found = Overlap(np.where(joined, 50, 0) + 100 * np.eye(n, dtype=int)).groups()
    reach = np.linalg.matrix_power((joined | np.eye(n, dtype=bool)).astype(float), n) > 0
    assert sorted(i for g in found for i in g) == list(range(n))
    for group in found:
        for i in group:
            assert set(np.flatnonzero(reach[i])) == set(group)
    assert [len(g) for g in found] == sorted((len(g) for g in found), reverse=True)


def test_other_shapes_share_nothing_and_bits_stay_small():
    odd = MaskedImage(np.ones((30, 30), np.float32))
    assert measured([exposure((0, 130)), odd]).shared[0, 1] == 0
    assert rows_to_skip((4096, 4096), 100) == 1
    assert rows_to_skip((4096, 4096), 1000) == 8
