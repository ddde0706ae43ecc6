"""Colour scales by closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from bgviewer.tasks import levels as p


def test_centred_levels_resist_outliers_and_count_them():
    values = np.concatenate([np.linspace(-1, 1, 101), [500.0, -900.0]])
    levels = p.centred_levels(values)
    middle = np.median(np.abs(values))
    assert levels.high == pytest.approx(3 * 1.4826 * middle) and levels.low == -levels.high
    assert levels.outliers == 2
    assert p.centred_levels(np.array([0.5, -0.25])).high == 0.5, "never beyond the data"
    assert p.centred_levels(np.array([np.nan])) == p.Levels(-1, 1)
    assert p.centred_levels(np.zeros(4)) == p.Levels(-1, 1, only=0.0)


@pytest.mark.parametrize("levels", [p.sky_levels, p.sample_levels])
def test_levels_are_always_apart(levels):
    for values in (np.full((5, 5), 7.0), np.full((5, 5), np.nan), np.zeros((1, 1))):
        found = levels(values)
        assert np.isfinite([found.low, found.high]).all() and found.high > found.low


def test_sky_levels_ignore_stars():
    rng = np.random.default_rng(0)
    image = rng.normal(300, 10, (200, 200))
    image[::17, ::13] = 60000
    image[0] = np.nan
    levels = p.sky_levels(image)
    assert 262 < levels.low < 278 and 375 < levels.high < 405


def test_model_levels_do_not_follow_a_runaway_corner():
    cells = np.linspace(0, 10, 36).reshape(6, 6)
    model = np.linspace(0, 10, 400).reshape(20, 20)
    model[-1, -1] = 1e6
    levels = p.model_levels(model, cells)
    assert levels.low == 0 and levels.high == pytest.approx(12)


def test_rounding_is_not_painted_at_full_scale():
    """A thousandth of the median bin error; without errors a millionth of the cells' range."""
    errors, cells = np.array([0.1, 0.2, np.nan, 0.9]), np.array([5.0, 25.0, np.nan])
    assert p.residual_floor(errors, cells) == pytest.approx(2e-4)
    assert p.residual_floor(np.zeros(3), cells) == pytest.approx(20e-6)
    assert p.residual_floor(np.zeros(3), np.full(4, 50.0)) == pytest.approx(50e-6)
    assert p.residual_floor(np.array([]), np.array([np.nan])) == 0
    noise = np.array([1e-8, -2e-8])
    assert p.centred_levels(noise, floor=2e-4) == p.Levels(-2e-4, 2e-4)
    assert p.centred_levels(np.array([0.5, -0.25]), floor=2e-4).high == 0.5


def test_an_image_of_one_value_names_it():
    assert p.sample_levels(np.full((3, 3), 7.0)).only == 7
    assert p.sky_levels(np.full((3, 3), 7.0)).only == 7
    assert p.sample_levels(np.arange(9.0).reshape(3, 3)).only is None
