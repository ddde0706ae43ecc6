"""Matching one pair: properties that hold for any pair (SPEC section 6)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bgviewer

from .adapters import masked_image
from .stage import (
    COVERAGES,
    STATISTICS,
    STEP,
    STYLES,
    assert_same_result,
    exact,
    pair,
    plane_pair,
    same_bits,
)
from .twin_numbers import BITS

SPLINES = [{"interp_style": s} for s in STYLES]
POLYNOMIALS = [{"use_polynomial": True, "order": n} for n in (0, 2, 3)]
MODELS = SPLINES + POLYNOMIALS
BAD = BITS["DETECTED"]
models = st.sampled_from(MODELS)
statistics = st.sampled_from(STATISTICS)
seeds = st.integers(0, 10**6)


def match(ref, sci, **options):
    options = {"bin_size": 7, **options}
    config = bgviewer.MatchConfig(**options)
    return bgviewer.match_backgrounds(masked_image(ref), masked_image(sci), config)


def top_of(*arrays):
    return max(float(np.nanmax(np.abs(a), initial=0)) for a in arrays)


@settings(max_examples=40)
@given(seeds, models, statistics, st.integers(-64 * 500, 64 * 500))
def test_constant_added_to_science_is_taken_off_by_the_model(seed, model, statistic, steps):
    """Science + c: the model changes by -c, matched and all figures stay as they are."""
    ref, sci = pair(seed)
    moved = {**sci, "image": sci["image"] + np.float32(steps * STEP)}
    one = match(ref, sci, grid_statistic=statistic, **model)
    other = match(ref, moved, grid_statistic=statistic, **model)
    before, after = one.model.render(), other.model.render()
    limit = 1e-6 * (top_of(before, after) + top_of(ref["image"]))
    np.testing.assert_allclose(after, before - steps * STEP, rtol=0, atol=limit)
    np.testing.assert_allclose(other.matched.image, one.matched.image, rtol=0, atol=2 * limit)
    for name in ("fit_rms", "matched_mse"):
        a, b = getattr(one, name), getattr(other, name)
        assert b == pytest.approx(a, rel=1e-5, abs=limit, nan_ok=True)
    assert other.diff_im_var == one.diff_im_var
    np.testing.assert_allclose(other.cells.errors, one.cells.errors, rtol=1e-5, atol=1e-6)


@settings(max_examples=40)
@given(seeds, models, statistics)
def test_swapping_the_pair_negates_the_model(seed, model, statistic):
    ref, sci = pair(seed)
    one = match(ref, sci, grid_statistic=statistic, **model)
    other = match(sci, ref, grid_statistic=statistic, **model)
    limit = 3e-7 * (1 + top_of(one.model.render()))
    np.testing.assert_allclose(other.model.render(), -one.model.render(), rtol=0, atol=limit)
    np.testing.assert_allclose(other.bins.values, -one.bins.values, rtol=1e-12, atol=1e-9)
    assert other.diff_im_var == one.diff_im_var
    assert other.fit_rms == pytest.approx(one.fit_rms, abs=limit)
    assert other.matched_mse == pytest.approx(one.matched_mse, rel=1e-5)


@settings(max_examples=30)
@given(seeds, models, statistics, st.sampled_from([np.nan, np.inf, -np.inf, 1e30, -3e38]))
def test_values_of_bad_pixels_never_matter(seed, model, statistic, value):
    ref, sci = pair(seed)
    changed = []
    for planes in (ref, sci):
        image, variance = planes["image"].copy(), planes["variance"].copy()
        bad = planes["mask"] & BAD != 0
        image[bad], variance[bad] = value, value
        changed.append({**planes, "image": image, "variance": variance})
    options = {"grid_statistic": statistic, **model}
    one, other = match(ref, sci, **options), match(*changed, **options)
    assert_same_result(one, other, matched=False)
    good = sci["mask"] & BAD == 0
    assert same_bits(one.matched.image[good], other.matched.image[good])


@settings(max_examples=15)
@given(seeds, models, statistics)
def test_lost_pixel_is_as_good_as_a_flagged_one(seed, model, statistic):
    """NaN in either exposure, or a bad plane in either: the same result but for diff_im_var."""
    ref, sci = pair(seed, lost=0.0)
    hit = np.random.default_rng(seed).random(ref["image"].shape) < 0.2
    variants = []
    for which, how in (("ref", "flag"), ("sci", "flag"), ("ref", "nan"), ("sci", "inf")):
        planes = {"ref": ref, "sci": sci}[which]
        new = {k: v.copy() for k, v in planes.items()}
        if how == "flag":
            new["mask"][hit] |= BITS["SAT"]
        else:
            new["image"][hit] = float(how)
        two = (new, sci) if which == "ref" else (ref, new)
        variants.append(match(*two, grid_statistic=statistic, **model))
    for other in variants[1:]:
        assert same_bits(variants[0].model.render(), other.model.render())
        assert same_bits(variants[0].cells.errors, other.cells.errors)
        assert variants[0].matched_mse == other.matched_mse
    assert variants[0].diff_im_var == variants[1].diff_im_var


def test_planes_that_are_not_in_the_list_are_used():
    """EDGE and SUSPECT pixels count by default (SPEC 12, Q20)."""
    ref, sci = plane_pair((20, 20), 0.0, 0.0, level=5.0)
    ref["image"][:, :4] = 9.0
    ref["mask"][:, :4] = BITS["EDGE"] | BITS["SUSPECT"]
    options = {"bin_size": 20, "interp_style": "CONSTANT"}
    assert match(ref, sci, **options).cells.values[0, 0] == np.float32(5.8)
    left_out = match(ref, sci, bad_mask_planes=("EDGE",), **options)
    assert left_out.cells.values[0, 0] == 5.0
    assert match(ref, sci, bad_mask_planes=("SAT",), **options).cells.values[0, 0] == (
        np.float32(5.8)
    )


def test_plane_that_the_mask_lacks_counts_as_empty():
    ref, sci = pair(3)
    names = ("DETECTED", "NO_SUCH_PLANE")
    with pytest.warns(bgviewer.BgviewerWarning, match="NO_SUCH_PLANE; it counts as empty"):
        one = match(ref, sci, bad_mask_planes=names)
    other = match(ref, sci, bad_mask_planes=names[:1])
    assert_same_result(one, other)


AS_GIVEN = {
    "float64": lambda a: a.astype(np.float64),
    "big-endian float32": lambda a: a.astype(">f4"),
    "big-endian float64": lambda a: a.astype(">f8"),
    "Fortran order": np.asfortranarray,
    "every other pixel of a larger array": lambda a: np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2],
    "reversed view": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
}


@pytest.mark.parametrize("how", AS_GIVEN)
@pytest.mark.parametrize("model", [SPLINES[3], POLYNOMIALS[1]], ids=["spline", "polynomial"])
def test_how_the_arrays_are_stored_does_not_matter(how, model):
    ref, sci = pair(11, (60, 50))
    masks = {"float64": "i8", "big-endian float32": ">i4", "big-endian float64": ">u2"}
    changed = []
    for planes in (ref, sci):
        new = {k: AS_GIVEN[how](planes[k]) for k in ("image", "variance")}
        mask = planes["mask"].astype(masks[how]) if how in masks else AS_GIVEN[how](planes["mask"])
        changed.append({**new, "mask": mask})
    for statistic in STATISTICS:
        options = {"grid_statistic": statistic, "bin_size": 11, **model}
        one, other = match(ref, sci, **options), match(*changed, **options)
        assert_same_result(one, other)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: str(list(m.values())[-1]))
def test_without_variance_planes_only_diff_im_var_is_lost(model):
    ref, sci = pair(12)
    whole = match(ref, sci, **model)
    for missing in ((ref,), (sci,), (ref, sci)):
        pruned = [
            {k: v for k, v in p.items() if k != "variance"} if any(p is m for m in missing) else p
            for p in (ref, sci)
        ]
        result = match(*pruned, **model)
        assert np.isnan(result.diff_im_var)
        assert np.isnan(result.ratio)
        assert same_bits(result.model.render(), whole.model.render())
        assert (result.fit_rms, result.matched_mse) == (whole.fit_rms, whole.matched_mse)
        assert result.adjustments == whole.adjustments
        assert (result.matched.variance is None) == any(sci is m for m in missing)


@pytest.mark.parametrize("coverage", COVERAGES)
def test_matched_is_science_plus_model(coverage):
    ref, sci = pair(13, coverage=coverage)
    before = {k: v.copy() for k, v in sci.items()}
    result = match(ref, sci)
    want = before["image"] + result.model.render()
    assert same_bits(result.matched.image, want)
    assert same_bits(result.matched.mask, before["mask"])
    assert same_bits(result.matched.variance, before["variance"])
    assert all(same_bits(sci[k], before[k]) for k in before)  # the caller's arrays are untouched


def test_diff_im_var_is_a_clipped_mean_with_every_statistic():
    """Two depths: only the majority's value is left (SPEC 12, Q21)."""
    ref, sci = plane_pair((20, 20), 0.1, 0.2)
    ref["variance"][:3] = 7.0
    for statistic in STATISTICS:
        assert match(ref, sci, grid_statistic=statistic).diff_im_var == 2.0
    ref["variance"][:] = np.arange(20)
    assert match(ref, sci, grid_statistic="MEDIAN").diff_im_var == 10.5


def test_matched_mse_of_a_known_remainder():
    """Plus and minus 1 on a chess board around a plane: the mean square left is 1."""
    ref, sci = plane_pair((40, 40), 0.5, 0.25)
    y, x = np.indices((40, 40))
    ref["image"] += ((x + y) % 2 * 2 - 1).astype(np.float32)
    result = match(ref, sci, bin_size=8, interp_style="LINEAR")
    assert result.matched_mse == pytest.approx(1.0, rel=1e-6)
    assert result.ratio == pytest.approx(0.5, rel=1e-6)  # diff_im_var is 2


@pytest.mark.parametrize("size", [2, 4, 10])
@pytest.mark.parametrize(("gx", "gy"), [(0.5, 0.25), (1.0, -0.25), (0.0, 2.0)])
def test_even_bins_on_a_ramp_are_read_half_a_pixel_off(size, gx, gy):
    """fit_rms is |gx + gy| / 2 though the model is exact (SPEC 12, Q4)."""
    ref, sci = plane_pair((40, 60), gx, gy)
    result = match(ref, sci, bin_size=size, interp_style="LINEAR")
    assert result.fit_rms == pytest.approx(abs(gx + gy) / 2, rel=1e-5)
    assert result.fit.fit_rms_centred == pytest.approx(0, abs=1e-5)


def test_odd_bins_on_a_ramp_are_read_at_their_centres():
    ref, sci = plane_pair((45, 60), 0.5, 0.25)
    assert match(ref, sci, bin_size=5, interp_style="LINEAR").fit_rms == pytest.approx(0, abs=1e-5)


def test_parent_position_moves_positions_only():
    ref, sci = pair(14)
    config = bgviewer.MatchConfig(bin_size=7)
    results = [
        bgviewer.match_backgrounds(masked_image(ref, a), masked_image(sci, b), config)
        for a, b in (((0, 0), (0, 0)), ((-50, 4000), (0, 0)))
    ]
    assert same_bits(*[r.model.render() for r in results])
    assert results[0].fit_rms == results[1].fit_rms
    np.testing.assert_array_equal(results[1].cells.x, results[0].cells.x - 50)
    np.testing.assert_array_equal(results[1].bins.y, results[0].bins.y + 4000)


def test_residual_beyond_float32_is_not_used():
    """Where reference - matched overflows, the pixel counts as not finite (SPEC 12, Q29)."""
    ref, sci = plane_pair((8, 8), 0.0, 0.0)
    ref["image"][:] = -3e38
    ref["image"][0, 0] = 3e38
    result = match(ref, sci, bin_size=8, interp_style="CONSTANT")
    model = result.model.render()[0, 0]
    left = np.float32(-3e38) - model
    assert result.matched_mse == pytest.approx(float(left) ** 2, rel=1e-6)


def test_exactness_of_the_stage():
    """The scenes' pixels are multiples of STEP, on which the tests above lean."""
    ref, _ = pair(0)
    known = ref["image"][np.isfinite(ref["image"])]
    assert (known == exact(known)).all()
