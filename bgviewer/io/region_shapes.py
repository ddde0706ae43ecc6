"""Shapes of ds9 as regions: their numbers, units and angles."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from bgviewer.engine.regions import Region
from bgviewer.errors import ConfigError
from bgviewer.io.region_frame import PixelFrame, sky_system

__all__ = ["AREAS", "MARKERS", "Words", "make_region"]

AREAS = {"circle": 3, "ellipse": 5, "box": 5, "polygon": 6}
"""Shape -> how many numbers it has in ds9 (at least, for polygons)."""
MARKERS = ("point", "line", "vector", "text", "ruler", "compass", "projection", "segment")

_FURTHEST = 1e9  # pixels; beyond lies no image
_MOST_CORNERS = 1000
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)([dripDRIP\"']?)$")
_SEXAGESIMAL = re.compile(
    r"([+-]?)(\d{1,3})([:hd])(\d{1,2})[:m](\d{1,2}(?:\.\d*)?)s?$", re.IGNORECASE
)
_DEGREES = {"d": 1.0, "'": 1 / 60, '"': 1 / 3600, "r": math.degrees(1.0)}
_HOURS = ("fk5", "j2000", "icrs", "fk4", "b1950")


@dataclass(frozen=True)
class Words:
    """One command of a file: sign, name and what follows."""

    sign: str
    name: str
    rest: str


def make_region(
    words: Words, system: str, frame: PixelFrame, *, exposure: str | None, note: str | None
) -> Region:
    """Make the region of a command.

    Raises
    ------
    ConfigError
        Saying what is wrong with it.
    """
    name, tokens = words.name, _tokens(words)
    placed = len(tokens) if name == "polygon" else 2
    if name == "polygon":
        if len(tokens) < AREAS[name] or len(tokens) % 2:
            raise ConfigError(f"polygon: {len(tokens)} numbers; it needs pairs, at least 3")
        if len(tokens) > 2 * _MOST_CORNERS:
            raise ConfigError(f"polygon: more than {_MOST_CORNERS} corners")
    elif name in ("box", "ellipse") and len(tokens) == 4:
        tokens = [*tokens, "0"]  # as ds9 reads it
    elif len(tokens) != AREAS[name]:
        raise ConfigError(f"{name}: {len(tokens)} numbers; it needs {AREAS[name]}")
    places = [_place(tokens[i], tokens[i + 1], system, frame) for i in range(0, placed, 2)]
    if name == "polygon":
        return _checked(name, [n for place in places for n in place], exposure, note)
    angle = _angle(tokens[4]) if len(tokens) > 4 else 0.0
    sizes = tokens[2:4] if name != "circle" else [tokens[2]] * 2
    at = (tokens[0], tokens[1])
    numbers = [*places[0], *_sizes(sizes, angle, at, places[0], system, frame)]
    return _checked("ellipse" if name == "circle" else name, numbers, exposure, note)


def _checked(shape: str, numbers: list[float], exposure: str | None, note: str | None) -> Region:
    if not all(abs(n) <= _FURTHEST for n in numbers):
        raise ConfigError(f"{shape}: reaches beyond {_FURTHEST:g} pixels")
    return Region(shape, tuple(numbers), exposure, note or "")


def _tokens(words: Words) -> list[str]:
    text = words.rest.strip()
    if text.startswith("("):
        if not text.endswith(")"):
            raise ConfigError(f"{words.name}: ) is lacking, or something follows it")
        text = text[1:-1]
    if "(" in text or ")" in text:
        raise ConfigError(f"{words.name}: brackets that do not belong there")
    return [t for t in re.split(r"[\s,]+", text) if t]


def _parsed(token: str) -> tuple[Decimal, str]:
    match = _NUMBER.match(token)
    if match is None:
        raise ConfigError(f"{token[:40]!r} is not a number")
    return Decimal(match[1]), match[2].lower()


def _place(one: str, two: str, system: str, frame: PixelFrame) -> tuple[float, float]:
    if sky_system(system):
        return frame.from_sky(system, _degrees(one, system, True), _degrees(two, system, False))
    parent = []
    for axis, token in enumerate((one, two)):
        value, unit = _parsed(token)
        if unit not in ("", "i", "p"):
            raise ConfigError(f"{token!r} is no {system} coordinate")
        if abs(value) > _FURTHEST:
            raise ConfigError(f"{token[:40]!r} lies beyond {_FURTHEST:g} pixels")
        physical = unit == "p" or (unit == "" and system == "physical")
        read = frame.from_physical if physical else frame.from_image
        parent.append(read(value, axis))
    return parent[0], parent[1]


def _degrees(token: str, system: str, longitude: bool) -> float:
    match = _SEXAGESIMAL.match(token)
    if match is None:
        value, unit = _parsed(token)
        if unit not in ("", "d", "r"):
            raise ConfigError(f"{token!r} is no {system} coordinate")
        degrees = float(value) * _DEGREES.get(unit, 1.0)
    else:
        sign, whole, mark, minutes, seconds = match.groups()
        if float(minutes) >= 60 or float(seconds) >= 60:
            raise ConfigError(f"{token!r}: minutes and seconds must be below 60")
        degrees = int(whole) + int(minutes) / 60 + float(seconds) / 3600
        hours = mark.lower() == "h" or (mark == ":" and longitude and system in _HOURS)
        degrees *= (15.0 if hours else 1.0) * (-1.0 if sign == "-" else 1.0)
    if abs(degrees) > (360.0 if longitude else 90.0):
        raise ConfigError(f"{token[:40]!r} is no {'longitude' if longitude else 'latitude'}")
    return degrees


def _angle(token: str) -> float:
    value, unit = _parsed(token)
    if unit not in ("", "d", "r"):
        raise ConfigError(f"{token!r} is no angle")
    if abs(value) > _FURTHEST:
        raise ConfigError(f"{token[:40]!r} is no angle")
    return float(value) * _DEGREES.get(unit, 1.0)


def _sizes(
    tokens: list[str],
    angle: float,
    at: tuple[str, str],
    place: tuple[float, float],
    system: str,
    frame: PixelFrame,
) -> tuple[float, float, float]:
    """Two sizes in pixels, and the angle there."""
    values = [_parsed(token) for token in tokens]
    usual = "d" if sky_system(system) else "p" if system == "physical" else "i"
    units = [unit or usual for _, unit in values]
    sizes = [float(value) for value, _ in values]
    if not sky_system(system):
        for i, unit in enumerate(units):
            if unit == "p":
                sizes[i] *= abs(frame.ltm[i])
            elif unit != "i":
                sizes[i] *= _DEGREES[unit] * frame.pixels_per_degree(*place)
        return sizes[0], sizes[1], angle
    if any(unit in "ip" for unit in units):
        raise ConfigError(f"{' '.join(tokens)}: sizes in pixels at a place on the sky")
    lon, lat = _degrees(at[0], system, True), _degrees(at[1], system, False)
    scale = frame.sky_scale(system, lon, lat)
    turn = math.radians(angle)
    along = scale @ np.array([math.cos(turn), math.sin(turn)])
    across = scale @ np.array([-math.sin(turn), math.cos(turn)])
    factors = float(np.hypot(*along)), float(np.hypot(*across))
    first, second = (
        size * _DEGREES[unit] * factor
        for size, unit, factor in zip(sizes, units, factors, strict=True)
    )
    return first, second, math.degrees(math.atan2(along[1], along[0]))
