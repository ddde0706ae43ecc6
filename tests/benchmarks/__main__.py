"""python -m tests.benchmarks [engine|window|io|memory|startup|sweep|truth|...] [--json|--readme]"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.timing import Row

GROUPS = {
    "engine": "engine",
    "window": "window",
    "io": "files",
    "memory": "memory",
    "startup": "startup",
    "sweep": "sweep",
    "truth": "truth",
    "verdict": "verdict",
}
_BEGIN, _END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"


def machine() -> str:
    """Describe the machine in a line."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as info:
            name = next(line.split(":")[1].strip() for line in info if "model name" in line)
    except (OSError, StopIteration):
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores, Python {platform.python_version()}, NumPy {np.__version__}"


def shown(row: Row) -> str:
    peer = "" if row.peer is None else f"{row.peer:.4g} {row.unit} ({row.peer_name})"
    mark = "met" if row.met else "NOT MET"
    if row.note:
        mark = row.note
    return (
        f"| {row.name} | {row.ours:.4g} {row.unit} | {peer} | {row.ratio:.3g} | "
        f"{'≥' if row.at_least else '≤'} {row.target:g} | {mark} |"
    )


def table(rows: Sequence[Row]) -> str:
    head = "| what | ours | beside it | figure | target | |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(shown(r) for r in rows)])


def write_readme(rows: Sequence[Row]) -> None:
    readme = Path(__file__).parents[2] / "README.md"
    text = readme.read_text()
    before, rest = text.split(_BEGIN)
    after = rest.split(_END)[1]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    body = f"{_BEGIN}\nMeasured on {today}: {machine()}.\n\n{table(rows)}\n{_END}"
    readme.write_text(before + body + after)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="group", help=", ".join(GROUPS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="small data, fewer repeats")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    arguments = parser.parse_args()
    for group in arguments.groups:
        if group not in GROUPS:
            parser.error(f"{group!r} is none of {', '.join(GROUPS)}")
    rows: list[Row] = []
    if not arguments.json:
        print(machine())
    for group in arguments.groups or GROUPS:
        for row in importlib.import_module(f"tests.benchmarks.{GROUPS[group]}").run(
            arguments.quick
        ):
            rows.append(row)
            if not arguments.json:
                print(shown(row), flush=True)
    if arguments.json:
        print(json.dumps({"machine": machine(), "rows": [r.as_dict() for r in rows]}, indent=2))
    if arguments.readme:
        write_readme(rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
