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
    assert photometry.keyword_zero_point([fits.Header({name: 25})]) == (25.0, name)


def test_image_goes_before_primary():
    image, primary = fits.Header({"ZP": 24.0}), fits.Header({"MAGZERO": 30.0})
    assert photometry.keyword_zero_point([image, primary]) == (24.0, "ZP")
    assert photometry.keyword_zero_point([fits.Header(), primary]) == (30.0, "MAGZERO")
    assert photometry.keyword_zero_point([fits.Header({"ZP": True, "MAGZERO": "x"})]) is None


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
