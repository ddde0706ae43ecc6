"""Two numbers as text, with enough digits for the relation between them to be true as printed."""

from __future__ import annotations

import math

__all__ = ["as_compared"]

_EXACT = 17  # significant digits that tell any two float64 apart


def as_compared(value: float, limit: float, digits: int = 3) -> tuple[str, str]:
    """Return both numbers with as few digits as show which is the larger.

    Parameters
    ----------
    digits : int
        Significant digits to begin with.

    Examples
    --------
    >>> as_compared(1.1004, 1.1)
    ('1.1004', '1.1')
    >>> as_compared(0.5, 1.1)
    ('0.5', '1.1')
    """
    for number in range(digits, _EXACT + 1):
        texts = f"{value:.{number}g}", f"{limit:.{number}g}"
        if _order(float(texts[0]), float(texts[1])) == _order(value, limit):
            return texts
    return repr(value), repr(limit)


def _order(a: float, b: float) -> int:
    return 0 if math.isnan(a) or math.isnan(b) else (a > b) - (a < b)
