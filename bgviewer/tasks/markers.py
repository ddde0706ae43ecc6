"""The cells as points, and the bins as a histogram, ready to paint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.tasks.stretch import stretched

__all__ = ["Histogram", "Markers", "cell_markers", "histogram_of", "marker_sizes", "shades"]


@dataclass(frozen=True)
class Histogram:
    """Counts between edges, symmetric about zero; the outermost hold what lies beyond."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    rms: float


def histogram_of(
    residuals: NDArray[np.float64], rms: float, floor: float = 0.0
) -> Histogram | None:
    """Count residuals between plus-minus 4 rms; None when there is nothing to count.

    The edges reach at least to `floor`; a single bin cannot be judged by itself.
    """
    known = residuals[np.isfinite(residuals)]
    if known.size < 2 or not np.isfinite(rms) or max(rms, floor) == 0.0:
        return None
    reach = max(min(4.0 * rms, 1.02 * float(np.abs(known).max())), floor)
    number = int(np.clip(2 * round(np.sqrt(known.size)), 8, 40)) // 2 * 2 + 1
    edges = np.linspace(-reach, reach, number + 1)
    counts, _ = np.histogram(np.clip(known, -reach, reach), edges)
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), float(rms))


@dataclass(frozen=True, eq=False)
class Markers:
    """Cells as points on the model.

    Attributes
    ----------
    x, y : float64 arrays, 1-D
        Centres, in parent pixels, of the cells with a value.
    values, errors : float64 arrays
        Cell values and their standard errors (NaN where unknown).
    counts : int array
        Good pixels of each.
    sizes : float64 array
        Diameters in screen pixels, proportional to 1/error between 4 and 18.
    empty_x, empty_y : float64 arrays
        Centres of the cells without a value.
    pitch : float
        Smallest distance of two centres along an axis, in pixels; inf for a single cell.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    counts: NDArray[Any]
    sizes: NDArray[np.float64]
    empty_x: NDArray[np.float64]
    empty_y: NDArray[np.float64]
    pitch: float = float("inf")

    def inside(self, x0: float, x1: float, y0: float, y1: float) -> NDArray[np.intp]:
        """Return the positions of the cells whose centres lie in a rectangle."""
        within = (self.x >= x0) & (self.x <= x1) & (self.y >= y0) & (self.y <= y1)
        return np.flatnonzero(within)


def cell_markers(cells: Any) -> Markers:
    """Make the markers of a grid of cells."""
    x, y = np.meshgrid(np.asarray(cells.x, float), np.asarray(cells.y, float))
    values = np.asarray(cells.values, dtype=np.float64)
    errors = np.asarray(cells.errors, dtype=np.float64)
    known = np.isfinite(values)
    shown = errors[known]
    return Markers(
        x=x[known],
        y=y[known],
        values=values[known],
        errors=shown,
        counts=np.asarray(cells.counts)[known],
        sizes=marker_sizes(shown),
        empty_x=x[~known],
        empty_y=y[~known],
        pitch=min(_pitch(cells.x), _pitch(cells.y)),
    )


def _pitch(centres: Any) -> float:
    steps = np.diff(np.asarray(centres, float))
    return float(steps.min()) if steps.size else float("inf")


def marker_sizes(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Diameters proportional to 1/error: 10 at the median error, never below 4 or above 18.

    A cell whose error is unknown gets the smallest, one whose error is 0 the largest.
    """
    sizes = np.full(errors.shape, 4.0)
    known = np.isfinite(errors)
    if known.any():
        middle = float(np.median(errors[known]))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(errors[known] > 0, middle / errors[known], np.inf)
        if middle == 0.0:
            ratio = np.where(errors[known] > 0, 0.0, 1.0)
        # Whole pixels: few different symbols, which are drawn once and then reused.
        sizes[known] = np.round(np.clip(10.0 * ratio, 4.0, 18.0))
    return sizes


def shades(
    values: NDArray[np.float64], low: float, high: float, steps: int, stretch: str = "linear"
) -> NDArray[np.intp]:
    """Return which of `steps` colours between two levels each value has."""
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    share = stretched(share, stretch)
    return np.clip((share * steps).astype(np.intp), 0, steps - 1)
