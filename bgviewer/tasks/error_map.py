"""The map of a model's error as a small picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.uncertainty import UncertaintyMap

__all__ = ["ErrorPicture", "error_picture"]


@dataclass(frozen=True, eq=False)
class ErrorPicture:
    """Codes to colour; the first row is the top of the image.

    Attributes
    ----------
    codes : ndarray uint8 [ny, nx]
        0 = unknown, 1 to 255 from the smallest to the largest, in steps of its logarithm.
    low, high : float
        Smallest and largest error, in the pixel unit; NaN without any.
    factor : float
        By how much the cells' errors were made larger because the cells scatter; 1 = not.
    """

    codes: NDArray[np.uint8]
    low: float
    high: float
    factor: float = 1.0


def error_picture(found: UncertaintyMap) -> ErrorPicture:
    """Return the picture of a map."""
    values = found.values[::-1]
    known = np.isfinite(values) & (values > 0)
    codes = np.zeros(values.shape, np.uint8)
    if not known.any():
        return ErrorPicture(codes, float("nan"), float("nan"), found.factor)
    low, high = float(values[known].min()), float(values[known].max())
    scaled = np.log(values[known] / low) / np.log(high / low) if high > low else np.zeros(1)
    codes[known] = 1 + np.round(254 * scaled)
    return ErrorPicture(codes, low, high, found.factor)
