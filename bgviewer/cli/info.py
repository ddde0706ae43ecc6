"""``bgviewer info``: what was recognised in files; imports no more than that needs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bgviewer.cli import exits
from bgviewer.cli.output import number, print_json, print_line, print_table, say
from bgviewer.cli.reading_options import gather_reading
from bgviewer.cli.recorded import recorded_lines
from bgviewer.io.discover import discover
from bgviewer.tasks.inspect import inspect_file

__all__ = ["run_info"]


def run_info(arguments: argparse.Namespace) -> int:
    """Print what was recognised in each file."""
    found, notes = discover(arguments.paths)
    for note in notes:
        say(note)
    reading = gather_reading(arguments)
    records = [inspect_file(item.path, reading.choice) for item in found]
    if arguments.json:
        print_json({"files": records})
    else:
        _print_records(records)
    bad = sum(r["outcome"] == "error" for r in records)
    if bad == len(records):
        return exits.NO_INPUT
    return exits.SOME_FAILED if bad else exits.ALL_MATCHED


def _remarks(record: dict[str, Any]) -> list[str]:
    """Return the warnings, and the planes without use that none of them names."""
    quiet = [label for label in record["unused"] if not any(label in w for w in record["warnings"])]
    return [*record["warnings"], *([f"without use: {', '.join(quiet)}"] if quiet else [])]


def _print_records(records: list[dict[str, Any]]) -> None:
    rows = []
    for r in records:
        if r["error"] is not None:
            say(r["error"]["text"])
            for item in r["choices"]:
                say(f"  {item['text']}")
            continue
        ny, nx = r["shape"]
        rows.append(
            [
                Path(r["path"]).name,
                r["convention"],
                f"{nx} x {ny}",
                ", ".join(f"{k} {v}" for k, v in r["planes"].items() if v) or "-",
                r["variance_kind"],
                r["unit"] or "-",
                number(r["zero_point"], 6),
                "{}, {}".format(*r["xy0"]),
                "yes" if r["has_wcs"] else "no",
                "; ".join(_remarks(r)),
            ]
        )
    if rows:
        head = ["file", "convention", "size", "flagged pixels", "variance", "unit"]
        print_table([*head, "zero point", "x0, y0", "WCS", "remarks"], rows, numeric=(6,))
    for r in records:
        if r.get("settings"):
            print_line(f"{Path(r['path']).name}:")
            for line in recorded_lines(r["settings"]):
                print_line(f"  {line}")
