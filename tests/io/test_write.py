"""What is written: only what should differ differs, and nothing is left behind on failure."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.io.provenance import make_cards, read_cards
from bgviewer.io.read import describe, read
from bgviewer.io.stack import load_stack
from bgviewer.io.write import write_background, write_exposure, write_matched
from tests.io.conftest import NX, NY, PLANES, bits, pixels, wcs_header

ALL = ("IMAGE", "MASK", "VARIANCE")
CARDS = make_cards(MatchConfig(bin_size=64), reference="ref.fits", fit_rms=1.5, version="9")


def slope(shape=(NY, NX)) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (0.25 * x - 0.5 * y + 7).astype("f4")


def hdu_bytes(path) -> list[tuple[bytes, bytes]]:
    """Header and data bytes of every HDU."""
    raw = path.read_bytes()
    with fits.open(path, disable_image_compression=True) as hdus:
        infos = [hdu.fileinfo() for hdu in hdus]
    return [
        (raw[i["hdrLoc"] : i["datLoc"]], raw[i["datLoc"] : i["datLoc"] + i["datSpan"]])
        for i in infos
    ]


def other_cards(raw: bytes) -> list[bytes]:
    """Cards that are neither bgviewer's nor checksums, without padding."""
    cards = [raw[i : i + 80] for i in range(0, len(raw), 80)]
    skip = (b"BGV", b"CHECKSUM", b"DATASUM", b"HISTORY bgviewer")
    return [c for c in cards if c.strip() and not c.startswith(skip)]


def fitsverify(path) -> tuple[int, int]:
    """Warnings and errors, or a skip where the program is not there."""
    program = shutil.which("fitsverify")
    if program is None:
        pytest.skip("fitsverify is not installed")
    run = subprocess.run([program, "-q", str(path)], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+) warnings and (\d+) errors", run.stdout)
    if found is None:
        assert "verification OK" in run.stdout
        return 0, 0
    return int(found[1]), int(found[2])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"archive": True},
        {"archive": True, "compressed": ALL},
        {"compressed": ("IMAGE",)},
        {"exttype": False, "extname": True, "inherit": False, "xy0": None},
        {"in_primary": True},
        {"archive": True, "checksum": True},
        {"mask": bits().astype("u2")},
        {"primary": {"BGVVERS": "old", "BGVADJ1": "old", "OBJECT": "sky"}},
    ],
    ids=str,
)
def test_only_the_image_and_the_cards_differ(make, tmp_path, options):
    path, out = make.afw(**options), tmp_path / "out.fits"
    assert write_matched(load_stack(path)[0], slope(), out, CARDS) == out
    before, after = hdu_bytes(path), hdu_bytes(out)
    assert len(before) == len(after)
    image = 0 if options.get("in_primary") else 1
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        if index not in (0, image):
            assert old == new
    old_cards = [c for c in other_cards(before[0][0]) if not c.startswith(b"BGV")]
    assert other_cards(after[0][0]) == old_cards
    if "IMAGE" not in options.get("compressed", ()):
        assert other_cards(after[image][0]) == other_cards(before[image][0])
    matched = read(out)
    np.testing.assert_array_equal(matched.image, pixels() + slope())
    np.testing.assert_array_equal(matched.mask, read(path).mask)
    np.testing.assert_array_equal(matched.variance, read(path).variance)
    assert (matched.xy0, matched.planes) == (read(path).xy0, read(path).planes)
    with fits.open(out, checksum=True) as hdus:
        for index in (0, image):
            assert hdus[index].verify_checksum() == 1
            assert hdus[index].verify_datasum() == 1
        record = read_cards(hdus[0].header)
        assert record["version"] == "9"
        assert record["adjustments"] == ()
        assert record["source_hash"] == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        assert record["sign"] == "ADD"
    warnings, errors = fitsverify(out)
    assert errors == 0
    assert warnings <= fitsverify(path)[0]


def test_a_compressed_image_becomes_a_plain_one_with_its_cards(make, tmp_path):
    path, out = make.afw(compressed=ALL, extname=True), tmp_path / "out.fits"
    write_matched(read(path), slope(), out, CARDS)
    with fits.open(path) as old, fits.open(out, disable_image_compression=True) as new:
        assert isinstance(new[1], fits.ImageHDU)
        assert [hdu.header.get("ZIMAGE") for hdu in new] == [None, None, True, True]
        kept = {c.keyword: c.value for c in new[1].header.cards}
        for card in old[1].header.cards:
            if card.keyword not in ("XTENSION", "CHECKSUM", "DATASUM"):
                assert kept[card.keyword] == card.value
        assert new[1].header["EXTTYPE"] == new[1].header["EXTNAME"] == "IMAGE"
        assert new[1].header["INHERIT"] is True


@pytest.mark.parametrize("kind", ["primary", "extension", "compressed"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4", "f8"])
def test_plain_images_take_the_cards_in_their_own_hdu(make, tmp_path, kind, dtype):
    data = (np.arange(NY * NX) % 100).reshape(NY, NX).astype(dtype)
    cards = {"DATAMIN": 0.0, "DATAMAX": 99.0, "OBJECT": "sky"}
    if dtype in ("i2", "i4") and kind != "compressed":
        cards["BLANK"] = 5
    path, out = make.plain(data=data, cards=cards, kind=kind), tmp_path / "out.fits"
    expected = read(path).image + slope()
    write_matched(path, slope(), out, CARDS)
    np.testing.assert_array_equal(read(out).image, expected)
    index = 0 if kind == "primary" else 1
    with fits.open(out, disable_image_compression=True, checksum=True) as hdus:
        header = hdus[index].header
        assert header["BITPIX"] == -32
        assert not {"BLANK", "BZERO", "BSCALE", "DATAMIN", "DATAMAX"} & set(header)
        assert header["OBJECT"] == "sky"
        assert header["BGVBIN"] == 64
        assert len(hdus) == index + 1
    assert fitsverify(out) == (0, 0)


def test_degenerate_axes_stay_in_the_file(make, tmp_path):
    path, out = make.plain(data=pixels()[None, None]), tmp_path / "out.fits"
    write_matched(path, slope(), out, CARDS)
    with fits.open(out) as hdus:
        assert hdus[0].data.shape == (1, 1, NY, NX)
    np.testing.assert_array_equal(read(out).image, pixels() + slope())


@pytest.mark.parametrize("compressed", [(), ALL])
def test_the_reference_differs_by_its_cards_alone(make, tmp_path, compressed):
    path, out = make.afw(archive=True, compressed=compressed), tmp_path / "out.fits"
    write_matched(load_stack(path)[0], None, out, make_cards(MatchConfig(), kind="reference"))
    before, after = hdu_bytes(path), hdu_bytes(out)
    assert before[1:] == after[1:]
    record = read_cards(fits.getheader(out))
    assert (record["kind"], record["sign"]) == ("reference", None)


def test_a_plain_compressed_reference_stays_compressed(make, tmp_path):
    path, out = make.plain(kind="compressed"), tmp_path / "out.fits"
    write_matched(path, None, out, make_cards(MatchConfig(), kind="reference"))
    assert hdu_bytes(out)[1][1] == hdu_bytes(path)[1][1]
    np.testing.assert_array_equal(read(out).image, pixels())
    assert fitsverify(out) == (0, 0)


def test_packed_input_is_written_unpacked(make, tmp_path):
    plain = make.afw(archive=True)
    packed, out = make.gzipped(plain, "p.fits.gz"), tmp_path / "out.fits"
    write_matched(packed, slope(), out, CARDS)
    assert hdu_bytes(out)[2:] == hdu_bytes(plain)[2:]


def test_missing_fill_of_the_last_hdu_is_added(make, tmp_path):
    path, out = make.afw(), tmp_path / "out.fits"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 2880 + (NY * NX * 4) % 2880])
    write_matched(path, slope(), out, CARDS)
    assert fitsverify(out)[1] == 0


def test_late_wcsaxes_is_put_right(make, tmp_path):
    path, out = make.plain(), tmp_path / "out.fits"
    header = wcs_header()
    del header["WCSAXES"]
    with fits.open(path) as hdus:
        hdus[0].header.update(header)
        hdus[0].header.append(("WCSAXES", 2), end=True)
        hdus.writeto(path, overwrite=True)
    assert fitsverify(path)[1] == 1
    write_matched(path, slope(), out, CARDS)
    assert fitsverify(out) == (0, 0)


def test_scaled_exposures_are_written_in_their_own_unit(make, tmp_path):
    make.afw("a.fits", primary={"MAGZERO": 24.0})
    stack, out = load_stack(make.folder, zero_point=26.5), tmp_path / "out.fits"
    write_matched(stack[0], slope(), out, CARDS)
    np.testing.assert_array_equal(read(out).image, pixels() + slope())
    again = tmp_path / "again.fits"
    write_matched(stack.read(0), slope(), again, CARDS)
    np.testing.assert_array_equal(read(again).image, pixels() + slope())


def test_background_of_lsst(make, tmp_path):
    exposure, out = read(make.afw()), tmp_path / "bg.fits"
    write_background(exposure, slope(), out, CARDS)
    with fits.open(out, checksum=True) as hdus:
        assert len(hdus) == 1
        header = hdus[0].header
        np.testing.assert_array_equal(hdus[0].data, slope())
        assert hdus[0].verify_checksum() == 1
    assert (header["EXTNAME"], header["BUNIT"], header["BITPIX"]) == ("BGMODEL", "adu", -32)
    assert (header["LTV1"], header["LTV2"]) == (-100.0, -200.0)
    assert (header["CRVAL1A"], header["CRVAL2A"], header["CRPIX1A"]) == (100.0, 200.0, 1.0)
    for name, value in wcs_header().items():
        if isinstance(value, float):
            value = pytest.approx(value, rel=1e-13)
        assert header[name] == value
    record = read_cards(header)
    assert (record["kind"], record["sign"]) == ("background", "ADD")
    assert fitsverify(out) == (0, 0)


@pytest.mark.parametrize("wcs", [None, wcs_header()])
def test_background_of_a_plain_image(make, tmp_path, wcs):
    out = tmp_path / "bg.fits"
    write_background(read(make.plain(wcs=wcs, kind="compressed")), slope(), out, CARDS)
    header = fits.getheader(out)
    assert ("CTYPE1" in header) is (wcs is not None)
    assert "LTV1" not in header
    assert "CRVAL1A" not in header
    assert "BUNIT" not in header
    assert fitsverify(out) == (0, 0)


def test_background_of_an_exposure_in_memory(tmp_path):
    exposure = Exposure(pixels(), xy0=(3, 4), unit="adu")
    write_background(exposure, slope(), tmp_path / "bg.fits")
    header = fits.getheader(tmp_path / "bg.fits")
    assert (header["CRVAL1A"], header["CRVAL2A"]) == (3.0, 4.0)


def test_exposures_in_memory_become_lsst_like_files(tmp_path):
    exposure = Exposure(
        pixels(), bits(), np.full((NY, NX), 2.0), PLANES, (5, 6), unit="nJy", zero_point=31.4
    )
    out = tmp_path / "made.fits"
    write_exposure(exposure, out)
    back, info = read(out), describe(out)
    for plane in ("image", "mask", "variance"):
        np.testing.assert_array_equal(getattr(back, plane), getattr(exposure, plane))
    assert (back.planes, back.xy0, back.unit) == (PLANES, (5, 6), "nJy")
    assert info.convention == "afw"
    assert info.warnings == ()
    assert fitsverify(out) == (0, 0)
    matched = tmp_path / "matched.fits"
    write_matched(exposure.scaled(4.0), slope(), matched, CARDS)
    np.testing.assert_array_equal(read(matched).image, pixels() + slope())
    assert read_cards(fits.getheader(matched))["sign"] == "ADD"


def test_nan_and_infinity_pass_through(make, tmp_path):
    path, out = make.plain(), tmp_path / "o.fits"
    write_matched(path, slope(), out, CARDS)
    image = read(out).image
    assert np.isnan(image[:2, :3]).all()
    assert np.isposinf(image[-1, -1])


def test_trivial_scaling_cards_of_a_float_image_stay(make, tmp_path):
    path, out = make.afw(), tmp_path / "o.fits"
    raw, start = path.read_bytes(), len(hdu_bytes(path)[0][0])
    for old, new in ((b"LTV1", b"BSCALE  =                   1."), (b"LTV2", b"BZERO   =   0.0")):
        place = raw.index(old, start)  # the image's header comes first
        raw = raw[:place] + new.ljust(80) + raw[place + 80 :]
    path.write_bytes(raw)
    write_matched(path, slope(), out, CARDS)
    assert other_cards(hdu_bytes(out)[1][0]) == other_cards(hdu_bytes(path)[1][0])
    assert b"BSCALE" in hdu_bytes(out)[1][0]
    np.testing.assert_array_equal(read(out).image, pixels() + slope())
