"""Side-cars that are damaged or change, images that are a constant, models of our own."""

from __future__ import annotations

import os

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.engine.config import MatchConfig
from bgviewer.errors import ReadError, SidecarError
from bgviewer.io.conventions import Choice
from bgviewer.io.provenance import make_cards
from bgviewer.io.read import describe, read
from bgviewer.io.stack import load_stack
from bgviewer.io.write import write_background, write_matched
from bgviewer.tasks.inspect import inspect_file
from tests.io.conftest import NX, NY
from tests.io.conventions.lookalikes import (
    LOOKALIKES,
    extension,
    flags,
    packed,
    primary,
    save,
    sky,
)

MASKS = {
    "ztf": "mskimg",
    "ps1_warp": ".mask",
    "noirlab_single": "ood",
    "legacy_survey": "maskbits",
    "swarp": ".weight",
    "sdss_fpc": "fpM",
    "three_files": "_msk",
    "bok_weight": ".wht",
}
WEIGHTS = {
    "ps1_warp": ".wt",
    "noirlab_single": "oow",
    "legacy_survey": "invvar",
    "three_files": "_var",
    "sci_rms": "_rms",
}


def damage(folder, word: str) -> None:
    (found,) = [path for path in folder.iterdir() if word in path.name]
    found.write_bytes(found.read_bytes()[:1000])


@pytest.mark.parametrize("name", MASKS)
def test_a_damaged_mask_that_is_not_wanted(tmp_path, name):
    path = LOOKALIKES[name](tmp_path)
    damage(tmp_path, MASKS[name])
    with pytest.raises(ReadError, match="side-car"):
        describe(path)
    for choice in (Choice(mask="none"), Choice(mask_meaning="none")):
        exposure = read(path, choice=choice)
        assert exposure.mask is None or set(exposure.planes) <= {"NO_DATA"}
        assert describe(path, choice).shape == exposure.shape


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_damaged_weight_that_is_not_wanted(tmp_path, name):
    path = LOOKALIKES[name](tmp_path)
    damage(tmp_path, WEIGHTS[name])
    with pytest.raises(ReadError, match="side-car"):
        describe(path)
    choice = Choice(mask="none", noise="none")
    assert read(path, choice=choice).variance is None
    assert describe(path, choice).variance_kind == "none"


def test_a_stack_sees_that_a_side_car_changed(tmp_path):
    path = LOOKALIKES["ztf"](tmp_path)
    stack = load_stack([path])
    before = stack.read(0)
    (mask,) = [other for other in tmp_path.iterdir() if other != path]
    with fits.open(mask, mode="update") as hdus:
        hdus[0].data[7, 7] = 256
    os.utime(mask, ns=(1, 1))
    with pytest.raises(ReadError) as caught:
        stack.read(0)
    assert (caught.value.id, caught.value.path) == ("E_CHANGED", str(mask))
    after = load_stack([path]).read(0)
    assert after.mask[7, 7] != 0
    assert before.mask[7, 7] == 0


def constant(folder):
    size = {"NPIX1": NX, "NPIX2": NY}
    return save(
        folder / "o1_flt.fits",
        primary(TELESCOP="HST", INSTRUME="STIS"),
        extension("SCI", None, PIXVALUE=7.5, BUNIT="COUNTS", **size),
        extension("ERR", None, PIXVALUE=2.0, **size),
        extension("DQ", None, PIXVALUE=0, **size),
    )


def test_an_image_that_is_a_constant_is_written_as_pixels(tmp_path):
    path = constant(tmp_path)
    slope = np.arange(NX * NY, dtype="f4").reshape(NY, NX)
    out = write_matched(path, slope, tmp_path / "out.fits", make_cards(MatchConfig()))
    before, after = read(path), read(out)
    np.testing.assert_array_equal(after.image, slope + np.float32(7.5))
    np.testing.assert_array_equal(after.variance, before.variance)
    np.testing.assert_array_equal(after.mask, before.mask)
    info = describe(out)
    assert (info.convention, info.variance_kind, info.unit) == ("hst flt", "sigma", "COUNTS")
    with fits.open(out, checksum=True) as hdus:
        hdus.verify("exception")
        assert "PIXVALUE" not in hdus[1].header
        assert hdus[1].data.shape == (NY, NX)


def test_a_constant_reference_stays_as_it_is(tmp_path):
    path = constant(tmp_path)
    out = write_matched(path, None, tmp_path / "out.fits")
    before, after = read(path), read(out)
    np.testing.assert_array_equal(after.image, before.image)
    with fits.open(out) as hdus:
        assert hdus[1].header["NAXIS"] == 0
        assert hdus[1].header["PIXVALUE"] == 7.5


@pytest.mark.parametrize("compress", ["none", "gzip"])
def test_own_models_are_no_exposures(tmp_path, compress):
    source = save(tmp_path / "a.fits", primary(sky()))
    out = tmp_path / "a_background.fits"
    write_background(
        read(source), np.ones((NY, NX)), out, make_cards(MatchConfig()), compress=compress
    )
    with pytest.raises(SidecarError, match="a background model written by bgviewer"):
        describe(out)
    assert inspect_file(out)["outcome"] == "sidecar"
    renamed = out.rename(tmp_path / "exposure.fits")
    assert inspect_file(renamed)["outcome"] == "sidecar"


def test_an_exposure_matched_with_us_is_none_of_them(tmp_path):
    source = save(tmp_path / "a.fits", primary(sky()))
    out = write_matched(source, flags(), tmp_path / "b.fits", make_cards(MatchConfig()))
    assert inspect_file(out)["outcome"] == "exposure"


def test_a_mask_alone_in_the_primary_is_no_exposure(tmp_path):
    path = save(tmp_path / "q.fits", primary(flags(1), EXTNAME="MASK"))
    assert inspect_file(path)["outcome"] == "sidecar"


@pytest.mark.parametrize("packing", ["none", "tiles"])
def test_sdss_is_known_by_its_cards(tmp_path, packing):
    """A frame has the cards of an fpC file too; its unit tells them apart."""
    cards = {"CAMCOL": 5, "SOFTBIAS": 1000}
    for name, more in (("sdss frame", {"BUNIT": "nanomaggy"}), ("sdss fpC", {"FLUX20": 2000.0})):
        held = {**cards, **more}
        hdus = [primary(sky(), **held)] if packing == "none" else [primary(), packed("", sky())]
        hdus[-1].header.update(held)
        record = inspect_file(save(tmp_path / "x.fits", *hdus))
        assert record["convention"] == name
        assert record["zero_point"] is not None
        assert any("SOFTBIAS" in warning for warning in record["warnings"]) == (name == "sdss fpC")
