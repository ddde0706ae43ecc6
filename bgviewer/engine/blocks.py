"""Statistics of the rectangular blocks of an image: the hot kernels.

Blocks are given by edges along y and x; they tile the image.  Work goes band by band through
scratch that stays in cache, on threads; results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands
from bgviewer.engine.bits import zeroed
from bgviewer.engine.masks import Masked, good_pixels
from bgviewer.engine.native import kernels
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch

__all__ = ["BlockMoments", "Edges", "block_moments", "moments_of_bands"]

Edges = NDArray[np.intp]
Array = NDArray[np.float64]
BandLoader = Callable[[slice, Scratch], tuple[NDArray[np.float32], Masked]]
Moments = tuple[NDArray[np.int64], Array, Array]
_TILE = 1 << 19  # pixels per tile: float64 scratch of 4 MB
_CANCELLED = 1e5  # sum of squares over squared deviations beyond which digits are saved
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
    image: NDArray[np.float32],
    y_edges: Edges,
    x_edges: Edges,
    masked: Masked = (None, 0),
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> BlockMoments:
    """Return count, mean and scatter of every block over finite, unflagged pixels.

    Parameters
    ----------
    image : ndarray float32 [ny, nx]
        Values; those that are not finite do not count.
    y_edges, x_edges : ndarray of int
        Edges of the blocks, first 0 and last ny (nx), strictly ascending.
    masked : (ndarray of int [ny, nx] or None, int)
        Mask, and the bits whose pixels do not count.
    """
    mask, bits = masked

    def load(rows: slice, scratch: Scratch) -> tuple[NDArray[np.float32], Masked]:
        return image[rows], (None if mask is None else mask[rows], bits)

    return moments_of_bands(load, y_edges, x_edges, progress=progress, threads=threads)


def moments_of_bands(
    load: BandLoader,
    y_edges: Edges,
    x_edges: Edges,
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> BlockMoments:
    """Do the same for pixels that are fetched band by band.

    Parameters
    ----------
    load : callable
        ``load(rows, scratch)`` returns some rows of the image and their mask.
    """
    scratch, compiled = Scratch(), kernels()
    fine_y, y_starts = _refine(y_edges, min(_MAX_ROWS, max(8, _TILE // int(x_edges[-1]))))

    def one(row: int) -> Moments:
        part, masked = load(slice(int(fine_y[row]), int(fine_y[row + 1])), scratch)
        if compiled is not None:
            return compiled.moments(part, masked, x_edges, scratch)
        good = good_pixels(part, masked, slice(None), scratch)
        return _tile_moments(part, good, x_edges[:-1], scratch)

    parts = map_bands(one, range(len(fine_y) - 1), progress=progress, threads=threads)
    n, mean, m2 = (np.array(column) for column in zip(*parts, strict=True))
    return BlockMoments(n, mean, m2).merged(y_starts, np.arange(len(x_edges) - 1))


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


def _tile_moments(
    tile: NDArray[np.float32], good: NDArray[np.bool_], starts: Edges, scratch: Scratch
) -> Moments:
    """Moments of the blocks of one tile (at most 255 rows) that start at the given columns."""
    n = np.add.reduceat(
        np.add.reduce(good.view(np.uint8), axis=0, dtype=np.uint8).astype(np.int64), starts
    )
    d = scratch.array("d", tile.shape, np.float64)
    np.copyto(d, zeroed(tile, good, scratch))
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
