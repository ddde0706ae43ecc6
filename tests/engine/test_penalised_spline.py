"""The penalised spline against closed forms and an independent dense twin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import BSpline

from bgviewer.engine.penalised_spline import PSplineModel, SmoothSystem, TileData, fit_p_spline
from bgviewer.errors import FitError

SHAPE, TILE = (160, 208), 16


def tiles(function, *, noise=0.05, holes=None, offsets=False, shape=SHAPE):
    """Return tiles that sample `function(y, x)` in pixels at the centroids of their pixels."""
    rng = np.random.default_rng(20)
    y, x = (TILE * np.arange(n // TILE) + 0.5 * (TILE - 1) for n in shape)
    dy, dx = (rng.uniform(-5, 5, (len(y), len(x))) if offsets else None for _ in range(2))
    yy, xx = np.meshgrid(y, x, indexing="ij")
    at = (yy, xx) if not offsets else (yy + dy, xx + dx)
    values = function(*at) + rng.normal(0, noise, yy.shape) if noise else function(*at)
    errors = np.full(yy.shape, noise or 1.0)
    if holes is not None:
        values = np.where(holes(yy, xx), np.nan, values)
    return TileData(values, errors, y, x, shape, dy, dx)


def dense(data: TileData, order: int, smoothing: float):
    """Solve the same problem as one least-squares system; derivatives by fine quadrature."""
    bases = []
    for side in data.shape:
        count = max(1, -(-side // 28))
        knots = -0.5 + side / count * np.arange(-3, count + 4)
        bases.append(BSpline(knots, np.eye(count + 3), 3))
    by, bx = bases
    yy, xx = np.meshgrid(data.y, data.x, indexing="ij")
    at_y = yy + (0 if data.dy is None else data.dy)
    at_x = xx + (0 if data.dx is None else data.dx)
    rows = []
    for i in range(yy.shape[0]):
        for j in range(yy.shape[1]):
            if data.dy is None:
                row = np.outer(by(at_y[i, j]), bx(at_x[i, j]))
            else:  # to first order about the centre
                row = np.outer(by(yy[i, j]), bx(xx[i, j]))
                row = row + data.dy[i, j] * np.outer(by(yy[i, j], nu=1), bx(xx[i, j]))
                row = row + data.dx[i, j] * np.outer(by(yy[i, j]), bx(xx[i, j], nu=1))
            rows.append(row.ravel())
    design = np.array(rows)
    weight = data.weights.ravel()
    values = np.where(weight > 0, data.values.ravel(), 0.0)
    scale = float(max(data.shape))
    fine = [np.linspace(-0.5, n - 0.5, 40 * n + 1) for n in data.shape]

    def gram(basis, at, k):
        rows = basis(at, nu=k) * scale**k
        step = (at[1] - at[0]) / scale
        w = np.full(len(at), step)
        w[[0, -1]] *= 0.5
        return (rows * w[:, None]).T @ rows

    binomial = {2: (1, 2, 1), 3: (1, 3, 3, 1)}[order]
    penalty = sum(
        b * np.kron(gram(by, fine[0], k), gram(bx, fine[1], order - k))
        for k, b in enumerate(binomial)
    )
    normal = design.T @ (weight[:, None] * design) + smoothing * penalty
    coefficients = np.linalg.solve(normal, design.T @ (weight * values))
    surface = coefficients.reshape(len(by.t) - 4, len(bx.t) - 4)
    return by, bx, surface, design, weight, values, penalty, normal, coefficients


def ring(yy, xx):
    return (yy - 60) ** 2 + (xx - 110) ** 2 < 35**2


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("length", [70.0, 400.0])
@pytest.mark.parametrize("holes", [None, ring], ids=["all", "hole"])
@pytest.mark.parametrize("offsets", [False, True], ids=["centres", "centroids"])
def test_against_the_dense_twin(order, length, holes, offsets):
    data = tiles(lambda y, x: np.sin(y / 30) + x / 50, holes=holes, offsets=offsets)
    model = fit_p_spline(data, order=order, length=length, robust=False)
    smoothing = SmoothSystem(data, order).smoothing_of(length)
    by, bx, surface, *_ = dense(data, order, smoothing)
    rows, columns = np.arange(0, 160, 7.0), np.arange(0, 208, 5.0)
    want = by(rows) @ surface @ bx(columns).T
    np.testing.assert_allclose(model.render(rows, columns), want, atol=3e-4)


@pytest.mark.parametrize("order", [2, 3])
def test_restricted_likelihood_without_holes(order):
    data = tiles(lambda y, x: 2 * np.sin(y / 30) * np.cos(x / 40))
    system = SmoothSystem(data, order)
    found, want = [], []
    for length in (60.0, 120.0, 240.0, 480.0):
        smoothing = system.smoothing_of(length)
        _, _, _, design, weight, values, penalty, normal, c = dense(data, order, smoothing)
        free = system.n - system.geometry.null_dimension
        squares = np.sum(weight * (values - design @ c) ** 2) + smoothing * c @ penalty @ c
        positive = np.linalg.eigvalsh(smoothing * penalty)[system.geometry.null_dimension :]
        determinant = np.linalg.slogdet(normal)[1] - np.log(positive).sum()
        want.append(free * np.log(squares / free) + determinant)
        found.append(system.score(smoothing, system.solve(smoothing)))
    assert np.argmin(found) == np.argmin(want)
    np.testing.assert_allclose(np.diff(found), np.diff(want), rtol=0.15, atol=4)


@pytest.mark.parametrize(("order", "degree"), [(2, 1), (3, 2)])
@pytest.mark.parametrize("holes", [None, ring], ids=["all", "hole"])
def test_free_polynomials_are_exact_at_any_smoothing(order, degree, holes):
    """Also with centroids off the centres, to first order: exact for planes."""

    def surface(y, x):
        out = 3 + 0.02 * y - 0.05 * x
        return out if degree == 1 else out + 1e-4 * y * y - 2e-4 * x * y + 3e-4 * x * x

    data = tiles(surface, noise=0, holes=holes, offsets=degree == 1)
    for length in (80.0, 5000.0):
        model = fit_p_spline(data, order=order, length=length, robust=False)
        rows, columns = np.arange(160.0), np.arange(208.0)
        want = surface(rows[:, None], columns[None, :])
        np.testing.assert_allclose(model.render(), want, atol=1e-3)


def test_large_images_keep_their_free_polynomials():
    """A penalty of third derivatives spans 16 orders of magnitude at 4096 pixels."""

    def surface(y, x):
        return 20 * (x / 4096 - 0.4) ** 2 + 10 * x * y / 4096**2

    data = tiles(surface, noise=0.06, shape=(4096, 4096))
    model = fit_p_spline(data, order=3)
    off = model.render(data.y, data.x) - surface(data.y[:, None], data.x[None, :])
    assert float(np.sqrt(np.mean(off**2))) < 0.002


def test_smoothing_length_halves_a_wave_of_that_length():
    wave = 160.0
    data = tiles(lambda y, x: np.sin(2 * np.pi * x / wave) + 0 * y, noise=0, shape=(640, 640))
    for order in (2, 3):
        model = fit_p_spline(data, order=order, length=wave, robust=False)
        inner = model.render(np.array([320.0]), np.arange(160.0, 480.0))[0]
        assert float(np.abs(inner).max()) == pytest.approx(0.5, abs=0.02)
        system = SmoothSystem(data, order)
        assert system.length_of(system.smoothing_of(wave)) == pytest.approx(wave)


def test_noise_alone_gives_a_plane_and_structure_is_followed():
    flat = fit_p_spline(tiles(lambda y, x: 0 * x, shape=(1024, 1024)))
    assert flat.smoothing_length > 700
    assert float(np.abs(flat.render()).max()) < 0.02
    wave = tiles(lambda y, x: np.sin(x / 40) + 0 * y, shape=(1024, 1024))
    model = fit_p_spline(wave)
    off = model.render(wave.y, wave.x) - np.sin(wave.x / 40)
    assert float(np.sqrt(np.mean(off**2))) < 0.03


def test_outlying_tiles_lose_their_weight():
    data = tiles(lambda y, x: 0.01 * x + 0 * y, shape=(512, 512))
    data.values[5, 7] += 40.0
    data.values[20, 3] -= 9.0
    model = fit_p_spline(data)
    assert model.n_rejected == 2
    assert float(np.abs(model.render(data.y, data.x) - 0.01 * data.x).max()) < 0.1
    followed = fit_p_spline(data, length=60.0, robust=False)
    assert abs(float(followed.render([87.5], [119.5])[0, 0]) - 1.195) > 2


def test_too_few_tiles_are_refused():
    data = tiles(lambda y, x: 0 * x, holes=lambda yy, xx: (yy > 20) | (xx > 30))
    with pytest.raises(FitError, match="needs more than 6"):
        fit_p_spline(data, order=3)


def test_rows_are_those_of_the_whole_image_and_go_on_beyond_it():
    model = fit_p_spline(tiles(lambda y, x: np.sin(y / 30) + x / 50))
    assert isinstance(model, PSplineModel)
    whole = model.render()
    assert whole.shape == SHAPE and whole.dtype == np.float32
    np.testing.assert_array_equal(model.render([3, 150], [0, 207]), whole[[3, 150]][:, [0, 207]])
    beyond = model.render([-3.0, 162.0], [50.0])
    assert np.isfinite(beyond).all()
