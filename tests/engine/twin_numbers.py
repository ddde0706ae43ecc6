"""A slow twin of the engine: plain loops over Python floats, written from SPEC.md alone.

Nothing here is taken from, or shared with, ``bgviewer.engine``; the methods differ on purpose
(exact sums by ``math.fsum``, curves as lists of polynomial pieces looked up point by point,
Chebyshev terms as cosines, a hand-made elimination).  Planes are plain dictionaries with
``image``, ``mask`` and ``variance``; a configuration is a dictionary in LSST's spelling.
This file holds SPEC 2 and 3; ``twin_models.py`` 4 and 5; ``twin.py`` 1 and 6 to 9.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

NAN, INF = math.nan, math.inf
BITS = {
    name: 1 << bit
    for bit, name in enumerate(
        ["BAD", "SAT", "INTRP", "CR", "EDGE", "DETECTED", "DETECTED_NEGATIVE", "SUSPECT", "NO_DATA"]
    )
}


class Trouble(Exception):
    """A failure; `kind` is the situation's name as in the goldens."""

    def __init__(self, kind):
        super().__init__(kind)
        self.kind = kind


def divide(a, b):
    """IEEE division: no exception for a zero divisor."""
    if b == 0:
        return NAN if a == 0 or math.isnan(a) else math.copysign(INF, a) * math.copysign(1, b)
    return a / b


def root(v):
    """Square root with NaN for what has none."""
    return math.sqrt(v) if v >= 0 else NAN


def single(v):
    """Round to float32."""
    with np.errstate(over="ignore"):
        return np.float32(v)


# --- SPEC 2: statistics of a set of pixels -------------------------------------------------


@dataclass
class Numbers:
    n: int
    mean: float = NAN
    mean_error: float = NAN
    variance: float = NAN
    stdev: float = NAN
    median: float = NAN
    median_error: float = NAN
    iqr: float = NAN
    meanclip: float = NAN
    meanclip_error: float = NAN
    varianceclip: float = NAN
    n_clipped: int = 0
    meansquare: float = NAN


def moments(values, centre):
    """Mean and debiased variance from the deviations about `centre` (SPEC 2)."""
    n = len(values)
    if n == 0:
        return NAN, NAN
    d = [v - centre for v in values]
    shift = math.fsum(d) / n
    biased = math.fsum(v * v for v in d) / n - shift**2
    return centre + shift, biased * n * n / (n * n - n) if n > 1 else NAN


def quantile(ordered, fraction):
    """Linear interpolation at position fraction*(n-1) of sorted values (SPEC 2)."""
    n = len(ordered)
    if n < 2:
        return ordered[0] if n else NAN
    at = fraction * (n - 1)
    low = int(at)
    high = min(low + 1, n - 1)
    return ordered[low] * (1 - (at - low)) + ordered[high] * (at - low)


def clip(ordered, k, passes, median, iqr):
    """Clipped mean, its variance and the number kept (SPEC 2, MEANCLIP)."""
    n = kept_count = len(ordered)
    centre, spread = NAN, NAN
    for i in range(passes):
        if i == 0:
            centre = median
        half = k * 0.741301109252802 * iqr if i == 0 or n == 1 else k * _stdev(spread)
        if math.isnan(centre) or math.isnan(half):
            return NAN, NAN, kept_count
        kept = [v for v in ordered if abs(v - centre) <= half]
        kept_count = len(kept)
        centre, spread = moments(kept, centre)
    return centre, spread, kept_count


def _stdev(variance):
    return NAN if math.isnan(variance) else math.sqrt(max(variance, 0.0))


def describe(values, k=3, passes=2):
    """All statistics of the good pixels `values` (SPEC 2)."""
    if k <= 0 or passes <= 0:
        raise Trouble("non_positive_clip_parameter")
    ordered = sorted(float(v) for v in values)
    n = len(ordered)
    if n == 0:
        return Numbers(0)
    s = Numbers(n)
    s.mean, s.variance = moments(ordered, math.fsum(ordered) / n)
    s.stdev, s.mean_error = root(s.variance), root(s.variance / n)
    s.median = quantile(ordered, 0.5)
    s.median_error = root(math.pi / 2 * s.variance / n)
    s.iqr = quantile(ordered, 0.75) - quantile(ordered, 0.25)
    s.meanclip, s.varianceclip, kept = clip(ordered, k, passes, s.median, s.iqr)
    s.meanclip_error = root(divide(s.varianceclip, kept))
    s.n_clipped = n - kept
    s.meansquare = (n - 1) / n * s.variance + s.mean**2 if n > 1 else NAN
    return s


def chosen(s, statistic):
    """Value and standard error of the grid statistic."""
    return {
        "MEAN": (s.mean, s.mean_error),
        "MEDIAN": (s.median, s.median_error),
        "MEANCLIP": (s.meanclip, s.meanclip_error),
    }[statistic]


def good_pixels(image, mask, bits):
    """Values that are finite and not flagged (SPEC, notation)."""
    return [
        v
        for row, flags in zip(image.tolist(), mask.tolist(), strict=True)
        for v, flag in zip(row, flags, strict=True)
        if not flag & bits and math.isfinite(v)
    ]


# --- SPEC 3: cells ----------------------------------------------------------------------------


def edges(side, n):
    """Edges of n cells of nearly equal size (SPEC 3)."""
    return [0] + [min(((i + 1) * side + n // 2) // n, side) for i in range(n)]


@dataclass
class Grid:
    values: list  # rows of float32
    errors: list
    x: list  # local centres
    y: list
    shape: tuple

    @property
    def nx(self):
        return len(self.x)

    @property
    def ny(self):
        return len(self.y)


def make_grid(image, mask, bits, nx, ny, statistic, k, passes):
    """Value and standard error of every cell, as float32 (SPEC 3)."""
    h, w = image.shape
    if nx <= 0 or ny <= 0:
        raise Trouble("non_positive_samples")
    ex, ey = edges(w, nx), edges(h, ny)
    if any(a == b for e in (ex, ey) for a, b in itertools.pairwise(e)):
        raise Trouble("empty_cell")
    values, errors = [], []
    for j in range(ny):
        line = []
        for i in range(nx):
            box = slice(ey[j], ey[j + 1]), slice(ex[i], ex[i + 1])
            line.append(
                chosen(describe(good_pixels(image[box], mask[box], bits), k, passes), statistic)
            )
        values.append([single(v) for v, _ in line])
        errors.append([single(e) for _, e in line])

    def centres(e):
        return [a + 0.5 * (b - a) - 0.5 for a, b in itertools.pairwise(e)]

    return Grid(values, errors, centres(ex), centres(ey), (h, w))
