"""32-bit words as FITS files hold them, big-endian: to and from memory, and their sums."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.native import kernels

__all__ = ["BAND_BYTES", "from_file_order", "sum_of_words", "to_file_order", "unusable_pixels"]

BAND_BYTES = 1 << 21
"""As much at a time stays in cache between reading, turning and writing."""

_LITTLE = sys.byteorder == "little"


def from_file_order(values: NDArray[Any]) -> None:
    """Make 4-byte values that were read from a file native, in place."""
    if _LITTLE:
        words = values.reshape(-1).view(np.uint32)
        _swapped(words, words, sum_of_result=True)


def to_file_order(values: NDArray[Any], out: NDArray[np.uint32]) -> int:
    """Put native 4-byte values into `out` as a file holds them; return the sum of the words.

    Parameters
    ----------
    values : ndarray, 4 bytes an element, C-contiguous
    out : ndarray uint32, of the same number of elements
    """
    words = values.reshape(-1).view(np.uint32)
    if _LITTLE:
        return _swapped(words, out, sum_of_result=False)
    out[...] = words
    return int(words.sum(dtype=np.uint64))


def sum_of_words(piece: bytes | memoryview | NDArray[np.uint8]) -> int:
    """Return the sum of the big-endian words of a piece of a file (a multiple of 4 bytes)."""
    words = np.frombuffer(piece, dtype=np.uint32)
    return _swapped(words, None, sum_of_result=True) if _LITTLE else int(words.sum(dtype=np.uint64))


def _swapped(
    words: NDArray[np.uint32], out: NDArray[np.uint32] | None, *, sum_of_result: bool
) -> int:
    compiled = kernels()
    if compiled is not None:
        return compiled.swap(words, out, sum_of_result=sum_of_result)
    before = 0 if sum_of_result else int(words.sum(dtype=np.uint64))
    turned = words.byteswap(inplace=out is words)
    if out is not None and out is not words:
        out[...] = turned
    return int(turned.sum(dtype=np.uint64)) if sum_of_result else before


def unusable_pixels(image: NDArray[np.float32], variance: NDArray[np.float32]) -> tuple[int, bool]:
    """Count finite pixels without a positive finite variance; tell whether any is not 0."""
    compiled = kernels()
    if compiled is not None:
        return compiled.unusable(image, variance)
    with np.errstate(invalid="ignore"):
        unusable = np.isfinite(image) & ~(np.isfinite(variance) & (variance > 0))
    return int(np.count_nonzero(unusable)), bool(variance.any())
