"""Source detection: what becomes DETECTED, what does not, and that it is said."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.detection import DETECTION, Detection
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled, ConfigError
from bgviewer.io.detect import check_sep, detected_pixels, with_detected
from bgviewer.io.stack import ExposureStack
from tests.stars import field

pytest.importorskip("sep")


def test_stars_are_found_and_the_sky_is_not():
    image = Exposure(field())
    found = detected_pixels(image, Detection(sigma=4, grow=0))
    y, x = np.indices(image.shape)
    near = np.hypot(y - 60, x - 80) < 12
    near |= np.hypot(y - 150, x - 250) < 12
    assert found[60, 80] and found[150, 250]
    # pixels well over the threshold belong to a star; far from stars there is none
    bright = image.image > 100 + 12 * 5
    assert found[bright].all() and not found[~near].any()


@pytest.mark.parametrize("grow", [1, 4])
def test_growing_is_a_square_around_every_pixel(grow):
    image = Exposure(field())
    plain = detected_pixels(image, Detection(sigma=5, grow=0))
    grown = detected_pixels(image, Detection(sigma=5, grow=grow))
    wanted = np.zeros_like(plain)
    for y, x in np.argwhere(plain):
        wanted[max(0, y - grow) : y + grow + 1, max(0, x - grow) : x + grow + 1] = True
    np.testing.assert_array_equal(grown, wanted)


@settings(max_examples=15, deadline=None)
@given(
    st.floats(-1e4, 1e4, allow_subnormal=False),
    st.sampled_from([0.125, 0.5, 2.0, 1024.0]),
)
def test_neither_level_nor_unit_of_the_sky_matters(level, factor):
    image = field(shape=(130, 130), stars=((40, 40),))
    detection = Detection(sigma=5, grow=0)
    there = detected_pixels(Exposure(image), detection)
    moved = detected_pixels(Exposure((image + np.float32(level)) * np.float32(factor)), detection)
    assert (there != moved).mean() < 2e-3 and moved[40, 40]


def test_a_lower_threshold_and_area_flag_no_less():
    image = Exposure(field())
    high = detected_pixels(image, Detection(sigma=6, grow=0, min_area=8))
    low = detected_pixels(image, Detection(sigma=3, grow=0, min_area=8))
    small = detected_pixels(image, Detection(sigma=1.5, grow=0, min_area=1))
    assert (high <= low).all() and (low <= small).all() and high.sum() < low.sum() < small.sum()


def test_pixels_without_a_value_are_none_and_do_no_harm():
    image = field()
    image[55:66, 70:75] = np.nan
    image[10, 10] = np.inf
    mask = np.zeros(image.shape, np.int32)
    mask[145:156, 245:256] = 1  # a star in a hole of bad pixels is nothing
    exposure = Exposure(image, mask, planes={"BAD": 0})
    found = detected_pixels(exposure, Detection(grow=0, sigma=5))
    assert found[60, 80] and not found[~np.isfinite(image)].any()
    assert not found[150, 250]
    empty = Exposure(np.full((70, 70), np.nan))
    assert not detected_pixels(empty, Detection()).any()
    assert not detected_pixels(Exposure(np.full((70, 70), 3.0)), Detection()).any()


def test_tiles_leave_no_seam():
    """A star on the border of two tiles is found whole, as it is in the middle of one."""
    on_border = field((700, 700), stars=((512, 512),), seed=1)
    inside = field((700, 700), stars=((300, 300),), seed=1)
    detection = Detection(sigma=8, grow=0)
    one = detected_pixels(Exposure(on_border), detection)
    other = detected_pixels(Exposure(inside), detection)
    assert abs(int(one.sum()) - int(other.sum())) <= 6 and one[512, 512]
    rows, columns = np.nonzero(one)
    assert rows.min() < 512 <= rows.max() and columns.min() < 512 <= columns.max()


def test_an_exposure_with_its_own_plane_stays_as_it_is():
    mask = np.zeros((200, 300), np.int32)
    own = Exposure(field(), mask, planes={"DETECTED": 5, "BAD": 0})
    ours = with_detected(own, Detection())
    assert ours.detection == Detection() and ours.flagged(("DETECTED",)).any()
    assert ours.planes == own.planes
    mask = mask.copy()
    mask[0, 0] = 32
    theirs = replace(own, mask=mask)
    assert with_detected(theirs, Detection()) is theirs and theirs.detection is None


def test_other_planes_are_kept_and_a_free_bit_is_taken():
    rng = np.random.default_rng(2)
    mask = (rng.random((200, 300)) < 0.01).astype(np.int32)
    before = Exposure(field(), mask, planes={"BAD": 0})
    after = with_detected(before, Detection())
    assert after.planes == {"BAD": 0, "DETECTED": 1}
    np.testing.assert_array_equal(after.flagged(("BAD",)), mask == 1)
    plain = with_detected(Exposure(field()), Detection())
    assert plain.planes == {"DETECTED": 0}


def test_a_stack_detects_on_reading_and_only_when_wanted():
    stack = ExposureStack.of([Exposure(field()), Exposure(field(seed=8))])
    assert stack.read(0).detection is None and stack.read(0).mask is None
    wanted = stack.with_plan(StackPlan(detection=Detection()))
    assert wanted.read(0).detection == Detection()
    assert stack.read(0).mask is None
    assert wanted.with_regions(()).read(1).flagged(("DETECTED",)).any()
    config = MatchConfig(bad_mask_planes=("DETECTED",))
    assert stack.missing_planes(config) == ("DETECTED",)
    assert wanted.missing_planes(config) == ()
    assert wanted.measure(0, config).coverage < stack.measure(0, config).coverage


def test_files_are_kept_in_memory_apart(make):
    make.plain("a.fits", data=field())
    make.plain("b.fits", data=field(seed=9))
    from bgviewer.io.stack import load_stack

    stack = load_stack(make.folder)
    low, high = (stack.with_plan(StackPlan(detection=Detection(sigma=s))) for s in (3, 30))
    assert low.read(0) is low.read(0)
    counts = [e.flagged(("DETECTED",)).sum() for e in (low.read(0), high.read(0))]
    assert counts[0] > counts[1] > 0
    assert stack.read(0).mask is None
    config = MatchConfig()
    assert low.measure(0, config).coverage == low.read(0).image.size - counts[0]


def test_more_source_pixels_than_sep_has_room_for():
    """A field where most pixels are above the threshold somehow is still answered."""
    y, x = np.indices((640, 640))
    noise = np.random.default_rng(6).normal(0, 1, (640, 640))
    image = Exposure(noise + 60.0 * ((x % 64 > 40) & (y % 64 > 2)))
    import sep

    before = sep.get_extract_pixstack()
    sep.set_extract_pixstack(3000)
    try:
        found = detected_pixels(image, Detection(sigma=1, grow=0, min_area=1))
        assert sep.get_extract_pixstack() == 3000
    finally:
        sep.set_extract_pixstack(before)
    assert found[(x % 64 > 43) & (x % 64 < 61) & (y % 64 > 5)].mean() > 0.9


def test_it_can_be_stopped():
    progress = Stoppable()
    progress.stop()
    with pytest.raises(Cancelled):
        detected_pixels(Exposure(field()), Detection(), progress)


def test_without_sep_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sep", None)
    with pytest.raises(ConfigError, match=r"bgviewer\[detect\]"):
        check_sep()


@pytest.mark.parametrize(("name", "value"), [("sigma", 0), ("min_area", 0), ("grow", -1)])
def test_values_out_of_range_are_refused_by_their_names(name, value):
    with pytest.raises(ConfigError, match=DETECTION[name].lsst_name):
        Detection(**{name: value})
