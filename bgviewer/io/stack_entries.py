"""From files that were looked into to the entries of a stack, and what a person is told of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.extent import Extent
from bgviewer.errors import BgviewerError, ConfigError, GridError
from bgviewer.io.align import ALIGNED_BY, AlignTarget, check_reproject
from bgviewer.io.entry import StackEntry
from bgviewer.io.grid import GridPlaces, grid_places
from bgviewer.io.names import distinct_stems, printable_name
from bgviewer.io.opening import Opened
from bgviewer.io.read import FileInfo

if TYPE_CHECKING:
    from bgviewer.io.stack import ExposureStack

__all__ = ["entries_of", "stack_notes"]


def entries_of(
    taken: Sequence[Opened], align: bool | str = False
) -> tuple[list[StackEntry], list[str]]:
    """Make the entries: places in the common grid, problems, what is aligned.

    Parameters
    ----------
    align : bool or str
        True re-projects exposures of other grids onto the common one; the name of an exposure,
        onto its grid.

    Raises
    ------
    ConfigError
        When exposures have to be aligned and the reproject package is not there.
    """
    stems, notes = distinct_stems([path for path, _ in taken])
    infos = [info for _, info in taken if isinstance(info, FileInfo)]
    found = _placed(taken, stems, infos, align)
    problems, places = iter(found.problems), iter(found.places)
    warnings = iter(found.warnings)
    entries = []
    for id_, ((path, info), stem) in enumerate(zip(taken, stems, strict=True)):
        known = info if isinstance(info, FileInfo) else None
        problem = info if isinstance(info, BgviewerError) else next(problems)
        place, target = None if known is None else next(places), None
        offset = () if known is None else next(warnings)
        if align and known is not None and isinstance(problem, GridError) and found.grid:
            target = AlignTarget.onto(found.grid, known.grid)
            if target is not None:
                problem, place = None, None
        entries.append(
            StackEntry(
                id=id_,
                name=printable_name(stem),
                path=path,
                identity=os.path.realpath(path),
                info=known,
                problem=problem,
                output_stem=stem,
                place=place,
                aligned=target,
                warnings=offset,
            )
        )
    if any(entry.aligned for entry in entries):
        check_reproject()
    return entries, notes


def _placed(
    taken: Sequence[Opened], stems: Sequence[str], infos: Sequence[FileInfo], align: bool | str
) -> GridPlaces:
    if not isinstance(align, str):
        return grid_places(infos)
    for (path, info), stem in zip(taken, stems, strict=True):
        if align in (stem, path.name, str(path)) and isinstance(info, FileInfo):
            return grid_places(infos, info.grid)
    held = ", ".join(stems[:12]) + (" ..." if len(stems) > 12 else "")
    raise ConfigError(
        f"align: no exposure that can be read is called {align!r}; the stack has {held}",
        field="align",
        value=align,
    )


def stack_notes(stack: ExposureStack, config: MatchConfig | None) -> list[str]:
    """Return what a person should know of the stack as a whole."""
    infos = [info for i in stack.usable if (info := stack[i].info) is not None]
    notes = []
    bands = list(dict.fromkeys(info.band for info in infos if info.band))
    if len(bands) > 1:
        notes.append(f"warning: the exposures are of different bands ({', '.join(bands)})")
    units = list(dict.fromkeys(info.unit for info in infos if info.unit))
    if len(units) > 1:
        scaled = "" if stack.zero_point is not None else "; not scaled"
        notes.append(f"warning: the exposures have different units ({', '.join(units)}){scaled}")
    blind = sum(not info.has_wcs and info.convention != "afw" for info in infos)
    if 0 < blind < len(infos):
        notes.append(f"{blind} of {len(infos)} exposures have no WCS; their grid was not checked")
    notes += _grid_notes(stack)
    if config is not None and (missing := stack.missing_planes(config)):
        notes.append(f"no exposure has the bad mask plane {', '.join(missing)}; counted as empty")
    return notes


def _grid_notes(stack: ExposureStack) -> list[str]:
    notes = []
    if stack.is_mixed:
        extents = {Extent.of(stack.grid_extent(i)) for i in stack.usable}
        notes.append(
            f"the exposures are of one pixel grid but of {len(extents)} different extents: each is "
            "matched on its overlap with the reference and exported at its own extent"
        )
    aligned = [entry for entry in stack.entries if entry.aligned is not None]
    if aligned:
        names = ", ".join(e.name for e in aligned[:3]) + (" ..." if len(aligned) > 3 else "")
        notes.append(
            f"warning: {len(aligned)} of {len(stack)} exposures re-projected onto the common "
            f"pixel grid ({ALIGNED_BY}): {names}"
        )
    return notes
