"""Zero point, unit and band as headers state them.  Source: FORMATS section 5."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from astropy.io import fits

from bgviewer.io.layout import card_value

__all__ = [
    "NANOJANSKY",
    "NANOMAGGY",
    "band_of",
    "from_flux",
    "hst_zero_point",
    "is_nanojansky",
    "is_nanomaggy",
    "jwst_zero_point",
    "keyword_zero_point",
    "number",
    "per_exposure",
    "standard_zero_point",
    "unit_of",
]

NANOJANSKY = 2.5 * math.log10(3631e9)
"""AB zero point of a pixel unit of 1 nJy."""

NANOMAGGY = 22.5
"""AB zero point of a pixel unit of 1 nanomaggy."""

_KEYWORDS = ("MAGZERO", "MAGZPT", "MAGZP", "PHOTZP", "ZP", "ZEROPNT", "MAG_ZP")
_BANDS = ("FILTER", "BAND", "FILTNAM", "FILTNAM1", "FILTER1", "FILTER2", "INSFLNAM")
_NO_BAND = ("CLEAR", "NONE", "OPEN", "EMPTY", "UNKNOWN", "N/A")


def number(header: fits.Header, name: str) -> float | None:
    """Return a card's value as a finite float, else None."""
    value = card_value(header, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def from_flux(flux: float | None) -> float | None:
    """Return the magnitude of one unit when `flux` units are magnitude 0 (FLUXMAG0)."""
    return 2.5 * math.log10(flux) if flux is not None and flux > 0 else None


def keyword_zero_point(headers: Iterable[fits.Header]) -> tuple[float, str] | None:
    """Return the first zero point card and its keyword; 0 counts as "not calibrated"."""
    for header in headers:
        for name in _KEYWORDS:
            value = number(header, name)
            if value:
                return value, name
    return None


def per_exposure(headers: Sequence[fits.Header], rate: float | None) -> float | None:
    """Return the zero point of a whole exposure from that of a unit per second (EXPTIME)."""
    times = (number(header, "EXPTIME") for header in headers)
    seconds = next((t for t in times if t is not None), None)
    if rate is None or seconds is None or seconds <= 0:
        return None
    return rate + 2.5 * math.log10(seconds)


def hst_zero_point(headers: Sequence[fits.Header], unit: str | None) -> float | None:
    """Return the AB zero point that PHOTFLAM and PHOTPLAM give.  Source: FORMATS section 5."""
    for header in headers:
        flam, pivot = number(header, "PHOTFLAM"), number(header, "PHOTPLAM")
        if flam is None or pivot is None or flam <= 0 or pivot <= 0:
            continue
        rate = -2.5 * math.log10(flam) - 5 * math.log10(pivot) - 2.408
        word = (unit or "").upper().replace(" ", "")
        if word in ("ELECTRONS", "ELECTRON", "E-", "E", "COUNTS", "COUNT", "DN", "ADU"):
            return per_exposure(headers, rate)
        return rate
    return None


def jwst_zero_point(headers: Sequence[fits.Header], unit: str | None) -> float | None:
    """Return the AB zero point of MJy/sr for the pixel's area PIXAR_SR.  Source: FORMATS 5."""
    if re.sub(r"[ .*^]", "", unit or "").lower() not in ("mjy/sr", "mjysr-1"):
        return None
    areas = (number(header, "PIXAR_SR") for header in headers)
    area = next((a for a in areas if a is not None and a > 0), None)
    return None if area is None else -6.10 - 2.5 * math.log10(area)


def is_nanojansky(unit: str | None) -> bool:
    """Whether a unit is LSST's, however it is spelt."""
    return (unit or "").strip().lower() in ("njy", "nanojansky", "nanojanskys")


def is_nanomaggy(unit: str | None) -> bool:
    """Whether a unit is SDSS's, however it is spelt."""
    word = (unit or "").strip().lower()
    return word.startswith("nanomagg") or word in ("nmgy", "nmgys")


def standard_zero_point(
    headers: Sequence[fits.Header], unit: str | None
) -> tuple[float, str] | None:
    """Return the zero point and where it comes from, for headers of any convention.

    Image header before primary, in each FLUXMAG0 before the plain keywords; then instruments and
    units that have theirs by definition.  Source: FORMATS section 5.
    """
    for header in headers:
        magnitude = from_flux(number(header, "FLUXMAG0"))
        if magnitude is not None:
            return magnitude, "FLUXMAG0"
        found = keyword_zero_point([header])
        if found is not None:
            return found
    if (magnitude := hst_zero_point(headers, unit)) is not None:
        return magnitude, "PHOTFLAM"
    if (magnitude := jwst_zero_point(headers, unit)) is not None:
        return magnitude, "PIXAR_SR"
    if is_nanomaggy(unit):
        return NANOMAGGY, "BUNIT"
    return (NANOJANSKY, "BUNIT") if is_nanojansky(unit) else None


def unit_of(headers: Iterable[fits.Header]) -> str | None:
    """Return the first BUNIT that says something."""
    for header in headers:
        value = card_value(header, "BUNIT")
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def band_of(headers: Iterable[fits.Header]) -> str | None:
    """Return the first filter name; "clear" positions of a second wheel do not count."""
    for header in headers:
        for name in _BANDS:
            value = card_value(header, name)
            band = value.strip() if isinstance(value, str) else ""
            if band and not band.upper().strip("_").startswith(_NO_BAND):
                return band
    return None
