"""Zero point, unit and band cards."""

from __future__ import annotations

import pytest
from astropy.io import fits

from bgviewer.io import photometry


def test_nanojansky_is_the_ab_zero_point():
    assert pytest.approx(31.40007, abs=1e-5) == photometry.NANOJANSKY


@pytest.mark.parametrize(
    ("flux", "magnitude"), [(1.0, 0.0), (1e12, 30.0), (0.0, None), (-1.0, None)]
)
def test_fluxmag0(flux, magnitude):
    assert photometry.from_flux(flux) == magnitude
    assert photometry.from_flux(None) is None


@pytest.mark.parametrize(
    "name", ["MAGZERO", "MAGZPT", "MAGZP", "PHOTZP", "ZP", "ZEROPNT", "MAG_ZP"]
)
def test_every_keyword(name):
    assert photometry.keyword_zero_point([fits.Header({name: 25})], []) == (25.0, name)


def test_image_goes_before_primary():
    image, primary = fits.Header({"ZP": 24.0}), fits.Header({"MAGZERO": 30.0})
    assert photometry.keyword_zero_point([image, primary], []) == (24.0, "ZP")
    assert photometry.keyword_zero_point([fits.Header(), primary], []) == (30.0, "MAGZERO")
    unreadable = fits.Header({"ZP": True, "MAGZERO": "x"})
    assert photometry.keyword_zero_point([unreadable], []) is None


@pytest.mark.parametrize("value", [99, -99, 99.9, -1, 1, 999, -999, 9.99, 40.1])
@pytest.mark.parametrize("name", ["PHOTZP", "MAGZERO"])
def test_values_that_stand_for_not_measured(name, value):
    warnings: list[str] = []
    assert photometry.keyword_zero_point([fits.Header({name: value})], warnings) is None
    assert len(warnings) == 1
    assert f"{name} = {value:g}" in warnings[0]
    later = fits.Header({name: value, "MAG_ZP": 25.0})
    assert photometry.keyword_zero_point([later], []) == (25.0, "MAG_ZP")


def test_flux_of_magnitude_zero_that_no_camera_has():
    warnings: list[str] = []
    assert photometry.flux_card_zero_point(fits.Header({"FLUXMAG0": 1.0}), warnings) is None
    assert "FLUXMAG0 = 1 is no zero point" in warnings[0]
    assert photometry.flux_card_zero_point(fits.Header({"FLUXMAG0": 0.0}), warnings) is None
    assert photometry.flux_card_zero_point(fits.Header({"FLUXMAG0": 1e10}), warnings) == 25.0
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("cards", "seconds"),
    [
        ({"EXPTIME": 30.0}, 30.0),
        ({"EXPTIME": "30"}, 30.0),
        ({"EXPOSURE": 12}, 12.0),
        ({"EXPTIME": 0.0}, None),
        ({"EXPTIME": "long"}, None),
        ({}, None),
    ],
)
def test_exposure_time(cards, seconds):
    assert photometry.exposure_time([fits.Header(cards)]) == seconds


def test_zero_point_of_a_second_becomes_that_of_the_exposure():
    cards = {"INSTRUME": "VIRCAM", "MAGZPT": 23.5, "EXPTIME": 10.0}
    warnings: list[str] = []
    found = photometry.standard_zero_point([fits.Header(cards)], "adu", warnings)
    assert found == (pytest.approx(26.0), "MAGZPT, EXPTIME")
    assert "EXPTIME" in warnings[0]
    assert photometry.standard_zero_point([fits.Header(cards)], "adu/s", []) == (23.5, "MAGZPT")
    other = fits.Header({**cards, "INSTRUME": "OTHER"})
    assert photometry.standard_zero_point([other], "adu", []) == (23.5, "MAGZPT")


def test_a_unit_of_flux_is_its_own_zero_point():
    header = fits.Header({"PHOTZP": 25.9})
    assert photometry.standard_zero_point([header], "uJy", []) == (
        pytest.approx(23.90007, abs=1e-5),
        "BUNIT",
    )


@pytest.mark.parametrize(
    ("cards", "band"),
    [
        ({"FILTER": "g DECam"}, "g DECam"),
        ({"FILTER": "CLEAR", "FILTER2": "F606W"}, "F606W"),
        ({"FILTER": "_unknown_"}, None),
        ({"FILTER": 7}, None),
        ({}, None),
    ],
)
def test_band(cards, band):
    assert photometry.band_of([fits.Header(cards)]) == band


def test_unit():
    assert (
        photometry.unit_of([fits.Header({"BUNIT": " "}), fits.Header({"BUNIT": "adu "})]) == "adu"
    )
    assert photometry.unit_of([fits.Header()]) is None
