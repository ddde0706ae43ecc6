"""Depth against closed forms: white noise, Román's formula, sines of known power, discs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from bgviewer.engine.depth import (
    aperture_noise,
    largest_source,
    limiting_surface_brightness,
    pixel_sigma,
    power_by_scale,
)
from bgviewer.engine.noise_expectations import CorrelatedNoise


def noise(sigma=3.0, shape=(768, 640), seed=2):
    return (sigma * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def test_white_noise_adds_up_with_the_root_of_the_pixels():
    image = noise()
    assert pixel_sigma(image) == pytest.approx(3.0, rel=0.01)
    for found in aperture_noise(image, (4, 8, 16, 32)):
        expected = 3.0 * math.sqrt(found.side**2)
        # error of a median of |N(0, 1)|, over the independent apertures
        assert found.sigma == pytest.approx(expected, rel=4 * 1.2 / math.sqrt(found.count))
        assert found.of_mean == pytest.approx(found.sigma / found.side**2)
        assert found.count == (768 // found.side) * (640 // found.side)


def test_slopes_levels_and_masks_do_not_count():
    y, x = np.mgrid[:512, :512]
    image = noise(shape=(512, 512)) + (1000 + 0.2 * x - 0.1 * y).astype(np.float32)
    holes = np.random.default_rng(3).random((512, 512)) < 0.05
    (plain,) = aperture_noise(noise(shape=(512, 512)), [16])
    (sloped,) = aperture_noise(image, [16])
    (holed,) = aperture_noise(np.where(holes, np.nan, image).astype(np.float32), [16])
    assert sloped.sigma == pytest.approx(plain.sigma, rel=0.01)
    assert holed.sigma == pytest.approx(plain.sigma, rel=0.1)
    (sparse,) = aperture_noise(np.where(x % 2, np.nan, image).astype(np.float32), [16])
    assert sparse.count == 0 and math.isnan(sparse.sigma)


def test_too_small_images_have_none():
    assert math.isnan(pixel_sigma(noise(shape=(5, 5))))
    assert math.isnan(aperture_noise(noise(shape=(5, 50)), [8])[0].sigma)
    assert power_by_scale(np.full((8, 8), np.nan, np.float32)) == ()


def test_the_limit_is_that_of_the_noise_in_a_box():
    # SDSS: 10" boxes of pixels of 0.396" hold (10 / 0.396)^2 of them, zero point 22.5
    sigma, pixel = 0.02, 0.396
    in_box = sigma * math.sqrt((10.0 / pixel) ** 2)  # flux
    expected = 22.5 - 2.5 * math.log10(3.0 * in_box / 10.0**2)  # per square arcsecond
    assert limiting_surface_brightness(sigma, 22.5, pixel) == pytest.approx(expected)
    deeper = limiting_surface_brightness(sigma, 22.5, pixel, n_sigma=1.0)
    assert deeper - expected == pytest.approx(2.5 * math.log10(3.0))
    assert math.isnan(limiting_surface_brightness(0.0, 22.5, pixel))


@pytest.mark.parametrize(("wavelength", "octave"), [(100.0, 2), (64.0, 3), (16.0, 5)])
def test_a_sine_has_half_its_amplitude_squared(wavelength, octave):
    x = np.arange(512)
    period = 512 / round(512 / wavelength)
    row = 5.0 * np.sin(2 * np.pi * x / period)
    image = np.tile(row.astype(np.float32), (512, 1))
    found = power_by_scale(image)
    part = found[octave]
    assert part.low < period <= part.high * (1 + 1e-9)
    mean = np.cos(np.pi / period)  # of two neighbouring pixels, as tiles have them
    assert part.variance == pytest.approx(12.5 * mean**2, rel=1e-3)
    assert sum(p.variance for p in found) == pytest.approx(part.variance, rel=1e-6)


def test_white_noise_is_explained_by_itself_and_masks_keep_the_power():
    image = noise(4.0, (512, 512))
    found = power_by_scale(image)
    assert sum(p.variance for p in found) == pytest.approx(16.0 / 4, rel=0.02)  # tiles of 2 x 2
    for part in found[2:]:
        assert part.variance == pytest.approx(part.noise, rel=0.5 if part.low > 60 else 0.1)
    x = np.arange(512)
    sine = image + (10.0 * np.sin(2 * np.pi * x / 64)).astype(np.float32)
    blocks = np.random.default_rng(5).random((64, 64)) < 0.3
    sine[np.kron(blocks, np.ones((8, 8))) > 0] = np.nan
    assert power_by_scale(sine)[3].variance == pytest.approx(50.0 * 0.7, rel=0.1)


def test_the_largest_source_is_measured_by_its_area():
    y, x = np.mgrid[:200, :200]
    good = np.hypot(x - 60, y - 70) > 20
    good &= np.hypot(x - 150, y - 150) > 9
    covered = np.ones_like(good)
    assert largest_source(good, covered) == pytest.approx(40.0, rel=0.02)
    covered[:, :100] = False
    assert largest_source(good & covered, covered) == pytest.approx(18.0, rel=0.03)
    assert largest_source(covered, covered) == 0.0


def test_correlated_noise_has_more_power_at_long_wavelengths():
    image = gaussian_filter(noise(40.0, (512, 512)), 1.5, mode="wrap")
    # a Gaussian keeps the power of the longest wavelengths: that of independent pixels of 40
    for part in power_by_scale(image, sigma=40.0)[2:4]:
        assert part.variance == pytest.approx(part.noise, rel=0.4 if part.low > 60 else 0.2)
    correlated = CorrelatedNoise.measure(image)
    assert correlated.equivalent(pixel_sigma(image), 8) == pytest.approx(40.0, rel=0.15)
