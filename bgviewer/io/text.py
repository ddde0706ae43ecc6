"""Small text files, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from bgviewer.io.names import printable_name
from bgviewer.io.transaction import OutputGroup, atomic_output
from bgviewer.io.write import check_target

__all__ = ["write_text"]


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
