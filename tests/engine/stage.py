"""Small scenes for the engine's tests: pairs of exposures with known or random content."""

from __future__ import annotations

import numpy as np

from .twin_numbers import BITS

STATISTICS = ("MEAN", "MEDIAN", "MEANCLIP")
STYLES = ("CONSTANT", "LINEAR", "NATURAL_SPLINE", "AKIMA_SPLINE")
UNDERSAMPLE = ("THROW_EXCEPTION", "REDUCE_INTERP_ORDER", "INCREASE_NXNYSAMPLE")
COVERAGES = ("whole", "half", "hole", "corner", "dots")
STEP = 1 / 64  # pixels in multiples of this: float32 sums and differences are exact


def exact(values):
    """Round to multiples of STEP, as float32."""
    return (np.rint(np.asarray(values) / STEP) * STEP).astype(np.float32)


def exposure(rng, shape, *, level=100.0, slopes=(0.05, -0.03), noise=2.0, flagged=0.1, lost=0.02):
    """One exposure: a tilted sky with noise, flagged and lost (NaN) pixels, varying variance."""
    y, x = np.indices(shape)
    image = exact(level + slopes[0] * x + slopes[1] * y + noise * rng.standard_normal(shape))
    mask = np.zeros(shape, np.int32)
    mask[rng.random(shape) < flagged] |= BITS["DETECTED"]
    mask[rng.random(shape) < 0.1] |= BITS["EDGE"]  # is no bad plane by default
    image[mask & BITS["DETECTED"] != 0] += 300.0
    image[rng.random(shape) < lost] = np.nan
    variance = rng.uniform(1, 3, shape).astype(np.float32)
    return {"image": image, "mask": mask, "variance": variance}


def cover(planes, coverage):
    """Take pixels away so that the data cover part of the image only."""
    h, w = planes["image"].shape
    y, x = np.indices((h, w))
    gone = {
        "whole": np.zeros((h, w), bool),
        "half": x + 0.3 * y > 0.6 * w,
        "hole": (abs(x - w / 2) < w / 4) & (abs(y - h / 2) < h / 5),
        "corner": (x > w / 2) | (y > h / 3),
        "dots": (x * 7 + y * 3) % 11 != 0,
    }[coverage]
    planes["image"][gone] = np.nan
    planes["mask"][gone] |= BITS["NO_DATA"]
    return planes


def pair(seed, shape=(36, 44), coverage="whole", **options):
    """A reference and a science exposure."""
    rng = np.random.default_rng(seed)
    ref = exposure(rng, shape, **options)
    sci = exposure(rng, shape, level=80.0, slopes=(-0.2, 0.11), noise=1.5)
    return ref, cover(sci, coverage)


def plane_pair(shape, gx, gy, level=3.0):
    """A noiseless pair whose difference is level + gx*x + gy*y, nothing flagged."""
    y, x = np.indices(shape)
    ref = {
        "image": (level + gx * x + gy * y).astype(np.float32),
        "mask": np.zeros(shape, np.int32),
        "variance": np.ones(shape, np.float32),
    }
    return ref, {k: np.zeros_like(v) if k == "image" else v.copy() for k, v in ref.items()}


def same_bits(a, b):
    """Whether two arrays (or numbers) are equal bit for bit, NaN equal to NaN."""
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def assert_same_result(a, b, *, matched=True):
    """Two match results are equal bit for bit."""
    for part, names in (
        ("cells", ("values", "errors", "counts", "x", "y")),
        ("bins", ("x", "y", "values", "errors", "model", "counts")),
    ):
        for name in names:
            one, other = getattr(getattr(a, part), name), getattr(getattr(b, part), name)
            assert same_bits(one, other), f"{part}.{name} differs"
    for name in ("fit_rms", "diff_im_var", "matched_mse"):
        assert same_bits(getattr(a, name), getattr(b, name)), f"{name} differs"
    for name in ("used_order", "used_weighting", "used_interp_style", "adjustments"):
        assert getattr(a, name) == getattr(b, name), f"{name} differs"
    assert same_bits(a.model.render(), b.model.render()), "the model differs"
    if matched:
        assert same_bits(a.matched.image, b.matched.image), "matched differs"
