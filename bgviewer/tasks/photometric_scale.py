"""Zero point and pixel scale of pixels in memory, where the file tells them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bgviewer.tasks.scale_bar import pixel_scale

__all__ = ["PhotometricScale", "surface_brightness"]


@dataclass(frozen=True)
class PhotometricScale:
    """How pixels convert to magnitudes and arcseconds.

    Attributes
    ----------
    zero_point : float or None
        Magnitude of one pixel unit, as the pixels are in memory.
    arcsec : float or None
        Side of a pixel in arcseconds.
    unit : str
        Of the pixels.
    """

    zero_point: float | None = None
    arcsec: float | None = None
    unit: str = ""

    @classmethod
    def of(cls, exposure: Any, unit: str | None = None) -> PhotometricScale:
        """Read it from an exposure (anything without those attributes knows none of them)."""
        zero_point = getattr(exposure, "zero_point", None)
        scale = float(getattr(exposure, "scale", 1.0) or 1.0)
        if zero_point is not None:
            zero_point = float(zero_point) + 2.5 * math.log10(scale)
        if unit is None:
            unit = str(getattr(exposure, "unit", None) or "")
        return cls(zero_point, pixel_scale(getattr(exposure, "wcs", None)), unit)

    @property
    def missing(self) -> str:
        """What is unknown, in words; empty where nothing is."""
        parts = [
            name
            for name, value in (("zero point", self.zero_point), ("pixel scale", self.arcsec))
            if value is None
        ]
        return " and ".join(parts)

    def surface_brightness(self, per_pixel: float) -> float | None:
        """Return mag/arcsec² of a value per pixel; None where it cannot be told."""
        if self.zero_point is None or self.arcsec is None:
            return None
        return surface_brightness(per_pixel, self.zero_point, self.arcsec)

    def text(self, per_pixel: float) -> str:
        """Return a value per pixel in words, in mag/arcsec² too where that is known."""
        plain = f"{per_pixel:.3g} {self.unit or 'units'} per pixel"
        magnitude = self.surface_brightness(per_pixel)
        known = magnitude is not None and math.isfinite(magnitude)
        return f"{magnitude:.2f} mag/arcsec² ({plain})" if known else plain


def surface_brightness(per_pixel: float, zero_point: float, arcsec: float) -> float:
    """Return the surface brightness of a value per pixel in mag/arcsec².

    Parameters
    ----------
    per_pixel : float
        In a linear pixel unit; NaN is returned unless it is positive.
    zero_point : float
        Magnitude of one unit.
    arcsec : float
        Side of a pixel.

    Examples
    --------
    >>> surface_brightness(1.0, 25.0, 1.0)
    25.0
    >>> round(surface_brightness(1.0, 25.0, 0.2), 3)  # fainter by 2.5 log10 of 25 pixels
    21.505
    """
    if not per_pixel > 0:
        return math.nan
    return zero_point - 2.5 * math.log10(per_pixel / arcsec**2)
