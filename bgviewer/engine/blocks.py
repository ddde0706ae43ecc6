"""Statistics of the rectangular blocks of an image: the hot kernels.

Blocks are given by edges along y and x; they tile the image.  Pixels that are not good are NaN
in the image.  Work goes tile by tile through scratch that stays in cache, on threads; results do
not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands
from bgviewer.engine.bits import zeroed
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.statistics import IQR_TO_SIGMA, clipped_mean, quantiles

__all__ = ["BlockMoments", "BlockValues", "block_moments", "ordered_blocks"]

Edges = NDArray[np.intp]
Array = NDArray[np.float64]
TileLoader = Callable[[int, int, int, int], NDArray[np.float32]]

_TILE = 1 << 17  # pixels per tile: float64 scratch of 1 MB
_CANCELLED = 1e5  # sum of squares over squared deviations beyond which digits are saved
_SORTED = 1 << 12  # blocks up to this many pixels are sorted as rows of one array
_MAX_ROWS = 255  # the count of a column of a tile fits in uint8


@dataclass(frozen=True)
class BlockMoments:
    """Count, mean and sum of squared deviations of the good pixels of each block ``[by, bx]``."""

    n: NDArray[np.int64]
    mean: Array
    m2: Array

    @property
    def variance(self) -> Array:
        """Sample variance; NaN below two pixels."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.n > 1, self.m2 / (self.n - 1), np.nan)

    def merged(self, y_starts: Edges, x_starts: Edges) -> BlockMoments:
        """Join neighbouring blocks; the starts are indices into this grid of blocks."""
        out = _merge(self, y_starts, axis=0)
        return _merge(out, x_starts, axis=1)


def _merge(parts: BlockMoments, starts: Edges, axis: int) -> BlockMoments:
    length = parts.n.shape[axis]
    if len(starts) == length:
        return parts
    counts = np.diff(np.append(starts, length))
    n = np.add.reduceat(parts.n, starts, axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        weighted = np.where(parts.n > 0, parts.n * parts.mean, 0.0)
        mean = np.add.reduceat(weighted, starts, axis=axis) / n
        off = parts.mean - np.repeat(mean, counts, axis=axis)
        between = np.where(parts.n > 0, parts.n * off * off, 0.0)
    m2 = np.add.reduceat(parts.m2 + between, starts, axis=axis)
    return BlockMoments(n, mean, m2)


def block_moments(
    load: TileLoader | NDArray[np.float32],
    y_edges: Edges,
    x_edges: Edges,
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> BlockMoments:
    """Return count, mean and scatter of every block.

    Parameters
    ----------
    load : ndarray float32 [ny, nx], or callable
        The image with NaN where pixels are not good, or ``load(y0, y1, x0, x1)`` returning such
        a tile.
    y_edges, x_edges : ndarray of int
        Edges of the blocks, first 0 and last ny (nx), strictly ascending.
    """
    tile_of = _slicer(load) if isinstance(load, np.ndarray) else load
    fine_y, y_starts = _refine(y_edges, min(_MAX_ROWS, max(8, _TILE // int(x_edges[-1]))))
    fine_x, x_starts = _refine(x_edges, _TILE)
    groups = _column_groups(fine_x, _TILE // max(1, int(np.diff(fine_y).max())))

    def one(row: int) -> tuple[list[Any], list[Any], list[Any]]:
        y0, y1 = int(fine_y[row]), int(fine_y[row + 1])
        parts = []
        for a, b in groups:
            tile = tile_of(y0, y1, int(fine_x[a]), int(fine_x[b]))
            parts.append(_tile_moments(tile, fine_x[a:b] - fine_x[a]))
        n, mean, m2 = zip(*parts, strict=True)
        return list(n), list(mean), list(m2)

    rows = map_bands(one, range(len(fine_y) - 1), progress=progress, threads=threads)
    fine = BlockMoments(
        n=np.array([np.concatenate(r[0]) for r in rows], dtype=np.int64),
        mean=np.array([np.concatenate(r[1]) for r in rows]),
        m2=np.array([np.concatenate(r[2]) for r in rows]),
    )
    return fine.merged(y_starts, x_starts)


def _slicer(image: NDArray[np.float32]) -> TileLoader:
    return lambda y0, y1, x0, x1: image[y0:y1, x0:x1]


def _refine(edges: Edges, limit: int) -> tuple[Edges, Edges]:
    """Cut intervals longer than `limit`; also tell where each original one starts."""
    fine: list[int] = []
    starts: list[int] = []
    for a, b in pairwise(edges):
        starts.append(len(fine))
        pieces = -(-int(b - a) // limit)
        fine.extend(int(a) + (int(b - a) * i) // pieces for i in range(pieces))
    fine.append(int(edges[-1]))
    return np.array(fine, dtype=np.intp), np.array(starts, dtype=np.intp)


def _column_groups(edges: Edges, limit: int) -> list[tuple[int, int]]:
    """Gather neighbouring blocks so that a group spans about `limit` columns."""
    groups = []
    first = 0
    for i in range(1, len(edges)):
        if i == len(edges) - 1 or edges[i + 1] - edges[first] > limit:
            groups.append((first, i))
            first = i
    return groups


def _tile_moments(
    tile: NDArray[np.float32], starts: Edges
) -> tuple[NDArray[np.int64], Array, Array]:
    """Moments of the blocks of one tile (at most 255 rows) that start at the given columns."""
    good = tile == tile
    n = np.add.reduceat(
        np.add.reduce(good.view(np.uint8), axis=0, dtype=np.uint8).astype(np.int64), starts
    )
    d = zeroed(tile, good).astype(np.float64)
    s1 = np.add.reduceat(np.add.reduce(d, axis=0), starts)
    np.multiply(d, d, out=d)
    s2 = np.add.reduceat(np.add.reduce(d, axis=0), starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = s1 / n
        m2 = np.maximum(s2 - s1 * mean, 0.0)
    if bool((s2 > _CANCELLED * m2).any()):
        # a high level over little scatter: sums about zero lose the digits of the scatter
        mean, m2 = _centred_moments(tile, good, n, mean, starts)
    some = n > 0
    return n, np.where(some, mean, np.nan), np.where(some, m2, 0.0)


def _centred_moments(
    tile: NDArray[np.float32],
    good: NDArray[np.bool_],
    n: NDArray[np.int64],
    mean: Array,
    starts: Edges,
) -> tuple[Array, Array]:
    """Mean and squared deviations by a second pass about the mean of the first."""
    widths = np.diff(np.append(starts, tile.shape[1]))
    centres = np.repeat(np.nan_to_num(mean), widths)
    d = np.where(good, tile - centres, 0.0)
    s1 = np.add.reduceat(np.add.reduce(d, axis=0), starts)
    np.multiply(d, d, out=d)
    s2 = np.add.reduceat(np.add.reduce(d, axis=0), starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = s1 / n
        return mean + shift, np.maximum(s2 - s1 * shift, 0.0)


@dataclass(frozen=True)
class BlockValues:
    """Median or clipped mean of each block ``[by, bx]``, with what its error needs.

    `variance` and `n_kept` belong to the clipped mean (NaN and 0 for the median).
    """

    value: Array
    variance: Array
    n_kept: NDArray[np.int64]


def ordered_blocks(
    image: NDArray[np.float32],
    y_edges: Edges,
    x_edges: Edges,
    clip: tuple[float, int] | None,
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> BlockValues:
    """Return the median (`clip` None) or the clipped mean of every block.

    Parameters
    ----------
    image : ndarray float32 [ny, nx]
        NaN where pixels are not good.
    clip : (num_sigma_clip, num_iter), optional
        Clipping of MEANCLIP.
    """
    widths = np.diff(x_edges)
    tasks: list[tuple[int, NDArray[np.intp]]] = []
    for row in range(len(y_edges) - 1):
        height = int(y_edges[row + 1] - y_edges[row])
        for width in np.unique(widths):
            same = np.flatnonzero(widths == width)
            per_task = max(1, _TILE // (height * int(width)))
            tasks.extend((row, same[i : i + per_task]) for i in range(0, len(same), per_task))
    shape = (len(y_edges) - 1, len(widths))
    value, variance = np.full(shape, np.nan), np.full(shape, np.nan)
    kept = np.zeros(shape, dtype=np.int64)

    def one(task: tuple[int, NDArray[np.intp]]) -> None:
        row, columns = task
        band = image[int(y_edges[row]) : int(y_edges[row + 1])]
        width = int(widths[columns[0]])
        if band.shape[0] * width <= _SORTED:
            at = x_edges[columns][:, None] + np.arange(width)
            rows = np.take(band, at, axis=1).transpose(1, 0, 2).reshape(len(columns), -1)
            out = _sorted_rows(rows, clip)
        else:
            parts = [_large_block(band[:, x : x + width], clip) for x in x_edges[columns]]
            out = tuple(np.array(p) for p in zip(*parts, strict=True))  # type: ignore[assignment]
        value[row, columns], variance[row, columns], kept[row, columns] = out

    map_bands(one, tasks, progress=progress, threads=threads)
    return BlockValues(value, variance, kept)


def _large_block(
    block: NDArray[np.float32], clip: tuple[float, int] | None
) -> tuple[float, float, int]:
    """Median or clipped mean of one block with too many pixels to sort."""
    good = block[block == block]
    if clip is None:
        return quantiles(good, (0.5,))[0], np.nan, 0
    q1, median, q3 = quantiles(good, (0.25, 0.5, 0.75))
    clipped = clipped_mean(good, median, q3 - q1, *clip, threads=1)
    return clipped.mean, clipped.variance, clipped.n_kept


def _sorted_rows(
    rows: NDArray[np.float32], clip: tuple[float, int] | None
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Median or clipped mean of each row; NaN in a row are not part of it."""
    rows = np.sort(rows, axis=1)  # NaN go last
    n = np.count_nonzero(rows == rows, axis=1)
    median = _row_quantile(rows, n, 0.5)
    if clip is None:
        return median, np.full(len(rows), np.nan), np.zeros(len(rows), dtype=np.int64)
    iqr = _row_quantile(rows, n, 0.75) - _row_quantile(rows, n, 0.25)
    return _clip_rows(rows, n, median, iqr, *clip)


def _row_quantile(rows: NDArray[np.float32], n: NDArray[np.intp], fraction: float) -> Array:
    position = fraction * np.maximum(n - 1, 0)
    k = position.astype(np.intp)
    part = position - k
    index = np.arange(len(rows))
    a = rows[index, k].astype(np.float64)
    b = rows[index, np.minimum(k + 1, np.maximum(n - 1, 0))].astype(np.float64)
    return np.where(n > 0, a + part * (b - a), np.nan)


def _clip_rows(
    rows: NDArray[np.float32],
    n: NDArray[np.intp],
    median: Array,
    iqr: Array,
    num_sigma_clip: float,
    num_iter: int,
) -> tuple[Array, Array, NDArray[np.int64]]:
    """MEANCLIP of each row (SPEC section 2); every pass starts from the full row."""
    wide = rows.astype(np.float64)
    first_width = num_sigma_clip * IQR_TO_SIGMA * iqr
    mean, variance = median.copy(), np.full(len(rows), np.nan)
    kept = np.zeros(len(rows), dtype=np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        for i in range(num_iter):
            width = num_sigma_clip * np.sqrt(np.maximum(variance, 0.0))
            width = np.where(n == 1, first_width, width) if i else first_width
            d = wide - mean[:, None]
            keep = np.abs(d) <= width[:, None]  # NaN compare false: not kept
            kept = np.count_nonzero(keep, axis=1)
            d[~keep] = 0.0
            s1 = d.sum(axis=1)
            np.multiply(d, d, out=d)
            s2 = d.sum(axis=1)
            shift = s1 / kept
            mean = mean + shift
            variance = (s2 / kept - shift * shift) * (kept / (kept - 1.0))
            variance[kept < 2] = np.nan
    undefined = ~np.isfinite(mean)
    kept = np.where(undefined, 0, kept)
    return mean, np.where(undefined, np.nan, variance), kept
