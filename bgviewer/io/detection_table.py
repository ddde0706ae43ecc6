"""Source detection as the table ``[detection]`` of a settings file; no table = none."""

from __future__ import annotations

import textwrap
from typing import Any

from bgviewer.engine.detection import DETECTION, Detection
from bgviewer.io.option_table import read_options

__all__ = ["DETECTION_TABLE", "add_detection", "read_detection"]

DETECTION_TABLE = "detection"
_ABOUT = (
    "With this table sources are detected (package sep) in exposures that bring no DETECTED mask "
    "plane."
)


def add_detection(document: Any, detection: Detection | None) -> None:
    """Add the table to a tomlkit document; without detection as a comment that explains it."""
    import tomlkit

    lines: list[tuple[str, Any]] = []
    for opt in DETECTION.values():
        unit = f" [{opt.unit}]" if opt.unit else ""
        text = f"{opt.help} {opt.allowed[:1].upper()}{opt.allowed[1:]}{unit}. "
        lines += [(line, None) for line in textwrap.wrap(f"{text}Default: {opt.default}", 90)]
        lines.append((opt.lsst_name, getattr(detection or Detection(), opt.name)))
    if detection is None:
        for line in textwrap.wrap(_ABOUT, 90):
            document.add(tomlkit.comment(line))
        document.add(tomlkit.comment(f"[{DETECTION_TABLE}]"))
        for name, value in lines:
            if value is not None:
                document.add(tomlkit.comment(f"{name} = {value}"))
        return
    table = tomlkit.table()
    for line in textwrap.wrap(_ABOUT, 90):
        table.add(tomlkit.comment(line))
    for name, value in lines:
        table.add(tomlkit.comment(name)) if value is None else table.add(name, value)
    document.add(DETECTION_TABLE, table)


def read_detection(table: Any) -> Detection | None:
    """Make the options of a file from its table (plain values, as `tomllib` gives them).

    Parameters
    ----------
    table : mapping or None
        None = there is no table, and no detection.

    Raises
    ------
    ConfigError
        Naming table and key.
    """
    if table is None:
        return None
    return Detection(**read_options(table, DETECTION_TABLE, DETECTION))
