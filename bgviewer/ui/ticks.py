"""Round numbers along a scale, and how they are written."""

from __future__ import annotations

import math

from bgviewer.ui.format import scientific

__all__ = ["stepped_label", "tick_labels", "ticks_between"]

_FINEST = 1e-12  # of the values: finer steps are no longer floats of their own


def ticks_between(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two values, at most `most` + 1 of them; none where all are alike."""
    span = high - low
    if not (math.isfinite(span) and span > 0 and most > 0):
        return []
    if span < _FINEST * max(abs(low), abs(high)):
        return []
    rough = span / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def tick_labels(ticks: list[float]) -> list[str]:
    """Texts of round numbers, all with the same decimals, no two alike."""
    decimals = _decimals(ticks)
    large = any(abs(t) >= 1e6 for t in ticks)
    if decimals <= 4 and not large:
        return [_plain(t, decimals) for t in ticks]
    for digits in range(4):
        texts = [scientific(t, digits) if t else "0" for t in ticks]
        if len(set(texts)) == len(ticks):
            break
    return texts


def _decimals(ticks: list[float]) -> int:
    if len(ticks) < 2:
        return 3
    step = ticks[1] - ticks[0]
    return max(0, -math.floor(math.log10(step) + 1e-9))


def stepped_label(value: float, step: float) -> str:
    """A tick's text, with the decimals its own step needs."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if decimals > 4 or abs(value) >= 1e6:
        return scientific(value, 1) if value else "0"
    return _plain(value, decimals)


def _plain(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return "0" if float(text) == 0 else text.replace("-", "−")
