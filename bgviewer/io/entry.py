"""One exposure of a stack: who it is and how it is scaled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bgviewer.errors import BgviewerError
from bgviewer.io.align import AlignTarget
from bgviewer.io.file_state import FileState, changed_files
from bgviewer.io.read import FileInfo
from bgviewer.io.scaling import Scale

__all__ = ["StackEntry"]


@dataclass(frozen=True, eq=False)
class StackEntry:
    """One exposure of a stack.

    Attributes
    ----------
    id : int
        Position in the stack.
    name : str
        Display name, distinct in the stack.
    path : Path or None
        File; None in memory.
    identity : object
        Equal for equal exposures: duplicates of the reference are references too.
    info : FileInfo or None
        What the headers say; None when they could not be read, or in memory.
    problem : BgviewerError or None
        Why the exposure cannot be used.
    scale : float or callable or None
        Photometric factor applied on reading; a callable is given the exposure and returns it.
    output_stem : str
        Name for files, distinct in the stack.
    place : (int, int) or None
        Parent position of pixel [0, 0] in a stack of different extents; None where all exposures
        have the same, and pixels pair up by index.
    aligned : AlignTarget or None
        The grid it is re-projected onto on reading; None = it stays as it is.
    zero_point_refused : bool
        Whether its zero point is too far from those of the others to be one.
    warnings : tuple of str
        What the user is told about its place in this stack: grid, photometric scale.
    """

    id: int
    name: str
    path: Path | None
    identity: object
    info: FileInfo | None = None
    problem: BgviewerError | None = None
    scale: Scale = 1.0
    output_stem: str = ""
    place: tuple[int, int] | None = None
    aligned: AlignTarget | None = None
    zero_point_refused: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def states(self) -> tuple[FileState, ...]:
        """Versions of its files that were loaded; empty in memory."""
        return () if self.info is None else self.info.states

    @property
    def changed_files(self) -> tuple[Path, ...]:
        """Its files, side-cars included, that have changed or are gone since it was loaded."""
        return changed_files(self.states)
