"""Where a model is carried by cells, and where it is extrapolated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Support", "support_of"]


@dataclass(frozen=True, eq=False)
class Support:
    """Tells which pixels lie among cells that have a value.

    A pixel is supported when it lies within the outermost centres of cells with a value and the
    cell whose centre is nearest to it has one.

    Attributes
    ----------
    x, y : float64 arrays
        Centres of the columns and rows of cells, in local pixels.
    known : bool array, shape (len(y), len(x))
        Which cells have a value.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    known: NDArray[np.bool_]

    def supported(self, rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[np.bool_]:
        """Return bool [len(rows), len(columns)]: whether cells carry the model there."""
        down, inside_y = _nearest(self.y, np.any(self.known, axis=1), rows)
        across, inside_x = _nearest(self.x, np.any(self.known, axis=0), columns)
        found = self.known[down[:, None], across[None, :]]
        return np.asarray(found & inside_y[:, None] & inside_x[None, :])

    def extrapolated(self, shape: tuple[int, int]) -> float:
        """Share, 0 to 1, of the pixels of an image ``(ny, nx)`` that no cells carry."""
        ny, nx = shape
        down, inside_y = _nearest(self.y, np.any(self.known, axis=1), np.arange(ny))
        across, inside_x = _nearest(self.x, np.any(self.known, axis=0), np.arange(nx))
        # Pixels per cell along each axis: the rectangle of a cell has their product.
        high = np.bincount(down[inside_y], minlength=len(self.y))
        wide = np.bincount(across[inside_x], minlength=len(self.x))
        return 1.0 - float(high @ self.known @ wide) / (ny * nx)


def support_of(cells: Any, xy0: tuple[int, int]) -> Support:
    """Make the `Support` of a grid of cells; `xy0` is the parent position of pixel (0, 0)."""
    known = np.isfinite(np.asarray(cells.values))
    return Support(np.asarray(cells.x, float) - xy0[0], np.asarray(cells.y, float) - xy0[1], known)


def _nearest(
    centres: NDArray[np.float64], used: NDArray[np.bool_], at: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the nearest centre to every position, and whether it is between the used ones."""
    middles = (centres[1:] + centres[:-1]) / 2
    nearest = np.searchsorted(middles, at)
    held = centres[used]
    if held.size == 0:
        return nearest, np.zeros(len(at), bool)
    # Half a pixel of grace: a centre may lie between two pixels.
    return nearest, (at >= held.min() - 0.5) & (at <= held.max() + 0.5)
