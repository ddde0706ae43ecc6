"""Scatter of neighbouring pixels: the noise of an exposure without its sky and sources."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.masks import in_type_of

__all__ = ["float32_step", "neighbour_noise", "typical_difference"]

_PIXELS = 1 << 16
_TO_SIGMA = 1.482602218505602 / math.sqrt(2.0)


def _sample(image: MaskedImage) -> slice:
    """Return rows spread over the image."""
    ny, nx = image.shape
    return slice(None, None, max(1, ny * nx // _PIXELS))


def neighbour_noise(image: MaskedImage, bad: tuple[str, ...] = ()) -> float:
    """Return the standard deviation of the pixels that differences of neighbours along x show.

    Half the pixels may be sources or outliers. Where neighbours are correlated, as after
    resampling, it is too small. Rows of about 65,000 pixels are looked at.

    Parameters
    ----------
    image : MaskedImage
    bad : tuple of str
        Mask planes whose pixels do not count.

    Returns
    -------
    float
        In the unit of the image; 0 where most neighbours are equal, NaN where fewer than two
        good pixels are neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> pixels = 100 + np.random.default_rng(0).normal(0, 3, (64, 64))
    >>> 2.8 < neighbour_noise(MaskedImage(image=pixels)) < 3.2
    True
    """
    apart = _differences(image, bad)
    return float(np.median(apart)) * _TO_SIGMA if apart.size else math.nan


def typical_difference(image: MaskedImage, bad: tuple[str, ...] = ()) -> float:
    """Return the median difference of neighbours along x that differ.

    Parameters are those of `neighbour_noise`.

    Returns
    -------
    float
        In the unit of the image; the step of the pixels where the noise is below it. NaN where
        no good neighbours differ.
    """
    apart = _differences(image, bad)
    apart = apart[apart > 0]
    return float(np.median(apart)) if apart.size else math.nan


def _differences(image: MaskedImage, bad: tuple[str, ...]) -> NDArray[np.float64]:
    """Return the absolute differences of good neighbours along x, of rows of the sample."""
    rows = _sample(image)
    values = image.image[rows].astype(np.float64)
    mask, bits = image.masked(bad)
    if mask is not None and bits:
        values[(mask[rows] & in_type_of(mask, bits)) != 0] = np.nan
    with np.errstate(invalid="ignore"):
        apart = np.abs(np.diff(values, axis=1))
    return np.asarray(apart[np.isfinite(apart)])


def float32_step(image: MaskedImage) -> float:
    """Return the distance of neighbouring float32 numbers at the median of the pixels.

    Returns
    -------
    float
        In the unit of the image; NaN without a finite pixel.
    """
    values = image.image[_sample(image)]
    values = values[np.isfinite(values)]
    return float(np.spacing(np.abs(np.median(values)))) if values.size else math.nan
