"""What lies in a file, what was recognised, and what could be chosen instead."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import ReadError
from bgviewer.io.conventions import NO_CHOICE, Choice, Planes, recognise
from bgviewer.io.conventions.base import MaskPart, Place
from bgviewer.io.conventions.common import choices_of, images
from bgviewer.io.instrument import Instrument, identify
from bgviewer.io.layout import FitsFile, Hdu
from bgviewer.io.names import file_stem, is_fits_name, shared_start
from bgviewer.io.reading import Reading
from bgviewer.io.remembered import Remembered

__all__ = ["FileContents", "HduLine", "ImageOption", "PlaceOption", "file_contents"]

_MOST_FILES = 40
_MOST_OPENED = 8


@dataclass(frozen=True)
class HduLine:
    """One HDU, for a table."""

    index: int
    name: str
    kind: str
    size: str


@dataclass(frozen=True)
class ImageOption:
    """An image (or a plane of a cube) that may be taken."""

    hdu: int
    layer: int | None
    text: str


@dataclass(frozen=True)
class PlaceOption:
    """Where a mask or an uncertainty may lie; `value` is what a `Choice` calls it."""

    value: str
    text: str


@dataclass(frozen=True)
class FileContents:
    """What is known of a file before its pixels are read.

    Attributes
    ----------
    path : Path
    who : Instrument or None
        None when the file cannot be opened.
    hdus : tuple of HduLine
    images : tuple of ImageOption
    places : tuple of PlaceOption
        HDUs and files beside it that may hold a mask or an uncertainty.
    recognised : mapping of str to str
        ``convention``, ``image``, ``mask``, ``noise`` and ``zero_point`` in words, as recognised
        without any choice; empty words where nothing was.
    choice : Choice
        What holds for it now.
    same : tuple of Path
        Other files of the stack of the same instrument and layout.
    remembered : Remembered or None
        What was chosen for the instrument.
    problem : str
        Why the file is no exposure as it is.
    """

    path: Path
    who: Instrument | None = None
    hdus: tuple[HduLine, ...] = ()
    images: tuple[ImageOption, ...] = ()
    places: tuple[PlaceOption, ...] = ()
    recognised: dict[str, str] = field(default_factory=dict)
    choice: Choice = NO_CHOICE
    same: tuple[Path, ...] = ()
    remembered: Remembered | None = None
    problem: str = ""


def file_contents(
    path: Path,
    others: Iterable[Path] = (),
    reading: Reading | None = None,
    progress: Progress = SILENT,
) -> FileContents:
    """Look into a file, from headers alone; what cannot be read is told, not raised.

    Parameters
    ----------
    others : iterable of Path
        Files of the same stack.
    reading : Reading, optional
        What is known of how files shall be read.
    """
    reading = reading or Reading()
    others = [other for other in others if other != path]
    try:
        with FitsFile(path) as file:
            who = identify(file)
            recognised, problem = _recognised(file)
            pictures = choices_of(images(file))
            return FileContents(
                path,
                who,
                tuple(_line(hdu) for hdu in file.hdus),
                tuple(ImageOption(c["hdu"], c["plane"], c["text"]) for c in pictures),
                (*_own_places(file), *_files_beside(path, others)),
                recognised,
                reading.choice(file)[0],
                tuple(_same(who, others, progress)),
                reading.memory.find(who),
                problem,
            )
    except ReadError as error:
        return FileContents(path, problem=error.reason)


def _line(hdu: Hdu) -> HduLine:
    kind = "table" if hdu.is_table else "image" if hdu.axes else "no data"
    if hdu.is_compressed:
        kind = "compressed image"
    if len(hdu.shape) > 2:
        kind = "cube"
    size = " × ".join(str(n) for n in reversed(hdu.axes))
    return HduLine(hdu.index, hdu.name or hdu.role, kind, size)


def _recognised(file: FitsFile) -> tuple[dict[str, str], str]:
    try:
        planes = recognise(file)
    except ReadError as error:
        return {}, error.reason
    noise = planes.noise
    return {
        "convention": planes.convention,
        "image": file.hdus[planes.image].label,
        "mask": "; ".join(_mask(file, part) for part in planes.masks),
        "noise": ""
        if noise is None
        else f"{' + '.join(_place(file, p) for p in noise.places)}, {noise.kind}",
        "zero_point": _zero_point(planes),
    }, ""


def _zero_point(planes: Planes) -> str:
    if planes.zero_point is None:
        return ""
    source = f" ({planes.zero_point_source})" if planes.zero_point_source else ""
    return f"{planes.zero_point:.6g}{source}"


def _mask(file: FitsFile, part: MaskPart) -> str:
    return f"{_place(file, part.place)}, {part.meaning}"


def _place(file: FitsFile, place: Place) -> str:
    return file.hdus[place.hdu].label if place.path is None else f"{place.path.name}[{place.hdu}]"


def _own_places(file: FitsFile) -> list[PlaceOption]:
    return [PlaceOption(str(hdu.index), hdu.describe()) for hdu in images(file)]


def _files_beside(path: Path, others: Iterable[Path]) -> list[PlaceOption]:
    """Return FITS files in the same folder, those of the most similar names first."""
    taken = {path.name, *(other.name for other in others if other.parent == path.parent)}
    try:
        names = [n for n in sorted(os.listdir(path.parent)) if is_fits_name(n) and n not in taken]
    except OSError:
        return []
    names.sort(key=lambda name: -len(shared_start(name, path.name)))
    found: list[PlaceOption] = []
    stem = file_stem(path)
    for number, name in enumerate(names[:_MOST_FILES]):
        inside = _images_in(path.parent / name) if number < _MOST_OPENED else []
        if len(inside) > 1 and stem[:4] == name[:4]:
            found += [PlaceOption(f"{name}[{h.index}]", f"{name}: {h.describe()}") for h in inside]
        else:
            found.append(PlaceOption(name, name))
    return found


def _images_in(path: Path) -> list[Hdu]:
    try:
        with FitsFile(path) as file:
            return images(file)
    except ReadError:
        return []


def _same(who: Instrument, others: Iterable[Path], progress: Progress) -> Iterable[Path]:
    for other in others:
        progress.step()
        try:
            with FitsFile(other) as file:
                if identify(file) == who:
                    yield other
        except ReadError:
            continue
