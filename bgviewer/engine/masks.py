"""Mask bits to good pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.scratch import Scratch

__all__ = ["IGNORED_PLANE", "Masked", "bits_of", "flagged_rows", "good_pixels", "in_type_of"]

IGNORED_PLANE = "IGNORED"
"""Plane of the pixels that a person takes out: bad whatever the configured bad planes are."""

Masked = tuple[NDArray[np.integer[Any]] | None, int]
"""A mask (None: nothing is flagged), and the bits that count as one non-negative number."""


def bits_of(planes: Mapping[str, int], names: Iterable[str]) -> int:
    """Return the bits of the named planes and of `IGNORED_PLANE`; lacking ones add nothing."""
    value = 0
    for name in (*names, IGNORED_PLANE):
        if name in planes:
            value |= 1 << planes[name]
    return value


def in_type_of(mask: NDArray[np.integer[Any]], bits: int) -> Any:
    """Return `bits` as a number of the mask's own type.

    Bits above its width cannot be set in it; the top bit of a signed type is its sign.
    """
    width = 8 * mask.dtype.itemsize
    bits &= (1 << width) - 1
    if mask.dtype.kind == "i" and bits >= 1 << (width - 1):
        bits -= 1 << width
    return mask.dtype.type(bits)


def good_pixels(
    image: NDArray[np.float32], masked: Masked, rows: slice, scratch: Scratch
) -> NDArray[np.bool_]:
    """Return which pixels of the rows are finite and free of the bits."""
    part = image[rows]
    good: NDArray[np.bool_] = np.isfinite(part, out=scratch.array("good", part.shape, bool))
    flagged = flagged_rows(masked, rows, scratch, "bad")
    if flagged is not None:
        good &= np.logical_not(flagged, out=flagged)
    return good


def flagged_rows(
    masked: Masked, rows: slice, scratch: Scratch, name: str
) -> NDArray[np.bool_] | None:
    """Return where any of the bits is set in the rows; None when that is nowhere possible."""
    mask, bits = masked
    if mask is None or bits == 0:
        return None
    part = mask[rows]
    kept = scratch.array("bits", part.shape, part.dtype)
    np.bitwise_and(part, in_type_of(mask, bits), out=kept)
    flagged: NDArray[np.bool_] = scratch.array(name, part.shape, bool)
    return np.not_equal(kept, 0, out=flagged)
