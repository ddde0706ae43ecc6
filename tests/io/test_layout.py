"""Damaged and hostile files: one clear sentence, nothing else."""

from __future__ import annotations

import bz2
import gzip
import lzma
import threading
import warnings

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bgviewer.errors import ReadError
from bgviewer.io.layout import FitsFile, card_value, quiet
from bgviewer.io.read import describe, read


def error_of(path) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(str(path))
    with pytest.raises(ReadError):
        describe(path)
    return caught.value


def with_cards(path, hdu, target, **changes):
    """Replace values in the raw header of one HDU of a plain file, sizes untouched."""
    raw = path.read_bytes()
    with fits.open(path, disable_image_compression=True) as hdus:
        start = hdus[hdu].fileinfo()["hdrLoc"]
        stop = hdus[hdu].fileinfo()["datLoc"]
    header = raw[start:stop]
    for name, value in changes.items():
        place = next(
            i for i in range(0, len(header), 80) if header[i : i + 8].rstrip() == name.encode()
        )
        card = f"{name:<8}= {value:>20}".ljust(80).encode()
        header = header[:place] + card + header[place + 80 :]
    target.write_bytes(raw[:start] + header + raw[stop:])
    return target


def test_layout_agrees_with_astropy(make):
    path = make.afw(archive=True, compressed=("IMAGE",))
    with FitsFile(path) as file, fits.open(path, disable_image_compression=True) as hdus:
        assert len(file.hdus) == len(hdus) == 7
        for ours, theirs in zip(file.hdus, hdus, strict=True):
            info = theirs.fileinfo()
            assert (ours.start, ours.data_start) == (info["hdrLoc"], info["datLoc"])
            assert ours.stop == info["datLoc"] + info["datSpan"]


def test_missing(tmp_path):
    error = error_of(tmp_path / "no.fits")
    assert error.id == "E_MISSING"
    assert "cannot be opened" in error.reason


def test_a_folder_is_no_file(tmp_path):
    assert error_of(tmp_path).id == "E_MISSING"


@pytest.mark.parametrize(
    ("content", "id_"),
    [
        (b"", "E_EMPTY"),
        (b"version https://git-lfs", "E_NOT_FITS"),
        (b"x", "E_NOT_FITS"),
        (b"\x1f\x9d\x90", "E_NOT_FITS"),
        (gzip.compress(b"plain text", mtime=0), "E_NOT_FITS"),
        (gzip.compress(b"", mtime=0), "E_NOT_FITS"),
        (b"\x1f\x8bgarbage", "E_TRUNCATED"),
        (b"BZhgarbage", "E_TRUNCATED"),
        (b"\xfd7zXZ\x00garbage", "E_TRUNCATED"),
        (b"SIMPLE  =", "E_TRUNCATED"),
        (b"SIMPLE  =                    T".ljust(2880), "E_TRUNCATED"),
    ],
)
def test_what_is_no_fits(tmp_path, content, id_):
    path = tmp_path / "x.fits"
    path.write_bytes(content)
    assert error_of(path).id == id_


def test_no_end_card(tmp_path):
    path = tmp_path / "x.fits"
    path.write_bytes(b"SIMPLE  =                    T".ljust(80) + b" " * 2880 * 5000)
    error = error_of(path)
    assert error.id == "E_HEADER"
    assert "END" in error.reason


def test_simple_f(make, tmp_path):
    path = with_cards(make.plain(), 0, tmp_path / "f.fits", SIMPLE="F")
    assert error_of(path).id == "E_SIMPLE_F"


@pytest.mark.parametrize(
    ("changes", "id_", "says"),
    [
        ({"NAXIS2": 2_000_000_000}, "E_TRUNCATED", "expected"),
        ({"NAXIS1": 10**17}, "E_TRUNCATED", "expected"),
        ({"NAXIS1": -4}, "E_HEADER", "NAXIS1"),
        ({"NAXIS1": "'many'"}, "E_HEADER", "NAXIS1"),
        ({"NAXIS": 1000}, "E_HEADER", "NAXIS"),
        ({"NAXIS": "garbage!"}, "E_HEADER", "NAXIS"),
        ({"BITPIX": 13}, "E_HEADER", "BITPIX"),
        ({"NAXIS1": 0}, "E_EMPTY_IMAGE", "size 0"),
    ],
)
def test_lying_headers(make, tmp_path, changes, id_, says):
    error = error_of(with_cards(make.plain(), 0, tmp_path / "lie.fits", **changes))
    assert error.id == id_
    assert says in error.reason


@pytest.mark.parametrize("changes", [{"ZNAXIS1": 10**9}, {"ZNAXIS2": 10**9}, {"ZBITPIX": 7}])
def test_lying_compressed_headers(make, tmp_path, changes):
    path = with_cards(make.plain(kind="compressed"), 1, tmp_path / "lie.fits", **changes)
    assert error_of(path).id in ("E_TRUNCATED", "E_HEADER")


def test_a_small_file_cannot_claim_gigabytes(make, tmp_path):
    data = np.zeros((4, 4), "i2")
    hdu = fits.CompImageHDU(data, compression_type="RICE_1", tile_shape=(4, 4))
    path = make.save([fits.PrimaryHDU(), hdu], "bomb.fits")
    lie = {"ZNAXIS1": 10**6, "ZNAXIS2": 10**6, "ZTILE1": 10**6, "ZTILE2": 10**6}
    assert error_of(with_cards(path, 1, tmp_path / "b.fits", **lie)).id == "E_TRUNCATED"


def test_every_truncation_is_noticed(make, tmp_path):
    path = make.afw()
    raw = path.read_bytes()
    with FitsFile(path) as file:
        needed = file.hdus[-1].data_start + file.hdus[-1].data_size
        # Cut in the fill between two HDUs (or in the next one's name) a file is formally whole.
        whole = [(h.data_start + h.data_size, h.stop + 8) for h in file.hdus]
    short = tmp_path / "short.fits"
    for length in [*range(1, needed, 997), needed - 1]:
        short.write_bytes(raw[:length])
        if any(first <= length < last for first, last in whole):
            try:
                warnings_found = describe(short).warnings
            except ReadError as exc:
                assert exc.id == "E_NO_IMAGE"
            else:
                assert any("incomplete" in warning for warning in warnings_found)
        else:
            assert error_of(short).id in ("E_TRUNCATED", "E_NOT_FITS")
    short.write_bytes(raw[:needed])  # only fill is missing
    assert read(short).variance is not None


def test_a_file_cut_between_hdus_tells_by_its_archive(make):
    info = describe(make.afw(archive=True, drop=1))
    assert any("2 of 3 tables" in warning for warning in info.warnings)
    assert not describe(make.afw("whole.fits", archive=True)).warnings


def test_truncated_gzip(make, tmp_path):
    whole = gzip.compress(make.plain().read_bytes())
    path = tmp_path / "x.fits.gz"
    for length in (len(whole) - 1, len(whole) // 2, 30):
        path.write_bytes(whole[:length])
        assert error_of(path).id == "E_TRUNCATED"
    damaged = bytearray(whole)
    damaged[-5] ^= 1  # the CRC
    path.write_bytes(damaged)
    assert error_of(path).id == "E_TRUNCATED"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_are_known_by_content(make, tmp_path, pack):
    path = make.afw()
    packed = tmp_path / "whatever.dat"
    packed.write_bytes(pack(path.read_bytes()))
    np.testing.assert_array_equal(read(packed).image, read(path).image)


def test_trailing_bytes_are_told(make, tmp_path):
    path = tmp_path / "x.fits"
    path.write_bytes(make.plain().read_bytes() + b"junk" * 100)
    assert any("400 bytes" in warning for warning in describe(path).warnings)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    which=st.sampled_from(["afw", "compressed", "plain"]),
    places=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_flipped_bytes_never_crash(make, tmp_path, which, places):
    path = {
        "afw": lambda: make.afw(archive=True),
        "compressed": lambda: make.afw("c.fits", compressed=("IMAGE", "MASK")),
        "plain": make.plain,
    }[which]()
    raw = bytearray(path.read_bytes())
    for place, value in places:
        raw[place % len(raw)] = value
    target = tmp_path / "flipped.fits"
    target.write_bytes(raw)
    try:
        exposure = read(target)
    except ReadError as exc:
        assert "\n" not in str(exc)
    else:
        assert exposure.image.dtype == np.float32


def test_unreadable_cards_are_as_good_as_missing():
    header = fits.Header.fromstring("BAD     = @@@ !".ljust(80) + "NONE    =".ljust(80))
    assert card_value(header, "BAD", "default") in ("default", "@@@ !")
    assert card_value(header, "NONE", 3) == 3
    assert card_value(header, "ABSENT") is None


def test_quiet_leaves_the_filters_as_they_were():
    before = list(warnings.filters)
    barrier = threading.Barrier(4)

    def work():
        barrier.wait(20)
        for _ in range(200):
            with quiet():
                warnings.warn("not heard", UserWarning, stacklevel=1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
