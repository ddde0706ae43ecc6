"""From what the user names (files, folders, ``@list``) to the files of a stack."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import ReadError
from bgviewer.io.names import is_fits_name
from bgviewer.io.read import is_own_file
from bgviewer.io.small_files import read_small_file

__all__ = ["Found", "OwnOutputsError", "discover", "find_files", "own_outputs_note"]


class OwnOutputsError(ReadError):
    """Folders hold nothing but files that bgviewer wrote, which are left out unless asked for."""


@dataclass(frozen=True)
class Found:
    """A file that was named or found, or a name behind which there is none.

    Attributes
    ----------
    path : Path
        The file; for a problem, what was named.
    scanned : bool
        Whether it comes from a folder (then our own outputs are left out).
    problem : ReadError or None
        Why there is nothing to read.
    """

    path: Path
    scanned: bool = False
    problem: ReadError | None = None


def find_files(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    progress: Progress = SILENT,
) -> tuple[list[Path], list[str]]:
    """Return the files behind `paths` and notes on what was left out.

    Parameters
    ----------
    paths : path or iterable of paths
        Files are taken as they are (also missing ones, for the reader to complain about);
        folders give their FITS files, not those of sub-folders, sorted, without bgviewer's own
        outputs; ``@list`` is a text file with one path per line, relative to itself, ``#``
        beginning a comment line.

    Raises
    ------
    ReadError
        ``E_MISSING`` or ``E_NO_FILES`` when not one file is there.
    """
    found, notes = discover(paths)
    files: list[Path] = []
    skipped = 0
    for number, item in enumerate(found):
        progress.step(number / len(found), f"looking at {item.path.name}")
        if item.scanned and is_own_file(item.path):
            skipped += 1
        elif item.problem is None or item.problem.id == "E_MISSING":
            files.append(item.path)
        else:
            notes.append(str(item.problem))
    if skipped:
        notes.append(own_outputs_note(skipped))
    if not files:
        raise only_own_outputs(found, skipped)
    return files, notes


def own_outputs_note(count: int) -> str:
    """Say how many files of the folders were left out because bgviewer wrote them."""
    files = "1 file" if count == 1 else f"{count} files"
    return f"{files} written by bgviewer left out; name the files to load them"


def only_own_outputs(found: Sequence[Found], count: int) -> ReadError:
    """Make the error for folders that hold nothing but our own outputs."""
    folder = next(item.path.parent for item in found if item.scanned)
    reason = f"holds no FITS files but {count} written by bgviewer; name the files to load them"
    return OwnOutputsError(folder, reason, id="E_NO_FILES")


def discover(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> tuple[list[Found], list[str]]:
    """Expand folders and lists; own outputs are still in. Raises as `find_files` does."""
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    if not isinstance(paths, Iterable):
        raise _no_path(paths)
    found: list[Found] = []
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise _no_path(path)
        text = os.fspath(path)
        if text.startswith("@") and not os.path.lexists(text):
            found += _listed(Path(text[1:]).expanduser())
        else:
            found += _expanded(Path(text).expanduser())
    if not found:
        raise ReadError("(nothing)", "no file or folder was given", id="E_NO_FILES")
    if all(item.problem for item in found):
        problem = found[0].problem
        assert problem is not None
        raise problem
    count: dict[Path, int] = {}
    for item in found:
        count[item.path] = count.get(item.path, 0) + 1
    notes = [f"{path.name} is given {times} times" for path, times in count.items() if times > 1]
    return found, notes


def _no_path(given: object) -> ReadError:
    reason = "is no path of a file or folder; exposures in memory go to ExposureStack.of"
    return ReadError(f"({type(given).__name__})", reason, id="E_NO_PATH")


def _listed(path: Path) -> list[Found]:
    try:
        lines = read_small_file(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return [Found(path, problem=ReadError(path, "is no text file with paths", id="E_NO_FILES"))]
    except OSError as exc:
        why = f"the list cannot be opened ({exc.strerror or exc})"
        return [Found(path, problem=ReadError(path, why, id="E_MISSING"))]
    names = [line.strip() for line in lines]
    names = [name for name in names if name and not name.startswith("#")]
    if not names:
        return [Found(path, problem=ReadError(path, "the list names no files", id="E_NO_FILES"))]
    return [item for name in names for item in _expanded(path.parent / Path(name).expanduser())]


def _expanded(path: Path) -> list[Found]:
    try:
        if not path.is_dir():
            path.stat()
            return [Found(path)]
        with os.scandir(path) as held:
            entries = sorted((e for e in held if is_fits_name(e.name)), key=lambda e: e.name)
    except (OSError, ValueError) as exc:
        why = f"cannot be opened ({getattr(exc, 'strerror', None) or exc})"
        return [Found(path, problem=ReadError(path, why, id="E_MISSING"))]
    found = [item for entry in entries if (item := _scanned(path, entry)) is not None]
    if not found:
        reason = "the folder holds no FITS files"
        return [Found(path, problem=ReadError(path, reason, id="E_NO_FILES"))]
    return found


def _scanned(folder: Path, entry: os.DirEntry[str]) -> Found | None:
    """Return a file of a folder, or why it cannot be read; None for what is no file."""
    path = folder / entry.name
    try:
        if entry.is_file():
            return Found(path, scanned=True)
        if not entry.is_symlink() or os.path.exists(path):
            return None
        why = "a link to a file that does not exist"
    except OSError as exc:  # such as a link that leads to itself
        why = exc.strerror or str(exc)
    problem = ReadError(path, f"cannot be opened ({why})", id="E_MISSING")
    return Found(path, scanned=True, problem=problem)
