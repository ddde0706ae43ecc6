"""Curves and spline surfaces (SPEC section 4)."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import Akima1DInterpolator, CubicSpline

from bgviewer.engine.matching import form_cells
from bgviewer.engine.spline import SplineModel, interpolate
from bgviewer.errors import UndersampledError

from .stage import STYLES, UNDERSAMPLE, same_bits
from .twin_models import Surface, curve, read_curve, render
from .twin_numbers import Grid, Trouble

CURVED = ("NATURAL_SPLINE", "CUBIC_SPLINE", "AKIMA_SPLINE")
AT = np.linspace(-7, 15, 89)


def cells_from(values, shape=None, xy0=(0, 0)):
    """Cells whose values are given: each cell is 4 x 4 equal pixels (or as `shape` says)."""
    values = np.asarray(values, np.float32)
    ny, nx = values.shape
    h, w = shape or (4 * ny, 4 * nx)
    rows = np.searchsorted(cell_edges(h, ny)[1:], np.arange(h), side="right")
    columns = np.searchsorted(cell_edges(w, nx)[1:], np.arange(w), side="right")
    return form_cells(values[np.ix_(rows, columns)], nx, ny, "MEAN", 3, 2, xy0=xy0), (h, w)


def cell_edges(side, n):
    return [((i * side) + (n // 2 if i else 0)) // n for i in range(n + 1)]


def surface(values, style, undersample="REDUCE_INTERP_ORDER", shape=None):
    cells, shape = cells_from(values, shape)
    return SplineModel.fit(cells, style, undersample, shape)


# --- curves ---


@pytest.mark.parametrize("style", ["LINEAR", *CURVED])
def test_straight_line_goes_on_for_ever(style):
    x = np.array([0.0, 1.5, 2, 4, 7, 8])
    np.testing.assert_allclose(interpolate(style, x, 3 - 2 * x, AT), 3 - 2 * AT, atol=1e-12)


@pytest.mark.parametrize("style", ["LINEAR", *CURVED])
def test_curve_passes_through_its_nodes(style):
    x, y = np.array([0.0, 1, 3, 4, 6, 9]), np.array([2.0, -1, 5, 5, 0, 3])
    np.testing.assert_allclose(interpolate(style, x, y, x), y, atol=1e-13)


def test_natural_spline_of_a_hat():
    """Second derivative -3 in the middle: 1.5 t - 0.5 t^3 up to there; straight outside."""
    got = interpolate("NATURAL_SPLINE", [0, 1, 2], [0, 1, 0], [-1, 0.5, 1, 1.5, 4])
    np.testing.assert_allclose(got, [-1.5, 0.6875, 1, 0.6875, -3], atol=1e-14)


def test_natural_spline_agrees_with_another_library():
    rng = np.random.default_rng(0)
    x, y = np.cumsum(rng.uniform(0.2, 2, 12)), rng.normal(size=12)
    at = np.linspace(x[0], x[-1], 200)
    want = CubicSpline(x, y, bc_type="natural")(at)
    np.testing.assert_allclose(interpolate("NATURAL_SPLINE", x, y, at), want, atol=1e-12)


def test_akima_agrees_with_another_library():
    rng = np.random.default_rng(1)
    x, y = np.cumsum(rng.uniform(0.2, 2, 12)), rng.normal(size=12)
    at = np.linspace(x[0], x[-1], 200)
    want = Akima1DInterpolator(x, y)(at)
    np.testing.assert_allclose(interpolate("AKIMA_SPLINE", x, y, at), want, atol=1e-12)


def test_akima_keeps_a_parabola_inside_and_outside():
    x = np.arange(8.0)
    got = interpolate("AKIMA_SPLINE", x, x * x - 3 * x, AT)
    np.testing.assert_allclose(got, AT * AT - 3 * AT, atol=1e-11)


def test_akima_between_flat_neighbourhoods():
    """A step between two flats: no weight at some nodes, and no overshoot."""
    x, y = np.arange(10.0), np.repeat([0.0, 1.0], 5)
    got = interpolate("AKIMA_SPLINE", x, y, np.linspace(-3, 12, 61))
    assert (got[np.linspace(-3, 12, 61) <= 4] == 0).all()
    assert (got[np.linspace(-3, 12, 61) >= 5] == 1).all()
    pieces = curve("AKIMA_SPLINE", list(x), list(y))
    slow = [read_curve(pieces, t) for t in np.linspace(-3, 12, 61)]
    np.testing.assert_allclose(got, slow, atol=1e-14)


def test_steps_are_half_a_cell_off():
    """Around node j the mean of the cells j - 1 and j (SPEC 12, Q8)."""
    at = [-9, 0.4, 0.6, 1.4, 1.5, 2.4, 2.5, 99]
    got = interpolate("CONSTANT", [0, 1, 2], [10, 20, 40], at)
    assert got.tolist() == [10, 10, 15, 15, 30, 30, 40, 40]
    assert interpolate("CONSTANT", [5], [3], at).tolist() == [3] * 8


@pytest.mark.parametrize("style", CURVED)
def test_curve_needs_points(style):
    need = 5 if style == "AKIMA_SPLINE" else 3
    x = list(range(need - 1))
    with pytest.raises(UndersampledError, match=rf"{style}.*{need}.*{need - 1}"):
        interpolate(style, x, x, [0.5])


@settings(max_examples=60)
@given(st.sampled_from([*STYLES, "CUBIC_SPLINE"]), st.data())
def test_curve_equals_twin(style, data):
    n = data.draw(st.integers({"AKIMA_SPLINE": 5, "LINEAR": 2, "CONSTANT": 1}.get(style, 3), 12))
    steps = data.draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    y = data.draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    x, y = np.cumsum(steps) / 2, np.array(y, float)
    at = np.concatenate([np.linspace(x[0] - 5, x[-1] + 5, 37), x])
    pieces = curve(style, x.tolist(), y.tolist())
    slow = np.array([read_curve(pieces, t) for t in at])
    tolerance = 1e-12 * max(1.0, float(np.abs(slow).max()))
    np.testing.assert_allclose(interpolate(style, x, y, at), slow, rtol=0, atol=tolerance)


# --- surfaces ---


@pytest.mark.parametrize("style", ["LINEAR", *CURVED])
def test_plane_through_cells_is_that_plane(style):
    """Cells of a plane sampled at their centres give the plane at every pixel, edges included."""
    y, x = np.indices((6, 7))
    cells = 10 + 4 * (0.5 * x - 0.25 * y)  # one cell = 4 pixels, centre at 4 i + 1.5
    model = surface(cells, style)
    row, column = np.indices((24, 28))
    want = 10 + 0.5 * (column - 1.5) - 0.25 * (row - 1.5)
    np.testing.assert_allclose(model.render(), want, rtol=3e-7)
    assert model.render().dtype == np.float32


LADDER = [  # wanted, nx, ny, used: the best style for the smaller count (SPEC 4.1, Q9)
    ("AKIMA_SPLINE", 5, 5, "AKIMA_SPLINE"),
    ("AKIMA_SPLINE", 4, 9, "CUBIC_SPLINE"),
    ("AKIMA_SPLINE", 9, 3, "CUBIC_SPLINE"),
    ("AKIMA_SPLINE", 2, 9, "LINEAR"),
    ("AKIMA_SPLINE", 1, 1, "CONSTANT"),
    ("NATURAL_SPLINE", 3, 3, "NATURAL_SPLINE"),
    ("NATURAL_SPLINE", 2, 6, "LINEAR"),
    ("LINEAR", 2, 2, "LINEAR"),
    ("LINEAR", 1, 9, "CONSTANT"),
    ("CONSTANT", 1, 1, "CONSTANT"),
]


@pytest.mark.parametrize(("wanted", "nx", "ny", "used"), LADDER)
def test_style_ladder(wanted, nx, ny, used):
    values = np.random.default_rng(0).normal(size=(ny, nx))
    same = {"CUBIC_SPLINE": "NATURAL_SPLINE"}
    model = surface(values, wanted)
    assert same.get(model.style, model.style) == same.get(used, used)
    if wanted == used:
        for undersample in UNDERSAMPLE:
            assert surface(values, wanted, undersample).style == used
    else:
        for undersample in ("THROW_EXCEPTION", "INCREASE_NXNYSAMPLE"):
            with pytest.raises(UndersampledError, match=f"{wanted}.*{nx} x {ny}"):
                surface(values, wanted, undersample)


def test_empty_column_is_bridged_from_its_neighbours():
    values = np.tile([1.0, 2, np.nan, 4, 5, 6], (5, 1))
    got = surface(values, "LINEAR").render(y=[0], x=[9.5])  # centre of the third cell
    assert got[0, 0] == pytest.approx(3.0)


def test_column_that_stops_is_continued_over_the_full_height():
    values = np.tile(np.arange(6.0)[:, None], (1, 6))
    values[3:, 2] = np.nan
    model = surface(values, "AKIMA_SPLINE")  # three cells left: a natural cubic, here a line
    np.testing.assert_allclose(model.render()[:, 8], (np.arange(24) - 1.5) / 4, atol=1e-5)


def test_no_value_at_all_gives_nan_without_an_error():
    model = surface(np.full((5, 5), np.nan), "AKIMA_SPLINE")
    assert model.is_empty
    assert np.isnan(model.render()).all()


@pytest.mark.parametrize("undersample", ["THROW_EXCEPTION", "INCREASE_NXNYSAMPLE"])
@pytest.mark.parametrize(("style", "left"), [("AKIMA_SPLINE", 4), ("LINEAR", 1), ("CONSTANT", 0)])
def test_one_short_column_refuses_everything(undersample, style, left):
    """Though the count of cells passes (SPEC 12, Q10)."""
    values = np.ones((6, 6))
    values[left:, 3] = np.nan
    with pytest.raises(UndersampledError, match=rf"\b{left}\b.*{style}"):
        surface(values, style, undersample)
    values[left:, 3] = 1.0
    assert (surface(values, style, undersample).render() == 1).all()


@settings(max_examples=60)
@given(st.data())
def test_surface_equals_twin(data):
    ny, nx = data.draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    style, undersample = data.draw(st.sampled_from(STYLES)), data.draw(st.sampled_from(UNDERSAMPLE))
    number = st.one_of(st.integers(-9, 9), st.integers(-9, 9), st.just(math.nan))
    values = data.draw(st.lists(number, min_size=nx * ny, max_size=nx * ny))
    values = np.array(values, np.float32).reshape(ny, nx)
    shape = (ny * 3 + 1, nx * 3 + 2)
    cells, _ = cells_from(values, shape)
    grid = Grid(values.tolist(), None, cells.x.tolist(), cells.y.tolist(), shape)
    try:
        want = render(Surface(grid, style, undersample), range(shape[0]), range(shape[1]))
    except Trouble:
        with pytest.raises(UndersampledError):
            SplineModel.fit(cells, style, undersample, shape)
        return
    got = SplineModel.fit(cells, style, undersample, shape).render()
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    top = np.nanmax(np.abs(want), initial=1.0)
    np.testing.assert_allclose(got, want, rtol=0, atol=3e-7 * top)


@settings(max_examples=40)
@given(st.sampled_from(STYLES), st.data())
def test_any_subset_is_a_slice_of_the_whole(style, data):
    values = np.random.default_rng(2).normal(100, 5, (6, 5))
    values[2:, 1] = np.nan
    model = surface(values, style, shape=(31, 27))
    whole = model.render()
    rows = data.draw(st.lists(st.integers(0, 30), max_size=9))
    columns = data.draw(st.lists(st.integers(0, 26), max_size=9))
    assert same_bits(model.render(y=rows, x=columns), whole[np.ix_(rows, columns)])
    assert same_bits(model.render(y=rows), whole[rows])
    assert same_bits(model.render(x=columns), whole[:, columns])


def test_parent_position_does_not_matter():
    values = np.random.default_rng(3).normal(size=(5, 5))
    cells, shape = cells_from(values)
    moved, _ = cells_from(values, xy0=(4000, -3))
    pictures = [
        SplineModel.fit(c, "AKIMA_SPLINE", "REDUCE_INTERP_ORDER", shape).render()
        for c in (cells, moved)
    ]
    assert same_bits(*pictures)


def test_threads_do_not_change_a_bit():
    model = surface(np.random.default_rng(4).normal(size=(6, 6)), "AKIMA_SPLINE", shape=(700, 800))
    one = model.render(threads=1)
    assert same_bits(one, model.render(threads=2))
    assert same_bits(one, model.render(threads=5))
