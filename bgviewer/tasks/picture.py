"""Screen-sized pictures of a match: what the panels paint, made without any widget.

A picture never holds more pixels than a screen shows, and never a NaN: pixels without a value
are named in a second, small array that is painted over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands, row_bands
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.native import kernels
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch
from bgviewer.tasks.levels import Levels
from bgviewer.tasks.limits import sorted_sample

__all__ = [
    "MAX_SIDE",
    "Picture",
    "Window",
    "block_mean",
    "block_planes",
    "coloured",
    "make_picture",
    "window_of",
]

Float32 = NDArray[np.float32]
MAX_SIDE = 1024
_BAND = 256  # block rows averaged between two progress steps
_HATCH = 8  # period, in picture pixels, of the hatching where there is no value


@dataclass(frozen=True)
class Window:
    """A rectangle of local pixels seen in blocks of step x step pixels.

    Attributes
    ----------
    y0, y1, x0, x1 : int
        Local pixel indices, ends exclusive.
    step : int
        Side of a block in pixels; the last block of a row or column may be narrower.
    """

    y0: int
    y1: int
    x0: int
    x1: int
    step: int

    @property
    def shape(self) -> tuple[int, int]:
        """``(rows, columns)`` of blocks."""
        return -(-(self.y1 - self.y0) // self.step), -(-(self.x1 - self.x0) // self.step)

    @property
    def rows(self) -> NDArray[np.intp]:
        """Local index of the middle pixel row of each block."""
        return self._middles(self.y0, self.y1)

    @property
    def columns(self) -> NDArray[np.intp]:
        """Local index of the middle pixel column of each block."""
        return self._middles(self.x0, self.x1)

    def _middles(self, start: int, stop: int) -> NDArray[np.intp]:
        first = np.arange(start, stop, self.step)
        last = np.minimum(first + self.step, stop) - 1
        return (first + last) // 2

    def box(self, xy0: tuple[int, int]) -> tuple[float, float, float, float]:
        """``(left, bottom, width, height)`` in parent pixels; a pixel's centre is its index."""
        ny, nx = self.shape
        return (
            xy0[0] + self.x0 - 0.5,
            xy0[1] + self.y0 - 0.5,
            float(nx * self.step),
            float(ny * self.step),
        )


def window_of(
    shape: tuple[int, int],
    rectangle: tuple[float, float, float, float] | None = None,
    max_side: int = MAX_SIDE,
) -> Window:
    """Choose the blocks that show an image, or a part of it, with at most `max_side` a side.

    Parameters
    ----------
    shape : (int, int)
        ``(ny, nx)`` of the image.
    rectangle : (x0, x1, y0, y1), optional
        Part to show in LOCAL pixels; clipped to the image.  None = all of it.
    """
    ny, nx = shape
    x0, x1, y0, y1 = 0, nx, 0, ny
    if rectangle is not None:
        left, right, bottom, top = rectangle
        x0 = min(max(int(np.floor(left)), 0), nx - 1)
        y0 = min(max(int(np.floor(bottom)), 0), ny - 1)
        x1 = max(min(int(np.ceil(right)) + 1, nx), x0 + 1)
        y1 = max(min(int(np.ceil(top)) + 1, ny), y0 + 1)
    step = max(1, -(-max(x1 - x0, y1 - y0) // max_side))
    return Window(y0, y1, x0, x1, step)


def block_mean(image: Float32, window: Window, progress: Progress = SILENT) -> Float32:
    """Average the finite pixels of every block.

    Parameters
    ----------
    image : float32 array, shape (ny, nx)
        Non-finite pixels do not take part.

    Returns
    -------
    float32 array of `window`'s shape
        NaN where a block has no finite pixel.
    """
    part = image[window.y0 : window.y1, window.x0 : window.x1]
    step = window.step
    if step == 1:
        return np.where(np.isfinite(part), part, np.float32(np.nan))
    out = np.empty(window.shape, np.float32)
    compiled, scratch = kernels(), Scratch()

    def one(band: tuple[int, int]) -> None:
        rows = part[band[0] * step : band[1] * step]
        if compiled is not None:
            compiled.block_mean(rows, step, out[slice(*band)], scratch)
        else:
            out[slice(*band)] = _mean_of_band(rows, step)

    map_bands(one, row_bands(0, window.shape[0], max(1, _BAND // step)), progress=progress)
    return out


def _mean_of_band(rows: Float32, step: int) -> Float32:
    good = np.isfinite(rows)
    total = _block_sum(np.where(good, rows, np.float32(0)), step, np.float32)
    count = _block_sum(good, step, np.int32)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / count, dtype=np.float32)


def _block_sum(rows: NDArray[Any], step: int, kind: Any) -> NDArray[Any]:
    ny, nx = rows.shape
    padding = (-ny % step, -nx % step)
    if any(padding):
        rows = np.pad(rows, ((0, padding[0]), (0, padding[1])))
    ny, nx = rows.shape
    # Rows first: adding whole rows is fast, and leaves little for the awkward direction.
    halfway = rows.reshape(ny // step, step, nx).sum(axis=1, dtype=kind)
    return np.asarray(halfway.reshape(ny // step, nx // step, step).sum(axis=2, dtype=kind))


def block_planes(
    exposures: tuple[MaskedImage, ...], names: tuple[str, ...], window: Window
) -> NDArray[np.uint8]:
    """Tell for every block which of the named mask planes is set in any of its pixels.

    Returns
    -------
    uint8 array of `window`'s shape
        0 where none is set, else 1 + the position in `names` of the FIRST that is set.
    """
    rank = np.zeros(window.shape, np.uint8)
    for exposure in exposures:
        if exposure.mask is not None and names:
            part = exposure.mask[window.y0 : window.y1, window.x0 : window.x1]
            found = _block_max(_ranks(part, exposure.planes or {}, names), window)
            np.maximum(rank, found, out=rank)
    return np.where(rank > 0, np.uint8(len(names) + 1) - rank, np.uint8(0))


def _ranks(
    mask: NDArray[Any], planes: Mapping[str, int], names: tuple[str, ...]
) -> NDArray[np.uint8]:
    """Return how much each pixel matters: the number of names for the first, 1 for the last."""
    width = 8 * mask.dtype.itemsize
    known = [(len(names) - i, planes[n]) for i, n in enumerate(names) if n in planes]
    bits = [(weight, bit) for weight, bit in known if bit < width]
    lowest, highest = int(mask.min()), int(mask.max())
    if lowest >= 0 and highest < 1 << 16:
        # Few different mask values are possible: look each of them up.
        values = np.arange(highest + 1)
        return _rank_of(values, bits)[mask]
    return _rank_of(mask, bits)


def _rank_of(mask: NDArray[Any], bits: list[tuple[int, int]]) -> NDArray[np.uint8]:
    rank = np.zeros(mask.shape, np.uint8)
    for weight, bit in sorted(bits):
        rank[((mask >> bit) & 1).astype(bool)] = weight
    return rank


def _block_max(values: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
    step = window.step
    if step == 1:
        return values
    ny, nx = values.shape
    values = np.pad(values, ((0, -ny % step), (0, -nx % step)))
    ny, nx = values.shape
    halfway = values.reshape(ny // step, step, nx).max(axis=1)
    return np.asarray(halfway.reshape(ny // step, nx // step, step).max(axis=2))


@dataclass(frozen=True, eq=False)
class Picture:
    """One panel's image, ready to paint.

    Attributes
    ----------
    kind : str
        Which view it is.
    values : float32 array, shape (rows, columns)
        Finite everywhere.
    hidden : uint8 array of the same shape, or None
        0 where `values` is real, 1 or 2 (hatching) where there is no value, 3 (thin hatching)
        here and there where the value is doubtful.
    box : (left, bottom, width, height)
        Where it lies, in parent pixels.
    step : int
        Pixels per picture pixel and axis.
    levels : Levels
        Ends of the colour scale.
    colours : {"sequential", "diverging", "sky", "planes"}
        The sort of colour scale that tells the truth about these values.
    unit : str
        Unit of the values, or an empty string.
    legend : tuple of str
        Names of the values 1, 2, ... of a picture of mask planes.
    present : tuple of int
        Which of these values occur.
    message : str
        Why there is nothing to see, or an empty string.
    sample : float32 array or None
        A few thousand of the real values in order, for limits and the histogram.
    """

    kind: str
    values: Float32
    hidden: NDArray[np.uint8] | None
    box: tuple[float, float, float, float]
    step: int
    levels: Levels
    colours: str
    unit: str = ""
    legend: tuple[str, ...] = ()
    present: tuple[int, ...] = ()
    message: str = ""
    sample: Float32 | None = field(default=None, repr=False)


def coloured(
    values: Float32, levels: tuple[float, float], table: NDArray[np.uint32]
) -> NDArray[np.uint32] | None:
    """Return the colours of a picture's values; None where only NumPy could make them.

    Parameters
    ----------
    levels : (float, float)
        Values of the first and last entry.
    table : uint32 array
        Colours, in whatever layout the caller paints.
    """
    compiled = kernels()
    if compiled is None or values.dtype != np.float32 or not values.flags.c_contiguous:
        return None
    return compiled.colours(values, *levels, table)


def make_picture(
    kind: str,
    values: Float32,
    window: Window,
    xy0: tuple[int, int],
    levels: Levels,
    colours: str,
    doubtful: NDArray[np.bool_] | None = None,
    **more: Any,
) -> Picture:
    """Make a `Picture` of values that may hold NaN; hatch thinly where they are `doubtful`."""
    finite = np.isfinite(values)
    sample = None if colours == "planes" else sorted_sample(values, finite)
    hidden = None
    if doubtful is not None and doubtful.any():
        hidden = np.where(doubtful, _thin_hatching(values.shape), np.uint8(0))
    if not finite.all():
        values = np.where(finite, values, np.float32(levels.low))
        lines = np.uint8(0) if hidden is None else hidden
        hidden = np.where(finite, lines, _hatching(values.shape))
    values = np.ascontiguousarray(values, dtype=np.float32)
    box = window.box(xy0)
    return Picture(kind, values, hidden, box, window.step, levels, colours, sample=sample, **more)


def _hatching(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.where((x + y) % _HATCH < 2, np.uint8(2), np.uint8(1))


def _thin_hatching(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Lines the other way, so that it cannot be taken for missing values."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.where((x - y) % _HATCH == 0, np.uint8(3), np.uint8(0))
