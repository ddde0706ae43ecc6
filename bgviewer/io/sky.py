"""Celestial coordinates: which header has them, the WCS itself, and whether two grids agree.

`astropy.wcs` is imported on first use, because it is slow to start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from bgviewer.io.layout import card_value, card_values, quiet

__all__ = ["Grid", "LazyWcs", "celestial_wcs", "grid_offset", "has_celestial", "wcs_cards"]

_WCS_ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RuntimeError,
    ArithmeticError,
    OSError,
    MemoryError,
    fits.VerifyError,
)

_WCS_KEYWORD = re.compile(
    r"""^(?:(?:WCSAXES|WCSNAME|LONPOLE|LATPOLE|EQUINOX|RADESYS|MJDREF)[A-Z]?
    |(?:CTYPE|CRVAL|CRPIX|CDELT|CUNIT)[12][A-Z]?
    |(?:CD|PC)[12]_[12][A-Z]?|PC00[12]00[12]|CROTA[12]
    |PV[12]_\d{1,2}[A-Z]?|WAT\d_\d{3}|RADECSYS|EPOCH
    |(?:A|B|AP|BP)_(?:\d_\d|ORDER|DMAX)
    |LTV[12]|LTM[12]_[12])$""",
    re.VERBOSE,
)
_LONGITUDES = ("RA", "GLON", "ELON", "HLON", "SLON")


def is_wcs_keyword(name: str) -> bool:
    """Whether a card of that name says where the first two axes lie."""
    return _WCS_KEYWORD.match(name) is not None


def wcs_cards(header: fits.Header) -> list[fits.Card]:
    """Return the cards that place the first two axes on the sky and in the parent grid."""
    with quiet():
        cards = [c for c in header.cards if is_wcs_keyword(c.keyword)]
        many = card_value(header, "WCSAXES", 2)
        if isinstance(many, int) and many > 2:
            cards = [c for c in cards if not c.keyword.startswith("WCSAXES")]
    return cards


def has_celestial(header: fits.Header) -> bool:
    """Whether CTYPE1 and CTYPE2 are a longitude and a latitude."""
    types = [card_value(header, name) for name in ("CTYPE1", "CTYPE2")]
    if not all(isinstance(t, str) for t in types):
        return False
    first, second = (t.split("-")[0].strip().upper() for t in types)
    pair = {first, second}
    return any({lon, lon.replace("LON", "LAT").replace("RA", "DEC")} == pair for lon in _LONGITUDES)


def celestial_wcs(header: fits.Header | None) -> Any:
    """Return the celestial `astropy.wcs.WCS` of `header`; None when there is none or it is bad."""
    if header is None or not has_celestial(header):
        return None
    with quiet():
        try:
            from astropy.wcs import WCS

            wcs = WCS(header, naxis=2)
            if not wcs.has_celestial or not np.isfinite(wcs.wcs.crval).all():
                return None
            corner = wcs.all_pix2world([[0.0, 0.0]], 0)
        except _WCS_ERRORS:
            return None
    return wcs if corner.shape == (1, 2) else None


class LazyWcs:
    """A header that becomes a WCS when somebody asks for it."""

    def __init__(self, header: fits.Header) -> None:
        self._header: fits.Header | None = header
        self._wcs: Any = None

    def get(self) -> Any:
        """Return the WCS, made at the first call, or None."""
        if self._header is not None:
            self._wcs = celestial_wcs(self._header)
            self._header = None
        return self._wcs


@dataclass(frozen=True, eq=False)
class Grid:
    """What tells one pixel grid from another.

    Attributes
    ----------
    shape : (int, int)
        ``(ny, nx)``.
    xy0 : (int, int) or None
        Position in the parent grid, where the file states one.
    header : astropy Header
        Cards of the WCS.
    cards : mapping
        The WCS cards as keyword to value, to see equality at once.
    """

    shape: tuple[int, int]
    xy0: tuple[int, int] | None
    header: fits.Header
    cards: Mapping[str, Any]

    @classmethod
    def of(cls, shape: tuple[int, int], xy0: tuple[int, int] | None, header: fits.Header) -> Grid:
        """Take what matters from the header of an image."""
        celestial = has_celestial(header)
        cards = {k: v for k, v in card_values(header) if celestial and is_wcs_keyword(k)}
        with quiet():
            kept = header.copy() if celestial else fits.Header()
        return cls(shape, xy0, kept, cards)

    @property
    def has_wcs(self) -> bool:
        """Whether there are celestial coordinates to compare."""
        return bool(self.cards)


def _directions(wcs: Any, points: NDArray[np.float64]) -> NDArray[np.float64]:
    sky = np.radians(wcs.all_pix2world(points, 0))
    lon, lat = sky[:, wcs.wcs.lng], sky[:, wcs.wcs.lat]
    cos = np.cos(lat)
    return np.stack([cos * np.cos(lon), cos * np.sin(lon), np.sin(lat)], axis=1)


def grid_offset(first: Grid, second: Grid) -> tuple[float, str] | None:
    """Tell how far the pixels of two grids of one shape lie apart.

    Returns
    -------
    (float, str) or None
        The largest distance in pixels at the corners and the centre and what was compared; None
        when there is nothing to compare.
    """
    if first.xy0 is not None and second.xy0 is not None and first.xy0 != second.xy0:
        dx, dy = (b - a for a, b in zip(first.xy0, second.xy0, strict=True))
        return float(np.hypot(dx, dy)), f"XY0 {second.xy0} is not {first.xy0}"
    if not (first.has_wcs and second.has_wcs):
        return None
    if first.cards == second.cards:
        return 0.0, "WCS"
    one, two = celestial_wcs(first.header), celestial_wcs(second.header)
    if one is None or two is None:
        return None
    frames = [{str(t)[:4].strip("-") for t in w.wcs.ctype} for w in (one, two)]
    if frames[0] != frames[1]:
        return float("inf"), "the WCS is of another coordinate system"
    ny, nx = first.shape
    points = np.array(
        [[0, 0], [nx - 1, 0], [0, ny - 1], [nx - 1, ny - 1], [(nx - 1) / 2, (ny - 1) / 2]], float
    )
    with quiet():
        a, b = _directions(one, points), _directions(two, points)
        beside = _directions(one, points + np.array([1.0, 0.0]))
        above = _directions(one, points + np.array([0.0, 1.0]))
    with np.errstate(invalid="ignore", divide="ignore"):
        # The side of a square of a pixel's area; a chord is the angle at these distances.
        pixel = np.sqrt(np.linalg.norm(np.cross(beside - a, above - a), axis=1))
        apart = np.linalg.norm(b - a, axis=1) / pixel
    apart = apart[np.isfinite(apart)]
    return (float(apart.max()), "WCS") if apart.size else None
