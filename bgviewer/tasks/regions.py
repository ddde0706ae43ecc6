"""Regions drawn, moved and told: the geometry behind the mouse, and ds9 files of a stack."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.errors import BgviewerError, ConfigError
from bgviewer.io.region_file import RegionFile, read_regions, write_regions
from bgviewer.io.region_frame import PixelFrame
from bgviewer.io.stack import ExposureStack

__all__ = [
    "DRAWN",
    "add_regions",
    "changed",
    "drawn",
    "export_regions",
    "handles",
    "import_regions",
    "outline",
    "place_text",
    "polygon",
    "swapped",
]

Point = tuple[float, float]
DRAWN = ("box", "ellipse", "polygon")
"""Shapes that the mouse draws."""
_LEAST = 1.0  # pixel; less covers no pixel's centre for sure
_DIGITS = 2  # of a pixel; a hand is not finer
_STEPS = 72  # corners of an ellipse on the screen


def drawn(shape: str, start: Point, end: Point, exposure: str | None) -> Region | None:
    """Return the box or ellipse between two corners; None where that is no area."""
    (x0, y0), (x1, y1) = start, end
    width, height = abs(x1 - x0), abs(y1 - y0)
    if width < _LEAST or height < _LEAST:
        return None
    if shape == "ellipse":
        width, height = width / 2, height / 2
    return Region(shape, _rounded((x0 + x1) / 2, (y0 + y1) / 2, width, height, 0.0), exposure)


def polygon(corners: Sequence[Point], exposure: str | None) -> Region | None:
    """Return the polygon through the corners, repeated ones taken once; None where it is none."""
    kept: list[Point] = []
    for corner in corners:
        x, y = _rounded(*corner)
        if not kept or (x, y) != kept[-1]:
            kept.append((x, y))
    if len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    if len(kept) < 3 or _area(kept) < _LEAST:
        return None
    return Region("polygon", tuple(n for corner in kept for n in corner), exposure)


def _rounded(*numbers: float) -> tuple[float, ...]:
    return tuple(round(float(n), _DIGITS) for n in numbers)


def _area(corners: Sequence[Point]) -> float:
    around = zip(corners, [*corners[1:], corners[0]], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in around)) / 2


def outline(region: Region) -> NDArray[np.float64]:
    """Return the border as float [n, 2] parent positions; the last is not the first again."""
    if region.shape == "polygon":
        return np.array(region.numbers, dtype=np.float64).reshape(-1, 2)
    x, y, a, b, angle = region.numbers
    if region.shape == "box":
        local = np.array([(-a, -b), (a, -b), (a, b), (-a, b)]) / 2
    else:
        turn = np.linspace(0, 2 * math.pi, _STEPS, endpoint=False)
        local = np.stack([a * np.cos(turn), b * np.sin(turn)], axis=1)
    return np.asarray(local @ _turned(angle).T + (x, y))


def _turned(angle: float) -> NDArray[np.float64]:
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return np.array([[c, -s], [s, c]])


def handles(region: Region) -> NDArray[np.float64]:
    """Return what can be held, float [n, 2]: first the centre, then corners or ends of axes."""
    if region.shape == "polygon":
        corners = outline(region)
        return np.vstack([corners.mean(axis=0), corners])
    x, y, a, b, angle = region.numbers
    if region.shape == "box":
        local = np.array([(0, 0), (-a, -b), (a, -b), (a, b), (-a, b)]) / 2
    else:
        local = np.array([(0, 0), (a, 0), (0, b), (-a, 0), (0, -b)])
    return np.asarray(local @ _turned(angle).T + (x, y))


def changed(region: Region, handle: int, to: Point) -> Region:
    """Return the region with one of its handles elsewhere: 0 moves it, the others shape it."""
    held = handles(region)[handle]
    dx, dy = to[0] - float(held[0]), to[1] - float(held[1])
    numbers = list(region.numbers)
    if region.shape == "polygon":
        first, last = (0, len(numbers)) if handle == 0 else (2 * handle - 2, 2 * handle)
        for i in range(first, last, 2):
            numbers[i] += dx
            numbers[i + 1] += dy
        return replace(region, numbers=_rounded(*numbers))
    x, y, a, b, angle = numbers
    if handle == 0:
        return replace(region, numbers=(*_rounded(x + dx, y + dy), a, b, angle))
    if region.shape == "box":
        return _stretched(region, handle, to)
    along, across = (np.array(to) - (x, y)) @ _turned(angle)
    if handle in (1, 3):
        a = max(abs(float(along)), _LEAST / 2)
    else:
        b = max(abs(float(across)), _LEAST / 2)
    return replace(region, numbers=(x, y, *_rounded(a, b), angle))


def _stretched(region: Region, handle: int, to: Point) -> Region:
    """Move one corner of a box; the opposite one stays."""
    angle = region.numbers[4]
    fixed = handles(region)[(handle + 1) % 4 + 1]
    diagonal = (np.array(to) - fixed) @ _turned(angle)
    sides = np.maximum(np.abs(diagonal), _LEAST)
    signs = np.where(diagonal < 0, -1.0, 1.0)
    x, y = fixed + _turned(angle) @ (signs * sides / 2)
    return replace(region, numbers=(*_rounded(x, y, *sides), angle))


def place_text(region: Region) -> str:
    """Return centre and size, in parent pixels."""
    x0, x1, y0, y1 = region.bounds
    return f"{(x0 + x1) / 2:.0f}, {(y0 + y1) / 2:.0f} · {x1 - x0:.0f} × {y1 - y0:.0f}"


def swapped(plan: StackPlan, old: Region, new: Region) -> StackPlan:
    """Return the plan with one region in place of another."""
    regions = (new if region == old else region for region in plan.regions)
    return replace(plan, regions=tuple(dict.fromkeys(regions)))


def add_regions(plan: StackPlan, regions: Sequence[Region]) -> StackPlan:
    """Return the plan with more regions; those it has are not taken twice."""
    return replace(plan, regions=tuple(dict.fromkeys((*plan.regions, *regions))))


def _frame(stack: ExposureStack) -> PixelFrame:
    """The pixels of a stack: all exposures lie on one grid."""
    reason: BgviewerError = ConfigError("no exposure can be read")
    for id in stack.usable:
        try:
            return PixelFrame.of(stack.read(id, variance=False))
        except BgviewerError as error:
            reason = error
    raise reason


def import_regions(path: str | os.PathLike[str], stack: ExposureStack) -> RegionFile:
    """Read a ds9 file for the exposures of a stack.

    A region of an exposure that the stack has not is kept, and told in the notes.

    Raises
    ------
    ReadError, ConfigError
        When it cannot be read or understood.
    """
    found = read_regions(path, _frame(stack))
    held = {entry.name for entry in stack.entries}
    foreign = sorted({r.exposure for r in found.regions if r.exposure is not None} - held)
    notes = tuple(f"no exposure is called {name}" for name in foreign)
    return RegionFile(found.regions, (*found.notes, *notes))


def export_regions(
    path: str | os.PathLike[str], plan: StackPlan, stack: ExposureStack, overwrite: bool = False
) -> Path:
    """Write the regions of a plan as a ds9 file.

    Raises
    ------
    WriteError
        When it cannot be written.
    """
    return write_regions(path, plan.regions, _frame(stack), overwrite)
