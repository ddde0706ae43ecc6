"""Pairs of pure noise: every figure is as expected in at least 95 % of the matches."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.ndimage import convolve1d, gaussian_filter

import bgviewer

SIDE, PAIRS = 256, 5
MODELS = (
    {"bin_size": 32},
    {"bin_size": 64, "interp_style": "LINEAR", "grid_statistic": "MEDIAN"},
    {"bin_size": 48, "interp_style": "NATURAL_SPLINE", "grid_statistic": "MEANCLIP"},
    {"bin_size": 64, "use_polynomial": True, "order": 1},
    {"bin_size": 32, "use_polynomial": True, "order": 5},
    {"bin_size": 32, "penalised_spline": True},
)


def resampled(noise, kind, rng):
    shift = rng.uniform(0.2, 0.8)
    if kind == "psf":
        return gaussian_filter(noise, 1.3)
    if kind == "bilinear":
        kernel = np.array([1 - shift, shift])
    elif kind == "lanczos":
        at = np.arange(-2, 4) - shift
        kernel = np.sinc(at) * np.sinc(at / 3)
        kernel /= kernel.sum()
    else:
        return noise
    for axis in (0, 1):
        noise = convolve1d(noise, kernel, axis=axis)
    return noise


def noisy(kind, rng):
    noise = rng.normal(0.0, 4.0, (SIDE + 16, SIDE + 16))
    image = 100.0 + resampled(noise, kind, rng)[8:-8, 8:-8]
    return bgviewer.MaskedImage(image.astype(np.float32))


@pytest.mark.parametrize("kind", ["white", "bilinear", "lanczos", "psf"])
def test_noise_is_as_expected(kind):
    above, known = Counter(), Counter()
    rng = np.random.default_rng([*kind.encode()])
    for _ in range(PAIRS):
        pair = noisy(kind, rng), noisy(kind, rng)
        for settings in MODELS:
            config = bgviewer.MatchConfig(**settings)
            found = bgviewer.diagnose(bgviewer.match_backgrounds(*pair, config, complete=False))
            known.update(d.key for d in found.items if d.state != "unknown")
            above.update(d.key for d in found.above)
    assert known["chi_square"] == known["held_out"] == known["overshoot"] == PAIRS * len(MODELS)
    assert {key: above[key] / known[key] for key in above if above[key] > 0.05 * known[key]} == {}
