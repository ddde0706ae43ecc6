"""Cells: even shares of the image that carry the fit (SPEC section 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells", "cell_count", "cell_edges"]


@dataclass(frozen=True, eq=False)
class Cells:
    """The grid that the model is made from.

    Attributes
    ----------
    values, errors : ndarray float32 [ny_cells, nx_cells]
        Grid statistic of the difference and its standard error; NaN where the cell has no good
        pixel (error also NaN where it has one).
    counts : ndarray int [ny_cells, nx_cells]
        Good pixels.
    x, y : ndarray float64
        Centres in parent pixels.
    x_edges, y_edges : ndarray of int
        Edges in local pixels, first 0, last nx (ny).
    xy0 : (int, int)
        Parent position of pixel [0, 0].
    dy, dx : ndarray float64 [ny_cells, nx_cells], or None
        Offset of the good pixels' centroid from the centre, in pixels, where models are to take
        the values for those at the centroids; None = at the centres, as LSST does.
    """

    values: NDArray[np.float32]
    errors: NDArray[np.float32]
    counts: NDArray[np.int64]
    x_edges: NDArray[np.intp]
    y_edges: NDArray[np.intp]
    xy0: tuple[int, int] = (0, 0)
    dy: NDArray[np.float64] | None = None
    dx: NDArray[np.float64] | None = None

    @property
    def x_local(self) -> NDArray[np.float64]:
        """Centres along x in local pixels: the mean of the pixel indices of the cell."""
        return _centres(self.x_edges)

    @property
    def y_local(self) -> NDArray[np.float64]:
        """Centres along y in local pixels."""
        return _centres(self.y_edges)

    @property
    def x(self) -> NDArray[np.float64]:
        """Centres along x in parent pixels."""
        return self.x_local + self.xy0[0]

    @property
    def y(self) -> NDArray[np.float64]:
        """Centres along y in parent pixels."""
        return self.y_local + self.xy0[1]

    @property
    def shape(self) -> tuple[int, int]:
        """``(ny_cells, nx_cells)``."""
        ny, nx = self.values.shape
        return ny, nx

    def at_middles(self) -> Cells:
        """Return the cells with their values at the middles; itself where they are."""
        return self if self.dy is None else replace(self, dy=None, dx=None)

    @property
    def n_used(self) -> int:
        """Cells that have a value."""
        return int(np.count_nonzero(self.values == self.values))


def _centres(edges: NDArray[np.intp]) -> NDArray[np.float64]:
    return edges[:-1] + 0.5 * np.diff(edges) - 0.5


def cell_count(side: int, bin_size: int) -> int:
    """Return the number of cells along a side: ceil(side / bin_size)."""
    return -(-side // bin_size)


def cell_edges(side: int, count: int) -> NDArray[np.intp]:
    """Return the `count` + 1 edges of cells of nearly equal size (integer rounding of SPEC 3)."""
    i = np.arange(1, count + 1, dtype=np.int64)
    return np.concatenate(([0], np.minimum((i * side + count // 2) // count, side))).astype(np.intp)
