"""Parts of the sky to be left out: boxes, ellipses and polygons in parent pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.errors import ConfigError

__all__ = ["SHAPES", "Region", "ignored_pixels"]

SHAPES = {"box": 5, "ellipse": 5, "polygon": 6}
"""Shape -> how many numbers it has (at least, for polygons)."""

_HUGE = 1e150  # squares of what is below do not overflow

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Region:
    """A part of the image whose pixels do not count.

    Parameters
    ----------
    shape : {"box", "ellipse", "polygon"}
    numbers : tuple of float
        Parent pixels; a pixel's centre is its index (0-based, so one less than in ds9).
        box: centre x, y, width, height, angle; ellipse: centre x, y, semi-axes, angle; polygon:
        x1, y1, x2, y2, ...  Angles in degrees from x towards y.
    exposure : str or None
        Name of the exposure it belongs to; None = all of the stack.
    note : str
        Why; "bin" for a bin that was taken out.

    Raises
    ------
    ConfigError
        For an unknown shape, a wrong number of numbers, or numbers that are not finite.
    """

    shape: str
    numbers: tuple[float, ...]
    exposure: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise ConfigError(f"region {self.shape!r}: known are {', '.join(SHAPES)}")
        numbers = tuple(float(n) for n in self.numbers)
        object.__setattr__(self, "numbers", numbers)
        least = SHAPES[self.shape]
        fits = len(numbers) == least
        if self.shape == "polygon":
            fits = len(numbers) >= least and len(numbers) % 2 == 0
        if not fits:
            raise ConfigError(f"region {self.shape}: {len(numbers)} numbers are not what it needs")
        if not all(math.isfinite(n) for n in numbers):
            raise ConfigError(f"region {self.shape}: its numbers must be finite")
        if self.shape != "polygon" and min(numbers[2:4]) <= 0:
            raise ConfigError(f"region {self.shape}: its size must be above 0")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """``(x0, x1, y0, y1)`` that holds it."""
        if self.shape == "polygon":
            xs, ys = self.numbers[::2], self.numbers[1::2]
            return min(xs), max(xs), min(ys), max(ys)
        x, y, a, b, angle = self.numbers
        c, s = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
        if self.shape == "box":
            across, along = (a * c + b * s) / 2, (a * s + b * c) / 2
        else:
            across, along = math.hypot(a * c, b * s), math.hypot(a * s, b * c)
        return x - across, x + across, y - along, y + along

    def inside(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> Mask:
        """Return which positions (broadcast against each other) lie in it, borders included."""
        if self.shape == "polygon":
            return _inside_polygon(self.numbers, y, x)
        x0, y0, a, b, angle = self.numbers
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        with np.errstate(over="ignore"):
            along, across = (x - x0) * c + (y - y0) * s, (y - y0) * c - (x - x0) * s
            if self.shape == "box":
                return np.asarray((np.abs(along) <= a / 2) & (np.abs(across) <= b / 2))
            return np.asarray((along / a) ** 2 + (across / b) ** 2 <= 1)


def _inside_polygon(
    numbers: tuple[float, ...], y: NDArray[np.float64], x: NDArray[np.float64]
) -> Mask:
    """Even-odd rule: a ray to the right crosses the border an odd number of times."""
    inside = np.zeros(np.broadcast_shapes(np.shape(y), np.shape(x)), dtype=bool)
    corners = list(zip(numbers[::2], numbers[1::2], strict=True))
    with np.errstate(over="ignore", invalid="ignore"):
        for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
            if y1 == y2:
                continue
            crosses = (y1 > y) != (y2 > y)
            if max(map(abs, (x1, y1, x2, y2))) < _HUGE:
                at = x1 + (y - y1) * (x2 - x1) / (y2 - y1)
            else:  # the same without numbers that overflow
                part = (y / 4 - y1 / 4) / (y2 / 4 - y1 / 4)
                at = x1 * (1 - part) + x2 * part
            inside ^= crosses & (x <= at)
    return inside


def _pixels(low: float, high: float, origin: int, size: int) -> tuple[int, int]:
    """Return the pixels of an axis from `low` to `high`, the end excluded, inside the image."""
    first, last = (min(max(v - origin, -1.0), size + 1.0) for v in (low, high))
    return max(math.floor(first), 0), min(math.ceil(last) + 1, size)


def ignored_pixels(
    shape: tuple[int, int], xy0: tuple[int, int], regions: Iterable[Region]
) -> Mask | None:
    """Return bool [ny, nx]: pixels whose centres lie in any of the regions; None if there are none.

    Parameters
    ----------
    shape : (int, int)
        ``(ny, nx)``.
    xy0 : (int, int)
        Parent position of pixel [0, 0].
    """
    found: Mask | None = None
    ny, nx = shape
    for region in regions:
        x0, x1, y0, y1 = region.bounds
        left, right = _pixels(x0, x1, xy0[0], nx)
        low, high = _pixels(y0, y1, xy0[1], ny)
        if left >= right or low >= high:
            continue
        if found is None:
            found = np.zeros(shape, dtype=bool)
        y = np.arange(low, high, dtype=np.float64)[:, None] + xy0[1]
        x = np.arange(left, right, dtype=np.float64)[None, :] + xy0[0]
        found[low:high, left:right] |= region.inside(y, x)
    return found
