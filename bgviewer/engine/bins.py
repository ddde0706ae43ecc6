"""Bins: fixed-size blocks that judge the fit (SPEC section 7).

They are not the cells: bins have exactly binSize pixels a side but for a last narrower one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bins", "JudgedBins", "bin_edges"]

Vector = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Bins:
    """Statistics of the difference in bins with at least two good pixels, row by row.

    Attributes
    ----------
    x, y : ndarray float64, 1-D
        Position of each bin in parent pixels: the mean of its edges (the right one exclusive),
        so half a pixel right of and above the mean of its pixel indices.
    values : ndarray float64
        Grid statistic.
    errors : ndarray float64
        Standard deviation (at least gridStdevEpsilon) over the root of the count.
    counts : ndarray of int
        Good pixels.
    left, right, bottom, top : ndarray of int
        Local edges; right and top exclusive.
    n_dropped : int
        Bins left out because they have fewer than two good pixels.
    """

    x: Vector
    y: Vector
    values: Vector
    errors: Vector
    counts: NDArray[np.int64]
    left: Indices
    right: Indices
    bottom: Indices
    top: Indices
    n_dropped: int

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def columns_with_data(self) -> int:
        """Distinct positions along x."""
        return len(np.unique(self.x))

    @cached_property
    def rows_with_data(self) -> int:
        """Distinct positions along y."""
        return len(np.unique(self.y))

    def read_out(self, centred: bool = False) -> tuple[Vector, Vector]:
        """Return local (x, y) at which a model is read for each bin.

        By default the position truncated to a pixel, as LSST does (an even bin is then read
        half a pixel off its centre); `centred` gives the mean of the pixel indices.
        """
        x, y = self.left + self.right, self.bottom + self.top
        if centred:
            return np.float64(0.5) * (x - 1), np.float64(0.5) * (y - 1)
        return (x // 2).astype(np.float64), (y // 2).astype(np.float64)


@dataclass(frozen=True, eq=False)
class JudgedBins(Bins):
    """Bins with the model read at them.

    Attributes
    ----------
    model : ndarray float64
        Model at each bin (float32 numbers, as in the model image).
    """

    model: Vector

    @property
    def residuals(self) -> Vector:
        """Bin value - model."""
        return self.values - self.model


def bin_edges(side: int, bin_size: int) -> Indices:
    """Return edges 0, binSize, 2 binSize, ..., side."""
    return np.append(np.arange(0, side, bin_size), side).astype(np.intp)
