"""Take many screenshots at the same time; each must end in time with a picture.

Usage: ``python -m tests.stress.screenshots [runs] [at a time]``; 40 and 4 by default.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.stacks import write_small_stack

LIMIT = 90.0  # seconds for each


def _shoot(folder: Path, number: int) -> tuple[int | None, float, str]:
    """Return the exit code (None: it did not end), the seconds and what was printed."""
    target = folder / f"{number}.png"
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
    }
    command = [sys.executable, "-m", "bgviewer", "--screenshot", str(target), str(folder / "in")]
    began = time.monotonic()
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return None, time.monotonic() - began, "did not end"
    code = done.returncode
    if code == 0 and not target.exists():
        return -1, time.monotonic() - began, "no picture"
    return code, time.monotonic() - began, done.stderr.strip()


def main(runs: int = 40, at_a_time: int = 4) -> int:
    """Run the trial, print figures, return the number of runs that went wrong."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_small_stack(folder / "in", shape=(400, 400))
        with ThreadPoolExecutor(at_a_time) as pool:
            found = list(pool.map(lambda n: _shoot(folder, n), range(runs)))
    wrong = [(n, code, text) for n, (code, _, text) in enumerate(found) if code != 0]
    times = sorted(seconds for _, seconds, _ in found)
    print(
        f"{runs} screenshots, {at_a_time} at a time: {runs - len(wrong)} good, "
        f"median {times[len(times) // 2]:.1f} s, longest {times[-1]:.1f} s"
    )
    for number, code, text in wrong:
        print(f"  {number}: exit {code}: {text}")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(min(main(*(int(a) for a in sys.argv[1:])), 1))
