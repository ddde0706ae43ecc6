"""Structure left in residuals: Moran's I between neighbours on a grid of blocks.

Noise makes neighbours independent; a model that is too stiff leaves hills and valleys in which
neighbours agree.  The measure does not depend on how large the residuals are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Moran", "moran", "moran_values"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Moran:
    """How alike neighbouring values are.

    Attributes
    ----------
    value : float
        Moran's I: 1 where neighbours are the same, 0 about where they have nothing to do with
        one another; NaN without two values that differ and are neighbours.
    expected, error : float
        Mean and standard deviation of it over all orders of the same values.
    n, pairs : int
        Values; pairs of neighbours (blocks that share an edge).
    """

    value: float
    expected: float
    error: float
    n: int
    pairs: int

    @property
    def z(self) -> float:
        """Distance from the expected value in standard errors."""
        return (self.value - self.expected) / self.error if self.error > 0 else math.nan


def moran(grid: Array) -> Moran:
    """Return Moran's I of a grid of values; NaN = there is none.

    The expectation -1/(n-1) and the standard error are those of values in random order (Cliff
    and Ord 1981); residuals of a fit are not quite that, see `engine.noise`.
    """
    known = np.isfinite(grid)
    n = int(np.count_nonzero(known))
    beside = known[:, 1:] & known[:, :-1]
    above = known[1:] & known[:-1]
    pairs = int(np.count_nonzero(beside)) + int(np.count_nonzero(above))
    value = float(moran_values(grid[None])[0])
    if n < 4 or pairs == 0 or math.isnan(value):
        return Moran(value, -1.0 / (n - 1) if n > 1 else math.nan, math.nan, n, pairs)
    degree = np.zeros(grid.shape)
    degree[:, 1:] += beside
    degree[:, :-1] += beside
    degree[1:] += above
    degree[:-1] += above
    z = grid[known] - grid[known].mean()
    kurtosis = n * float(np.sum(z**4)) / float(np.sum(z * z)) ** 2
    w, s1, s2 = 2.0 * pairs, 4.0 * pairs, 4.0 * float(np.sum(degree * degree))
    even = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * w * w)
    peaked = kurtosis * ((n * n - n) * s1 - 2 * n * s2 + 6 * w * w)
    square = (even - peaked) / ((n - 1.0) * (n - 2.0) * (n - 3.0) * w * w)
    expected = -1.0 / (n - 1)
    return Moran(value, expected, math.sqrt(max(square - expected**2, 0.0)), n, pairs)


def moran_values(grids: Array) -> Array:
    """Return Moran's I alone for many grids [k, rows, columns] with the same values missing."""
    known = np.isfinite(grids[0])
    n = int(np.count_nonzero(known))
    beside = known[:, 1:] & known[:, :-1]
    above = known[1:] & known[:-1]
    pairs = int(np.count_nonzero(beside)) + int(np.count_nonzero(above))
    if n < 2 or pairs == 0:
        return np.full(len(grids), np.nan)
    z = np.where(known, grids, 0.0)
    z -= np.where(known, z.sum(axis=(1, 2), keepdims=True) / n, 0.0)
    size = np.sum(z * z, axis=(1, 2))
    shared = np.sum(z[:, :, 1:] * z[:, :, :-1], axis=(1, 2))  # missing ones are 0
    shared = shared + np.sum(z[:, 1:] * z[:, :-1], axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(size > 0, n * shared / (pairs * size), np.nan))
