"""Exposures of another pixel grid re-projected onto that of a stack, with the reproject package.

Image: bilinear interpolation, which never overshoots at stars and edges; values are taken as
surface brightness per pixel of the exposure and are not rescaled.  Variance: the squares of the
same weights, so that it is that of each new pixel alone; neighbours share noise after this, and no
plane says so.  Mask: the nearest pixel's bits.  Outside the exposure: NaN and NO_DATA.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.exposure import Exposure, with_plane
from bgviewer.engine.extent import Extent, laid_into
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import BgviewerError
from bgviewer.io.extras import extra_package
from bgviewer.io.layout import quiet
from bgviewer.io.placement import placement
from bgviewer.io.sky import Grid, celestial_wcs

__all__ = ["ALIGNED_BY", "NO_DATA", "AlignTarget", "aligned", "check_reproject"]

ALIGNED_BY = "image bilinear, variance by squared weights, mask nearest"
NO_DATA = "NO_DATA"
_BAND = 1 << 16  # pixels re-projected between two steps of the progress
_EDGE = 1e-6  # pixels; rounding of coordinates at the outermost pixels
_WHOLE = 1e-4  # pixels; a shift that near to whole pixels is copied, not interpolated

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class AlignTarget:
    """The grid an exposure is brought to, and its own.

    Attributes
    ----------
    grid, own : Grid
    """

    grid: Grid
    own: Grid

    @classmethod
    def onto(cls, grid: Grid, own: Grid) -> AlignTarget | None:
        """Return the target; None where the sky does not tell where the one lies in the other."""
        if celestial_wcs(grid.header) is None or celestial_wcs(own.header) is None:
            return None
        return cls(grid, own)

    @property
    def xy0(self) -> tuple[int, int]:
        """Parent position of the target's first pixel."""
        return self.grid.xy0 or (0, 0)


def check_reproject() -> Any:
    """Return the module.

    Raises
    ------
    ConfigError
        When it is not installed.
    """
    return extra_package("reproject", "align", "aligning exposures")


def aligned(exposure: Exposure, target: AlignTarget, progress: Progress = SILENT) -> Exposure:
    """Return the exposure on the target's grid.

    It has no file any more: an export writes it as a new IMAGE, MASK, VARIANCE file.

    Raises
    ------
    ConfigError
        When reproject is not installed.
    BgviewerError
        When the exposure does not reach the target's grid.
    """
    shift = placement(target.grid, target.own)
    if shift is not None and shift.apart <= _WHOLE:
        local = replace(exposure, xy0=(0, 0), wcs=None)
        planes = laid_into(local, Extent(-shift.dx, -shift.dy, *target.grid.shape[::-1]))
        image, mask, variance = planes.image, planes.mask, planes.variance
    else:
        image, mask, variance = _reprojected(exposure, target, progress)
    if not np.isfinite(image).any():
        raise BgviewerError("aligned: the exposure does not reach the pixel grid of the others")
    moved = Exposure(
        image=image,
        mask=mask,
        variance=variance,
        planes=exposure.planes,
        xy0=target.xy0,
        name=exposure.name,
        header=target.grid.header,
        wcs=celestial_wcs(target.grid.header),
        unit=exposure.unit,
        zero_point=exposure.zero_point,
        scale=exposure.scale,
        detection=exposure.detection,
        variance_exponent=exposure.variance_exponent,
    )
    empty = np.isnan(image)
    return with_plane(moved, NO_DATA, empty) if empty.any() else moved


def _reprojected(
    exposure: Exposure, target: AlignTarget, progress: Progress
) -> tuple[Float32, NDArray[Any] | None, Float32 | None]:
    """Interpolate band by band; reproject says where every new pixel lies in the old image."""
    reproject = check_reproject()
    ny, nx = exposure.shape
    layers = np.empty((3, ny + 2, nx + 2), np.float64)
    layers[0] = np.pad(exposure.image, 1, mode="edge")
    layers[1:] = np.indices((ny + 2, nx + 2)) - 1
    own, wanted = _padded_wcs(target.own), celestial_wcs(target.grid.header)
    height, width = target.grid.shape
    image = np.empty((height, width), np.float32)
    mask = None if exposure.mask is None else np.zeros((height, width), exposure.mask.dtype)
    variance = None if exposure.variance is None else np.empty((height, width), np.float32)
    step = max(1, _BAND // width)
    for start in range(0, height, step):
        progress.step()
        rows = slice(start, min(start + step, height))
        with quiet(), np.errstate(invalid="ignore"):
            found = reproject.reproject_interp(
                (layers, own),
                wanted.slice((rows, slice(0, width))),
                shape_out=(rows.stop - start, width),
                order="bilinear",
                return_footprint=False,
            )
        y, x = found[1], found[2]
        # reproject goes half a pixel beyond the outermost centres, where nothing is between two
        with np.errstate(invalid="ignore"):
            within = (y >= -_EDGE) & (y <= ny - 1 + _EDGE) & (x >= -_EDGE) & (x <= nx - 1 + _EDGE)
        image[rows] = np.where(within, found[0], np.nan)
        y, x = (
            np.where(within, y.clip(0, ny - 1), np.nan),
            np.where(within, x.clip(0, nx - 1), np.nan),
        )
        if mask is not None:
            mask[rows] = _nearest(np.asarray(exposure.mask), y, x)
        if variance is not None:
            variance[rows] = _squared_weights(np.asarray(exposure.variance), y, x)
    return image, mask, variance


def _padded_wcs(grid: Grid) -> Any:
    """Return the WCS of an image with one more pixel on every side."""
    header = grid.header.copy()
    for name in ("CRPIX1", "CRPIX2"):
        header[name] = float(header.get(name, 0.0)) + 1.0
    return celestial_wcs(header)


def _nearest(mask: NDArray[Any], y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[Any]:
    inside = np.isfinite(y) & np.isfinite(x)
    at = tuple(np.where(inside, v, 0.0).round().astype(np.intp) for v in (y, x))
    return np.where(inside, mask[at], mask.dtype.type(0))


def _squared_weights(
    variance: Float32, y: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return sum(w^2 variance) of the four pixels around each position; NaN outside."""
    inside = np.isfinite(y) & np.isfinite(x)
    low, part = [], []
    for values, side in ((y, variance.shape[0]), (x, variance.shape[1])):
        known = np.where(inside, values, 0.0)
        first = np.clip(np.floor(known), 0, max(0, side - 2)).astype(np.intp)
        low.append(first)
        part.append(known - first)
    total = np.zeros(y.shape)
    for dy in (0, 1):
        for dx in (0, 1):
            weight = (part[0] if dy else 1 - part[0]) * (part[1] if dx else 1 - part[1])
            at = (
                np.minimum(low[0] + dy, variance.shape[0] - 1),
                np.minimum(low[1] + dx, variance.shape[1] - 1),
            )
            # a weight of 0 says nothing of a pixel without a variance
            with np.errstate(invalid="ignore", over="ignore"):
                total += np.where(weight == 0, 0.0, weight * weight * variance[at])
    return np.where(inside, total, np.nan)
