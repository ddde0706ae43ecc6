"""The table of a run: one row per exposure, as ECSV with units and the settings."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bgviewer.engine.config import MatchConfig
from bgviewer.io.layout import quiet
from bgviewer.io.write import atomic_output, check_target

__all__ = ["write_report"]

_COLUMNS = (
    ("name", str),
    ("path", str),
    ("status", str),
    ("reason", str),
    ("is_reference", bool),
    ("zero_point", float),
    ("scale", float),
    ("fit_rms", float),
    ("matched_mse", float),
    ("diff_im_var", float),
    ("n_bins", int),
    ("adjustments", str),
    ("output", str),
    ("own_settings", str),
    ("regions", int),
)


def _row(outcome: Any) -> dict[str, Any]:
    bins = getattr(outcome, "bins", None)
    adjustments = getattr(outcome, "adjustments", None) or ()
    row = {name: getattr(outcome, name, None) for name, _ in _COLUMNS}
    row["n_bins"] = 0 if bins is None else len(bins.values)
    row["adjustments"] = "; ".join(str(getattr(a, "text", a)) for a in adjustments)
    return row


def _cell(value: Any, kind: type) -> Any:
    if value is None:
        return {str: "", bool: False, int: 0, float: np.nan}[kind]
    # A line break would end the row; ECSV keeps everything else.
    return " ".join(str(value).split()) if kind is str else kind(value)


def write_report(
    outcomes: Iterable[Any],
    path: str | os.PathLike[str],
    *,
    config: MatchConfig,
    version: str | None = None,
    reference: str | None = None,
    zero_points: Mapping[int, float | None] | None = None,
    unit: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    outcomes : iterable
        With the attributes of ``tasks.match.MatchOutcome``; missing ones become empty cells.
    path : path-like
        Target, usually ``report.ecsv``.
    config : MatchConfig
        Goes into the metadata with LSST's names.
    version, reference : str, optional
        For the metadata.
    zero_points : mapping of int to float, optional
        By the outcome's ``id``; else its attribute ``zero_point``.
    unit : str, optional
        Unit of the pixels after scaling; the figures carry it where astropy knows it.
    overwrite : bool
        Whether an existing report may be replaced.

    Raises
    ------
    WriteError
        In one sentence; an existing file is then untouched.
    """
    path = Path(path)
    check_target(path, overwrite=overwrite)
    outcomes = list(outcomes)
    rows = [_row(outcome) for outcome in outcomes]
    if zero_points is not None:
        for row, outcome in zip(rows, outcomes, strict=True):
            row["zero_point"] = zero_points.get(outcome.id)
    text = _ecsv(rows, {"version": version, "reference": reference, "config": config}, unit)
    with atomic_output(path, overwrite) as (out, _):
        out.write(text.encode("utf-8"))
    return path


def _ecsv(rows: list[dict[str, Any]], facts: dict[str, Any], unit: str | None) -> str:
    with quiet():
        from astropy.table import Table

        columns = {
            name: np.array([_cell(row[name], kind) for row in rows], dtype=kind)
            for name, kind in _COLUMNS
        }
        table = Table(columns)
        table["zero_point"].unit = "mag"
        for name, power in (("fit_rms", 1), ("matched_mse", 2), ("diff_im_var", 2)):
            table[name].unit = _power(unit, power)
        table.meta["program"] = "bgviewer"
        table.meta["version"] = facts["version"] or _version()
        if facts["reference"]:
            table.meta["reference"] = facts["reference"]
        table.meta["config"] = facts["config"].to_lsst()
        if unit:
            table.meta["pixel_unit"] = unit
        buffer = io.StringIO()
        table.write(buffer, format="ascii.ecsv")
    return buffer.getvalue()


def _version() -> str:
    import bgviewer

    return str(getattr(bgviewer, "__version__", "unknown"))


def _power(text: str | None, power: int) -> Any:
    """Return the unit; None where astropy does not know its name (metadata has it anyway)."""
    from astropy import units

    if not text:
        return None
    try:
        return units.Unit(text) ** power
    except (ValueError, TypeError):
        return None
