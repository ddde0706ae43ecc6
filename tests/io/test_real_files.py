"""Real exposures, where BGVIEWER_TEST_DATA names the folder that holds them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.engine.config import MatchConfig
from bgviewer.errors import ReadError
from bgviewer.io.conventions import Choice
from bgviewer.io.provenance import make_cards
from bgviewer.io.read import describe, read
from bgviewer.io.stack import load_stack
from bgviewer.io.write import write_background, write_matched
from tests.io.test_write import fitsverify, hdu_bytes

STACKS = (
    "bok_mosaic_tiny", "decam_i_10exp", "decam_i_knownsky", "decam_tiny", "vircam_h_moonlit",
    "vircam_h_video", "vircam_h_video_small",
)  # fmt: skip
ZOO_NOW = ("E_EMPTY", "E_NOT_FITS", "E_TRUNCATED", "E_HEADER", "E_NO_IMAGE", "E_PLANE_SHAPE")


@pytest.mark.parametrize("name", STACKS)
def test_every_stack_is_read_and_written(shared_data, tmp_path, name):
    folder = shared_data / "stacks" / name
    stack = load_stack(folder, config=MatchConfig())
    assert stack.usable == tuple(range(len(stack)))
    assert len(stack) == len([p for p in folder.iterdir() if ".fit" in p.name])
    for entry in (stack[0], stack[len(stack) - 1]):
        exposure = read(entry.path)
        ny, nx = exposure.shape
        y, x = np.mgrid[:ny, :nx]
        background = (x / nx * 30 - y / ny * 5 + 2).astype("f4")
        out, model = tmp_path / f"{entry.id}.fits", tmp_path / f"{entry.id}_bg.fits"
        cards = make_cards(MatchConfig(), reference="r")
        write_matched(entry, background, out, cards)
        write_background(exposure, background, model, cards)
        before, after = hdu_bytes(entry.path), hdu_bytes(out)
        assert before[2:] == after[2:]
        matched = read(out)
        added = read(model, choice=Choice(hdu=0)).image
        np.testing.assert_array_equal(matched.image, exposure.image + added)
        np.testing.assert_array_equal(np.isnan(matched.image), np.isnan(exposure.image))
        for path in (out, model):
            assert fitsverify(path)[1] == 0
        assert fitsverify(out)[0] <= fitsverify(entry.path)[0]


def test_zoo(shared_data):
    """Files of conventions read now give what is expected of them, damaged ones the right error."""
    folder = shared_data / "formats"
    expected = json.loads((folder / "expected.json").read_text())["files"]
    for name, want in expected.items():
        try:
            info, exposure = describe(folder / name), read(folder / name)
        except ReadError as exc:
            assert "\n" not in str(exc)
            if want["outcome"] == ["error"]:
                assert exc.id in want["error"], name
            else:
                assert exc.id in ("E_CHOOSE", "E_DIMS", "E_NO_IMAGE", "E_SIDECAR"), name
            continue
        assert "error" not in want["outcome"] or len(want["outcome"]) > 1, name
        assert info.shape == exposure.shape
        if "shape" in want:
            assert list(info.shape) == want["shape"], name
        if info.convention == "afw":
            assert want["has_mask"] == bool(info.planes) if "has_mask" in want else True
            assert (exposure.variance is not None) or "none" in want["variance_kind"]


def test_photo_calib_of_a_real_exposure(shared_data):
    info = describe(shared_data / "formats" / "lsst_exposure_version2.fits")
    assert info.zero_point == pytest.approx(16.40, abs=0.005)
    hsc = describe(shared_data / "formats" / "lsst_exposure_hsc_v0.fits")
    assert (hsc.xy0, hsc.planes["NO_DATA"], hsc.zero_point) == ((100, 100), 9, None)


def test_compressed_pixels_equal_those_of_the_plain_file(shared_data):
    folder = shared_data / "formats"
    with fits.open(folder / "m13.fits") as hdus:
        expected = hdus[0].data.astype("f4")
    for name in ("m13.fits", "m13_gzip.fits", "m13_rice.fits"):
        np.testing.assert_array_equal(read(folder / name).image, expected)
