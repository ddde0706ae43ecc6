"""Flux loss of extended sources: injection and recovery.

What a match removes of light depends on whether one or both exposures have it.  Light that both
have cancels in reference - science; the model does not see it and nothing is lost.  Light that the
science exposure alone has (a comet, a variable, a ghost, a reflection, a trail) is in the
difference, and what is smoother than the cells is taken for sky.

A faint Gaussian is added to the science exposure in memory and the model is made again.  What the
model changes by is what the match removes of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
from bgviewer.engine.penalised_spline import SmoothFit, TileFitter
from bgviewer.engine.probes import refitted
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import FitError

__all__ = [
    "BOTH_EXPOSURES",
    "DEFAULT_RADIUS",
    "ExtendedSource",
    "FluxLoss",
    "default_radii",
    "default_source",
    "flux_losses",
    "source_cell_means",
]

Array = NDArray[np.float64]

BOTH_EXPOSURES = "Light in both exposures: not affected."
"""What a match does to it: it cancels in the difference that is modelled."""
DEFAULT_RADIUS = 50.0
"""Half-light radius in pixels; a twentieth of the side on small images."""
_TO_SIGMA = 1.0 / math.sqrt(2.0 * math.log(2.0))  # of a Gaussian, from its half-light radius
_APERTURE = 2.0  # half-light radii
_REACH = 5.0  # sigmas within which the loss is read
_POSITIONS = 201
_EVEN = 512
_BAND = 64
_FAINT = 0.1  # of the pixel noise


@dataclass(frozen=True)
class ExtendedSource:
    """A round Gaussian that is faint and smooth.

    Attributes
    ----------
    radius : float
        Half-light radius in pixels (half the full width at half maximum of a Gaussian).
    brightness : float
        Surface brightness of its middle, in the pixel unit.
    x, y : float
        Middle, in local pixels.
    """

    radius: float
    brightness: float
    x: float
    y: float

    @property
    def sigma(self) -> float:
        """Standard deviation, in pixels."""
        return self.radius * _TO_SIGMA

    @property
    def flux(self) -> float:
        """All of its light, in the pixel unit."""
        return 2.0 * math.pi * self.sigma**2 * self.brightness

    def flux_within(self, shape: tuple[int, int]) -> float:
        """Return its light on the pixels of an image, in the pixel unit."""
        sums = (
            float(self.along(np.arange(side), at).sum())
            for side, at in zip(shape, (self.y, self.x), strict=True)
        )
        return self.brightness * math.prod(sums)

    def along(self, positions: NDArray[Any], middle: float) -> Array:
        """Return its profile along one axis, 1 in the middle."""
        return np.asarray(np.exp(-0.5 * ((positions - middle) / self.sigma) ** 2))


@dataclass(frozen=True)
class FluxLoss:
    """What a match removes of a source that only the science exposure has.

    Attributes
    ----------
    source : ExtendedSource
    profile : float
        Share of the flux that is missing afterwards, the flux measured with the source's own
        profile: 0 = the source stays, 1 = it is gone.
    aperture : float
        Share of the flux within two half-light radii.
    total : float
        Share of all of its light: what the model takes from the whole image.
    peak : float
        Share of the surface brightness of its middle.
    rerun : bool
        Whether cells or fit were made again (MEDIAN, MEANCLIP, P-spline) instead of computing
        the change: the shares then depend on the brightness.
    """

    source: ExtendedSource
    profile: float
    aperture: float
    total: float
    peak: float
    rerun: bool


def default_source(result: MatchResult, radius: float | None = None) -> ExtendedSource:
    """Return a source of a tenth of the pixel noise in the middle of the cells with data.

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
    radius = radius or min(DEFAULT_RADIUS, 0.05 * smallest)
    return ExtendedSource(radius, brightness, float(x[nearest]), float(y[nearest]))


def default_radii(result: MatchResult, count: int = 11) -> tuple[float, ...]:
    """Return half-light radii, in even steps of their logarithm, around the present bin size."""
    largest = 0.5 * float(min(result.difference.shape))
    first = max(1.0, min(result.config.bin_size / 16.0, largest / 8.0))
    return tuple(float(s) for s in np.geomspace(first, max(largest, 2 * first), count))


def flux_losses(
    result: MatchResult,
    sources: Sequence[ExtendedSource],
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> tuple[FluxLoss, ...]:
    """Return what the match removes of each of the sources, one at a time.

    With the statistic MEAN, and of a P-spline, the change of the cells or tiles is known without
    gridding again, and their errors (so the weights) are taken to stay: the source is faint.
    MEDIAN and MEANCLIP are run again.  A P-spline chooses its smoothing length again: of a
    brighter source it removes a larger share.

    Raises
    ------
    FitError
        When the model cannot be made again.
    """
    smooth = result.fit.smooth
    if smooth is not None:
        return _smoothed(result, smooth, sources, progress, threads)
    if result.config.grid_statistic == "MEAN":
        changes = source_cell_means(result, sources, progress, threads=threads)
        if result.used_order is not None:
            return _projected(result, sources, changes, progress)
        values = result.cells.values.astype(np.float64)
        # The source lowers the difference's cells, and so the model that is added.
        return tuple(
            _compared(result, refitted(result, values - change), source, progress, False)
            for source, change in zip(sources, changes, strict=True)
        )
    return tuple(_rerun(result, source, progress, threads) for source in sources)


def source_cell_means(
    result: MatchResult,
    sources: Sequence[ExtendedSource],
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> Array:
    """Return the mean of each source over the good pixels of cells: [sources, rows, columns]."""
    cells = result.cells
    edges = (cells.y_edges, cells.x_edges)
    return _source_means(result.difference.values, edges, sources, progress, threads)


def _source_means(
    values: NDArray[np.float32],
    edges: tuple[NDArray[np.intp], NDArray[np.intp]],
    sources: Sequence[ExtendedSource],
    progress: Progress,
    threads: int | None,
) -> Array:
    """Return the mean of each source over the good pixels of every block; NaN without any."""
    y_edges, x_edges = edges
    ny, nx = values.shape
    starts = x_edges[:-1]
    along_x = [b.along(np.arange(nx), b.x).astype(np.float32) for b in sources]
    along_y = [b.along(np.arange(ny), b.y) for b in sources]

    def one(band: tuple[int, int]) -> Array:
        rows = slice(*band)
        good = np.isfinite(values[rows]).astype(np.float32)
        out = np.zeros((len(sources) + 1, len(starts)))
        out[-1] = np.add.reduceat(good.sum(axis=0, dtype=np.float64), starts)
        for k in range(len(sources)):
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
    brightness = np.array([b.brightness for b in sources])[:, None, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(brightness * total[:-1] / np.where(counts > 0, counts, np.nan))


def _smoothed(
    result: MatchResult,
    smooth: SmoothFit,
    sources: Sequence[ExtendedSource],
    progress: Progress,
    threads: int | None,
) -> tuple[FluxLoss, ...]:
    """A P-spline is fitted again, as its smoothing length may follow the source."""
    data, order = smooth.system.data, smooth.system.order
    length = result.config.smoothing_length or None
    means = _source_means(result.difference.values, data.edges, sources, progress, threads)
    found = []
    for source, mean in zip(sources, means, strict=True):
        progress.step()
        again = TileFitter(replace(data, values=data.values - mean)).fit(order, length, progress)
        found.append(_read(result, source, _apart(smooth, again), True))
    return tuple(found)


def _apart(before: SmoothFit, after: SmoothFit) -> Callable[[Array, Array], Array]:
    """Return by how much one surface is above the other."""

    def removed(y: Array, x: Array) -> Array:
        first = before.system.surfaces(before.amplitudes, y, x)
        return np.asarray(first - after.system.surfaces(after.amplitudes, y, x))

    return removed


def _projected(
    result: MatchResult, sources: Sequence[ExtendedSource], changes: Array, progress: Progress
) -> tuple[FluxLoss, ...]:
    """A polynomial removes of each source what the fit makes of its cell means."""
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
    for k, source in enumerate(sources):
        progress.step()
        own = coefficients[:, k]
        found.append(
            _read(
                result,
                source,
                lambda y, x, own=own: terms_at(order, shape, y, x) @ own,  # type: ignore[misc]
                False,
            )
        )
    return tuple(found)


def _rerun(
    result: MatchResult, source: ExtendedSource, progress: Progress, threads: int | None
) -> FluxLoss:
    ny, nx = result.difference.shape
    profile = source.brightness * source.along(np.arange(ny), source.y)
    values = result.difference.values.copy()
    along_x = source.along(np.arange(nx), source.x).astype(np.float32)
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
    return _compared(result, _model(result, cells), source, progress, True)


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
    result: MatchResult, changed: Model, source: ExtendedSource, progress: Progress, rerun: bool
) -> FluxLoss:
    def removed(y: Array, x: Array) -> Array:
        before = result.model.render(y=y, x=x, progress=progress).astype(np.float64)
        return before - changed.render(y=y, x=x, progress=progress)

    return _read(result, source, removed, rerun)


def _around(result: MatchResult, source: ExtendedSource) -> tuple[Array, Array]:
    """Return pixels around the source, every n-th of a large one."""
    found = []
    for middle, side in zip((source.y, source.x), result.difference.shape, strict=True):
        low = max(0, math.floor(middle - _REACH * source.sigma))
        high = min(side - 1, math.ceil(middle + _REACH * source.sigma))
        if low > high:
            raise FitError(
                f"the source at x = {source.x:.0f}, y = {source.y:.0f} is outside the image"
            )
        step = max(1, (high - low) // _POSITIONS)
        found.append(np.arange(low, high + 1, step, dtype=np.float64))
    return found[0], found[1]


def _read(
    result: MatchResult,
    source: ExtendedSource,
    removed: Callable[[Array, Array], Array],
    rerun: bool,
) -> FluxLoss:
    """Read the surface that is removed around the source, in its middle and over the image."""
    y, x = _around(result, source)
    light = source.along(y, source.y)[:, None] * source.along(x, source.x)
    surface = removed(y, x) / source.brightness
    inside = np.hypot(y[:, None] - source.y, x - source.x) <= _APERTURE * source.radius
    middle = removed(np.array([source.y]), np.array([source.x]))
    # Means over even parts of the image: the surface is smooth.
    even = (
        (np.arange(n) + 0.5) * side / n - 0.5
        for side in result.difference.shape
        for n in (min(side, _EVEN),)
    )
    everywhere = float(np.mean(removed(*even))) * math.prod(result.difference.shape)
    whole = source.flux_within(result.difference.shape)
    return FluxLoss(
        source,
        _ratio(float(np.sum(light * surface)), float(np.sum(light * light))),
        _ratio(float(np.sum(surface[inside])), float(np.sum(light[inside]))),
        _ratio(everywhere, whole),
        float(middle[0, 0]) / source.brightness,
        rerun,
    )


def _ratio(value: float, over: float) -> float:
    return value / over if over > 0 else math.nan
