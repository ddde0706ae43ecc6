"""Medians and clipped means of the blocks of an image.

Small blocks are sorted, many at a time, as rows of one array.  Of a large block only brackets
around its quartiles and the tails that clipping may cut are looked at closely; the sums of all
pixels are known already, so what clipping keeps is all minus the few that it cuts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands
from bgviewer.engine.blocks import BlockMoments, Edges
from bgviewer.engine.native import Kernels, kernels
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch
from bgviewer.engine.statistics import (
    IQR_TO_SIGMA,
    clipped_mean,
    interpolated,
    neighbours,
    quantiles,
    sample_bracket,
)

__all__ = ["BlockValues", "ordered_blocks"]

Array = NDArray[np.float64]
Rows = NDArray[np.float32]
Clip = tuple[float, int]

_TILE = 1 << 17  # pixels of small blocks that are sorted together
_SORTED = 1 << 12  # blocks up to this many pixels are sorted
_SAMPLE = 1 << 11
_CORE = 0.75  # of the first clipping width: what is inside is surely kept
_CANCELLED = 1e4  # scatter of all over that of the kept, beyond which digits are saved


@dataclass(frozen=True)
class BlockValues:
    """Median or clipped mean of each block ``[by, bx]``, with what its error needs.

    `variance` and `n_kept` belong to the clipped mean (NaN and 0 for the median).
    """

    value: Array
    variance: Array
    n_kept: NDArray[np.int64]


@dataclass(frozen=True)
class _Task:
    """Blocks of one row of blocks that have the same width."""

    row: int
    columns: NDArray[np.intp]


def ordered_blocks(
    image: Rows,
    y_edges: Edges,
    x_edges: Edges,
    clip: Clip | None,
    moments: BlockMoments,
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
        Clipping of MEANCLIP (SPEC section 2).
    moments : BlockMoments
        Of the same blocks.
    """
    compiled = kernels()
    if compiled is not None:
        return _compiled_blocks(compiled, image, y_edges, x_edges, clip, progress, threads)
    widths = np.diff(x_edges)
    shape = moments.n.shape
    value, variance = np.full(shape, np.nan), np.full(shape, np.nan)
    kept = np.zeros(shape, dtype=np.int64)

    def one(task: _Task) -> None:
        row, columns = task.row, task.columns
        band = image[int(y_edges[row]) : int(y_edges[row + 1])]
        width = int(widths[columns[0]])
        n, mean, m2 = (a[row, columns] for a in (moments.n, moments.mean, moments.m2))
        if band.shape[0] * width <= _SORTED:
            at = x_edges[columns][:, None] + np.arange(width)
            rows = np.take(band, at, axis=1).transpose(1, 0, 2).reshape(len(columns), -1)
            rows.sort(axis=1)  # NaN go last
            found = _sorted_rows(rows, clip, n, mean, m2)
            value[row, columns], variance[row, columns], kept[row, columns] = found
            return
        for i, column in enumerate(columns):
            x = int(x_edges[column])
            block = _LargeBlock(band[:, x : x + width], int(n[i]), float(mean[i]), float(m2[i]))
            value[row, column], variance[row, column], kept[row, column] = block.take(clip)

    tasks = _tasks(np.diff(y_edges), widths)
    map_bands(one, tasks, progress=progress, threads=threads)
    return BlockValues(value, variance, kept)


def _compiled_blocks(
    compiled: Kernels,
    image: Rows,
    y_edges: Edges,
    x_edges: Edges,
    clip: Clip | None,
    progress: Progress,
    threads: int | None,
) -> BlockValues:
    scratch = Scratch()

    def one(row: int) -> tuple[Array, Array, NDArray[np.int64]]:
        band = image[int(y_edges[row]) : int(y_edges[row + 1])]
        return compiled.ordered(band, x_edges, clip, scratch)

    rows = map_bands(one, range(len(y_edges) - 1), progress=progress, threads=threads)
    return BlockValues(*(np.array(column) for column in zip(*rows, strict=True)))


def _tasks(heights: Edges, widths: Edges) -> list[_Task]:
    tasks: list[_Task] = []
    for row, height in enumerate(heights):
        for width in np.unique(widths):
            same = np.flatnonzero(widths == width)
            together = max(1, _TILE // (int(height) * int(width)))
            tasks.extend(_Task(row, same[i : i + together]) for i in range(0, len(same), together))
    return tasks


class _LargeBlock:
    """One block with too many pixels to sort."""

    def __init__(self, block: Rows, n: int, mean: float, m2: float) -> None:
        self._values = np.ascontiguousarray(block).ravel()
        self._n, self._mean, self._m2 = n, mean, m2

    def take(self, clip: Clip | None) -> tuple[float, float, int]:
        """Return median, NaN, 0, or clipped mean, its variance, pixels kept."""
        if clip is None:
            return self._quantiles((0.5,))[0], math.nan, 0
        q1, median, q3 = self._quantiles((0.25, 0.5, 0.75))
        found = self._clip(median, q3 - q1, *clip)
        if found is None:
            slow = clipped_mean(self._good(), median, q3 - q1, *clip, threads=1)
            found = slow.mean, slow.variance, slow.n_kept
        return found

    def _good(self) -> Rows:
        return self._values[self._values == self._values]

    def _quantiles(self, fractions: tuple[float, ...]) -> list[float]:
        values, n = self._values, self._n
        if n < 2 * _SAMPLE:
            return quantiles(self._good(), fractions)
        sample = np.sort(values[:: (values.size // _SAMPLE) | 1])  # odd: no column is favoured
        ordered = sample[: np.count_nonzero(sample == sample)]
        out = []
        for fraction in fractions:
            position = fraction * (n - 1)
            k = int(position)
            low, high = sample_bracket(ordered, fraction)
            under = values < low
            below = int(np.count_nonzero(under))
            inside = np.compress((values <= high) ^ under, values)
            if k < below or k + 2 > below + inside.size:  # the sample misled
                return quantiles(self._good(), fractions)
            out.append(interpolated(*neighbours(inside, k - below), position - k))
        return out

    def _clip(
        self, median: float, iqr: float, num_sigma_clip: float, num_iter: int
    ) -> tuple[float, float, int] | None:
        """MEANCLIP from the sums of all pixels and the tails; None when they do not suffice."""
        width = num_sigma_clip * IQR_TO_SIGMA * iqr
        low = np.float32(median - _CORE * width)
        high = np.float32(median + _CORE * width)
        out = self._values < low
        out |= self._values > high
        tails = np.compress(out, self._values).astype(np.float64)
        mean, variance, kept = median, math.nan, 0
        for i in range(num_iter):
            if i:
                width = num_sigma_clip * math.sqrt(max(variance, 0.0))
            if not (mean - width <= low and mean + width >= high):  # also for NaN
                return None
            cut = tails[np.abs(tails - mean) > width] - self._mean
            kept = self._n - cut.size
            s1, s2 = -float(cut.sum()), self._m2 - float((cut * cut).sum())
            if kept < 2:
                return None
            shift = s1 / kept
            centred = s2 - s1 * shift
            if not self._m2 < _CANCELLED * centred:
                return None
            mean, variance = self._mean + shift, centred / (kept - 1.0)
        return mean, variance, kept


def _sorted_rows(
    rows: Rows, clip: Clip | None, n: NDArray[np.int64], mean: Array, m2: Array
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Median or clipped mean of each sorted row; NaN, which come last, are not part of it."""
    median = _row_quantile(rows, n, 0.5)
    if clip is None:
        return median, np.full(len(rows), np.nan), np.zeros(len(rows), dtype=np.int64)
    iqr = _row_quantile(rows, n, 0.75) - _row_quantile(rows, n, 0.25)
    value, variance, kept, doubtful = _clip_sorted(rows, n, mean, m2, median, iqr, *clip)
    if doubtful.any():
        again = _clip_rows(rows[doubtful], n[doubtful], median[doubtful], iqr[doubtful], *clip)
        value[doubtful], variance[doubtful], kept[doubtful] = again
    return value, variance, kept


def _row_quantile(rows: Rows, n: NDArray[np.int64], fraction: float) -> Array:
    position = fraction * np.maximum(n - 1, 0)
    k = position.astype(np.intp)
    part = position - k
    index = np.arange(len(rows))
    a = rows[index, k].astype(np.float64)
    b = rows[index, np.minimum(k + 1, np.maximum(n - 1, 0))].astype(np.float64)
    return np.where(n > 0, a + part * (b - a), np.nan)


def _clip_sorted(
    rows: Rows,
    n: NDArray[np.int64],
    mean: Array,
    m2: Array,
    median: Array,
    iqr: Array,
    num_sigma_clip: float,
    num_iter: int,
) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.bool_]]:
    """MEANCLIP of sorted rows: what is cut lies at both ends and is taken off the sums of all.

    The last value tells the rows where that would lose digits.
    """
    centre, variance = median.copy(), np.full(len(rows), np.nan)
    kept = np.zeros(len(rows), dtype=np.int64)
    doubtful = n < 2
    with np.errstate(invalid="ignore", divide="ignore"):
        for i in range(num_iter):
            sigma = np.sqrt(np.maximum(variance, 0.0))
            width = num_sigma_clip * (sigma if i else IQR_TO_SIGMA * iqr)
            first = _count(rows, n, lambda x, c=centre, w=width: x - c < -w)
            last = _count(rows, n, lambda x, c=centre, w=width: x - c <= w)
            s1, s2 = _cut_sums(rows, mean, np.zeros_like(first), first)
            t1, t2 = _cut_sums(rows, mean, last, n)
            kept = last - first
            rest = m2 - s2 - t2
            shift = -(s1 + t1) / kept
            centred = rest - kept * shift * shift
            doubtful |= ~(m2 < _CANCELLED * centred) | (kept < 2)
            centre, variance = mean + shift, centred / (kept - 1.0)
    return centre, variance, kept, doubtful


def _count(rows: Rows, n: NDArray[np.int64], low: object) -> NDArray[np.int64]:
    """Return how many of the first n values of each sorted row fulfil `low`, by bisection."""
    assert callable(low)
    index = np.arange(len(rows))
    left, right = np.zeros_like(n), n.copy()
    while bool((left < right).any()):
        middle = (left + right) // 2
        open_ = left < right
        yes = low(rows[index, np.minimum(middle, rows.shape[1] - 1)].astype(np.float64)) & open_
        left = np.where(yes, middle + 1, left)
        right = np.where(open_ & ~yes, middle, right)
    return left


def _cut_sums(
    rows: Rows, mean: Array, start: NDArray[np.int64], stop: NDArray[np.int64]
) -> tuple[Array, Array]:
    """Return sum and sum of squares of (x - mean) over positions start..stop of each row."""
    some = stop > start
    if not some.any():
        return np.zeros(len(rows)), np.zeros(len(rows))
    a, b = int(start[some].min()), int(stop[some].max())
    position = np.arange(a, b)
    inside = (position >= start[:, None]) & (position < stop[:, None])
    d = np.where(inside, rows[:, a:b] - mean[:, None], 0.0)
    return d.sum(axis=1), (d * d).sum(axis=1)


def _clip_rows(
    rows: Rows,
    n: NDArray[np.int64],
    median: Array,
    iqr: Array,
    num_sigma_clip: float,
    num_iter: int,
) -> tuple[Array, Array, NDArray[np.int64]]:
    """MEANCLIP of each row, to the letter: every pass sums what it keeps of the full row."""
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
