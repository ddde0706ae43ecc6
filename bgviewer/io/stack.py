"""The exposures of a stack: who they are, how they are scaled, reading them one by one."""

from __future__ import annotations

import copy
import dataclasses
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bgviewer.engine.config import DEFAULT_BAD_MASK_PLANES, MatchConfig
from bgviewer.engine.detection import DETECTED, Detection
from bgviewer.engine.exposure import Exposure, MaskedImage, as_masked_image, ignoring
from bgviewer.engine.extent import Extent, common_part
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.ranking import Measurement, measure_exposure
from bgviewer.engine.regions import Region, ignored_pixels
from bgviewer.engine.scratch import Scratch
from bgviewer.errors import GridError, ReadError, ShapeMismatchError, resource_errors
from bgviewer.io.cache import ExposureCache
from bgviewer.io.conventions import NO_CHOICE, Choice
from bgviewer.io.detect import with_detected
from bgviewer.io.discover import discover, find_files
from bgviewer.io.entry import StackEntry
from bgviewer.io.file_state import check_unchanged
from bgviewer.io.loading import file_key, load_entry
from bgviewer.io.names import distinct_stems
from bgviewer.io.opening import opened
from bgviewer.io.read import describe, measure_file
from bgviewer.io.reading import Reading
from bgviewer.io.scaling import Scale, ZeroPoint, checked_zero_point, scaled, scales_for
from bgviewer.io.stack_entries import entries_of, stack_notes

__all__ = ["OWN_SCALE", "ExposureStack", "StackEntry", "as_stack", "find_files", "load_stack"]

CACHE_BYTES = 1 << 30
OWN_SCALE = "own"
"""Read an exposure with the factor of its entry."""


def as_stack(
    given: Any, config: MatchConfig | None = None, progress: Progress = SILENT
) -> ExposureStack:
    """Return what a caller passed as a stack.

    Parameters
    ----------
    given : ExposureStack, paths as `load_stack` takes them, or iterable of exposures
        Exposures are anything that `MaskedImage` takes as an image; None stands for one that
        cannot be read. Without a name they are called ``exposure_1`` and so on.
    config, progress : optional
        As for `load_stack`.

    Raises
    ------
    ReadError
        There is not one file behind the paths.
    ShapeMismatchError
        An item is neither a path nor an exposure.
    """
    if isinstance(given, ExposureStack):
        return given
    if isinstance(given, (str, os.PathLike)):
        return load_stack(given, config=config, progress=progress)
    try:
        items = list(given)
    except TypeError as exc:
        raise ShapeMismatchError(
            f"a stack must be an ExposureStack, paths or a sequence of exposures, not "
            f"{type(given).__name__}"
        ) from exc
    if items and all(isinstance(item, (str, os.PathLike)) for item in items):
        return load_stack(items, config=config, progress=progress)
    return ExposureStack.of(
        None if item is None else as_masked_image(item, f"exposure {number}")
        for number, item in enumerate(items, 1)
    )


class ExposureStack:
    """Exposures on one pixel grid, read when asked for.

    Parameters
    ----------
    entries : sequence of StackEntry
        One per exposure, also those that cannot be used.
    notes : sequence of str
        What a person should be told once.
    zero_point : float or None
        Zero point that the scales lead to; None = no scaling.
    cache_bytes : int
        How much memory exposures may take that are not in use.
    memory : sequence of MaskedImage or None, optional
        Exposures that have no file.
    """

    def __init__(
        self,
        entries: Iterable[StackEntry],
        *,
        notes: Iterable[str] = (),
        zero_point: float | None = None,
        cache_bytes: int = CACHE_BYTES,
        memory: Sequence[MaskedImage | None] = (),
    ) -> None:
        self.entries = tuple(entries)
        self.notes = tuple(notes)
        self.zero_point = zero_point
        self.align: bool | str = False
        self._cache = ExposureCache(cache_bytes)
        self._memory = tuple(memory)
        self._regions: tuple[Region, ...] = ()
        self._detection: Detection | None = None

    @classmethod
    def of(
        cls,
        exposures: Iterable[MaskedImage | None],
        *,
        names: Sequence[str] | None = None,
        identities: Sequence[object] | None = None,
        scales: Sequence[Scale] | None = None,
    ) -> ExposureStack:
        """Make a stack of exposures in memory; None stands for one that cannot be read.

        Shapes are not compared here: the engine refuses a pair that does not fit.

        Raises
        ------
        ValueError
            When one of the lists has another length than `exposures`.
        """
        held = list(exposures)
        for what, given in (("names", names), ("identities", identities), ("scales", scales)):
            if given is not None and len(given) != len(held):
                raise ValueError(f"{len(given)} {what} for {len(held)} exposures")
        wanted = [
            names[i] if names else getattr(e, "name", "") or f"exposure_{i + 1}"
            for i, e in enumerate(held)
        ]
        stems, _ = distinct_stems([Path(name) for name in wanted])
        entries = [
            StackEntry(
                id=i,
                name=stems[i] if names is None else names[i],
                path=None,
                identity=identities[i] if identities else i,
                problem=None if e is not None else ReadError(wanted[i], "cannot be read"),
                scale=scales[i] if scales else 1.0,
                output_stem=stems[i],
            )
            for i, e in enumerate(held)
        ]
        return cls(entries, memory=held)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, id: int) -> StackEntry:
        return self.entries[id]

    @property
    def regions(self) -> tuple[Region, ...]:
        """Regions whose pixels do not count, of all exposures."""
        return self._regions

    def with_regions(self, regions: Iterable[Region]) -> ExposureStack:
        """Return the same stack with other regions to ignore; the memory is shared.

        What is read carries them in the mask plane `IGNORED_PLANE`, and measuring leaves them out.
        """
        other = copy.copy(self)
        other._regions = tuple(regions)
        return other

    def with_plan(self, plan: StackPlan) -> ExposureStack:
        """Return the same stack as a plan wants it read: its regions, its source detection."""
        other = self.with_regions(plan.regions)
        other._detection = plan.detection
        return other

    @property
    def detection(self) -> Detection | None:
        """How sources are found in exposures that bring no DETECTED plane; None = not at all."""
        return self._detection

    @property
    def is_mixed(self) -> bool:
        """Whether the exposures are of one grid but of different extent."""
        return any(entry.place is not None for entry in self.entries)

    @property
    def can_align(self) -> bool:
        """Whether an exposure is left out for its pixel grid alone, and its place is known."""
        return any(isinstance(e.problem, GridError) for e in self.entries)

    def grid_extent(self, id: int) -> Extent:
        """Return where an exposure lies in the stack's grid."""
        entry = self.entries[id]
        if entry.aligned is not None:
            (x0, y0), (ny, nx) = entry.aligned.xy0, entry.aligned.grid.shape
            return Extent(x0, y0, nx, ny)
        ny, nx = self._fact(id, "shape")
        x0, y0 = entry.place or self._fact(id, "xy0")
        return Extent(x0, y0, nx, ny)

    @property
    def frame(self) -> Extent | None:
        """What the usable exposures cover together; None when there is none."""
        if not self.is_mixed:
            return next((self.grid_extent(i) for i in self.usable), None)
        return Extent.around(self.grid_extent(i) for i in self.usable)

    def common_part(self, reference: Exposure, science: Exposure) -> tuple[Exposure, Exposure]:
        """Cut two of its exposures to their overlap, in a stack of different extents.

        Elsewhere they are returned as they are: pixels pair up by index.

        Raises
        ------
        NoOverlapError
            When they have no pixel in common.
        """
        return common_part(reference, science) if self.is_mixed else (reference, science)

    def regions_of(self, id: int) -> tuple[Region, ...]:
        """Return the regions that are ignored in an exposure."""
        name = self.entries[id].name
        return tuple(r for r in self._regions if r.exposure in (None, name))

    def _ignoring(self, exposure: Exposure, id: int) -> Exposure:
        pixels = ignored_pixels(exposure.shape, exposure.xy0, self.regions_of(id))
        return exposure if pixels is None else ignoring(exposure, pixels)

    @property
    def usable(self) -> tuple[int, ...]:
        """Ids of the exposures without a problem."""
        return tuple(entry.id for entry in self.entries if entry.problem is None)

    @property
    def shape(self) -> tuple[int, int] | None:
        """``(ny, nx)`` of the first usable exposure, of the largest where they differ; or None."""
        extents = [self.grid_extent(i) for i in self.usable]
        if self.is_mixed:
            return max(extents, key=lambda extent: extent.size).shape
        return extents[0].shape if extents else None

    @property
    def xy0(self) -> tuple[int, int]:
        """Parent position of pixel [0, 0] of the first usable exposure."""
        return next((self.grid_extent(i).xy0 for i in self.usable), (0, 0))

    @property
    def planes(self) -> tuple[str, ...]:
        """Names of the mask planes that any usable exposure has, in order of appearance."""
        return tuple(dict.fromkeys((*self._own_planes(), *self.made_planes)))

    def _own_planes(self) -> list[str]:
        return [name for i in self.usable for name in self._fact(i, "planes") or ()]

    @property
    def made_planes(self) -> tuple[str, ...]:
        """Names of the planes that are made on reading and that no exposure brings."""
        wanted = self._detection is not None and DETECTED not in self._own_planes()
        return (DETECTED,) if wanted else ()

    def _fact(self, id: int, name: str) -> Any:
        info = self.entries[id].info
        return getattr(info if info is not None else self._memory[id], name)

    def missing_planes(self, config: MatchConfig) -> tuple[str, ...]:
        """Return the bad planes that no exposure has.

        Empty for the default list, which names planes that many files lack.
        """
        if config.bad_mask_planes == DEFAULT_BAD_MASK_PLANES:
            return ()
        return tuple(name for name in config.bad_mask_planes if name not in self.planes)

    @property
    def fits_in_cache(self) -> bool:
        """Whether all usable exposures can be in memory together (as far as headers tell)."""
        infos = [info for i in self.usable if (info := self.entries[i].info) is not None]
        return sum(12 * math.prod(info.shape) for info in infos) <= self._cache.limit

    @resource_errors()
    def read(
        self,
        id: int,
        *,
        scale: Scale | str = OWN_SCALE,
        variance: bool = True,
        scratch: Scratch | None = None,
        progress: Progress = SILENT,
    ) -> Exposure:
        """Return an exposure, scaled, regions ignored; from memory when it is still there.

        May be called from several threads: every read of a file has its own handle.

        Parameters
        ----------
        scale : float, callable, None or "own"
            Photometric factor to apply instead of the entry's own.
        variance : bool
            False leaves the variance plane on disk, and the exposure out of the cache.
        scratch : Scratch, optional
            Where the planes may go when the exposure need not last and the stack is too large
            to be kept in memory.
        progress : Progress, optional
            May stop the reading.

        Raises
        ------
        BgviewerError
            The entry's problem, or what reading it met.
        """
        entry = self.entries[id]
        if not isinstance(scale, str):
            entry = replace(entry, scale=scale)
        return self._ignoring(self._read(entry, variance, scratch, progress), id)

    def _read(
        self, entry: StackEntry, variance: bool, scratch: Scratch | None, progress: Progress
    ) -> Exposure:
        if entry.problem is not None:
            raise entry.problem.with_traceback(None)
        if entry.path is None:
            return self._from_memory(entry)
        told: dict[str, Any] = {"detection": self._detection, "progress": progress}
        if not variance:
            return load_entry(entry, variance=False, **told)
        if scratch is not None and not self.fits_in_cache:
            return load_entry(entry, scratch=scratch, **told)
        check_unchanged(entry.states)
        key = file_key(entry, self._detection)
        exposure = self._cache.get(key, lambda: load_entry(entry, **told))
        # A file that is in the stack twice is held once, under one of its names.
        return exposure if exposure.name == entry.name else replace(exposure, name=entry.name)

    def forget(self) -> None:
        """Let go of exposures that are kept in memory; they are read again when asked for."""
        self._cache.clear()

    def changed_on_disk(self) -> tuple[int, ...]:
        """Return the ids of exposures whose files have changed, or are gone, since loading.

        Their side-cars count too.  Only the state of the files is looked up; nothing is read.
        """
        return tuple(entry.id for entry in self.entries if entry.changed_files)

    def with_current_files(self, ids: Iterable[int]) -> ExposureStack:
        """Return the same stack with exposures as they are on disk now.

        An exposure whose headers say something else than before stays as it was loaded: reading
        it raises ``E_CHANGED``.
        """
        entries = list(self.entries)
        for entry in (entries[id] for id in ids):
            if entry.path is None or entry.info is None or not entry.changed_files:
                continue
            try:
                found = describe(entry.path, entry.info.choice)
            except ReadError:
                continue  # reading it will say why
            if found.says_the_same(entry.info):
                entries[entry.id] = replace(entry, info=replace(entry.info, states=found.states))
        other = copy.copy(self)
        other.entries = tuple(entries)
        return other

    @resource_errors()
    def measure(self, id: int, config: MatchConfig, progress: Progress = SILENT) -> Measurement:
        """Measure an exposure for the ranking; one that lies on disk is not kept in memory.

        Raises
        ------
        BgviewerError
            As `read`.
        """
        entry = self.entries[id]
        as_it_lies = self._detection is None and entry.aligned is None
        whole = entry.path is not None and as_it_lies and not self.regions_of(id)
        if entry.problem is None and whole and not callable(entry.scale):
            assert entry.path is not None
            check_unchanged(entry.states)
            shape = None if entry.info is None else entry.info.shape
            scale = 1.0 if entry.scale is None else entry.scale
            choice = NO_CHOICE if entry.info is None else entry.info.choice
            found = measure_file(
                entry.path, config, progress, shape=shape, scale=scale, choice=choice
            )
            if found is not None:
                check_unchanged(entry.states)
                return found
        return measure_exposure(self.read(id, variance=False), config, progress, threads=1)

    def _from_memory(self, entry: StackEntry) -> Exposure:
        held = self._memory[entry.id]
        assert held is not None
        if not isinstance(held, Exposure):
            fields = {f.name: getattr(held, f.name) for f in dataclasses.fields(held)}
            held = Exposure(**fields, name=entry.name)
        held = scaled(held, entry.scale)
        return held if self._detection is None else with_detected(held, self._detection)


@resource_errors()
def load_stack(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    zero_point: ZeroPoint = "auto",
    config: MatchConfig | None = None,
    progress: Progress = SILENT,
    cache_bytes: int = CACHE_BYTES,
    choices: Reading | Mapping[Path, Choice] | None = None,
    align: bool | str = False,
    own_outputs: bool = False,
) -> ExposureStack:
    """Open a stack: headers only, pixels when they are asked for.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, folders, ``@list``; see `find_files`.
    zero_point : {"auto", "none"} or float
        "auto" scales in memory to the median zero point when all usable exposures carry one and
        they differ; a number is the common zero point wanted, and exposures without one cannot
        be used then.
    config : MatchConfig, optional
        Whose bad mask planes are looked for.
    cache_bytes : int
        Memory for exposures that are kept.
    choices : Reading or mapping of Path to Choice, optional
        What the user said about some of the files: which chip, what a mask means, ...  Without
        it every file is read as recognised: what the window remembers does not count.
    align : bool or str
        True re-projects exposures of other pixel grids onto the common one when they are read
        (package reproject); the name of an exposure, onto its grid.
    own_outputs : bool
        True takes the exposures that bgviewer wrote from folders too, to look at them.

    Returns
    -------
    ExposureStack
        A file that cannot be read, or lies on another grid, is an entry with a problem.

    Raises
    ------
    ReadError
        When there is not one file.
    ConfigError
        For a `zero_point` that is none of the above, or when `align` cannot be done.
    """
    target = checked_zero_point(zero_point)
    found, notes = discover(paths)
    taken, left_out = opened(found, progress, Reading.of(choices), own_outputs)
    notes += left_out
    entries, more = entries_of(taken, align)
    entries, common, told = scales_for(entries, target)
    stack = ExposureStack(entries, zero_point=common, cache_bytes=cache_bytes)
    notes += [*more, *told, *stack_notes(stack, config)]
    stack.notes, stack.align = tuple(notes), align
    progress.step(1.0, f"{len(stack)} exposures")
    return stack
