"""Which version of a file was read: size, time of the last change and inode."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bgviewer.errors import ReadError

__all__ = ["CHANGED", "FileState", "changed_files", "check_unchanged", "file_states"]

CHANGED = "changed on disk since the stack was loaded; load it again"


@dataclass(frozen=True)
class FileState:
    """One version of a file.

    Attributes
    ----------
    path : Path
    inode, modified, size : int
        The time of the last change is in nanoseconds.
    device : int
        Tells files of equal inode apart; not compared, since mounting again may change it.
    """

    path: Path
    inode: int
    modified: int
    size: int
    device: int = field(default=0, compare=False)

    @property
    def key(self) -> tuple[int, int, int, int]:
        """What is the same under every name of this version of the file."""
        return (self.device, self.inode, self.modified, self.size)

    @classmethod
    def of(cls, path: Path) -> FileState:
        """Return the present version of a file.

        Raises
        ------
        ReadError
            ``E_MISSING`` when there is no such file.
        """
        try:
            status = os.stat(path)
        except OSError as exc:
            why = f"cannot be opened ({exc.strerror or exc})"
            raise ReadError(path, why, id="E_MISSING") from exc
        return cls(path, status.st_ino, status.st_mtime_ns, status.st_size, status.st_dev)


def file_states(paths: Iterable[Path]) -> tuple[FileState, ...]:
    """Return the present versions of files.

    Raises
    ------
    ReadError
        ``E_MISSING`` when one of them does not exist.
    """
    return tuple(FileState.of(path) for path in paths)


def changed_files(states: Iterable[FileState]) -> tuple[Path, ...]:
    """Return the files that have changed, or are gone, since their state was taken."""
    changed = []
    for state in states:
        try:
            same = FileState.of(state.path) == state
        except ReadError:
            same = False
        if not same:
            changed.append(state.path)
    return tuple(changed)


def check_unchanged(states: Iterable[FileState]) -> None:
    """Raise `ReadError` (``E_CHANGED``) about the first file that is not as it was."""
    for state in states:
        if FileState.of(state.path) != state:
            raise ReadError(state.path, CHANGED, id="E_CHANGED")
