"""Position in the parent grid, as LSST's files state it.  Source: FORMATS 1.3."""

from __future__ import annotations

import math

from astropy.io import fits

from bgviewer.io.photometry import number

__all__ = ["parent_position"]

_LARGEST = 1e9


def parent_position(
    header: fits.Header, warnings: list[str], *, shift_first: bool = False
) -> tuple[int, int] | None:
    """Return XY0: from the WCS ``A`` and else, with `shift_first` before it, from LTV.

    afw knows only the WCS, `lsst.images` takes LTV first; where both are there and disagree, a
    warning is added.
    """
    by_wcs, by_shift = _by_wcs(header), _by_shift(header)
    used = (by_shift or by_wcs) if shift_first else by_wcs
    if by_wcs is None or by_shift is None:
        _warn_of_half_shift(header, by_wcs, warnings)
        return used
    for axis, a, shift in zip("12", by_wcs, by_shift, strict=True):
        if a != shift:
            ltv = number(header, f"LTV{axis}")
            told = f"LTV{axis} = {ltv:g} disagrees with XY0 {by_wcs}"
            warnings.append(f"{told}; {'LTV' if shift_first else 'XY0'} is used")
            break
    return used


def _warn_of_half_shift(
    header: fits.Header, by_wcs: tuple[int, int] | None, warnings: list[str]
) -> None:
    """Tell of a single LTV card that disagrees."""
    for axis, origin in zip("12", by_wcs or (), strict=False):
        shift = number(header, f"LTV{axis}")
        if shift is not None and shift != -origin:
            warnings.append(f"LTV{axis} = {shift:g} disagrees with XY0 {by_wcs}; XY0 is used")
            break


def _by_wcs(header: fits.Header) -> tuple[int, int] | None:
    if any(number(header, f"CRPIX{axis}A") != 1.0 for axis in "12"):
        return None
    return _rounded([number(header, f"CRVAL{axis}A") for axis in "12"])


def _by_shift(header: fits.Header) -> tuple[int, int] | None:
    shifts = [number(header, f"LTV{axis}") for axis in "12"]
    if any(shift is not None and shift % 1 for shift in shifts):
        return None
    return _rounded([None if shift is None else -shift for shift in shifts])


def _rounded(values: list[float | None]) -> tuple[int, int] | None:
    x, y = values
    if x is None or y is None or max(abs(x), abs(y)) > _LARGEST:
        return None
    # lround rounds halves away from zero, Python's round does not.
    x0, y0 = (int(math.copysign(math.floor(abs(v) + 0.5), v)) for v in (x, y))
    return x0, y0
