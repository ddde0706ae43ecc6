"""The reference frame of celestial coordinates, and how positions are compared across frames.

`astropy.coordinates` is imported only when two frames differ, because it is slow to start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.io.layout import quiet

__all__ = ["SkyFrame", "frame_of"]

_SYSTEMS = {"GL": "galactic", "EL": "ecliptic", "SL": "supergalactic", "HL": "helioecliptic"}
_CONVERTIBLE = ("ICRS", "FK5", "FK4", "FK4-NO-E", "galactic", "ecliptic", "supergalactic")
_JULIAN = 1984.0
"""Equinoxes before it are Besselian where the header does not name the frame (FITS standard)."""

Degrees = NDArray[np.float64]


@dataclass(frozen=True)
class SkyFrame:
    """The frame that longitude and latitude are measured in.

    Attributes
    ----------
    kind : str
        "ICRS", "FK5", "FK4", "FK4-NO-E", "galactic", "ecliptic", "supergalactic", or what else
        the header names.
    equinox : float or None
        Years; None where the frame has none.
    """

    kind: str
    equinox: float | None = None

    @property
    def name(self) -> str:
        """The frame with its equinox, such as ``FK4 B1950``."""
        if self.equinox is None:
            return self.kind
        epoch = "B" if self.kind.startswith("FK4") else "J"
        return f"{self.kind} {epoch}{self.equinox:.10g}"

    @property
    def is_equatorial(self) -> bool:
        """Whether longitude and latitude are right ascension and declination."""
        return self.kind not in _SYSTEMS.values()

    @property
    def is_usual(self) -> bool:
        """Whether it is ICRS, or FK5 J2000, which is the same within 0.02 arc seconds."""
        return self.kind == "ICRS" or (self.kind == "FK5" and self.equinox == 2000.0)

    def agrees_with(self, other: SkyFrame) -> bool:
        """Whether equal numbers are the same direction, but for the 0.02" of FK5 J2000 to ICRS."""
        return self == other or (self.is_usual and other.is_usual)

    def converts_to(self, other: SkyFrame) -> bool:
        """Whether positions of this frame can be given in the other one."""
        both = (self.kind in _CONVERTIBLE, other.kind in _CONVERTIBLE)
        return self.agrees_with(other) or all(both)

    def converted(self, lon: Degrees, lat: Degrees, other: SkyFrame) -> tuple[Degrees, Degrees]:
        """Return positions (degrees) of this frame in another one (see `converts_to`)."""
        if self.agrees_with(other):
            return lon, lat
        from astropy import units
        from astropy.coordinates import SkyCoord

        with quiet():
            here = SkyCoord(lon, lat, unit=units.deg, frame=self._astropy())
            there = here.transform_to(other._astropy()).spherical
        return np.asarray(there.lon.deg, float), np.asarray(there.lat.deg, float)

    def _astropy(self) -> Any:
        from astropy import coordinates as frames
        from astropy.time import Time

        if self.kind == "ICRS":
            return frames.ICRS()
        if self.kind == "galactic":
            return frames.Galactic()
        if self.kind == "supergalactic":
            return frames.Supergalactic()
        if self.kind.startswith("FK4"):
            equinox = Time(self.equinox, format="byear")
            made = frames.FK4 if self.kind == "FK4" else frames.FK4NoETerms
            return made(equinox=equinox)
        equinox = Time(self.equinox, format="jyear")
        if self.kind == "ecliptic":
            return frames.BarycentricMeanEcliptic(equinox=equinox)
        return frames.FK5(equinox=equinox)


def frame_of(wcs: Any) -> SkyFrame:
    """Return the frame of a celestial `astropy.wcs.WCS`, defaults as the FITS standard has them.

    Without RADESYS: ICRS without EQUINOX, else FK4 before 1984 and FK5 from then on.  The old
    keywords RADECSYS and EPOCH count where the new ones are missing.
    """
    letters = str(wcs.wcs.ctype[wcs.wcs.lng])[:2].upper()
    system = _SYSTEMS.get(letters)
    stated = str(wcs.wcs.radesys).strip().upper()
    year = float(wcs.wcs.equinox)
    equinox = year if math.isfinite(year) and year > 0 else None
    if system == "ecliptic":
        return SkyFrame(system, equinox or (1950.0 if stated.startswith("FK4") else 2000.0))
    if system is not None:
        return SkyFrame(system)
    if letters != "RA":
        return SkyFrame(str(wcs.wcs.ctype[wcs.wcs.lng])[:4].strip("-"))
    if not stated:
        stated = "ICRS" if equinox is None else "FK4" if equinox < _JULIAN else "FK5"
    if stated in ("FK4", "FK4-NO-E"):
        return SkyFrame(stated, equinox or 1950.0)
    return SkyFrame(stated, equinox or 2000.0) if stated == "FK5" else SkyFrame(stated)
