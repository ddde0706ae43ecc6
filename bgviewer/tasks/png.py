"""Pictures as PNG, without any drawing library."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from bgviewer.tasks.picture import Picture

__all__ = ["colour_strip", "picture_png", "png_bytes"]

# Anchors of perceptually even scales: viridis, blue-white-red, grey.
_ANCHORS = {
    "sequential": "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
    "diverging": "2151a1 6c8cc4 a9bbde f2f2f2 e6b0a3 cd7360 a82f27",
    "sky": "000000 ffffff",
}
_PLANES = "e0e0e0 0072b2 e69f00 009e73 cc79a7 d55e00 56b4e9 f0e442 666666 332288"
_HIDDEN = ((0, 0, 0), (150, 150, 150), (105, 105, 105), (70, 70, 70))
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
Bytes = NDArray[np.uint8]


def _rgb(words: str) -> NDArray[np.float64]:
    return np.array([list(bytes.fromhex(word)) for word in words.split()], dtype=float)


def _table(colours: str) -> Bytes:
    anchors = _rgb(_ANCHORS.get(colours, _ANCHORS["sequential"]))
    at = np.linspace(0, len(anchors) - 1, 256)
    channels = [np.interp(at, np.arange(len(anchors)), anchors[:, i]) for i in range(3)]
    return np.round(np.stack(channels, axis=1)).astype(np.uint8)


def picture_png(picture: Picture, side: int = 512) -> bytes:
    """Return a picture as PNG, its first row at the bottom, at most `side` pixels a side.

    Values outside the levels have the colours of the ends; places without a value are hatched.
    """
    thin = max(1, -(-max(picture.values.shape) // side))
    values = picture.values[::thin, ::thin]
    if picture.colours == "planes":
        table = _rgb(_PLANES).astype(np.uint8)
        rgb = table[np.clip(values, 0, None).astype(int) % len(table)]
    else:
        low, high = picture.levels.low, picture.levels.high
        span = high - low if high > low else 1.0
        place = np.clip((values.astype(float) - low) / span, 0, 1)
        rgb = _table(picture.colours)[np.round(place * 255).astype(int)]
    if picture.hidden is not None:
        hidden = picture.hidden[::thin, ::thin]
        for sign in (1, 2, 3):
            rgb[hidden == sign] = _HIDDEN[sign]
    return png_bytes(np.ascontiguousarray(rgb[::-1]))


def colour_strip(picture: Picture) -> bytes | None:
    """Return the colour scale of a picture, low to high; None for mask planes."""
    if picture.colours == "planes":
        return None
    return png_bytes(np.repeat(_table(picture.colours)[None], 12, axis=0))


def png_bytes(rgb: Bytes) -> bytes:
    """Encode uint8 [rows, columns, 3], first row on top."""
    rows, columns, _ = rgb.shape
    lines = np.zeros((rows, 1 + 3 * columns), np.uint8)  # each begins with its filter: none
    lines[:, 1:] = rgb.reshape(rows, 3 * columns)
    head = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b"")
    return _SIGNATURE + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
