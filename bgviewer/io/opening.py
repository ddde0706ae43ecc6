"""Look into the files of a stack: what each holds, and which are no exposures at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import BgviewerError, ReadError, SidecarError
from bgviewer.io.conventions import NO_CHOICE
from bgviewer.io.discover import Found, only_own_outputs, own_outputs_note
from bgviewer.io.read import FileInfo, describe, is_own_file
from bgviewer.io.reading import Reading
from bgviewer.io.recorded import settings_of

__all__ = ["Opened", "opened"]

Opened = tuple[Path, FileInfo | BgviewerError]
"""A file and what it holds, or why it cannot be used."""

_AS_RECOGNISED = Reading()


def opened(
    found: Sequence[Found],
    progress: Progress = SILENT,
    reading: Reading = _AS_RECOGNISED,
    own_outputs: bool = False,
) -> tuple[list[Opened], list[str]]:
    """Describe every file; of those from folders, our own outputs and side-cars are left out.

    Parameters
    ----------
    reading : Reading
        What the user said about files.
    own_outputs : bool
        True takes the exposures that bgviewer wrote, to look at them; its background models and
        reports are left out all the same.

    Returns
    -------
    taken : list of (Path, FileInfo or BgviewerError)
    notes : list of str
        How many were left out, and how many were read as was chosen for others.

    Raises
    ------
    ReadError
        ``E_NO_FILES`` when nothing is left.
    """
    taken: list[Opened] = []
    own = sidecars = 0
    for number, item in enumerate(found):
        progress.step(number / len(found), f"opening {item.path.name}")
        info = item.problem or _described(item.path, reading)
        is_own = item.scanned and _is_own(item.path, info)
        if is_own and not (own_outputs and _is_exposure(item.path, info)):
            own += 1
        elif item.scanned and isinstance(info, SidecarError):
            sidecars += 1
        else:
            taken.append((item.path, info))
    if not taken and sidecars:
        folder = next(item.path.parent for item in found if item.scanned)
        reason = f"holds no exposures but {_files(sidecars)} such as masks and weights"
        raise ReadError(folder, reason, id="E_NO_FILES")
    if not taken:
        raise only_own_outputs(found, own)
    notes = [own_outputs_note(own)] if own else []
    if sidecars:
        notes.append(f"{_files(sidecars)} with masks, weights or models not taken as exposures")
    told = Counter(_how_read(info) for _, info in taken if isinstance(info, FileInfo))
    # first: what a person said once should not be overlooked later
    first = [f"{_files(count)} {remark}" for remark, count in told.items() if remark]
    return taken, first + notes


def _is_own(path: Path, info: FileInfo | BgviewerError) -> bool:
    """Whether bgviewer wrote a file; also one that is no exposure, such as a report."""
    if isinstance(info, FileInfo):
        return info.own_output
    return isinstance(info, ReadError) and is_own_file(path)


def _is_exposure(path: Path, info: FileInfo | BgviewerError) -> bool:
    """Whether one of our own outputs is a matched exposure or a copy of the reference."""
    if not isinstance(info, FileInfo):
        return False
    recorded = settings_of(path)
    return recorded is not None and recorded.kind in ("matched", "reference")


def _how_read(info: FileInfo) -> str:
    if info.remembered or info.choice == NO_CHOICE:
        return info.remembered
    return "read as chosen, not as recognised"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _described(path: Path, reading: Reading) -> FileInfo | BgviewerError:
    try:
        return describe(path, reading.choice)
    except BgviewerError as exc:
        return exc.with_traceback(None)
