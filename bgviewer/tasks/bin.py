"""One bin looked at closely: its pixels, its averages, and how to leave it out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.masks import IGNORED_PLANE
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.engine.statistics import IQR_TO_SIGMA, Statistics, clipped_mean, describe
from bgviewer.tasks.show import Shown

__all__ = ["BinView", "bin_box", "bin_region", "inspect_bin", "toggled"]

_MOST_PIXELS = 1 << 15  # more would hold up the window's thread
_COLUMNS = 41

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class BinView:
    """A bin of the difference image; values in the pixel unit.

    Attributes
    ----------
    box : (int, int, int, int)
        Local left, right, bottom, top; right and top exclusive.
    every : int
        Every n-th row and column were looked at, in large bins; 1 = all pixels.
    statistics : Statistics
        Of the good pixels that were looked at.
    flagged : int
        Pixels that do not count.
    pixels : int
        All pixels that were looked at.
    planes : tuple of (str, int, int)
        Name, pixels set in the reference, pixels set in the science exposure.
    value, error, model, pull : float
        What the match itself used, from all pixels; NaN for a bin that was dropped.
    edges, kept, clipped : ndarray
        Histogram of the good pixels: those that the clipped mean keeps, and those it does not.
        The outermost columns hold what lies beyond.
    limits : (float, float)
        Values between which the clipped mean keeps pixels, in its last pass.
    dropped : bool
        Fewer than two good pixels: the bin does not judge the fit.
    """

    box: Box
    every: int
    statistics: Statistics
    flagged: int
    pixels: int
    planes: tuple[tuple[str, int, int], ...]
    value: float
    error: float
    model: float
    pull: float
    edges: NDArray[np.float64]
    kept: NDArray[np.intp]
    clipped: NDArray[np.intp]
    limits: tuple[float, float]
    dropped: bool

    @property
    def total(self) -> NDArray[np.intp]:
        """Good pixels per column, clipped or not."""
        return self.kept + self.clipped

    @property
    def tallest(self) -> float:
        """A little more than the highest column."""
        return 1.05 * float(max(self.total.max(), 1))


def bin_box(shown: Shown, x: float, y: float) -> Box | None:
    """Return the local box of the bin at parent (x, y); None outside the image."""
    ny, nx = shown.science.shape
    x0, y0 = shown.result.difference.xy0
    column, row = math.floor(x + 0.5) - x0, math.floor(y + 0.5) - y0
    if not (0 <= column < nx and 0 <= row < ny):
        return None
    size = shown.result.config.bin_size
    left, bottom = column // size * size, row // size * size
    return left, min(left + size, nx), bottom, min(bottom + size, ny)


def bin_region(shown: Shown, box: Box) -> Region:
    """Return the region that takes exactly the pixels of a bin out of the science exposure."""
    left, right, bottom, top = box
    x0, y0 = shown.result.difference.xy0
    numbers = (
        x0 + 0.5 * (left + right - 1),
        y0 + 0.5 * (bottom + top - 1),
        float(right - left),
        float(top - bottom),
        0.0,
    )
    return Region("box", numbers, shown.stack.entries[shown.science_id].name, "bin")


def toggled(plan: StackPlan, region: Region) -> StackPlan:
    """Return the plan with the region, or without it when it has it already."""
    if region in plan.regions:
        return replace(plan, regions=tuple(r for r in plan.regions if r != region))
    return replace(plan, regions=(*plan.regions, region))


def inspect_bin(shown: Shown, box: Box) -> BinView:
    """Look at the pixels of one bin.

    Of a bin with more than 32 768 pixels only every second (third, ...) row and column is
    looked at; value, error and model are those of the match in any case.
    """
    left, right, bottom, top = box
    every = max(1, math.ceil(math.sqrt((right - left) * (top - bottom) / _MOST_PIXELS)))
    part = (slice(bottom, top, every), slice(left, right, every))
    config = shown.result.config
    values = shown.result.difference.values[part]
    good = values[np.isfinite(values)]
    found = describe(good, config.num_sigma_clip, config.num_iter, threads=1)
    limits = _limits(good, found, config.num_sigma_clip, config.num_iter)
    edges, kept, clipped = _histogram(good, limits)
    judged = _judged(shown, box)
    return BinView(
        box=box,
        every=every,
        statistics=found,
        flagged=values.size - good.size,
        pixels=values.size,
        planes=_planes(shown, part),
        value=judged[0],
        error=judged[1],
        model=judged[2],
        pull=(judged[0] - judged[2]) / judged[1] if judged[1] > 0 else math.nan,
        edges=edges,
        kept=kept,
        clipped=clipped,
        limits=limits,
        dropped=math.isnan(judged[1]),
    )


def _limits(
    good: NDArray[np.float32], found: Statistics, num_sigma_clip: float, num_iter: int
) -> tuple[float, float]:
    middle, width = found.median, num_sigma_clip * IQR_TO_SIGMA * found.iqr
    if num_iter > 1 and good.size > 1:
        # the last pass clips around what the one before it found
        before = clipped_mean(good, middle, found.iqr, num_sigma_clip, num_iter - 1, threads=1)
        middle, width = before.mean, num_sigma_clip * math.sqrt(max(before.variance, 0.0))
    return middle - width, middle + width


def _histogram(
    good: NDArray[np.float32], limits: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    if not good.size or not all(map(math.isfinite, limits)):
        return np.linspace(-1.0, 1.0, 2), np.zeros(1, np.intp), np.zeros(1, np.intp)
    values = good.astype(np.float64)
    lowest, highest = float(values.min()), float(values.max())
    # A star may be a thousand times brighter than the sky: what is far out goes into the ends.
    span = limits[1] - limits[0]
    low, high = max(lowest, limits[0] - span / 3), min(highest, limits[1] + span / 3)
    if not high > low:
        low, high = lowest - 0.5, highest + 0.5
    edges = np.linspace(low, high, _COLUMNS + 1)
    inside = (values >= limits[0]) & (values <= limits[1])
    kept, _ = np.histogram(np.clip(values[inside], low, high), edges)
    clipped, _ = np.histogram(np.clip(values[~inside], low, high), edges)
    return edges, kept, clipped


def _judged(shown: Shown, box: Box) -> tuple[float, float, float]:
    """Return value, error and model of the bin; NaN value and error where it was dropped."""
    bins = shown.result.bins
    left, right, bottom, top = box
    at = np.flatnonzero((np.asarray(bins.left) == left) & (np.asarray(bins.bottom) == bottom))
    if at.size:
        k = int(at[0])
        return float(bins.values[k]), float(bins.errors[k]), float(bins.model[k])
    row, column = np.array([(bottom + top) // 2]), np.array([(left + right) // 2])
    return math.nan, math.nan, float(shown.result.model.render(y=row, x=column)[0, 0])


def _planes(shown: Shown, part: tuple[slice, slice]) -> tuple[tuple[str, int, int], ...]:
    """Count the pixels of each plane that is set anywhere in the bin, in both exposures."""
    found: dict[str, list[int]] = {}
    for number, exposure in enumerate((shown.reference, shown.science)):
        if exposure.mask is None:
            continue
        values, counts = np.unique(exposure.mask[part], return_counts=True)
        pairs = list(zip(values.tolist(), counts.tolist(), strict=True))
        for name, bit in sorted((exposure.planes or {}).items(), key=lambda item: item[1]):
            pixels = sum(count for value, count in pairs if value >> bit & 1)
            if pixels:
                found.setdefault(name, [0, 0])[number] = pixels
    order = sorted(found, key=lambda name: name == IGNORED_PLANE)
    return tuple((name, found[name][0], found[name][1]) for name in order)
