"""Zero point, unit and band as headers state them.  Source: FORMATS section 5."""

from __future__ import annotations

import math
from collections.abc import Iterable

from astropy.io import fits

from bgviewer.io.layout import card_value

__all__ = ["NANOJANSKY", "band_of", "from_flux", "keyword_zero_point", "number", "unit_of"]

NANOJANSKY = 2.5 * math.log10(3631e9)
"""AB zero point of a pixel unit of 1 nJy."""

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
