"""Look at a file just written as a stranger would, before it gets its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits

from bgviewer.engine.bands import row_bands
from bgviewer.errors import ReadError, WriteError
from bgviewer.io.checksum import carried
from bgviewer.io.layout import BAD_CARD, FitsFile, quiet
from bgviewer.io.splice import Part
from bgviewer.io.words import BAND_BYTES, sum_of_words

__all__ = ["verify_written"]

_SAMPLES = 64


def verify_written(
    temporary: Path, source: FitsFile | None, parts: Sequence[Part], path: Path
) -> None:
    """Check HDU count, sizes, sample pixels and the checksums of changed HDUs.

    Raises
    ------
    WriteError
        About `path`, when what lies on the disk is not what was meant.
    """
    try:
        with FitsFile(temporary) as file:
            problem = _problem(file, source, parts)
        problem = problem or _seen_by_others(temporary, parts)
    except ReadError as exc:
        problem = exc.reason
    if problem:
        reason = f"export failed, original untouched: the written file is wrong ({problem})"
        raise WriteError(path, reason)


def _problem(file: FitsFile, source: FitsFile | None, parts: Sequence[Part]) -> str | None:
    if len(file.hdus) != len(parts):
        return f"{len(file.hdus)} HDUs instead of {len(parts)}"
    for hdu, part in zip(file.hdus, parts, strict=True):
        if part.cards is None:
            assert part.hdu is not None
            if hdu.raw != part.hdu.raw or hdu.data_size != part.hdu.data_size:
                return f"{hdu.label} is not as it was"
            continue
        total, room = 0, np.empty(BAND_BYTES, dtype=np.uint8)
        for first, last in row_bands(hdu.start, hdu.stop, BAND_BYTES):
            piece = room[: last - first]
            file.read_into(piece, first)
            total = carried(total + sum_of_words(piece))
        if total not in (0, 0xFFFFFFFF):
            return f"checksum of {hdu.label}"
    return None


def _seen_by_others(temporary: Path, parts: Sequence[Part]) -> str | None:
    """Say what astropy finds wrong; odd cards of the input may be too much for it."""
    try:
        return _seen_by_astropy(temporary, parts)
    except (*BAD_CARD, OSError, ArithmeticError) as exc:
        why = " ".join(str(exc).split()) or "nothing told"
        return f"other readers fail on its headers: {type(exc).__name__}: {why}"


def _seen_by_astropy(temporary: Path, parts: Sequence[Part]) -> str | None:
    # Opened here: astropy leaves a file open that it fails on.
    with (
        quiet(),
        open(temporary, "rb") as handle,
        fits.open(handle, memmap=False, disable_image_compression=True) as hdus,
    ):
        for index, part in enumerate(parts):
            if part.pixels is None:
                continue
            section = getattr(hdus[index], "section", None)
            if section is None:
                return f"HDU {index} is not an image to other readers"
            if tuple(n for n in section.shape if n != 1) != tuple(
                n for n in part.pixels.shape if n != 1
            ):
                return f"shape {section.shape} of HDU {index}"
            plane = part.pixels.reshape(-1, *part.pixels.shape[-2:])[0]  # the first of a cube
            rows = np.unique(np.linspace(0, plane.shape[0] - 1, _SAMPLES).astype(int))
            lead = (0,) * (len(section.shape) - 2)
            for row in rows:
                if not np.array_equal(section[(*lead, int(row))], plane[row], equal_nan=True):
                    return f"pixels in row {row} of HDU {index}"
    return None
