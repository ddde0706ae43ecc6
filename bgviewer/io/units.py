"""Units of pixels as headers spell them: what they are, and what they are worth in magnitudes."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

from bgviewer.io.hdu import quiet

__all__ = [
    "flux_zero_point",
    "is_logarithmic",
    "is_rate",
    "is_surface_brightness",
    "parse_unit",
    "squared",
    "surface_zero_point",
]

_ABMAG_JANSKY = 3631.0
_SPELLINGS = (
    (re.compile(r"janskys?", re.IGNORECASE), "Jy"),
    (re.compile(r"(?<![a-z])nano(?=Jy)", re.IGNORECASE), "n"),
    (re.compile(r"(?<![a-z])micro(?=Jy)", re.IGNORECASE), "u"),
    (re.compile(r"(?<![a-z])milli(?=Jy)", re.IGNORECASE), "m"),
    (re.compile(r"(?<![a-z])mega(?=Jy)", re.IGNORECASE), "M"),
    (re.compile(r"(?<=[nuµμmMkG])jy\b", re.IGNORECASE), "Jy"),
    (re.compile(r"\bN(?=Jy)"), "n"),
    (re.compile(r"\bU(?=Jy)"), "u"),
    (re.compile(r"\bjy\b", re.IGNORECASE), "Jy"),
    (re.compile(r"nanomagg(?:y|ies)|\bnmgys?\b", re.IGNORECASE), "nmgy"),
    (re.compile(r"\bmagg(?:y|ies)\b", re.IGNORECASE), "mgy"),
    (re.compile(r"\bsr\b", re.IGNORECASE), "sr"),
    (re.compile(r"\barcsec", re.IGNORECASE), "arcsec"),
    (re.compile(r"\b(?:sq|square)[ _]?arcsec\b", re.IGNORECASE), "arcsec2"),
    (re.compile(r"\bdn\b", re.IGNORECASE), "DN"),
    (re.compile(r"\badu?\b", re.IGNORECASE), "adu"),
    (re.compile(r"\b(?:counts?|cts?)\b", re.IGNORECASE), "ct"),
    (re.compile(r"\b(?:electrons?|e-)(?![\w+.])|\be-(?=/)", re.IGNORECASE), "electron"),
    (re.compile(r"\b(?:seconds?|secs?)\b", re.IGNORECASE), "s"),
    (re.compile(r"\berg\b", re.IGNORECASE), "erg"),
    (re.compile(r"\bhz\b", re.IGNORECASE), "Hz"),
    (re.compile(r"(?<=/)S\b"), "s"),
    (re.compile(r"(?<=/)CM(?=\d)"), "cm"),
)
"""What files write, and what astropy reads."""
_RATE = re.compile(
    r"/\s*s(?:ec|econd)?s?\b|\bs(?:\*\*|\^)?-1|\bcps\b|per s(?:ec|econd)?\b", re.IGNORECASE
)
_POWER = re.compile(r"\((?P<unit>.+)\)\s*(?:\*\*|\^)?\s*(?P<power>-?\d+)$")


@lru_cache(maxsize=256)
def parse_unit(text: str | None) -> Any:
    """Return the `astropy.units.Unit` that a header means; None for no text or an unknown one.

    Parameters
    ----------
    text : str or None
        As in BUNIT: FITS spelling, LSST's ``10.0*nanoJansky``, ``(MJy/sr)**2``, ``ELECTRONS/S``.

    Examples
    --------
    >>> str(parse_unit("(MJy/sr)^2"))
    'MJy2 / sr2'
    >>> parse_unit("furlongs") is None
    True
    """
    from astropy import units

    if not text or not text.strip():
        return None
    text = text.strip()
    if match := _POWER.fullmatch(text):
        inner = parse_unit(match["unit"])
        return None if inner is None else inner ** int(match["power"])
    respelt = text
    for pattern, spelling in _SPELLINGS:
        respelt = pattern.sub(spelling, respelt)
    with quiet():
        for spelt in dict.fromkeys((text, respelt)):
            try:
                return units.Unit(spelt)
            except (ValueError, TypeError):
                continue
    return None


def flux_zero_point(text: str | None) -> float | None:
    """Return the AB magnitude of one unit of spectral flux density; None for any other unit.

    Examples
    --------
    >>> round(flux_zero_point("uJy"), 2)
    23.9
    """
    from astropy import units

    unit = parse_unit(text)
    if unit is None:
        return None
    with quiet():
        for known, janskys in ((units.Jy, 1.0), (units.mgy, _ABMAG_JANSKY)):
            for per_pixel in (known, known / units.pix):
                if unit.is_equivalent(per_pixel):
                    return _magnitude(float(unit.to(per_pixel)) * janskys)
    return None


def surface_zero_point(text: str | None) -> float | None:
    """Return the AB magnitude per steradian of one unit of surface brightness; None for others.

    It has no pixel area in it: images of equal unit agree, whatever the size of their pixels.
    """
    from astropy import units

    unit = parse_unit(text)
    if unit is None:
        return None
    with quiet():
        for known, janskys in ((units.Jy, 1.0), (units.mgy, _ABMAG_JANSKY)):
            if unit.is_equivalent(known / units.sr):
                return _magnitude(float(unit.to(known / units.sr)) * janskys)
    return None


def is_surface_brightness(text: str | None) -> bool:
    """Whether a unit is per solid angle of the sky (not per pixel)."""
    from astropy import units

    unit = parse_unit(text)
    if unit is None:
        return False
    angle = sum(
        float(power)
        for base, power in zip(unit.decompose().bases, unit.decompose().powers, strict=True)
        if base == units.rad
    )
    return angle == -2


def is_rate(text: str | None) -> bool:
    """Whether a unit is per second, such as ``electron/s``; exposure times do not scale it."""
    from astropy import units

    unit = parse_unit(text)
    if unit is None:
        return bool(_RATE.search(text or ""))
    counts = units.adu, units.ct, units.electron, units.DN, units.photon
    return any(unit.is_equivalent(count / units.s) for count in counts)


def is_logarithmic(text: str | None) -> bool:
    """Whether a unit is one of magnitudes, in which skies do not add."""
    return re.match(r"\s*mags?\b", text or "", re.IGNORECASE) is not None


def squared(unit: str | None) -> str:
    """Return the square of a unit as a text for users; empty without a unit.

    Examples
    --------
    >>> squared("adu"), squared("MJy/sr"), squared("")
    ('adu²', '(MJy/sr)²', '')
    """
    if not unit:
        return ""
    return f"{unit}²" if unit.isalpha() else f"({unit})²"


def _magnitude(janskys: float) -> float | None:
    return -2.5 * math.log10(janskys / _ABMAG_JANSKY) if janskys > 0 else None
