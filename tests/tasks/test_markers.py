"""Sizes, shades and counts by closed forms."""

from __future__ import annotations

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
