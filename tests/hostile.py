"""Damaged and hostile files, refused:  python -m tests.hostile [FOLDER]

Makes the files (or takes those called ``bad_*`` of a folder) and runs ``bgviewer info --json`` on
each: exit code 4, 2 s and 200 MB at most.  Exits 1 otherwise.  Times are of this machine, now.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

SECONDS, MEGABYTES = 2.0, 200
_EMPTY: dict[str, object] = {"SIMPLE": "T", "BITPIX": 8, "NAXIS": 0}
_IMAGE = {"XTENSION": "'IMAGE   '", "BITPIX": 8, "NAXIS": 0, "PCOUNT": 0, "GCOUNT": 1}


def header(cards: dict[str, object]) -> bytes:
    raw = b"".join(f"{k:<8}= {v!s:>20}".ljust(80).encode() for k, v in cards.items())
    raw += b"END".ljust(80)
    return raw.ljust(-(-len(raw) // 2880) * 2880)


def image(bitpix: int, *axes: int) -> bytes:
    sizes = {f"NAXIS{n}": length for n, length in enumerate(axes, start=1)}
    return header({"SIMPLE": "T", "BITPIX": bitpix, "NAXIS": len(axes), **sizes})


def sparse(path: Path) -> None:
    """As large as it says, and nothing in it."""
    with path.open("wb") as out:
        out.write(image(16, 1_000_000, 1_000_000))
        out.truncate(2880 + 2 * 10**12 + 2880)


def constant(path: Path) -> None:
    cards = {**_IMAGE, "EXTNAME": "'SCI     '", "NPIX1": 10**6, "NPIX2": 10**6, "PIXVALUE": 1}
    path.write_bytes(header(_EMPTY) + header(cards))


def _bomb(opener: Callable[..., Any]) -> Callable[[Path], None]:
    """Return what writes 600 MB of nothing, packed."""

    def make(path: Path) -> None:
        with opener(path, "wb") as out:
            out.write(image(8, 30_000, 20_000))
            for _ in range(600):
                out.write(bytes(1_000_000))

    return make


def _write(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)


FILES: dict[str, Callable[[Path], None]] = {
    "empty.fits": lambda path: _write(path, b""),
    "text.fits": lambda path: _write(path, b"version https://git-lfs.github.com/spec/v1\n"),
    "huge_axis.fits": lambda path: _write(path, image(-32, 200, 999_999_999) + bytes(5760)),
    "negative_axis.fits": lambda path: _write(path, image(-32, 200, -5) + bytes(5760)),
    "cut_header.fits": lambda path: _write(path, image(-32, 20, 20)[:1000]),
    "cut_pixels.fits": lambda path: _write(path, image(-32, 200, 200) + bytes(9000)),
    "endless_header.fits": lambda path: _write(
        path, header(_EMPTY).replace(b"END", b"   ") + b" " * 20_000_000
    ),
    "many_hdus.fits": lambda path: _write(path, header(_EMPTY) + header(_IMAGE) * 20_000),
    "sparse.fits": sparse,
    "constant.fits": constant,
    "bomb.fits.gz": _bomb(gzip.open),
    "bomb.fits.bz2": _bomb(bz2.open),
    "bomb.fits.xz": _bomb(partial(lzma.open, preset=1)),
}


def info(path: Path) -> tuple[int, str, float, float]:
    """Return exit code, error id, seconds and megabytes of ``bgviewer info`` on a file."""
    start = time.monotonic()
    command = [sys.executable, "-m", "bgviewer", "info", "--json", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    error = json.loads(out)["files"][0]["error"] or {"id": "none"}
    return process.returncode, error["id"], seconds, usage.ru_maxrss / 1024


def main() -> int:
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = sorted(Path(sys.argv[1]).glob("bad_*")) if len(sys.argv) > 1 else []
        for name, make in () if paths else FILES.items():
            make(Path(folder) / name)
            paths.append(Path(folder) / name)
        for path in paths:
            code, id_, seconds, memory = info(path)
            well = code == 4 and seconds <= SECONDS and memory <= MEGABYTES
            failed += not well
            mark = "" if well else "  <-- wrong"
            print(f"{path.name:32} exit {code}  {id_:12} {seconds:5.2f} s {memory:5.0f} MB{mark}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
