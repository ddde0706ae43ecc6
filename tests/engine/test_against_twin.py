"""Engine against twin on random scenes: every statistic, style and undersample style."""

import warnings
from itertools import product

import numpy as np
import pytest

import bgviewer

from .adapters import Engine, Twin
from .stage import COVERAGES, STATISTICS, STYLES, UNDERSAMPLE, pair
from .twin_numbers import Trouble

SHAPES = [(23, 31), (18, 40), (37, 17)]
TINY = [(1, 1), (1, 7), (6, 1), (2, 2), (3, 5), (5, 5)]


def compare(ref, sci, options, xy0=(0, 0)):
    """Hold the engine to the twin; return what happened, for the tests that count."""
    try:
        want = Twin.match(ref, sci, options, xy0)
    except Trouble as trouble:
        with pytest.raises(bgviewer.BgviewerError) as caught:
            Engine.match(ref, sci, options, xy0)
        Engine.assert_failure(caught.value, trouble.kind)
        return trouble.kind
    try:
        got = Engine.match(ref, sci, options, xy0)
    except bgviewer.NoOverlapError:  # where the original returns NaN without a word
        assert np.isnan(want.full()).all()
        return "no_overlap"
    assert (got.style, got.order, got.weighted) == (want.style, want.order, want.weighted)
    for name in ("x", "y", "bin_x", "bin_y"):
        np.testing.assert_array_equal(getattr(got, name), getattr(want, name))
    for name in ("values", "errors"):
        np.testing.assert_array_equal(getattr(got, name), getattr(want, name), err_msg=name)
    np.testing.assert_allclose(got.bin_values, want.bin_values, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(got.bin_errors, want.bin_errors, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(got.diff_im_var, want.diff_im_var, rtol=1e-12)
    if options["usePolynomial"] and condition(got, ref["image"].shape, xy0) > 1e9:
        return "singular"
    a, b = got.full(), want.full()
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
    limit = 1e-6 * float(np.nanmax(np.abs(b), initial=0))
    np.testing.assert_allclose(a, b, rtol=0, atol=limit)
    np.testing.assert_allclose(got.bin_model, want.bin_model, rtol=0, atol=limit)
    np.testing.assert_allclose(got.fit_rms, want.fit_rms, rtol=1e-6, atol=limit)
    np.testing.assert_allclose(got.matched_mse, want.matched_mse, rtol=1e-5, atol=limit**2)
    return "matched"


def condition(found, shape, xy0):
    """Condition number of the normal equations, made afresh from cells and centres."""
    h, w = shape
    x, y = np.array(found.x) - xy0[0], np.array(found.y) - xy0[1]
    x, y = np.meshgrid((2 * x + 1) / w - 1, (2 * y + 1) / h - 1)
    with np.errstate(divide="ignore"):
        weight = 1 / found.errors.astype(float) if found.weighted else np.ones(x.shape)
    use = np.isfinite(found.values + weight)
    pairs = [(a, b) for a in range(found.order + 1) for b in range(found.order + 1 - a)]
    cos = [np.cos(a * np.arccos(x)) * np.cos(b * np.arccos(y)) for a, b in pairs]
    design = np.array([t[use] for t in cos])
    if design.shape[1] < len(pairs):
        return np.inf
    return np.linalg.cond((design * weight[use]) @ design.T)


def options_of(statistic, undersample, size, **more):
    return {
        "gridStatistic": statistic,
        "undersampleStyle": undersample,
        "binSize": size,
        "usePolynomial": False,
        **more,
    }


@pytest.mark.parametrize("coverage", COVERAGES)
@pytest.mark.parametrize("style", STYLES)
def test_splines(style, coverage):
    """Every statistic and undersample style, on sides that the bins do and do not divide."""
    seen = set()
    for k, (statistic, undersample, size) in enumerate(product(STATISTICS, UNDERSAMPLE, (3, 5, 9))):
        ref, sci = pair(100 + k, SHAPES[k % 3], coverage)
        options = options_of(statistic, undersample, size, interpStyle=style)
        seen.add(compare(ref, sci, options))
    assert "matched" in seen


@pytest.mark.parametrize("coverage", COVERAGES)
@pytest.mark.parametrize("order", [0, 1, 2, 4])
def test_polynomials(order, coverage):
    seen = set()
    for k, (statistic, undersample, size) in enumerate(product(STATISTICS, UNDERSAMPLE, (3, 5))):
        ref, sci = pair(200 + k, SHAPES[k % 3], coverage)
        more = {"usePolynomial": True, "order": order, "approxWeighting": k % 4 != 0}
        seen.add(compare(ref, sci, options_of(statistic, undersample, size, **more)))
    assert "matched" in seen


@pytest.mark.parametrize("shape", TINY, ids=str)
def test_tiny_images(shape):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k, (statistic, style, size) in enumerate(product(STATISTICS, STYLES, (1, 2, 5))):
            ref, sci = pair(300 + k, shape, lost=0.1)
            compare(ref, sci, options_of(statistic, UNDERSAMPLE[1], size, interpStyle=style))
            more = {"usePolynomial": True, "order": k % 3}
            compare(ref, sci, options_of(statistic, UNDERSAMPLE[k % 3], size, **more))


@pytest.mark.parametrize("undersample", UNDERSAMPLE)
@pytest.mark.parametrize("polynomial", [False, True])
def test_clip_settings_planes_and_epsilon(undersample, polynomial):
    choices = product([(1, 5), (2, 3), (5, 1)], [[], ["EDGE"], ["DETECTED", "SAT"]], [0.0, 3.0])
    for k, ((sigmas, passes), planes, epsilon) in enumerate(choices):
        ref, sci = pair(400 + k, SHAPES[k % 3])
        more = {
            "usePolynomial": polynomial,
            "order": 2,
            "numSigmaClip": sigmas,
            "numIter": passes,
            "badMaskPlanes": planes,
            "gridStdevEpsilon": epsilon,
        }
        compare(ref, sci, options_of("MEANCLIP", undersample, 6, **more), xy0=(-12, 3000))


@pytest.mark.parametrize("level", [0.0, 1e6, -1e6, 1e-6])
def test_uniform_difference(level):
    """Constant cells: no scatter, no weights (SPEC 6 step 5)."""
    shape = (20, 24)
    flat = {"mask": np.zeros(shape, np.int32), "variance": np.ones(shape, np.float32)}
    ref = {**flat, "image": np.full(shape, level, np.float32)}
    sci = {**flat, "image": np.zeros(shape, np.float32)}
    for polynomial in (False, True):
        more = {"usePolynomial": polynomial, "order": 2}
        assert compare(ref, sci, options_of("MEAN", UNDERSAMPLE[0], 4, **more)) == "matched"


def test_failures_happened_too():
    """The scenes above do reach the failures: here is one of each kind."""
    ref, sci = pair(1, SHAPES[0], "half")
    line = options_of("MEAN", "THROW_EXCEPTION", 5, interpStyle="AKIMA_SPLINE")
    assert compare(ref, sci, line) == "too_few_valid_points_on_line"
    cells = options_of("MEAN", "THROW_EXCEPTION", 9, interpStyle="AKIMA_SPLINE")
    assert compare(ref, sci, cells) == "too_few_cells_for_style"
    more = {"usePolynomial": True, "order": 4}
    assert compare(ref, sci, options_of("MEAN", "THROW_EXCEPTION", 5, **more)) == (
        "insufficient_coverage"
    )
