"""Blocks that judge a fit without favour, and what pure noise would do to them.

A polynomial is judged by the bins.  A spline passes through its cells, so that its bins cannot
say anything; it is judged by the quarters of its cells.  Models are read as means over the block,
so that neither slope nor half a pixel looks like a misfit.  A P-spline is judged by its tiles, and
read at the centroids of their good pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bins import bin_edges
from bgviewer.engine.cells import Cells
from bgviewer.engine.chebyshev import FitSystem, along, products
from bgviewer.engine.fitting import Model
from bgviewer.engine.gridding import form_cells
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.penalised_spline import SmoothFit
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.spline import SplineModel
from bgviewer.engine.structure import moran_values

__all__ = ["NoiseRuns", "Probe", "block_means", "form_probe", "noise_runs", "refitted"]

Array = NDArray[np.float64]
Edges = NDArray[np.intp]

_MEDIAN = math.sqrt(0.5 * math.pi)  # error of a median over that of a mean
_FEWEST_PIXELS, _LEAST_SHARE = 8, 0.1  # good ones in a block that counts, and of all its pixels
_VALUES = 300_000  # blocks times draws of a simulation
_FEWEST, _MOST = 24, 200
_AT_ONCE = 1 << 18
_SEED = 1993


@dataclass(frozen=True, eq=False)
class Probe:
    """Blocks of the difference with the model beside them; all arrays [rows, columns].

    Attributes
    ----------
    values, errors, model : ndarray float64
        Grid statistic of the block, its standard error for independent pixels (made larger
        for few of them), and the mean of the model; NaN where it is not known.
    counts : ndarray of int
        Good pixels.
    y_edges, x_edges : ndarray of int
        Edges in local pixels.
    kind : {"bins", "quarters", "tiles"}
    """

    values: Array
    errors: Array
    model: Array
    counts: NDArray[np.int64]
    y_edges: Edges
    x_edges: Edges
    kind: str

    @property
    def pulls(self) -> Array:
        """(value - model) / error; NaN where the error is unknown or 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found = (self.values - self.model) / self.errors
        return np.where(np.isfinite(found), found, np.nan)

    @property
    def n(self) -> int:
        """Blocks that count."""
        return int(np.count_nonzero(np.isfinite(self.pulls)))


def block_means(model: Model, y_edges: Edges, x_edges: Edges) -> Array:
    """Return the mean of a model over every block, exact for cubics."""
    y, x = (_gauss(np.asarray(edges)) for edges in (y_edges, x_edges))
    at = model.render(y=y, x=x).astype(np.float64)
    return 0.25 * (at[::2, ::2] + at[1::2, ::2] + at[::2, 1::2] + at[1::2, 1::2])


def _gauss(edges: Edges) -> Array:
    """Two positions for each block whose mean is the mean over its pixel centres."""
    width = np.diff(edges).astype(np.float64)
    centre = edges[:-1] + 0.5 * (width - 1)
    away = np.sqrt((width**2 - 1) / 12.0)  # of pixel centres, not of a continuous side
    return np.stack([centre - away, centre + away], axis=1).ravel()


def form_probe(result: MatchResult, progress: Progress = SILENT) -> Probe | None:
    """Return the blocks that judge a match; None where cells are too small to be halved."""
    config, difference = result.config, result.difference
    ny, nx = difference.shape
    if result.fit.smooth is not None:
        return _of_tiles(result, result.fit.smooth)
    if result.used_order is not None:
        y_edges, x_edges = bin_edges(ny, config.bin_size), bin_edges(nx, config.bin_size)
        shape = (len(y_edges) - 1, len(x_edges) - 1)
        values, errors = np.full(shape, np.nan), np.full(shape, np.nan)
        counts = np.zeros(shape, np.int64)
        bins = result.bins
        at = (bins.bottom // config.bin_size, bins.left // config.bin_size)
        values[at], counts[at] = bins.values, bins.counts
        errors[at] = bins.errors * (_MEDIAN if config.grid_statistic == "MEDIAN" else 1.0)
        kind = "bins"
    else:
        rows, columns = result.cells.shape
        if 2 * rows > ny or 2 * columns > nx:
            return None
        quarters = form_cells(
            difference.values,
            2 * columns,
            2 * rows,
            config.grid_statistic,
            config.num_sigma_clip,
            config.num_iter,
            progress=progress,
        )
        y_edges, x_edges = quarters.y_edges, quarters.x_edges
        values, errors = quarters.values.astype(np.float64), quarters.errors.astype(np.float64)
        counts, kind = quarters.counts, "quarters"
    errors = np.where(errors > config.grid_stdev_epsilon, errors, np.nan)
    errors = errors * _known(counts, y_edges, x_edges)
    model = block_means(result.model, y_edges, x_edges)
    return Probe(values, errors, model, counts, y_edges, x_edges, kind)


def _of_tiles(result: MatchResult, smooth: SmoothFit) -> Probe:
    tiles = result.carriers
    y_edges, x_edges = tiles.y_edges, tiles.x_edges
    errors = tiles.errors.astype(np.float64)
    errors = np.where(errors > result.config.grid_stdev_epsilon, errors, np.nan)
    return Probe(
        smooth.system.data.values,
        errors * _known(tiles.counts, y_edges, x_edges),
        smooth.system.evaluated(smooth.amplitudes),
        tiles.counts,
        y_edges,
        x_edges,
        "tiles",
    )


def _known(counts: NDArray[np.int64], y_edges: Edges, x_edges: Edges) -> Array:
    """Return what errors have to be multiplied with, so that pulls have the variance 1.

    An error from the scatter of n pixels makes the pull a Student's t with the variance
    (n - 1) / (n - 3).  NaN where there are too few pixels.
    """
    pixels = np.diff(y_edges)[:, None] * np.diff(x_edges)[None, :]
    enough = (counts >= _FEWEST_PIXELS) & (counts >= _LEAST_SHARE * pixels)
    n = np.where(enough, counts, _FEWEST_PIXELS).astype(np.float64)
    return np.where(enough, np.sqrt((n - 1.0) / (n - 3.0)), np.nan)


def refitted(result: MatchResult, values: Array) -> Model:
    """Return the spline of a match through other values of its cells, never refusing a line."""
    model = result.model
    assert isinstance(model, SplineModel)
    cells = result.cells
    other = Cells(
        values=values,  # type: ignore[arg-type]  # float64: a faint change must not be rounded
        errors=cells.errors,
        counts=cells.counts,
        x_edges=cells.x_edges,
        y_edges=cells.y_edges,
        xy0=cells.xy0,
        dy=cells.dy,
        dx=cells.dx,
    )
    made = SplineModel(other, model.style, "REDUCE_INTERP_ORDER", model.shape)
    return made.through_centroids()


@dataclass(frozen=True)
class NoiseRuns:
    """Figures of a `Probe` when the difference is the model and independent noise, no more.

    Attributes
    ----------
    chi_square, chi_square_error : float
        Mean and standard deviation of the mean squared pull.
    moran, moran_error : float
        The same of Moran's I of the pulls.
    draws : int
    """

    chi_square: float
    chi_square_error: float
    moran: float
    moran_error: float
    draws: int


def noise_runs(
    result: MatchResult, probe: Probe, progress: Progress = SILENT, *, draws: int | None = None
) -> NoiseRuns:
    """Draw noise of the blocks' errors, fit it as the match did, and look at what is left.

    What a fit takes up, and what neighbours then have in common, is so accounted for with
    weights, missing cells and curves of any kind.  The same draws every time.
    """
    number = draws or int(np.clip(_VALUES // max(probe.n, 1), _FEWEST, _MOST))
    rng = np.random.default_rng(_SEED)
    smooth = result.fit.smooth
    fine = _Fine.of(probe, result.carriers)
    left_over = None
    if smooth is not None:
        left_over = _smooth(smooth, progress)
    elif result.used_order is not None:
        left_over = _polynomial(result, probe)
    own, error = 0.0, np.zeros(())
    if probe.kind == "quarters" and result.config.grid_statistic != "MEAN":
        own, error = fine.own_share(probe, result.cells)
    usable = np.isfinite(probe.pulls)
    squares: list[Array] = []
    alike: list[Array] = []
    step = max(1, _AT_ONCE // max(fine.sigma.size, 1))
    for first in range(0, number, step):
        progress.step()
        noise = fine.sigma * rng.standard_normal((min(step, number - first), *fine.sigma.shape))
        cells, blocks = fine.cells(noise), fine.blocks(noise)
        if own > 0:
            cells = fine.loosened(cells, error, own, rng)
        if left_over is not None:
            residuals = left_over(cells, blocks)
        else:
            residuals = np.stack(
                [_spline(result, probe, c, b, progress) for c, b in zip(cells, blocks, strict=True)]
            )
        pulls = np.where(usable, residuals / probe.errors, np.nan)
        squares.append(np.nanmean(pulls * pulls, axis=(1, 2)))
        alike.append(moran_values(pulls))
    chi, likeness = np.concatenate(squares), np.concatenate(alike)
    return NoiseRuns(*_mean_and_scatter(chi), *_mean_and_scatter(likeness), number)


def _mean_and_scatter(values: Array) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if known.size < 2:
        return math.nan, math.nan
    return float(np.mean(known)), float(np.std(known, ddof=1))


def _polynomial(result: MatchResult, probe: Probe) -> Callable[[Array, Array], Array]:
    """What is left of noise [draws, ...] in cells and blocks: linear, all draws at once."""
    assert result.used_order is not None
    order, shape = result.used_order, result.difference.shape
    system = FitSystem.of(
        result.cells,
        order,
        bool(result.used_weighting),
        shape,
        inverse_variance=result.config.inverse_variance_weighting,
    )
    factors = (
        along(order, side, _gauss(edges))
        for side, edges in zip(shape, (probe.y_edges, probe.x_edges), strict=True)
    )
    mean = products(order, *(0.5 * (f[::2] + f[1::2]) for f in factors))
    inverse = np.linalg.pinv(system.matrix, hermitian=True) @ system.weighted.T

    def left_over(cells: Array, blocks: Array) -> Array:
        coefficients = cells[:, system.usable] @ inverse.T
        model = coefficients @ mean.reshape(-1, mean.shape[2]).T
        return blocks - model.reshape(blocks.shape)

    return left_over


def _smooth(smooth: SmoothFit, progress: Progress) -> Callable[[Array, Array], Array]:
    """What is left of noise [draws, ...] in the tiles: linear, all draws at once."""

    def left_over(tiles: Array, blocks: Array) -> Array:
        amplitudes = smooth.system.noise_solutions(smooth.smoothing, tiles, progress)
        return np.asarray(blocks - smooth.system.evaluated(amplitudes))

    return left_over


def _spline(
    result: MatchResult, probe: Probe, cells: Array, blocks: Array, progress: Progress
) -> Array:
    progress.step()
    values = result.cells.values.astype(np.float64)
    changed = block_means(refitted(result, values + cells), probe.y_edges, probe.x_edges)
    return probe.model + blocks - changed


@dataclass(frozen=True, eq=False)
class _Fine:
    """Common refinement of blocks and cells: noise that is drawn there serves both.

    The good pixels of a block are taken to be spread evenly over it.
    """

    sigma: Array
    counts: Array
    block_starts: tuple[Edges, Edges]
    cell_starts: tuple[Edges, Edges]

    @classmethod
    def of(cls, probe: Probe, cells: Cells) -> _Fine:
        y, x = np.union1d(probe.y_edges, cells.y_edges), np.union1d(probe.x_edges, cells.x_edges)
        row = np.searchsorted(probe.y_edges, y[:-1], side="right") - 1
        column = np.searchsorted(probe.x_edges, x[:-1], side="right") - 1
        part = np.diff(y)[:, None] * np.diff(x)[None, :]
        whole = np.diff(probe.y_edges)[:, None] * np.diff(probe.x_edges)[None, :]
        share = part / whole[np.ix_(row, column)]
        counts = share * probe.counts[np.ix_(row, column)]
        errors = np.nan_to_num(probe.errors[np.ix_(row, column)])
        with np.errstate(divide="ignore", invalid="ignore"):
            sigma = np.where(counts > 0, errors / np.sqrt(share), 0.0)
        return cls(
            sigma,
            counts,
            (np.searchsorted(y, probe.y_edges[:-1]), np.searchsorted(x, probe.x_edges[:-1])),
            (np.searchsorted(y, cells.y_edges[:-1]), np.searchsorted(x, cells.x_edges[:-1])),
        )

    def blocks(self, noise: Array) -> Array:
        return self._means(noise, self.block_starts)

    def cells(self, noise: Array) -> Array:
        return self._means(noise, self.cell_starts)

    def loosened(self, cells: Array, error: Array, own: float, rng: np.random.Generator) -> Array:
        """Let the noise of cells be not quite the mean of their quarters'.

        Of their variance, `error` squared, that mean misses the share `own`.
        """
        kept = 1.0 - 0.5 * own
        return kept * cells + math.sqrt(1.0 - kept * kept) * error * rng.standard_normal(
            cells.shape
        )

    def own_share(self, probe: Probe, cells: Cells) -> tuple[float, Array]:
        """Measure that share; a median is not the mean of medians, least of all on a slope."""
        total = _sums(self.counts[None], self.cell_starts)[0]
        square = _sums((self.counts * self.sigma)[None] ** 2, self.cell_starts)[0]
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.where(total > 0, np.sqrt(square) / total, 0.0)
            away = cells.values - self.cells(probe.values[None])[0]
            share = (away / error) ** 2
        known = share[np.isfinite(share)]
        return (min(float(np.mean(known)), 1.0) if known.size else 0.0), error

    def _means(self, noise: Array, starts: tuple[Edges, Edges]) -> Array:
        total = _sums(noise * self.counts, starts)
        count = _sums(self.counts[None], starts)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(count > 0, total / count, 0.0)


def _sums(values: Array, starts: tuple[Edges, Edges]) -> Array:
    return np.asarray(
        np.add.reduceat(np.add.reduceat(values, starts[0], axis=1), starts[1], axis=2)
    )
