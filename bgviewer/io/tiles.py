"""Tiles of compressed images: how much memory they take, known before they are unpacked.

Source: FITS standard 4.0, section 10.
"""

from __future__ import annotations

import math
import re
import zlib

import numpy as np

from bgviewer.io.layout import FitsFile, Hdu, card_text, card_value

__all__ = ["check_gzip_tiles", "tile_pixels"]

_DESCRIPTORS = {"P": ">i4", "Q": ">i8"}
_WIDTHS = {"L": 1, "B": 1, "A": 1, "I": 2, "J": 4, "E": 4, "K": 8, "D": 8, "C": 8, "M": 16}
_FORM = re.compile(r"\s*(\d*)([LXBIJKAEDCMPQ])")
_GZIPPED = ("COMPRESSED_DATA", "GZIP_COMPRESSED_DATA")
_DENSEST = 1032  # deflate makes no more of a byte
_WIDEST = 8  # bytes of a pixel, however it was quantised
_FREE = 1 << 26
_PIECE = 1 << 20


def tile_pixels(hdu: Hdu) -> int:
    """Return the pixels of one tile, as the header states it."""
    axes = list(reversed(hdu.axes))
    sides = []
    for n, length in enumerate(axes, start=1):
        side = card_value(hdu.header, f"ZTILE{n}", length if n == 1 else 1)
        sides.append(min(side, length) if isinstance(side, int) and side > 0 else length)
    return math.prod(sides)


def check_gzip_tiles(file: FitsFile, hdu: Hdu) -> str | None:
    """Say whether a gzip stream in a tile unpacks to much more than the tile has pixels.

    Streams that are too short for that are not looked into.
    """
    most = _FREE + _WIDEST * tile_pixels(hdu)
    if hdu.data_size * _DENSEST <= most:
        return None
    gzipped = card_text(hdu.header, "ZCMPTYPE").startswith("GZIP")
    for column in _GZIPPED if gzipped else _GZIPPED[1:]:
        for size, offset in _places(file, hdu, column):
            if size * _DENSEST > most and _unpacks_beyond(file, hdu, size, offset, most):
                return f"holds a tile that unpacks to more than {most / 1e6:.0f} MB"
    return None


def _places(file: FitsFile, hdu: Hdu, wanted: str) -> list[tuple[int, int]]:
    """Return sizes and offsets in the heap of a column of arrays; none where it is not there."""
    header, at = hdu.header, 0
    width, rows = card_value(header, "NAXIS1", 0), card_value(header, "NAXIS2", 0)
    for n in range(1, int(card_value(header, "TFIELDS", 0)) + 1):
        match = _FORM.match(str(card_value(header, f"TFORM{n}", "")))
        if match is None:
            return []
        repeat, code = int(match[1] or 1), match[2]
        if code in _DESCRIPTORS:
            kind = np.dtype(_DESCRIPTORS[code])
            if card_text(header, f"TTYPE{n}") == wanted and repeat == 1:
                return _descriptors(file, hdu, kind, at, (int(rows), int(width)))
            at += 2 * kind.itemsize * repeat
        else:
            at += -(-repeat // 8) if code == "X" else repeat * _WIDTHS[code]
    return []


def _descriptors(
    file: FitsFile, hdu: Hdu, kind: np.dtype, at: int, table: tuple[int, int]
) -> list[tuple[int, int]]:
    rows, width = table
    if at + 2 * kind.itemsize > width or rows * width > hdu.data_size:
        return []
    raw = file.read_bytes(hdu.data_start, hdu.data_start + rows * width)
    cells = np.frombuffer(raw, np.uint8).reshape(rows, width)[:, at : at + 2 * kind.itemsize]
    pairs = np.ascontiguousarray(cells).view(kind)
    return [(int(size), int(offset)) for size, offset in pairs]


def _unpacks_beyond(file: FitsFile, hdu: Hdu, size: int, offset: int, most: int) -> bool:
    """Whether a stream unpacks to more than `most` bytes; it is not kept."""
    heap = card_value(hdu.header, "THEAP")
    if not isinstance(heap, int):
        heap = int(card_value(hdu.header, "NAXIS1", 0)) * int(card_value(hdu.header, "NAXIS2", 0))
    start = hdu.data_start + heap + offset
    stop = min(start + size, hdu.data_start + hdu.data_size)
    if offset < 0 or start >= stop:
        return False  # damaged: unpacking will say so
    unpack, total = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32), 0
    waiting = file.read_bytes(start, stop)
    try:
        while waiting and not unpack.eof:
            total += len(unpack.decompress(waiting, _PIECE))
            waiting = unpack.unconsumed_tail
            if total > most:
                return True
    except zlib.error:
        return False
    return False
