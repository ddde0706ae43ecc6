"""Blocks that judge a fit, and what pure noise does to them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bgviewer.engine.chebyshev import term_count, terms_at
from bgviewer.engine.probes import block_means, form_probe, noise_runs
from bgviewer.engine.structure import moran
from tests.engine.judged import matched, positions

SPLINE = {"bin_size": 32}
POLYNOMIAL = {"bin_size": 32, "use_polynomial": True, "order": 2}
SHAPE = (256, 320)


@pytest.mark.parametrize("order", [0, 1, 3])
def test_a_model_is_read_as_its_mean_over_the_pixels(order):
    y, x = positions(SHAPE)
    smooth = 40 + 30 * x**3 - 20 * x * y + 9 * y
    result = matched(settings={**POLYNOMIAL, "order": order}, smooth=smooth)
    y_edges, x_edges = np.array([0, 31, 32, 200, 256]), np.array([0, 7, 320])
    whole = result.model.render().astype(float)
    expected = [
        [whole[a:b, c:d].mean() for c, d in pairwise(x_edges)] for a, b in pairwise(y_edges)
    ]
    np.testing.assert_allclose(block_means(result.model, y_edges, x_edges), expected, rtol=2e-6)


def test_quarters_lie_within_the_cells_of_a_spline():
    result = matched(settings={"bin_size": 45})
    probe = form_probe(result)
    assert probe is not None and probe.kind == "quarters"
    assert np.isin(result.cells.x_edges, probe.x_edges).all()
    assert np.isin(result.cells.y_edges, probe.y_edges).all()
    assert probe.counts.sum() == result.difference.good_count


def test_slope_and_half_a_pixel_are_no_misfit():
    y, x = positions(SHAPE)
    result = matched(settings=POLYNOMIAL, smooth=500 * x + 300 * y, noise=0.01)
    # the bins are read half a pixel off, as LSST does (Q4); the probe is not
    probe = form_probe(result)
    assert probe is not None
    assert np.nanstd(probe.pulls) < 2 < np.sqrt(np.mean(result.bins.residuals**2)) / 0.001


def test_cells_of_one_pixel_cannot_be_halved():
    assert form_probe(matched(settings={"bin_size": 1}, shape=(12, 12))) is None


def test_noise_runs_agree_with_the_closed_form_of_ordinary_least_squares():
    # Residuals M e of a fit without weights: chi-square trace(M), likeness trace(M W) / trace(M).
    order = 2
    result = matched(settings={**POLYNOMIAL, "order": order, "approx_weighting": False})
    probe = form_probe(result)
    assert probe is not None and probe.n == 80
    design = terms_at(order, SHAPE, result.cells.y_local, result.cells.x_local).reshape(80, -1)
    m = np.eye(80) - design @ np.linalg.pinv(design)
    row, column = np.divmod(np.arange(80), 10)
    near = np.abs(row[:, None] - row) + np.abs(column[:, None] - column) == 1
    runs = noise_runs(result, probe, draws=2000)
    assert runs.chi_square == pytest.approx((80 - term_count(order)) / 80, abs=0.01)
    assert runs.chi_square_error == pytest.approx(np.sqrt(2 * (80 - 6)) / 80, rel=0.1)
    likeness = 80 / near.sum() * np.trace(m @ near) / np.trace(m)
    assert runs.moran == pytest.approx(likeness, abs=0.01)


@pytest.mark.parametrize(
    "settings",
    [
        SPLINE,
        POLYNOMIAL,
        {**SPLINE, "grid_statistic": "MEDIAN"},
        {**POLYNOMIAL, "grid_statistic": "MEDIAN"},
        {**SPLINE, "grid_statistic": "MEANCLIP"},
        {**SPLINE, "interp_style": "LINEAR"},
        {**POLYNOMIAL, "bin_size": 30, "order": 3},
        {**POLYNOMIAL, "inverse_variance_weighting": True},
    ],
    ids=lambda s: "-".join(map(str, s.values())),
)
def test_noise_runs_foretell_what_noise_does(settings):
    chi, likeness, runs = [], [], None
    for seed in range(12):
        y, x = positions(SHAPE)
        smooth = 20 + 4 * x - 3 * y
        result = matched(settings=settings, seed=seed, holes=0.05, smooth=smooth)
        probe = form_probe(result)
        assert probe is not None
        chi.append(np.nanmean(probe.pulls**2))
        likeness.append(moran(probe.pulls).value)
        runs = runs or noise_runs(result, probe)
    assert runs is not None
    assert np.mean(chi) == pytest.approx(runs.chi_square, abs=4 * runs.chi_square_error / 12**0.5)
    assert np.mean(likeness) == pytest.approx(runs.moran, abs=4 * runs.moran_error / 12**0.5)
    assert np.std(chi) < 2 * runs.chi_square_error and np.std(likeness) < 2 * runs.moran_error


def test_medians_on_a_steep_slope_are_no_structure():
    # Of a slope the median of a cell is not the mean of its quarters' medians.
    y, x = positions(SHAPE)
    z = []
    for seed in range(12):
        result = matched(
            settings={"bin_size": 64, "grid_statistic": "MEDIAN"}, seed=seed, smooth=9 * x - 4 * y
        )
        probe = form_probe(result)
        assert probe is not None
        runs = noise_runs(result, probe)
        z.append((moran(probe.pulls).value - runs.moran) / runs.moran_error)
    assert np.abs(z).max() < 3.5 and abs(np.mean(z)) < 1


def test_the_same_twice():
    result = matched(settings=SPLINE)
    probe = form_probe(result)
    assert probe is not None
    assert noise_runs(result, probe) == noise_runs(result, probe)
