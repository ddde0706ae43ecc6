"""The scale bar: a round angle, and the bin, in pixels of the image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from astropy.wcs.utils import proj_plane_pixel_scales

__all__ = ["ScaleBar", "bin_text", "pixel_scale", "scale_bar"]


@dataclass(frozen=True)
class ScaleBar:
    """A length to draw and how it is written; `pixels` are pixels of the image."""

    pixels: float
    text: str


def pixel_scale(wcs: Any) -> float | None:
    """Return arcseconds per pixel (geometric mean of the axes), None without a celestial WCS."""
    if wcs is None or not getattr(wcs, "has_celestial", False):
        return None
    across, along = (float(v) for v in proj_plane_pixel_scales(wcs.celestial))
    scale = 3600.0 * math.sqrt(across * along)
    return scale if math.isfinite(scale) and scale > 0 else None


def scale_bar(longest: float, arcsec: float | None) -> ScaleBar | None:
    """Choose a round length of at most `longest` pixels, as an angle where the scale is known."""
    if not (math.isfinite(longest) and longest > 0):
        return None
    size = longest if arcsec is None else longest * arcsec
    if arcsec is not None and size >= 60:
        unit, factor = "′", 60.0
    elif arcsec is not None:
        unit, factor = "″", 1.0
    else:
        unit, factor = " px", 1.0
    length = _round_below(size / factor)
    pixels = length * factor / (arcsec or 1.0)
    return ScaleBar(pixels, f"{length:g}{unit}")


def bin_text(size: int, arcsec: float | None) -> str:
    """Say how large a bin is, e.g. ``binSize 256 px = 51″``."""
    text = f"binSize {size} px"
    if arcsec is None:
        return text
    angle = size * arcsec
    return f"{text} = {angle / 60:.3g}′" if angle >= 60 else f"{text} = {angle:.3g}″"


def _round_below(size: float) -> float:
    power = 10.0 ** math.floor(math.log10(size))
    return next(m * power for m in (5, 2, 1) if m * power <= size * (1 + 1e-9))
