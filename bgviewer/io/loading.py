"""One entry of a stack to its pixels: read, scaled, put in its place, aligned, sources detected."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from bgviewer.engine.detection import Detection
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch
from bgviewer.errors import ReadError
from bgviewer.io.align import aligned
from bgviewer.io.conventions import NO_CHOICE
from bgviewer.io.detect import with_detected
from bgviewer.io.entry import StackEntry
from bgviewer.io.read import CHANGED, read
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
        What reading it met.
    """
    assert entry.path is not None
    choice = NO_CHOICE if entry.info is None else entry.info.choice
    exposure = read(
        entry.path, variance=variance, scratch=scratch, progress=progress, choice=choice
    )
    if entry.info is not None and exposure.shape != entry.info.shape:
        raise ReadError(entry.path, CHANGED)
    exposure = scaled(replace(exposure, name=entry.name), entry.scale)
    if entry.place is not None and entry.place != exposure.xy0:
        exposure = replace(exposure, xy0=entry.place)
    if detection is not None:
        exposure = with_detected(exposure, detection, progress)
    if entry.aligned is not None:
        exposure = aligned(exposure, entry.aligned, progress)
    return exposure


def file_key(entry: StackEntry, detection: Detection | None) -> tuple[object, ...]:
    """Return what changes when the exposure has to be read anew."""
    assert entry.path is not None
    companions = () if entry.info is None else entry.info.companions
    states = (_state_of(path) for path in (entry.path, *companions))
    return (entry.scale, entry.place, entry.aligned, detection, *states)


def _state_of(path: Path) -> tuple[object, ...]:
    """Return what changes when a file is replaced or written again."""
    try:
        status = os.stat(path)
    except OSError as exc:
        why = f"cannot be opened ({exc.strerror or exc})"
        raise ReadError(path, why, id="E_MISSING") from exc
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
