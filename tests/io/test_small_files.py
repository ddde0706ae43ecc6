"""Small text files: what is no regular file, or has no end, is refused before it is read."""

from __future__ import annotations

import os
import pickle
import sys

import pytest

from bgviewer.errors import ConfigError, ReadError
from bgviewer.io import layout
from bgviewer.io.config_file import read_any
from bgviewer.io.discover import discover
from bgviewer.io.layout import FitsFile
from bgviewer.io.presets import load_preset
from bgviewer.io.region_file import read_regions
from bgviewer.io.region_frame import PixelFrame
from bgviewer.io.remembered import load_memory
from bgviewer.io.session_file import read_session
from bgviewer.io.small_files import read_toml
from bgviewer.io.stack import load_stack
from tests.stacks import write_small_stack

READERS = {
    "x.toml": read_any,
    "x.bgv.toml": read_any,
    "x.py": read_any,
    "preset.toml": load_preset,
    "memory.toml": load_memory,
    "session.bgv.toml": read_session,
    "x.reg": lambda path: read_regions(path, PixelFrame()),
    "list.txt": lambda path: discover(f"@{path}"),
    "x.fits": FitsFile,
}
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")


@needs_pipes
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", ["pipe", "zeros", "folder", "loop", "long", "under a file"])
def test_what_is_no_regular_file_is_refused(tmp_path, name, kind):
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "zeros":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "long":
        path = tmp_path / ("é" * 200 + name)  # 400 bytes
    else:
        (tmp_path / "file").touch()
        path = tmp_path / "file" / name
    with pytest.raises((ConfigError, ReadError)) as caught:
        READERS[name](path)
    assert str(path) in str(caught.value)
    pickle.dumps(caught.value)


NUMBERS = {
    "nested arrays": "order = " + "[" * 5000 + "]" * 5000,
    "nested arrays that tomllib takes": "order = " + "[" * 200 + "]" * 200,
    "nested tables": "[" + ".".join(["a"] * 2000) + "]\norder = 1",
    "nested inline tables": "a = " + "{a = " * 300 + "1" + "}" * 300,
    "digits without end": "order = " + "9" * 100_000,
    "digits": "order = " + "9" * 4000,
    "hexadecimal digits": "order = 0x" + "f" * 90_000,
    "digits in an array": "badMaskPlanes = [" + "9" * 300 + "]",
}


@pytest.mark.parametrize("what", NUMBERS)
@pytest.mark.parametrize("name", ["x.toml", "x.bgv.toml", "preset.toml", "memory.toml"])
def test_toml_without_end_is_refused(tmp_path, what, name):
    path = tmp_path / name
    path.write_text(NUMBERS[what])
    with pytest.raises(ConfigError) as caught:
        READERS[name](path)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "text",
    [
        "config.binSize = " + "9" * 100_000,
        "config.binSize = " + "9" * 4000,
        "config.binSize = " + "[" * 5000 + "]" * 5000,
        "config.binSize = " + "-" * 50_000 + "1",
    ],
)
def test_lsst_configuration_without_end_is_refused(tmp_path, text):
    path = tmp_path / "config.py"
    path.write_text(text)
    with pytest.raises(ConfigError):
        read_any(path)


def test_a_large_text_file_is_refused(tmp_path):
    path = tmp_path / "x.toml"
    with path.open("wb") as out:
        out.truncate(1 << 34)
    with pytest.raises(ConfigError, match="more than 10 MB"):
        read_any(path)


def test_usual_values_are_read(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b"order = 3\r\nbinSize = 0x40\r\n")
    config = read_any(path)[0]
    assert (config.order, config.bin_size) == (3, 64)


def test_a_link_to_itself_among_good_files(tmp_path):
    folder = tmp_path / "in"
    write_small_stack(folder)
    (folder / "loop.fits").symlink_to("loop.fits")
    (folder / "gone.fits").symlink_to("nowhere.fits")
    stack = load_stack(folder)
    assert len(stack.usable) == 4
    problems = {e.name: str(e.problem) for e in stack.entries if e.problem is not None}
    assert set(problems) == {"loop", "gone"}
    assert "does not exist" in problems["gone"]


def test_a_folder_that_may_not_be_entered(tmp_path, monkeypatch):
    """Root may enter every folder, so the system's answer is made here."""
    stat = os.stat

    def refuse(path, *args, **options):
        if str(path).startswith(str(tmp_path / "closed")):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *args, **options)

    good = write_small_stack(tmp_path / "in")
    monkeypatch.setattr(os, "stat", refuse)
    if sys.version_info < (3, 12):
        import pathlib

        monkeypatch.setattr(pathlib.os, "stat", refuse)
    closed = tmp_path / "closed" / "a.fits"
    stack = load_stack([closed, *good])
    assert "Permission denied" in str(stack[0].problem)
    assert len(stack.usable) == 4
    with pytest.raises(ReadError, match="Permission denied"):
        FitsFile(closed)


def test_a_disk_that_fails_while_it_is_read(tmp_path, monkeypatch):
    path = write_small_stack(tmp_path / "in")[0]
    open_file = layout.open_file

    class Failing:
        def __init__(self, handle):
            self._handle, self.good = handle, True

        def __getattr__(self, name):
            return getattr(self._handle, name)

        def readinto(self, out):
            raise OSError(5, "Input/output error")

    def opening(path):
        handle, wrapped = open_file(path)
        return Failing(handle), wrapped

    monkeypatch.setattr(layout, "open_file", opening)
    stack = load_stack([path])
    with pytest.raises(ReadError, match="Input/output error"):
        stack.read(0)


def test_key_of_very_many_parts_is_refused_at_once(tmp_path):
    path = tmp_path / "deep.toml"
    path.write_text(".".join(["a"] * 50_000) + " = 1\n")
    with pytest.raises(ConfigError, match="nests more than 32 levels"):
        read_toml(path)
