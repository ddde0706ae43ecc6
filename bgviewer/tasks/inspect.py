"""What was recognised in a file, as plain values."""

from __future__ import annotations

from os import PathLike
from typing import Any

from bgviewer.errors import ReadError
from bgviewer.io.read import describe, read

__all__ = ["inspect_file"]


def inspect_file(path: str | PathLike[str]) -> dict[str, Any]:
    """Describe one file; an unreadable file is described by its error, not raised.

    Returns
    -------
    dict
        ``outcome`` ("exposure" or "error"), ``convention``, ``shape`` [ny, nx], ``planes``
        (mask plane name to count of flagged pixels), ``variance_kind``, ``unit``,
        ``zero_point``, ``xy0``, ``has_wcs``, ``warnings``, ``choices``, ``error``.
    """
    record: dict[str, Any] = {
        "path": str(path),
        "outcome": "error",
        "convention": None,
        "shape": None,
        "planes": {},
        "variance_kind": None,
        "unit": None,
        "zero_point": None,
        "xy0": None,
        "has_wcs": None,
        "warnings": [],
        "choices": [],
        "error": None,
    }
    try:
        info = describe(path)
        exposure = read(path)
    except ReadError as error:
        record["error"] = {"id": error.id, "text": str(error)}
        return record
    source = exposure.source
    warnings = getattr(source, "warnings", None) or info.warnings
    record.update(
        outcome="exposure",
        convention=info.convention,
        shape=list(info.shape),
        planes=exposure.plane_counts() if exposure.mask is not None else {},
        variance_kind=info.variance_kind if exposure.variance is not None else "none",
        unit=info.unit,
        zero_point=info.zero_point,
        xy0=list(info.xy0),
        has_wcs=info.has_wcs,
        warnings=list(warnings),
        own_output=info.own_output,
    )
    return record
