"""Which exposures of a stack lie on its common pixel grid, where, and why the others do not."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bgviewer.engine.extent import Extent
from bgviewer.errors import BgviewerError, GridError, NoOverlapError, ShapeMismatchError
from bgviewer.io.placement import placement
from bgviewer.io.read import FileInfo
from bgviewer.io.sky import Grid, GridOffset, grid_offset

__all__ = ["GridPlaces", "common_grid", "grid_places", "grid_problems"]

_TOLERANCE = 0.5
"""Pixels; of equal extent, pixels pair up by index: half a pixel still means the same one."""
_SHIFT_TOLERANCE = 0.01
"""Pixels; of different extent only whole pixels of shift are the same grid (FORMATS 1.3)."""
_NOTICED = 0.05
"""Pixels; a larger offset within the tolerance is reported."""

_UNREADABLE = (
    "its WCS, or that of the other exposures, cannot be evaluated; its pixel grid was not checked"
)
_APART = "on the pixel grid of the others, but it shares no part of it with any of them"


@dataclass(frozen=True, eq=False)
class GridPlaces:
    """Where the exposures of a stack lie.

    Attributes
    ----------
    grid : Grid or None
        The common grid; None of an empty stack.
    problems : tuple of BgviewerError or None
        For each exposure why it cannot be matched with the others.
    places : tuple of (int, int) or None
        Parent position of pixel [0, 0] of each; None throughout where all have the same extent.
    warnings : tuple of tuple of str
        For each exposure how far its pixels lie from those of the common grid, where that is
        within the tolerance and yet worth knowing.
    """

    grid: Grid | None
    problems: tuple[BgviewerError | None, ...] = ()
    places: tuple[tuple[int, int] | None, ...] = ()
    warnings: tuple[tuple[str, ...], ...] = ()


def common_grid(infos: Sequence[FileInfo]) -> Grid:
    """Return the grid most exposures lie on; of equally many, that of the first.

    Of exposures of one grid but of different extent the commonest is returned.
    """
    return _common([info.grid for info in infos])


def _common(grids: Sequence[Grid]) -> Grid:
    groups: list[list[Grid]] = []
    silent = [grid for grid in grids if not _tells(grid)]
    for grid in (g for g in grids if _tells(g)):
        for group in groups:
            if _place(group[0], grid, _offset(group[0], grid)) is not None:
                group.append(grid)
                break
        else:
            groups.append([grid])
    told = len(groups)
    for grid in silent:
        # A grid that says nothing agrees with every other one of its shape: no vote on the place.
        joined = [g for g in groups[:told] if any(grid.shape == held.shape for held in g)]
        joined = joined or [g for g in groups[told:] if g[0].shape == grid.shape]
        for group in joined:
            group.append(grid)
        if not joined:
            groups.append([grid])
    most = max(len(group) for group in groups)
    group = next(g for grid in grids for g in groups if len(g) == most and grid in g)
    extents = Counter((grid.shape, grid.xy0) for grid in group if _tells(grid) or not told)
    commonest = max(extents, key=extents.__getitem__, default=(group[0].shape, group[0].xy0))
    return next(grid for grid in group if (grid.shape, grid.xy0) == commonest)


def _tells(grid: Grid) -> bool:
    return grid.has_wcs or grid.xy0 is not None


def grid_problems(infos: Sequence[FileInfo]) -> list[BgviewerError | None]:
    """Return for each exposure why it cannot be matched with the others, or None."""
    return list(grid_places(infos).problems)


def grid_places(infos: Sequence[FileInfo], common: Grid | None = None) -> GridPlaces:
    """Place every exposure in the common grid (or in the one that is given)."""
    if not infos:
        return GridPlaces(common)
    common = common or common_grid(infos)
    problems: list[BgviewerError | None] = []
    places: list[tuple[int, int] | None] = []
    warnings: list[tuple[str, ...]] = []
    for info in infos:
        offset = _offset(common, info.grid)
        shift = _place(common, info.grid, offset)
        unread = offset is None and shift is not None and _unreadable(common, info.grid)
        warnings.append((_UNREADABLE,) if unread else () if shift is None else _warnings(offset))
        problems.append(None if shift is not None else _problem(common, info.grid))
        x0, y0 = common.xy0 or (0, 0)
        places.append(None if shift is None else (x0 + shift[0], y0 + shift[1]))
    boxes = [
        None if place is None else Extent(*place, *info.shape[::-1])
        for info, place in zip(infos, places, strict=True)
    ]
    if len({box for box in boxes if box is not None}) < 2:
        places = [None] * len(infos)
    else:
        reached = _hanging_together(boxes, Extent(*(common.xy0 or (0, 0)), *common.shape[::-1]))
        for i, box in enumerate(boxes):
            if box is not None and i not in reached:
                problems[i], places[i] = NoOverlapError(_APART), None
    return GridPlaces(common, tuple(problems), tuple(places), tuple(warnings))


def _hanging_together(boxes: Sequence[Extent | None], common: Extent) -> set[int]:
    """Return which overlap the common extent, directly or through others."""
    reached: set[int] = set()
    new = [common]
    while new:
        held = new.pop()
        for i, box in enumerate(boxes):
            if box is not None and i not in reached and (held & box).size:
                reached.add(i)
                new.append(box)
    return reached


def _offset(common: Grid, grid: Grid) -> GridOffset | None:
    """Return how far the pixels of a grid of the common shape are off; None of another shape."""
    return grid_offset(common, grid) if grid.shape == common.shape else None


def _place(common: Grid, grid: Grid, offset: GridOffset | None) -> tuple[int, int] | None:
    """Return the shift of a grid in the common one; None where it is another grid."""
    if grid.shape == common.shape and (offset is None or offset.largest <= _TOLERANCE):
        return 0, 0
    shift = placement(common, grid)
    if shift is None or not shift.apart <= _SHIFT_TOLERANCE:
        return None
    return shift.dx, shift.dy


def _unreadable(common: Grid, grid: Grid) -> bool:
    """Whether both state celestial coordinates that cannot be evaluated."""
    return common.has_wcs and grid.has_wcs and grid.shape == common.shape


def _warnings(offset: GridOffset | None) -> tuple[str, ...]:
    """Return what is said of an offset within the tolerance; nothing of one that is negligible."""
    if offset is None or not _NOTICED < offset.largest <= _TOLERANCE:
        return ()
    where = f"{offset.centre:.2f} pixels at the centre, up to {offset.largest:.2f} elsewhere"
    if offset.largest - offset.centre < _NOTICED:
        where = f"{offset.largest:.2f} pixels"
    return (
        f"its pixel grid is off that of most exposures by {where}; pixels are paired by index "
        "and not resampled",
    )


def _problem(common: Grid, grid: Grid) -> BgviewerError:
    size = ""
    if grid.shape != common.shape:
        (ny, nx), (my, mx) = grid.shape, common.shape
        size = f"{nx} x {ny} pixels, the other exposures are {mx} x {my}"
    found = grid_offset(common, grid)
    if found is None:
        return ShapeMismatchError(size or "not comparable with the pixel grid of the others")
    far = "not comparable"
    if math.isfinite(found.largest):
        far = f"{found.largest:.3g} pixels off"
    text = f"not on the pixel grid of the others: {far} ({found.compared})"
    return GridError(f"{text}; {size}" if size else text)
