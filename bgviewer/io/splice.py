"""Write a FITS file from byte ranges of another one and a few new HDUs.

What is not changed is copied as bytes, never parsed and written again: tables with heaps, stale
checksums and odd cards come out as they went in.  Source: FORMATS 1.6.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from numpy.typing import NDArray

from bgviewer.io.cards import (
    BLOCK,
    append_cards,
    drop_cards,
    format_card,
    header_bytes,
    keyword,
    put_card,
    split_cards,
    wcs_axes_first,
)
from bgviewer.io.checksum import ones_complement_sum, with_checksums
from bgviewer.io.layout import FitsFile, Hdu, card_value

__all__ = ["Part", "float_cards", "uncompressed_cards", "with_new_cards", "write_parts"]

_CHUNK = BLOCK * 2048

_TABLE_KEYWORD = re.compile(
    r"^(?:XTENSION|SIMPLE|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|THEAP"
    r"|(?:TTYPE|TFORM|TUNIT|TNULL|TSCAL|TZERO|TDISP|TDIM)\d+"
    r"|Z(?:IMAGE|TENSION|SIMPLE|EXTEND|BLOCKED|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TILE\d+|CMPTYPE"
    r"|NAME\d+|VAL\d+|QUANTIZ|DITHER0|BLANK|MASKCMP|HECKSUM|DATASUM|SCALE|ZERO)|UZSCALE)$"
)
_INTEGER_ONLY = ("BLANK", "BZERO", "BSCALE")
_EXTREMES = ("DATAMIN", "DATAMAX")


@dataclass(frozen=True)
class Part:
    """One HDU of the file to be written.

    Attributes
    ----------
    hdu : Hdu or None
        The HDU of the input it comes from.
    cards : list of bytes or None
        New header; None = header and data of `hdu` as they are.
    pixels : array or None
        New data, float32 or mask bits (written as 32-bit whole numbers); None = the data of `hdu`,
        or no data.
    """

    hdu: Hdu | None
    cards: list[bytes] | None = None
    pixels: NDArray[Any] | None = None


def uncompressed_cards(hdu: Hdu, bitpix: int) -> list[bytes]:
    """Return the cards of a tile-compressed image as those of the plain image extension."""
    axes = list(reversed(hdu.axes))
    head = [
        format_card("XTENSION", "IMAGE", "image extension"),
        format_card("BITPIX", bitpix, "array data type"),
        format_card("NAXIS", len(axes), "number of array dimensions"),
        *(format_card(f"NAXIS{n}", size) for n, size in enumerate(axes, start=1)),
        format_card("PCOUNT", 0, "number of parameters"),
        format_card("GCOUNT", 1, "number of groups"),
    ]
    rest = drop_cards(split_cards(hdu.raw), lambda name: bool(_TABLE_KEYWORD.match(name)))
    # fpack calls every extension so; it is no name of the image.
    placeholder = re.compile(rb"EXTNAME = *'COMPRESSED_IMAGE *'")
    return head + [card for card in rest if not placeholder.match(card)]


def float_cards(hdu: Hdu) -> list[bytes]:
    """Return the header of an image for float32 pixels: nothing else in it changes.

    The recorded extremes go, and with another type of number its scaling and BLANK.
    """
    unwanted: tuple[str, ...] = _INTEGER_ONLY + _EXTREMES
    if hdu.is_compressed:
        cards = uncompressed_cards(hdu, -32)
    else:
        cards = split_cards(hdu.raw)
        if hdu.bitpix != -32:
            cards = put_card(cards, format_card("BITPIX", -32, "array data type"))
        elif card_value(hdu.header, "BSCALE", 1) == 1 and card_value(hdu.header, "BZERO", 0) == 0:
            unwanted = ("BLANK", *_EXTREMES)
    return drop_cards(cards, lambda name: name in unwanted)


def with_new_cards(
    cards: Sequence[bytes], new: Sequence[bytes], replaced: frozenset[str]
) -> list[bytes]:
    """Return `cards` without those named in `replaced` and with `new` at the end.

    The checksum of the uncompressed header, if any, would no longer be true and goes.
    """
    names = replaced | {keyword(card) for card in new} - {"HISTORY"} | {"ZHECKSUM"}
    return append_cards(drop_cards(cards, lambda name: name in names), new)


def _pixel_pieces(pixels: NDArray[Any]) -> Iterator[bytes]:
    rows = max(1, _CHUNK // (4 * pixels.shape[1]))
    for first in range(0, pixels.shape[0], rows):
        piece = pixels[first : first + rows]
        if piece.dtype.kind == "f":
            yield piece.astype(">f4").tobytes()
        else:
            # LSST's masks are signed; bit 31 is then the sign.
            yield piece.astype("u4").view("i4").astype(">i4").tobytes()
    yield b"\0" * (-4 * pixels.size % BLOCK)


def _stored_pieces(file: FitsFile, start: int, stop: int, fill: bytes = b"\0") -> Iterator[bytes]:
    """Copy a range; the fill that an unpadded last HDU lacks is added."""
    there = min(stop, file.size)
    for first in range(start, there, _CHUNK):
        yield file.read_bytes(first, min(first + _CHUNK, there))
    yield fill * (stop - there)


def _aligned(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Regroup `pieces` so that each but the last is a multiple of 4 bytes."""
    rest = b""
    for piece in pieces:
        piece = rest + piece
        cut = len(piece) // 4 * 4
        rest = piece[cut:]
        yield piece[:cut]
    yield rest


def _data(file: FitsFile | None, part: Part) -> Iterator[bytes]:
    if part.pixels is not None:
        return _pixel_pieces(part.pixels)
    if part.hdu is None:
        return iter(())
    assert file is not None
    return _aligned(_stored_pieces(file, part.hdu.data_start, part.hdu.stop))


def write_parts(file: FitsFile | None, parts: Sequence[Part], out: IO[bytes]) -> None:
    """Write `parts` one after the other.

    Those with new cards get CHECKSUM and DATASUM, the others keep what they have.
    """
    for part in parts:
        if part.cards is None:
            assert part.hdu is not None
            assert file is not None
            table = part.hdu.raw.startswith(b"XTENSION= 'TABLE")
            fill = b" " if table else b"\0"
            for piece in _stored_pieces(file, part.hdu.start, part.hdu.stop, fill):
                out.write(piece)
        else:
            total = ones_complement_sum(_data(file, part))
            cards = with_checksums(wcs_axes_first(part.cards), total)
            out.write(header_bytes(cards))
            for piece in _data(file, part):
                out.write(piece)
    out.flush()
    os.fsync(out.fileno())
