"""From the coordinates of ds9 to parent pixels and back."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.exposure import Exposure
from bgviewer.errors import ConfigError

__all__ = ["PixelFrame", "sky_system"]

_SKY = {
    "fk5": "fk5",
    "j2000": "fk5",
    "icrs": "icrs",
    "fk4": "fk4",
    "b1950": "fk4",
    "galactic": "galactic",
    "ecliptic": "barycentrictrueecliptic",
}
_ARCSEC = 1 / 3600
_STEP = _ARCSEC  # degrees; what the WCS is measured with around a point


def sky_system(name: str) -> str:
    """Return astropy's name of ds9's sky system; empty where it is none."""
    return _SKY.get(name, "")


@dataclass(frozen=True, eq=False)
class PixelFrame:
    """Where the pixels of an exposure lie.

    Attributes
    ----------
    xy0 : (int, int)
        Parent position of the first pixel.
    ltv, ltm : (float, float)
        ds9's image = physical * LTM + LTV.
    wcs : object or None
        Celestial WCS of the file's array.
    """

    xy0: tuple[int, int] = (0, 0)
    ltv: tuple[float, float] = (0.0, 0.0)
    ltm: tuple[float, float] = (1.0, 1.0)
    wcs: Any = field(default=None, repr=False)

    @classmethod
    def of(cls, exposure: Exposure) -> PixelFrame:
        """Take it from an exposure and its header."""
        if exposure.header is None:
            x0, y0 = exposure.xy0
            return cls(exposure.xy0, (float(-x0), float(-y0)), wcs=exposure.wcs)
        header = exposure.header
        ltv = (_card(header, "LTV1", 0.0), _card(header, "LTV2", 0.0))
        ltm = (_card(header, "LTM1_1", 1.0) or 1.0, _card(header, "LTM2_2", 1.0) or 1.0)
        return cls(exposure.xy0, ltv, ltm, exposure.wcs)

    def to_image(self, value: Decimal, axis: int) -> Decimal:
        """Return ds9's image coordinate of a parent one, exactly."""
        return value - self.xy0[axis] + 1

    def from_image(self, value: Decimal, axis: int) -> float:
        """Return the parent coordinate of ds9's image one, exactly."""
        return float(value - 1 + self.xy0[axis])

    def from_physical(self, value: Decimal, axis: int) -> float:
        """Return the parent coordinate of ds9's physical one."""
        image = value * Decimal(self.ltm[axis]) + Decimal(self.ltv[axis])
        return self.from_image(image, axis)

    # ------------------------------------------------------------ the sky

    def from_sky(self, system: str, lon: float, lat: float) -> tuple[float, float]:
        """Return the parent position of a point of the sky (degrees).

        Raises
        ------
        ConfigError
            When the exposure has no WCS, or not for that point.
        """
        x, y = self._pixels(system, lon, lat, 0.0, 0.0)
        if not (math.isfinite(x) and math.isfinite(y)):
            raise ConfigError(f"{lon:g} {lat:g} lies where the exposure's WCS has no pixels")
        return x + self.xy0[0], y + self.xy0[1]

    def sky_scale(self, system: str, lon: float, lat: float) -> NDArray[np.float64]:
        """Return pixels per degree [2, 2] around a point: columns are towards west and north."""
        x, y = self._pixels(system, lon, lat, 0.0, 0.0)
        columns = [
            ((px - x) / _STEP, (py - y) / _STEP)
            for px, py in (
                self._pixels(system, lon, lat, _STEP, 0.0),
                self._pixels(system, lon, lat, 0.0, _STEP),
            )
        ]
        scale = np.array(columns, dtype=np.float64).T
        if not np.isfinite(scale).all() or abs(np.linalg.det(scale)) == 0:
            raise ConfigError(f"the WCS has no scale at {lon:g} {lat:g}")
        return scale

    def pixels_per_degree(self, x: float, y: float) -> float:
        """Return the scale at a parent position; the root of the product of both directions."""
        from astropy.wcs.utils import pixel_to_skycoord

        wcs = self._known_wcs()
        place = pixel_to_skycoord(x - self.xy0[0], y - self.xy0[1], wcs).icrs
        scale = self.sky_scale("icrs", float(place.ra.deg), float(place.dec.deg))
        return math.sqrt(abs(float(np.linalg.det(scale))))

    def _known_wcs(self) -> Any:
        if self.wcs is None:
            raise ConfigError(
                "coordinates on the sky need a WCS, and the exposure has none; save the regions "
                "as image or physical"
            )
        return self.wcs

    def _pixels(
        self, system: str, lon: float, lat: float, west: float, north: float
    ) -> tuple[float, float]:
        """Local position of a point that lies so many degrees to the west and north of another."""
        wcs = self._known_wcs()
        import astropy.units as u
        from astropy.coordinates import SkyCoord
        from astropy.wcs.utils import skycoord_to_pixel

        try:
            place = SkyCoord(lon * u.deg, lat * u.deg, frame=_SKY[system])
            distance = math.hypot(west, north)
            if distance:
                towards = math.atan2(-west, north)  # position angles go from north to east
                place = place.directional_offset_by(towards * u.rad, distance * u.deg)
            x, y = skycoord_to_pixel(place, wcs, origin=0, mode="all")
        except (ValueError, TypeError, ArithmeticError, RuntimeError) as error:
            raise ConfigError(f"{lon:g} {lat:g} cannot be placed: {error}") from error
        return float(x), float(y)


def _card(header: Any, name: str, usual: float) -> float:
    value = header.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return usual
    return float(value)
