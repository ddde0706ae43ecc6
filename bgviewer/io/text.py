"""Small text files, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from bgviewer.io.names import printable_name
from bgviewer.io.transaction import OutputGroup, atomic_output
from bgviewer.io.write import check_target

__all__ = ["no_formula", "write_text"]


def no_formula(text: str) -> str:
    """Return the text of a cell so that no spreadsheet takes it for a formula.

    Examples
    --------
    >>> no_formula("=1+1"), no_formula("a-b"), no_formula("-0.5")
    ("'=1+1", 'a-b', '-0.5')
    """
    if text[:1] not in ("=", "+", "-", "@", "\t", "\r") or len(text) < 2:
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def write_text(
    path: str | os.PathLike[str],
    text: str,
    overwrite: bool = False,
    group: OutputGroup | None = None,
) -> Path:
    """Write UTF-8 text; bytes of file names that are no UTF-8 are written as ``\\xE9``.

    Parameters
    ----------
    path : path-like
    text : str
    overwrite : bool
        Whether an earlier file may be replaced.
    group : OutputGroup, optional
        Files that get their names together with this one.

    Raises
    ------
    WriteError
        When the file exists (without `overwrite`) or cannot be written.
    """
    path = Path(path)
    check_target(path, overwrite=overwrite)
    with atomic_output(path, overwrite, group) as (out, _):
        out.write(printable_name(text).encode())
    return path
