"""The table of a run: one row per exposure, with units and the settings.

ECSV, FITS table or CSV (without units and settings), by the ending of the file's name.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bgviewer.engine.acceptance import AcceptanceLimits, criterion_of
from bgviewer.engine.config import MatchConfig
from bgviewer.errors import WriteError
from bgviewer.io.acceptance import limits_in_words
from bgviewer.io.cards import ascii_text
from bgviewer.io.choices import REPORT_FORMATS
from bgviewer.io.layout import quiet
from bgviewer.io.names import printable_name
from bgviewer.io.provenance import make_cards, raw_cards
from bgviewer.io.text import no_formula
from bgviewer.io.transaction import OutputGroup, atomic_output
from bgviewer.io.units import parse_unit
from bgviewer.io.write import check_target

if TYPE_CHECKING:
    from bgviewer.engine.sweeping import Chosen

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
    ("verdict", str),
    ("verdict_reason", str),
    ("verdict_number", float),
    ("lsst_criterion", str),
    ("background_list", str),
    ("background_list_difference", float),
    ("detected", bool),
    ("aligned", bool),
    ("warnings", str),
    ("overlap", float),
    ("extrapolated", float),
)
_POWERS = {"fit_rms": 1, "matched_mse": 2, "diff_im_var": 2, "verdict_number": 1}
"""Power of the pixel unit that a column has."""
_SWEPT = (
    ("sweep_setting", str),
    ("sweep_score", float),
    ("sweep_score_error", float),
    ("sweep_runner_up", str),
    ("sweep_runner_up_score", float),
    ("sweep_caution", str),
)
"""Columns of a match with the settings that a sweep chose; others have none of them."""


def _row(outcome: Any, limits: AcceptanceLimits) -> dict[str, Any]:
    bins = getattr(outcome, "bins", None)
    adjustments = getattr(outcome, "adjustments", None) or ()
    row = {name: getattr(outcome, name, None) for name, _ in _COLUMNS}
    row["warnings"] = "; ".join(getattr(outcome, "warnings", None) or ())
    row["n_bins"] = 0 if bins is None else len(bins.values)
    row["adjustments"] = "; ".join(str(getattr(a, "text", a)) for a in adjustments)
    judged = all(hasattr(outcome, name) for name in ("status", "fit_rms", "ratio"))
    criterion = criterion_of(outcome, limits) if judged else None
    row["lsst_criterion"] = None if criterion is None else criterion.text
    return row


def _cell(value: Any, kind: type) -> Any:
    if value is None:
        return {str: "", bool: False, int: 0, float: np.nan}[kind]
    # A line break would end the row; ECSV keeps everything else.
    return " ".join(printable_name(str(value)).split()) if kind is str else kind(value)


def write_report(
    outcomes: Iterable[Any],
    path: str | os.PathLike[str],
    *,
    config: MatchConfig,
    version: str | None = None,
    reference: str | None = None,
    zero_points: Mapping[int, float | None] | None = None,
    unit: str | None = None,
    limits: AcceptanceLimits | None = None,
    choices: Mapping[str, Chosen] | None = None,
    notes: Sequence[str] = (),
    common_zero_point: float | None = None,
    overwrite: bool = False,
    group: OutputGroup | None = None,
) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    outcomes : iterable
        With the attributes of ``tasks.match.MatchOutcome``; missing ones become empty cells.
    path : path-like
        Target, usually ``report.ecsv``; the ending says what it becomes.
    config : MatchConfig
        Goes into the metadata with LSST's names.
    version, reference : str, optional
        For the metadata.
    zero_points : mapping of int to float, optional
        By the outcome's ``id``; else its attribute ``zero_point``.
    unit : str, optional
        Unit of the pixels after scaling; the figures carry it where astropy knows it.
    limits : AcceptanceLimits, optional
        What counts as accepted; goes into the metadata too.
    choices : mapping of str to Chosen, optional
        By the outcome's name: what a sweep chose; makes columns of its own.
    notes : sequence of str
        What is known of the stack as a whole: metadata of ECSV, COMMENT cards of FITS.
    common_zero_point : float, optional
        Zero point that the scales lead to, for the metadata too.
    overwrite : bool
        Whether an existing report may be replaced.
    group : OutputGroup, optional
        Files that get their names together with this one.

    Raises
    ------
    WriteError
        In one sentence; an existing file is then untouched.
    """
    path = Path(path)
    check_target(path, overwrite=overwrite)
    formatted = _WRITERS.get(path.suffix.lower().lstrip("."))
    if formatted is None:
        raise WriteError(path, f"a report must end in .{', .'.join(REPORT_FORMATS)}")
    outcomes = list(outcomes)
    limits = limits or AcceptanceLimits()
    rows = [_row(outcome, limits) for outcome in outcomes]
    if zero_points is not None:
        for row, outcome in zip(rows, outcomes, strict=True):
            row["zero_point"] = zero_points.get(outcome.id)
    if choices:
        rows = [r | _swept(choices.get(o.name)) for r, o in zip(rows, outcomes, strict=True)]
    facts: dict[str, Any] = {
        "version": version,
        "reference": reference,
        "config": config,
        "limits": limits,
    }
    facts |= {"notes": [" ".join(n.split()) for n in notes], "zero_point": common_zero_point}
    with quiet():
        data = formatted(_table(rows, facts, unit), facts)
    with atomic_output(path, overwrite, group) as (out, _):
        out.write(data)
    return path


def _swept(chosen: Chosen | None) -> dict[str, Any]:
    fields = ("setting", "score", "error", "runner_up", "runner_up_score", "caution")
    return {
        name: None if chosen is None else getattr(chosen, field)
        for (name, _), field in zip(_SWEPT, fields, strict=True)
    }


def _table(rows: list[dict[str, Any]], facts: dict[str, Any], unit: str | None) -> Any:
    from astropy.table import Table

    swept = _SWEPT if rows and _SWEPT[0][0] in rows[0] else ()
    columns = {
        name: np.array([_cell(row[name], kind) for row in rows], dtype=kind)
        for name, kind in (*_COLUMNS, *swept)
    }
    table = Table(columns)
    table["zero_point"].unit = "mag"
    for name, power in _POWERS.items():
        table[name].unit = _power(unit, power)
    for name, kind in swept:
        if kind is float:
            table[name].unit = _power(unit, 2)
    table.meta["program"] = "bgviewer"
    table.meta["version"] = facts["version"] or _version()
    if facts["reference"]:
        table.meta["reference"] = printable_name(facts["reference"])
    table.meta["config"] = facts["config"].to_lsst()
    table.meta["acceptance"] = limits_in_words(facts["limits"])
    if unit:
        table.meta["pixel_unit"] = unit
    if facts["zero_point"] is not None:
        table.meta["zero_point"] = float(facts["zero_point"])
    if facts["notes"]:
        table.meta["notes"] = facts["notes"]
    return table


def _ecsv(table: Any, facts: dict[str, Any]) -> bytes:
    buffer = io.StringIO()
    table.write(buffer, format="ascii.ecsv")
    return buffer.getvalue().encode("utf-8")


def _csv(table: Any, facts: dict[str, Any]) -> bytes:
    """Return RFC 4180: one header line, names only; NaN is an empty cell."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(table.colnames)
    for row in table.iterrows():
        writer.writerow("" if cell != cell else _csv_cell(cell) for cell in row)
    return buffer.getvalue().encode("utf-8")


def _csv_cell(cell: Any) -> str:
    if not isinstance(cell, str):
        return str(cell)
    # Control characters as escapes: a table is looked at on a terminal too.
    shown = (f"\\x{ord(c):02x}" if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in cell)
    return no_formula("".join(shown))


def _fits(table: Any, facts: dict[str, Any]) -> bytes:
    """Return a binary table; text in ASCII, the settings as cards like those of the exposures."""
    from astropy.io import fits

    for name, kind in (*_COLUMNS, *_SWEPT):
        if kind is str and name in table.colnames:
            # an empty column of text would have a width of 0, which FITS readers trip over
            table[name] = [ascii_text(cell) for cell in table[name]] or np.array([], "U1")
    table.meta.clear()
    hdu = fits.table_to_hdu(table)
    hdu.header["EXTNAME"] = "REPORT"
    own = make_cards(
        facts["config"], kind="report", reference=facts["reference"], version=facts["version"]
    )
    for card in raw_cards(own):
        hdu.header.append(fits.Card.fromstring(card), end=True)
    if facts["zero_point"] is not None:
        hdu.header["BGVZPUSE"] = (float(facts["zero_point"]), "zero point that scales lead to")
    for note in facts["notes"]:
        hdu.header.add_comment(ascii_text(note))
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(buffer, checksum=True)
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[Any, dict[str, Any]], bytes]] = {
    "ecsv": _ecsv,
    "fits": _fits,
    "csv": _csv,
}
"""Ending of the file's name -> what makes it."""


def _version() -> str:
    import bgviewer

    return str(getattr(bgviewer, "__version__", "unknown"))


def _power(text: str | None, power: int) -> Any:
    """Return the unit; None where astropy does not know its name (metadata has it anyway)."""
    unit = parse_unit(text)
    return None if unit is None else unit**power
