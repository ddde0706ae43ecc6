"""How well a model is known: a map of its standard error.

A polynomial's follows from the covariance of its fit, a P-spline's from that of its coefficients
given the data; a spline's from leaving out one fold of its cells after the other (a grouped
jackknife).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.chebyshev import FitSystem, terms_at
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.probes import refitted
from bgviewer.engine.progress import SILENT, Progress

__all__ = ["FOLDS", "UncertaintyMap", "fold_scatter", "uncertainty_map"]

Array = NDArray[np.float64]

FOLDS = 5
"""Folds of cells; (column + 2 row) mod 5 leaves every neighbour of a cell in."""
_SIDE = 96
_AT_ONCE = 1 << 16


@dataclass(frozen=True, eq=False)
class UncertaintyMap:
    """Standard error of the model, in the pixel unit.

    Attributes
    ----------
    y, x : ndarray float64
        Local pixel positions of rows and columns.
    values : ndarray float64 [len(y), len(x)]
        NaN where nothing is known.
    kind : {"covariance", "smooth", "folds"}
        What it was made from.
    cell_error : float
        Median standard error of the cells, to hold it against; NaN where none is known.
    factor : float
        What the covariance was multiplied with (as an error) because the cells scatter about the
        fit by more than their errors; 1 = they do not.
    floor : float
        The held-out rms, where it was found to be significant: the map is nowhere below it.
    """

    y: Array
    x: Array
    values: Array
    kind: str
    cell_error: float
    factor: float = 1.0
    floor: float = 0.0

    def floored(self, floor: float) -> UncertaintyMap:
        """Return the map with errors that are nowhere below `floor`.

        Neither a covariance nor a jackknife knows of structure that the model is too stiff to
        follow; pixels that were held out of the fit do.
        """
        if not floor > 0:
            return self
        return replace(self, values=np.maximum(self.values, floor), floor=floor)

    def quantile(self, share: float) -> float:
        """Return the value that this share of the image stays below; NaN without any."""
        known = self.values[np.isfinite(self.values)]
        return float(np.quantile(known, share)) if known.size else float("nan")


def uncertainty_map(
    result: MatchResult, progress: Progress = SILENT, *, side: int = _SIDE
) -> UncertaintyMap:
    """Return the map on an even grid of at most `side` positions along the longer side.

    The covariance of a polynomial takes the cells' errors, made larger where the cells scatter
    about the fit by more than that: what the polynomial cannot follow is uncertain too.  Where
    errors are unknown (uniform differences) that scatter stands for them.
    """
    y, x = _positions(result.difference.shape, side)
    errors = result.cells.errors.astype(np.float64)
    known = errors[np.isfinite(errors) & (errors > 0)]
    typical = float(np.median(known)) if known.size else float("nan")
    if result.fit.smooth is not None:
        values, factor = result.fit.smooth.error_at(y, x, progress)
        return UncertaintyMap(y, x, values, "smooth", typical, factor)
    if result.used_order is None:
        made = fold_scatter(result, result.cells.values.astype(np.float64), y, x, progress)
        return UncertaintyMap(y, x, made, "folds", typical)
    values, factor = _of_covariance(result, y, x, progress)
    return UncertaintyMap(y, x, values, "covariance", typical, factor)


def _positions(shape: tuple[int, int], side: int) -> tuple[Array, Array]:
    """Return positions of which the first and last pixel of each axis are two."""
    longest = max(shape)
    y, x = (np.linspace(0.0, n - 1.0, max(2, round(side * n / longest))) for n in shape)
    return y, x


def _of_covariance(
    result: MatchResult, y: Array, x: Array, progress: Progress
) -> tuple[Array, float]:
    assert result.used_order is not None
    cells, shape = result.cells, result.difference.shape
    system = FitSystem.of(
        cells,
        result.used_order,
        bool(result.used_weighting),
        shape,
        inverse_variance=result.config.inverse_variance_weighting,
    )
    inverse = np.linalg.pinv(system.matrix, hermitian=True) @ system.weighted.T
    errors, factor = _errors(result, system, inverse)
    loose = inverse * errors
    covariance = loose @ loose.T
    out = np.empty((len(y), len(x)))
    step = max(1, _AT_ONCE // max(1, len(x)))
    for first in range(0, len(y), step):
        progress.step()
        at = terms_at(result.used_order, shape, y[first : first + step], x)
        out[first : first + step] = np.sum((at @ covariance) * at, axis=2)
    return np.sqrt(np.maximum(out, 0.0)), factor


def _errors(result: MatchResult, system: FitSystem, inverse: Array) -> tuple[Array, float]:
    """Return the errors of the cells that were fitted, and by what they were made larger."""
    values = result.cells.values.astype(np.float64)[system.usable]
    errors = result.cells.errors.astype(np.float64)[system.usable]
    left = values - system.design @ (inverse @ values)
    freedom = len(values) - system.design.shape[1]
    known = np.isfinite(errors) & (errors > 0)
    if not known.all():
        scatter = math.sqrt(float(np.sum(left * left)) / freedom) if freedom > 0 else math.nan
        return np.where(known, errors, scatter), 1.0
    if freedom <= 0:
        return errors, 1.0
    factor = max(1.0, math.sqrt(float(np.sum((left / errors) ** 2)) / freedom))
    return factor * errors, factor


def fold_scatter(
    result: MatchResult, values: Array, y: Array, x: Array, progress: Progress = SILENT
) -> Array:
    """Return the jackknife error of a spline through `values` of a match's cells."""
    rows, columns = np.indices(values.shape)
    fold = (columns + 2 * rows) % FOLDS
    made = []
    for k in range(FOLDS):
        progress.step()
        kept = np.where(fold == k, np.nan, values)
        if np.isfinite(kept).any() and np.isfinite(values[fold == k]).any():
            made.append(refitted(result, kept).render(y=y, x=x, progress=progress))
    if len(made) < 2:
        return np.full((len(y), len(x)), np.nan)
    stacked = np.stack(made).astype(np.float64)
    away = stacked - stacked.mean(axis=0)
    return np.sqrt((len(made) - 1) / len(made) * np.sum(away * away, axis=0))
