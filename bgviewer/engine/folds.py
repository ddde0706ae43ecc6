"""Cells of the pixels that a fold leaves, and models fitted to them.

One reading of the pixels serves every binSize and fold: moments are taken on the common refinement
of tiles and cells, and what a fold holds out is left out when they are joined.  For clipped means
the pixels that stand out of their tile are left out before; a match clips within its cells, which
differs from that where the sky varies over a cell by more than its noise, and there neither is a
good model.  Medians are taken anew of the pixels that remain.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands
from bgviewer.engine.blocks import BlockMoments, Edges, block_moments
from bgviewer.engine.cells import Cells, cell_count, cell_edges
from bgviewer.engine.chebyshev import ChebyshevModel, along, summed_products, term_count, terms
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.difference import Difference
from bgviewer.engine.fitting import Fit, Model
from bgviewer.engine.gridding import form_cells
from bgviewer.engine.holdout import Yardstick
from bgviewer.engine.penalised_spline import SmoothFit, SmoothSystem, smooth_tiles
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.spline import SplineModel
from bgviewer.engine.tiles import CLIPPED, tile_edges
from bgviewer.errors import FitError

__all__ = ["FoldModels", "FoldSums", "predict", "smooth_predictions"]

Array = NDArray[np.float64]
_PILOT_TILES = 4  # tiles per side of a cell of the pilot surface


@dataclass(frozen=True, eq=False)
class FoldSums:
    """Moments on the common refinement of the tiles and of the cells of several bin sizes.

    Attributes
    ----------
    yardstick : Yardstick
    difference : Difference
    y_edges, x_edges : ndarray of int
        Edges of the pieces.
    moments : BlockMoments
        Of each piece.
    fold : ndarray of int
        Fold of each piece.
    pilot : ndarray float64
        A smooth surface read at each piece: only its slope within a cell is used, to bring the
        value of a cell that has lost a tile back to the middle of all its pixels.
    level : float
        Mean of all pixels.
    corners : dict
        Sums of each fold, as they were needed.
    """

    yardstick: Yardstick
    difference: Difference
    y_edges: Edges
    x_edges: Edges
    moments: BlockMoments
    fold: NDArray[np.intp]
    pilot: Array
    level: float
    corners: dict[int | None, Array] = field(default_factory=dict)

    @classmethod
    def take(
        cls,
        difference: Difference,
        yardstick: Yardstick,
        bin_sizes: Iterable[int],
        progress: Progress = SILENT,
        *,
        smooth: int = 0,
        clip: float | None = None,
        threads: int | None = None,
    ) -> FoldSums:
        """Read the pixels once for all bin sizes.

        Parameters
        ----------
        smooth : int
            Side of the tiles of a P-spline that are wanted too; 0 = none.
        clip : float, optional
            Standard deviations from their tile beyond which pixels are left out.
        """
        sizes = sorted(set(bin_sizes))
        values = difference.values
        if clip is not None:
            values = _clipped(values, yardstick, clip, progress, threads)
        edges: list[Edges] = []
        for side, tiles in zip(
            difference.shape, (yardstick.y_edges, yardstick.x_edges), strict=True
        ):
            parts = [tiles, *(cell_edges(side, cell_count(side, size)) for size in sizes)]
            parts += [tile_edges(difference.shape, smooth)[len(edges)]] if smooth else []
            edges.append(np.unique(np.concatenate(parts)).astype(np.intp))
        y_edges, x_edges = edges
        moments = block_moments(values, y_edges, x_edges, progress=progress, threads=threads)
        of_y = np.searchsorted(yardstick.y_edges, y_edges[:-1], side="right") - 1
        of_x = np.searchsorted(yardstick.x_edges, x_edges[:-1], side="right") - 1
        fold = yardstick.fold[np.ix_(of_y, of_x)]
        pilot = _pilot(difference, yardstick, moments, y_edges, x_edges)
        some = moments.n > 0
        level = (
            float(np.average(moments.mean[some], weights=moments.n[some])) if some.any() else 0.0
        )
        return cls(yardstick, difference, y_edges, x_edges, moments, fold, pilot, level)

    def cells(
        self,
        config: MatchConfig,
        full: Cells,
        held: int | None,
        values: NDArray[np.float32] | None = None,
        progress: Progress = SILENT,
        *,
        threads: int | None = None,
    ) -> Cells:
        """Return the cells of what fold `held` leaves (None: all), on the grid of `full`.

        Parameters
        ----------
        values : ndarray float32 [ny, nx], optional
            The difference `without` that fold, for a statistic that is not made of moments.
        """
        joined, shift = self._left(full.y_edges, full.x_edges, held)
        if values is None:
            with np.errstate(invalid="ignore", divide="ignore"):
                errors = np.sqrt(joined.variance / joined.n)
            return _with(full, joined.mean + shift, errors, joined.n)
        ny, nx = full.shape
        taken = form_cells(
            values,
            nx,
            ny,
            config.grid_statistic,
            config.num_sigma_clip,
            config.num_iter,
            full.xy0,
            progress=progress,
            threads=threads,
        )
        return _with(full, taken.values + shift, taken.errors, taken.counts)

    def _left(self, y_edges: Edges, x_edges: Edges, held: int | None) -> tuple[BlockMoments, Array]:
        """Return moments of what a fold leaves, and what brings means back to all pixels."""
        at = tuple(
            np.searchsorted(mine, wanted)
            for mine, wanted in ((self.y_edges, y_edges), (self.x_edges, x_edges))
        )
        grid = at[0][:, None], at[1]
        n, first, second, pilot = _within(self._sums(held)[:, *grid])
        every, whole = _within(self._sums(None)[[0, 3]][:, *grid])
        n, every = np.rint(n), np.rint(every)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(n > 0, first / n, np.nan)
            m2 = np.where(n > 0, np.maximum(second - first * mean, 0.0), 0.0)
            shift = whole / every - pilot / n
        return BlockMoments(n.astype(np.int64), mean + self.level, m2), shift

    def _sums(self, held: int | None) -> Array:
        """Return sums over all pieces below and left of every corner of the pieces, for a fold.

        Of pixels, of what is above `level`, of its squares and of the pilot: [4, y + 1, x + 1].
        """
        if held not in self.corners:
            m = self.moments
            n = np.where(self.fold != (-1 if held is None else held), m.n, 0).astype(np.float64)
            some = n > 0
            off = np.where(some, m.mean - self.level, 0.0)
            squares = np.where(some, m.m2, 0.0) + n * off * off
            sums = np.zeros((4, n.shape[0] + 1, n.shape[1] + 1))
            for k, plane in enumerate((n, n * off, squares, n * self.pilot)):
                np.cumsum(np.cumsum(plane, axis=0), axis=1, out=sums[k, 1:, 1:])
            self.corners[held] = sums
        return self.corners[held]

    def smooth_system(self, whole: SmoothSystem, held: int) -> SmoothSystem:
        """Return the equations of a P-spline for the pixels that fold `held` leaves of its tiles.

        Their weights are those of `whole`, by the share of pixels that is left.
        """
        data = whole.data
        left, shift = self._left(*data.edges, held)
        every, _ = self._left(*data.edges, None)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(left.n > 0, left.n / every.n, 0.0)
        values = np.where(share > 0, left.mean + shift, np.nan)
        weights = np.where(np.isfinite(values), whole.weights * share, 0.0)
        return SmoothSystem(replace(data, values=values), whole.order, weights)

    def without(self, held: int) -> NDArray[np.float32]:
        """Return the difference with the tiles of a fold made NaN."""
        return _without(self.difference.values, self.yardstick, held)


def _within(corners: Array) -> Array:
    """Return the sums within blocks from those below and left of their corners."""
    return np.asarray(np.diff(np.diff(corners, axis=-2), axis=-1))


def _clipped(
    pixels: NDArray[np.float32],
    yardstick: Yardstick,
    clip: float,
    progress: Progress,
    threads: int | None,
) -> NDArray[np.float32]:
    """Return the pixels with NaN where they stand out of their tile; unknown tiles stay."""
    y = yardstick
    known = np.isfinite(y.errors)
    scatter = y.errors * np.sqrt(y.counts / (CLIPPED * y.noise_factor))
    centres = np.where(known, y.values, 0.0).astype(np.float32)
    reach = np.where(known, clip * scatter, np.inf).astype(np.float32)
    widths, out = np.diff(y.x_edges), np.empty_like(pixels)

    def one(row: int) -> None:
        rows = slice(int(y.y_edges[row]), int(y.y_edges[row + 1]))
        part, centre = pixels[rows], np.repeat(centres[row], widths)
        with np.errstate(invalid="ignore"):
            off = np.abs(part - centre) > np.repeat(reach[row], widths)
        out[rows] = part
        out[rows][off] = np.nan

    map_bands(one, range(len(centres)), progress=progress, threads=threads)
    return out


def _without(pixels: NDArray[np.float32], yardstick: Yardstick, held: int) -> NDArray[np.float32]:
    values = pixels.copy()
    y_edges, widths = yardstick.y_edges, np.diff(yardstick.x_edges)
    for row, folds in enumerate(yardstick.fold):
        columns = np.repeat(folds == held, widths)
        values[y_edges[row] : y_edges[row + 1], columns] = np.nan
    return values


def _with(
    full: Cells, values: Array, errors: NDArray[np.floating[Any]], counts: NDArray[np.int64]
) -> Cells:
    with np.errstate(over="ignore"):
        return replace(
            full,
            values=np.asarray(values, dtype=np.float32),
            errors=np.asarray(errors, dtype=np.float32),
            counts=counts,
        )


def _pilot(
    difference: Difference,
    yardstick: Yardstick,
    moments: BlockMoments,
    y_edges: Edges,
    x_edges: Edges,
) -> Array:
    """Return a natural spline through cells of a few tiles, read at the middle of every piece."""
    cuts = [e[np.unique(np.append(np.arange(0, len(e) - 1, _PILOT_TILES), len(e) - 1))]
            for e in (yardstick.y_edges, yardstick.x_edges)]  # fmt: skip
    starts = [
        np.searchsorted(mine, c[:-1]) for mine, c in zip((y_edges, x_edges), cuts, strict=True)
    ]
    joined = moments.merged(*starts)
    cells = Cells(
        values=joined.mean.astype(np.float32),
        errors=np.zeros(joined.mean.shape, dtype=np.float32),
        counts=joined.n,
        y_edges=cuts[0],
        x_edges=cuts[1],
    )
    model = SplineModel.fit(cells, "NATURAL_SPLINE", "REDUCE_INTERP_ORDER", difference.shape)
    y, x = (0.5 * (e[:-1] + e[1:] - 1) for e in (y_edges, x_edges))
    return np.nan_to_num(model.render(y=y, x=x, threads=1).astype(np.float64))


class FoldModels:
    """Models fitted to the cells of each fold, of all styles and orders on one grid of cells.

    The normal equations of a low order are the corner of those of a higher one, so that every
    order is solved from one set per fold.

    Parameters
    ----------
    cells : list of Cells
        Of each fold.
    shape : (int, int)
        ``(ny, nx)`` of the image.
    highest_order : int
        Of the polynomials.
    full : Cells
        Of all pixels.
    """

    def __init__(
        self, cells: list[Cells], shape: tuple[int, int], highest_order: int, full: Cells
    ) -> None:
        self._cells, self._shape, self._highest = cells, shape, highest_order
        self._full = full
        self._normal: dict[tuple[int, bool], tuple[Array, Array, int]] = {}
        self._design: Array | None = None

    def prepare(self, weighting: bool, progress: Progress = SILENT) -> None:
        """Set up the normal equations of every fold; the BLAS brings its own threads."""
        for held in range(len(self._cells)):
            self._equations(held, weighting)
            progress.step()

    def fit(self, held: int, config: MatchConfig, whole: Fit) -> Model:
        """Fit as `whole` was fitted (its order and weighting) to what fold `held` leaves.

        Raises
        ------
        FitError, UndersampledError
        """
        cells = self._cells[held]
        if whole.used_order is None:
            # held-out tiles may take whole cells away: lines bridge them as they bridge gaps
            style = whole.used_interp_style or config.interp_style
            if cells.dy is not None and isinstance(whole.model, SplineModel):
                # values of folds are those of all the cell's pixels, so is their way to its middle
                way = whole.model.cells.values - self._full.values
                cells = replace(cells.at_middles(), values=cells.values + way)
            return SplineModel.fit(cells, style, "REDUCE_INTERP_ORDER", self._shape)
        order, weighting = whole.used_order, bool(whole.used_weighting)
        if config.inverse_variance_weighting or order > self._highest:
            return ChebyshevModel.fit(
                cells,
                order,
                weighting,
                self._shape,
                inverse_variance=config.inverse_variance_weighting,
            )
        matrix, right, fitted = self._equations(held, weighting)
        count = term_count(order)
        if fitted < count:
            raise FitError(f"{fitted} cells are left for {count} terms when tiles are held out")
        try:
            solution = np.asarray(
                np.linalg.solve(matrix[:count, :count], right[:count]), dtype=np.float64
            )
        except np.linalg.LinAlgError as error:
            raise FitError("the cells left do not determine the polynomial") from error
        return ChebyshevModel(solution, order, self._shape, np.nan, fitted)

    def _equations(self, held: int, weighting: bool) -> tuple[Array, Array, int]:
        key = (held, weighting)
        if key not in self._normal:
            cells = self._cells[held]
            values = cells.values.astype(np.float64).ravel()
            with np.errstate(divide="ignore", invalid="ignore"):
                weights = 1.0 / cells.errors.astype(np.float64).ravel()
            weights = weights if weighting else np.ones_like(values)
            usable = np.isfinite(values + weights)
            weights, values = np.where(usable, weights, 0.0), np.where(usable, values, 0.0)
            design = self._terms()
            weighted = design * weights[:, None]
            self._normal[key] = (
                summed_products(weighted, design),
                summed_products(weighted, values[:, None])[:, 0],
                int(np.count_nonzero(usable)),
            )
        return self._normal[key]

    def _terms(self) -> Array:
        if self._design is None:
            (ny, nx), cells, order = self._shape, self._cells[0], self._highest
            y, x = np.broadcast_arrays(cells.y_local[:, None], cells.x_local)
            if cells.dy is not None and cells.dx is not None:
                y, x = y + cells.dy, x + cells.dx
                vy, vx = along(order, ny, y.ravel()), along(order, nx, x.ravel())
                self._design = np.stack([vy[:, b] * vx[:, a] for a, b in terms(order)], axis=1)
            else:
                vy, vx = along(order, ny, y[:, 0]), along(order, nx, x[0])
                self._design = np.stack(
                    [np.outer(vy[:, b], vx[:, a]).ravel() for a, b in terms(order)], axis=1
                )
        return self._design


def smooth_predictions(
    whole: SmoothFit,
    difference: Difference,
    yardstick: Yardstick,
    progress: Progress = SILENT,
    *,
    sums: FoldSums | None = None,
    threads: int | None = None,
) -> Array:
    """Predict every tile of the yardstick with a P-spline fitted to the other folds' pixels.

    Smoothing and weights are those of the fit to all pixels; tiles of its own that touch what a
    fold holds out are left out, or measured anew where they are too large for that.

    Parameters
    ----------
    whole : SmoothFit
        The fit to all pixels, `Fit.smooth`.
    sums : FoldSums, optional
        Clipped, and taken with the side of its tiles: what is measured anew comes from them.

    Returns
    -------
    float64 array [ty, tx]

    Raises
    ------
    FitError
        Too few tiles are left.
    """
    system, data = whole.system, whole.system.data
    ours, theirs = data.edges, (yardstick.y_edges, yardstick.x_edges)
    alike = all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    predictions = np.full(yardstick.values.shape, np.nan)
    for held in range(yardstick.rounds):
        out = yardstick.fold == held
        if alike:
            touched = out
        else:
            rows, columns = (_overlaps(a, b) for a, b in zip(ours, theirs, strict=True))
            touched = (rows @ out @ columns.T) > 0
        if sums is not None and not alike:
            left = sums.smooth_system(system, held)
        elif not alike and data.side > yardstick.tile:
            values = _without(difference.values, yardstick, held)
            rest = smooth_tiles(values, data.side, progress, threads=threads)
            left = SmoothSystem(rest, system.order, rest.weights * (system.weights > 0))
        else:
            left = SmoothSystem(data, system.order, np.where(touched, 0.0, system.weights))
        amplitudes = left.solve(whole.smoothing, whole.amplitudes, progress=progress)
        predictions[out] = left.surfaces(amplitudes, yardstick.y, yardstick.x)[out]
    return predictions


def _overlaps(ours: Edges, theirs: Edges) -> Array:
    """Return 1 where an interval of ours overlaps one of theirs: [ours, theirs]."""
    low = np.maximum(ours[:-1, None], theirs[None, :-1])
    high = np.minimum(ours[1:, None], theirs[None, 1:])
    return (low < high).astype(np.float64)


def predict(model: Model, yardstick: Yardstick) -> Array:
    """Read a model at the middle of every tile [ty, tx]; NaN in rows that are not looked at."""
    rows = yardstick.rows
    if len(rows) == len(yardstick.values):
        return model.render(y=yardstick.y, x=yardstick.x, threads=1).astype(np.float64)
    found = np.full(yardstick.values.shape, np.nan)
    found[rows] = model.render(y=yardstick.y[rows], x=yardstick.x, threads=1)
    return found
