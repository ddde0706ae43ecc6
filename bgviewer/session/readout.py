"""The values under the cursor, looked up in the arrays a match keeps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bgviewer.io.frames import frame_of
from bgviewer.io.layout import quiet
from bgviewer.session.state import Readout, SkyPosition
from bgviewer.tasks.show import Shown

__all__ = ["format_sky", "read_out", "sky_position"]

_AXES = {"galactic": ("l", "b"), "ecliptic": ("λ", "β"), "supergalactic": ("SGL", "SGB")}
"""What longitude and latitude of a frame are called, where they are not RA and Dec."""


def read_out(shown: Shown, x: float, y: float) -> Readout | None:
    """Look up parent position (x, y); None outside the image.

    A pixel's centre is its integer index, so (x, y) belongs to the nearest pixel.
    """
    x0, y0 = shown.result.difference.xy0
    column, row = math.floor(x + 0.5) - x0, math.floor(y + 0.5) - y0
    ny, nx = shown.science.shape
    if not (0 <= column < nx and 0 <= row < ny):
        return None
    model = _value(shown.result.model.render(np.array([row]), np.array([column]))[0, 0])
    science = _value(shown.science.image[row, column])
    return Readout(
        x=x,
        y=y,
        sky=sky_position(shown.science.wcs or shown.reference.wcs, x - x0, y - y0),
        reference=_value(shown.reference.image[row, column]),
        science=science,
        difference=_value(shown.result.difference.values[row, column]),
        model=model,
        matched=None if science is None or model is None else science + model,
        residual=_residual(shown, row, column),
        planes=_planes(shown, row, column),
        unit=shown.science.unit or "",
    )


def _value(number: Any) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


def _residual(shown: Shown, row: int, column: int) -> float | None:
    bins = shown.result.bins
    left, right = np.asarray(bins.left), np.asarray(bins.right)
    inside = (left <= column) & (column < right)
    inside &= (np.asarray(bins.bottom) <= row) & (row < np.asarray(bins.top))
    found = np.flatnonzero(inside)
    return _value(bins.residuals[found[0]]) if found.size else None


def _planes(shown: Shown, row: int, column: int) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for exposure in (shown.reference, shown.science):
        if exposure.mask is None or not exposure.planes:
            continue
        value = int(exposure.mask[row, column])
        for name, bit in sorted(exposure.planes.items(), key=lambda item: item[1]):
            if value >> bit & 1:
                names[name] = None
    return tuple(names)


def sky_position(wcs: Any, column: float, row: float) -> SkyPosition | None:
    """Return the position of a pixel with all distortions of its WCS; None where there is none.

    Parameters
    ----------
    wcs : astropy.wcs.WCS or None
    column, row : float
        Pixel of the exposure that the WCS belongs to, counted from 0.
    """
    if wcs is None:
        return None
    with quiet():
        found = wcs.all_pix2world([[column, row]], 0)[0]
    longitude, latitude = float(found[wcs.wcs.lng]), float(found[wcs.wcs.lat])
    if not (math.isfinite(longitude) and math.isfinite(latitude)):
        return None
    frame = frame_of(wcs)
    if frame.is_equatorial:
        ra, dec = format_sky(longitude, latitude).split(" ")
        return SkyPosition(("RA", "Dec"), (ra, dec), "" if frame.is_usual else frame.name)
    texts = (f"{longitude % 360.0:.5f}°", f"{latitude:+.5f}°".replace("-", "−"))
    return SkyPosition(_AXES.get(frame.kind, ("lon", "lat")), texts, frame.name)


def format_sky(longitude: float, latitude: float) -> str:
    """Format degrees as ``hh:mm:ss.ss +dd:mm:ss.s``."""
    centiseconds = round((longitude % 360.0) / 15.0 * 360_000) % (24 * 360_000)
    minutes, seconds = divmod(centiseconds, 6000)
    hours, minutes = divmod(minutes, 60)
    tenths = round(abs(latitude) * 36_000)
    arcminutes, arcseconds = divmod(tenths, 600)
    degrees, arcminutes = divmod(arcminutes, 60)
    sign = "−" if latitude < 0 and tenths else "+"
    return (
        f"{hours:02d}:{minutes:02d}:{seconds / 100:05.2f} "
        f"{sign}{degrees:02d}:{arcminutes:02d}:{arcseconds / 10:04.1f}"
    )
