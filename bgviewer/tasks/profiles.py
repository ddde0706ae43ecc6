"""Row and column profiles of a match through one position."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.tasks.show import Shown

__all__ = ["LINES", "Profile", "profiles_at"]

LINES = ("reference", "science", "matched", "model")
_POINTS = 256  # about as many as the plot has pixels: more would only be noise
_WIDTH = 33

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Profile:
    """Averages along a strip of the image; NaN where no pixel is good in both exposures.

    Attributes
    ----------
    along : {"row", "column"}
    at : float
        Parent position (y of a row, x of a column) of the strip's middle.
    width : int
        Rows (columns) that are averaged.
    step : int
        Pixels along the strip that are averaged to one point.
    positions : ndarray float64
        Parent pixels.
    lines : dict of str to ndarray
        Each of `LINES`, in the pixel unit.
    """

    along: str
    at: float
    width: int
    step: int
    positions: Vector
    lines: dict[str, Vector]

    @property
    def image_range(self) -> tuple[float, float]:
        """Values to show of the exposures: without what bright stars do to few points."""
        values = np.concatenate([self.lines[n] for n in LINES if n != "model"])
        known = values[np.isfinite(values)]
        if not known.size:
            return math.nan, math.nan
        low, high = (float(v) for v in np.percentile(known, (1.0, 97.0)))
        room = 0.15 * (high - low)
        return max(low - room, float(known.min())), min(high + room, float(known.max()))

    @property
    def model_range(self) -> tuple[float, float]:
        """Smallest and largest value of the model."""
        known = self.lines["model"][np.isfinite(self.lines["model"])]
        return (float(known.min()), float(known.max())) if known.size else (math.nan, math.nan)


def profiles_at(
    shown: Shown, x: float | None = None, y: float | None = None, width: int = _WIDTH
) -> tuple[Profile, Profile]:
    """Return the row's and the column's profile through parent (x, y); None = the middle."""
    ny, nx = shown.science.shape
    x0, y0 = shown.result.difference.xy0
    column = nx // 2 if x is None else min(max(math.floor(x + 0.5) - x0, 0), nx - 1)
    row = ny // 2 if y is None else min(max(math.floor(y + 0.5) - y0, 0), ny - 1)
    return _strip(shown, row, width, True), _strip(shown, column, width, False)


def _strip(shown: Shown, at: int, width: int, is_row: bool) -> Profile:
    ny, nx = shown.science.shape
    x0, y0 = shown.result.difference.xy0
    across, length = (ny, nx) if is_row else (nx, ny)
    width = min(width, across)
    first = min(max(at - width // 2, 0), across - width)
    part = slice(first, first + width)
    step = max(1, -(-length // _POINTS))

    def cut(image: NDArray[np.float32]) -> NDArray[np.float32]:
        return image[part] if is_row else image[:, part].T

    good = np.isfinite(cut(shown.result.difference.values))
    count = _blocks(good.sum(axis=0), step)
    starts = np.arange(0, length, step)
    middles = np.minimum(starts + 0.5 * (np.minimum(starts + step, length) - starts - 1), length)
    model = _model(shown, first + 0.5 * (width - 1), middles, is_row)
    lines = {"model": model}
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for name, image in (("reference", shown.reference), ("science", shown.science)):
            values = np.where(good, cut(image.image), np.float32(0))
            lines[name] = _blocks(values.sum(axis=0, dtype=np.float64), step) / count
        lines["matched"] = lines["science"] + model
    middle = first + 0.5 * (width - 1) + (y0 if is_row else x0)
    return Profile(
        "row" if is_row else "column",
        middle,
        width,
        step,
        middles + (x0 if is_row else y0),
        {name: lines[name] for name in LINES},
    )


def _blocks(sums: NDArray[np.generic], step: int) -> Vector:
    """Add up each `step` neighbours; the last block may be shorter."""
    return np.add.reduceat(sums.astype(np.float64), np.arange(0, len(sums), step))


def _model(shown: Shown, middle: float, positions: Vector, is_row: bool) -> Vector:
    """Read the model in the middle of the strip: it hardly changes over its width."""
    at = np.array([middle])
    model = shown.result.model
    found = model.render(y=at, x=positions) if is_row else model.render(y=positions, x=at)
    return found.ravel().astype(np.float64)
