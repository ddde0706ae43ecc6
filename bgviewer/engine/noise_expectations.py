"""What noise alone makes of the figures that diagnose a match: noise runs of the same fit.

Noise of the cells' errors (or of the tiles' errors, for a P-spline) is drawn around zero and
fitted as the match was.  Where neighbouring pixels are correlated, as after resampling, errors of
means are larger than those of independent pixels; the factor is measured on the fixed tiles of
`bgviewer.engine.holdout` and carried to the size of the blocks in question.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bgviewer.engine.blocks import BlockMoments, block_moments
from bgviewer.engine.cells import Cells
from bgviewer.engine.chebyshev import FitSystem, along, products
from bgviewer.engine.holdout import Yardstick
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.penalised_spline import SmoothSystem
from bgviewer.engine.probes import refitted
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.tiles import tile_edges
from bgviewer.engine.uncertainty import UncertaintyMap, fold_scatter

__all__ = [
    "LIMIT",
    "CorrelatedNoise",
    "Expectation",
    "expected_held_out",
    "expected_overshoot",
    "expected_uncertainty",
    "noise_fits",
]

Array = NDArray[np.float64]

LIMIT = 3.0
"""Standard deviations of the noise runs up to which a figure is as expected."""
_SEED = 1847
_MEDIAN = math.sqrt(0.5 * math.pi)  # error of a median over that of a mean
_OVERSHOOT_DRAWS, _FOLD_DRAWS, _HELD_OUT_DRAWS = 24, 10, 4
_FEWER_ROUNDS = math.sqrt(2.5)  # 2 of 5 folds
_LATTICE = 65
_TILES = (8, 16)
_FEWEST = 64
_MEDIAN_CHI2 = 0.4549364  # of one degree of freedom
_CONTRAST_ERROR = 3.0  # relative error of F, times the root of the second differences
_SHAPE = 0.25  # relative error of the excess, because the autocorrelation need not be Gaussian
_REACH = 1.0 / math.pi  # mean lag of a Gaussian autocorrelation over the root of its sum


@dataclass(frozen=True)
class Expectation:
    """Mean and standard deviation of a figure when there is nothing but noise.

    Attributes
    ----------
    mean, error : float
    scatter : float
        Of a held-out score: the most that the noise of its tiles adds to `error`.
    """

    mean: float
    error: float
    scatter: float = 0.0

    @property
    def limit(self) -> float:
        """What the figure stays below in noise runs."""
        return self.mean + LIMIT * self.error


@dataclass(frozen=True)
class CorrelatedNoise:
    """By how much correlated pixels enlarge the variance of means over blocks.

    Attributes
    ----------
    total : float
        Sum F of the pixels' autocorrelation over all lags; 1 for independent pixels.
    error : float
        Its standard error.
    """

    total: float = 1.0
    error: float = 0.0

    @classmethod
    def measure(
        cls, values: NDArray[np.float32], progress: Progress = SILENT, *, threads: int | None = None
    ) -> CorrelatedNoise:
        """Measure F on second differences, along both axes, of means of small tiles.

        They cancel a smooth sky up to its fourth mixed derivative; their median forgives sources.
        Where tiles of twice the side find more, but not so much more that it is structure
        of the sky, correlation reaches further than a Gaussian of this F (exposures of different
        resampling), and F is extrapolated.  No less than 1 is returned, and 1 where there are too
        few tiles.

        Parameters
        ----------
        values : float32 array [ny, nx]
            A difference of exposures, NaN where pixels are not good.
        """
        found = []
        for side in _TILES:
            edges = tile_edges((values.shape[0], values.shape[1]), side)
            moments = block_moments(values, *edges, progress=progress, threads=threads)
            found.append(_of_tiles(moments, *edges))
        (total, error), (wide, wide_error) = found
        if 0.7 * wide_error < wide - total < total:
            total, error = 2.0 * wide - total, 1.5 * wide_error
        return cls(total, math.hypot(error, _SHAPE * min(total - 1.0, 0.5 * total)))

    def at(self, side: float) -> float:
        """Return the variance of a block's mean over what its pixels' own scatter suggests.

        Pixels near the edge of a block lack correlated neighbours; a Gaussian autocorrelation of
        the sum F over all lags reaches over c = sqrt(F) / pi pixels on average, so that means of
        blocks of the side n have the variance F (1 - c/n)**2 / n**2 of a pixel's; the scatter of
        the pixels within the block misses as much.
        """
        side = max(side, 1.0)
        shared = self.total * _inside(self.total, side) ** 2
        return max(1.0, shared / max(1.0 - shared / side**2, 0.5)) if self.total > 1 else 1.0

    def neighbours(self, side: float) -> float:
        """Return the correlation of blocks that touch along a side: c/2n lies over the edge."""
        inside = _inside(self.total, max(side, 1.0))
        return 0.5 * (1.0 - inside) / inside

    def equivalent(self, sigma: float, side: float) -> float:
        """Return the noise of independent pixels whose means over large blocks scatter as much.

        Parameters
        ----------
        sigma : float
            Scatter of the pixels within blocks of `side`.
        """
        shared = self.total * _inside(self.total, side) ** 2 / side**2
        return sigma * math.sqrt(self.total / max(1.0 - shared, 0.5))

    @property
    def relative_error(self) -> float:
        """Relative standard error of F."""
        return self.error / self.total


def _of_tiles(
    moments: BlockMoments, y: NDArray[np.intp], x: NDArray[np.intp]
) -> tuple[float, float]:
    area = np.diff(y)[:, None] * np.diff(x)[None, :]
    known = (2 * moments.n >= area) & (moments.variance > 0)
    values = np.where(known, moments.mean, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = np.where(known, moments.variance / moments.n, np.nan)
    contrast = _twice(_twice(values, (1, -2, 1)).T, (1, -2, 1)).T
    expected = _twice(_twice(squares, (1, 4, 1)).T, (1, 4, 1)).T
    usable = np.isfinite(contrast) & (expected > 0)
    count = int(np.count_nonzero(usable))
    if count < _FEWEST:
        return 1.0, 0.0
    ratio = float(np.median(contrast[usable] ** 2 / expected[usable])) / _MEDIAN_CHI2
    total = _solve(ratio, math.sqrt(float(np.median(area))))
    return total, _CONTRAST_ERROR * total / math.sqrt(count)


def _twice(values: Array, weights: tuple[int, int, int]) -> Array:
    a, b, c = weights
    return a * values[:-2] + b * values[1:-1] + c * values[2:]


def _inside(total: float, side: float) -> float:
    """Return the share of a block's covariance along one axis that is not lost over its edge."""
    return max(1.0 - _REACH * math.sqrt(max(total - 1.0, 0.0)) / side, 0.5)


def _solve(ratio: float, side: float) -> float:
    """Return the F that gives this ratio of second differences of tiles to their own scatter."""

    def found(total: float) -> float:
        inside = _inside(total, side)
        # (6 inside - 8 beside) / 6 along each axis, beside = (1 - inside) / 2
        second = inside - (2.0 / 3.0) * (1.0 - inside)
        shared = total * inside * inside / side**2
        return total * second * second / max(1.0 - shared, 0.1)

    low, high = 1.0, side**2
    if found(low) >= ratio:
        return 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if found(middle) < ratio else (low, middle)
    return 0.5 * (low + high)


def noise_fits(
    result: MatchResult,
    noise: Array,
    y: ArrayLike,
    x: ArrayLike,
    progress: Progress = SILENT,
) -> Array:
    """Return what the fit of a match makes of noise.

    Parameters
    ----------
    noise : float64 array [draws, rows, columns]
        Values of the cells, or of the tiles of a P-spline; NaN, in the same places in each draw,
        leaves them out.
    y, x : array-like
        Local pixel positions.

    Returns
    -------
    float64 array [draws, len(y), len(x)]
    """
    at_y, at_x = (np.atleast_1d(np.asarray(at, dtype=np.float64)) for at in (y, x))
    smooth, missing = result.fit.smooth, ~np.isfinite(noise[0])
    if smooth is not None:
        system = smooth.system
        if (missing & (system.weights > 0)).any():
            weights = np.where(missing, 0.0, system.weights)
            system = SmoothSystem(system.data, system.order, weights)
        amplitudes = system.noise_solutions(smooth.smoothing, np.nan_to_num(noise), progress)
        return system.surfaces(amplitudes, at_y, at_x)
    if result.used_order is not None:
        order, shape = result.used_order, result.difference.shape
        system_ = FitSystem.of(
            _with_values(result.cells, np.where(missing, np.nan, result.cells.values)),
            order,
            bool(result.used_weighting),
            shape,
            inverse_variance=result.config.inverse_variance_weighting,
        )
        inverse = np.linalg.pinv(system_.matrix, hermitian=True) @ system_.weighted.T
        terms = products(
            order, *(along(order, side, at) for side, at in zip(shape, (at_y, at_x), strict=True))
        )
        coefficients = noise[:, system_.usable] @ inverse.T
        return np.asarray(np.moveaxis(terms @ coefficients.T, -1, 0))
    made = []
    for draw in noise:
        progress.step()
        made.append(refitted(result, draw).render(y=at_y, x=at_x).astype(np.float64))
    return np.stack(made)


def _with_values(cells: Cells, values: Array) -> Cells:
    return Cells(
        values=values,  # type: ignore[arg-type]  # float64, as of `refitted`
        errors=cells.errors,
        counts=cells.counts,
        x_edges=cells.x_edges,
        y_edges=cells.y_edges,
        xy0=cells.xy0,
        dy=cells.dy,
        dx=cells.dx,
    )


def _carrier_errors(result: MatchResult, correlated: CorrelatedNoise) -> Array | None:
    """Return errors of the cells or tiles with correlation; NaN where there is no value."""
    carriers = result.carriers
    errors = carriers.errors.astype(np.float64)
    usable = np.isfinite(carriers.values)
    known = usable & np.isfinite(errors) & (errors > result.config.grid_stdev_epsilon)
    if not known.any():
        return None
    side = math.sqrt(
        float(np.median(np.diff(carriers.y_edges)) * np.median(np.diff(carriers.x_edges)))
    )
    times = math.sqrt(correlated.at(side))
    if result.fit.smooth is None and result.config.grid_statistic == "MEDIAN":
        times *= _MEDIAN
    return np.where(usable, times * np.where(known, errors, np.median(errors[known])), np.nan)


def expected_overshoot(
    result: MatchResult, correlated: CorrelatedNoise, progress: Progress = SILENT
) -> Expectation | None:
    """Return how far the model of noise goes beyond the cells' noise, in the pixel unit.

    None where cells have no errors.
    """
    errors = _carrier_errors(result, correlated)
    if errors is None:
        return None
    rng = np.random.default_rng(_SEED)
    noise = errors * rng.standard_normal((_OVERSHOOT_DRAWS, *errors.shape))
    y, x = (np.linspace(0, n - 1, min(n, _LATTICE)) for n in result.difference.shape)
    model = noise_fits(result, noise, y, x, progress)
    high = np.nanmax(model, axis=(1, 2)) - np.nanmax(noise, axis=(1, 2))
    low = np.nanmin(noise, axis=(1, 2)) - np.nanmin(model, axis=(1, 2))
    beyond = np.maximum(np.maximum(high, low), 0.0)
    return Expectation(float(beyond.mean()), float(beyond.std(ddof=1)))


def expected_uncertainty(
    result: MatchResult,
    errors: UncertaintyMap,
    correlated: CorrelatedNoise,
    progress: Progress = SILENT,
) -> Expectation | None:
    """Return what the 95 % quantile of the error map is when there is nothing but noise.

    The jackknife of a spline is made of noise; the covariance of the others is scaled by the
    scatter of their residuals, whose distribution is known.
    """
    carriers = _carrier_errors(result, correlated)
    if carriers is None:
        return None
    if errors.kind == "folds":
        rng = np.random.default_rng(_SEED)
        found = []
        for _ in range(_FOLD_DRAWS):
            noise = carriers * rng.standard_normal(carriers.shape)
            made = fold_scatter(result, noise, errors.y, errors.x, progress)
            known = made[np.isfinite(made)]
            found.append(float(np.quantile(known, 0.95)) if known.size else math.nan)
        return Expectation(float(np.mean(found)), float(np.std(found, ddof=1)))
    cells = result.carriers
    freedom = np.count_nonzero(np.isfinite(carriers)) - (
        result.fit.smooth.freedom
        if result.fit.smooth is not None
        else (result.used_order + 1) * (result.used_order + 2) / 2  # type: ignore[operator]
    )
    side = math.sqrt(float(np.median(np.diff(cells.y_edges)) * np.median(np.diff(cells.x_edges))))
    factor = math.sqrt(correlated.at(side))
    base = errors.quantile(0.95) / errors.factor
    if not math.isfinite(base):
        return None
    relative = math.hypot(1.0 / math.sqrt(2.0 * max(freedom, 1.0)), 0.5 * correlated.relative_error)
    return Expectation(base * factor, base * factor * relative)


def expected_held_out(
    result: MatchResult,
    yardstick: Yardstick,
    correlated: CorrelatedNoise,
    progress: Progress = SILENT,
) -> Expectation | None:
    """Return the held-out score that noise alone gives, in unit squared.

    The fit is made of noise without what each fold holds out; its mean square in the tiles of the
    fold is the expectation, with the part of correlated noise that the score does not take off.
    The error is what an error of F does to that noise; the scatter that of the tiles' noise, where
    as few of them were judged as a sweep of a large image does.
    """
    errors = _carrier_errors(result, correlated)
    if errors is None:
        return None
    rng = np.random.default_rng(_SEED)
    carriers = result.carriers
    on = yardstick.judged
    inner = yardstick.tile * math.sqrt(yardstick.inner_share)
    larger = correlated.at(inner) / yardstick.noise_factor
    total = scatter = 0.0
    for held in range(yardstick.rounds):
        progress.step()
        out = yardstick.fold == held
        if not (out & on).any():
            continue
        kept = _kept_share(carriers.y_edges, carriers.x_edges, yardstick, out)
        with np.errstate(divide="ignore"):
            loose = np.where(kept > 1e-6, errors / np.sqrt(np.maximum(kept, 1e-6)), np.nan)
        noise = loose * rng.standard_normal((_HELD_OUT_DRAWS, *loose.shape))
        made = noise_fits(result, noise, yardstick.y, yardstick.x, progress)
        square = np.mean(made * made, axis=0)
        total += float(np.nansum((yardstick.weights * square)[out & on]))
        # of (noise - model)^2, the two being independent where a tile was held out
        noise2 = yardstick.errors**2 * larger
        parts = yardstick.weights**2 * (2.0 * noise2**2 + 4.0 * noise2 * square)
        scatter += float(np.nansum(parts[out & on]))
    missed = (larger - 1.0) * yardstick.noise**2
    weight = float(yardstick.weights[on].sum())
    mean = total / weight + missed
    return Expectation(
        mean,
        correlated.relative_error * (yardstick.noise**2 + missed),
        _FEWER_ROUNDS * math.sqrt(scatter) / weight,
    )


def _kept_share(
    y_edges: NDArray[np.intp],
    x_edges: NDArray[np.intp],
    yardstick: Yardstick,
    out: NDArray[np.bool_],
) -> Array:
    """Return the share of each block that the tiles which are held out leave."""
    rows, columns = (
        _overlap(ours, theirs)
        for ours, theirs in ((y_edges, yardstick.y_edges), (x_edges, yardstick.x_edges))
    )
    return np.asarray(rows @ (~out).astype(np.float64) @ columns.T)


def _overlap(ours: NDArray[np.intp], theirs: NDArray[np.intp]) -> Array:
    """Return the share of each of our intervals that each of theirs covers."""
    low = np.maximum(ours[:-1, None], theirs[None, :-1])
    high = np.minimum(ours[1:, None], theirs[None, 1:])
    return np.maximum(high - low, 0) / np.diff(ours)[:, None].astype(np.float64)
