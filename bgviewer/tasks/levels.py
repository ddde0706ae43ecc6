"""Ends of colour scales that tell the truth: robust, never equal, with outliers counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Levels",
    "centred_levels",
    "model_levels",
    "residual_floor",
    "sample_levels",
    "sky_levels",
]

_SAMPLE = 40_000  # values that levels are taken from


@dataclass(frozen=True)
class Levels:
    """The values at the two ends of a colour scale, and how many values lie beyond them.

    `only` is the one value that occurs where all are equal, else None.
    """

    low: float
    high: float
    outliers: int = 0
    only: float | None = None


def _finite_sample(values: NDArray[Any]) -> NDArray[np.float64]:
    flat = np.asarray(values).ravel()
    # A stride that shares no factor with the row length, so that every column is seen.
    stride = max(1, flat.size // _SAMPLE)
    while stride > 1 and np.gcd(stride, values.shape[-1]) > 1:
        stride += 1
    sample = flat[::stride].astype(np.float64)
    return sample[np.isfinite(sample)]


def sample_levels(values: NDArray[Any], low: float = 1.0, high: float = 99.0) -> Levels:
    """Levels at two percentiles of the finite values; never equal to each other."""
    sample = _finite_sample(values)
    if sample.size == 0:
        return Levels(0.0, 1.0)
    bottom, top = np.percentile(sample, (low, high))
    return _apart(float(bottom), float(top))


def model_levels(model: NDArray[Any], cells: NDArray[Any]) -> Levels:
    """Levels for a model and its cells: the cells' range and a fifth beyond, where it is reached.

    An extrapolated corner may run far away; it shall not flatten the rest.
    """
    known = np.asarray(cells, dtype=np.float64)
    known = known[np.isfinite(known)]
    surface = _finite_sample(model)
    if known.size == 0 or surface.size == 0:
        return sample_levels(model)
    # Of many cells a few are outliers; they may saturate.
    ends = (0, 100) if known.size < 100 else (1, 99)
    low, high = (float(v) for v in np.percentile(known, ends))
    margin = 0.2 * (high - low)
    return _apart(
        min(low, max(low - margin, float(surface.min()))),
        max(high, min(high + margin, float(surface.max()))),
    )


def sky_levels(values: NDArray[Any]) -> Levels:
    """Levels that show the sky and what is a little brighter than it.

    From the median and the scatter (1.4826 x median absolute deviation) of the finite values:
    3 below to 9 above, but not beyond the values themselves.
    """
    sample = _finite_sample(values)
    if sample.size == 0:
        return Levels(0.0, 1.0)
    middle = float(np.median(sample))
    scatter = 1.4826 * float(np.median(np.abs(sample - middle)))
    if scatter == 0.0:
        return _apart(float(sample.min()), float(sample.max()))
    return _apart(
        max(middle - 3 * scatter, float(sample.min())),
        min(middle + 9 * scatter, float(sample.max())),
    )


def residual_floor(errors: NDArray[Any], cells: NDArray[Any]) -> float:
    """Return the residual below which there is only rounding, in the unit of the values.

    A thousandth of the median error of the bins; without errors a millionth of what the cells
    span (or of their size, where all are equal).
    """
    known = np.asarray(errors, dtype=np.float64)
    known = known[np.isfinite(known)]
    middle = float(np.median(known)) if known.size else 0.0
    if middle > 0:
        return 1e-3 * middle
    values = np.asarray(cells, dtype=np.float64)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0
    span = float(values.max() - values.min())
    return 1e-6 * (span or float(np.abs(values).max()))


def centred_levels(values: NDArray[Any], scatters: float = 3.0, floor: float = 0.0) -> Levels:
    """Symmetric levels about zero that a few outliers cannot flatten.

    ``scatters`` x 1.4826 x the median absolute value, or the largest absolute value where that
    is smaller; values beyond are counted.  Never closer to zero than `floor`, so that rounding
    does not look like structure.
    """
    finite = np.abs(np.asarray(values).ravel())
    finite = finite[np.isfinite(finite)]
    if finite.size == 0:
        return Levels(-1.0, 1.0)
    largest = float(finite.max())
    limit = scatters * 1.4826 * float(np.median(finite[:: max(1, finite.size // _SAMPLE)]))
    if limit == 0.0 or limit > largest:
        limit = largest
    limit = max(limit, floor)
    if limit == 0.0:
        return Levels(-1.0, 1.0, only=0.0)
    return Levels(-limit, limit, int(np.count_nonzero(finite > limit)))


def _apart(low: float, high: float) -> Levels:
    if high > low:
        return Levels(low, high)
    margin = max(abs(low) * 1e-3, 1e-6)
    return Levels(low - margin, high + margin, only=low)
