"""Statistics of one set of pixels (SPEC section 2).

All sums are in float64.  Values are those of good pixels only; masks and NaN are the caller's
business.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands, row_bands
from bgviewer.engine.progress import SILENT, Progress

__all__ = [
    "IQR_TO_SIGMA",
    "Clipped",
    "Statistics",
    "clipped_mean",
    "describe",
    "interpolated",
    "neighbours",
    "quantiles",
    "sample_bracket",
]

IQR_TO_SIGMA = 0.741301109252802
"""Standard deviation of a Gaussian per interquartile range."""

_BAND = 1 << 17  # elements per band: float64 scratch of 1 MB stays in cache
_SORTED = 1 << 11  # up to here sorting all is quickest
_SAMPLE = 1 << 9  # NumPy sorts up to 512 values many times faster than more
_SIGMAS = 4.0  # of the sample's rank: the bracket misses once in ten thousand

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Clipped:
    """Result of MEANCLIP: NaN where undefined."""

    mean: float
    variance: float
    n_kept: int
    n_clipped: int

    @property
    def error(self) -> float:
        """Standard error: sqrt(clipped variance / kept pixels)."""
        return _root(self.variance / self.n_kept) if self.n_kept else math.nan


@dataclass(frozen=True)
class Statistics:
    """Every statistic of one set of good pixels; NaN where the definition leaves it open."""

    n: int
    mean: float
    variance: float
    median: float
    iqr: float
    meanclip: float
    varianceclip: float
    meanclip_error: float
    n_clipped: int

    @property
    def stdev(self) -> float:
        """Sample standard deviation."""
        return _root(self.variance)

    @property
    def mean_error(self) -> float:
        """Standard error of the mean."""
        return _root(self.variance / self.n) if self.n else math.nan

    @property
    def median_error(self) -> float:
        """Standard error of the median, from the unclipped variance."""
        return _root(0.5 * math.pi * self.variance / self.n) if self.n else math.nan

    @property
    def meansquare(self) -> float:
        """(n-1)/n variance + mean^2; NaN for fewer than two pixels."""
        if self.n < 2:
            return math.nan
        return (self.n - 1) / self.n * self.variance + self.mean**2


def _root(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


def quantiles(values: Floats, fractions: tuple[float, ...]) -> list[float]:
    """Return quantiles by linear interpolation at position f (n - 1).

    Parameters
    ----------
    values : ndarray, 1-D
        Finite values; not changed.
    fractions : tuple of float
        Each from 0 to 1.

    Returns
    -------
    list of float
        NaN each when there are no values.
    """
    n = values.size
    if n == 0:
        return [math.nan] * len(fractions)
    out = []
    for fraction in fractions:
        position = fraction * (n - 1)
        k = int(position)
        a, b = neighbours(values, k)
        out.append(interpolated(a, b, position - k))
    return out


def interpolated(a: float, b: float, part: float) -> float:
    """Return the value a fraction `part` of the way from a to b."""
    return a if part == 0 else a + part * (b - a)


def neighbours(values: Floats, k: int) -> tuple[float, float]:
    """Return the k-th smallest value and the one after it (itself at the end).

    A sorted sample brackets the two; what lies outside is only counted.  That is several times
    faster than a partition of everything, and on some processors many times.
    """
    while values.size > _SORTED:
        bracket = sample_bracket(np.sort(values[:: values.size // _SAMPLE]), k / values.size)
        below = int(np.count_nonzero(values < bracket[0]))
        inside = values[(values >= bracket[0]) & (values <= bracket[1])]
        missed = k < below or k + 2 > below + inside.size
        if missed or inside.size > values.size // 2:  # an unlucky sample, or many equal values
            part = np.partition(values, k)
            rest = part[k + 1 :]
            return float(part[k]), float(rest.min() if rest.size else part[k])
        values, k = inside, k - below
    ordered = np.sort(values)
    return float(ordered[k]), float(ordered[min(k + 1, ordered.size - 1)])


def sample_bracket(ordered: Floats, fraction: float) -> tuple[np.floating, np.floating]:
    """Return values between which a quantile of the whole lies, surely enough.

    Parameters
    ----------
    ordered : ndarray, 1-D, ascending
        A sample of the whole.
    """
    m = len(ordered)
    position = fraction * (m - 1)
    reach = _SIGMAS * math.sqrt(fraction * (1.0 - fraction) * m) + 2.0
    low, high = math.floor(position - reach), math.ceil(position + reach)
    kind = ordered.dtype.type
    return (
        kind(-np.inf) if low < 0 else ordered[low],
        kind(np.inf) if high >= m else ordered[high],
    )


def _moments(
    values: Floats, centre: float, width: float, progress: Progress, threads: int | None
) -> tuple[int, float, float]:
    """Return count, sum and sum of squares of ``d = x - centre`` over ``|d| <= width``."""

    def one(band: tuple[int, int]) -> tuple[int, float, float]:
        d = values[band[0] : band[1]].astype(np.float64)
        d -= centre
        if width < math.inf:
            keep = np.abs(d) <= width
            count = int(np.count_nonzero(keep))
            if count < d.size:
                d = d[keep]
        else:
            count = d.size
        total = float(d.sum())
        np.multiply(d, d, out=d)
        return count, total, float(d.sum())

    bands = row_bands(0, values.size, _BAND)
    parts = map_bands(one, bands, progress=progress, threads=threads)
    return (
        sum(p[0] for p in parts),
        math.fsum(p[1] for p in parts),
        math.fsum(p[2] for p in parts),
    )


def _debiased(n: int, s1: float, s2: float) -> float:
    """Sample variance from sums of deviations from any centre near the mean."""
    if n < 2:
        return math.nan
    biased = s2 / n - (s1 / n) ** 2
    return biased * (n / (n - 1))


def clipped_mean(
    values: Floats,
    median: float,
    iqr: float,
    num_sigma_clip: float,
    num_iter: int,
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> Clipped:
    """MEANCLIP of the good values (order does not matter).

    Each pass starts again from the full set: around the median with a width from the
    interquartile range first, then around the clipped mean with the clipped deviation.
    """
    n = values.size
    mean, variance, kept = median, math.nan, 0
    for i in range(num_iter):
        if i == 0 or n == 1:
            width = num_sigma_clip * IQR_TO_SIGMA * iqr
        else:
            width = num_sigma_clip * math.sqrt(
                max(variance, 0.0) if variance == variance else math.nan
            )
        if math.isnan(mean) or math.isnan(width):
            return Clipped(math.nan, math.nan, 0, 0)
        kept, s1, s2 = _moments(values, mean, width, progress, threads)
        if kept == 0:
            return Clipped(math.nan, math.nan, 0, n)
        mean, variance = mean + s1 / kept, _debiased(kept, s1, s2)
    return Clipped(mean, variance, kept, n - kept)


def describe(
    values: Floats,
    num_sigma_clip: float = 3,
    num_iter: int = 2,
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> Statistics:
    """Return every statistic of the good values.

    Parameters
    ----------
    values : ndarray
        Good pixel values (finite), any shape; not changed.
    num_sigma_clip, num_iter : number, int
        Clipping of MEANCLIP.
    """
    scratch = np.asarray(values).ravel()
    n = scratch.size
    mean = variance = math.nan
    if n:
        rough = float(scratch.mean(dtype=np.float64))
        _, s1, s2 = _moments(scratch, rough, math.inf, progress, threads)
        mean, variance = rough + s1 / n, _debiased(n, s1, s2)
    q1, median, q3 = quantiles(scratch, (0.25, 0.5, 0.75))
    clipped = clipped_mean(
        scratch, median, q3 - q1, num_sigma_clip, num_iter, progress=progress, threads=threads
    )
    return Statistics(
        n=n,
        mean=mean,
        variance=variance,
        median=median,
        iqr=q3 - q1,
        meanclip=clipped.mean,
        varianceclip=clipped.variance,
        meanclip_error=clipped.error,
        n_clipped=clipped.n_clipped,
    )
