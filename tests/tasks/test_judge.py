"""Residuals, pulls and chi-square: closed forms, properties, an independent twin in NumPy."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.tasks.judge import (
    MAD_TO_SIGMA,
    OUTLIER,
    ChiSquare,
    chi_square,
    count_values,
    judge_chi_square,
    parameter_count,
    summarise_pulls,
    summarise_residuals,
)
from tests.tasks.shown import match_pair, noise_pair


def judged(residuals, errors, *, order=1, n_cells=50):
    """As much of a match as the figures of its bins need."""
    return SimpleNamespace(
        bins=SimpleNamespace(residuals=np.asarray(residuals, float), errors=np.asarray(errors)),
        cells=SimpleNamespace(n_used=n_cells),
        used_order=order,
        model=SimpleNamespace(kind="spline" if order is None else "chebyshev"),
    )


# ---------------------------------------------------------------- residuals


def test_mad_and_outliers_of_known_values():
    """Median 0, absolute deviations 1 1 1 1 2 2 2 2 100 0: their median is (1 + 2) / 2."""
    found = summarise_residuals(np.array([-2, -2, -1, -1, 0, 1, 1, 2, 2, 100.0]))
    assert found.n == 10
    assert found.median == 0.5
    away = sorted(abs(v - 0.5) for v in (-2, -2, -1, -1, 0, 1, 1, 2, 2, 100))
    assert found.sigma == pytest.approx(MAD_TO_SIGMA * (away[4] + away[5]) / 2)
    assert found.outliers == 1
    assert found.rms == pytest.approx(math.sqrt((4 * 4 + 4 * 1 + 1e4) / 10))


def test_the_scale_of_the_mad_is_a_gaussians_own():
    quartile = 0.6744897501960817
    assert pytest.approx(1 / quartile, rel=1e-12) == MAD_TO_SIGMA
    rng = np.random.default_rng(5)
    found = summarise_residuals(rng.normal(3, 2, 40_000))
    assert found.sigma == pytest.approx(2, rel=0.02) and found.median == pytest.approx(3, abs=0.04)
    expected = 40_000 * math.erfc(OUTLIER / math.sqrt(2))
    assert abs(found.outliers - expected) < 5 * math.sqrt(expected) + 1


def test_an_outlier_lies_beyond_four_scaled_mads_and_not_at_them():
    """Ten values ±1 have MAD 1 about 0; the eleventh and twelfth leave that as it is."""
    base = [1.0, -1.0] * 10
    edge = OUTLIER * MAD_TO_SIGMA
    assert summarise_residuals(np.array([*base, edge * 0.999, -edge * 0.999])).outliers == 0
    assert summarise_residuals(np.array([*base, edge * 1.001, -edge * 1.001])).outliers == 2


def test_rounding_is_never_an_outlier():
    values = np.array([0.0] * 20 + [1e-6])
    assert summarise_residuals(values).outliers == 1
    found = summarise_residuals(values, floor=1e-5)
    assert found.outliers == 0 and found.histogram is None


def test_nothing_known_gives_nothing():
    for values in (np.zeros(0), np.full(3, np.nan)):
        found = summarise_residuals(values)
        assert (found.n, found.outliers, found.histogram) == (0, 0, None)
        assert math.isnan(found.rms) and math.isnan(found.sigma)
    one = summarise_residuals(np.array([2.0, np.nan]))
    assert (one.n, one.rms, one.median, one.sigma) == (1, 2.0, 2.0, 0.0) and one.histogram is None


@given(
    st.lists(st.floats(-1e4, 1e4).filter(lambda v: abs(v) > 1e-3), min_size=2, max_size=80),
    st.floats(0.5, 100),
)
def test_figures_scale_with_the_residuals(values, factor):
    values = np.array(values)
    small, large = summarise_residuals(values), summarise_residuals(factor * values)
    for name in ("rms", "median", "sigma"):
        assert getattr(large, name) == pytest.approx(factor * getattr(small, name), abs=1e-9)
    mirrored = summarise_residuals(-values)
    assert mirrored.outliers == small.outliers
    assert mirrored.sigma == pytest.approx(small.sigma, abs=1e-9)
    for found in (small, large):
        if found.histogram is not None:
            assert found.histogram.counts.sum() == len(values), "every bin is in a column"


# ---------------------------------------------------------------- histogram


def test_columns_hold_what_lies_beyond_and_the_curve_has_the_area_of_the_values():
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.normal(0, 1, 2000), [50.0, 60.0, -70.0]])
    found = count_values(values, 0.0, 1.0, 5.0)
    assert found.counts.sum() == values.size
    assert len(found.counts) % 2 == 1, "a column in the middle"
    assert found.edges[0] == -5 and found.edges[-1] == 5
    inside = np.abs(values) <= 5
    twin = [
        np.count_nonzero(inside & (values >= a) & (values < b))
        for a, b in zip(found.edges[:-1], found.edges[1:], strict=True)
    ]
    twin[0] += 1
    twin[-1] += 2
    assert found.counts.tolist() == twin
    width = found.edges[1] - found.edges[0]
    heights = (found.curve_y[1:] + found.curve_y[:-1]) / 2
    area = float(np.sum(heights * np.diff(found.curve_x))) / width
    assert area == pytest.approx(values.size * math.erf(5 / math.sqrt(2)), rel=1e-3)
    peak = values.size * width / math.sqrt(2 * math.pi)
    assert found.curve_y.max() == pytest.approx(peak)


# ---------------------------------------------------------------- pulls and chi-square


def test_chi_square_of_known_residuals():
    """(3/1)² + (−4/2)² + (0/5)² = 13; of errors 0, NaN and infinity nothing is known."""
    match = judged([3, -4, 0, 1, 1, 1, np.nan], [1, 2, 5, 0, np.nan, np.inf, 1], order=0)
    found = chi_square(match)
    assert (found.value, found.bins, found.parameters) == (13.0, 3, 1)
    assert found.dof == 2 and found.reduced == 6.5 and found.spread == 1.0
    pulls = summarise_pulls(match)
    assert (pulls.n, pulls.unknown) == (3, 3)
    assert pulls.mean == pytest.approx(1 / 3)
    assert pulls.stdev == pytest.approx(np.std([3, -2, 0], ddof=1))


def test_without_a_bin_or_freedom_nothing_is_said():
    empty = chi_square(judged([], []))
    assert math.isnan(empty.value) and empty.dof == 0 and math.isnan(empty.reduced)
    assert summarise_pulls(judged([], [])).histogram is None
    spline = chi_square(judged([1, 2], [1, 1], order=None, n_cells=2))
    assert spline.dof == 0 and math.isnan(spline.spread) and spline.kind == "spline"
    assert judge_chi_square(spline.reduced, spline.dof) == "unknown"


@pytest.mark.parametrize(("order", "terms"), [(0, 1), (1, 3), (2, 6), (6, 28), (8, 45)])
def test_a_polynomial_has_as_many_parameters_as_terms_that_cells_determine(order, terms):
    assert parameter_count(judged([], [], order=order, n_cells=500)) == terms
    assert parameter_count(judged([], [], order=order, n_cells=2)) == min(terms, 2)
    assert parameter_count(judged([], [], order=None, n_cells=77)) == 77


@pytest.mark.parametrize("dof", [8, 50, 1800])
def test_good_ends_three_standard_deviations_from_one(dof):
    width = 3 * math.sqrt(2 / dof)
    assert judge_chi_square(1 + 0.99 * width, dof) == "good" == judge_chi_square(1.0, dof)
    assert judge_chi_square(1 + 1.01 * width, dof) == "high"
    if width < 1:
        assert judge_chi_square(1 - 0.99 * width, dof) == "good"
        assert judge_chi_square(1 - 1.01 * width, dof) == "low"
    assert judge_chi_square(math.nan, dof) == "unknown" == judge_chi_square(1.0, 0)


def test_reduced_scatters_by_its_spread_where_errors_are_right():
    rng = np.random.default_rng(9)
    found = [chi_square(judged(2.5 * rng.normal(size=200), np.full(200, 2.5))) for _ in range(300)]
    reduced = np.array([f.reduced * f.dof / f.bins for f in found])  # nothing was fitted here
    assert reduced.mean() == pytest.approx(1, abs=0.02)
    assert reduced.std() == pytest.approx(found[0].spread, rel=0.12)
    assert isinstance(found[0], ChiSquare)


# ---------------------------------------------------------------- of a real match


@pytest.mark.parametrize("order", [0, 2])
def test_pulls_of_a_polynomial_on_white_noise_are_normal(order):
    pair = noise_pair((400, 480), sky=7.0)
    shown = match_pair(*pair, bin_size=20, use_polynomial=True, order=order)
    found = summarise_pulls(shown.result)
    assert (found.n, found.unknown) == (480, 0)
    assert abs(found.mean) < 5 / math.sqrt(480)
    taken = found.chi_square.parameters / 480
    assert found.stdev == pytest.approx(math.sqrt(1 - taken), abs=5 / math.sqrt(2 * 480))
    assert judge_chi_square(found.chi_square.reduced, found.chi_square.dof) == "good"
    assert found.chi_square == shown.figures.chi_square


def test_faint_structure_is_seen_by_chi_square_and_not_by_mse_over_variance():
    y, x = np.mgrid[:400, :480]
    wave = 1.0 * np.sin(x / 30) * np.sin(y / 30)  # a third of the noise of one pixel
    shown = match_pair(*noise_pair((400, 480), wave), bin_size=20, use_polynomial=True, order=1)
    chi = shown.figures.chi_square
    assert judge_chi_square(chi.reduced, chi.dof) == "high" and chi.reduced > 4
    assert shown.figures.ratio < 1.1


def test_chi_square_is_that_of_a_twin_from_the_pixels():
    """Bins, errors and model once more, from the pixels and by plain loops."""
    reference, science = noise_pair((60, 80), sky=3.0)
    shown = match_pair(reference, science, bin_size=20, use_polynomial=True, order=1)
    difference = reference.image.astype(float) - science.image
    model = shown.result.model.render().astype(float)
    total, n = 0.0, 0
    for bottom in range(0, 60, 20):
        for left in range(0, 80, 20):
            part = (slice(bottom, bottom + 20), slice(left, left + 20))
            mean, error = difference[part].mean(), difference[part].std(ddof=1) / 20
            total += ((mean - model[part].mean()) / error) ** 2
            n += 1
    found = shown.figures.chi_square
    assert (found.bins, found.parameters) == (n, 3)
    assert found.value == pytest.approx(total, rel=1e-3)
