"""Images as tile-compressed ones, for writing.  Source: FORMATS section 6 (compression), 1.7.

Nothing is lost unless it is asked for: GZIP_2 keeps every bit, NaN and infinities too.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from bgviewer.errors import WriteError
from bgviewer.io.cards import drop_cards, format_card, split_cards
from bgviewer.io.layout import FitsFile, quiet
from bgviewer.io.splice import TABLE_KEYWORD, Part

__all__ = ["compressed_parts"]

"""gzip loses nothing; rice rounds the image to a sixteenth of its noise (never mask, variance)."""

_NOISE_SHARE = 16.0
_DITHER = 2  # keeps zeros as they are
_SEED_FROM_DATA = -1  # so that the same pixels give the same file
_PLAIN_ONLY = ("EXTEND", "CHECKSUM", "DATASUM")
_TYPES = {8: "u1", 16: ">i2", 32: ">i4", -32: ">f4", -64: ">f8"}


def compressed_parts(
    file: FitsFile | None,
    parts: Sequence[Part],
    planes: Collection[int],
    image: int,
    mode: str,
    path: Path,
) -> list[Part]:
    """Return `parts` with the given planes compressed.

    Parameters
    ----------
    file : FitsFile or None
        Where parts without new pixels have theirs.
    planes : collection of int
        Indices of the planes among `parts`; what is no plain image stays as it is.  So does an
        image in the primary of a file with more HDUs, because their places have a meaning.
    image : int
        The one of `planes` that may lose digits.
    mode : {"none", "gzip", "rice"}
    path : Path
        What is being written, for the error.

    Raises
    ------
    WriteError
        When unpacking does not give back what was packed.
    """
    if mode == "none":
        return list(parts)
    out = []
    for index, part in enumerate(parts):
        pixels = _pixels(file, part) if index in planes else None
        if pixels is None or (index == 0 and _moves_others(parts)):
            out.append(part)
            continue
        if index == 0:
            out.append(Part(None, _empty_primary()))
        lossy = mode == "rice" and index == image
        out.append(_packed(part, pixels, lossy, path))
    return out


def _moves_others(parts: Sequence[Part]) -> bool:
    """Whether an empty primary before the image would give HDUs of the input other places."""
    return any(part.hdu is not None for part in parts[1:])


def _empty_primary() -> list[bytes]:
    return [
        format_card("SIMPLE", True),
        format_card("BITPIX", 8),
        format_card("NAXIS", 0),
        format_card("EXTEND", True),
    ]


def _pixels(file: FitsFile | None, part: Part) -> NDArray[Any] | None:
    """Return the numbers of a plain image as they are stored; None where there are none."""
    hdu = part.hdu
    if hdu is not None and len(hdu.axes) != 2:
        return None
    if part.pixels is not None:
        if part.pixels.dtype.kind == "f":
            return part.pixels
        return part.pixels.astype(np.uint32).view(np.int32)
    if hdu is None or file is None or hdu.is_compressed or not hdu.data_size:
        return None
    if hdu.bitpix not in _TYPES:
        return None
    data = file.read_bytes(hdu.data_start, hdu.data_start + hdu.data_size)
    stored = np.frombuffer(data, dtype=_TYPES[hdu.bitpix]).reshape(hdu.axes)
    return stored.astype(stored.dtype.newbyteorder("="))


def _packed(part: Part, pixels: NDArray[Any], lossy: bool, path: Path) -> Part:
    """Return an image as the binary table that holds its tiles."""
    # quantised, an infinity would spoil its tile
    lossy = lossy and pixels.dtype.kind == "f" and not bool(np.isinf(pixels).any())
    header, data = _tiles(pixels, lossy, path)
    if part.cards is not None:
        cards = part.cards
    else:
        assert part.hdu is not None
        cards = split_cards(part.hdu.raw)
    structure = [c for c in split_cards(header) if _is_structural(c)]
    own = drop_cards(cards, lambda name: bool(TABLE_KEYWORD.match(name)) or name in _PLAIN_ONLY)
    return Part(part.hdu, [*structure, *own], raw=data)


def _is_structural(card: bytes) -> bool:
    return bool(TABLE_KEYWORD.match(card[:8].decode("ascii").rstrip()))


def _tiles(pixels: NDArray[Any], lossy: bool, path: Path) -> tuple[bytes, bytes]:
    """Return header and data of the table, made by astropy and looked at again."""
    shape = (1,) * (pixels.ndim - 1) + (pixels.shape[-1],)
    options: dict[str, Any] = {"compression_type": "GZIP_2", "quantize_level": 0.0}
    if lossy:
        options = {
            "compression_type": "RICE_1",
            "quantize_level": _NOISE_SHARE,
            "quantize_method": _DITHER,
            "dither_seed": _SEED_FROM_DATA,
        }
    buffer = io.BytesIO()
    with quiet():
        table = fits.CompImageHDU(pixels, tile_shape=shape, **options)
        fits.HDUList([fits.PrimaryHDU(), table]).writeto(buffer)
        raw = buffer.getvalue()
        with fits.open(io.BytesIO(raw), memmap=False) as hdus:
            back = np.asarray(hdus[1].data)
        with fits.open(io.BytesIO(raw), memmap=False, disable_image_compression=True) as hdus:
            where = hdus[1].fileinfo()
    same = np.array_equal(np.isnan(back), np.isnan(pixels)) if lossy else _equal(back, pixels)
    if not same:
        raise WriteError(path, "an image could not be compressed; try without compression")
    start, middle = where["hdrLoc"], where["datLoc"]
    return raw[start:middle], raw[middle : middle + where["datSpan"]]


def _equal(back: NDArray[Any], pixels: NDArray[Any]) -> bool:
    return np.array_equal(back, pixels, equal_nan=pixels.dtype.kind == "f")
