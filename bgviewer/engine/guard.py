"""Faint-light guard: how much of a faint smooth blob a match takes away.

A Gaussian is added to the science exposure in memory and the model is made again.  What the
model changes by is what the match removes of the blob.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands, row_bands
from bgviewer.engine.cells import Cells
from bgviewer.engine.chebyshev import ChebyshevModel, FitSystem, terms_at
from bgviewer.engine.fitting import Model
from bgviewer.engine.gridding import form_cells
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.penalised_spline import SmoothFit
from bgviewer.engine.probes import refitted
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import FitError

__all__ = [
    "FWHM_TO_SIGMA",
    "USUAL_SIZE",
    "Blob",
    "Loss",
    "blob_cell_means",
    "faint_light_losses",
    "usual_blob",
    "usual_sizes",
]

Array = NDArray[np.float64]

FWHM_TO_SIGMA = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))
USUAL_SIZE = 100.0
"""Full width at half maximum of the usual blob, in pixels; a tenth of the side on small images."""
_REACH = 5.0  # sigmas within which the loss is read
_POSITIONS = 201
_BAND = 64
_FAINT = 0.1  # of the pixel noise


@dataclass(frozen=True)
class Blob:
    """A round Gaussian that is faint and smooth.

    Attributes
    ----------
    size : float
        Full width at half maximum, in pixels.
    brightness : float
        Surface brightness of its middle, in the pixel unit.
    x, y : float
        Middle, in local pixels.
    """

    size: float
    brightness: float
    x: float
    y: float

    @property
    def sigma(self) -> float:
        """Standard deviation, in pixels."""
        return self.size * FWHM_TO_SIGMA

    @property
    def flux(self) -> float:
        """All of its light, in the pixel unit."""
        return 2.0 * math.pi * self.sigma**2 * self.brightness

    def along(self, positions: NDArray[Any], middle: float) -> Array:
        """Return its profile along one axis, 1 in the middle."""
        return np.asarray(np.exp(-0.5 * ((positions - middle) / self.sigma) ** 2))


@dataclass(frozen=True)
class Loss:
    """What a match removes of a blob.

    Attributes
    ----------
    blob : Blob
    share : float
        Share of the flux that is missing afterwards, the flux measured with the blob's own
        profile: 0 = the blob stays, 1 = it is gone.
    peak : float
        Share of the surface brightness of its middle that is missing.
    rerun : bool
        Whether the pixels were gridded again (MEDIAN, MEANCLIP) instead of computing the change.
    """

    blob: Blob
    share: float
    peak: float
    rerun: bool


def usual_blob(result: MatchResult, size: float | None = None) -> Blob:
    """Return a blob of a tenth of the pixel noise in the middle of the cells with data.

    It sits on the middle of a cell, where a spline takes most of it.
    """
    cells = result.cells
    rows, columns = np.nonzero(np.isfinite(cells.values))
    y, x = cells.y_local[rows], cells.x_local[columns]
    nearest = int(np.argmin((y - y.mean()) ** 2 + (x - x.mean()) ** 2))
    noise = np.asarray(result.bins.errors) * np.sqrt(result.bins.counts)
    noise = noise[np.isfinite(noise) & (noise > result.config.grid_stdev_epsilon)]
    brightness = _FAINT * float(np.median(noise)) if noise.size else 1.0
    smallest = min(result.difference.shape)
    size = size or min(USUAL_SIZE, 0.1 * smallest)
    return Blob(size, brightness, float(x[nearest]), float(y[nearest]))


def usual_sizes(result: MatchResult, count: int = 11) -> tuple[float, ...]:
    """Return sizes of blobs, in even steps of their logarithm, around the present bin size."""
    largest = float(min(result.difference.shape))
    first = max(2.0, min(result.config.bin_size / 8.0, largest / 8.0))
    return tuple(float(s) for s in np.geomspace(first, max(largest, 2 * first), count))


def faint_light_losses(
    result: MatchResult,
    blobs: Sequence[Blob],
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> tuple[Loss, ...]:
    """Return what the match removes of each of the blobs, one at a time.

    With the statistic MEAN, and of a P-spline, the change of the cells or tiles is known without
    gridding again, and their errors (so the weights) are taken to stay: the blob is faint.  MEDIAN
    and MEANCLIP are run again.

    Raises
    ------
    FitError
        When the model cannot be made again.
    """
    smooth = result.fit.smooth
    if smooth is not None:
        return _smoothed(result, smooth, blobs, progress, threads)
    if result.config.grid_statistic == "MEAN":
        changes = blob_cell_means(result, blobs, progress, threads=threads)
        if result.used_order is not None:
            return _projected(result, blobs, changes, progress)
        values = result.cells.values.astype(np.float64)
        # The blob lowers the difference's cells, and so the model that is added.
        return tuple(
            _compared(result, refitted(result, values - change), blob, progress, False)
            for blob, change in zip(blobs, changes, strict=True)
        )
    return tuple(_rerun(result, blob, progress, threads) for blob in blobs)


def blob_cell_means(
    result: MatchResult,
    blobs: Sequence[Blob],
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> Array:
    """Return the mean of each blob over the good pixels of every cell: [blobs, rows, columns]."""
    cells = result.cells
    edges = (cells.y_edges, cells.x_edges)
    return _blob_means(result.difference.values, edges, blobs, progress, threads)


def _blob_means(
    values: NDArray[np.float32],
    edges: tuple[NDArray[np.intp], NDArray[np.intp]],
    blobs: Sequence[Blob],
    progress: Progress,
    threads: int | None,
) -> Array:
    """Return the mean of each blob over the good pixels of every block; NaN without any."""
    y_edges, x_edges = edges
    ny, nx = values.shape
    starts = x_edges[:-1]
    along_x = [b.along(np.arange(nx), b.x).astype(np.float32) for b in blobs]
    along_y = [b.along(np.arange(ny), b.y) for b in blobs]

    def one(band: tuple[int, int]) -> Array:
        rows = slice(*band)
        good = np.isfinite(values[rows]).astype(np.float32)
        out = np.zeros((len(blobs) + 1, len(starts)))
        out[-1] = np.add.reduceat(good.sum(axis=0, dtype=np.float64), starts)
        for k in range(len(blobs)):
            if along_y[k][rows].max() > 1e-12:
                column = along_y[k][rows].astype(np.float32) @ good
                out[k] = np.add.reduceat(column.astype(np.float64) * along_x[k], starts)
        return out

    bands: list[tuple[int, int]] = []
    first: list[int] = []
    for low, high in pairwise(y_edges.tolist()):
        first.append(len(bands))
        bands += row_bands(low, high, _BAND)
    parts = np.array(map_bands(one, bands, progress=progress, threads=threads))
    total = np.add.reduceat(parts, first, axis=0).transpose(1, 0, 2)
    counts = total[-1]
    brightness = np.array([b.brightness for b in blobs])[:, None, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(brightness * total[:-1] / np.where(counts > 0, counts, np.nan))


def _smoothed(
    result: MatchResult,
    smooth: SmoothFit,
    blobs: Sequence[Blob],
    progress: Progress,
    threads: int | None,
) -> tuple[Loss, ...]:
    """A P-spline removes of each blob what it makes of its tile means."""
    system = smooth.system
    means = _blob_means(result.difference.values, system.data.edges, blobs, progress, threads)
    amplitudes = system.noise_solutions(smooth.smoothing, np.nan_to_num(means), progress)
    found = []
    for blob, own in zip(blobs, amplitudes, strict=True):
        y, x = _around(result, blob)
        removed, middle = (system.surfaces(own, *at) for at in ((y, x), _middle(blob)))
        found.append(_read(blob, removed, middle, y, x, False))
    return tuple(found)


def _projected(
    result: MatchResult, blobs: Sequence[Blob], changes: Array, progress: Progress
) -> tuple[Loss, ...]:
    """A polynomial removes of each blob what the fit makes of its cell means."""
    assert result.used_order is not None
    order, shape = result.used_order, result.difference.shape
    system = FitSystem.of(
        result.cells,
        order,
        bool(result.used_weighting),
        shape,
        inverse_variance=result.config.inverse_variance_weighting,
    )
    progress.step()
    right = system.weighted.T @ changes[:, system.usable].T
    coefficients = np.linalg.lstsq(system.matrix, right, rcond=None)[0]
    found = []
    for k, blob in enumerate(blobs):
        progress.step()
        y, x = _around(result, blob)
        removed, middle = (
            terms_at(order, shape, *at) @ coefficients[:, k] for at in ((y, x), _middle(blob))
        )
        found.append(_read(blob, removed, middle, y, x, False))
    return tuple(found)


def _rerun(result: MatchResult, blob: Blob, progress: Progress, threads: int | None) -> Loss:
    ny, nx = result.difference.shape
    profile = blob.brightness * blob.along(np.arange(ny), blob.y)
    values = result.difference.values.copy()
    along_x = blob.along(np.arange(nx), blob.x).astype(np.float32)
    for low, high in row_bands(0, ny, _BAND):
        progress.step()
        values[low:high] -= profile[low:high, None].astype(np.float32) * along_x
    rows, columns = result.cells.shape
    config = result.config
    cells = form_cells(
        values,
        columns,
        rows,
        config.grid_statistic,
        config.num_sigma_clip,
        config.num_iter,
        progress=progress,
        threads=threads,
    )
    return _compared(result, _model(result, cells), blob, progress, True)


def _model(result: MatchResult, cells: Cells) -> Model:
    if result.used_order is None:
        return refitted(result, cells.values.astype(np.float64))
    return ChebyshevModel.fit(
        cells,
        result.used_order,
        bool(result.used_weighting),
        result.difference.shape,
        inverse_variance=result.config.inverse_variance_weighting,
    )


def _compared(
    result: MatchResult, changed: Model, blob: Blob, progress: Progress, rerun: bool
) -> Loss:
    def removed(y: Array, x: Array) -> Array:
        before = result.model.render(y=y, x=x, progress=progress).astype(np.float64)
        return before - changed.render(y=y, x=x, progress=progress)

    y, x = _around(result, blob)
    return _read(blob, removed(y, x), removed(*_middle(blob)), y, x, rerun)


def _middle(blob: Blob) -> tuple[Array, Array]:
    return np.array([blob.y]), np.array([blob.x])


def _around(result: MatchResult, blob: Blob) -> tuple[Array, Array]:
    """Return pixels around the blob, every n-th of a large one."""
    found = []
    for middle, side in zip((blob.y, blob.x), result.difference.shape, strict=True):
        low = max(0, math.floor(middle - _REACH * blob.sigma))
        high = min(side - 1, math.ceil(middle + _REACH * blob.sigma))
        if low > high:
            raise FitError(f"the blob at x = {blob.x:.0f}, y = {blob.y:.0f} is outside the image")
        step = max(1, (high - low) // _POSITIONS)
        found.append(np.arange(low, high + 1, step, dtype=np.float64))
    return found[0], found[1]


def _read(blob: Blob, removed: Array, middle: Array, y: Array, x: Array, rerun: bool) -> Loss:
    profile = blob.along(y, blob.y)[:, None] * blob.along(x, blob.x)
    flux = blob.brightness * float(np.sum(profile * profile))
    share = float(np.sum(profile * removed)) / flux if flux > 0 else math.nan
    return Loss(blob, share, float(middle[0, 0]) / blob.brightness, rerun)
