"""Which exposures of a stack lie on its common pixel grid, and why the others do not."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from bgviewer.errors import BgviewerError, GridError, ShapeMismatchError
from bgviewer.io.read import FileInfo
from bgviewer.io.sky import Grid, grid_offset

__all__ = ["common_grid", "grid_problems"]

_TOLERANCE = 0.5
"""Pixels; pixels pair up by index, so half a pixel is the most that still means the same one."""


def common_grid(infos: Sequence[FileInfo]) -> Grid:
    """Return the grid most exposures lie on; of equally many, that of the first.

    The commonest shape is chosen first, then the commonest position on the sky.
    """
    shape = Counter(info.shape for info in infos).most_common(1)[0][0]
    fitting = [info.grid for info in infos if info.shape == shape]
    # A grid that says nothing would agree with every other one, so it has no vote.
    voting = [grid for grid in fitting if grid.has_wcs or grid.xy0 is not None] or fitting
    groups: list[list[Grid]] = []
    for grid in voting:
        for group in groups:
            if not _apart(group[0], grid):
                group.append(grid)
                break
        else:
            groups.append([grid])
    return max(groups, key=len)[0]


def _apart(one: Grid, other: Grid) -> bool:
    found = grid_offset(one, other)
    return found is not None and found[0] > _TOLERANCE


def grid_problems(infos: Sequence[FileInfo]) -> list[BgviewerError | None]:
    """Return for each exposure why it cannot be matched with the others, or None."""
    if not infos:
        return []
    common = common_grid(infos)
    return [_problem(common, info) for info in infos]


def _problem(common: Grid, info: FileInfo) -> BgviewerError | None:
    if info.shape != common.shape:
        (ny, nx), (my, mx) = info.shape, common.shape
        return ShapeMismatchError(f"{nx} x {ny} pixels, the other exposures are {mx} x {my}")
    found = grid_offset(common, info.grid)
    if found is None or found[0] <= _TOLERANCE:
        return None
    offset, what = found
    far = f"{offset:.3g} pixels off" if math.isfinite(offset) else "not comparable"
    return GridError(f"not on the pixel grid of the others: {far} ({what})")
