"""Numbers as text, the same everywhere in the window."""

from __future__ import annotations

import math
from typing import Any

__all__ = [
    "NOTHING",
    "count",
    "counted",
    "number",
    "plain",
    "scientific",
    "share",
    "with_unit",
]

NOTHING = "–"


def number(value: float | None, digits: int = 4) -> str:
    """Format with `digits` significant figures; a dash where there is no number."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 10**7 or size < 1e-4:
        return scientific(value, max(digits - 2, 1))
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return _minus(f"{value:.{decimals}f}")


def scientific(value: float, decimals: int) -> str:
    """Format as 1.5e−8: no padding in the exponent."""
    mantissa, exponent = f"{value:.{decimals}e}".split("e")
    return _minus(f"{mantissa}e{int(exponent)}")


def count(value: int) -> str:
    """Format a whole number in groups of three."""
    return f"{value:,}".replace(",", "\u202f")


def counted(value: int, one: str, many: str) -> str:
    """Format a whole number with the word for one or for many."""
    return f"{count(value)} {one if value == 1 else many}"


def share(value: float) -> str:
    """Format a share, 0 to 1, in whole per cent; what is there is never 0 %."""
    if 0 < value < 0.01:
        return "< 1 %"
    return f"{100 * value:.0f} %"


def with_unit(value: float | None, unit: str, digits: int = 4) -> str:
    """Format a number followed by its unit."""
    text = number(value, digits)
    return f"{text} {unit}" if unit and text != NOTHING else text


def plain(value: Any) -> str:
    """Format a setting as a person writes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (tuple, list)):
        return " × ".join(str(v) for v in value)
    return str(value)


def _minus(text: str) -> str:
    return text.replace("-", "−")
