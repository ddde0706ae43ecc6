"""Every error and warning that files may lead to, one by one (FORMATS section 8)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from bgviewer import MatchConfig, match_backgrounds
from bgviewer.engine.exposure import Exposure
from bgviewer.errors import ConfigError, GridError, NoOverlapError, ReadError, WriteError
from bgviewer.io.background_list import read_background_list
from bgviewer.io.conventions import Choice
from bgviewer.io.lsst_config import load_lsst_config
from bgviewer.io.read import describe, read
from bgviewer.io.stack import load_stack
from bgviewer.io.write import write_matched
from bgviewer.tasks.inspect import inspect_file
from tests.io.conftest import NX, NY, Maker, bits, pixels, wcs_header
from tests.io.conventions.lookalikes import LOOKALIKES, extension, flags, level, primary, save, sky


def cut(path: Path, stop: int) -> Path:
    path.write_bytes(path.read_bytes()[:stop])
    return path


def edited(path: Path, old: bytes, new: bytes) -> Path:
    raw = path.read_bytes()
    assert raw.count(old) and len(old) == len(new)
    path.write_bytes(raw.replace(old, new, 1))
    return path


def gzip_cut(make: Maker) -> Path:
    path = make.gzipped(make.plain(), "g.fits.gz")
    return cut(path, len(path.read_bytes()) // 2)


def mismatch(make: Maker) -> Path:
    return make.afw(mask=bits(1, (NY - 2, NX)))


def twice(make: Maker) -> Path:
    return make.afw(planes={"BAD": 1, "SAT": 1})


def sidecar_of_other_size(make: Maker) -> Path:
    save(make.folder / "a_mask.fits", primary(flags()[:5]))
    return save(make.folder / "a.fits", primary(sky()))


def float_mask(make: Maker) -> Path:
    hdus = [primary(TELESCOP="GTC"), extension("SCI", sky()), extension("DQ", level(0.5))]
    return save(make.folder / "f.fits", *hdus)


def out_of_place(make: Maker) -> Path:
    path = make.afw()
    with fits.open(path, mode="update") as hdus:
        hdus[2].header["EXTTYPE"], hdus[3].header["EXTTYPE"] = "VARIANCE", "MASK"
    return path


READING: dict[str, tuple[Callable[[Maker], Path], str, str]] = {
    "missing": (lambda m: m.folder / "no.fits", "E_MISSING", "cannot be opened"),
    "folder": (lambda m: m.folder, "E_MISSING", "cannot be opened"),
    "empty": (lambda m: cut(m.plain(), 0), "E_EMPTY", r"empty file \(0 bytes\)"),
    "text": (lambda m: m.copy(m.plain(), "t.fits", b"version 1"), "E_NOT_FITS", "starts with"),
    "simple": (
        lambda m: edited(m.plain(), b"=                    T", b"=                    F"),
        "E_SIMPLE_F",
        "SIMPLE=F",
    ),
    "axis": (
        lambda m: edited(
            m.plain(), b"NAXIS1  =                   ", b"NAXIS1  =                  -"
        ),
        "E_HEADER",
        "header of HDU 0 is damaged: NAXIS1",
    ),
    "cut": (lambda m: cut(m.plain(), 3000), "E_TRUNCATED", "expected .* bytes, found 3000"),
    "gzip": (gzip_cut, "E_TRUNCATED", "truncated"),
    "table": (
        lambda m: save(m.folder / "t.fits", primary(), fits.BinTableHDU.from_columns([])),
        "E_NO_IMAGE",
        r"contains only .* no image",
    ),
    "size 0": (
        lambda m: m.afw(image=np.zeros((0, 0), "f4"), mask=None, variance=None),
        "E_EMPTY_IMAGE",
        "size 0",
    ),
    "cube": (lambda m: LOOKALIKES["cube"](m.folder), "E_DIMS", "choose a plane"),
    "shapes": (mismatch, "E_PLANE_SHAPE", r"MASK is \d+x\d+ but HDU 1 IMAGE is \d+x\d+"),
    "float mask": (float_mask, "E_MASK_TYPE", "mask plane is not integer"),
    "planes": (twice, "E_MASK_PLANES", "planes BAD and SAT share bit 1"),
    "exttype": (out_of_place, "E_EXTTYPE", "HDU 2 says VARIANCE, expected MASK"),
    "side-car": (sidecar_of_other_size, "E_SIBLING_SHAPE", "a_mask.fits is .* but"),
    "all bad": (
        lambda m: m.plain(data=np.full((NY, NX), np.nan, "f4")),
        "E_ALL_BAD",
        "no usable pixels after masking",
    ),
}


@pytest.mark.parametrize("name", READING)
def test_what_cannot_be_read(make, name):
    maker, id_, says = READING[name]
    path = maker(make)
    record = inspect_file(path)
    assert record["error"]["id"] == id_
    assert str(path) in record["error"]["text"]
    assert "\n" not in record["error"]["text"]
    if id_ != "E_ALL_BAD":  # that is asked of the pixels, when they are judged
        with pytest.raises(ReadError, match=says) as caught:
            read(path)
        assert caught.value.id == id_


def stale(make: Maker) -> Path:
    path = make.plain(checksum=True)
    raw = bytearray(path.read_bytes())
    raw[2880] ^= 1
    path.write_bytes(bytes(raw))
    return path


WARNINGS: dict[str, tuple[Callable[[Maker], Path], str]] = {
    "E_VERSION": (
        lambda m: m.afw(primary={"HIERARCH EXPINFO_V": 3}),
        "newer LSST stack (v3); pixels loaded, metadata ignored",
    ),
    "E_NO_VAR": (lambda m: m.afw(variance=None), "no variance: chi-square and weights disabled"),
    "E_NO_VAR, zero": (
        lambda m: m.afw(variance=np.zeros((NY, NX), "f4")),
        "no variance: chi-square and weights disabled",
    ),
    "E_CHECKSUM": (stale, "disagree with the bytes"),
    "E_TRUNCATED, tables": (lambda m: m.afw(archive=True, drop=1), "archive"),
    "unnamed planes": (lambda m: m.afw(planes={}), "mask planes are not named"),
    "all flagged": (
        lambda m: m.afw(mask=np.ones((NY, NX), "i4"), planes={"BAD": 0}),
        "no usable pixels after masking (mask planes: BAD)",
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_is_told_and_read_nevertheless(make, name):
    maker, says = WARNINGS[name]
    record = inspect_file(maker(make))
    assert record["outcome"] == "exposure"
    assert any(says in warning for warning in record["warnings"]), record["warnings"]


def test_one_bad_file_never_stops_a_stack(make):
    paths = [make.plain(), cut(make.plain("b.fits"), 0), make.folder / "no.fits"]
    stack = load_stack(paths)
    assert stack.usable == (0,)
    assert [e.problem.id for e in stack.entries[1:]] == ["E_EMPTY", "E_MISSING"]


def test_another_grid(make):
    far = wcs_header()
    far["CRVAL1"] += 1
    paths = [make.plain(f"{n}.fits", wcs=wcs_header()) for n in "ab"]
    stack = load_stack([*paths, make.plain("c.fits", wcs=far)])
    problem = stack[2].problem
    assert isinstance(problem, GridError)
    assert problem.id == "E_GRID"
    assert "pixels off" in str(problem)


def test_no_overlap():
    left, right = pixels(1), pixels(2)
    left[:, NX // 2 :], right[:, : NX // 2] = np.nan, np.nan
    pair = [Exposure(image=image) for image in (left, right)]
    with pytest.raises(NoOverlapError, match="no overlap with the reference") as caught:
        match_backgrounds(*pair, MatchConfig(bin_size=5, use_polynomial=True, order=1))
    assert caught.value.id == "E_OVERLAP"


def test_different_units(make):
    paths = [make.plain(f"{n}.fits", cards={"BUNIT": u}) for n, u in (("a", "nJy"), ("b", "adu"))]
    notes = " ".join(load_stack(paths).notes)
    assert "units" in notes
    assert "(nJy, adu)" in notes
    assert "not scaled" in notes


def background_list(folder: Path, **changes: Any) -> Path:
    cards = {"INTERPSTYLE": 5, "BKGD_X0": 0, "BKGD_Y0": 0, "BKGD_WIDTH": 100, "BKGD_HEIGHT": 90}
    cards = {k: v for k, v in {**cards, **changes}.items() if v is not None}
    planes = (level(1), flags(), level(1))
    hdus = [primary(planes[0], **cards), *(extension("", p, **cards) for p in planes[1:])]
    return save(folder / "b.fits", *hdus)


@pytest.mark.parametrize(
    ("changes", "id_"),
    [
        ({"INTERPSTYLE": None}, "E_BGLIST_KEY"),
        ({"BKGD_WIDTH": None}, "E_BGLIST_KEY"),
        ({"BKGD_WIDTH": 0}, "E_BGLIST_BBOX"),
        ({"BKGD_HEIGHT": 2**31 + 1}, "E_BGLIST_BBOX"),
    ],
)
def test_background_lists(tmp_path, changes, id_):
    path = background_list(tmp_path, **changes)
    with pytest.raises(ReadError) as caught:
        read_background_list(path)
    assert caught.value.id == id_


def test_code_in_a_configuration(tmp_path):
    path = tmp_path / "c.py"
    path.write_text("import os\nconfig.binSize = 128\nos.system('true')\n")
    with pytest.raises(ConfigError, match="never executed") as caught:
        load_lsst_config(path)
    assert caught.value.id == "E_CONFIG_CODE"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_leaves_the_original(make, monkeypatch):
    path = make.plain()
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="no space left") as caught:
        write_matched(path, np.ones((NY, NX), "f4"), make.folder / "out.fits")
    assert caught.value.id == "E_WRITE"
    assert path.read_bytes() == before
    assert list(make.folder.iterdir()) == [path]


def test_choosing_what_is_not_there(make):
    with pytest.raises(ReadError, match="no image in HDU 7") as caught:
        describe(make.plain(), Choice(mask="7"))
    assert caught.value.id == "E_NO_IMAGE"


def test_notes_of_the_butler_are_not_passed_on(make):
    note = {"HIERARCH LSST BUTLER ID": "x", "OBSID": "y"}
    source = make.afw(primary=note)
    from bgviewer.io.provenance import make_cards

    out = write_matched(source, None, make.folder / "out.fits", make_cards(MatchConfig()))
    header = fits.getheader(out)
    assert "LSST BUTLER ID" not in header
    assert header["OBSID"] == "y"
