"""Files that want to do harm are refused, with one sentence and before memory is taken."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest

from bgviewer.errors import ReadError
from bgviewer.io import memory
from bgviewer.io.read import describe, read
from bgviewer.tasks.inspect import inspect_file
from tests.hostile import FILES, image
from tests.io.conventions.lookalikes import flags, packed, primary, save, sky

# Packed files take long to make; smaller ones follow below.
QUICK = [name for name in FILES if "bomb" not in name]


@pytest.mark.parametrize("name", QUICK)
def test_refused(tmp_path, name):
    FILES[name](tmp_path / name)
    record = inspect_file(tmp_path / name)
    assert record["outcome"] == "error"
    assert record["error"]["id"].startswith("E_")
    assert "\n" not in record["error"]["text"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_bombs(tmp_path, monkeypatch, pack):
    monkeypatch.setattr("bgviewer.io.unpack._FREE", 1 << 20)
    path = tmp_path / "bomb.fits.gz"
    path.write_bytes(pack(image(8, 5000, 1000) + bytes(5_000_000)))
    with pytest.raises(ReadError, match="unpack to more than") as caught:
        read(path)
    assert caught.value.id == "E_MEMORY"


def test_memory_is_asked_about_first(tmp_path, monkeypatch):
    path = tmp_path / "large.fits"
    with path.open("wb") as out:
        out.write(image(-32, 8000, 8000))
        out.truncate(2880 + 4 * 8000 * 8000 + 2880)
    monkeypatch.setattr(memory, "available_bytes", lambda: 100_000_000)
    assert describe(path).shape == (8000, 8000)
    with pytest.raises(ReadError, match=r"needs 0\.3 GB of memory, 0\.1 GB are free") as caught:
        read(path)
    assert caught.value.id == "E_MEMORY"


def test_available_memory_is_a_plausible_number():
    there = memory.available_bytes()
    assert there is None or 1 << 24 < there < 1 << 50


def test_no_header_becomes_a_path_or_a_line(tmp_path):
    cards = {"EXTNAME": "../../x", "BPM": "/etc/passwd", "MASKFILE": "../m.fits", "BUNIT": "<b>x"}
    path = save(tmp_path / "a.fits", primary(), packed("", sky(), **cards))
    save(tmp_path.parent / "m.fits", primary(flags(1)))
    info = describe(path)
    assert (info.companions, info.unit) == ((), "<b>x")
