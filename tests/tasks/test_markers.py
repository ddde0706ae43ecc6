"""Sizes, shades and counts by closed forms."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from bgviewer.tasks import markers as p


def test_markers_are_as_large_as_the_weight_within_bounds():
    errors = np.array([1.0, 2.0, 0.5, 100.0, 0.001, np.nan, 0.0])
    sizes = p.marker_sizes(errors)
    middle = np.median([*errors[:5].tolist(), 0.0])
    np.testing.assert_allclose(sizes[:2], np.round(10 * middle / errors[:2]))
    assert sizes[3] == 4 and sizes[4] == 18 and sizes[5] == 4 and sizes[6] == 18
    assert (p.marker_sizes(np.zeros(3)) == 10).all(), "equal errors, equal sizes"


def test_shades_are_the_share_between_the_levels():
    which = p.shades(np.array([-5.0, 0.0, 4.99, 5.0, 10.0, 99.0]), 0.0, 10.0, 2)
    np.testing.assert_array_equal(which, [0, 0, 0, 1, 1, 1])


def test_the_histogram_counts_every_bin_once():
    residuals = np.array([-9.0, -0.5, 0.0, 0.1, 0.2, np.nan, 30.0])
    found = p.histogram_of(residuals, 1.0)
    assert found is not None
    assert sum(found.counts) == 6
    assert found.edges[0] == -found.edges[-1] == -4.0
    assert p.histogram_of(np.array([np.nan]), 1.0) is None


def test_the_histogram_of_rounding_is_narrow_and_of_one_bin_there_is_none():
    found = p.histogram_of(np.array([1e-8, -2e-8]), 1.6e-8, floor=0.5)
    assert found is not None and found.edges[-1] == 0.5
    middle = len(found.counts) // 2
    assert found.counts[middle] == 2
    assert p.histogram_of(np.array([0.3]), 0.3) is None


def test_markers_know_how_far_apart_cells_are():
    def cells(x, y):
        values = np.ones((len(y), len(x)), np.float32)
        return SimpleNamespace(x=x, y=y, values=values, errors=values, counts=values)

    assert p.cell_markers(cells([2.0, 9.0, 14.0], [1.0, 21.0])).pitch == 5
    assert p.cell_markers(cells([2.0], [1.0])).pitch == np.inf
