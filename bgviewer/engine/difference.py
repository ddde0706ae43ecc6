"""Reference - science: the first stage of a match, which no model setting touches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands, row_bands
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.statistics import clipped_mean, quantiles
from bgviewer.errors import ShapeMismatchError

__all__ = ["Difference", "form_difference", "good_pixels"]

_BAND_PIXELS = 1 << 18


@dataclass(frozen=True, eq=False)
class Difference:
    """The difference image of a pair.

    Attributes
    ----------
    values : ndarray float32 [ny, nx]
        reference - science; NaN where either exposure is bad or the difference is not finite.
    xy0 : (int, int)
        The reference's.
    diff_im_var : float
        MEANCLIP of the sum of the variance planes over unmasked pixels; NaN without variances.
    good_count : int
        Good pixels.
    """

    values: NDArray[np.float32]
    xy0: tuple[int, int]
    diff_im_var: float
    good_count: int

    @property
    def shape(self) -> tuple[int, int]:
        """``(ny, nx)``."""
        ny, nx = self.values.shape
        return ny, nx


def good_pixels(
    image: MaskedImage, bad_planes: tuple[str, ...], rows: slice = slice(None)
) -> NDArray[np.bool_]:
    """Return which pixels of the rows are finite and free of the bad planes."""
    good = np.isfinite(image.image[rows])
    flagged = flagged_rows(image, image.bits(bad_planes), rows)
    if flagged is not None:
        good &= ~flagged
    return good


def flagged_rows(image: MaskedImage, bits: int, rows: slice) -> NDArray[np.bool_] | None:
    """Return where any of the bits is set in the rows; None when that is nowhere possible."""
    if image.mask is None or bits == 0:
        return None
    width = 8 * image.mask.dtype.itemsize
    bits &= (1 << width) - 1
    if image.mask.dtype.kind == "i" and bits >= 1 << (width - 1):
        bits -= 1 << width
    return np.asarray((image.mask[rows] & image.mask.dtype.type(bits)) != 0)


def form_difference(
    reference: MaskedImage,
    science: MaskedImage,
    config: MatchConfig,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> Difference:
    """Subtract science from reference, pixel by pixel (SPEC sections 1 and 6).

    Pixels pair up by index; xy0 is not compared.

    Raises
    ------
    ShapeMismatchError
        When the two do not have the same shape.
    """
    if reference.shape != science.shape:
        (ry, rx), (sy, sx) = reference.shape, science.shape
        raise ShapeMismatchError(
            f"the exposures differ in size: science is {sx} x {sy}, reference {rx} x {ry} pixels"
        )
    ny, nx = science.shape
    values = np.empty((ny, nx), dtype=np.float32)
    with_variance = reference.variance is not None and science.variance is not None
    # +inf marks what takes no part: it sorts behind every value
    variances = np.empty((ny, nx), dtype=np.float32) if with_variance else None
    planes = config.bad_mask_planes
    bits = [(e, e.bits(planes)) for e in (reference, science)]

    def one(band: tuple[int, int]) -> tuple[int, int]:
        rows = slice(*band)
        with np.errstate(invalid="ignore", over="ignore"):
            part = np.subtract(reference.image[rows], science.image[rows], out=values[rows])
        bad = None
        for exposure, mask_bits in bits:
            flagged = flagged_rows(exposure, mask_bits, rows)
            if flagged is not None:
                bad = flagged if bad is None else np.logical_or(bad, flagged, out=bad)
        count = 0
        if variances is not None:
            count = _add_variances(reference, science, bad, rows, variances[rows])
        unusable = ~np.isfinite(part)
        if bad is not None:
            unusable |= bad
        np.copyto(part, np.float32(np.nan), where=unusable)
        return part.size - int(np.count_nonzero(unusable)), count

    bands = row_bands(0, ny, max(1, _BAND_PIXELS // nx))
    counts = map_bands(one, bands, progress=progress, threads=threads)
    diff_im_var = np.nan
    if variances is not None:
        diff_im_var = _variance_level(
            variances, sum(c[1] for c in counts), config, progress, threads
        )
    return Difference(values, reference.xy0, float(diff_im_var), sum(c[0] for c in counts))


def _add_variances(
    reference: MaskedImage,
    science: MaskedImage,
    bad: NDArray[np.bool_] | None,
    rows: slice,
    out: NDArray[np.float32],
) -> int:
    assert reference.variance is not None and science.variance is not None
    with np.errstate(invalid="ignore", over="ignore"):
        np.add(reference.variance[rows], science.variance[rows], out=out)
    unusable = ~np.isfinite(out)
    if bad is not None:
        unusable |= bad
    np.copyto(out, np.float32(np.inf), where=unusable)
    return out.size - int(np.count_nonzero(unusable))


def _variance_level(
    variances: NDArray[np.float32],
    count: int,
    config: MatchConfig,
    progress: Progress,
    threads: int | None,
) -> float:
    """MEANCLIP of the `count` finite values; the rest are +inf (the array is reordered)."""
    flat = variances.reshape(-1)
    if count == 0:
        return float("nan")
    if count < flat.size:
        progress.step()
        flat.partition(count - 1)
        flat = flat[:count]
    progress.step()
    q1, median, q3 = quantiles(flat, (0.25, 0.5, 0.75))
    progress.step()
    return clipped_mean(
        flat,
        median,
        q3 - q1,
        config.num_sigma_clip,
        config.num_iter,
        progress=progress,
        threads=threads,
    ).mean
