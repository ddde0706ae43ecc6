"""The position under the cursor."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.io.sky import celestial_wcs
from bgviewer.io.stack import load_stack
from bgviewer.session.readout import sky_position
from tests.io.conftest import wcs_header


def degrees(text: str) -> float:
    sign = -1 if text.startswith("−") else 1
    parts = [float(part) for part in text.lstrip("+−").split(":")]
    return sign * (parts[0] + parts[1] / 60 + parts[2] / 3600)


def test_distortions_count():
    header = wcs_header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header["A_ORDER"], header["B_ORDER"], header["B_2_0"] = 2, 2, 1e-4
    header["CD1_1"], header["CD2_2"] = -1.0 / 3600, 1.0 / 3600
    found = sky_position(celestial_wcs(header), 7.0 + 100.0, 5.0)
    # 1e-4 * 100² = 1 pixel of 1 arc second towards north
    assert found.names == ("RA", "Dec") and found.frame == ""
    assert degrees(found.values[1]) * 3600 == pytest.approx(-5.0 * 3600 + 1.0, abs=0.06)


def test_distortions_count_of_lsst():
    folder = os.environ.get("BGVIEWER_TEST_DATA")
    if not folder:
        pytest.skip("no shared test data")
    path = Path(folder) / "formats" / "lsst_exposure_hsc_v0.fits"
    exposure = load_stack([path]).read(0)
    ny, nx = exposure.shape
    worst = 0.0
    for x, y in ((0, 0), (nx - 1, 0), (0, ny - 1), (nx - 1, ny - 1)):
        lon, lat = exposure.wcs.all_pix2world(x, y, 0)
        found = sky_position(exposure.wcs, x, y)
        assert degrees(found.values[0]) * 15 == pytest.approx(float(lon), abs=0.1 / 3600)
        assert degrees(found.values[1]) == pytest.approx(float(lat), abs=0.06 / 3600)
        core = exposure.wcs.wcs_pix2world(x, y, 0)
        worst = max(worst, 3600 * abs(float(core[1]) - float(lat)))
    assert worst > 0.5, "the file has distortions"


@pytest.mark.parametrize(
    ("cards", "names", "values", "frame"),
    [
        ({"RADESYS": "FK4"}, ("RA", "Dec"), ("02:00:00.00", "−05:00:00.0"), "FK4 B1950"),
        ({"RADESYS": "FK5"}, ("RA", "Dec"), ("02:00:00.00", "−05:00:00.0"), ""),
        (
            {"RADESYS": "FK5", "EQUINOX": 2015.5},
            ("RA", "Dec"),
            ("02:00:00.00", "−05:00:00.0"),
            "FK5 J2015.5",
        ),
        (
            {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"},
            ("l", "b"),
            ("30.00000°", "−5.00000°"),
            "galactic",
        ),
        (
            {"CTYPE1": "ELON-TAN", "CTYPE2": "ELAT-TAN"},
            ("λ", "β"),
            ("30.00000°", "−5.00000°"),
            "ecliptic J2000",
        ),
    ],
)
def test_every_frame_as_it_is_used(cards, names, values, frame):
    header = wcs_header()
    header.update(cards)
    found = sky_position(celestial_wcs(header), 7.0, 5.0)
    assert (found.names, found.values, found.frame) == (names, values, frame)
    assert all(value in found.text for value in values) and frame in found.text


def test_swapped_axes_keep_their_meaning():
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "DEC--TAN", "RA---TAN"
    header["CRVAL1"], header["CRVAL2"] = -5.0, 30.0
    header["CRPIX1"], header["CRPIX2"], header["CDELT1"], header["CDELT2"] = 1.0, 1.0, 1e-4, 1e-4
    found = sky_position(celestial_wcs(header), 0.0, 0.0)
    assert found.values == ("02:00:00.00", "−05:00:00.0")


def test_without_coordinates_there_is_none():
    assert sky_position(None, 0.0, 0.0) is None
    header = wcs_header()
    header["CTYPE1"], header["CTYPE2"] = "RA---AIT", "DEC--AIT"
    header["CRVAL1"], header["CRVAL2"], header["CD1_1"] = 0.0, 0.0, -1.0
    header["CD2_2"] = 1.0
    assert sky_position(celestial_wcs(header), 500.0, 500.0) is None
    assert np.isfinite(celestial_wcs(header).all_pix2world(7.0, 5.0, 0)).all()
