"""Difference -> cells and bins: the second stage of a match."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bins import Bins, bin_edges
from bgviewer.engine.blocks import BlockMoments, block_moments
from bgviewer.engine.cells import Cells, cell_count, cell_edges
from bgviewer.engine.ordered import BlockValues, ordered_blocks
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import UndersampledError

__all__ = ["GridStatistic", "form_bins", "form_cells", "form_cells_and_bins"]

Image = NDArray[np.float32]
Edges = NDArray[np.intp]


@dataclass(frozen=True)
class GridStatistic:
    """What is taken of each block: MEAN, MEDIAN or MEANCLIP with its clipping."""

    name: str = "MEAN"
    num_sigma_clip: float = 3
    num_iter: int = 2

    @property
    def clip(self) -> tuple[float, int] | None:
        """Clipping for MEANCLIP, None for the others."""
        return (self.num_sigma_clip, self.num_iter) if self.name == "MEANCLIP" else None


@dataclass(frozen=True)
class _Blocks:
    """Moments of every block and, unless the statistic is MEAN, its ordered statistic."""

    moments: BlockMoments
    ordered: BlockValues | None
    median: bool

    @property
    def values(self) -> NDArray[np.float64]:
        return self.moments.mean if self.ordered is None else self.ordered.value

    @property
    def errors(self) -> NDArray[np.float64]:
        """Standard error of the statistic (SPEC section 2)."""
        m = self.moments
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.ordered is None:
                return np.sqrt(m.variance / m.n)
            if self.median:
                return np.sqrt(0.5 * np.pi * m.variance / m.n)
            return np.sqrt(self.ordered.variance / self.ordered.n_kept)


def form_cells(
    values: Image,
    nx_cells: int,
    ny_cells: int,
    statistic: str = "MEAN",
    num_sigma_clip: float = 3,
    num_iter: int = 2,
    xy0: tuple[int, int] = (0, 0),
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> Cells:
    """Return the cells of an image.

    Parameters
    ----------
    values : ndarray float32 [ny, nx]
        NaN where pixels are not good.
    nx_cells, ny_cells : int
        Cells along x and y; at most nx (ny), so that none is empty of pixels.

    Raises
    ------
    UndersampledError
        When there would be no cells, or more than pixels.
    """
    ny, nx = values.shape
    if not (1 <= nx_cells <= nx and 1 <= ny_cells <= ny):
        raise UndersampledError(
            f"{nx_cells} x {ny_cells} cells cannot be made from {nx} x {ny} pixels: every cell "
            "needs at least one"
        )
    kind = GridStatistic(statistic, num_sigma_clip, num_iter)
    y_edges, x_edges = cell_edges(ny, ny_cells), cell_edges(nx, nx_cells)
    blocks = _measure(values, y_edges, x_edges, kind, progress, threads)
    return _cells(blocks, y_edges, x_edges, xy0)


def form_bins(
    values: Image,
    bin_size: int,
    statistic: GridStatistic,
    epsilon: float,
    xy0: tuple[int, int],
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> Bins:
    """Return the bins of an image (NaN where pixels are not good)."""
    ny, nx = values.shape
    y_edges, x_edges = bin_edges(ny, bin_size), bin_edges(nx, bin_size)
    blocks = _measure(values, y_edges, x_edges, statistic, progress, threads)
    return _bins(blocks, y_edges, x_edges, epsilon, xy0)


def form_cells_and_bins(
    values: Image,
    bin_size: int,
    statistic: GridStatistic,
    epsilon: float,
    xy0: tuple[int, int],
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> tuple[Cells, Bins]:
    """Return both in one reading of the pixels where that is possible.

    Moments are taken on the common refinement of both sets of edges and merged; medians and
    clipped means are shared where the edges coincide.
    """
    ny, nx = values.shape
    cy, cx = (cell_edges(s, cell_count(s, bin_size)) for s in (ny, nx))
    by, bx = bin_edges(ny, bin_size), bin_edges(nx, bin_size)
    uy, ux = np.union1d(cy, by), np.union1d(cx, bx)
    fine = block_moments(values, uy, ux, progress=progress, threads=threads)

    def blocks(y_edges: Edges, x_edges: Edges) -> _Blocks:
        moments = fine.merged(np.searchsorted(uy, y_edges[:-1]), np.searchsorted(ux, x_edges[:-1]))
        return _ordered(values, y_edges, x_edges, moments, statistic, progress, threads)

    cell_blocks = blocks(cy, cx)
    same = np.array_equal(cy, by) and np.array_equal(cx, bx)
    bin_blocks = cell_blocks if same else blocks(by, bx)
    return _cells(cell_blocks, cy, cx, xy0), _bins(bin_blocks, by, bx, epsilon, xy0)


def _measure(
    values: Image,
    y_edges: Edges,
    x_edges: Edges,
    statistic: GridStatistic,
    progress: Progress,
    threads: int | None,
) -> _Blocks:
    moments = block_moments(values, y_edges, x_edges, progress=progress, threads=threads)
    return _ordered(values, y_edges, x_edges, moments, statistic, progress, threads)


def _ordered(
    values: Image,
    y_edges: Edges,
    x_edges: Edges,
    moments: BlockMoments,
    statistic: GridStatistic,
    progress: Progress,
    threads: int | None,
) -> _Blocks:
    """Add what needs the values in order, unless the statistic is MEAN."""
    if statistic.name == "MEAN":
        return _Blocks(moments, None, False)
    clip = statistic.clip
    ordered = ordered_blocks(
        values, y_edges, x_edges, clip, moments, progress=progress, threads=threads
    )
    return _Blocks(moments, ordered, statistic.name == "MEDIAN")


def _cells(blocks: _Blocks, y_edges: Edges, x_edges: Edges, xy0: tuple[int, int]) -> Cells:
    with np.errstate(over="ignore"):
        return Cells(
            values=blocks.values.astype(np.float32),
            errors=blocks.errors.astype(np.float32),
            counts=blocks.moments.n,
            x_edges=x_edges,
            y_edges=y_edges,
            xy0=xy0,
        )


def _bins(
    blocks: _Blocks, y_edges: Edges, x_edges: Edges, epsilon: float, xy0: tuple[int, int]
) -> Bins:
    n = blocks.moments.n
    rows, columns = np.nonzero(n >= 2)
    left, right = x_edges[columns], x_edges[columns + 1]
    bottom, top = y_edges[rows], y_edges[rows + 1]
    stdev = np.sqrt(blocks.moments.variance[rows, columns])
    stdev = np.where(stdev < epsilon, epsilon, stdev)
    counts = n[rows, columns]
    return Bins(
        x=np.asarray(0.5 * (2 * xy0[0] + left + right), dtype=np.float64),
        y=np.asarray(0.5 * (2 * xy0[1] + bottom + top), dtype=np.float64),
        values=blocks.values[rows, columns],
        errors=stdev / np.sqrt(counts),
        counts=counts,
        left=left,
        right=right,
        bottom=bottom,
        top=top,
        n_dropped=int(n.size - len(rows)),
    )
