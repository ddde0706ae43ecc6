"""Noise runs against closed forms: correlated pixels, and fits whose errors are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.noise_expectations import (
    CorrelatedNoise,
    Expectation,
    expected_overshoot,
    expected_uncertainty,
    noise_fits,
)
from bgviewer.engine.uncertainty import uncertainty_map
from tests.engine.judged import matched

CONSTANT = {"bin_size": 32, "use_polynomial": True, "order": 0, "approx_weighting": False}


def correlated(image):
    result = matched(MatchConfig(**CONSTANT), shape=image.shape, smooth=image, noise=0.0)
    return CorrelatedNoise.measure(result.difference.values)


@pytest.mark.parametrize("sigma", [0.0, 0.8, 1.5])
def test_the_sum_of_a_gaussian_autocorrelation(sigma):
    noise = np.random.default_rng(4).standard_normal((512, 512))
    if sigma:
        noise = gaussian_filter(noise, sigma, mode="wrap")
    found = correlated(noise)
    # unit variance over the square of the sum of the kernel's squares: 4 pi sigma^2
    expected = 4.0 * math.pi * sigma**2 if sigma else 1.0
    assert found.total == pytest.approx(expected, rel=0.15)
    assert abs(found.total - expected) < 3.0 * found.error
    for side in (8, 32):
        blocks = noise.reshape(512 // side, side, 512 // side, side)
        scatter = blocks.transpose(0, 2, 1, 3).reshape(-1, side * side).var(axis=1, ddof=1)
        true = blocks.mean(axis=(1, 3)).var() / (scatter.mean() / side**2)
        assert found.at(side) == pytest.approx(true, rel=0.3 if side == 32 else 0.15)


def test_a_sky_is_not_taken_for_correlated_pixels():
    x = np.arange(512)
    sky = 300 * np.sin(x / 60)[:, None] + 200 * np.cos(x / 45)[None, :]
    found = correlated(sky + np.random.default_rng(5).standard_normal((512, 512)))
    assert found.total < 1.0 + 3.0 * found.error


def test_a_constant_is_as_uncertain_as_the_mean_of_its_cells():
    result = matched(settings=CONSTANT)
    found = expected_uncertainty(result, uncertainty_map(result), CorrelatedNoise())
    assert found.mean == pytest.approx(1.0 / math.sqrt(256 * 320), rel=0.02)
    # the factor is the root of chi square over its 79 degrees of freedom
    assert found.error / found.mean == pytest.approx(1.0 / math.sqrt(2 * 79), rel=0.02)


def test_a_constant_never_goes_beyond_its_cells():
    assert expected_overshoot(matched(settings=CONSTANT), CorrelatedNoise()).limit == 0.0


@pytest.mark.parametrize(
    "settings",
    [
        {"bin_size": 32},
        {"bin_size": 32, "use_polynomial": True, "order": 2},
        {"bin_size": 32, "penalised_spline": True},
    ],
)
def test_fits_of_a_plane_are_that_plane_also_where_cells_are_missing(settings):
    result = matched(settings=settings)
    carriers = result.carriers
    plane = 3.0 * carriers.x_local[None, :] - 2.0 * carriers.y_local[:, None]
    hole = plane.copy()
    hole[3, 4] = np.nan
    at = np.array([60.0, 130.0, 170.0])
    for cells in (plane, hole):
        found = noise_fits(result, cells[None], at, at)[0]
        np.testing.assert_allclose(found, 3.0 * at[None, :] - 2.0 * at[:, None], rtol=2e-3)


def test_limits_are_three_deviations_above():
    assert Expectation(2.0, 0.5).limit == 3.5
