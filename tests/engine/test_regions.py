"""Regions: what lies in them, against a plain loop, and what ignoring their pixels does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import IGNORED_PLANE, Exposure, MaskedImage, ignoring
from bgviewer.engine.matching import match_backgrounds
from bgviewer.engine.ranking import measure_exposure
from bgviewer.engine.regions import Region, ignored_pixels
from bgviewer.errors import ConfigError, ShapeMismatchError

NY, NX = 9, 12
place = st.floats(-4, 16, allow_nan=False).map(lambda v: round(v, 3))
size = st.floats(0.1, 12).map(lambda v: round(v, 3))
angle = st.floats(-360, 360).map(lambda v: round(v, 2))
# Eighths of a pixel off the centres: a corner never lies on a row of pixels.
corner = st.integers(-3, 14).map(lambda v: v + 0.375)
boxes = st.builds(lambda *n: Region("box", n), place, place, size, size, angle)
ellipses = st.builds(lambda *n: Region("ellipse", n), place, place, size, size, angle)
polygons = st.lists(st.tuples(corner, corner), min_size=3, max_size=7).map(
    lambda corners: Region("polygon", tuple(v for c in corners for v in c))
)


def distance_to_border(region, y, x):
    """How far a decision is from tipping, so that rounding may be left out of the comparison."""
    x0, y0, a, b, turn = region.numbers
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    along, across = (x - x0) * c + (y - y0) * s, -(x - x0) * s + (y - y0) * c
    if region.shape == "box":
        return min(a / 2 - abs(along), b / 2 - abs(across))
    return 1 - math.hypot(along / a, across / b)


def crossings(region, y, x):
    """Borders that a ray from the point to the right crosses; None when it is too close to one."""
    n = region.numbers
    corners = [(n[i], n[i + 1]) for i in range(0, len(n), 2)]
    count = 0
    for i, (x1, y1) in enumerate(corners):
        x2, y2 = corners[(i + 1) % len(corners)]
        if min(y1, y2) < y < max(y1, y2):
            at = x1 + (x2 - x1) * (y - y1) / (y2 - y1)
            if abs(at - x) < 1e-9:
                return None
            count += at > x
    return count


@given(st.one_of(boxes, ellipses))
def test_boxes_and_ellipses_against_a_plain_loop(region):
    y, x = np.mgrid[0:NY, 0:NX].astype(float)
    found = region.inside(y, x)
    for row in range(NY):
        for column in range(NX):
            margin = distance_to_border(region, row, column)
            if abs(margin) > 1e-9:
                assert found[row, column] == (margin > 0), (row, column, margin)


@given(polygons)
def test_polygons_against_a_plain_loop(region):
    y, x = np.mgrid[0:NY, 0:NX].astype(float)
    found = region.inside(y, x)
    for row in range(NY):
        for column in range(NX):
            count = crossings(region, row, column)
            if count is not None:
                assert found[row, column] == (count % 2 == 1), (row, column)


@given(st.one_of(boxes, ellipses, polygons), st.integers(-5, 5), st.integers(-5, 5))
def test_cutting_out_the_bounds_loses_no_pixel(region, x0, y0):
    y, x = np.mgrid[y0 : y0 + NY, x0 : x0 + NX].astype(float)
    whole = region.inside(y, x)
    found = ignored_pixels((NY, NX), (x0, y0), [region])
    if found is None:
        assert not whole.any()
    else:
        np.testing.assert_array_equal(found, whole)


@given(st.one_of(boxes, ellipses), st.sampled_from([-180.0, 180.0, 360.0]))
def test_half_turns_change_nothing(region, turn):
    y, x = np.mgrid[0:NY, 0:NX].astype(float)
    clear = all(abs(distance_to_border(region, r, c)) > 1e-9 for r in range(NY) for c in range(NX))
    assume(clear)
    turned = Region(region.shape, (*region.numbers[:4], region.numbers[4] + turn))
    np.testing.assert_array_equal(region.inside(y, x), turned.inside(y, x))


def test_regions_add_up_and_none_is_none():
    one, two = Region("box", (2, 2, 1, 1, 0)), Region("box", (8, 5, 1, 1, 0))
    found = ignored_pixels((NY, NX), (0, 0), [one, two])
    assert np.argwhere(found).tolist() == [[2, 2], [5, 8]]
    assert ignored_pixels((NY, NX), (0, 0), []) is None
    assert ignored_pixels((NY, NX), (0, 0), [Region("box", (50, 2, 3, 3, 0))]) is None


@pytest.mark.parametrize(
    ("shape", "numbers"),
    [
        ("circle", (1, 1, 2)),
        ("box", (1, 1, 2, 2)),
        ("box", (1, 1, 0, 2, 0)),
        ("ellipse", (1, 1, 2, -1, 0)),
        ("polygon", (1, 1, 2, 2)),
        ("polygon", (1, 1, 2, 2, 3, 3, 4)),
        ("box", (1, 1, float("nan"), 2, 0)),
    ],
)
def test_what_is_no_region_is_refused(shape, numbers):
    with pytest.raises(ConfigError, match=shape):
        Region(shape, numbers)


# ---------------------------------------------------------------- ignoring pixels

SOME = np.zeros((4, 5), bool)
SOME[1, 2] = SOME[3, 4] = True
TYPES = ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8"]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("n_planes", [0, 1, 7, 8, 31, 63])
def test_a_free_bit_is_found_in_every_type(kind, n_planes):
    rng = np.random.default_rng(4)
    mask = rng.integers(0, 100, (4, 5)).astype(kind)
    planes = {f"P{i}": i for i in range(n_planes)}
    image = MaskedImage(np.ones((4, 5)), mask=mask, planes=planes)
    out = ignoring(image, SOME)
    np.testing.assert_array_equal(out.flagged(()), SOME)
    for name in planes:
        before = image.flagged((name,))
        np.testing.assert_array_equal(out.flagged((name,)), before | SOME)
    assert out.image is not None and np.shares_memory(out.image, image.image)
    np.testing.assert_array_equal(image.mask, mask)


def test_without_a_mask_there_is_one_of_the_ignored_pixels_only():
    image = Exposure(np.ones((4, 5)), planes={"BAD": 0}, name="a", unit="adu")
    out = ignoring(image, SOME)
    assert type(out) is Exposure and (out.name, out.unit) == ("a", "adu")
    assert out.plane_counts() == {IGNORED_PLANE: 2}
    assert image.mask is None and image.flagged(()) is None
    twice = ignoring(out, ~SOME)
    assert twice.plane_counts() == {IGNORED_PLANE: 20}


def test_a_bit_without_a_name_does_not_come_to_mean_ignored():
    image = MaskedImage(np.ones((4, 5)), mask=np.full((4, 5), 0xFF, np.uint8), planes={"BAD": 0})
    np.testing.assert_array_equal(ignoring(image, SOME).flagged(()), SOME)


def test_no_bit_free_and_wrong_shapes_are_refused():
    full = MaskedImage(
        np.ones((4, 5)), mask=np.zeros((4, 5), "u8"), planes={f"P{i}": i for i in range(64)}
    )
    with pytest.raises(ConfigError, match="free bit"):
        ignoring(full, SOME)
    with pytest.raises(ShapeMismatchError):
        ignoring(full, SOME.T)


@pytest.mark.parametrize("masked", [False, True])
def test_ignored_pixels_count_like_pixels_without_a_value(masked):
    rng = np.random.default_rng(1)
    shape = (60, 80)
    mask = (rng.random(shape) < 0.02).astype(np.int32) if masked else None
    first, second = (
        MaskedImage(rng.normal(100, 3, shape), mask, np.full(shape, 9.0)) for _ in range(2)
    )
    spoilt = ignored_pixels(shape, (0, 0), [Region("ellipse", (30, 25, 12, 7, 30))])
    blank = MaskedImage(
        np.where(spoilt, np.nan, second.image), second.mask, second.variance, second.planes
    )
    config = MatchConfig(bin_size=20, interp_style="LINEAR")
    ours = match_backgrounds(first, ignoring(second, spoilt), config)
    plain = match_backgrounds(first, blank, config)
    np.testing.assert_array_equal(ours.model.render(), plain.model.render())
    assert ours.fit_rms == plain.fit_rms != match_backgrounds(first, second, config).fit_rms
    assert measure_exposure(ignoring(second, spoilt)) == measure_exposure(blank)


HUGE = 1e308


@pytest.mark.parametrize(
    ("shape", "numbers", "all_of_it"),
    [
        ("box", (5, 5, HUGE, HUGE, 30), True),
        ("box", (HUGE, -HUGE, 3, 3, 0), False),
        ("ellipse", (5, 5, HUGE, HUGE, 45), True),
        ("ellipse", (-HUGE, 5, 3, 3, 45), False),
        ("polygon", (-HUGE, -HUGE, HUGE, -HUGE, HUGE, HUGE, -HUGE, HUGE), True),
        ("polygon", (-HUGE, -HUGE, HUGE, -HUGE, HUGE, -HUGE / 2, -HUGE, -HUGE / 2), False),
        ("polygon", (0, -HUGE, HUGE, 0, 0, HUGE, -HUGE, 0), True),
    ],
)
def test_numbers_near_the_largest_there_is(shape, numbers, all_of_it):
    found = ignored_pixels((NY, NX), (3, -2), [Region(shape, numbers)])
    assert (found is not None and bool(found.all())) == all_of_it
    assert all_of_it or found is None or not found.any()
