"""Stops and full disks of an overwriting export:  python -m tests.interruptions [STOPS [DISKS]]

Exports a stack, then again with other settings over the first results, and ends that by SIGINT,
SIGTERM or SIGKILL at a random time, or lets the disk be full.  Whatever happens, every exposure
has all of its earlier files or all of its new ones, each of them whole, the report agrees with the
folder, and the next run leaves no temporary file.  Exits 1 otherwise.  Sizes of the disk need root
(a tmpfs is mounted); without root the size of a file is limited.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table

from bgviewer import MatchConfig, load_stack
from bgviewer.io.transaction import recover
from bgviewer.tasks.export import ExportRequest, export
from tests.stacks import write_small_stack

HERE = Path(__file__).parents[1]
N, SEED = 7, 13
OLD, NEW = MatchConfig(bin_size=64), MatchConfig(bin_size=32)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}


@dataclass
class Tally:
    """What was seen, and what must not have been."""

    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def expect(self, true: bool, text: str) -> None:
        if not true:
            self.wrong.append(text)


def make_stack(folder: Path) -> list[Path]:
    """Exposures with a side-car each, so that several kinds of file are written."""
    paths = write_small_stack(folder, shape=(300, 400), n_exposures=N)
    for number, path in enumerate(paths):
        flags = np.zeros((300, 400), "i4")
        flags[number::50, ::40] = 1
        with fits.open(path) as hdus:
            image, header = hdus[1].data.copy(), hdus[1].header.copy()
        for word in ("EXTNAME", "EXTTYPE", "XTENSION"):
            header.pop(word, None)
        fits.PrimaryHDU(image, header).writeto(path, overwrite=True)
        fits.PrimaryHDU(flags).writeto(path.with_name(f"{path.stem}_mask.fits"))
    return paths


def state_of(path: Path) -> str:
    """Old or new by the settings that the file records; raises for one that is not whole."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(path, checksum=True) as hdus:
            for hdu in hdus:
                assert hdu.data is None or np.asarray(hdu.data).size
            sizes = [hdu.header["BGVBIN"] for hdu in hdus if "BGVBIN" in hdu.header]
    return {OLD.bin_size: "old", NEW.bin_size: "new"}[sizes[0]]


def command(stack: Path, out: Path) -> list[str]:
    own = ["--overwrite", "-c", f"binSize={NEW.bin_size}", "--background-list"]
    program = [sys.executable, "-m", "bgviewer", "match", str(stack), "--reference", "demo_01"]
    return [*program, "-o", str(out), *own]


def check(out: Path, earlier: set[str], tally: Tally, what: str, report_is_new: bool) -> None:
    """Look at the folder: complete, whole, old or new exposure by exposure."""
    names = {path.name for path in out.iterdir()}
    tally.expect(earlier <= names, f"{what}: lost {sorted(earlier - names)}")
    hidden = sorted(name for name in names if name.startswith("."))
    tally.expect(not hidden, f"{what}: left {hidden}")
    states = {}
    for number in range(1, N + 1):
        stem = f"demo_{number:02d}"
        found = {}
        for path in sorted(out.glob(f"{stem}_*.fits")):
            if "mask" in path.name:
                with fits.open(path) as hdus:
                    tally.expect(hdus[0].data.sum() > 0, f"{what}: {path.name} is not whole")
                continue
            try:
                found[path.name] = state_of(path)
            except Exception as error:  # noqa: BLE001 - whatever it is, the file is not whole
                tally.wrong.append(f"{what}: {path.name}: {error!r}")
        tally.expect(len(set(found.values())) == 1, f"{what}: {stem} is mixed: {found}")
        states[stem] = next(iter(found.values()), "none")
    tally.seen[f"{list(states.values()).count('new')} of {N} exposures new"] += 1
    if report_is_new:
        table = Table.read(out / "report.ecsv")
        if "binSize" in str(table.meta) and table.meta["config"]["binSize"] == NEW.bin_size:
            tally.seen["reports of the run"] += 1
            for name, output in table["name", "output"].filled("").iterrows():
                agrees = bool(output) == (states[name] == "new")
                tally.expect(
                    agrees, f"{what}: the report says {output!r}, {name} is {states[name]}"
                )
        else:
            changed = [name for name, state in states.items() if state == "new"]
            tally.expect(not changed, f"{what}: an old report beside new {changed}")


def has_temporary(folder: Path) -> bool:
    return any(name.startswith(".demo") for name in os.listdir(folder))  # not the trial


def stops(count: int, folder: Path, stack: Path, pristine: Path, tally: Tally) -> None:
    chance, out = random.Random(SEED), folder / "out"
    earlier = {path.name for path in pristine.iterdir()}
    loaded, writing = load_stack([stack]), 1.0
    for number in range(count):
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(pristine, out)
        # Every tenth comes at any time, the others while files are written.
        sent, early = SIGNALS[number % 3], number % 10 == 0
        moment = chance.uniform(0.0, 1.0)
        process = subprocess.Popen(
            command(stack, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=HERE
        )
        while not early and process.poll() is None and not has_temporary(out):
            time.sleep(0.001)
        start = time.monotonic()
        try:
            process.wait(timeout=moment * (2.0 if early else writing))
        except subprocess.TimeoutExpired:
            process.send_signal(sent)
        else:
            writing = max(0.05, 0.9 * (time.monotonic() - start)) if not early else writing
        _, said = process.communicate(timeout=60)
        what = f"stop {number} ({sent.name} at {moment:.2f}, code {process.returncode})"
        code = process.returncode
        # A signal that comes after the last line ends the interpreter itself.
        known = code in (0, CODES[sent]) or (code == -sent and "written to" in said)
        tally.expect(known, f"{what}: {said}")
        tally.expect("Traceback" not in said, f"{what}: {said}")
        tally.seen[f"{sent.name}: code {code}"] += 1
        tally.seen["runs with temporary files left"] += any(
            path.name.startswith(".") for path in out.iterdir()
        )
        tally.seen["completed by the next run"] += len(recover(out).completed)
        check(out, earlier, tally, what, report_is_new=sent != signal.SIGKILL)
        request = ExportRequest(loaded, OLD, 0, out, overwrite=True, background_list="add")
        again = export(request)
        tally.expect(again.n_failed == 0 and not again.problem, f"{what}: the next run failed")
        hidden = [path.name for path in out.iterdir() if path.name.startswith(".")]
        tally.expect(not hidden, f"{what}: the next run left {hidden}")


@contextmanager
def disk(folder: Path, size: int) -> Iterator[tuple[Path, Callable[[], None] | None]]:
    """Give a place with `size` bytes, or what limits the size of a file to a part of that."""
    place = folder / "disk"
    place.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True
        ).returncode
    )
    limit = max(1, size // (4 * N))
    try:
        yield (
            place,
            None
            if mounted
            else (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))),
        )
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], check=True)
        shutil.rmtree(place)


def full_disks(count: int, folder: Path, stack: Path, pristine: Path, tally: Tally) -> None:
    earlier = {path.name for path in pristine.iterdir()}
    held = sum(-(-path.stat().st_size // 4096) * 4096 for path in pristine.iterdir())
    for number in range(count):
        size = int(held * (1.005 + 0.6 * number / max(1, count - 1)))
        with disk(folder, size) as (place, limited):
            tally.seen["real full disks" if limited is None else "limited sizes of a file"] += 1
            out = place / "out"
            shutil.copytree(pristine, out)
            ran = subprocess.run(
                command(stack, out), capture_output=True, text=True, preexec_fn=limited, cwd=HERE
            )
            what = f"disk of {size} bytes (code {ran.returncode})"
            tally.seen[f"disks: code {ran.returncode}"] += 1
            tally.expect(ran.returncode in (0, 2, 5, 6), f"{what}: {ran.stderr}")
            tally.expect("Traceback" not in ran.stderr, f"{what}: {ran.stderr}")
            report_is_new = "report.ecsv of an earlier run" not in ran.stderr
            tally.seen["disks: report could not be written"] += not report_is_new
            check(out, earlier, tally, what, "kept" not in ran.stderr or report_is_new)


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    given = [int(argument) for argument in arguments]
    n_stops, n_disks = given + [100, 20][len(given) :]
    with tempfile.TemporaryDirectory(prefix="interruptions-") as name:
        folder = Path(name)
        stack, pristine = folder / "stack", folder / "pristine"
        make_stack(stack)
        loaded = load_stack([stack])
        first = export(ExportRequest(loaded, OLD, 0, pristine, background_list="add"))
        assert first.n_matched == N - 1 and not first.problem
        tally = Tally()
        stops(n_stops, folder, stack, pristine, tally)
        print(f"{n_stops} stops:")
        for text, number in sorted(tally.seen.items()):
            print(f"  {number:4d}  {text}")
        tally.seen.clear()
        full_disks(n_disks, folder, stack, pristine, tally)
        print(f"{n_disks} full disks:")
        for text, number in sorted(tally.seen.items()):
            print(f"  {number:4d}  {text}")
    for text in tally.wrong:
        print(f"WRONG {text}")
    print(f"{n_stops} stops, {n_disks} full disks: {len(tally.wrong)} things wrong")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
