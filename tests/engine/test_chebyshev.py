"""Chebyshev surfaces (SPEC section 5)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import chebyshev

import bgviewer
from bgviewer.engine.cells import Cells
from bgviewer.engine.chebyshev import ChebyshevModel, summed_products
from bgviewer.errors import FitError

from .adapters import masked_image
from .stage import plane_pair, same_bits
from .twin_models import Polynomial, render, terms
from .twin_numbers import Grid, edges


def cells_of(surface, shape, ny, nx, errors=None):
    """Cells that hold a surface's exact values at their centres."""
    y_edges, x_edges = (np.array(edges(s, n)) for s, n in zip(shape, (ny, nx), strict=True))
    y, x = (0.5 * (e[:-1] + e[1:] - 1) for e in (y_edges, x_edges))
    values = surface(*np.meshgrid(x, y)).astype(np.float32)
    errors = np.ones((ny, nx)) if errors is None else errors
    counts = np.full((ny, nx), 9)
    return Cells(values, np.asarray(errors, np.float32), counts, x_edges, y_edges)


def polynomial(order, seed, shape):
    """A random polynomial of total degree `order` over the image."""
    coefficients = np.zeros((order + 1, order + 1))
    rng = np.random.default_rng(seed)
    for a, b in terms(order):
        coefficients[a, b] = rng.normal()
    h, w = shape
    return lambda x, y: chebyshev.chebval2d((2 * x + 1) / w - 1, (2 * y + 1) / h - 1, coefficients)


@pytest.mark.parametrize("weighting", [False, True])
@pytest.mark.parametrize("order", range(9))
def test_any_surface_of_its_order_comes_back(order, weighting):
    """Exact values at the cell centres give the surface at every pixel."""
    shape = (61, 83)
    surface = polynomial(order, order, shape)
    errors = np.random.default_rng(order).uniform(0.5, 2, (11, 12))
    cells = cells_of(surface, shape, 11, 12, errors)
    got = ChebyshevModel.fit(cells, order, weighting, shape).render()
    y, x = np.indices(shape)
    want = surface(x, y)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, atol=5e-6 * np.abs(want).max())


@settings(max_examples=25)
@given(
    st.integers(-8, 8),
    st.integers(-8, 8),
    st.integers(1, 4),
    st.integers(5, 12),
    st.tuples(st.integers(24, 60), st.integers(24, 60)),
)
def test_any_plane_comes_back_from_pixels(gx, gy, order, size, shape):
    """Cell means of a plane are its values at the centres, whatever binSize leaves over."""
    ref, sci = plane_pair(shape, gx / 8, gy / 8, level=100.0)
    order = min(order, -(-min(shape) // size) - 1)
    config = bgviewer.MatchConfig(use_polynomial=True, order=order, bin_size=size)
    result = bgviewer.match_backgrounds(masked_image(ref), masked_image(sci), config)
    top = np.abs(ref["image"]).max()
    np.testing.assert_allclose(result.model.render(), ref["image"], atol=2e-6 * top)
    np.testing.assert_allclose(result.matched.image, ref["image"], atol=2e-6 * top)
    assert result.matched_mse <= (2e-6 * top) ** 2


def test_order_zero_is_the_mean_weighted_by_one_over_the_error():
    """One power of the standard error, not two (SPEC 12, Q1)."""
    values, errors = np.array([[1.0, 5.0, 20.0]]), np.array([[1.0, 2.0, 4.0]])
    cells = cells_of(lambda x, y: values, (4, 12), 1, 3, errors)

    def level(weighting, **options):
        return ChebyshevModel.fit(cells, 0, weighting, (4, 12), **options).render(y=[0], x=[0])[0]

    assert level(True) == pytest.approx((1 + 2.5 + 5) / (1 + 0.5 + 0.25))
    assert level(False) == pytest.approx(26 / 3)
    squared = (1 + 1.25 + 1.25) / (1 + 0.25 + 0.0625)
    assert level(True, inverse_variance=True) == pytest.approx(squared)


@pytest.mark.parametrize("error", [0.0, np.nan])
def test_cell_without_a_usable_error_is_left_out_when_weighting(error):
    values, errors = np.array([[1.0, 5.0, 20.0]]), np.array([[1.0, error, 1.0]])
    cells = cells_of(lambda x, y: values, (4, 12), 1, 3, errors)

    def level(weighting):
        return ChebyshevModel.fit(cells, 0, weighting, (4, 12)).render()[0, 0]

    assert level(True) == 10.5
    assert level(False) == pytest.approx(26 / 3)


def test_infinite_error_has_no_weight():
    values, errors = np.array([[1.0, 5.0, 20.0]]), np.array([[1.0, np.inf, 1.0]])
    cells = cells_of(lambda x, y: values, (4, 12), 1, 3, errors)
    assert ChebyshevModel.fit(cells, 0, True, (4, 12)).render()[0, 0] == 10.5


def test_cell_without_a_value_is_left_out():
    values = np.array([[1.0, np.nan, 20.0]])
    cells = cells_of(lambda x, y: values, (4, 12), 1, 3)
    assert ChebyshevModel.fit(cells, 0, False, (4, 12)).render()[0, 0] == 10.5


@pytest.mark.parametrize(
    ("values", "errors"), [(np.nan, 1.0), (1.0, 0.0), (1.0, np.nan), (1.0, 1e13)]
)
def test_nothing_to_fit(values, errors):
    """No usable cell, or all weights negligibly small (SPEC 5, the limit of 1e-12)."""
    full = np.full((3, 3), values), np.full((3, 3), errors)
    cells = cells_of(lambda x, y: full[0], (9, 9), 3, 3, full[1])
    with pytest.raises(FitError, match="fit"):
        ChebyshevModel.fit(cells, 1, True, (9, 9))


@settings(max_examples=30)
@given(st.integers(0, 5), st.booleans(), st.integers(0, 10**6))
def test_fit_equals_twin(order, weighting, seed):
    rng = np.random.default_rng(seed)
    shape, count = (37, 52), (8, 9)
    values, errors = rng.normal(50, 3, count), rng.uniform(0.1, 3, count)
    values[rng.random(count) < 0.1] = np.nan
    errors[rng.random(count) < 0.1] = np.nan
    cells = cells_of(lambda x, y: values, shape, *count, errors)
    grid = Grid(cells.values.tolist(), cells.errors.tolist(), cells.x, cells.y, shape)
    rows, columns = [0, 1, 18, 36], [0, 25, 50, 51]
    want = render(Polynomial(grid, order, weighting), rows, columns)
    got = ChebyshevModel.fit(cells, order, weighting, shape).render(y=rows, x=columns)
    np.testing.assert_allclose(got, want, rtol=2e-6, atol=1e-5)


def test_fewer_cells_than_terms_is_no_error_but_is_told():
    cells = cells_of(lambda x, y: x + y, (8, 8), 2, 2)
    model = ChebyshevModel.fit(cells, 3, False, (8, 8))
    assert model.condition > 1e12
    assert model.render().shape == (8, 8)


@pytest.mark.parametrize("order", [0, 1, 3, 8])
def test_any_subset_is_a_slice_of_the_whole(order):
    """Bit for bit, though values lie on the edge between two float32 numbers."""
    shape = (400, 500)
    cells = cells_of(lambda x, y: 1000 + (x + 3 * y) * 2.0**-14, shape, 10, 10)
    model = ChebyshevModel.fit(cells, order, False, shape)
    whole = model.render()
    for n in (1, 2, 3, 5, 64, 131):
        rows, columns = np.arange(n, 2 * n), np.arange(400 - n, 400)[::-1]
        assert same_bits(model.render(y=rows, x=columns), whole[np.ix_(rows, columns)])
        assert same_bits(model.render(y=rows), whole[rows])
        assert same_bits(model.render(x=columns), whole[:, columns])


def test_threads_do_not_change_a_bit():
    cells = cells_of(lambda x, y: np.sin(x / 90) + np.cos(y / 70), (900, 800), 9, 9)
    model = ChebyshevModel.fit(cells, 6, True, (900, 800))
    one = model.render(threads=1)
    assert same_bits(one, model.render(threads=2))
    assert same_bits(one, model.render(threads=5))


@pytest.mark.parametrize("rows", [0, 1, 97, 98, 99, 1000, 16384])
def test_products_in_pieces_are_those_of_the_whole(rows):
    rng = np.random.default_rng(rows)
    left = rng.normal(size=(rows, 45))
    for right in (rng.normal(size=(rows, 45)), rng.normal(size=(rows, 1))):
        expected = np.einsum("na,nb->ab", left, right)
        scale = np.einsum("na,nb->ab", abs(left), abs(right))
        found = summed_products(left, right)
        assert found.shape == expected.shape
        assert (abs(found - expected) <= 1e-13 * scale).all()
