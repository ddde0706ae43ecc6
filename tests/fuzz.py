"""Damaged files through the reader: only `ReadError` may come out, soon and without much memory.

    python -m tests.fuzz --files 20000

Every file is made of a seed (tests/fuzz_seeds.py; the smaller real files too where
BGVIEWER_TEST_DATA names their folder) and of a number, so that file 123 is the same in every run:
``--only 123`` reads it again, ``--keep DIR`` leaves what failed there.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import random
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz_seeds import Seed, generated_seeds, real_seeds

SECONDS = 5.0
MEGABYTES = 500
_ADDRESS_SPACE = 3 << 30  # beyond what the interpreter has: a last resort
_START_SECONDS = 60.0
_ROOT = Path(__file__).parents[1]
_CARD, _BLOCK = 80, 2880


# --- damage ------------------------------------------------------------------------------------

_VALUES = (
    "-1", "0", "1", "2", "3", "7", "64", "-64", "-32", "8", "16", "2147483647", "-2147483648",
    "99999999999999999999", "4294967296", "1e400", "NaN",
    "'x'", "''", "'", "T", "F", "1.5", "(1,2)",
    "'../../../etc/passwd'", "'\x01\xff'", "", "100000", "31", "26", "'RICE_1'", "'GZIP_1'",
)  # fmt: skip
_NAMES = (
    "SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "PCOUNT", "GCOUNT", "TFIELDS",
    "XTENSION", "ZNAXIS1", "ZNAXIS2", "ZTILE1", "ZTILE2", "ZCMPTYPE", "ZBITPIX", "ZQUANTIZ",
    "TFORM1", "THEAP", "BSCALE", "BZERO", "BLANK", "EXTTYPE", "EXTNAME", "INHERIT", "BUNIT",
    "CRPIX1A", "CRVAL1A", "MP_BAD", "NPIX1", "NPIX2", "PIXVALUE", "ZBLANK", "AR_HDU", "GROUPS",
    "CTYPE1", "CD1_1", "CRVAL1", "WCSAXES", "A_ORDER", "NAXIS99", "END", "CONTINUE", "HIERARCH",
)  # fmt: skip


def _headers(data: bytes) -> list[tuple[int, int]]:
    """Offsets of the cards of every header, as far as they can be found."""
    found = []
    for start in range(0, len(data), _BLOCK):
        if data[start : start + 8] not in (b"SIMPLE  ", b"XTENSION"):
            continue
        end = data.find(b"END".ljust(_CARD), start)
        while end >= 0 and (end - start) % _CARD:
            end = data.find(b"END".ljust(_CARD), end + 1)
        if end > start:
            found.append((start, end))
    return found


def _flip(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def _flip_header(data: bytearray, rng: random.Random) -> bytearray:
    headers = _headers(bytes(data))
    if not headers:
        return _flip(data, rng)
    start, end = rng.choice(headers)
    for _ in range(rng.choice((1, 1, 3, 10))):
        data[rng.randrange(start, end + _CARD)] ^= 1 << rng.randrange(8)
    return data


def _cut(data: bytearray, rng: random.Random) -> bytearray:
    places = [start for start, _ in _headers(bytes(data))] + [rng.randrange(len(data))] * 2
    at = rng.choice(places) + rng.choice((0, 0, 0, 1, -1, _BLOCK))
    return data[: max(0, min(at, len(data)))]


def _overwrite(data: bytearray, rng: random.Random) -> bytearray:
    length = rng.choice((1, 4, 80, 2880))
    at = rng.randrange(len(data))
    data[at : at + length] = rng.choice((rng.randbytes(length), b"\0" * length, b"\xff" * length))
    return data


def _splice(data: bytearray, rng: random.Random) -> bytearray:
    """Take out, double or move whole blocks."""
    count = max(1, len(data) // _BLOCK)
    a, b, to = (rng.randrange(count + 1) * _BLOCK for _ in range(3))
    piece = data[min(a, b) : max(a, b)]
    if rng.random() < 0.5:
        del data[min(a, b) : max(a, b)]
    return data[:to] + piece + data[to:] if rng.random() < 0.7 else data


def _edit(data: bytearray, rng: random.Random) -> bytearray:
    """Give cards other values, other names, double, drop or move them."""
    headers = _headers(bytes(data))
    if not headers:
        return _flip(data, rng)
    for _ in range(rng.choice((1, 1, 2, 4))):
        start, end = rng.choice(headers)
        at = start + _CARD * rng.randrange((end - start) // _CARD + 1)
        card = bytes(data[at : at + _CARD])
        name = card[:8].decode("latin-1")
        deed = rng.randrange(6)
        if deed <= 2:
            if deed == 2:
                name = rng.choice(_NAMES)
            value = rng.choice(_VALUES) if rng.random() < 0.8 else str(rng.randrange(-9, 10**6))
            card = f"{name:<8}= {value:>20}".encode("latin-1")
        elif deed == 3:
            card = rng.choice(_NAMES).ljust(8).encode() + card[8:]
        elif deed == 4:
            other = start + _CARD * rng.randrange((end - start) // _CARD + 1)
            card = bytes(data[other : other + _CARD])
        else:
            card = rng.choice((b"", rng.randbytes(_CARD), b"=" * _CARD, b"END"))
        data[at : at + _CARD] = card[:_CARD].ljust(_CARD)
    return data


_DAMAGES = (_flip, _flip_header, _flip_header, _cut, _overwrite, _splice, _edit, _edit, _edit)


def damaged(seeds: list[Seed], number: int) -> tuple[Seed, str]:
    """Return the seed of this number with one of its files damaged, and what was done."""
    rng = random.Random(f"bgviewer {number}")
    seed = seeds[number % len(seeds)]
    which = rng.randrange(len(seed.files)) if rng.random() < 0.5 else 0
    name, data = seed.files[which]
    deeds = [rng.choice(_DAMAGES) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    mutated = bytearray(data)
    for deed in deeds:
        mutated = deed(mutated, rng) if mutated else mutated
    files = (*seed.files[:which], (name, bytes(mutated)), *seed.files[which + 1 :])
    return Seed(seed.name, files), ", ".join(deed.__name__.strip("_") for deed in deeds)


# --- the worker --------------------------------------------------------------------------------


def _resident(reset: bool = False) -> float:
    """Peak of this process's memory in MB, since the last reset where the system can do that."""
    if reset:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _limit_memory() -> None:
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + _ADDRESS_SPACE
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ImportError, OSError, ValueError):
        pass  # the memory that is used is measured anyway


def _read(path: Path) -> str:
    """Read a file as the program does and say how that ended."""
    from bgviewer.errors import ChooseError, ReadError, SidecarError
    from bgviewer.io.background_list import read_background_list
    from bgviewer.io.conventions import Choice
    from bgviewer.io.read import describe, read
    from bgviewer.io.recorded import settings_of

    try:
        settings_of(path)
        try:
            info = describe(path)
            _ = (info.grid.has_wcs, read(path).wcs)
        except ChooseError as error:
            if not error.choices:
                raise
            wanted = error.choices[-1]
            read(path, choice=Choice(hdu=wanted["hdu"], layer=wanted["plane"]))
        except SidecarError as error:
            if error.convention != "background list":
                raise
            for entry in read_background_list(path):
                _ = entry.centres
    except ReadError as error:
        if len(str(error).splitlines()) != 1:
            raise AssertionError(f"not one sentence: {error}") from error
        return error.id
    return "read"


def _worker(real: bool) -> None:
    """Answer numbers on stdin by lines of JSON on stdout."""
    import warnings

    warnings.simplefilter("ignore")
    seeds = _seeds(real)
    _read(Path("/nonexistent"))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    _limit_memory()
    with tempfile.TemporaryDirectory(prefix="bgviewer-fuzz-") as folder:
        for line in sys.stdin:
            number = int(line)
            seed, _ = damaged(seeds, number)
            paths = [Path(folder) / name for name, _ in seed.files]
            for path, (_, data) in zip(paths, seed.files, strict=True):
                path.write_bytes(data)
            before, began = _resident(reset=True), time.monotonic()
            try:
                outcome, problem = _read(paths[0]), ""
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the finding
                import traceback

                outcome = f"{type(error).__name__}: {str(error)[:200]}"
                problem = "".join(traceback.format_exception(error)[-6:])
            told = {
                "outcome": outcome,
                "problem": problem,
                "seconds": time.monotonic() - began,
                "megabytes": _resident() - before,
            }
            for path in paths:
                path.unlink()
            answers.write(json.dumps(told) + "\n")
            answers.flush()


# --- the run -----------------------------------------------------------------------------------


@dataclass
class Finding:
    """A file that the reader did not take well."""

    number: int
    seed: str
    damage: str
    what: str
    detail: str = ""


@dataclass
class Summary:
    """What a run found."""

    files: int = 0
    seeds: int = 0
    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    findings: list[Finding] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    largest: tuple[float, int] = (0.0, -1)
    seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        """The summary in words."""
        yield (
            f"{self.files} damaged files of {self.seeds} seeds in {self.seconds:.0f} s: "
            f"{len(self.findings)} not taken well"
        )
        yield "  ".join(f"{name} {count}" for name, count in self.outcomes.most_common())
        yield f"slowest {self.slowest[0]:.2f} s (file {self.slowest[1]})"
        yield f"most memory {self.largest[0]:.0f} MB (file {self.largest[1]})"
        for found in self.findings[:40]:
            yield f"file {found.number}: {found.seed} ({found.damage}): {found.what}"
            yield from (f"    {line}" for line in found.detail.splitlines()[-8:])


def _seeds(real: bool) -> list[Seed]:
    return generated_seeds() + (real_seeds() if real else [])


class _Worker:
    """One process that reads damaged files; replaced when it hangs, dies or has grown."""

    def __init__(self, real: bool) -> None:
        command = [sys.executable, "-m", "tests.fuzz", "--worker", *([] if real else ["--no-real"])]
        # One thread: each of them would take address space of its own.
        settings = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=settings,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.number = -1
        self.deadline = 0.0
        self.fresh = True

    def give(self, number: int) -> None:
        """Send the number of the next file."""
        assert self.process.stdin is not None
        self.number = number
        self.deadline = time.monotonic() + SECONDS + (_START_SECONDS if self.fresh else 1.0)
        self.fresh = False
        with contextlib.suppress(OSError):  # one that is dead gives no answer
            self.process.stdin.write(f"{number}\n")
            self.process.stdin.flush()

    def answer(self) -> dict[str, Any] | None:
        """Return what came of it; None from a process that died."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def close(self, kill: bool = False) -> None:
        """End the process."""
        if kill:
            self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()
        self.process.wait()


def run(
    numbers: range | list[int], *, jobs: int = 2, real: bool = True, keep: Path | None = None
) -> Summary:
    """Read the damaged files of these numbers, each in a worker process."""
    seeds, began = _seeds(real), time.monotonic()
    summary, waiting = Summary(files=len(numbers), seeds=len(seeds)), iter(numbers)
    selector = selectors.DefaultSelector()

    def start(worker: _Worker | None) -> None:
        """Give the next file to the worker, or to a new one."""
        number = next(waiting, None)
        if number is None:
            if worker is not None:
                worker.close()
            return
        worker = worker or _Worker(real)
        worker.give(number)
        selector.register(worker.process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]

    def found(number: int, what: str, detail: str = "") -> None:
        seed, damage = damaged(seeds, number)
        summary.findings.append(Finding(number, seed.name, damage, what, detail))
        if keep is not None:
            folder = keep / str(number)
            folder.mkdir(parents=True, exist_ok=True)
            for name, data in seed.files:
                (folder / name).write_bytes(data)

    for _ in range(min(jobs, len(numbers))):
        start(None)
    while selector.get_map():
        for key, _ in selector.select(timeout=0.5):
            worker: _Worker = key.data
            selector.unregister(key.fileobj)
            told = worker.answer()
            if told is None:
                worker.close(kill=True)
                found(worker.number, f"the process died ({worker.process.returncode})")
                start(None)
                continue
            if told["problem"]:
                summary.outcomes["other exception"] += 1
                found(worker.number, told["outcome"], told["problem"])
            else:
                summary.outcomes[told["outcome"]] += 1
            seconds, megabytes = told["seconds"], told["megabytes"]
            summary.slowest = max(summary.slowest, (seconds, worker.number))
            summary.largest = max(summary.largest, (megabytes, worker.number))
            if seconds > SECONDS:
                found(worker.number, f"took {seconds:.1f} s")
            if megabytes > MEGABYTES:
                found(worker.number, f"took {megabytes:.0f} MB")
                worker.close()
                start(None)
            else:
                start(worker)
        now = time.monotonic()
        for key in list(selector.get_map().values()):
            if now > key.data.deadline:
                selector.unregister(key.fileobj)
                key.data.close(kill=True)
                summary.outcomes["hang"] += 1
                found(key.data.number, f"did not come back within {SECONDS:.0f} s")
                start(None)
    selector.close()
    summary.findings.sort(key=lambda finding: finding.number)
    summary.seconds = time.monotonic() - began
    return summary


def main() -> int:
    """Run, print the summary; 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=20000, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number to begin with")
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="just these numbers")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="worker processes")
    parser.add_argument("--no-real", action="store_true", help="generated seeds alone")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the files that failed")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        _worker(not arguments.no_real)
        return 0
    numbers = arguments.only or range(arguments.first, arguments.first + arguments.files)
    summary = run(numbers, jobs=arguments.jobs, real=not arguments.no_real, keep=arguments.keep)
    for line in summary.lines():
        print(line)
    return 1 if summary.findings else 0


if __name__ == "__main__":
    sys.exit(main())
