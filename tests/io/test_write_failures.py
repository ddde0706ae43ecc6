"""Writing that must fail: one sentence, inputs whole, nothing left behind."""

from __future__ import annotations

import errno
import os
import stat

import numpy as np
import pytest
from astropy.io import fits

import bgviewer.io.write as write_module
from bgviewer.engine.config import MatchConfig
from bgviewer.errors import Cancelled, ReadError, ShapeMismatchError, WriteError
from bgviewer.io.provenance import make_cards
from bgviewer.io.read import read
from bgviewer.io.write import check_target, write_background, write_matched
from tests.io.conftest import NX, NY, pixels
from tests.io.test_write import slope

CARDS = make_cards(MatchConfig(), reference="ref.fits", version="9")


def test_shapes_are_checked(make, tmp_path):
    for write in (write_matched, write_background):
        with pytest.raises(ShapeMismatchError, match="3"):
            write(read(make.plain()), np.zeros((3, 3)), tmp_path / "o.fits", CARDS)
    assert not list(tmp_path.glob("*.fits"))


def test_existing_files_are_kept(make, tmp_path):
    path, out = make.plain(), tmp_path / "out.fits"
    out.write_text("mine")
    with pytest.raises(WriteError, match="exists already") as caught:
        write_matched(path, slope(), out, CARDS)
    assert caught.value.id == "E_EXISTS"
    assert out.read_text() == "mine"
    write_matched(path, slope(), out, CARDS, overwrite=True)
    np.testing.assert_array_equal(read(out).image, pixels() + slope())


@pytest.mark.parametrize("how", ["same", "symlink", "hardlink", "dots"])
def test_inputs_are_never_written(make, tmp_path, how):
    path = make.plain()
    before, out = path.read_bytes(), tmp_path / "out.fits"
    if how == "same":
        out = path
    elif how == "symlink":
        out.symlink_to(path)
    elif how == "hardlink":
        os.link(path, out)
    else:
        out = path.parent / ".." / path.parent.name / path.name
    for write in (write_matched, write_background):
        with pytest.raises(WriteError, match="is an input"):
            write(read(path), slope(), out, CARDS, overwrite=True)
    assert path.read_bytes() == before
    other = make.plain("other.fits")
    with pytest.raises(WriteError, match="is an input"):
        check_target(other, inputs=[path, other], overwrite=True)


def test_bad_targets(make, tmp_path):
    with pytest.raises(WriteError, match="does not exist"):
        write_matched(make.plain(), slope(), tmp_path / "no" / "o.fits", CARDS)
    with pytest.raises(WriteError, match="is a folder"):
        write_matched(make.plain(), slope(), tmp_path, CARDS)
    with pytest.raises(ReadError):
        write_matched(tmp_path / "gone.fits", slope(), tmp_path / "o.fits", CARDS)


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EROFS, "cannot be written"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_a_failing_disk_leaves_nothing_behind(make, tmp_path, monkeypatch, number, says):
    path, folder = make.plain(), tmp_path / "out"
    folder.mkdir()

    def fail(*_args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(WriteError, match=says) as caught:
        write_matched(path, slope(), folder / "o.fits", CARDS)
    assert "\n" not in str(caught.value)
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_to(make, tmp_path):
    folder = tmp_path / "ro"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("this user may write anywhere (root)")
        with pytest.raises(WriteError, match="cannot be written to"):
            write_matched(make.plain(), slope(), folder / "o.fits", CARDS)
    finally:
        folder.chmod(stat.S_IRWXU)


def test_interruption_leaves_nothing_behind(make, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()

    def stop(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(write_module, "verify_written", stop)
    with pytest.raises(KeyboardInterrupt):
        write_matched(make.plain(), slope(), folder / "o.fits", CARDS)
    assert list(folder.iterdir()) == []


def test_what_was_written_is_looked_at(make, tmp_path, monkeypatch):
    """A disk that returns other bytes than it was given is noticed."""
    folder = tmp_path / "out"
    folder.mkdir()
    original = write_module.write_parts

    def damaged(file, parts, out, progress):
        original(file, parts, out, progress)
        out.seek(-2880, os.SEEK_END)
        out.write(b"\x01\x02\x03\x04")
        out.flush()

    monkeypatch.setattr(write_module, "write_parts", damaged)
    with pytest.raises(WriteError, match="checksum"):
        write_matched(make.plain(), slope(), folder / "o.fits", CARDS)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("how", ["whole", "in pieces", "refused", "half", "not there"])
def test_copies_do_not_depend_on_the_system(make, tmp_path, monkeypatch, how):
    """The system's own copying of ranges may do all, some or nothing of it."""
    size = 3 << 20
    path = make.afw(shape=(2, size // 8), image=np.zeros((2, size // 8), "f4"), mask=None)
    real, calls = getattr(os, "copy_file_range", None), []

    def some(source, target, count, from_, to):
        calls.append(count)
        if how == "refused" or (how == "half" and len(calls) > 1):
            raise OSError(errno.EXDEV, "another file system")
        part = count if how == "whole" else min(count, 1 << 20)
        data = os.pread(source, part, from_)
        return os.pwrite(target, data, to)

    if how == "not there":
        monkeypatch.delattr(os, "copy_file_range", raising=False)
    else:
        monkeypatch.setattr(os, "copy_file_range", some, raising=False)
    monkeypatch.setattr("bgviewer.io.splice.BAND_BYTES", 1 << 16)
    background = np.ones((2, size // 8), "f4")
    out = write_matched(path, background, tmp_path / "o.fits", CARDS)
    monkeypatch.undo()
    with fits.open(path) as before, fits.open(out, checksum=True) as after:
        np.testing.assert_array_equal(after[1].data, background)
        np.testing.assert_array_equal(after[2].data, before[2].data)
    assert bool(calls) == (how != "not there")
    assert real is getattr(os, "copy_file_range", None)


def test_a_disk_that_fills_up_while_the_system_copies(make, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()
    path = make.afw(
        shape=(60, 70), image=np.zeros((60, 70), "f4"), variance=np.ones((60, 70), "f4")
    )

    def full(*_args):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "copy_file_range", full, raising=False)
    monkeypatch.setattr("bgviewer.io.splice.BAND_BYTES", 2880)
    with pytest.raises(WriteError, match="no space left"):
        write_matched(path, np.zeros((60, 70)), folder / "o.fits", CARDS)
    assert list(folder.iterdir()) == []


def test_writing_can_be_stopped_at_any_step(make, tmp_path, monkeypatch):
    """Whatever the moment: nothing is left, and the file that was to be replaced is whole."""
    monkeypatch.setattr("bgviewer.io.splice.BAND_BYTES", 512)
    monkeypatch.setattr("bgviewer.io.splice._SYNCED", 2048)
    folder = tmp_path / "out"
    folder.mkdir()
    old = folder / "o.fits"
    source, background = make.afw(), np.ones((NY, NX))

    class StopAt:
        def __init__(self, n):
            self.n, self.steps = n, 0

        def step(self, fraction=None, text=None):
            self.steps += 1
            if self.steps == self.n:
                raise Cancelled("stopped")

    count = StopAt(0)
    write_matched(source, background, old, CARDS, progress=count)
    before = old.read_bytes()
    assert count.steps > 10
    for n in range(1, count.steps + 1):
        with pytest.raises(Cancelled):
            write_matched(source, background, old, CARDS, overwrite=True, progress=StopAt(n))
        assert [p.name for p in folder.iterdir()] == ["o.fits"]
        assert old.read_bytes() == before


def test_mode_follows_the_umask(make, tmp_path):
    previous = os.umask(0o027)
    try:
        out = write_matched(make.plain(), slope(), tmp_path / "o.fits", CARDS)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(out.stat().st_mode) == 0o640


@pytest.mark.parametrize("odd", ["PCOUNT  = 'x'", "NAXIS   = 3"])
def test_cards_that_other_readers_cannot_bear_are_told(make, odd):
    path = make.plain()
    raw = path.read_bytes()
    at = raw.index(b"END" + b" " * 77)
    card = odd.encode().ljust(80)
    path.write_bytes(raw[:at] + card + raw[at : 2880 - 80] + raw[2880:])
    target = make.folder / "out.fits"
    with pytest.raises(WriteError, match="other readers fail on its headers"):
        write_matched(path, np.ones(read(path).shape, "f4"), target)
    assert not target.exists()
