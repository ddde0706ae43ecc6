"""Zero point, unit and band as headers state them.  Source: FORMATS section 5."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from astropy.io import fits

from bgviewer.io.layout import card_text, card_value
from bgviewer.io.units import flux_zero_point, is_rate

__all__ = [
    "NANOJANSKY",
    "NANOMAGGY",
    "RELATIVE",
    "STATED",
    "STATE_IT",
    "ZERO_POINT_CARDS",
    "band_of",
    "exposure_time",
    "flux_card_zero_point",
    "from_flux",
    "hst_zero_point",
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

FAINTEST, BRIGHTEST = 10.0, 40.0
"""Zero points of header cards outside of this range stand for "not measured" (99, -1, 1)."""

STATE_IT = "fileZeroPoint states the right one"
"""End of the warnings that a zero point stated by the user settles."""

STATED = "user"
"""Source of a zero point that the user states."""

RELATIVE = "FLXSCALE"
"""Source of a zero point that means something beside those of the same source only."""

_SAME_POINT = 0.01
"""Magnitudes by which a rounded card may differ from the zero point of the unit."""

ZERO_POINT_CARDS = ("MAGZERO", "MAGZPT", "MAGZP", "PHOTZP", "ZP", "ZEROPNT", "MAG_ZP")
"""Some pipelines write them for one count per second, others for one count."""
_TIMES = ("EXPTIME", "EXPOSURE", "TEXPTIME", "ITIME")
_PER_SECOND_INSTRUMENTS = ("VIRCAM", "WFCAM")
"""Of CASU's pipelines: MAGZPT is the magnitude of one count per second."""
_BANDS = ("FILTER", "BAND", "FILTNAM", "FILTNAM1", "FILTER1", "FILTER2", "INSFLNAM")
_NO_BAND = ("CLEAR", "NONE", "OPEN", "EMPTY", "UNKNOWN", "N/A")


def number(header: fits.Header, name: str) -> float | None:
    """Return a card's value as a finite float, also of a number in quotes; else None."""
    value = card_value(header, name)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def from_flux(flux: float | None) -> float | None:
    """Return the magnitude of one unit when `flux` units are magnitude 0 (FLUXMAG0)."""
    return 2.5 * math.log10(flux) if flux is not None and flux > 0 else None


def _is_measured(name: str, text: str, magnitude: float, warnings: list[str]) -> bool:
    """Whether a zero point is one that photometry has; warn where it stands for something else."""
    if FAINTEST <= magnitude <= BRIGHTEST:
        return True
    warnings.append(
        f"{name} = {text} is no zero point (photometry has {FAINTEST:g} to {BRIGHTEST:g} mag) and "
        f"is not used; {STATE_IT}"
    )
    return False


def flux_card_zero_point(header: fits.Header, warnings: list[str]) -> float | None:
    """Return the zero point of FLUXMAG0; nothing and no warning where it is 0 or negative."""
    flux = number(header, "FLUXMAG0")
    magnitude = from_flux(flux)
    if magnitude is None or not _is_measured("FLUXMAG0", f"{flux:g}", magnitude, warnings):
        return None
    return magnitude


def keyword_zero_point(
    headers: Iterable[fits.Header], warnings: list[str]
) -> tuple[float, str] | None:
    """Return the first zero point card that can be one, and its keyword.

    Parameters
    ----------
    headers : iterable of Header
        The image's first.
    warnings : list of str
        Gets a sentence for every card that stands for "not measured", such as 99 or -1; 0 says
        so by itself.
    """
    for header in headers:
        for name in ZERO_POINT_CARDS:
            value = number(header, name)
            if value and _is_measured(name, f"{value:g}", value, warnings):
                return value, name
    return None


def exposure_time(headers: Iterable[fits.Header]) -> float | None:
    """Return the exposure time in seconds that the headers state; None for none or 0."""
    for header in headers:
        for name in _TIMES:
            value = number(header, name)
            if value is not None and value > 0:
                return value
    return None


def per_exposure(headers: Sequence[fits.Header], rate: float | None) -> float | None:
    """Return the zero point of a whole exposure from that of a unit per second (EXPTIME)."""
    seconds = exposure_time(headers)
    if rate is None or seconds is None:
        return None
    return rate + 2.5 * math.log10(seconds)


def _of_whole_exposure(
    headers: Sequence[fits.Header], found: tuple[float, str], unit: str | None, warnings: list[str]
) -> tuple[float, str]:
    """Return a zero point of one count per second as that of one count, where it is known to be."""
    value, name = found
    instruments = {card_text(header, "INSTRUME") for header in headers}
    if name != "MAGZPT" or is_rate(unit) or not instruments & set(_PER_SECOND_INSTRUMENTS):
        return found
    whole = per_exposure(headers, value)
    if whole is None:
        warnings.append("MAGZPT is for one count per second, but there is no EXPTIME; not scaled")
        return found
    warnings.append("MAGZPT is for one count per second: 2.5 log10(EXPTIME) was added")
    return whole, "MAGZPT, EXPTIME"


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
    """Return the AB zero point of one pixel of MJy/sr, of the area PIXAR_SR.

    It is shown, and never scales: surface brightness has no pixel area.  Source: FORMATS 5.
    """
    if re.sub(r"[ .*^]", "", unit or "").lower() not in ("mjy/sr", "mjysr-1"):
        return None
    areas = (number(header, "PIXAR_SR") for header in headers)
    area = next((a for a in areas if a is not None and a > 0), None)
    return None if area is None else -6.10 - 2.5 * math.log10(area)


def standard_zero_point(
    headers: Sequence[fits.Header], unit: str | None, warnings: list[str]
) -> tuple[float, str] | None:
    """Return the zero point and where it comes from, for headers of any convention.

    A unit of flux has its zero point by definition.  Else image header before primary, in each
    FLUXMAG0 before the plain keywords; then instruments.  Source: FORMATS section 5.

    Parameters
    ----------
    warnings : list of str
        Gets a sentence for what is not used, and for what had to be converted.
    """
    if (magnitude := flux_zero_point(unit)) is not None:
        card = keyword_zero_point(headers, [])
        if card is not None and abs(card[0] - magnitude) > _SAME_POINT:
            warnings.append(
                f"{card[1]} = {card[0]:g} is not the zero point of {unit}, {magnitude:.5g}; that "
                "of the unit is used"
            )
        return magnitude, "BUNIT"
    for header in headers:
        magnitude = flux_card_zero_point(header, warnings)
        if magnitude is not None:
            return magnitude, "FLUXMAG0"
        found = keyword_zero_point([header], warnings)
        if found is not None:
            return _of_whole_exposure(headers, found, unit, warnings)
    if (magnitude := hst_zero_point(headers, unit)) is not None:
        return magnitude, "PHOTFLAM"
    if (magnitude := jwst_zero_point(headers, unit)) is not None:
        return magnitude, "PIXAR_SR"
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
