"""Small text files, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from bgviewer.io.write import atomic_output, check_target

__all__ = ["write_text"]


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
        out.write(text.encode())
    return path
