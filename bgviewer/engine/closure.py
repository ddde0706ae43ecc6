"""Closure: what is left between two exposures that were both matched to a third."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands, row_bands
from bgviewer.engine.bins import bin_edges
from bgviewer.engine.bits import make_nan
from bgviewer.engine.blocks import block_moments, moments_of_bands
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.masks import Masked, flagged_rows
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch

__all__ = ["LeftOver", "good_image", "left_over", "step_for"]

Image = NDArray[np.float32]

_BUDGET = 3 << 28  # bytes of the matched images of a whole stack
_BAND = 1 << 19
_FULL = 0.1  # share of a block's pixels that must be good for it to count


@dataclass(frozen=True)
class LeftOver:
    """The smooth difference of two matched exposures over the pixels both have.

    Attributes
    ----------
    pixels : int
        Good in both.
    blocks : int
        Blocks that count.
    offset : float
        Mean difference, in the pixel unit.
    smooth : float
        Root mean square of the blocks' means (the offset with it), less what their noise
        explains; NaN without blocks.
    noise : float
        Root mean square of the blocks' standard errors.
    worst, worst_x, worst_y : float
        Largest difference of a block, with its sign, and its middle in local pixels.
    """

    pixels: int
    blocks: int
    offset: float
    smooth: float
    noise: float
    worst: float
    worst_x: float
    worst_y: float


NOTHING = LeftOver(0, 0, *(math.nan,) * 6)


def step_for(shape: tuple[int, int], exposures: int) -> int:
    """Return the side of the squares of pixels to average, so that all images fit in memory."""
    ny, nx = shape
    return max(1, math.ceil(math.sqrt(4.0 * ny * nx * exposures / _BUDGET)))


def good_image(
    exposure: MaskedImage,
    planes: tuple[str, ...],
    step: int = 1,
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> Image:
    """Return the pixels, NaN where they are not good; or means of squares at least half good."""
    if step == 1:
        masked, out, scratch = exposure.masked(planes), np.empty_like(exposure.image), Scratch()

        def one(band: tuple[int, int]) -> None:
            rows = slice(*band)
            np.copyto(out[rows], exposure.image[rows])
            flagged = flagged_rows(masked, rows, scratch, "bad")
            if flagged is not None:
                make_nan(out[rows], flagged, scratch)

        bands = row_bands(0, out.shape[0], max(1, _BAND // out.shape[1]))
        map_bands(one, bands, progress=progress, threads=threads)
        return out
    y, x = (bin_edges(side, step) for side in exposure.shape)
    masked = exposure.masked(planes)
    found = block_moments(exposure.image, y, x, masked, progress=progress, threads=threads)
    size = np.diff(y)[:, None] * np.diff(x)[None, :]
    return np.where(2 * found.n >= size, found.mean, np.nan).astype(np.float32)


def left_over(
    first: Image,
    second: Image,
    block: int,
    step: int = 1,
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> LeftOver:
    """Return the smooth difference first - second of two images made by `good_image`.

    Parameters
    ----------
    block : int
        Side of the blocks, in pixels of the exposure: what is finer does not count.
    step : int
        Side of the squares that the images are made of.
    """
    ny, nx = first.shape

    def load(rows: slice, scratch: Scratch) -> tuple[Image, Masked]:
        part = scratch.array("left over", first[rows].shape, np.float32)
        with np.errstate(invalid="ignore", over="ignore"):
            np.subtract(first[rows], second[rows], out=part)
        return part, (None, 0)

    side = max(1, round(block / step))
    y_edges, x_edges = bin_edges(ny, side), bin_edges(nx, side)
    found = moments_of_bands(load, y_edges, x_edges, progress=progress, threads=threads)
    size = np.diff(y_edges)[:, None] * np.diff(x_edges)[None, :]
    used = (found.n >= 2) & (found.n >= _FULL * size)
    if not used.any():
        return NOTHING
    n, mean = found.n[used].astype(np.float64), found.mean[used]
    error = np.sqrt(found.variance[used] / n)
    square = float(np.average(mean * mean, weights=n))
    noise = float(np.average(error * error, weights=n))
    row, column = (index[int(np.argmax(np.abs(mean)))] for index in np.nonzero(used))
    return LeftOver(
        pixels=int(found.n.sum()) * step * step,
        blocks=len(n),
        offset=float(np.average(mean, weights=n)),
        smooth=math.sqrt(max(square - noise, 0.0)),
        noise=math.sqrt(noise),
        worst=float(found.mean[row, column]),
        worst_x=step * 0.5 * float(x_edges[column] + x_edges[column + 1]) - 0.5,
        worst_y=step * 0.5 * float(y_edges[row] + y_edges[row + 1]) - 0.5,
    )
