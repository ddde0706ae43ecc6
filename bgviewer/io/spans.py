"""SDSS masks (fpM files): run-length spans in binary tables, one table per kind of mask.

Every row of a table is an object; its heap bytes are triples (y, x1, x2) of big-endian int16, both
ends of a span included.  Source: README of the zoo; SDSS data model of fpM.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bgviewer.io.layout import FitsFile, Hdu, card_value

__all__ = ["read_spans"]

_SPAN = 6
_MOST = 1 << 24


def read_spans(file: FitsFile, table: Hdu, mask: NDArray[np.uint32], bit: np.uint32) -> None:
    """Set `bit` in `mask` wherever a span of the table lies.

    Raises
    ------
    ReadError
        ``E_MASK_TYPE`` when the table does not hold such spans, or they lie outside the mask.
    """
    spans = _spans(file, table)
    ny, nx = mask.shape
    outside = (spans < 0).any() or (spans[:, 0] >= ny).any() or (spans[:, 2] >= nx).any()
    if outside:
        raise file.error(f"{table.label}: spans lie outside {nx}x{ny} pixels", "E_SIBLING_SHAPE")
    for y, first, last in spans.tolist():
        mask[y, first : last + 1] |= bit


def _spans(file: FitsFile, table: Hdu) -> NDArray[np.int16]:
    header = table.header
    width, rows = (card_value(header, name, 0) for name in ("NAXIS1", "NAXIS2"))
    fields = card_value(header, "TFIELDS", 0)
    if not rows:
        return np.empty((0, 3), np.int16)
    form = str(card_value(header, f"TFORM{fields}", "")).strip().lstrip("01")
    if not form.startswith("PB") or not isinstance(width, int) or width < 8:
        raise file.error(f"{table.label}: holds no spans", "E_MASK_TYPE")
    raw = np.frombuffer(
        file.read_bytes(table.data_start, table.data_start + width * rows), np.uint8
    )
    # The last column is the descriptor: how many bytes, and where they begin in the heap.
    ends = raw.reshape(rows, width)[:, -8:].copy().view(">i4").astype(np.int64)
    heap = int(card_value(header, "THEAP", width * rows))
    room = table.data_size - heap
    counts, starts = ends[:, 0], ends[:, 1]
    if (ends < 0).any() or (counts % _SPAN).any() or (starts + counts > room).any():
        raise file.error(f"{table.label}: its spans are damaged", "E_MASK_TYPE")
    if counts.sum() > _MOST:
        raise file.error(f"{table.label}: holds too many spans", "E_MASK_TYPE")
    begin = table.data_start + heap
    pieces = [
        file.read_bytes(begin + start, begin + start + count)
        for count, start in zip(counts.tolist(), starts.tolist(), strict=True)
    ]
    return np.frombuffer(b"".join(pieces), ">i2").reshape(-1, 3).astype(np.int16)
