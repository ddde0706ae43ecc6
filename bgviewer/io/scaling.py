"""The common zero point of a stack and the factors that lead to it.  Source: FORMATS section 5."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Literal

from bgviewer.engine.exposure import Exposure
from bgviewer.errors import BgviewerError, ConfigError

if TYPE_CHECKING:
    from bgviewer.io.stack import StackEntry

__all__ = ["Scale", "ZeroPoint", "checked_zero_point", "scaled", "scales_for"]

ZeroPoint = Literal["auto", "none"] | str | float
Scale = float | Callable[[Exposure], float] | None

_SCALER_ERRORS = (
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    OSError,
    RuntimeError,
    AssertionError,
)

_EQUAL = 1e-6
"""Magnitudes; a part in a million of flux, below what headers record."""


def checked_zero_point(value: ZeroPoint) -> str | float:
    """Return "auto", "none" or the number; raise `ConfigError` for anything else."""
    if isinstance(value, str):
        word = value.strip().lower()
        if word in ("auto", "none"):
            return word
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        text = f"{word!r}"
    else:
        text = repr(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        reason = "must be auto, none or a magnitude such as 27."
        raise ConfigError(f"zeroPoint = {text}: {reason}", value=text, reason=reason)
    return float(value)


def scales_for(
    entries: Sequence[StackEntry], target: str | float
) -> tuple[list[StackEntry], float | None, list[str]]:
    """Give the entries their factors.

    Returns
    -------
    entries : list of StackEntry
        With `scale`; with a problem where a wanted scaling is impossible.
    zero_point : float or None
        What the factors lead to; None = nothing is scaled.
    notes : list of str
        What was done and why.
    """
    out = list(entries)
    if target == "none":
        return out, None, []
    if isinstance(target, float):
        out = [_scaled_entry(entry, target) for entry in entries]
        return out, target, [f"scaled in memory to the zero point {target:g}"]
    known = [e.info.zero_point for e in entries if e.problem is None and e.info is not None]
    points = [point for point in known if point is not None]
    if not points:
        return out, None, ["no exposure has a zero point: not scaled"] if known else []
    if len(points) < len(known):
        missing = len(known) - len(points)
        note = f"{missing} of {len(known)} exposures have no zero point: none is scaled"
        return out, None, [note]
    if max(points) - min(points) <= _EQUAL:
        return out, None, [f"all exposures have the zero point {points[0]:.6g}: not scaled"]
    common = float(median(points))
    note = (
        f"zero points from {min(points):.6g} to {max(points):.6g}: scaled in memory to their "
        f"median {common:.6g}"
    )
    return [_scaled_entry(entry, common) for entry in entries], common, [note]


def _scaled_entry(entry: StackEntry, target: float) -> StackEntry:
    if entry.problem is not None or entry.info is None:
        return entry
    own = entry.info.zero_point
    if own is None:
        text = f"{entry.name}: has no zero point and cannot be scaled to {target:g}"
        return replace(entry, problem=BgviewerError(text))
    factor = 10 ** (0.4 * (target - own)) if abs(target - own) < 100 else math.inf
    if not math.isfinite(factor):
        text = f"{entry.name}: its zero point {own:g} is too far from {target:g}"
        return replace(entry, problem=BgviewerError(text))
    return replace(entry, scale=factor)


def scaled(exposure: Exposure, scale: Scale) -> Exposure:
    """Apply a photometric factor, or what a callable says it is; None = leave it.

    Raises
    ------
    BgviewerError
        The callable failed.
    """
    if callable(scale):
        try:
            scale = float(scale(exposure))
        except BgviewerError:
            raise
        except _SCALER_ERRORS as exc:
            why = exc or type(exc).__name__
            text = f"{exposure.name}: its photometric scaler failed ({why})"
            raise BgviewerError(text) from exc
    return exposure if scale is None else exposure.scaled(scale)
