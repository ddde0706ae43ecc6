"""ds9 region files: round trips, coordinates, and what hostile files are told."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.engine.exposure import Exposure
from bgviewer.engine.regions import Region
from bgviewer.errors import BgviewerError, ConfigError, ReadError, WriteError
from bgviewer.io.region_file import format_regions, parse_regions, read_regions, write_regions
from bgviewer.io.region_frame import PixelFrame

FRAME = PixelFrame(xy0=(100, 50), ltv=(-100.0, -50.0))
PIXELS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 7))
SIZES = st.floats(0.001, 1e6)
ANGLES = st.floats(-720, 720)
NAMES = st.none() | st.text(min_size=1, max_size=12)


def _fives(shape):
    numbers = st.tuples(PIXELS, PIXELS, SIZES, SIZES, ANGLES)
    return st.builds(Region, st.just(shape), numbers, NAMES, st.text(max_size=8))


def _polygons():
    corners = st.lists(st.tuples(PIXELS, PIXELS), min_size=3, max_size=9)
    numbers = corners.map(lambda found: tuple(n for corner in found for n in corner))
    return st.builds(Region, st.just("polygon"), numbers, NAMES, st.text(max_size=8))


REGIONS = st.lists(_fives("box") | _fives("ellipse") | _polygons(), max_size=6)


@given(REGIONS)
def test_what_is_written_is_read_again(regions):
    found = parse_regions(format_regions(regions, FRAME), FRAME)
    assert found.regions == tuple(dict.fromkeys(regions))
    assert not found.notes


@given(REGIONS, st.integers(-5000, 5000), st.integers(-5000, 5000))
def test_another_corner_shifts_nothing_in_the_file(regions, x0, y0):
    """Image coordinates belong to the file, parent pixels to the sky."""
    frame = PixelFrame(xy0=(x0, y0))
    assert parse_regions(format_regions(regions, frame), frame).regions == tuple(
        dict.fromkeys(regions)
    )


@given(st.text(max_size=200) | st.text("circle(),;#-+12.e{}\"' \nboxpolygfk5iam", max_size=200))
def test_any_text_is_read_or_refused_with_its_line(text):
    try:
        parse_regions(text, FRAME)
    except ConfigError as error:
        assert str(error).startswith("line ")


def one(text, frame=FRAME):
    (region,) = parse_regions(text, frame).regions
    return region


@pytest.mark.parametrize(
    "text",
    [
        "circle(11,21,5)",
        "image\ncircle 11 21 5 # color=red text={}",
        "image; circle(11, 21, 5)",
        "# Region file format: DS9\nglobal color=green\nIMAGE\n-circle(11,21,5)",
        "ellipse(11,21,5,5,0)",
        "ellipse(11,21,5i,5i)",
        "physical;circle(111,71,5)",
        "circle(111p,71p,5p)",
        "\ufeffcircle(11,21,5)\r\n",
    ],
)
def test_writings_of_one_circle(text, tmp_path):
    path = tmp_path / "one.reg"
    path.write_text(text, encoding="utf-8", newline="")
    (region,) = read_regions(path, FRAME).regions
    # Pixel 11 of ds9 is index 10 of the file: 110 in the parent.
    assert region == Region("ellipse", (110, 70, 5, 5, 0))


def test_physical_follows_the_cards_of_the_file():
    halved = Exposure(
        image=np.zeros((4, 4)),
        xy0=(100, 50),
        header={"LTV1": 0.5, "LTV2": 0.5, "LTM1_1": 0.5, "LTM2_2": 0.5},
    )
    frame = PixelFrame.of(halved)
    assert one("physical;circle(21,41,8)", frame) == Region("ellipse", (110, 70, 4, 4, 0))
    bare = PixelFrame.of(Exposure(image=np.zeros((4, 4)), xy0=(100, 50), header={}))
    assert one("physical;circle(11,21,5)", bare) == one("image;circle(11,21,5)", bare)
    memory = PixelFrame.of(Exposure(image=np.zeros((4, 4)), xy0=(100, 50)))
    assert one("physical;circle(111,71,5)", memory).numbers[:2] == (110, 70)


def test_turned_box_and_polygon():
    assert one("box(11,21,4,6,30)") == Region("box", (110, 70, 4, 6, 30))
    assert one("polygon(1,1,11,1,11,11)") == Region("polygon", (100, 50, 110, 50, 110, 60))


def test_a_semicolon_in_a_text_ends_nothing():
    found = parse_regions("circle(1,1,2) # text={a;b(} ; box(3,3,2,2,0)", FRAME).regions
    assert [r.shape for r in found] == ["ellipse", "box"]
    assert found[0].note == "a;b("


def test_marks_without_area_are_told():
    found = parse_regions("circle(1,1,2)\npoint(3,3) # point=x\n# text(4,4) text={hi}", FRAME)
    assert len(found.regions) == 1
    assert found.notes == ("line 2: point has no area; left out",)


def sky_frame(parity=-1, turn=0.0):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 30.0]
    wcs.wcs.crpix = [51, 61]
    wcs.wcs.radesys = "FK5"
    c, s, scale = math.cos(turn), math.sin(turn), 0.5 / 3600
    wcs.wcs.cd = np.array([[parity * c, -parity * s], [s, c]]) * scale
    return PixelFrame(xy0=(100, 50), wcs=wcs)


@pytest.mark.parametrize("centre", ["150,30", "10:00:00,+30:00:00", "10h00m00s 30d00m00s"])
def test_sky_coordinates(centre):
    region = one(f'fk5\nellipse({centre},5",10",0)', sky_frame())
    assert region.numbers == pytest.approx((150, 110, 10, 20, 0), abs=0.02)
    degrees = one(f"icrs;box({centre},{10 / 3600},{20 / 3600},30)", sky_frame())
    # 23 mas lie between the two systems
    assert degrees.numbers == pytest.approx((150, 110, 20, 40, 30), abs=0.1)


def test_sky_angles_follow_the_sky():
    turned = one('fk5;ellipse(150,30,5",10",0)', sky_frame(turn=math.radians(20)))
    assert abs(turned.numbers[4]) % 180 == pytest.approx(20, abs=0.01)
    mirrored = one('fk5;ellipse(150,30,5",10",30)', sky_frame(parity=1))
    assert mirrored.numbers[4] == pytest.approx(150, abs=0.01)


def test_galactic_polygon_and_arcsec_on_pixels():
    frame = sky_frame()
    region = one("fk5;polygon(150,30,150,30.001,149.999,30)", frame)
    assert region.numbers == pytest.approx((150, 110, 150, 117.2, 156.24, 110), abs=0.02)
    assert one('image;circle(51,61,5")', frame).numbers[2] == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("circle(1,1)", "needs 3"),
        ("circle(1,1,2", ") is lacking"),
        ("circle(1,1,two)", "'two' is not a number"),
        ("circle(1,1,nan)", "'nan' is not a number"),
        ("circle(1,1,1e400)", "beyond"),
        ("circle(1e300,1,1)", "beyond"),
        ("circle(1,1,-2)", "above 0"),
        ("box(1,1,0,2,0)", "above 0"),
        ("box(1,1,2,2,4,4,0)", "7 numbers"),
        ("polygon(1,1,2,2)", "at least 3"),
        ("polygon(1,1,2,2,3,3,4)", "pairs"),
        ("annulus(1,1,2,4)", "no shape that can be ignored"),
        ("fk5;circle(150,30,1)", "WCS"),
        ("wcsa;circle(150,30,1)", "not known here"),
        ("image circle(1,1,2)", "without ;"),
        ("((((", "names no shape"),
        ("circle(1,1,2) box(1,1,2,2,0)", "brackets"),
        ("circle(1,1,2)\n-circle(4,4,2)", "some regions have a -"),
    ],
)
def test_what_is_wrong_is_told_by_line(text, words, tmp_path):
    path = tmp_path / "bad.reg"
    path.write_text("# first\n" + text)
    last = 1 + len(text.splitlines())
    with pytest.raises(ConfigError) as caught:
        read_regions(path, FRAME)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{path}: line {last}: ")


@pytest.mark.parametrize("text", ['fk5;circle(400,30,1")', 'fk5;circle(150,95,1")'])
def test_places_that_are_not_on_the_sky(text):
    with pytest.raises(ConfigError, match="tude"):
        parse_regions(text, sky_frame())
    with pytest.raises(ConfigError, match="line 1"):
        parse_regions('fk5;circle(330,-30,1")', sky_frame())


def test_files_that_are_no_lists_of_regions(tmp_path):
    binary = tmp_path / "b.reg"
    binary.write_bytes(bytes(range(256)))
    large = tmp_path / "l.reg"
    large.write_bytes(b" " * 2_000_001)
    for path in (binary, large, tmp_path / "none.reg", tmp_path):
        with pytest.raises(ReadError):
            read_regions(path, FRAME)
    many = "circle(1,1,2)\n" * 2001
    with pytest.raises(ConfigError, match="line 2001"):
        parse_regions(many, FRAME)


def test_writing_does_not_replace_unasked(tmp_path):
    path = write_regions(tmp_path / "a.reg", [Region("box", (1, 2, 3, 4, 0))], FRAME)
    assert "-box(-98,-47,3,4,0)" in path.read_text()
    with pytest.raises(WriteError):
        write_regions(path, [], FRAME)
    write_regions(path, [], FRAME, overwrite=True)
    with pytest.raises(BgviewerError):
        write_regions(tmp_path / "no" / "a.reg", [], FRAME)
