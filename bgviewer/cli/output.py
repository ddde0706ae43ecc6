"""What the command line prints: tables on a terminal, plain text in a pipe, JSON, progress."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TextIO

from bgviewer.cli.text import escape_json, one_line
from bgviewer.errors import Cancelled

__all__ = ["StderrProgress", "number", "print_json", "print_line", "print_table", "say"]


def say(text: str) -> None:
    """Print one line for the user on stderr."""
    if sys.stderr is None:  # print() would take standard output instead
        return
    with suppress(OSError, ValueError):  # a notice that cannot be printed must not stop the work
        print(f"bgviewer: {one_line(text)}", file=sys.stderr)


def print_line(text: str) -> None:
    """Print one line on stdout that may hold names of files."""
    print(one_line(text))


def plain(value: Any) -> Any:
    """Return `value` as JSON knows it: NaN and infinities become null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


def print_json(value: Any) -> None:
    """Print JSON on stdout; never a NaN token."""
    print(escape_json(json.dumps(plain(value), indent=2, allow_nan=False, ensure_ascii=False)))


def number(value: float | None, digits: int = 4) -> str:
    """Format a figure; a dash where there is none."""
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.{digits}g}"


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()
) -> None:
    """Print a table: aligned on a terminal, tab-separated in a pipe.

    Parameters
    ----------
    numeric : sequence of int
        Columns to align to the right.
    """
    clean = [[one_line(cell) for cell in row] for row in rows]
    if sys.stdout is None or not sys.stdout.isatty():
        for row in [list(head), *clean]:
            print("\t".join(row))
        return
    widths = [max(len(r[i]) for r in [list(head), *clean]) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if i in numeric else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    print(line(head))
    print("  ".join("─" * w for w in widths))
    for row in clean:
        print(line(row))


class StderrProgress:
    """Progress on stderr: one line that is rewritten on a terminal, now and then one in a log."""

    LOG_SECONDS = 5.0

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream: TextIO | None = stream or sys.stderr
        self._live = self._stream is not None and self._stream.isatty()
        self._text = ""
        self._shown = ""
        self._logged = time.monotonic()
        self._stopped = False

    def stop(self) -> None:
        """Ask the work to end at its next step; may be called by a signal handler."""
        self._stopped = True

    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        """Show fraction and text when they changed; raise `Cancelled` after `stop`."""
        if self._stopped:
            raise Cancelled("stopped by the user")
        if text is not None and text != self._text:
            self._text = one_line(text)
        if fraction is None:
            return
        shown = f"{round(100 * fraction):3d} %  {self._text}"[:78]
        if not self._live:
            if time.monotonic() - self._logged >= self.LOG_SECONDS:
                self._logged = time.monotonic()
                self._write(f"{shown}\n")
            return
        if shown != self._shown:
            self._shown = shown
            self._write(f"\r{shown:<78}\r")

    def close(self) -> None:
        """Remove the live line."""
        if self._live and self._shown:
            self._write("\r" + " " * 78 + "\r")

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        with suppress(OSError, ValueError):  # progress that cannot be told must not stop the work
            self._stream.write(text)
            self._stream.flush()
