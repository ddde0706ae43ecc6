"""One entry of a stack to its pixels: read, scaled, put in its place, aligned, sources detected."""

from __future__ import annotations

from dataclasses import replace

from bgviewer.engine.detection import Detection
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch
from bgviewer.errors import ReadError
from bgviewer.io.align import aligned
from bgviewer.io.conventions import NO_CHOICE
from bgviewer.io.detect import with_detected
from bgviewer.io.entry import StackEntry
from bgviewer.io.file_state import CHANGED, check_unchanged, file_states
from bgviewer.io.read import read
from bgviewer.io.scaling import scaled

__all__ = ["file_key", "load_entry"]


def load_entry(
    entry: StackEntry,
    *,
    variance: bool = True,
    scratch: Scratch | None = None,
    detection: Detection | None = None,
    progress: Progress = SILENT,
) -> Exposure:
    """Read the file of an entry and do what the stack wants done with it.

    Sources are detected before an exposure is aligned, in the noise that it was taken with.

    Raises
    ------
    BgviewerError
        What reading it met; ``E_CHANGED`` when a file is not the one that was loaded.
    """
    assert entry.path is not None
    check_unchanged(entry.states)
    choice = NO_CHOICE if entry.info is None else entry.info.choice
    exposure = read(
        entry.path, variance=variance, scratch=scratch, progress=progress, choice=choice
    )
    check_unchanged(entry.states)
    if entry.info is not None and exposure.shape != entry.info.shape:
        raise ReadError(entry.path, CHANGED, id="E_CHANGED")
    exposure = scaled(replace(exposure, name=entry.name), entry.scale)
    if entry.place is not None and entry.place != exposure.xy0:
        exposure = replace(exposure, xy0=entry.place)
    if detection is not None:
        exposure = with_detected(exposure, detection, progress)
    if entry.aligned is not None:
        exposure = aligned(exposure, entry.aligned, progress)
    return exposure


def file_key(entry: StackEntry, detection: Detection | None) -> tuple[object, ...]:
    """Return what changes when the exposure has to be read again."""
    assert entry.path is not None
    companions = () if entry.info is None else entry.info.companions
    states = (state.key for state in file_states((entry.path, *companions)))
    return (entry.scale, entry.place, entry.aligned, detection, *states)
