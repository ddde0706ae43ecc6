"""Whole stacks on disk, beside plain astropy doing the same reading and writing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.scenes import write_stack
from tests.benchmarks.timing import Row, compare


def _bgviewer(*arguments: object) -> int:
    """Run bgviewer and return its peak memory in bytes."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-m', 'bgviewer', *sys.argv[1:]])\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)\n"
        "sys.exit(done.returncode)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return int(done.stdout.splitlines()[-1])


_ASTROPY_MATCH = """
import os, sys
from pathlib import Path
import numpy as np
from astropy.io import fits

def synced(hdus, path):
    with path.open("wb") as out:
        hdus.writeto(out, checksum=True)
        out.flush()
        os.fsync(out.fileno())

folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
for number, path in enumerate(map(Path, sys.argv[2:])):
    with fits.open(path) as hdus:
        image = hdus["IMAGE"].data + np.float32(1)
        hdus["IMAGE"].data = image
        synced(hdus, folder / f"{path.stem}_matched.fits")
    if number:
        synced(fits.HDUList([fits.PrimaryHDU(image)]), folder / f"{path.stem}_background.fits")
"""
"""Reads the same inputs and writes the same outputs, checksums and fsync included."""

_ASTROPY_RANK = """
import sys
import numpy as np
from astropy.io import fits

for path in sys.argv[1:]:
    with fits.open(path) as hdus:
        np.array(hdus["IMAGE"].data, dtype=np.float32)
        np.array(hdus["MASK"].data, dtype=np.int32)
"""


def _script(code: str, *arguments: object) -> None:
    """Run a peer as a command of its own, as bgviewer is run."""
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True)


def run(quick: bool) -> Iterator[Row]:
    side, count, repeats = (1024, 4, 3) if quick else (4096, 16, 3)
    folder = Path(tempfile.mkdtemp(prefix="bgviewer-bench-"))
    try:
        paths = write_stack(folder / "stack", side, count)
        peaks: list[int] = []

        def match() -> None:
            shutil.rmtree(folder / "ours", ignore_errors=True)
            peaks.append(_bgviewer("match", folder / "stack", "-o", folder / "ours"))

        def astropy_match() -> None:
            shutil.rmtree(folder / "theirs", ignore_errors=True)
            _script(_ASTROPY_MATCH, folder / "theirs", *paths)

        name = f"{count} × {side}²"
        mine, theirs = compare(match, astropy_match, repeats, before=os.sync)
        yield Row(
            "io",
            f"bgviewer match, {name}",
            mine,
            theirs,
            mine / theirs,
            1.5,
            peer_name="astropy read + write",
        )
        peak = max(peaks) / 2**30
        yield Row(
            "io",
            f"bgviewer match, {name}: peak memory",
            peak,
            None,
            peak,
            2.0,
            unit="GiB",
            peer_name="",
        )
        mine, theirs = compare(
            lambda: _bgviewer("rank", folder / "stack"),
            lambda: _script(_ASTROPY_RANK, *paths),
            repeats,
        )
        yield Row(
            "io",
            f"bgviewer rank, {name}",
            mine,
            theirs,
            mine / theirs,
            1.3,
            peer_name="astropy read",
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
