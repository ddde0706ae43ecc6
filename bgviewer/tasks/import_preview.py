"""What a file gives when it is read in a certain way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike

import numpy as np

from bgviewer.engine.config import DEFAULT_BAD_MASK_PLANES
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.mask_use import mask_use
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import ReadError
from bgviewer.io.conventions import Choice
from bgviewer.io.read import describe, read
from bgviewer.tasks.mask_warnings import mask_warnings

__all__ = ["ImportPreview", "preview_import"]

_SAMPLE = 1 << 20  # pixels that medians are taken of
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class ImportPreview:
    """Figures of a file that was read.

    Attributes
    ----------
    problem : str
        Why it cannot be read that way; the rest is empty then.
    shape : (int, int) or None
        ``(ny, nx)``.
    planes : mapping of str to int
        Mask plane to count of flagged pixels; planes that are empty too.
    usable : float
        Share of pixels that are finite and not bad.
    variance_kind : str
        As `bgviewer.io.read.FileInfo`.
    noise_told, noise_seen : float
        Median noise by the variance plane, and 1.4826 MAD of the usable pixels; NaN where there
        is none.  A right variance gives similar figures where the image is mostly sky.
    level : float
        Median of the usable pixels.
    unit : str
    zero_point : float or None
    warnings : tuple of str
    """

    problem: str = ""
    shape: tuple[int, int] | None = None
    planes: Mapping[str, int] = field(default_factory=dict)
    usable: float = 0.0
    variance_kind: str = ""
    noise_told: float = math.nan
    noise_seen: float = math.nan
    level: float = math.nan
    unit: str = ""
    zero_point: float | None = None
    warnings: tuple[str, ...] = ()


def preview_import(
    path: str | PathLike[str],
    choice: Choice,
    bad_planes: tuple[str, ...] = DEFAULT_BAD_MASK_PLANES,
    progress: Progress = SILENT,
) -> ImportPreview:
    """Read a file as `choice` says and tell what comes out; a refusal is told, not raised.

    Parameters
    ----------
    bad_planes : tuple of str
        Planes whose pixels do not count.
    """
    try:
        info = describe(path, choice)
        exposure = read(path, choice=choice, progress=progress)
    except ReadError as error:
        return ImportPreview(problem=error.reason)
    good = np.isfinite(exposure.image)
    flagged = exposure.flagged(bad_planes)
    if flagged is not None:
        good &= ~flagged
    level, seen = _level_and_noise(exposure.image[good])
    warnings = getattr(exposure.source, "warnings", None) or info.warnings
    return ImportPreview(
        shape=exposure.shape,
        planes={} if exposure.mask is None else exposure.plane_counts(),
        usable=float(good.mean()),
        variance_kind=info.variance_kind,
        noise_told=_noise_told(exposure, good),
        noise_seen=seen,
        level=level,
        unit=exposure.unit or "",
        zero_point=exposure.zero_point,
        warnings=(*warnings, *mask_warnings(mask_use(exposure, bad_planes), info.masks)),
    )


def _sample(values: np.ndarray) -> np.ndarray:
    return values[:: max(1, values.size // _SAMPLE)].astype(float)


def _level_and_noise(values: np.ndarray) -> tuple[float, float]:
    if not values.size:
        return math.nan, math.nan
    sample = _sample(values)
    level = float(np.median(sample))
    return level, _MAD_TO_SIGMA * float(np.median(np.abs(sample - level)))


def _noise_told(exposure: Exposure, good: np.ndarray) -> float:
    if exposure.true_variance is None:
        return math.nan
    values = exposure.true_variance[good]
    values = values[np.isfinite(values) & (values > 0)]
    return math.sqrt(float(np.median(_sample(values)))) if values.size else math.nan
