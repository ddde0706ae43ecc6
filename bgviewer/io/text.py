"""Small text files, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from bgviewer.io.write import atomic_output, check_target

__all__ = ["no_formula", "utf8_text", "write_text"]


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


def utf8_text(text: str, errors: str = "backslashreplace") -> str:
    """Return text that UTF-8 can hold, whichever bytes the names of files in it have.

    Parameters
    ----------
    errors : {"backslashreplace", "replace"}
        What becomes of bytes that are no UTF-8.
    """
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeError:
        raw = text.encode("utf-8", "replace")
    return raw.decode("utf-8", errors)


def write_text(path: str | os.PathLike[str], text: str, overwrite: bool = False) -> Path:
    """Write UTF-8 text.

    Raises
    ------
    WriteError
        When the file exists (without `overwrite`) or cannot be written.
    """
    path = Path(path)
    check_target(path, overwrite=overwrite)
    with atomic_output(path, overwrite) as (out, _):
        out.write(utf8_text(text, "replace").encode())
    return path
