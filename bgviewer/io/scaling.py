"""The common zero point of a stack and the factors that lead to it.  Source: FORMATS section 5."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Literal

from bgviewer.engine.exposure import Exposure
from bgviewer.errors import BgviewerError, ConfigError
from bgviewer.io.photometry import RELATIVE, STATE_IT, STATED, ZERO_POINT_CARDS
from bgviewer.io.units import is_rate, is_surface_brightness, surface_zero_point

if TYPE_CHECKING:
    from bgviewer.io.read import FileInfo
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

WIDEST = 5.0
"""Magnitudes between zero points of one band: a factor of 100 that no exposure times explain."""

_SMALLEST = 1e-18
"""Factor whose square, which the variance takes, still fits float32, as does its inverse's."""

_SAME_TIME = 0.01
"""Relative difference of exposure times that is not worth a word."""


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
        usable = [e for e in out if e.problem is None and e.info is not None]
        return out, None, _exposure_time_notes(usable, scaled=False)
    if isinstance(target, float):
        out = [_scaled_entry(entry, target) for entry in _without_outliers(entries)]
        return out, target, [f"scaled in memory to the zero point {target:g}"]
    out = _without_outliers(entries)
    usable = [e for e in out if e.problem is None and e.info is not None]
    known = [_point(e) for e in usable]
    points = [point for point, _ in known if point is not None]
    kinds = {kind for point, kind in known if point is not None}
    common, note = None, ""
    if not points:
        note = "no exposure has a zero point: not scaled" if known else ""
    elif len(points) < len(known):
        missing = len(known) - len(points)
        note = f"{missing} of {len(known)} exposures have no zero point: none is scaled"
    elif len(kinds) > 1:
        note = (
            f"warning: the zero points are of different kinds ({', '.join(sorted(kinds))}): none "
            "is scaled"
        )
    elif max(points) - min(points) <= _EQUAL:
        what = f"have the zero point {points[0]:.6g}"
        if kinds == {_SURFACE}:
            what = f"are in {usable[0].info.unit}, a surface brightness"  # type: ignore[union-attr]
        note = f"all exposures {what}: not scaled"
    else:
        # Factors onto a system that the stack shares are applied as they are.
        common = 0.0 if kinds == {RELATIVE} else float(median(points))
        what = "common system of FLXSCALE" if kinds == {RELATIVE} else f"median {common:.6g}"
        note = (
            f"zero points from {min(points):.6g} to {max(points):.6g}: scaled in memory to the "
            f"{what}"
        )
        out = [_scaled_entry(entry, common, automatic=True) for entry in out]
    notes = [note] if note else []
    return out, common, notes + _exposure_time_notes(usable, scaled=len(points) == len(known))


_FLUX, _SURFACE = "of a pixel", "of a steradian"


def _point(entry: StackEntry) -> tuple[float | None, str]:
    """Return the magnitude of one unit that scales an exposure, and of what.

    Surface brightness is compared by its unit: it has no pixel area.
    """
    info = entry.info
    assert info is not None
    if info.zero_point_source == STATED:
        return info.zero_point, _FLUX
    if is_surface_brightness(info.unit):
        return surface_zero_point(info.unit), _SURFACE
    if entry.zero_point_refused:
        return None, _FLUX
    return info.zero_point, RELATIVE if info.zero_point_source == RELATIVE else _FLUX


def _without_outliers(entries: Sequence[StackEntry]) -> list[StackEntry]:
    """Mark exposures whose zero point cannot be one beside those of the others.

    It has to agree with those of more than half of the exposures of its band, exposure times
    allowed for.  Zero points that a unit defines, and those that the user states, are right by
    themselves.
    """
    cards = {
        entry.id: entry.info
        for entry in entries
        if entry.problem is None
        and entry.info is not None
        and entry.info.zero_point is not None
        and entry.info.zero_point_source not in (STATED, "BUNIT", "PIXAR_SR")
    }
    out = []
    for entry in entries:
        info = cards.get(entry.id)
        if info is not None:
            relative = info.zero_point_source == RELATIVE
            others = [
                other
                for other in cards.values()
                if other.band == info.band and relative == (other.zero_point_source == RELATIVE)
            ]
            near = sum(_apart(info, other) <= WIDEST for other in others)
            if 2 * near <= len(others):
                entry = replace(
                    entry,
                    zero_point_refused=True,
                    warnings=(*entry.warnings, _refusal(info, others)),
                )
        out.append(entry)
    return out


def _apart(one: FileInfo, other: FileInfo) -> float:
    """Return the difference of two zero points, without what the exposure times explain."""
    assert one.zero_point is not None and other.zero_point is not None
    difference = one.zero_point - other.zero_point
    if one.exposure_time is None or other.exposure_time is None:
        return abs(difference)
    explained = 2.5 * math.log10(one.exposure_time / other.exposure_time)
    return min(abs(difference), abs(difference - explained))


def _refusal(info: FileInfo, others: Sequence[FileInfo]) -> str:
    points = sorted(other.zero_point for other in others if other.zero_point is not None)
    return (
        f"its zero point {info.zero_point:.6g} is more than {WIDEST:g} mag from those of most "
        f"others ({points[0]:.6g} to {points[-1]:.6g}), which no photometry explains; it is not "
        f"used; {STATE_IT}"
    )


def _exposure_time_notes(entries: Sequence[StackEntry], *, scaled: bool) -> list[str]:
    """Say where exposure times differ and the pixels may not be on one scale for that reason.

    Parameters
    ----------
    scaled : bool
        Whether all of them have a zero point, so that they are on one scale if those are right.
    """
    infos = [e.info for e in entries if e.info is not None and _counts(e.info)]
    if not scaled:
        found = _different_times(infos)
        if found is None:
            return []
        (short, _), (long, _) = found
        return [
            f"warning: exposure times (EXPTIME) differ, {short:g} to {long:g} s, and the exposures "
            "are not scaled: skies are matched, but the flux of sources is not; state "
            "fileZeroPoint for each, or divide by the exposure time first"
        ]
    infos = [info for info in infos if info.zero_point_source in ZERO_POINT_CARDS]
    found = _different_times(infos)
    if found is None:
        return []
    (short, first), (long, last) = found
    assert first.zero_point is not None and last.zero_point is not None
    expected = 2.5 * math.log10(long / short)
    if abs(last.zero_point - first.zero_point) > 0.5 * expected:
        return []
    name = first.zero_point_source
    return [
        f"warning: exposure times (EXPTIME) differ, {short:g} to {long:g} s, but {name} does not "
        f"follow them: if it is the magnitude of one count per second, scales are wrong by up to "
        f"{long / short:.3g}; state fileZeroPoint = {name} + 2.5 log10(EXPTIME) then"
    ]


def _counts(info: FileInfo) -> bool:
    """Whether pixel values grow with the exposure time, as far as the unit tells."""
    by_unit = info.zero_point_source in ("BUNIT", "PIXAR_SR") or is_surface_brightness(info.unit)
    return not by_unit and not is_rate(info.unit)


def _different_times(
    infos: Sequence[FileInfo],
) -> tuple[tuple[float, FileInfo], tuple[float, FileInfo]] | None:
    """Return the shortest and the longest exposure with their times, where these differ."""
    timed = [(info.exposure_time, info) for info in infos if info.exposure_time is not None]
    if len(timed) < 2:
        return None
    short, long = (pick(timed, key=lambda item: item[0]) for pick in (min, max))
    return (short, long) if long[0] > short[0] * (1 + _SAME_TIME) else None


def _scaled_entry(entry: StackEntry, target: float, *, automatic: bool = False) -> StackEntry:
    """Return the entry with its factor.

    Parameters
    ----------
    automatic : bool
        Whether the target comes from the stack; surface brightness is then scaled by its unit
        alone. A target that the user names is one of a pixel.
    """
    if entry.problem is not None or entry.info is None:
        return entry
    point, kind = _point(entry)
    own = point if automatic or kind != _SURFACE else None
    if own is None and not automatic and kind == _SURFACE:
        text = (
            f"{entry.name}: is in {entry.info.unit}, a surface brightness, which has no zero point "
            f"per pixel, and cannot be scaled to {target:g}; fileZeroPoint can state one"
        )
        return replace(entry, problem=BgviewerError(text))
    if kind == RELATIVE and not automatic:
        text = (
            f"{entry.name}: FLXSCALE is relative to other exposures and cannot be scaled to "
            f"{target:g}; fileZeroPoint can state a zero point"
        )
        return replace(entry, problem=BgviewerError(text))
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
    if scale is None:
        return exposure
    if not (math.isfinite(scale) and _SMALLEST <= scale <= 1 / _SMALLEST):
        text = f"{exposure.name}: its photometric factor {scale:g} is not a usable positive number"
        raise BgviewerError(text)
    return exposure.scaled(scale)
