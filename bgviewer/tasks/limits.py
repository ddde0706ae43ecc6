"""Ends of a colour scale by the rules astronomers choose from: min-max, percentile, zscale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.tasks.levels import Levels

__all__ = ["LIMITS", "limits_of", "sorted_sample"]

LIMITS = ("automatic", "minmax", "percentile", "zscale", "manual")
_SAMPLE = 8192
_PERCENT = (0.5, 99.5)


def sorted_sample(values: NDArray[Any], finite: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return a few thousand of the finite values in order, the least and the greatest among them.

    Limits and histograms are made of it, so that they cost nothing while one drags.
    """
    if finite.all():
        known = np.asarray(values).ravel()
    else:
        known = np.asarray(values)[finite]
    if known.size == 0:
        return np.zeros(0, np.float32)
    stride = max(1, known.size // _SAMPLE)
    while stride > 1 and np.gcd(stride, np.shape(values)[-1]) > 1:
        stride += 1
    ends = (known.min(), known.max())
    return np.sort(np.append(known[::stride], ends)).astype(np.float32)


def limits_of(
    rule: str, sample: NDArray[Any] | None, automatic: Levels, symmetric: bool
) -> tuple[float, float]:
    """Return the ends of the colour scale by one of `LIMITS`.

    Parameters
    ----------
    sample : array or None
        From `sorted_sample`; without values the automatic limits stay.
    automatic : Levels
        The limits that come with the picture.
    symmetric : bool
        Whether zero shall be in the middle.
    """
    if sample is None or sample.size == 0 or rule in ("automatic", "manual"):
        return automatic.low, automatic.high
    if rule == "minmax":
        low, high = float(sample[0]), float(sample[-1])
    elif rule == "percentile":
        low, high = (float(v) for v in np.percentile(sample, _PERCENT))
    else:
        # It would take the first thousand in steps; of an ordered sample that leaves out the end.
        few = sample[np.linspace(0, sample.size - 1, min(sample.size, 1000)).astype(np.intp)]
        from astropy.visualization import ZScaleInterval  # dear to import

        low, high = (float(v) for v in ZScaleInterval().get_limits(few))
    if symmetric:
        high = max(abs(low), abs(high))
        low = -high
    return (low, high) if high > low else (automatic.low, automatic.high)
