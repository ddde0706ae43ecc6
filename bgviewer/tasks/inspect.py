"""What was recognised in a file, as plain values."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np

from bgviewer.engine.config import DEFAULT_BAD_MASK_PLANES
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.mask_use import mask_use
from bgviewer.errors import ChooseError, ReadError, SidecarError
from bgviewer.io.checksum import stale_sums
from bgviewer.io.conventions import NO_CHOICE, Choice
from bgviewer.io.read import FileInfo, Resolver, describe, read
from bgviewer.io.recorded import settings_of
from bgviewer.tasks.mask_warnings import mask_warnings

__all__ = ["inspect_file"]


def inspect_file(
    path: str | PathLike[str], choice: Choice | Resolver = NO_CHOICE
) -> dict[str, Any]:
    """Describe one file; an unreadable file is described by its error, not raised.

    Parameters
    ----------
    choice : Choice or callable
        What the user says about the file, as for `bgviewer.io.read.describe`.

    Returns
    -------
    dict
        ``outcome`` ("exposure", "choose": several images and the user has to say which,
        "sidecar": belongs to an exposure, or "error"), ``convention``, ``shape`` [ny, nx],
        ``planes`` (mask plane name to count of flagged pixels), ``variance_kind`` ("variance",
        "sigma", "inverse variance", "none", "unknown": what the file carries, even where it is
        zero throughout and not used), ``unit``, ``zero_point``, ``xy0``,
        ``has_wcs``, ``unused`` (HDUs of the image's shape that nothing is made of),
        ``warnings``, ``choices`` (what can be chosen), ``error`` (``id`` and
        ``text``; also for "choose" and "sidecar", where it says why), ``settings`` (of files
        that bgviewer wrote: what they were made with).
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
        "unused": [],
        "warnings": [],
        "choices": [],
        "error": None,
    }
    try:
        info = describe(path, choice)
        exposure = read(path, choice=info.choice)
        use = mask_use(exposure, DEFAULT_BAD_MASK_PLANES)
        remarks = [*mask_warnings(use, info.masks), *_usable(exposure), *stale_sums(path)]
    except ReadError as error:
        record["error"] = {"id": error.id, "text": str(error)}
        if isinstance(error, ChooseError):
            record.update(outcome="choose", choices=list(error.choices))
        elif isinstance(error, SidecarError):
            record.update(outcome="sidecar", convention=error.convention)
        return record
    recorded = settings_of(path) if info.own_output else None
    settings = {} if recorded is None else {"settings": recorded.as_values()}
    return record | _facts(info, exposure, remarks) | settings


def _usable(exposure: Exposure) -> list[str]:
    """Warn when the default bad planes leave not one pixel; they are a setting, so no error.

    Raises
    ------
    ReadError
        ``E_ALL_BAD`` when no pixel is finite: no setting can help.
    """
    good = np.isfinite(exposure.image)
    if not good.any():
        reason = "no usable pixels after masking (mask planes: none; not one pixel is finite)"
        raise ReadError(exposure.source.path, reason, id="E_ALL_BAD")
    flagged = exposure.flagged(DEFAULT_BAD_MASK_PLANES)
    if flagged is None or (good & ~flagged).any():
        return []
    planes = [name for name in DEFAULT_BAD_MASK_PLANES if name in (exposure.planes or {})]
    return [f"no usable pixels after masking (mask planes: {', '.join(planes)})"]


def _facts(info: FileInfo, exposure: Exposure, remarks: list[str]) -> dict[str, Any]:
    source = exposure.source
    warnings = [*(getattr(source, "warnings", None) or info.warnings), *remarks]
    if info.remembered and info.remembered not in warnings:
        warnings.append(info.remembered)
    if exposure.variance is None:
        warnings.append("no variance: chi-square and weights disabled")
    return {
        "outcome": "exposure",
        "convention": info.convention,
        "shape": list(info.shape),
        "planes": exposure.plane_counts() if exposure.mask is not None else {},
        "variance_kind": info.variance_kind,
        "unit": info.unit,
        "zero_point": info.zero_point,
        "xy0": list(info.xy0),
        "has_wcs": info.has_wcs,
        "warnings": warnings,
        "unused": list(info.unused),
        "own_output": info.own_output,
    }
