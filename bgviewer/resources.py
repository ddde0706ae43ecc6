"""Where icons and other shipped files are, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

__all__ = ["path"]


def path(name: str) -> Path:
    """Return the shipped file `name`, such as ``"icons/open.svg"``.

    Raises
    ------
    FileNotFoundError
        When it is in neither place.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_resources", package.parent / "resources"):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"bgviewer's own file {name} is missing; is the installation whole?")
