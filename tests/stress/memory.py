"""Run the commands with less memory than they need: no traceback, and a report of what failed.

Usage: ``python -m tests.stress.memory [side of an exposure in pixels]``; 3000 by default.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.stacks import write_small_stack

LIMITS = [200 + 800 * step // 9 for step in range(10)]  # MB
COMMANDS = ("match", "rank", "check")
LIMIT = 300.0  # seconds for each run
_CODES = (0, 4, 5, 6)


def _run(folder: Path, command: str, limit: int) -> tuple[str, bool]:
    """Return what became of one run, and whether it was well."""
    out = folder / f"out{limit}"
    words = [sys.executable, "-m", "bgviewer", command, str(folder / "in")]
    words += ["-o", str(out)] if command == "match" else []
    shell = f'ulimit -v {limit * 1000} && exec "$@"'
    done = subprocess.run(
        ["/bin/sh", "-c", shell, "sh", *words],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    said = done.stderr.strip().splitlines()
    bad = done.returncode not in _CODES or "Traceback" in done.stderr
    bad |= any(not line.startswith("bgviewer:") and "%" not in line for line in said)
    refused = any("the limit of memory leaves" in line for line in said)
    if command == "match" and not refused:
        bad |= not (out / "report.ecsv").exists()
    last = said[-1] if said else ""
    return f"exit {done.returncode}: {last}", not bad


def main(side: int = 3000) -> int:
    """Run the trial, print a line for each run, return how many were not well."""
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_small_stack(folder / "in", shape=(side, side), n_exposures=3)
        for limit in LIMITS:
            for command in COMMANDS:
                text, good = _run(folder, command, limit)
                wrong += not good
                print(f"{limit:5d} MB {command:6s} {'ok ' if good else 'BAD'} {text}", flush=True)
    print(f"{wrong} of {len(LIMITS) * len(COMMANDS)} runs were not well")
    return wrong


if __name__ == "__main__":
    sys.exit(min(main(*(int(a) for a in sys.argv[1:])), 1))
