"""One bin looked at closely, against the pixels themselves and a slow twin."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.plan import StackPlan
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.bin import bin_box, bin_region, inspect_bin, toggled
from bgviewer.tasks.show import ShowRequest, show
from tests.engine import twin_numbers as twin
from tests.tasks.shown import NAMES, match_pair, noise_pair


@pytest.fixture(scope="module")
def shown():
    """Bins of 20 on 120 x 90 pixels at parent (1000, -40); one has a star, a hole and flags."""
    masks = [np.zeros((90, 120), np.uint16) for _ in range(2)]
    masks[0][41:44, 62:65] = 1 << NAMES["BAD"]
    masks[1][43:45, 62:65] = 1 << NAMES["SAT"] | 1 << NAMES["DETECTED"]
    reference, science = noise_pair(xy0=(1000, -40), masks=masks)
    image = science.image.copy()
    image[50:53, 70:73] += 4000
    image[48, 61:70] = np.nan
    science = dataclasses.replace(science, image=image)
    return match_pair(
        reference, science, bin_size=20, use_polynomial=True, order=1, grid_statistic="MEANCLIP"
    )


def good_values(shown, box):
    left, right, bottom, top = box
    values = shown.result.difference.values[bottom:top, left:right]
    return values[np.isfinite(values)]


BOX = (60, 80, 40, 60)


# ---------------------------------------------------------------- which bin


@pytest.mark.parametrize(
    ("at", "box"),
    [
        ((1000, -40), (0, 20, 0, 20)),
        ((999.5, -40.5), (0, 20, 0, 20)),
        ((1019.49, -20.51), (0, 20, 0, 20)),
        ((1019.5, -20.5), (20, 40, 20, 40)),
        ((1119.4, 49.4), (100, 120, 80, 90)),
        ((1119.5, 0), None),
        ((999.4, 0), None),
        ((1005, 49.6), None),
    ],
)
def test_a_pixel_reaches_half_a_pixel_around_its_middle(shown, at, box):
    assert bin_box(shown, *at) == box


def test_boxes_are_those_of_the_bins_that_judge(shown):
    bins, (x0, y0) = shown.result.bins, shown.result.difference.xy0
    for k in range(len(bins.values)):
        box = (bins.left[k], bins.right[k], bins.bottom[k], bins.top[k])
        middle = (x0 + (box[0] + box[1] - 1) / 2, y0 + (box[2] + box[3] - 1) / 2)
        assert bin_box(shown, *middle) == box
        view = inspect_bin(shown, tuple(int(v) for v in box))
        assert (view.value, view.error, view.model) == (
            bins.values[k],
            bins.errors[k],
            bins.model[k],
        )
        assert view.pull == pytest.approx(bins.residuals[k] / bins.errors[k], nan_ok=True)


# ---------------------------------------------------------------- its numbers


@pytest.mark.parametrize(("k", "passes"), [(3, 2), (3, 1), (2, 3), (4, 5)])
def test_statistics_and_clipping_are_those_of_the_twin(shown, k, passes):
    config = shown.result.config.replace(num_sigma_clip=k, num_iter=passes)
    again = show(ShowRequest(shown.stack, 0, 1, config))
    view = inspect_bin(again, BOX)
    expected = twin.describe(good_values(again, BOX), k, passes)
    found = view.statistics
    assert (found.n, found.n_clipped) == (expected.n, expected.n_clipped)
    assert expected.n_clipped >= 9, "the star is clipped"
    for name in ("mean", "median", "meanclip", "mean_error", "median_error", "meanclip_error"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-5), name
    assert view.value == pytest.approx(expected.meanclip, rel=1e-5)
    assert view.kept.sum() == expected.n - expected.n_clipped, "the histogram hatches those"
    assert view.clipped.sum() == expected.n_clipped


def test_the_limits_are_those_of_the_last_pass(shown):
    view, values = inspect_bin(shown, BOX), good_values(shown, BOX).astype(float)
    q1, median, q3 = np.percentile(values, (25, 50, 75))
    half = 3 * 0.741301109252802 * (q3 - q1)
    first = values[np.abs(values - median) <= half]
    width = 3 * first.std(ddof=1)
    assert view.limits == pytest.approx((first.mean() - width, first.mean() + width), rel=1e-3)
    low, high = view.limits
    assert np.count_nonzero((values < low) | (values > high)) == view.clipped.sum()


def test_the_histogram_holds_every_good_pixel_and_a_star_does_not_stretch_it(shown):
    view, values = inspect_bin(shown, BOX), good_values(shown, BOX)
    assert view.total.sum() == values.size == view.pixels - view.flagged
    assert values.min() < -3000, "the difference is reference − science"
    assert view.edges[0] > -60 and view.edges[-1] < 60
    inner = values[(values >= view.edges[1]) & (values < view.edges[-2])]
    counts, _ = np.histogram(inner, view.edges)
    np.testing.assert_array_equal(counts[1:-1], view.total[1:-1])
    assert view.total[0] >= 9, "the star is in the first column"
    assert view.tallest == pytest.approx(1.05 * view.total.max())


def test_flags_are_counted_per_plane_and_exposure(shown):
    view = inspect_bin(shown, BOX)
    assert {n: (a, b) for n, a, b in view.planes} == {
        "BAD": (9, 0),
        "SAT": (0, 6),
        "DETECTED": (0, 6),
    }
    bad = 9 + 6 - 3  # three pixels have both; DETECTED is bad by default as well
    assert view.flagged == bad + 9, "and nine without a value"
    assert inspect_bin(shown, (0, 20, 0, 20)).planes == ()


def test_a_bin_without_good_pixels_has_no_numbers_but_a_model():
    reference, science = noise_pair()
    image = science.image.copy()
    image[:20, :20] = np.nan
    image[0, 0] = 5
    science = MaskedImage(image, None, science.variance)
    shown = match_pair(reference, science, bin_size=20, use_polynomial=True, order=1)
    view = inspect_bin(shown, (0, 20, 0, 20))
    assert view.dropped and view.statistics.n == 1
    assert math.isnan(view.value) and math.isnan(view.pull)
    assert view.model == shown.result.model.render([10], [10])[0, 0]
    image = image.copy()
    image[0, 0] = np.nan
    shown = match_pair(reference, MaskedImage(image), bin_size=20, use_polynomial=True, order=1)
    view = inspect_bin(shown, (0, 20, 0, 20))
    assert view.statistics.n == 0 and view.total.sum() == 0 and view.flagged == 400


def test_equal_pixels_have_one_column_with_all():
    flat = [MaskedImage(np.full((60, 60), v, np.float32)) for v in (5, 3)]
    view = inspect_bin(match_pair(*flat, bin_size=20), (0, 20, 0, 20))
    assert view.total.max() == view.total.sum() == 400 and view.limits == (2, 2)
    assert view.clipped.sum() == 0 and view.statistics.n_clipped == 0


def test_a_large_bin_is_looked_at_in_part():
    reference, science = noise_pair((300, 300), sky=2.0)
    shown = match_pair(reference, science, bin_size=300, use_polynomial=False)
    view = inspect_bin(shown, (0, 300, 0, 300))
    assert view.every == 2 and view.pixels == 150 * 150
    assert view.statistics.mean == pytest.approx(view.value, abs=5 * view.error * 2)
    whole = shown.result.difference.values.mean(dtype=float)
    assert view.value == pytest.approx(whole, rel=1e-5), "the match used all pixels"


# ---------------------------------------------------------------- leaving it out


def test_the_region_takes_exactly_the_bins_pixels_of_one_exposure(shown):
    for box in (BOX, (0, 20, 0, 20), (100, 120, 80, 90)):
        region = bin_region(shown, box)
        assert region.exposure == shown.stack.entries[1].name
        held = shown.stack.with_regions((region,))
        again = show(ShowRequest(held, 0, 1, shown.config))
        lost = np.isfinite(shown.result.difference.values)
        lost &= ~np.isfinite(again.result.difference.values)
        left, right, bottom, top = box
        expected = np.zeros_like(lost)
        expected[bottom:top, left:right] = True
        expected &= np.isfinite(shown.result.difference.values)
        np.testing.assert_array_equal(lost, expected)
        view = inspect_bin(again, box)
        assert view.dropped and view.statistics.n == 0 and view.flagged == view.pixels
        assert view.planes[-1][0] != view.planes[0][0] or len(view.planes) == 1
        names = {name: science for name, _, science in view.planes}
        assert view.pixels in names.values(), "all pixels carry the plane of the region"


def test_toggling_twice_is_nothing():
    stack = ExposureStack.of(noise_pair())
    shown = show(ShowRequest(stack, 0, 1, MatchConfig(bin_size=20)))
    one, other = (bin_region(shown, box) for box in (BOX, (0, 20, 0, 20)))
    plan = StackPlan(frozenset({"x"}))
    both = toggled(toggled(plan, one), other)
    assert both.regions == (one, other) and both.excluded == {"x"}
    assert toggled(both, one).regions == (other,)
    assert toggled(toggled(both, one), other) == plan
