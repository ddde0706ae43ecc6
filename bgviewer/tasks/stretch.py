"""How values are spread over a colour scale: the stretch between its ends, and where values lie.

A stretch is a change of the colour table, never of the values.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "STRETCHES",
    "heights_under",
    "stretched",
    "ticks_under",
    "unstretched",
    "warped_table",
]

STRETCHES = ("linear", "sqrt", "asinh", "log")
_ASINH = 10.0  # as astropy's AsinhStretch: linear below a tenth of the scale
_LOG = 1000.0  # as ds9 and astropy's LogStretch
_ENTRIES = 4096  # fine enough at the steep end of the logarithm

Floats = NDArray[np.float64]


def stretched(at: Any, stretch: str, mirrored: bool = False) -> Floats:
    """Return the place on the colour scale, 0 to 1, of linear fractions between its ends.

    Parameters
    ----------
    at : array_like
        ``(value - low) / (high - low)``; beyond 0 and 1 it is clipped.
    stretch : str
        One of `STRETCHES`.
    mirrored : bool
        Whether the middle of the scale is zero and both signs are stretched alike.
    """
    fraction = np.clip(np.asarray(at, dtype=np.float64), 0.0, 1.0)
    if mirrored:
        signed = 2 * fraction - 1
        return np.asarray(0.5 + 0.5 * np.sign(signed) * _forward(np.abs(signed), stretch))
    return _forward(fraction, stretch)


def unstretched(at: Any, stretch: str, mirrored: bool = False) -> Floats:
    """Return the linear fraction of places on the colour scale: undo `stretched`."""
    place = np.clip(np.asarray(at, dtype=np.float64), 0.0, 1.0)
    if mirrored:
        signed = 2 * place - 1
        return np.asarray(0.5 + 0.5 * np.sign(signed) * _backward(np.abs(signed), stretch))
    return _backward(place, stretch)


def _forward(x: Floats, stretch: str) -> Floats:
    if stretch == "sqrt":
        return np.sqrt(x)
    if stretch == "asinh":
        return np.asarray(np.arcsinh(_ASINH * x) / math.asinh(_ASINH))
    if stretch == "log":
        return np.asarray(np.log1p(_LOG * x) / math.log1p(_LOG))
    return x


def _backward(y: Floats, stretch: str) -> Floats:
    if stretch == "sqrt":
        return y * y
    if stretch == "asinh":
        return np.asarray(np.sinh(y * math.asinh(_ASINH)) / _ASINH)
    if stretch == "log":
        return np.asarray(np.expm1(y * math.log1p(_LOG)) / _LOG)
    return y


def warped_table(
    table: NDArray[np.uint8], stretch: str, mirrored: bool = False
) -> NDArray[np.uint8]:
    """Return a table that, indexed linearly by value, gives the colours of the stretch."""
    if stretch == "linear":
        return table
    places = stretched((np.arange(_ENTRIES) + 0.5) / _ENTRIES, stretch, mirrored)
    entries = np.minimum((places * len(table)).astype(np.intp), len(table) - 1)
    return np.ascontiguousarray(table[entries])


def heights_under(
    sample: NDArray[Any],
    ends: tuple[float, float],
    stretch: str,
    mirrored: bool = False,
    bars: int = 48,
) -> Floats:
    """Return a histogram along the colour scale, the square root of the counts, highest = 1.

    Parameters
    ----------
    sample : array, sorted
        Values of the picture.
    """
    low, high = ends
    places = unstretched(np.linspace(0.0, 1.0, bars + 1), stretch, mirrored)
    counts = np.diff(np.searchsorted(sample, low + places * (high - low)))
    most = counts.max(initial=0)
    return np.sqrt(counts / most) if most else np.zeros(bars)


def ticks_under(
    low: float, high: float, stretch: str, mirrored: bool, apart: float
) -> list[tuple[float, float]]:
    """Choose round values whose places on the stretched scale are at least `apart` from others.

    Returns
    -------
    list of (value, step)
        In order of the value; `step` is the round step the value is a multiple of.
    """
    span = high - low
    if not (math.isfinite(span) and span > 0 and apart > 0):
        return []
    chosen: list[tuple[float, float, float]] = []
    exponent = math.floor(math.log10(span))
    for power in range(exponent, exponent - 5, -1):
        for step in (m * 10.0**power for m in (5, 2, 1)):
            # Finer steps only fill the stretched end, near `low` or about zero.
            middle = 0.0 if mirrored else low
            reach = min(span, 40 * step)
            first = math.ceil(max(low, middle - reach) / step - 1e-9)
            last = math.floor(min(high, middle + reach) / step + 1e-9)
            values = [i * step for i in sorted(range(first, last + 1), key=_even_and_small_first)]
            places = stretched((np.asarray(values) - low) / span, stretch, mirrored)
            for value, place in zip(values, places.tolist(), strict=True):
                if all(abs(place - other) >= apart for other, _, _ in chosen):
                    chosen.append((place, value, step))
    return [(value, step) for _, value, step in sorted(chosen)]


def _even_and_small_first(n: int) -> tuple[int, int]:
    return n % 2, abs(n)
