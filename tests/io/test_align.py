"""Exposures of another grid re-projected: exact where it can be, honest elsewhere."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgviewer.engine.exposure import Exposure
from bgviewer.errors import BgviewerError, ConfigError, GridError
from bgviewer.io.align import AlignTarget, aligned, check_reproject
from bgviewer.io.sky import Grid
from bgviewer.io.stack import load_stack
from tests.extents import NX, NY, header, scene

pytest.importorskip("reproject")
SHAPE = (NY, NX)


def grid(x0: float, y0: float, shape=SHAPE, **more: float) -> Grid:
    return Grid.of(shape, None, header(x0, y0, None, **more))


def exposure(image: np.ndarray, mask=None, variance=None) -> Exposure:
    planes = {"BAD": 0, "SAT": 3}
    return Exposure(image, mask, variance, planes if mask is not None else None, name="e")


def target(x0: float, y0: float, shape=SHAPE, **more: float) -> AlignTarget:
    """Onto the field from a grid that begins at (x0, y0) of it."""
    found = AlignTarget.onto(grid(0, 0), grid(x0, y0, shape, **more))
    assert found is not None
    return found


@settings(max_examples=20, deadline=None)
@given(st.integers(-20, 20), st.integers(-20, 20))
def test_whole_pixels_are_exact(dx, dy):
    rng = np.random.default_rng(1)
    image = rng.normal(0, 1, SHAPE).astype("f4")
    image[3, 4] = np.nan
    mask = rng.integers(0, 16, SHAPE).astype("i4")
    got = aligned(exposure(image, mask, np.abs(image)), target(dx, dy))
    y, x = np.mgrid[:NY, :NX]
    inside = (y >= dy) & (y < NY + dy) & (x >= dx) & (x < NX + dx)
    wanted = np.full(SHAPE, np.nan, "f4")
    wanted[inside] = image[(y - dy)[inside], (x - dx)[inside]]
    np.testing.assert_array_equal(got.image, wanted)
    own = got.mask & 9
    np.testing.assert_array_equal(own[inside], mask[(y - dy)[inside], (x - dx)[inside]] & 9)
    np.testing.assert_array_equal(got.flagged(("NO_DATA",)), np.isnan(wanted))


@pytest.mark.parametrize(("dx", "dy"), [(0.5, 0.0), (0.25, -0.75), (3.5, 7.125)])
def test_a_plane_stays_a_plane(dx, dy):
    """Bilinear interpolation has no error on a plane; the pixels know their place."""
    y, x = np.mgrid[:NY, :NX].astype(float)
    image = 5 + 0.25 * (x + dx) - 0.5 * (y + dy)  # in coordinates of the field
    got = aligned(exposure(image), target(dx, dy)).image
    known = np.isfinite(got)
    np.testing.assert_allclose(got[known], (5 + 0.25 * x - 0.5 * y)[known], atol=2e-4)
    assert known.mean() > 0.85
    assert (~known[: int(dy)]).all() and (~known[:, : int(dx)]).all()


@pytest.mark.parametrize(("part_x", "part_y"), [(0.5, 0.5), (0.25, 0.0), (0.125, 0.75)])
def test_variance_is_that_of_the_weighted_sum(part_x, part_y):
    """Against the scatter of many draws, and against the sum of the squared weights."""
    wx, wy = np.array([part_x, 1 - part_x]), np.array([part_y, 1 - part_y])
    weight = (wx**2).sum() * (wy**2).sum()
    got = aligned(exposure(scene(), None, np.full(SHAPE, 4.0)), target(part_x, part_y))
    known = np.isfinite(got.variance)
    np.testing.assert_allclose(got.variance[known], 4.0 * weight, rtol=1e-4)
    noise = np.random.default_rng(3).normal(0, 2, SHAPE)
    scatter = np.nanvar(aligned(exposure(noise), target(part_x, part_y)).image)
    assert scatter == pytest.approx(4.0 * weight, rel=0.1)


def test_the_mask_is_that_of_the_nearest_pixel():
    mask = np.zeros(SHAPE, "i4")
    mask[40, 50] = 8 | 64  # a bit without a name stays too
    got = aligned(exposure(scene(), mask), target(2.25, -1.25))
    assert got.mask[39, 52] == 8 | 64
    named = got.mask & 8
    assert np.count_nonzero(named) == 1


def test_a_turned_exposure_comes_back():
    """A smooth field seen turned by 30 degrees is where it belongs."""
    y, x = np.mgrid[:NY, :NX].astype(float)
    angle = np.radians(30)
    dx, dy = x + 1 - 64.5, y + 1 - 48.5

    def smooth(u, v):
        return 100 + 10 * np.sin(u / 25) + 8 * np.cos(v / 20)

    # sky offsets of the pixels: east = -CD..., the same linear map that the header states
    cd = header(0, 0, None, turn=30)
    east = cd["CD1_1"] * dx + cd["CD1_2"] * dy
    north = cd["CD2_1"] * dx + cd["CD2_2"] * dy
    scale = 3600 / 0.2
    image = smooth(-east * scale, north * scale)
    got = aligned(exposure(image), target(0, 0, turn=30)).image
    known = np.isfinite(got)
    assert known.mean() > 0.6 and angle > 0
    np.testing.assert_allclose(got[known], smooth(dx, dy)[known], atol=0.02)


def test_it_knows_where_it_is_and_has_no_file(make):
    goal = target(0.5, 0.5)
    got = aligned(exposure(scene()), goal)
    assert got.shape == SHAPE and got.source is None and got.header is goal.grid.header
    sky = got.wcs.all_pix2world([[3.0, 4.0]], 0)
    np.testing.assert_allclose(sky, grid_wcs(goal).all_pix2world([[3.0, 4.0]], 0))


def grid_wcs(goal):
    from astropy.wcs import WCS

    return WCS(header(0, 0, None))


def test_out_of_reach_is_an_error():
    with pytest.raises(BgviewerError, match="does not reach"):
        aligned(exposure(scene()), target(5000.5, 0))


def test_a_stack_tells_and_aligns(make):
    for name in "ab":
        make.plain(f"{name}.fits", data=scene().astype("f4"), wcs=header(0, 0, None))
    make.plain("c.fits", data=scene().astype("f4"), wcs=header(10.25, 4.5, None))
    make.plain("d.fits", data=scene().astype("f4"))
    before = (make.folder / "c.fits").read_bytes()
    plain = load_stack(make.folder)
    assert isinstance(plain[2].problem, GridError) and "11.2 pixels off" in str(plain[2].problem)
    stack = load_stack(make.folder, align=True)
    assert stack.usable == (0, 1, 2, 3) and stack[2].aligned is not None
    assert stack[0].aligned is None
    assert any("1 of 4 exposures re-projected" in note for note in stack.notes)
    assert stack.read(2).shape == stack.shape == SHAPE
    assert stack.read(2) is stack.read(2)
    assert (make.folder / "c.fits").read_bytes() == before
    other = load_stack(make.folder, align="c")
    assert [e.aligned is not None for e in other.entries] == [True, True, False, False]
    with pytest.raises(ConfigError, match="no exposure that can be read is called 'x'"):
        load_stack(make.folder, align="x")


def test_without_reproject_the_sentence_says_what_to_install(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "reproject", None)
    with pytest.raises(ConfigError, match=r"bgviewer\[align\]"):
        check_reproject()
    for name in "ab":
        make.plain(f"{name}.fits", data=scene().astype("f4"), wcs=header(0, 0, None))
    assert load_stack(make.folder, align=True).usable == (0, 1)  # nothing needs it
    make.plain("c.fits", data=scene().astype("f4"), wcs=header(10.25, 4.5, None))
    with pytest.raises(ConfigError, match="needs the package reproject"):
        load_stack(make.folder, align=True)
