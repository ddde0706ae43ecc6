"""How good a fit is: residuals of the bins, their pulls, and their chi-square."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.chebyshev import term_count
from bgviewer.engine.matching import MatchResult

__all__ = [
    "MAD_TO_SIGMA",
    "OUTLIER",
    "ChiSquare",
    "Counts",
    "PullSummary",
    "ResidualSummary",
    "chi_square",
    "count_values",
    "judge_chi_square",
    "parameter_count",
    "summarise_pulls",
    "summarise_residuals",
]

MAD_TO_SIGMA = 1.482602218505602
"""Standard deviation of a Gaussian per median absolute deviation."""
OUTLIER = 4.0
"""Scaled MADs from the median beyond which a bin is an outlier."""
_CURVE = 121

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counts:
    """A histogram and the Gaussian to hold it against.

    Attributes
    ----------
    edges : ndarray float64 [n + 1]
    counts : ndarray int [n]
        The outermost hold what lies beyond.
    curve_x, curve_y : ndarray float64
        Expected counts per column of the histogram.
    """

    edges: Vector
    counts: NDArray[np.intp]
    curve_x: Vector
    curve_y: Vector


@dataclass(frozen=True, eq=False)
class ResidualSummary:
    """Residuals of the bins, in the pixel unit.

    Attributes
    ----------
    n : int
        Bins with a residual.
    rms : float
        fitRMS.
    median, sigma : float
        Median and scaled median absolute deviation: what outliers do not move.
    outliers : int
        Bins farther than `OUTLIER` sigma from the median.
    histogram : Counts or None
        None where nothing scatters.
    """

    n: int
    rms: float
    median: float
    sigma: float
    outliers: int
    histogram: Counts | None


@dataclass(frozen=True)
class ChiSquare:
    """Squared residuals in units of their errors, added up.

    Attributes
    ----------
    value : float
        NaN without a bin that has an error.
    bins, parameters : int
        Bins that count; numbers that the fit was free to choose.
    kind : str
        "chebyshev", "spline" or "smooth": how the parameters were counted.
    """

    value: float
    bins: int
    parameters: int
    kind: str

    @property
    def dof(self) -> int:
        """Degrees of freedom: bins - parameters, at least 0."""
        return max(self.bins - self.parameters, 0)

    @property
    def reduced(self) -> float:
        """chi-square per degree of freedom; NaN without any."""
        return self.value / self.dof if self.dof else math.nan

    @property
    def spread(self) -> float:
        """Standard deviation of `reduced` when the errors are right; NaN without freedom."""
        return math.sqrt(2.0 / self.dof) if self.dof else math.nan


@dataclass(frozen=True, eq=False)
class PullSummary:
    """Residual / error of each bin, without unit.

    Attributes
    ----------
    n, unknown : int
        Bins with a pull; bins whose error is 0 or unknown.
    mean, stdev : float
        Expected 0 and about 1 (a little below, by what the fit takes up).
    histogram : Counts or None
        With N(0, 1) to hold it against.
    chi_square : ChiSquare
    """

    n: int
    unknown: int
    mean: float
    stdev: float
    histogram: Counts | None
    chi_square: ChiSquare


def _gaussian(x: Vector, centre: float, sigma: float) -> Vector:
    density = np.exp(-0.5 * ((x - centre) / sigma) ** 2) / (sigma * math.sqrt(2.0 * math.pi))
    return np.asarray(density, np.float64)


def count_values(values: Vector, centre: float, sigma: float, reach: float) -> Counts:
    """Count values between centre - reach and centre + reach; a Gaussian of `sigma` beside it."""
    number = int(np.clip(2 * round(math.sqrt(max(values.size, 1))), 8, 40)) // 2 * 2 + 1
    low, high = centre - reach, centre + reach
    # A number and a range instead of edges: numpy need not sort hundreds of thousands of bins.
    counts, edges = np.histogram(np.clip(values, low, high), number, (low, high))
    x = np.linspace(low, high, _CURVE)
    curve = values.size * (high - low) / number * _gaussian(x, centre, sigma)
    return Counts(edges, counts, x, curve)


def summarise_residuals(residuals: Vector, floor: float = 0.0) -> ResidualSummary:
    """Describe the residuals of the bins.

    Parameters
    ----------
    residuals : ndarray
        Bin value - model; NaN does not count.
    floor : float
        Residuals below it are rounding; they are never outliers.
    """
    known = residuals[np.isfinite(residuals)]
    if not known.size:
        return ResidualSummary(0, math.nan, math.nan, math.nan, 0, None)
    rms = math.sqrt(float(np.mean(known * known)))
    median = float(np.median(known))
    away = np.abs(known - median)
    sigma = MAD_TO_SIGMA * float(np.median(away))
    outliers = int(np.count_nonzero(away > max(OUTLIER * sigma, floor)))
    wide = sigma or rms
    histogram = None
    if known.size >= 2 and wide > 0 and float(away.max()) > floor:
        reach = min(max(float(away.max()) * 1.02, wide), 5.0 * wide)
        histogram = count_values(known, median, wide, reach)
    return ResidualSummary(known.size, rms, median, sigma, outliers, histogram)


def parameter_count(result: MatchResult) -> int:
    """Return how many numbers the fit was free to choose.

    A polynomial has (order + 1)(order + 2) / 2 terms, of which no more than the cells that carry
    it are determined; a spline passes through each cell with data, so it has one per cell; of a
    P-spline the effective number (the trace of its hat matrix) is rounded.
    """
    cells = int(result.cells.n_used)
    if result.used_order is not None:
        return min(term_count(result.used_order), cells)
    if result.model.kind == "smooth" and result.fit.smooth is not None:
        return round(result.fit.smooth.freedom)
    return cells


def _pulls(result: Any) -> tuple[Vector, int]:
    residuals, errors = np.asarray(result.bins.residuals), np.asarray(result.bins.errors)
    known = np.isfinite(residuals)
    usable = known & np.isfinite(errors) & (errors > 0)
    pulls = residuals[usable] / errors[usable]
    return pulls, int(np.count_nonzero(known)) - pulls.size


def chi_square(result: MatchResult) -> ChiSquare:
    """Return the chi-square of the bins' residuals against their errors.

    Pixel noise is averaged down in a bin before it is squared, which is why this sees faint
    structure that matchedMSE / diffImVar cannot.
    """
    pulls, _ = _pulls(result)
    value = float(np.sum(pulls * pulls)) if pulls.size else math.nan
    return ChiSquare(value, pulls.size, parameter_count(result), result.model.kind)


def judge_chi_square(reduced: float, dof: int) -> str:
    """Say what chi-square / dof means: "good", "high", "low" or "unknown".

    Good is within 3 sqrt(2 / dof) of 1.
    """
    if dof <= 0 or not math.isfinite(reduced):
        return "unknown"
    away = (reduced - 1.0) / math.sqrt(2.0 / dof)
    return "high" if away > 3.0 else "low" if away < -3.0 else "good"


def summarise_pulls(result: MatchResult, reach: float = 5.0) -> PullSummary:
    """Describe residual / error of the bins.

    Parameters
    ----------
    reach : float
        Where the histogram ends; its outermost columns hold what lies beyond.
    """
    pulls, unknown = _pulls(result)
    mean = float(np.mean(pulls)) if pulls.size else math.nan
    stdev = float(np.std(pulls, ddof=1)) if pulls.size > 1 else math.nan
    histogram = count_values(pulls, 0.0, 1.0, reach) if pulls.size > 1 else None
    return PullSummary(pulls.size, unknown, mean, stdev, histogram, chi_square(result))
