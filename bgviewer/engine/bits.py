"""Masked copies done on the bits of float32: several times faster than `numpy.where`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["make_nan", "zeroed"]

_NAN_BITS = np.int32(0x7FC00000)


def zeroed(tile: NDArray[np.float32], good: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return a copy of the tile with +0 where it is not good."""
    keep = np.negative(good.view(np.int8)).astype(np.int32)
    return np.bitwise_and(tile.view(np.int32), keep, out=keep).view(np.float32)


def make_nan(tile: NDArray[np.float32], where: NDArray[np.bool_]) -> None:
    """Put NaN into the tile, in place."""
    nan = np.negative(where.view(np.int8)).astype(np.int32)
    nan &= _NAN_BITS
    number = tile.view(np.int32)
    np.bitwise_or(number, nan, out=number)
