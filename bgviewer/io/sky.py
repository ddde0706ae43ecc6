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

from bgviewer.io.frames import SkyFrame, frame_of
from bgviewer.io.layout import card_value, card_values, quiet

__all__ = [
    "Grid",
    "GridOffset",
    "LazyWcs",
    "celestial_wcs",
    "grid_offset",
    "has_celestial",
    "lattice",
    "wcs_cards",
]

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
_EQUINOX_TEXT = re.compile(r"\s*[JBjb]?\s*(\d{4}(?:\.\d*)?)\s*$")
_TABLE_KEYWORD = re.compile(
    r"^(?:(?:CPDIS|CPERR|DP|DQ|D2IMDIS|D2IMERR)\d|D2IM(?:ARR|EXT)|AXISCORR)"
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


def celestial_wcs(header: fits.Header | None, *, tables: bool = True) -> Any:
    """Return the celestial `astropy.wcs.WCS` of `header`; None when there is none or it is bad.

    Parameters
    ----------
    tables : bool
        Whether the header's references to distortion tables, which are not at hand here, make it
        a bad one.  False: they are left out, so that positions may be some tenths of a pixel off.
    """
    if header is None or not has_celestial(header):
        return None
    with quiet():
        try:
            from astropy.wcs import WCS

            wcs = WCS(_readable(header, tables), naxis=2)
            if not wcs.has_celestial or not np.isfinite(wcs.wcs.crval).all():
                return None
            if str(wcs.wcs.ctype[wcs.wcs.lng])[1:4] == "LON":
                wcs.wcs.radesys = ""  # of galactic axes it says nothing, but astropy believes it
            corner = wcs.all_pix2world([[0.0, 0.0]], 0)
        except _WCS_ERRORS:
            return None
    return wcs if corner.shape == (1, 2) else None


def _readable(header: fits.Header, tables: bool) -> fits.Header:
    """Return the header with equinoxes such as ``'J2000.0'`` as numbers, which astropy skips."""
    texts = {}
    for name in ("EQUINOX", "EPOCH"):
        value = card_value(header, name)
        found = _EQUINOX_TEXT.match(value) if isinstance(value, str) else None
        if found is not None:
            texts[name] = float(found[1])
    left_out = [] if tables else [n for n in header if _TABLE_KEYWORD.match(n)]
    if not texts and not left_out:
        return header
    changed = header.copy()
    for name in left_out:
        changed.remove(name, ignore_missing=True, remove_all=True)
    for name, year in texts.items():
        changed[name] = year
    return changed


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


@dataclass(frozen=True)
class GridOffset:
    """How far the pixels of two grids of one shape lie apart, in pixels of the first.

    Attributes
    ----------
    largest : float
        The largest distance anywhere; infinite where the two cannot be compared.
    centre : float
        The distance at the centre: what a shift alone gives everywhere.
    compared : str
        What was compared, and where it is not comparable, why.
    """

    largest: float
    centre: float
    compared: str


def _directions(
    wcs: Any, points: NDArray[np.float64], frame: SkyFrame, wanted: SkyFrame
) -> NDArray[np.float64]:
    """Return unit vectors [n, 3] in the frame that is wanted."""
    sky = wcs.all_pix2world(points, 0)
    degrees = frame.converted(sky[:, wcs.wcs.lng], sky[:, wcs.wcs.lat], wanted)
    lon, lat = (np.radians(v) for v in degrees)
    cos = np.cos(lat)
    return np.stack([cos * np.cos(lon), cos * np.sin(lon), np.sin(lat)], axis=1)


def lattice(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return positions (x, y) spread over an image, corners and centre among them: [25, 2]."""
    ny, nx = shape
    x, y = np.meshgrid(np.linspace(0.0, nx - 1.0, 5), np.linspace(0.0, ny - 1.0, 5))
    return np.column_stack([x.ravel(), y.ravel()])


def grid_offset(first: Grid, second: Grid) -> GridOffset | None:
    """Compare the positions of the pixels of two grids of one shape, distortions included.

    Returns
    -------
    GridOffset or None
        None when there is nothing to compare.
    """
    if first.xy0 is not None and second.xy0 is not None and first.xy0 != second.xy0:
        dx, dy = (b - a for a, b in zip(first.xy0, second.xy0, strict=True))
        far = float(np.hypot(dx, dy))
        return GridOffset(far, far, f"XY0 {second.xy0} is not {first.xy0}")
    if not (first.has_wcs and second.has_wcs):
        return None
    if first.cards == second.cards:
        return GridOffset(0.0, 0.0, "WCS")
    one, two = (celestial_wcs(g.header, tables=False) for g in (first, second))
    if one is None or two is None:
        return None
    mine, other = frame_of(one), frame_of(two)
    compared = "WCS"
    if not mine.agrees_with(other):
        compared = f"the WCS is {other.name}, that of the others {mine.name}"
        if not other.converts_to(mine):
            return GridOffset(np.inf, np.inf, compared)
    points = lattice(first.shape)
    with quiet():
        a, b = _directions(one, points, mine, mine), _directions(two, points, other, mine)
        beside = _directions(one, points + np.array([1.0, 0.0]), mine, mine)
        above = _directions(one, points + np.array([0.0, 1.0]), mine, mine)
    with np.errstate(invalid="ignore", divide="ignore"):
        # The side of a square of a pixel's area; a chord is the angle at these distances.
        pixel = np.sqrt(np.linalg.norm(np.cross(beside - a, above - a), axis=1))
        apart = np.linalg.norm(b - a, axis=1) / pixel
    known = apart[np.isfinite(apart)]
    if not known.size:
        return None
    return GridOffset(float(known.max()), float(apart[len(apart) // 2]), compared)
