"""Matched exposures and background models to FITS, whole or not at all.

A file is written beside its target under a temporary name, synced, opened again and checked, and
only then renamed (see `transaction`).  Source: FORMATS section 6.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.exposure import Exposure
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch
from bgviewer.errors import ReadError, ShapeMismatchError, WriteError
from bgviewer.io.assemble import Assembler
from bgviewer.io.cards import drop_cards, put_card, split_cards
from bgviewer.io.compression import compressed_parts
from bgviewer.io.conventions import NO_CHOICE, Choice, Planes, recognise
from bgviewer.io.conventions.lsst_images import LsstImages
from bgviewer.io.cut_down import cut_down
from bgviewer.io.file_state import FileState, check_unchanged, file_states
from bgviewer.io.fresh import background_part, exposure_parts
from bgviewer.io.layout import FitsFile
from bgviewer.io.pixels import numbers_for_text, read_float_plane
from bgviewer.io.provenance import Card, keywords, raw_cards, with_values
from bgviewer.io.splice import Part, float_cards, with_new_cards, write_parts
from bgviewer.io.transaction import EXISTS, OutputGroup, atomic_output, reason_of
from bgviewer.io.verify import verify_written

_USUAL_NAME_BYTES = 255
_PIECE = 1 << 22  # read and hashed at a time: between two pieces the work can be stopped

__all__ = [
    "check_name",
    "check_target",
    "source_hash",
    "source_path",
    "with_source_hash",
    "write_background",
    "write_exposure",
    "write_fresh",
    "write_matched",
]


def write_matched(
    source: Any,
    background: NDArray[np.floating[Any]] | None,
    path: str | os.PathLike[str],
    cards: Sequence[Card] = (),
    overwrite: bool = False,
    scratch: Scratch | None = None,
    progress: Progress = SILENT,
    compress: str = "none",
    group: OutputGroup | None = None,
) -> Path:
    """Write an exposure with `background` added, laid out like its own file.

    Parameters
    ----------
    source : StackEntry, Exposure or path
        Its file is read again; only the image plane changes (float32), and the HDU that takes
        the cards.  An exposure without a file is written as a fresh IMAGE, MASK, VARIANCE file.
    background : float array, shape (ny, nx), or None
        In the exposure's own unit.  None: pixels stay as they are (the reference).
    path : path-like
        Where to; plain FITS whatever the name.
    cards : sequence of Card
        From `provenance.make_cards`; BGVSIGN and BGVHASH are added here.
    overwrite : bool
        Whether an existing file may be replaced. An input never is.
    scratch : Scratch, optional
        Memory to work in.
    progress : Progress, optional
        May stop the work; nothing is left behind then.
    compress : {"none", "gzip", "rice"}
        What becomes of planes that are not compressed yet; see `choices.COMPRESSIONS`.
    group : OutputGroup, optional
        Files that get their names together with this one.

    Raises
    ------
    ShapeMismatchError
        When `background` has another shape than the image.
    ReadError, WriteError
        One sentence; nothing is left behind.  ``E_CHANGED`` when the file of the exposure is not
        the one that was loaded.
    """
    path = Path(path)
    input_path = source_path(source)
    check_target(path, inputs=[input_path] if input_path else [], overwrite=overwrite)
    sign = None if background is None else "ADD"
    if input_path is None:
        exposure = _with_background(source, background)
        parts = exposure_parts(exposure, raw_cards(with_values(cards, sign=sign)))
        parts = compressed_parts(None, parts, range(1, len(parts)), 1, compress, path)
        return _write(None, parts, path, overwrite, progress, group)
    states = _states_of(source, input_path)
    check_unchanged(states)
    with FitsFile(input_path) as file:
        cards = with_values(with_source_hash(cards, input_path, progress), sign=sign)
        choice = _choice_of(source)
        planes = recognise(file, choice)
        parts = _matched_parts(file, planes, background, raw_cards(cards), scratch)
        if planes.convention == LsstImages.name:
            parts = cut_down(parts, _lsst_names(planes), planes.xy0)
        parts = compressed_parts(file, parts, _own_planes(planes), planes.image, compress, path)
        return _write(file, parts, path, overwrite, progress, group, states)


def write_background(
    exposure: Exposure,
    background: NDArray[np.floating[Any]],
    path: str | os.PathLike[str],
    cards: Sequence[Card] = (),
    overwrite: bool = False,
    progress: Progress = SILENT,
    more: Sequence[Part] = (),
    compress: str = "none",
    group: OutputGroup | None = None,
) -> Path:
    """Write a background model as one float32 image on the grid of `exposure`.

    `background` is in the exposure's own unit and is what was ADDED to it; the file carries the
    WCS and, for LSST exposures, XY0.  `more` HDUs, such as a table of coefficients, go after it.
    Other parameters and errors as for `write_matched`.
    """
    path = Path(path)
    input_path = source_path(exposure)
    check_target(path, inputs=[input_path] if input_path else [], overwrite=overwrite)
    _check_shape(background, exposure.shape)
    if input_path is not None:
        cards = with_source_hash(cards, input_path, progress)
    cards = with_values(cards, kind="background", sign="ADD")
    part = background_part(exposure, np.asarray(background, dtype=np.float32), raw_cards(cards))
    parts = compressed_parts(None, [part, *more], (0,), 0, compress, path)
    return _write(None, parts, path, overwrite, progress, group)


def write_exposure(
    exposure: Exposure,
    path: str | os.PathLike[str],
    cards: Sequence[Card] = (),
    overwrite: bool = False,
) -> Path:
    """Write an exposure from memory: empty primary, IMAGE, MASK and VARIANCE where there are any.

    For generated exposures; one that was read from a file goes through `write_matched`.
    """
    path = Path(path)
    check_target(path, overwrite=overwrite)
    return _write(None, exposure_parts(exposure, raw_cards(cards)), path, overwrite)


def check_target(
    path: str | os.PathLike[str],
    *,
    inputs: Iterable[str | os.PathLike[str]] = (),
    overwrite: bool = False,
) -> None:
    """Raise `WriteError` where `path` may not be written, without touching anything."""
    path = Path(path)
    check_name(path)
    try:
        if not path.parent.is_dir():
            os.stat(path.parent)  # says why, where it is there in some way
            raise WriteError(path, f"{path.parent} is a file, not a folder", id="E_WRITE")
        is_folder = path.is_dir()
    except FileNotFoundError as exc:
        raise WriteError(path, f"the folder {path.parent} does not exist", id="E_WRITE") from exc
    except WriteError:
        raise
    except OSError as exc:
        raise WriteError(path, f"cannot be written: {reason_of(exc)}") from exc
    if is_folder:
        raise WriteError(path, "is a folder", id="E_WRITE")
    for taken in inputs:
        if _same_file(path, Path(taken)):
            raise WriteError(path, "is an input of the match; inputs are never written")
    if not overwrite and os.path.lexists(path):
        raise WriteError(path, EXISTS, id="E_EXISTS")


def check_name(path: Path) -> None:
    """Raise `WriteError` for a file name that no file system takes."""
    try:
        size = len(os.fsencode(path.name))
    except UnicodeEncodeError as exc:
        raise WriteError(path, "the file system does not take the characters of the name") from exc
    if "\0" in path.name:
        raise WriteError(path, "the file system does not take the characters of the name")
    most = _longest_name(path.parent)
    if size > most:
        reason = f"the name has {size} bytes, the file system takes {most}; use a shorter one"
        raise WriteError(path, reason)


def _longest_name(folder: Path) -> int:
    """Return how many bytes a name in the folder may have."""
    if not hasattr(os, "pathconf"):
        return _USUAL_NAME_BYTES
    for place in (folder, *folder.parents):
        try:
            return os.pathconf(place, "PC_NAME_MAX")
        except (OSError, ValueError):
            continue  # not made yet
    return _USUAL_NAME_BYTES


def _same_file(one: Path, other: Path) -> bool:
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def source_path(source: Any) -> Path | None:
    """Return the file that an entry or exposure comes from; None for one from memory."""
    if isinstance(source, (str, os.PathLike)):
        return Path(source)
    held = getattr(source, "path", None) or getattr(getattr(source, "source", None), "path", None)
    if held is None and not isinstance(source, Exposure):
        raise WriteError(getattr(source, "name", source), "there is no file to copy from")
    return None if held is None else Path(held)


def _states_of(source: Any, path: Path) -> tuple[FileState, ...]:
    """Return the versions of the files that were loaded; of a path alone, the present one."""
    held = getattr(source, "info", None) or getattr(source, "source", None)
    return getattr(held, "states", None) or file_states([path])


def _choice_of(source: Any) -> Choice:
    held = getattr(source, "info", None) or getattr(source, "source", None)
    choice = getattr(held, "choice", NO_CHOICE)
    return choice if isinstance(choice, Choice) else NO_CHOICE


def _check_shape(background: NDArray[Any], shape: tuple[int, int]) -> None:
    if np.shape(background) != shape:
        raise ShapeMismatchError(
            f"the background has shape {np.shape(background)} but the image {shape}"
        )


def _with_background(exposure: Exposure, background: NDArray[Any] | None) -> Exposure:
    # In memory `scale` may be applied; what is written is in the exposure's own unit.
    own = exposure if exposure.scale == 1.0 else exposure.scaled(1.0 / exposure.scale)
    if background is None:
        return own
    _check_shape(background, own.shape)
    return replace(own, image=_sum(own.image, background))


def _sum(image: NDArray[np.float32], background: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):
        total: NDArray[np.float32] = image + np.asarray(background, dtype=np.float32)
    return total


def _matched_parts(
    file: FitsFile,
    planes: Planes,
    background: NDArray[Any] | None,
    records: list[bytes],
    scratch: Scratch | None,
) -> list[Part]:
    parts = [Part(hdu) for hdu in file.hdus]
    for index in _own_planes(planes) | {planes.image}:
        numbers = numbers_for_text(file.hdus[index])
        if numbers:  # what was used as a number must be one to other programs
            header = split_cards(file.hdus[index].raw)
            for card in numbers:
                header = put_card(header, card)
            parts[index] = Part(file.hdus[index], header)
    if background is not None:
        _check_shape(background, planes.shape)
        hdu = file.hdus[planes.image]
        if planes.layer is None:
            image = own = Assembler(file, planes, scratch).image()
        else:  # of a cube the one plane changes
            image, _ = read_float_plane(file, hdu, scratch)
            own = image.reshape(-1, *planes.shape)[planes.layer]
        # Axes of length 1 stay in the header; the bytes are the same.
        with np.errstate(over="ignore", invalid="ignore"):
            np.add(own, np.asarray(background, dtype=np.float32), out=own)
        new = float_cards(hdu)
        if planes.asinh is not None:  # an export is linear
            new = drop_cards(new, lambda name: name in ("BSOFTEN", "BOFFSET"))
        parts[hdu.index] = Part(hdu, new, image)
    if records:
        hdu = file.hdus[planes.cards_hdu]
        old = parts[hdu.index]
        header = old.cards if old.cards is not None else split_cards(hdu.raw)
        # What LSST's butler noted is true of the file it came from only (FORMATS 1.8).
        header = drop_cards(header, lambda name: name.startswith("LSST BUTLER"))
        header = with_new_cards(header, records, keywords())
        parts[hdu.index] = Part(hdu, header, old.pixels)
    return parts


def _lsst_names(planes: Planes) -> dict[str, int]:
    """Return the planes of the first mask, under the names that LSST's settings have."""
    if not planes.masks:
        return {}
    usual = {own: alias for alias, own in planes.aliases.items()}
    return {usual.get(name, name): bit for name, bit in planes.masks[0].planes.items()}


def _own_planes(planes: Planes) -> set[int]:
    """Return the HDUs of the file that hold image, masks and uncertainties."""
    places = [part.place for part in planes.masks]
    places += planes.noise.places if planes.noise else ()
    # SDSS's images are known by lying in the primary, where no compressed image can be.
    movable = planes.image != 0 or not planes.convention.startswith("sdss")
    own = {planes.image} if movable else set()
    return own | {place.hdu for place in places if place.path is None}


def with_source_hash(cards: Sequence[Card], path: Path, progress: Progress) -> Sequence[Card]:
    """Add the hash of the source, unless the caller has it there already."""
    if any(card[0] == "BGVHASH" for card in cards):
        return cards
    return with_values(cards, source_hash=source_hash(path, progress))


def source_hash(path: Path, progress: Progress = SILENT) -> str:
    """Return the first 16 hexadecimal digits of a file's SHA-256, for the cards.

    Raises
    ------
    ReadError
        When the file cannot be read.
    """
    digest, piece = hashlib.sha256(), memoryview(bytearray(_PIECE))
    try:
        with open(path, "rb", buffering=0) as handle:
            while count := handle.readinto(piece):
                progress.step()
                digest.update(piece[:count])
        return digest.hexdigest()[:16]
    except OSError as exc:
        why = f"cannot be opened ({exc.strerror or exc})"
        raise ReadError(path, why, id="E_MISSING") from exc


def write_fresh(
    parts: Sequence[Part],
    path: Path,
    overwrite: bool,
    progress: Progress = SILENT,
    group: OutputGroup | None = None,
) -> Path:
    """Write a file made of new HDUs; `path` has been checked."""
    return _write(None, parts, path, overwrite, progress, group)


def _write(
    file: FitsFile | None,
    parts: Sequence[Part],
    path: Path,
    overwrite: bool,
    progress: Progress = SILENT,
    group: OutputGroup | None = None,
    states: tuple[FileState, ...] = (),
) -> Path:
    with atomic_output(path, overwrite, group) as (out, temporary):
        write_parts(file, parts, out, progress)
        progress.step()
        verify_written(temporary, file, parts, path)
        progress.step()
        check_unchanged(states)
    return path
