"""Grids: how far apart, in pixels, from known shifts of the reference point."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import FK4, SkyCoord
from astropy.io import fits

from bgviewer.io.placement import placement
from bgviewer.io.sky import Grid, celestial_wcs, grid_offset, has_celestial, wcs_cards
from tests.io.conftest import wcs_header

SHAPE = (400, 600)


def grid(header=None, xy0=None, shape=SHAPE) -> Grid:
    return Grid.of(shape, xy0, wcs_header() if header is None else header)


def offset(one: Grid, other: Grid) -> float:
    found = grid_offset(one, other)
    assert found is not None
    return found.largest


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.3, 0.0), (0.0, -2.0), (3.0, 4.0), (250.0, 0.0)])
def test_shifted_reference_pixel(shift):
    moved = wcs_header(crpix=(8.0 + shift[0], 6.0 + shift[1]))
    assert offset(grid(), grid(moved)) == pytest.approx(np.hypot(*shift), rel=1e-4, abs=1e-6)


def test_another_field_is_far_off():
    assert offset(grid(), grid(wcs_header(crval=(210.0, 40.0)))) > 1e4


def test_rotation_shows_at_the_corners():
    angle = np.radians(0.2)
    turned = wcs_header(crpix=(300.0, 200.0))
    scale = 0.2 / 3600
    turned["CD1_1"], turned["CD1_2"] = -scale * np.cos(angle), scale * np.sin(angle)
    turned["CD2_1"], turned["CD2_2"] = scale * np.sin(angle), scale * np.cos(angle)
    expected = 2 * np.sin(angle / 2) * np.hypot(299.5, 199.5)
    assert offset(grid(wcs_header(crpix=(300.0, 200.0))), grid(turned)) == pytest.approx(
        expected, rel=1e-2
    )


def test_another_way_of_writing_the_same_wcs():
    other = wcs_header()
    for name in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        del other[name]
    other["CDELT1"], other["CDELT2"] = -0.2 / 3600, 0.2 / 3600
    assert offset(grid(), grid(other)) == pytest.approx(0.0, abs=1e-6)


def test_xy0_is_compared_first_and_sky_too():
    assert offset(grid(xy0=(0, 0)), grid(xy0=(3, 4))) == 5.0
    assert offset(grid(xy0=(5, 5)), grid(xy0=(5, 5))) == 0.0
    assert offset(grid(xy0=(0, 0)), grid(wcs_header(crpix=(20.0, 6.0)), xy0=(0, 0))) > 11
    assert offset(grid(xy0=(9, 9)), grid(xy0=None)) == 0.0


def test_nothing_to_compare():
    assert grid_offset(grid(), grid(fits.Header())) is None
    assert grid_offset(grid(fits.Header(), (1, 1)), grid(fits.Header(), (1, 1))) is None


def test_other_coordinates():
    galactic = wcs_header()
    galactic["CTYPE1"], galactic["CTYPE2"] = "GLON-TAN", "GLAT-TAN"
    other = SkyCoord(30.0, -5.0, unit="deg", frame="galactic")
    apart = SkyCoord(30.0, -5.0, unit="deg", frame="icrs").separation(other).deg
    chord = 2 * np.sin(np.radians(apart) / 2) / np.radians(0.2 / 3600)
    assert offset(grid(), grid(galactic)) == pytest.approx(chord, rel=1e-2)
    unknown = wcs_header()
    unknown["RADESYS"] = "GAPPT"
    found = grid_offset(grid(), grid(unknown))
    assert found.largest == np.inf and "GAPPT" in found.compared


def framed(**cards) -> fits.Header:
    """The usual projection about the same numbers, with other cards of the frame."""
    header = wcs_header()
    del header["RADESYS"]
    header.update(cards)
    return header


@pytest.mark.parametrize(
    "cards",
    [
        {"RADESYS": "FK4", "EQUINOX": 1950.0},
        {"RADESYS": "FK4"},
        {"RADECSYS": "FK4"},
        {"EQUINOX": 1950.0},
        {"EPOCH": 1950.0},
        {"EQUINOX": "B1950.0"},
    ],
)
def test_equal_numbers_of_another_equinox_are_another_place(cards):
    b1950 = SkyCoord(30.0, -5.0, unit="deg", frame=FK4(equinox="B1950"))
    apart = b1950.icrs.separation(SkyCoord(30.0, -5.0, unit="deg", frame="icrs")).arcsec / 0.2
    assert apart > 10_000
    assert offset(grid(), grid(framed(**cards))) == pytest.approx(apart, rel=1e-2)


@pytest.mark.parametrize(
    "cards",
    [
        {},
        {"RADESYS": "FK5"},
        {"RADESYS": "FK5", "EQUINOX": 2000.0},
        {"EQUINOX": "J2000"},
        {"EPOCH": 2000.0},
        {"RADESYS": "ICRS", "EQUINOX": 1950.0},
    ],
)
def test_icrs_and_fk5_of_2000_are_one_frame(cards):
    assert offset(grid(), grid(framed(**cards))) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("frame", "types"),
    [
        ("galactic", ("GLON-TAN", "GLAT-TAN")),
        ("barycentricmeanecliptic", ("ELON-TAN", "ELAT-TAN")),
        (FK4(equinox="B1950"), ("RA---TAN", "DEC--TAN")),
    ],
)
def test_the_same_grid_in_another_frame(frame, types):
    """A tangential projection about the same direction, turned by the angle between the norths."""
    centre = SkyCoord(30.0, -5.0, unit="deg", frame="icrs")
    there = centre.transform_to(frame)
    north = centre.directional_offset_by(0.0, 0.5 * units.arcsec).transform_to(frame)
    turn = there.position_angle(north).rad
    scale = 0.2 / 3600
    header = framed(CTYPE1=types[0], CTYPE2=types[1])
    header["CRVAL1"], header["CRVAL2"] = there.spherical.lon.deg, there.spherical.lat.deg
    header["CD1_1"], header["CD1_2"] = -scale * np.cos(turn), scale * np.sin(turn)
    header["CD2_1"], header["CD2_2"] = scale * np.sin(turn), scale * np.cos(turn)
    if types[0].startswith("RA"):
        header["RADESYS"] = "FK4"
    assert offset(grid(), grid(header)) < 0.01
    found = placement(grid(), grid(header))
    assert found is not None and (found.dx, found.dy) == (0, 0) and found.apart < 0.01


def test_distortions_count():
    bent = wcs_header()
    for axis, kind in ((1, "RA---TAN-SIP"), (2, "DEC--TAN-SIP")):
        bent[f"CTYPE{axis}"] = kind
    bent["A_ORDER"], bent["B_ORDER"], bent["A_2_0"] = 2, 2, 1e-5
    assert offset(grid(), grid(bent)) == pytest.approx(1e-5 * (599 + 1 - 8) ** 2, rel=1e-2)


def test_tables_of_a_distortion_do_not_hide_a_shift():
    one, two = (wcs_header(crpix=(8.0 + dx, 6.0)) for dx in (0.0, 3.0))
    for header in (one, two):
        header["CPDIS1"], header["DP1.EXTVER"] = "LOOKUP", 1.0
    assert celestial_wcs(one) is None, "the table is not at hand"
    assert offset(grid(one), grid(two)) == pytest.approx(3.0, rel=1e-4)


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (("RA---TAN", "DEC--TAN"), True),
        (("DEC--TAN", "RA---TAN"), True),
        (("GLON-CAR", "GLAT-CAR"), True),
        (("LINEAR", "LINEAR"), False),
        (("RA---TAN", "GLAT-TAN"), False),
        (("RA---TAN", 3), False),
    ],
)
def test_celestial_axes(types, expected):
    header = fits.Header({"CTYPE1": types[0], "CTYPE2": types[1]})
    assert has_celestial(header) is expected


def test_broken_wcs_is_none():
    header = wcs_header()
    header["CD1_1"] = 0.0
    assert celestial_wcs(header) is None
    assert celestial_wcs(None) is None
    nonsense = wcs_header()
    nonsense["CTYPE1"], nonsense["CTYPE2"] = "RA---XYZ", "DEC--XYZ"
    assert celestial_wcs(nonsense) is None
    assert grid_offset(grid(), grid(nonsense)) is None


def test_cards_of_two_axes_only():
    header = wcs_header()
    header["WCSAXES"] = 4
    header["CTYPE3"], header["CRVAL3"] = "FREQ", 1e9
    header["LTV1"], header["CRVAL1A"] = -5.0, 5.0
    names = [card.keyword for card in wcs_cards(header)]
    assert "CTYPE3" not in names
    assert "WCSAXES" not in names
    assert {"LTV1", "CRVAL1A", "CD1_1", "CRVAL2", "RADESYS"} <= set(names)


def test_astropy_prints_nothing_of_its_own(capfd):
    """SIP terms without -SIP in CTYPE: astropy's log line does not say which file it means."""
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "NAXIS": 2, "NAXIS1": 9})
    header.update(NAXIS2=9, CRVAL1=10.0, CRVAL2=5.0, CD1_1=1e-4, CD2_2=1e-4, CRPIX1=5, CRPIX2=5)
    header.update(A_ORDER=2, B_ORDER=2, A_2_0=1e-6, B_0_2=1e-6, EQUINOX=2000.0, RADECSYS="FK5")
    assert celestial_wcs(header) is not None
    assert capfd.readouterr() == ("", "")
