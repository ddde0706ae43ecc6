"""Compressed exports: the same pixels, headers and archive, in fewer bytes."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.engine.config import MatchConfig
from bgviewer.errors import ReadError
from bgviewer.io.provenance import make_cards
from bgviewer.io.read import describe, is_own_file, read
from bgviewer.io.write import write_background, write_exposure, write_matched

SHAPE = (40, 300)


def same(one, other):
    return np.array_equal(one, other, equal_nan=True)


def verified(path):
    if shutil.which("fitsverify") is None:
        return
    ran = subprocess.run(["fitsverify", str(path)], capture_output=True, text=True, check=False)
    assert " 0 error(s)" in ran.stdout, ran.stdout


def source(make):
    return make.afw(shape=SHAPE, archive=True, planes={"BAD": 0, "DETECTED": 5}, checksum=True)


def write(path, tmp_path, mode, background=3.0):
    out = tmp_path / f"{mode}.fits"
    added = np.full(SHAPE, background, "f4")
    write_matched(path, added, out, make_cards(MatchConfig()), compress=mode)
    verified(out)
    with fits.open(out, checksum=True) as hdus:  # warnings are errors
        hdus.verify("exception")
    return out


def test_gzip_loses_nothing(make, tmp_path):
    path = source(make)
    plain, small = (write(path, tmp_path, mode) for mode in ("none", "gzip"))
    one, other = read(plain), read(small)
    assert same(one.image, other.image)
    assert same(one.mask, other.mask)
    assert same(one.variance, other.variance)
    assert small.stat().st_size < plain.stat().st_size
    facts = ("convention", "planes", "unit", "zero_point", "xy0", "has_wcs", "own_output")
    infos = [describe(p) for p in (plain, small)]
    assert [getattr(infos[0], n) for n in facts] == [getattr(infos[1], n) for n in facts]
    with fits.open(small, disable_image_compression=True) as hdus:
        assert [h.header.get("ZCMPTYPE") for h in hdus[1:4]] == ["GZIP_2"] * 3
        assert all(h.header["INHERIT"] is True for h in hdus[1:4])


def test_the_archive_stays_as_it_is(make, tmp_path):
    path = source(make)
    small = write(path, tmp_path, "rice")

    def archive(where):
        with fits.open(where, disable_image_compression=True) as hdus:
            spans = [h.fileinfo() for h in hdus[4:]]
        data = where.read_bytes()
        return [data[s["hdrLoc"] : s["datLoc"] + s["datSpan"]] for s in spans]

    assert archive(path) == archive(small)
    assert len(archive(small)) == 3


def test_rice_rounds_the_image_alone(make, tmp_path):
    noise = np.random.default_rng(2).normal(100, 8, SHAPE).astype("f4")
    noise[3, :20] = np.nan
    path = make.afw(shape=SHAPE, image=noise)
    one, other = read(write(path, tmp_path, "none")), read(write(path, tmp_path, "rice"))
    apart = np.abs(one.image - other.image)
    assert 0 < np.nanmax(apart) < 8 / 16
    assert same(np.isnan(one.image), np.isnan(other.image))
    assert same(one.mask, other.mask)
    assert same(one.variance, other.variance)


def test_infinities_are_not_rounded(make, tmp_path):
    path = source(make)  # its last pixel is infinite
    one, other = (read(write(path, tmp_path, mode)) for mode in ("none", "rice"))
    assert same(one.image, other.image)


@pytest.mark.parametrize("mode", ["gzip", "rice"])
@pytest.mark.parametrize("kind", ["primary", "extension", "compressed"])
def test_single_images(make, tmp_path, kind, mode):
    image = np.random.default_rng(2).normal(100, 8, SHAPE).astype("f4")
    path = make.plain(data=image, kind=kind, cards={"BUNIT": "adu", "OBJECT": "M 31"})
    out = write(path, tmp_path, mode)
    assert np.allclose(read(out).image, image + 3, atol=0.5 if mode == "rice" else 0)
    info = describe(out)
    assert (info.convention, info.unit, info.own_output) == ("plain", "adu", True)
    with fits.open(out) as hdus:
        assert hdus[1].header["OBJECT"] == "M 31"


def test_integers_and_places_that_mean_something(make, tmp_path):
    """A mask of 16 bits; an image in the primary of a file with more HDUs stays there."""
    path = make.afw(shape=SHAPE, in_primary=True, mask=np.ones(SHAPE, "u2"), planes={"BAD": 0})
    out = write(path, tmp_path, "gzip")
    with fits.open(out, disable_image_compression=True) as hdus:
        assert hdus[0].header["NAXIS"] == 2
        assert [h.header.get("ZIMAGE") for h in hdus[1:]] == [True, True]
        assert hdus[1].header["BZERO"] == 32768
    assert same(read(out).mask, np.ones(SHAPE))


def test_models_and_exposures_from_memory(make, tmp_path):
    exposure = read(source(make))
    background = np.random.default_rng(1).normal(0, 1, SHAPE).astype("f4")
    out = tmp_path / "b.fits"
    write_background(exposure, background, out, make_cards(MatchConfig()), compress="gzip")
    verified(out)
    assert same(fits.getdata(out, "BGMODEL"), background)
    assert is_own_file(out)
    fresh = tmp_path / "fresh.fits"
    write_exposure(exposure, fresh)
    written = write(fresh, tmp_path, "gzip")
    assert same(read(written).variance, exposure.variance)


def test_an_endless_number_of_columns_is_refused_at_once(tmp_path):
    """astropy would go through the cards of two thousand million columns."""
    path = tmp_path / "tiles.fits"
    image = np.arange(40 * 50, dtype=np.float32).reshape(40, 50)
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(image)]).writeto(path)
    raw = bytearray(path.read_bytes())
    at = raw.index(b"TFIELDS =")
    raw[at : at + 30] = b"TFIELDS = %20d" % 2147483647
    path.write_bytes(raw)
    with pytest.raises(ReadError) as refused:
        read(path)
    assert refused.value.id == "E_HEADER" and "TFIELDS" in str(refused.value)
