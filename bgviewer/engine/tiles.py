"""Tiles: small even shares of an image with the clipped mean of their good pixels.

The hold-out yardstick judges by them and the P-spline is fitted to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands
from bgviewer.engine.blocks import block_moments
from bgviewer.engine.cells import cell_edges
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.masks import in_type_of
from bgviewer.engine.ordered import ordered_blocks
from bgviewer.engine.products import PIECE
from bgviewer.engine.progress import SILENT, Progress

__all__ = ["CLIPPED", "Tiles", "centroid_offsets", "covered_shares", "measure_tiles", "tile_edges"]

Array = NDArray[np.float64]
Edges = NDArray[np.intp]

_CLIP = (3.0, 2)
CLIPPED = 1.056
"""Variance of a mean clipped so over what the kept normal values suggest."""
_FEWEST = 4
_STEP = 2


@dataclass(frozen=True, eq=False)
class Tiles:
    """Statistics of tiles ``[ty, tx]``.

    Attributes
    ----------
    y_edges, x_edges : ndarray of int
        Edges of the tiles in local pixels.
    n : ndarray of int
        Good pixels within the margins.
    area : ndarray of int
        Pixels within the margins.
    values, variance : ndarray float64
        Clipped mean (3 sigma, twice) and variance of the kept pixels; NaN without any.
    kept : ndarray of int
        Pixels that clipping kept.
    dy, dx : ndarray float64, or None
        How far the centroid of the good pixels lies from the middle of the tile.
    """

    y_edges: Edges
    x_edges: Edges
    n: NDArray[np.int64]
    area: NDArray[np.int64]
    values: Array
    variance: Array
    kept: NDArray[np.int64]
    dy: Array | None = None
    dx: Array | None = None

    def known(self, least_share: float) -> NDArray[np.bool_]:
        """Tell which tiles have a value, an error, and at least this share of good pixels."""
        enough = self.n >= np.maximum(_FEWEST, (least_share * self.area).astype(np.int64))
        return np.asarray(enough & np.isfinite(self.values) & (self.variance >= 0))

    def errors(self, known: NDArray[np.bool_]) -> Array:
        """Return the standard error for independent pixels; NaN where a tile is not known."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(known, np.sqrt(CLIPPED * self.variance / self.kept), np.nan)


def tile_edges(shape: tuple[int, int], side: int) -> tuple[Edges, Edges]:
    """Return edges along y and x of tiles of nearly equal size, of about `side` pixels."""
    y, x = (cell_edges(s, max(1, round(s / side))) for s in shape)
    return y, x


def measure_tiles(
    values: NDArray[np.float32],
    y_edges: Edges,
    x_edges: Edges,
    margin: int = 0,
    progress: Progress = SILENT,
    *,
    centroids: bool = False,
    threads: int | None = None,
) -> Tiles:
    """Measure the tiles of a difference image (NaN where pixels are not good).

    Parameters
    ----------
    margin : int
        Pixels along each border of a tile that do not count.
    centroids : bool
        Whether `dy` and `dx` are wanted.
    """
    pixels, y_cuts, x_cuts = _without_margins(values, y_edges, x_edges, margin, progress, threads)
    moments = block_moments(pixels, y_cuts, x_cuts, progress=progress, threads=threads)
    ordered = ordered_blocks(
        pixels, y_cuts, x_cuts, _CLIP, moments, progress=progress, threads=threads
    )
    area = np.diff(y_cuts)[:, None] * np.diff(x_cuts)[None, :]
    dy = dx = None
    if centroids:
        dy, dx = centroid_offsets(pixels, y_cuts, x_cuts, progress, threads=threads)
    return Tiles(
        y_edges,
        x_edges,
        moments.n,
        area,
        ordered.value,
        ordered.variance,
        ordered.n_kept,
        dy,
        dx,
    )


def centroid_offsets(
    values: NDArray[np.float32],
    y_edges: Edges,
    x_edges: Edges,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> tuple[Array, Array]:
    """Return how far the centroid of each block's good pixels lies from the block's middle.

    Parameters
    ----------
    values : ndarray float32 [ny, nx]
        NaN where pixels are not good.
    y_edges, x_edges : ndarray of int
        Edges of the blocks; they tile the image.

    Returns
    -------
    dy, dx : ndarray float64 [blocks along y, blocks along x]
        In pixels; 0 where a block has no good pixel.
    """
    widths = np.diff(x_edges)
    middles = 0.5 * (x_edges[:-1] + x_edges[1:] - 1)
    away = np.arange(int(x_edges[-1])) - np.repeat(middles, widths)
    starts = x_edges[:-1]

    def one(row: int) -> tuple[Array, Array]:
        band = values[y_edges[row] : y_edges[row + 1]]
        good = np.isfinite(band).astype(np.float32)
        height = len(band)
        weights = np.stack([np.ones(height), np.arange(height) - 0.5 * (height - 1)])
        sums = np.zeros((2, good.shape[1]))
        step = max(1, PIECE // (2 * good.shape[1]))
        for first in range(0, height, step):
            some = weights[:, first : first + step].astype(np.float32)
            sums += some @ good[first : first + step]
        counts, moments = sums
        n = np.add.reduceat(counts, starts)
        some = np.maximum(n, 1.0)
        return (
            np.add.reduceat(moments, starts) / some,
            np.add.reduceat(counts * away, starts) / some,
        )

    rows = map_bands(one, range(len(y_edges) - 1), progress=progress, threads=threads)
    dy, dx = (np.array(column) for column in zip(*rows, strict=True))
    return dy, dx


def covered_shares(
    reference: MaskedImage, science: MaskedImage, y_edges: Edges, x_edges: Edges
) -> Array:
    """Return the share of each tile that both exposures cover, masked or not: [ty, tx].

    A pixel is covered where both have a number and neither is flagged NO_DATA; every second row
    and column is looked at.
    """
    covered: NDArray[np.bool_] | None = None
    for exposure in (reference, science):
        seen = np.isfinite(exposure.image[::_STEP, ::_STEP])
        mask, bits = exposure.masked(("NO_DATA",))
        if mask is not None and bits:
            seen &= (mask[::_STEP, ::_STEP] & in_type_of(mask, bits)) == 0
        covered = seen if covered is None else covered & seen
    assert covered is not None
    starts = (-(-e[:-1] // _STEP) for e in (y_edges, x_edges))
    moments = np.asarray(covered, dtype=np.float32)
    sizes = []
    for axis, first in enumerate(starts):
        at = np.minimum(first, covered.shape[axis] - 1)
        moments = np.add.reduceat(moments, at, axis=axis)
        sizes.append(np.maximum(np.diff(np.append(at, covered.shape[axis])), 1))
    return np.asarray(moments / (sizes[0][:, None] * sizes[1]), dtype=np.float64)


def _without_margins(
    values: NDArray[np.float32],
    y_edges: Edges,
    x_edges: Edges,
    margin: int,
    progress: Progress,
    threads: int | None,
) -> tuple[NDArray[np.float32], Edges, Edges]:
    """Return the pixels of the tiles without their margins, moved together, and their edges."""
    if margin == 0:
        return values, y_edges, x_edges
    y_cuts, x_cuts = (
        np.concatenate(([0], np.cumsum(np.diff(e) - 2 * margin))).astype(np.intp)
        for e in (y_edges, x_edges)
    )
    columns = np.concatenate(
        [np.arange(a + margin, b - margin) for a, b in pairwise(x_edges.tolist())]
    )
    widths = np.diff(x_edges)
    alike = bool((widths == widths[0]).all())
    pixels = np.empty((int(y_cuts[-1]), int(x_cuts[-1])), dtype=np.float32)

    def one(row: int) -> None:
        source = values[y_edges[row] + margin : y_edges[row + 1] - margin]
        target = pixels[y_cuts[row] : y_cuts[row + 1]]
        if alike:
            runs = source.reshape(len(source), len(widths), -1)[:, :, margin : widths[0] - margin]
            target.reshape(runs.shape)[...] = runs
        else:
            np.take(source, columns, axis=1, out=target, mode="clip")

    map_bands(one, range(len(y_edges) - 1), progress=progress, threads=threads)
    return pixels, y_cuts, x_cuts
