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
from bgviewer.engine.exposure import Exposure, MaskedImage, ignoring
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.ranking import Measurement, measure_exposure
from bgviewer.engine.regions import Region, ignored_pixels
from bgviewer.engine.scratch import Scratch
from bgviewer.errors import BgviewerError, ReadError
from bgviewer.io.cache import ExposureCache
from bgviewer.io.conventions import NO_CHOICE, Choice
from bgviewer.io.discover import discover, find_files
from bgviewer.io.entry import StackEntry
from bgviewer.io.grid import grid_problems
from bgviewer.io.names import distinct_stems
from bgviewer.io.opening import Opened, opened
from bgviewer.io.read import CHANGED, FileInfo, measure_file, read
from bgviewer.io.reading import Reading
from bgviewer.io.scaling import Scale, ZeroPoint, checked_zero_point, scaled, scales_for

__all__ = ["OWN_SCALE", "ExposureStack", "StackEntry", "find_files", "load_stack"]

CACHE_BYTES = 1 << 30
OWN_SCALE = "own"
"""Read an exposure with the factor of its entry."""


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
        self._cache = ExposureCache(cache_bytes)
        self._memory = tuple(memory)
        self._regions: tuple[Region, ...] = ()

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
        """``(ny, nx)`` of the first usable exposure; None when there is none."""
        return next((self._fact(i, "shape") for i in self.usable), None)

    @property
    def xy0(self) -> tuple[int, int]:
        """Parent position of pixel [0, 0] of the first usable exposure."""
        return next((self._fact(i, "xy0") for i in self.usable), (0, 0))

    @property
    def planes(self) -> tuple[str, ...]:
        """Names of the mask planes that any usable exposure has, in order of appearance."""
        names = (name for i in self.usable for name in self._fact(i, "planes") or ())
        return tuple(dict.fromkeys(names))

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
        if not variance:
            return self._load(entry, progress, variance=False)
        if scratch is not None and not self.fits_in_cache:
            return self._load(entry, progress, scratch=scratch)
        companions = () if entry.info is None else entry.info.companions
        key = (entry.scale, *(_state_of(path) for path in (entry.path, *companions)))
        exposure = self._cache.get(key, lambda: self._load(entry, progress))
        # A file that is in the stack twice is held once, under one of its names.
        return exposure if exposure.name == entry.name else replace(exposure, name=entry.name)

    def forget(self) -> None:
        """Let go of exposures that are kept in memory; they are read again when asked for."""
        self._cache.clear()

    def measure(self, id: int, config: MatchConfig, progress: Progress = SILENT) -> Measurement:
        """Measure an exposure for the ranking; one that lies on disk is not kept in memory.

        Raises
        ------
        BgviewerError
            As `read`.
        """
        entry = self.entries[id]
        whole = entry.path is not None and not self.regions_of(id)
        if entry.problem is None and whole and not callable(entry.scale):
            assert entry.path is not None
            shape = None if entry.info is None else entry.info.shape
            scale = 1.0 if entry.scale is None else entry.scale
            choice = NO_CHOICE if entry.info is None else entry.info.choice
            found = measure_file(
                entry.path, config, progress, shape=shape, scale=scale, choice=choice
            )
            if found is not None:
                return found
        return measure_exposure(self.read(id, variance=False), config, progress, threads=1)

    def _load(
        self,
        entry: StackEntry,
        progress: Progress,
        variance: bool = True,
        scratch: Scratch | None = None,
    ) -> Exposure:
        assert entry.path is not None
        choice = NO_CHOICE if entry.info is None else entry.info.choice
        exposure = read(
            entry.path, variance=variance, scratch=scratch, progress=progress, choice=choice
        )
        if entry.info is not None and exposure.shape != entry.info.shape:
            raise ReadError(entry.path, CHANGED)
        return scaled(replace(exposure, name=entry.name), entry.scale)

    def _from_memory(self, entry: StackEntry) -> Exposure:
        held = self._memory[entry.id]
        assert held is not None
        if not isinstance(held, Exposure):
            fields = {f.name: getattr(held, f.name) for f in dataclasses.fields(held)}
            held = Exposure(**fields, name=entry.name)
        return scaled(held, entry.scale)


def _state_of(path: Path) -> tuple[object, ...]:
    """Return what changes when a file is replaced or written again."""
    try:
        status = os.stat(path)
    except OSError as exc:
        why = f"cannot be opened ({exc.strerror or exc})"
        raise ReadError(path, why, id="E_MISSING") from exc
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)


def load_stack(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    zero_point: ZeroPoint = "auto",
    config: MatchConfig | None = None,
    progress: Progress = SILENT,
    cache_bytes: int = CACHE_BYTES,
    choices: Reading | Mapping[Path, Choice] | None = None,
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

    Returns
    -------
    ExposureStack
        A file that cannot be read, or lies on another grid, is an entry with a problem.

    Raises
    ------
    ReadError
        When there is not one file.
    ConfigError
        For a `zero_point` that is none of the above.
    """
    target = checked_zero_point(zero_point)
    found, notes = discover(paths)
    taken, left_out = opened(found, progress, Reading.of(choices))
    notes += left_out
    entries, more = _entries(taken)
    entries, common, told = scales_for(entries, target)
    stack = ExposureStack(entries, zero_point=common, cache_bytes=cache_bytes)
    notes += [*more, *told, *_stack_notes(stack, config)]
    stack.notes = tuple(notes)
    progress.step(1.0, f"{len(stack)} exposures")
    return stack


def _entries(
    taken: Sequence[Opened],
) -> tuple[list[StackEntry], list[str]]:
    stems, notes = distinct_stems([path for path, _ in taken])
    infos = [info for _, info in taken if isinstance(info, FileInfo)]
    problems = iter(grid_problems(infos))
    entries = []
    for id_, ((path, info), stem) in enumerate(zip(taken, stems, strict=True)):
        known = info if isinstance(info, FileInfo) else None
        entries.append(
            StackEntry(
                id=id_,
                name=stem,
                path=path,
                identity=os.path.realpath(path),
                info=known,
                problem=info if isinstance(info, BgviewerError) else next(problems),
                output_stem=stem,
            )
        )
    return entries, notes


def _stack_notes(stack: ExposureStack, config: MatchConfig | None) -> list[str]:
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
    if config is not None and (missing := stack.missing_planes(config)):
        notes.append(f"no exposure has the bad mask plane {', '.join(missing)}; counted as empty")
    return notes
