"""Held-out tiles: one fixed yardstick on which settings of a match are compared.

The image is cut into tiles; every tile belongs to one of K folds.  A model that was fitted to the
pixels of the other folds is read at the tiles of this one and compared with their robust means.
The mean squared difference, less what the tiles' own noise explains, estimates how far the model
is from the true smooth difference.  It neither falls with every finer model, as residuals of the
fit do, nor drowns in pixel noise, as matchedMSE does.

What it protects against: following the noise of the pixels, also where resampling has correlated
it over a few pixels (judged pixels keep `margin` from those that were fitted); missing structure
as small as a few tiles; single bad tiles (clipped means, and tiles unlike all their neighbours
are not judged).

What it does not: light wider than a tile that belongs to neither sky (halos, unmasked galaxies)
is in fitted and judged tiles alike and counts as sky; so does noise correlated over more than a
tile; and interleaved tiles say nothing of what a model does in gaps larger than a tile or beyond
the data.  Any smooth difference counts, whatever its origin: a sky added to real exposures is not
the whole truth for this score.  The noise taken off is the same for all settings of a pair: an
error in it shifts every score alike and changes no choice.
For gaps there is the mode "blocks", which leaves out contiguous blocks of tiles: it
judges interpolation, favours stiffer models and does not say which is best where data are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.difference import Difference
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.tiles import measure_tiles, tile_edges
from bgviewer.errors import ConfigError, NoOverlapError

__all__ = [
    "MODES",
    "HoldOut",
    "Yardstick",
    "lay_yardstick",
]

Array = NDArray[np.float64]
Edges = NDArray[np.intp]

MODES = ("tiles", "blocks")
_TILES_PER_SIDE = 16  # at least, so that there are blocks to take errors from
_BLOCKS_PER_SIDE = 8
_FOREIGN = 6.0  # sigmas from its neighbours at which a tile is not judged
_LEAST_SHARE = 0.25  # of a tile's pixels that must be good
_MEDIAN_CHI2 = 0.4549364  # of one degree of freedom
_FACTOR_ERROR = 3.0  # relative error of the noise factor, times the root of the contrasts
_MEDIAN_LEAST = 0.25  # about the median of the least such distance in pure noise, in sigmas
_STEP = {2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 2, 8: 3, 9: 2, 10: 3}


@dataclass(frozen=True)
class HoldOut:
    """How pixels are held out.

    Attributes
    ----------
    tile : int or None
        Side of the tiles in pixels; should be larger than stars and the correlation of the
        noise, and at most half the smallest binSize.  None = 16, less on images below 256.
    folds : int
        2 to 10: one part in so many is held out at a time.
    rounds : int or None
        How many of the folds are held out and judged; None = all.
    every : int
        Models are read in every so many-th row of tiles, and judged there only.
    mode : {"tiles", "blocks"}
        Interleaved tiles, or contiguous blocks of tiles.
    block : int
        Tiles per side of such a block.
    margin : int
        Pixels along each border of a tile that are not judged.

    Raises
    ------
    ConfigError
    """

    tile: int | None = None
    folds: int = 5
    mode: str = "tiles"
    block: int = 8
    margin: int = 1
    rounds: int | None = None
    every: int = 1

    def __post_init__(self) -> None:
        checks = (
            ("tile", self.tile is None or self.tile >= 4, "must be at least 4 pixels"),
            ("folds", self.folds in _STEP, f"must be {min(_STEP)} to {max(_STEP)}"),
            ("mode", self.mode in MODES, f"must be one of {', '.join(MODES)}"),
            ("block", self.block >= 2, "must be at least 2 tiles"),
            ("margin", self.margin >= 0, "must not be negative"),
            ("every", self.every >= 1, "must be at least 1"),
            (
                "rounds",
                self.rounds is None or 1 <= self.rounds <= self.folds,
                f"must be 1 to {self.folds}",
            ),
        )
        for name, fine, text in checks:
            if not fine:
                value = getattr(self, name)
                raise ConfigError(f"{name} = {value!r} {text}", field=name, value=value)

    def tile_for(self, shape: tuple[int, int], largest: int = 16) -> int:
        """Return the side of the tiles on an image ``(ny, nx)``, `largest` at most."""
        return self.tile or max(4, min(16, largest, min(shape) // _TILES_PER_SIDE))

    def fold_of(self, ny: int, nx: int) -> NDArray[np.intp]:
        """Return which fold each of ny x nx tiles belongs to.

        Along a row the folds take turns, and each row begins further on, so that the tiles of
        one fold lie like knight's moves and no two of them touch along a side.
        """
        size = self.block if self.mode == "blocks" else 1
        rows, columns = np.arange(ny) // size, np.arange(nx) // size
        return np.asarray((columns[None, :] + _STEP[self.folds] * rows[:, None]) % self.folds)


@dataclass(frozen=True, eq=False)
class Yardstick:
    """The judged tiles of a difference image; the same for all settings.

    Attributes
    ----------
    hold_out : HoldOut
    tile : int
        Wanted side in pixels; tiles are nearly equal shares of the image.
    y_edges, x_edges : ndarray of int
        Edges of the tiles in local pixels.
    fold : ndarray of int [ty, tx]
    values, errors : ndarray float64 [ty, tx]
        Clipped mean of the tile's good pixels and its standard error (with `noise_factor`).
    weights : ndarray float64 [ty, tx]
        Good pixels, less where pixels scatter more than in the median tile; 0 = not judged.
    block : ndarray of int [ty, tx]
        Group of neighbouring tiles; standard errors are taken from the scatter of groups.
    noise_factor : float
        Variance of the tiles' means over that of uncorrelated pixels (1 unless clearly above).
    n_foreign : int
        Tiles that are not judged because they are unlike their neighbours.
    rounds : int
        Folds that are judged: 0 to rounds - 1.
    counts : ndarray of int [ty, tx]
        Good pixels within the margins.
    noise_factor_error : float
        Standard error of `noise_factor`, whether or not it was found to be above 1.
    inner_share : float
        Share of a tile's pixels that lie within its margins.
    dy, dx : ndarray float64 [ty, tx]
        How far the centroid of the pixels that `values` are made of lies from the tile's middle.
    """

    hold_out: HoldOut
    tile: int
    y_edges: Edges
    x_edges: Edges
    fold: NDArray[np.intp]
    values: Array
    errors: Array
    weights: Array
    block: NDArray[np.intp]
    noise_factor: float
    n_foreign: int
    rounds: int
    counts: NDArray[np.int64]
    noise_factor_error: float
    inner_share: float
    dy: Array
    dx: Array

    @property
    def x(self) -> Array:
        """Centres of the columns of tiles in local pixels."""
        return np.asarray(0.5 * (self.x_edges[:-1] + self.x_edges[1:] - 1), dtype=np.float64)

    @property
    def y(self) -> Array:
        """Centres of the rows of tiles in local pixels."""
        return np.asarray(0.5 * (self.y_edges[:-1] + self.y_edges[1:] - 1), dtype=np.float64)

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """Rows of tiles that models are read in."""
        return np.arange(0, len(self.weights), self.hold_out.every)

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """Which tiles count."""
        return np.asarray(self.weights > 0)

    @cached_property
    def picked(self) -> tuple[NDArray[np.intp], Array, Array, Array]:
        """Flat places of the judged tiles, with values, squared errors and weights."""
        places = np.flatnonzero(self.weights > 0)
        picked = (a.ravel()[places] for a in (self.values, self.errors**2, self.weights))
        values, squares, weights = picked
        return places, values, squares, weights

    @cached_property
    def held(self) -> tuple[NDArray[np.intp], ...]:
        """Flat places of the judged tiles of each fold that is held out."""
        fold = self.fold.ravel()
        return tuple(self.picked[0][fold[self.picked[0]] == k] for k in range(self.rounds))

    @cached_property
    def groups(self) -> tuple[NDArray[np.intp], Array]:
        """Group of every judged tile, numbered without gaps, and the weight of every group."""
        _, member = np.unique(self.block[self.judged], return_inverse=True)
        return member, np.bincount(member, self.weights[self.judged]).astype(np.float64)

    @property
    def n_judged(self) -> int:
        """Number of tiles that count."""
        return int(np.count_nonzero(self.judged))

    @property
    def noise(self) -> float:
        """Root mean square of what the tiles' own noise adds to a difference from the truth."""
        on = self.judged
        return math.sqrt(float(np.average(self.errors[on] ** 2, weights=self.weights[on])))


def lay_yardstick(
    difference: Difference,
    hold_out: HoldOut | None = None,
    progress: Progress = SILENT,
    *,
    largest: int = 16,
    threads: int | None = None,
) -> Yardstick:
    """Measure the tiles of a difference.

    Parameters
    ----------
    largest : int
        Side that tiles have at most where `hold_out` does not say it: half the smallest bin.

    Raises
    ------
    NoOverlapError
        When fewer than two groups of tiles can be judged.
    """
    hold_out = hold_out or HoldOut()
    ny, nx = difference.shape
    tile = hold_out.tile_for((ny, nx), largest)
    y_edges, x_edges = tile_edges((ny, nx), tile)
    margin = min(hold_out.margin, (tile - 1) // 4)
    tiles = measure_tiles(
        difference.values, y_edges, x_edges, margin, progress, centroids=True, threads=threads
    )
    assert tiles.dy is not None and tiles.dx is not None
    n, values, variance = tiles.n, tiles.values, tiles.variance
    known = tiles.known(_LEAST_SHARE)
    errors = tiles.errors(known)
    with np.errstate(invalid="ignore", divide="ignore"):
        floor = np.median(variance[known]) if known.any() else np.nan
        weights = np.where(known, n * (floor / np.maximum(variance, floor)), 0.0)
        weights = np.where(known & ~(weights > 0), n, weights)  # nothing scatters anywhere
    factor, factor_error = _noise_factor(values, errors)
    errors = errors * math.sqrt(factor)
    foreign = _foreign(np.where(known, values, np.nan), errors)
    weights[foreign] = 0.0
    fold = hold_out.fold_of(len(values), values.shape[1])
    rounds = hold_out.rounds or hold_out.folds
    weights[fold >= rounds] = 0.0
    weights[np.arange(len(weights)) % hold_out.every > 0] = 0.0
    block = _blocks_of(len(values), values.shape[1], hold_out)
    if len(np.unique(block[weights > 0])) < 2:
        raise NoOverlapError(
            "too few tiles have good pixels in both exposures: there is nothing to judge by"
        )
    return Yardstick(
        hold_out,
        tile,
        y_edges,
        x_edges,
        fold,
        values,
        errors,
        weights,
        block,
        factor,
        int(np.count_nonzero(foreign)),
        rounds,
        n,
        factor_error,
        float(tiles.area.sum()) / (ny * nx),
        tiles.dy,
        tiles.dx,
    )


def _noise_factor(values: Array, errors: Array) -> tuple[float, float]:
    """Compare the contrast within squares of 2 x 2 tiles with what their errors explain.

    A smooth sky cancels in it; a median forgives squares with sources or edges.  Squares overlap.

    Returns
    -------
    factor, error : float
        The factor is 1 where it is not above that by three of its standard errors.
    """

    def contrasts(a: Array, sign: int) -> Array:
        return a[:-1, :-1] + a[1:, 1:] + sign * (a[1:, :-1] + a[:-1, 1:])

    contrast, expected = contrasts(values, -1), contrasts(errors * errors, 1)
    usable = np.isfinite(contrast) & (expected > 0)
    count = int(np.count_nonzero(usable))
    if count < 16:
        return 1.0, 1.0
    factor = float(np.median(contrast[usable] ** 2 / expected[usable])) / _MEDIAN_CHI2
    error = _FACTOR_ERROR * max(factor, 1.0) / math.sqrt(count)
    return (factor if factor > 1.0 + 3.0 * error else 1.0), error


def _foreign(values: Array, errors: Array) -> NDArray[np.bool_]:
    """Tell which tiles stand out against every pair of opposite neighbours, far more than usual.

    A slope is no reason, as the mean of two opposite neighbours follows it; nor is an edge, as
    one pair lies along it.
    """
    ny, nx = values.shape
    padded = np.pad(values, 1, constant_values=np.nan)

    def shifted(j: int, i: int) -> Array:
        return padded[1 + j : 1 + j + ny, 1 + i : 1 + i + nx]

    apart = np.full(values.shape, np.inf)
    for j, i in ((0, 1), (1, 0), (1, 1), (1, -1)):
        between = 0.5 * (shifted(j, i) + shifted(-j, -i))
        apart = np.fmin(apart, np.abs(values - between))
    with np.errstate(invalid="ignore", divide="ignore"):
        pulls = apart / errors
    usable = np.isfinite(pulls)
    if not usable.any():
        return np.zeros(values.shape, dtype=bool)
    usual = max(1.0, float(np.median(pulls[usable])) / _MEDIAN_LEAST)
    return np.asarray(usable & (pulls > _FOREIGN * usual))


def _blocks_of(ny: int, nx: int, hold_out: HoldOut) -> NDArray[np.intp]:
    """Number groups of neighbouring tiles; blocks that are left out whole stay together."""
    if hold_out.mode == "blocks":
        rows, columns = np.arange(ny) // hold_out.block, np.arange(nx) // hold_out.block
    else:
        ry, rx = (max(1, min(_BLOCKS_PER_SIDE, s // 2)) for s in (ny, nx))
        rows, columns = np.arange(ny) * ry // ny, np.arange(nx) * rx // nx
    return np.asarray(rows[:, None] * (int(columns[-1]) + 1) + columns[None, :])
