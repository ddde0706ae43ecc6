"""Where one pixel grid lies in another: by XY0, by CRPIX, or by the sky itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bgviewer.io.frames import frame_of
from bgviewer.io.layout import quiet
from bgviewer.io.sky import Grid, celestial_wcs, lattice

__all__ = ["Placement", "placement"]

_WCS_ERRORS = (ValueError, TypeError, RuntimeError, ArithmeticError)
_CRPIX = ("CRPIX1", "CRPIX2")


@dataclass(frozen=True)
class Placement:
    """How far pixel (0, 0) of a grid is shifted in another.

    Attributes
    ----------
    dx, dy : int
        Whole pixels of the shift.
    apart : float
        Largest distance, in pixels, that the shift leaves anywhere.
    """

    dx: int
    dy: int
    apart: float


def placement(base: Grid, other: Grid) -> Placement | None:
    """Tell where `other` lies in `base`, to whole pixels.

    Where both state XY0, that is the shift, and the sky says how far it is from the truth;
    otherwise the shift is what the sky says.  None when there is nothing to compare, or when the
    one does not lie in the projection of the other.
    """
    sky = base.has_wcs and other.has_wcs
    if base.xy0 is not None and other.xy0 is not None:
        dx, dy = (b - a for a, b in zip(base.xy0, other.xy0, strict=True))
        if not sky:
            return Placement(dx, dy, 0.0)
        shifts = _shifts(base, other)
        return None if shifts is None else _from(shifts, (dx, dy))
    shifts = _shifts(base, other) if sky else None
    if shifts is None:
        return None
    dx, dy = (round(float(v)) for v in np.median(shifts, axis=0))
    return _from(shifts, (dx, dy))


def _from(shifts: Any, whole: tuple[int, int]) -> Placement:
    apart = np.hypot(*(shifts - np.asarray(whole, float)).T)
    return Placement(*whole, float(apart.max()))


def _shifts(base: Grid, other: Grid) -> Any:
    """Return the shift all over `other`: float64 [n, 2], in pixels of `base`."""
    one, two = _projection(base.cards), _projection(other.cards)
    if one == two and all(_number(g.cards.get(k)) for g in (base, other) for k in _CRPIX):
        # the same projection about another pixel: exact, and without making two WCS
        return np.array([[base.cards[k] - other.cards[k] for k in _CRPIX]], float)
    first, second = (celestial_wcs(g.header, tables=False) for g in (base, other))
    if first is None or second is None:
        return None
    wanted, frame = frame_of(first), frame_of(second)
    if not frame.converts_to(wanted):
        return None
    points = lattice(other.shape)
    with quiet():
        try:
            sky = second.all_pix2world(points, 0)
            lon, lat = frame.converted(sky[:, second.wcs.lng], sky[:, second.wcs.lat], wanted)
            ordered = (lon, lat) if first.wcs.lng == 0 else (lat, lon)
            there = first.all_world2pix(np.column_stack(ordered), 0, quiet=True)
        except _WCS_ERRORS:
            return None
    shifts = np.asarray(there - points)
    return shifts if np.isfinite(shifts).all() else None


def _projection(cards: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cards of the celestial projection, but for where its pixel is."""
    return {
        k: v
        for k, v in cards.items()
        if k not in _CRPIX and not k.startswith(("LTV", "LTM")) and not _alternate(k)
    }


def _alternate(name: str) -> bool:
    """Whether a card belongs to another WCS of the file, such as LSST's place ``A``."""
    return len(name) > 1 and name[-1].isalpha() and name[-2].isdigit()


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
