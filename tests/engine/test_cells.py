"""Cells: even shares of the image that carry the fit (SPEC section 3)."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgviewer.engine.matching import form_cells

from . import twin_numbers
from .stage import STATISTICS, same_bits


def cells_of(ny, nx, ny_cells, nx_cells, **options):
    image = np.arange(ny * nx, dtype=np.float32).reshape(ny, nx)
    return form_cells(image, nx_cells, ny_cells, "MEAN", 3, 2, **options)


@settings(max_examples=80)
@given(st.data())
def test_cells_tile_any_side(data):
    side = data.draw(st.integers(1, 3000))
    count = data.draw(st.integers(1, side))
    edges = cells_of(1, side, 1, count).x_edges
    assert edges[0] == 0
    assert edges[-1] == side
    sizes = np.diff(edges)
    assert len(sizes) == count
    assert sizes.min() >= 1
    assert sizes.max() - sizes.min() <= 1
    assert edges.tolist() == twin_numbers.edges(side, count)


def test_edges_of_a_side_that_does_not_divide():
    """10 pixels in 4 cells: edges at (10 i + 2) // 4."""
    assert cells_of(10, 10, 4, 4).x_edges.tolist() == [0, 3, 5, 8, 10]


@settings(max_examples=30)
@given(st.data())
def test_centres_are_means_of_pixel_indices(data):
    ny, nx = data.draw(st.tuples(st.integers(1, 60), st.integers(1, 60)))
    jy, jx = data.draw(st.integers(1, ny)), data.draw(st.integers(1, nx))
    x0, y0 = data.draw(st.tuples(st.integers(-999, 999), st.integers(-999, 999)))
    cells = cells_of(ny, nx, jy, jx, xy0=(x0, y0))
    for edges, centres, origin in ((cells.x_edges, cells.x, x0), (cells.y_edges, cells.y, y0)):
        want = [np.arange(a, b).mean() + origin for a, b in pairwise(edges)]
        np.testing.assert_array_equal(centres, want)
        assert centres.dtype == np.float64


def test_every_good_pixel_is_counted_once():
    rng = np.random.default_rng(0)
    image = rng.normal(size=(71, 53)).astype(np.float32)
    image[rng.random(image.shape) < 0.4] = np.nan
    cells = form_cells(image, 7, 5, "MEDIAN", 3, 2)
    assert cells.counts.sum() == np.isfinite(image).sum()
    assert cells.counts.shape == (5, 7)


def test_cell_with_one_pixel_has_a_value_but_no_error():
    image = np.full((8, 8), np.nan, np.float32)
    image[1, 2] = 4.5  # in cell (0, 0)
    image[5:7, 5] = 1.0, 2.0  # in cell (1, 1)
    for statistic in STATISTICS:
        cells = form_cells(image, 2, 2, statistic, 3, 2)
        assert cells.counts.tolist() == [[1, 0], [0, 2]]
        assert cells.values[0, 0] == 4.5
        assert cells.values[1, 1] == 1.5
        assert np.isnan(cells.errors[0, 0])
        assert cells.errors[1, 1] > 0
        for empty in ((0, 1), (1, 0)):
            assert np.isnan(cells.values[empty])
            assert np.isnan(cells.errors[empty])


def test_errors_are_standard_errors():
    image = np.tile(np.array([[0, 1], [2, 3]], np.float32), (3, 3))  # variance of 36 pixels
    variance = 36 / 35 * 1.25
    mean = form_cells(image, 1, 1, "MEAN", 3, 2)
    assert mean.errors[0, 0] == np.float32(np.sqrt(variance / 36))
    median = form_cells(image, 1, 1, "MEDIAN", 3, 2)
    assert median.errors[0, 0] == np.float32(np.sqrt(np.pi / 2 * variance / 36))
    assert mean.values.dtype == mean.errors.dtype == np.float32


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize(
    ("shape", "count"),
    [
        ((1, 1), (1, 1)),
        ((5, 7), (5, 7)),
        ((40, 33), (3, 4)),
        ((600, 90), (1, 1)),  # more rows than one tile, more pixels than are sorted at once
        ((300, 64), (2, 3)),
        ((30, 700), (2, 2)),
    ],
)
def test_equal_to_twin(statistic, shape, count):
    rng = np.random.default_rng(sum(shape))
    image = (1e3 + 5 * rng.standard_normal(shape)).astype(np.float32)
    image[rng.random(shape) < 0.2] = np.nan
    image[rng.random(shape) < 0.02] += 400
    ours = form_cells(image, count[1], count[0], statistic, 3, 2)
    nothing = np.zeros(shape, np.int32)
    slow = twin_numbers.make_grid(image, nothing, 0, count[1], count[0], statistic, 3, 2)
    for name in ("values", "errors"):
        want = np.array(getattr(slow, name), np.float32)
        np.testing.assert_array_max_ulp(np.nan_to_num(getattr(ours, name)), np.nan_to_num(want), 1)
        np.testing.assert_array_equal(np.isnan(getattr(ours, name)), np.isnan(want))


@pytest.mark.parametrize("statistic", STATISTICS)
def test_threads_do_not_change_a_bit(statistic):
    rng = np.random.default_rng(3)
    image = rng.normal(1e4, 3, (520, 610)).astype(np.float32)
    image[rng.random(image.shape) < 0.1] = np.nan
    one = form_cells(image, 6, 5, statistic, 3, 2, threads=1)
    for threads in (2, 5):
        other = form_cells(image, 6, 5, statistic, 3, 2, threads=threads)
        assert same_bits(one.values, other.values)
        assert same_bits(one.errors, other.errors)
