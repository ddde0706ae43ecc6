"""Depth and structure of an image in the field's figures.

Noise of blank apertures, limiting surface brightness, power against scale, and the size of the
largest masked source.  All take an image in which pixels that are not blank are NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.blocks import BlockMoments, block_moments
from bgviewer.engine.cells import cell_edges
from bgviewer.engine.progress import SILENT, Progress

__all__ = [
    "APERTURES",
    "LOCAL",
    "ApertureNoise",
    "ScalePower",
    "aperture_noise",
    "largest_source",
    "limiting_surface_brightness",
    "pixel_sigma",
    "power_by_scale",
]

Array = NDArray[np.float64]

APERTURES = (4, 8, 16, 32, 64)
"""Sides of square apertures in pixels."""
LOCAL = 8
"""Side of the blocks that the noise of pixels is taken from."""
_TO_SIGMA = 1.482602218505602
_FULL = 0.9  # share of an aperture's pixels that must be blank
_FEWEST = 16  # differences of apertures that a scatter is taken from
_TILES = 256  # along the longer side of an image whose power is found


@dataclass(frozen=True)
class ApertureNoise:
    """Noise of blank square apertures.

    Attributes
    ----------
    side : int
        Of an aperture, in pixels.
    sigma : float
        Standard deviation of the sum over an aperture, in the pixel unit; NaN where there are too
        few of them.
    count : int
        Apertures.
    """

    side: int
    sigma: float
    count: int

    @property
    def of_mean(self) -> float:
        """Standard deviation of the mean over an aperture."""
        return self.sigma / self.side**2


def _moments(
    values: NDArray[np.float32], side: int, progress: Progress, threads: int | None
) -> BlockMoments:
    """Return the whole blocks of a side, beginning in the corner."""
    ny, nx = (side * (n // side) for n in values.shape)
    edges = (np.arange(0, n + 1, side, dtype=np.intp) for n in (ny, nx))
    y, x = edges
    return block_moments(values[:ny, :nx], y, x, progress=progress, threads=threads)


def pixel_sigma(
    values: NDArray[np.float32], progress: Progress = SILENT, *, threads: int | None = None
) -> float:
    """Return the standard deviation of blank pixels about their surroundings of 8 x 8 pixels.

    The median over these blocks: sources that are not masked count little.  NaN without any.
    """
    if min(values.shape) < LOCAL:
        return math.nan
    found = _moments(values, LOCAL, progress, threads)
    usable = found.n >= 0.5 * LOCAL**2
    if not usable.any():
        return math.nan
    freedom = found.n[usable] - 1.0
    # the median of chi-square over its degrees of freedom (Wilson & Hilferty)
    typical = (1.0 - 2.0 / (9.0 * freedom)) ** 3
    return math.sqrt(float(np.median(found.variance[usable] / typical)))


def aperture_noise(
    values: NDArray[np.float32],
    sides: Sequence[int] = APERTURES,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> tuple[ApertureNoise, ...]:
    """Return the noise of blank square apertures of several sides.

    Apertures lie beside one another; at least nine tenths of their pixels must be blank, and sums
    are those of full ones.  The scatter is that of second differences of three in a row along
    either axis (over the root of 6), so that a slope of the sky does not count; structure as small
    as a few apertures does.

    Parameters
    ----------
    values : float32 array [ny, nx]
        NaN where pixels are not blank.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(1).normal(0, 2, (512, 512)).astype("f4")
    >>> (found,) = aperture_noise(noise, [16])
    >>> 30 < found.sigma < 34  # 2 times the root of 256 pixels
    True
    """
    found: list[ApertureNoise] = []
    last: tuple[int, BlockMoments] | None = None
    for side in sorted(sides):
        if min(values.shape) < side:
            found.append(ApertureNoise(side, math.nan, 0))
            continue
        if last is not None and side % last[0] == 0:
            last = side, _joined(last[1], side // last[0])
        else:
            last = side, _moments(values, side, progress, threads)
        found.append(_noise(side, last[1].n, last[1].mean))
    return tuple(found)


def _joined(parts: BlockMoments, number: int) -> BlockMoments:
    """Return blocks of number x number blocks, without what is left at the far borders."""
    ny, nx = (number * (n // number) for n in parts.n.shape)
    whole = BlockMoments(parts.n[:ny, :nx], parts.mean[:ny, :nx], parts.m2[:ny, :nx])
    return whole.merged(np.arange(0, ny, number), np.arange(0, nx, number))


def _noise(side: int, counts: NDArray[np.int64], blocks: Array) -> ApertureNoise:
    full = counts >= _FULL * side**2
    means = np.where(full, blocks, np.nan)
    parts = [m[:-2] - 2.0 * m[1:-1] + m[2:] for m in (means, means.T)]
    apart = np.concatenate([p.ravel() for p in parts])
    apart = np.abs(apart[np.isfinite(apart)]) / math.sqrt(6.0)
    count = int(np.count_nonzero(full))
    if apart.size < _FEWEST:
        return ApertureNoise(side, math.nan, count)
    return ApertureNoise(side, float(np.median(apart)) * _TO_SIGMA * side**2, count)


def limiting_surface_brightness(
    sigma: float, zero_point: float, arcsec: float, *, n_sigma: float = 3.0, side: float = 10.0
) -> float:
    """Return the limiting surface brightness in boxes, from the noise of pixels.

    Parameters
    ----------
    sigma : float
        Standard deviation of the pixels; they count as independent.
    zero_point : float
        Magnitude of one pixel unit.
    arcsec : float
        Side of a pixel in arcseconds.
    n_sigma : float
        Standard deviations that are the limit.
    side : float
        Of the boxes, in arcseconds.

    Returns
    -------
    float
        ``-2.5 log10(n sigma / (pix side)) + zero point`` in mag/arcsec²; NaN without noise.

    References
    ----------
    Román, Trujillo & Montes 2020, A&A 644, A42, appendix A.

    Examples
    --------
    >>> round(limiting_surface_brightness(0.01, 22.5, 0.4), 3)
    27.812
    """
    if not sigma > 0:
        return math.nan
    return -2.5 * math.log10(n_sigma * sigma / (arcsec * side)) + zero_point


@dataclass(frozen=True)
class ScalePower:
    """Variance that structure of one octave of wavelengths contributes.

    Attributes
    ----------
    low, high : float
        Wavelengths in pixels.
    variance : float
        In unit squared; the octaves add up to the variance of the tiles.
    noise : float
        What noise contributes to it; too much at wavelengths of a few correlated pixels.
    """

    low: float
    high: float
    variance: float
    noise: float

    @property
    def rms(self) -> float:
        """Root of the variance beyond noise, in the pixel unit; 0 where there is none."""
        return math.sqrt(max(self.variance - self.noise, 0.0))


def power_by_scale(
    values: NDArray[np.float32],
    progress: Progress = SILENT,
    *,
    sigma: float | None = None,
    threads: int | None = None,
) -> tuple[ScalePower, ...]:
    """Return the power of an image by octaves of wavelength, the longest first.

    Means over small tiles (at most 256 along the longer side) are Fourier transformed; the mean of
    the image is left out.  Tiles without blank pixels count as the mean, and power is divided by
    the share of the others: right for structure that does not know where the masks are.

    Parameters
    ----------
    values : float32 array [ny, nx]
        NaN where pixels are not blank.
    sigma : float, optional
        Noise of the pixels; of correlated ones that of independent pixels whose means over large
        blocks scatter as much. `pixel_sigma` if omitted.
    """
    ny, nx = values.shape
    side = max(1.0, max(ny, nx) / _TILES)
    y, x = (cell_edges(n, max(1, round(n / side))) for n in (ny, nx))
    found = block_moments(values, y, x, progress=progress, threads=threads)
    known = found.n > 0
    share = float(np.mean(known))
    if share == 0.0:
        return ()
    mean = float(np.mean(found.mean[known]))
    tiles = np.where(known, found.mean - mean, 0.0)
    power = np.abs(np.fft.fft2(tiles)) ** 2 / (tiles.size**2 * share)
    fy, fx = (
        np.fft.fftfreq(n, d=pixels / n) for n, pixels in zip(tiles.shape, (ny, nx), strict=True)
    )
    frequency = np.hypot(fy[:, None], fx[None, :])
    sigma = pixel_sigma(values, progress, threads=threads) if sigma is None else sigma
    noise = sigma**2 * float(np.mean(1.0 / found.n[known])) if math.isfinite(sigma) else 0.0
    longest = float(max(ny, nx))
    octave = np.full(frequency.shape, -1)
    positive = frequency > 0
    octave[positive] = np.floor(np.log2(longest * frequency[positive]) + 1e-9).astype(int)
    return tuple(
        ScalePower(
            longest / 2 ** (k + 1),
            longest / 2**k,
            float(power[octave == k].sum()),
            noise * float(np.count_nonzero(octave == k)) / power.size,
        )
        for k in range(int(octave.max()) + 1)
    )


def largest_source(good: NDArray[np.bool_], covered: NDArray[np.bool_]) -> float:
    """Return the size of the largest masked source in pixels; 0 without any.

    Parameters
    ----------
    good : bool array [ny, nx]
        Pixels that are used.
    covered : bool array [ny, nx]
        Pixels that have data, masked or not.

    Returns
    -------
    float
        Diameter of the circle of the same area as the largest connected group of pixels that are
        covered and not good.
    """
    from scipy.ndimage import label

    found: tuple[Any, int] = label(covered & ~good)
    groups, number = found
    if not number:
        return 0.0
    areas = np.bincount(groups.ravel())[1:]
    return 2.0 * math.sqrt(float(areas.max()) / math.pi)
