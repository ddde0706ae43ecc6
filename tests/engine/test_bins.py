"""Bins: fixed-size blocks that judge the fit (SPEC section 7)."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bgviewer

from .adapters import masked_image
from .stage import pair, plane_pair


def bins_of(ref, sci, xy0=(0, 0), **options):
    config = bgviewer.MatchConfig(interp_style="CONSTANT", **options)
    return bgviewer.match_backgrounds(masked_image(ref, xy0), masked_image(sci, xy0), config).bins


@settings(max_examples=40)
@given(st.integers(2, 70), st.integers(2, 70), st.integers(2, 80))
def test_bins_tile_any_image(ny, nx, size):
    """Together with the dropped ones (fewer than two pixels) they are the whole image."""
    ref, sci = plane_pair((ny, nx), 1.0, 2.0)
    bins = bins_of(ref, sci, bin_size=size)
    seen = np.zeros((ny, nx), int)
    edges = zip(bins.left, bins.right, bins.bottom, bins.top, strict=True)
    for left, right, bottom, top in edges:
        assert left % size == 0
        assert bottom % size == 0
        assert 0 < right - left <= size
        assert 0 < top - bottom <= size
        seen[bottom:top, left:right] += 1
    assert seen.max() == 1
    assert (seen == 0).sum() == bins.n_dropped  # a lone pixel in a corner
    assert len(bins.x) + bins.n_dropped == math.ceil(nx / size) * math.ceil(ny / size)


def test_positions_and_order():
    """X is the mean of left and (exclusive) right edge; rows outside, columns inside."""
    ref, sci = plane_pair((10, 25), 0.0, 0.0)
    bins = bins_of(ref, sci, xy0=(1000, -7), bin_size=10)
    assert bins.x.tolist() == [1005.0, 1015.0, 1022.5]
    assert bins.y.tolist() == [-2.0, -2.0, -2.0]
    ref, sci = plane_pair((20, 10), 0.0, 0.0)
    assert bins_of(ref, sci, bin_size=10).y.tolist() == [5.0, 15.0]


def test_values_of_a_ramp():
    ref, sci = plane_pair((8, 12), 2.0, 0.5, level=1.0)
    bins = bins_of(ref, sci, bin_size=4)
    x, y = bins.left + 1.5, bins.bottom + 1.5
    np.testing.assert_array_equal(bins.values, 1 + 2 * x + 0.5 * y)
    # 4 x 4 pixels: sample variance of 2 x is 16/15 * 4 * 1.25, of 0.5 y 16/15 * 0.25 * 1.25
    stdev = math.sqrt(16 / 15 * (5 + 0.3125))
    np.testing.assert_allclose(bins.errors, stdev / 4, rtol=1e-12)
    assert (bins.counts == 16).all()


def test_bin_with_one_good_pixel_is_left_out():
    ref, sci = plane_pair((6, 6), 1.0, 0.0)
    ref["image"][:3, :3] = np.nan
    ref["image"][1, 1] = 5.0
    bins = bins_of(ref, sci, bin_size=3)
    assert bins.x.tolist() == [4.5, 1.5, 4.5]
    assert bins.n_dropped == 1
    ref["image"][1, 2] = 7.0
    assert bins_of(ref, sci, bin_size=3).values[0] == 6.0


def test_smallest_deviation_is_epsilon():
    ref, sci = plane_pair((4, 4), 0.0, 0.0)
    assert bins_of(ref, sci, bin_size=4, grid_stdev_epsilon=0.5).errors.tolist() == [0.125]
    assert bins_of(ref, sci, bin_size=4, grid_stdev_epsilon=0.0).errors.tolist() == [0.0]


@pytest.mark.parametrize("statistic", ["MEAN", "MEANCLIP"])
def test_values_are_of_double_precision(statistic):
    """Cells are rounded to float32, bins are not."""
    bins = bins_of(*pair(4), bin_size=9, grid_statistic=statistic)
    assert bins.values.dtype == bins.errors.dtype == np.float64
    assert (bins.values != bins.values.astype(np.float32)).any()


def test_residuals_are_value_minus_model():
    bins = bins_of(*pair(5), bin_size=9)
    np.testing.assert_array_equal(bins.residuals, bins.values - bins.model)


def test_bins_keep_the_configured_size_when_cells_are_added():
    """INCREASE_NXNYSAMPLE changes the cells only (SPEC 6, steps 5 and 8)."""
    ref, sci = pair(6, (40, 40), "corner")
    options = {"bin_size": 8, "use_polynomial": True, "order": 4}
    result = bgviewer.match_backgrounds(
        masked_image(ref),
        masked_image(sci),
        bgviewer.MatchConfig(**options, undersample_style="INCREASE_NXNYSAMPLE"),
    )
    assert result.adjustments
    assert set(result.bins.right - result.bins.left) == {8}
    assert len(result.cells.x) != 5
