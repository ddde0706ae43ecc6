"""A standard output that cannot be written; lists and settings with a byte order mark."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.io.config_file import read_any
from bgviewer.io.discover import find_files

FULL = Path("/dev/full")


def run(*arguments: str, stdout) -> tuple[int, str]:
    command = [sys.executable, "-m", "bgviewer", *arguments]
    done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60)
    return done.returncode, done.stderr


@pytest.fixture
def exposure(tmp_path):
    path = tmp_path / "a.fits"
    fits.writeto(path, np.ones((8, 8), "f4"))
    return path


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [("info",), ("info", "--json"), ("--help",), ("--version",)])
def test_a_full_disk(exposure, arguments):
    with FULL.open("w") as full:
        extra = () if arguments[0].startswith("-") else (str(exposure),)
        code, told = run(*arguments, *extra, stdout=full)
    assert code == 2
    assert told == "bgviewer: standard output: cannot be written: No space left on device\n"


def test_a_closed_pipe(exposure):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        code, told = run("info", str(exposure), stdout=writing)
    finally:
        os.close(writing)
    assert code == 2
    assert told == "bgviewer: standard output: cannot be written: who read it went away\n"


def test_errors_keep_their_own_code(tmp_path):
    with open(os.devnull, "w") as nowhere:
        code, told = run("info", str(tmp_path / "none.fits"), stdout=nowhere)
    assert code == 4
    assert "No such file" in told


def test_missing_files_of_a_list_are_named_with_their_path(tmp_path, exposure):
    rows = tmp_path / "list.txt"
    rows.write_bytes(b"\xef\xbb\xbfa.fits\nelsewhere/b.fits\n")
    code, told = run("match", f"@{rows}", "-o", str(tmp_path / "out"), stdout=subprocess.DEVNULL)
    assert code != 0
    assert f"{tmp_path / 'elsewhere' / 'b.fits'}: cannot be opened (No such file" in told
    assert [path.name for path in find_files(f"@{rows}")[0]] == ["a.fits", "b.fits"]


def test_settings_with_a_byte_order_mark(tmp_path):
    ours, theirs = tmp_path / "a.toml", tmp_path / "b.py"
    ours.write_bytes(b"\xef\xbb\xbforder = 3\n")
    theirs.write_bytes(b"\xef\xbb\xbfconfig.matchBackgrounds.order = 4\n")
    assert read_any(ours)[0].order == 3
    assert read_any(theirs)[0].order == 4
