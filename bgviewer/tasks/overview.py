"""All exposures of a stack at a glance: small maps of the bin residuals on one colour scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bins import JudgedBins
from bgviewer.tasks.levels import Levels, centred_levels

__all__ = ["MAP_SIDE", "ResidualMap", "Tile", "overview_levels", "painted", "residual_map"]

MAP_SIDE = 64
"""Pixels of a map along its longer side, at most."""


@dataclass(frozen=True, eq=False)
class ResidualMap:
    """The bin residuals of one exposure, as few pixels as a small image needs.

    Attributes
    ----------
    values : float32 array
        In the pixel unit, first row at the bottom; NaN where there is no bin.
    rms : float
        Root mean square of all residuals.
    """

    values: NDArray[np.float32] = field(repr=False)
    rms: float


@dataclass(frozen=True)
class Tile:
    """One exposure of the overview.

    Attributes
    ----------
    exposure : int
        Id in the stack.
    state : str
        failed, reference, not matched, matched, outdated or settings.
    reason : str
        Why it failed, or an empty string.
    """

    exposure: int
    name: str
    state: str
    fit_rms: float | None
    reason: str = ""
    map: ResidualMap | None = None

    @property
    def order(self) -> tuple[bool, bool, float, bool, int]:
        """Sort key: the worst first, outdated ones and those without a figure later.

        Figures of other settings are not compared with present ones; the reference is last.
        """
        known = self.map is not None and math.isfinite(self.map.rms)
        worst = -self.map.rms if known and self.map else 0.0
        outdated = self.state == "outdated"
        return not known, outdated, worst, self.state == "reference", self.exposure


def residual_map(
    bins: JudgedBins, shape: tuple[int, int], side: int = MAP_SIDE
) -> ResidualMap | None:
    """Lay the residuals out as an image; several bins share a pixel where there are many.

    Returns
    -------
    ResidualMap or None
        None without any bin.
    """
    if len(bins.values) == 0:
        return None
    left, bottom = np.asarray(bins.left), np.asarray(bins.bottom)
    size = int(max((bins.right - left).max(), (bins.top - bottom).max(), 1))
    ny, nx = -(-shape[0] // size), -(-shape[1] // size)
    step = max(1, -(-max(ny, nx) // side))
    ny, nx = -(-ny // step), -(-nx // step)
    at = bottom // (size * step) * nx + left // (size * step)
    residuals = np.asarray(bins.residuals, dtype=np.float64)
    total = np.bincount(at, residuals, ny * nx)
    held = np.bincount(at, minlength=ny * nx)
    with np.errstate(invalid="ignore"):
        values = (total / held).astype(np.float32).reshape(ny, nx)
    # One bin is met exactly: what remains is rounding.
    rms = 0.0 if residuals.size == 1 else float(np.sqrt(np.mean(residuals**2)))
    return ResidualMap(values, rms)


def overview_levels(maps: Iterable[ResidualMap | None]) -> Levels:
    """Return the one colour scale of all maps, symmetric about zero."""
    known = [m.values.ravel() for m in maps if m is not None]
    return centred_levels(np.concatenate(known) if known else np.zeros(0, np.float32))


def painted(
    small: ResidualMap,
    levels: Levels,
    table: NDArray[np.uint8],
    missing: tuple[int, int, int, int],
) -> NDArray[np.uint8]:
    """Return RGBA, first row at the TOP, of a map; `missing` where there is no bin."""
    span = levels.high - levels.low
    finite = np.isfinite(small.values)
    share: NDArray[Any] = np.where(finite, small.values, levels.low)
    last = len(table) - 1
    index = np.clip((share - levels.low) / span * last, 0, last).astype(np.intp)
    colours = table[index]
    colours[~finite] = missing
    return np.ascontiguousarray(colours[::-1])
