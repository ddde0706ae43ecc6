"""Units as headers spell them; magnitudes from 3631 Jy = 0 mag (AB)."""

import math

import pytest

from bgviewer.io.units import (
    flux_zero_point,
    is_rate,
    is_surface_brightness,
    parse_unit,
    squared,
    surface_zero_point,
)

JANSKY = 2.5 * math.log10(3631)


@pytest.mark.parametrize(
    ("text", "magnitude"),
    [
        ("Jy", JANSKY), ("JY", JANSKY), ("Jansky", JANSKY),
        ("mJy", JANSKY + 7.5), ("uJy", JANSKY + 15), ("µJy", JANSKY + 15), ("UJY", JANSKY + 15),
        ("nJy", JANSKY + 22.5), ("NJY", JANSKY + 22.5), ("nanojansky", JANSKY + 22.5),
        ("10.0*nanoJansky", JANSKY + 20), ("1e-9 Jy", JANSKY + 22.5), ("10**-9 Jy", JANSKY + 22.5),
        ("Jy/pixel", JANSKY),
        ("nanomaggy", 22.5), ("nanomaggies", 22.5), ("nmgy", 22.5),
        ("W/m2/Hz", JANSKY - 65), ("erg/s/cm2/Hz", JANSKY - 57.5),
        ("adu", None), ("MJy/sr", None), ("Jy/beam", None), ("erg/s/cm2/A", None),
        ("", None), (None, None), ("furlongs", None),
    ],
)  # fmt: skip
def test_flux_density(text, magnitude):
    assert flux_zero_point(text) == (None if magnitude is None else pytest.approx(magnitude))


@pytest.mark.parametrize(
    ("text", "magnitude"),
    [
        ("MJy/sr", JANSKY - 15), ("MJy sr-1", JANSKY - 15), ("MJY/SR", JANSKY - 15),
        ("Jy/sr", JANSKY), ("Jy/arcsec2", JANSKY - 5 * math.log10(648000 / math.pi)),
        ("MJy", None), ("adu", None), ("mag/arcsec2", None),
    ],
)  # fmt: skip
def test_surface_brightness(text, magnitude):
    found = surface_zero_point(text)
    assert found == (None if magnitude is None else pytest.approx(magnitude))
    assert is_surface_brightness(text) == (magnitude is not None or text == "mag/arcsec2")


@pytest.mark.parametrize(
    "text",
    ["adu/s", "ELECTRONS/S", "e-/s", "counts/s", "DN s-1", "e/sec", "cps", "electrons per second"],
)
def test_rates(text):
    assert is_rate(text)


@pytest.mark.parametrize("text", ["adu", "ELECTRONS", "W/m2/Hz", "erg/s/cm2/Hz", "", None, "ct"])
def test_no_rates(text):
    assert not is_rate(text)


@pytest.mark.parametrize("text", ["(MJy/sr)**2", "(MJy/sr)^2", "(MJy/sr)2", "MJy2/sr2"])
def test_squares(text):
    assert parse_unit(text) == parse_unit("MJy/sr") ** 2


@pytest.mark.parametrize(
    ("unit", "text"),
    [("adu", "adu²"), ("MJy/sr", "(MJy/sr)²"), ("10 nJy", "(10 nJy)²"), (None, "")],
)
def test_squares_for_users(unit, text):
    assert squared(unit) == text
