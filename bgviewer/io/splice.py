"""Write a FITS file from byte ranges of another one and a few new HDUs.

What is not changed is copied as bytes, never parsed and written again: tables with heaps, stale
checksums and odd cards come out as they went in.  Source: FORMATS 1.6.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import row_bands
from bgviewer.engine.progress import SILENT, Progress
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
from bgviewer.io.checksum import carried, ones_complement_sum, with_checksums
from bgviewer.io.layout import FitsFile, Hdu, card_value
from bgviewer.io.words import BAND_BYTES, to_file_order

__all__ = [
    "TABLE_KEYWORD",
    "Part",
    "float_cards",
    "uncompressed_cards",
    "with_new_cards",
    "write_parts",
]

TABLE_KEYWORD = re.compile(
    r"^(?:XTENSION|SIMPLE|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|THEAP"
    r"|(?:TTYPE|TFORM|TUNIT|TNULL|TSCAL|TZERO|TDISP|TDIM)\d+"
    r"|Z(?:IMAGE|TENSION|SIMPLE|EXTEND|BLOCKED|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TILE\d+|CMPTYPE"
    r"|NAME\d+|VAL\d+|QUANTIZ|DITHER0|BLANK|MASKCMP|HECKSUM|DATASUM|SCALE|ZERO)|UZSCALE)$"
)
"""Keywords that say how a table, or the tiles of a compressed image, lie in the file."""

_INTEGER_ONLY = ("BLANK", "BZERO", "BSCALE")
_EXTREMES = ("DATAMIN", "DATAMAX")


_COPIED = 1 << 24  # bytes the system copies before the work can be stopped
_SYNCED = 1 << 25  # bytes written before they are sent to the disk


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
    raw : bytes or None
        New data as a file holds them, such as those of a table; instead of `pixels`.
    """

    hdu: Hdu | None
    cards: list[bytes] | None = None
    pixels: NDArray[Any] | None = None
    raw: bytes | None = None


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
    rest = drop_cards(split_cards(hdu.raw), lambda name: bool(TABLE_KEYWORD.match(name)))
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
    elif hdu.constant is not None:
        cards = _with_axes(hdu)
    else:
        cards = split_cards(hdu.raw)
        if hdu.bitpix != -32:
            cards = put_card(cards, format_card("BITPIX", -32, "array data type"))
        elif card_value(hdu.header, "BSCALE", 1) == 1 and card_value(hdu.header, "BZERO", 0) == 0:
            unwanted = ("BLANK", *_EXTREMES)
    return drop_cards(cards, lambda name: name in unwanted)


def _with_axes(hdu: Hdu) -> list[bytes]:
    """Return the cards of an image that was a constant (HST's PIXVALUE) with axes for pixels."""
    out: list[bytes] = []
    for card in split_cards(hdu.raw):
        name = keyword(card)
        if name == "BITPIX":
            out.append(format_card("BITPIX", -32, "array data type"))
        elif name == "NAXIS":
            out.append(format_card("NAXIS", len(hdu.axes), "number of array dimensions"))
            axes = enumerate(reversed(hdu.axes), start=1)
            out += [format_card(f"NAXIS{n}", size) for n, size in axes]
        elif name not in ("NPIX1", "NPIX2", "PIXVALUE", "BSCALE", "BZERO"):
            out.append(card)
    return out


def with_new_cards(
    cards: Sequence[bytes], new: Sequence[bytes], replaced: frozenset[str]
) -> list[bytes]:
    """Return `cards` without those named in `replaced` and with `new` at the end.

    The checksum of the uncompressed header, if any, would no longer be true and goes.
    """
    names = replaced | {keyword(card) for card in new} - {"HISTORY"} | {"ZHECKSUM"}
    return append_cards(drop_cards(cards, lambda name: name in names), new)


class _Output:
    """A file being written: between two pieces the work can be stopped.

    What was written goes to the disk now and then, so that no sync at the end takes long.
    """

    def __init__(self, out: IO[bytes], progress: Progress) -> None:
        self._out, self._progress = out, progress
        self._waiting = 0

    def write(self, piece: bytes | memoryview) -> None:
        """Write at the present position."""
        self._out.write(piece)
        self._count(len(piece) if isinstance(piece, bytes) else piece.nbytes)

    def tell(self) -> int:
        """The present position, all that was written before being in the system's hands."""
        self._out.flush()
        return self._out.tell()

    def write_at(self, position: int, piece: bytes) -> None:
        """Write elsewhere and come back."""
        back = self._out.tell()
        self._out.seek(position)
        self._out.write(piece)
        self._out.seek(back)

    def copy(self, source: int | None, start: int, stop: int) -> int:
        """Let the system copy a range of another file; return how many bytes it did.

        It may do all, some or nothing of it.
        """
        copy_range = getattr(os, "copy_file_range", None)
        if copy_range is None or source is None or stop - start < BAND_BYTES:
            return 0
        target, first = self.tell(), start
        while start < stop:
            wanted = min(stop - start, _COPIED)
            try:
                count = copy_range(source, self._out.fileno(), wanted, start, target)
            except OSError as exc:
                if exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                    raise
                break  # another file system, or one that cannot
            if not count:
                break
            start, target = start + count, target + count
            self._count(count)
        self._out.seek(target)
        return start - first

    def _count(self, count: int) -> None:
        self._progress.step()
        self._waiting += count
        if self._waiting >= _SYNCED:
            self._out.flush()
            getattr(os, "fdatasync", os.fsync)(self._out.fileno())
            self._waiting = 0


def write_parts(
    file: FitsFile | None, parts: Sequence[Part], out: IO[bytes], progress: Progress = SILENT
) -> None:
    """Write `parts` one after the other.

    Those with new cards get CHECKSUM and DATASUM, the others keep what they have.
    """
    output = _Output(out, progress)
    for part in parts:
        if part.cards is None:
            assert part.hdu is not None
            assert file is not None
            table = part.hdu.raw.startswith(b"XTENSION= 'TABLE")
            _copy(file, part.hdu.start, part.hdu.stop, output, b" " if table else b"\0")
        else:
            _write_new(file, part, part.cards, output)
    out.flush()


def _write_new(file: FitsFile | None, part: Part, cards: list[bytes], out: _Output) -> None:
    """Write header and data; the header once more when the sum of the data is known."""
    cards = wcs_axes_first(cards)
    start = out.tell()
    room = header_bytes(with_checksums(cards, 0))
    out.write(room)
    if part.pixels is not None:
        total = _write_pixels(part.pixels, out)
    elif part.raw is not None:
        padded = part.raw + b"\0" * (-len(part.raw) % BLOCK)
        out.write(padded)
        total = ones_complement_sum([padded])
    elif part.hdu is not None:
        assert file is not None
        total = _write_stored(file, part.hdu.data_start, part.hdu.stop, out)
    else:
        total = 0
    header = header_bytes(with_checksums(cards, total))
    assert len(header) == len(room)
    out.write_at(start, header)


def _write_pixels(pixels: NDArray[Any], out: _Output) -> int:
    """Write pixels as a file holds them, with their fill; return the sum of the words."""
    if pixels.dtype.kind != "f":
        pixels = pixels.astype(np.uint32)  # LSST's masks are signed; bit 31 is then the sign
    values = np.ascontiguousarray(pixels).reshape(-1)
    scratch = np.empty(min(values.size, BAND_BYTES // 4), dtype=np.uint32)
    total = 0
    for first, last in row_bands(0, values.size, len(scratch)):
        words = scratch[: last - first]
        total = carried(total + to_file_order(values[first:last], words))
        out.write(words.data)
    out.write(b"\0" * (-4 * values.size % BLOCK))
    return total


def _write_stored(file: FitsFile, start: int, stop: int, out: _Output) -> int:
    """Copy data and return the sum of their words; a last fill that is lacking is added."""
    total, there = 0, min(stop, file.size)
    for first, last in row_bands(start, there, BAND_BYTES):
        piece = file.read_bytes(first, last)
        total = ones_complement_sum([piece + b"\0" * (-len(piece) % 4)], total)
        out.write(piece)
    out.write(b"\0" * (stop - there))
    return total


def _copy(file: FitsFile, start: int, stop: int, out: _Output, fill: bytes) -> None:
    """Copy a range of bytes, inside the system as far as it can do that."""
    there = min(stop, file.size)
    first = start + out.copy(file.descriptor, start, there)
    for a, b in row_bands(first, there, BAND_BYTES):
        out.write(file.read_bytes(a, b))
    out.write(fill * (stop - there))
