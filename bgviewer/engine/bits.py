"""Masked copies done on the bits of float32: several times faster than `numpy.where`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.scratch import Scratch

__all__ = ["make_nan", "zeroed"]

_NAN_BITS = np.int32(0x7FC00000)


def _spread(flags: NDArray[np.bool_], scratch: Scratch) -> NDArray[np.int32]:
    """Return -1 (all bits) where the flag is set and 0 elsewhere."""
    small = np.negative(flags.view(np.int8), out=scratch.array("spread8", flags.shape, np.int8))
    wide: NDArray[np.int32] = scratch.array("spread32", flags.shape, np.int32)
    np.copyto(wide, small)
    return wide


def zeroed(
    tile: NDArray[np.float32], good: NDArray[np.bool_], scratch: Scratch | None = None
) -> NDArray[np.float32]:
    """Return a copy of the tile with +0 where it is not good (in scratch memory, if given)."""
    wide = _spread(good, scratch or Scratch())
    return np.bitwise_and(tile.view(np.int32), wide, out=wide).view(np.float32)


def make_nan(
    tile: NDArray[np.float32], where: NDArray[np.bool_], scratch: Scratch | None = None
) -> None:
    """Put NaN into the tile, in place."""
    wide = _spread(where, scratch or Scratch())
    wide &= _NAN_BITS
    number = tile.view(np.int32)
    np.bitwise_or(number, wide, out=number)
