"""FITS file to `Exposure`, whichever convention it follows."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import row_bands
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.mask_use import use_of_bands
from bgviewer.engine.masks import Masked, bits_of
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.ranking import Measurement, measure_bands
from bgviewer.engine.scratch import Scratch
from bgviewer.errors import ReadError, resource_errors
from bgviewer.io.assemble import Assembler
from bgviewer.io.conventions import NO_CHOICE, Choice, Planes, recognise
from bgviewer.io.conventions.base import MaskSource
from bgviewer.io.file_state import CHANGED, FileState, check_unchanged, file_states
from bgviewer.io.layout import FitsFile, Hdu, checked_path
from bgviewer.io.names import file_stem
from bgviewer.io.photometry import exposure_time
from bgviewer.io.pixels import is_direct, read_rows, scaling_of
from bgviewer.io.provenance import is_own_output
from bgviewer.io.sky import Grid, LazyWcs
from bgviewer.io.words import BAND_BYTES

__all__ = ["FileExposure", "FileInfo", "Source", "describe", "is_own_file", "measure_file", "read"]

Resolver = Callable[[FitsFile], tuple[Choice, str]]
"""Says how an open file is to be read, with a remark for the person or an empty text."""


@dataclass(frozen=True)
class FileInfo:
    """What the headers of a file say.

    Attributes
    ----------
    path : Path
        The file.
    convention : str
        Name of the convention, such as ``"afw"``, ``"hst flt"`` or ``"plain"``.
    shape : (int, int)
        ``(ny, nx)``.
    planes : mapping of str to int
        Mask plane name to bit number; empty without a mask.
    variance_kind : str
        ``"variance"``, ``"sigma"``, ``"inverse variance"``, ``"none"``, or ``"unknown"`` for a
        weight that is used as a mask only. A variance plane that is zero throughout shows only
        when the pixels are read.
    unit, band : str or None
        BUNIT and the filter.
    exposure_time : float or None
        In seconds.
    zero_point : float or None
        Magnitude of one pixel unit.
    zero_point_source : str
        The card (or archive entry) it comes from.
    xy0 : (int, int)
        Position in the parent grid; (0, 0) where the file states none.
    has_wcs : bool
        Whether there are celestial coordinates.
    grid : Grid
        What other exposures of a stack are compared with.
    own_output : bool
        Whether bgviewer wrote the file.
    warnings : tuple of str
        What a person should know.
    companions : tuple of Path
        Side-cars that are used.
    readonly : tuple of str
        Why an export cannot be laid out exactly like the file.
    choice : Choice
        What the user said about the file.
    remembered : str
        A remark, where that was said about an earlier file.
    unused : tuple of str
        HDUs of the image's shape that nothing is made of, as ``"HDU 4 ZODI"``.
    masks : tuple of MaskSource
        What the mask is made of.
    states : tuple of FileState
        Versions of the file and of its side-cars that were described.
    """

    path: Path
    convention: str
    shape: tuple[int, int]
    planes: Mapping[str, int]
    variance_kind: str
    unit: str | None
    zero_point: float | None
    zero_point_source: str
    band: str | None
    xy0: tuple[int, int]
    has_wcs: bool
    grid: Grid = field(repr=False)
    own_output: bool = False
    warnings: tuple[str, ...] = ()
    companions: tuple[Path, ...] = ()
    readonly: tuple[str, ...] = ()
    choice: Choice = NO_CHOICE
    remembered: str = ""
    exposure_time: float | None = None
    unused: tuple[str, ...] = ()
    masks: tuple[MaskSource, ...] = ()
    states: tuple[FileState, ...] = field(default=(), repr=False)

    def says_the_same(self, other: FileInfo) -> bool:
        """Whether the headers of two versions of a file mean the same for a match."""
        own = replace(other, states=self.states, grid=self.grid, remembered=self.remembered)
        a, b = self.grid, other.grid
        same_grid = (a.shape, a.xy0, a.cards) == (b.shape, b.xy0, b.cards)
        return same_grid and self == own


@dataclass(frozen=True)
class Source:
    """Where the planes of an exposure lie on disk; what a writer needs.

    Attributes
    ----------
    path : Path
        The file.
    convention : str
        How it was read.
    image, mask, variance : int or None
        Indices of the HDUs; None where a plane is made of others or of side-cars.
    headers : tuple of bytes
        Raw header blocks of every HDU, as found.
    warnings : tuple of str
        What reading showed: digits lost, variance that cannot be used, ...
    planes : Planes or None
        All that was recognised.
    choice : Choice
        What the user said about the file.
    states : tuple of FileState
        Versions of the file and of its side-cars that were read.
    """

    path: Path
    convention: str
    image: int
    mask: int | None
    variance: int | None
    headers: tuple[bytes, ...] = field(repr=False, default=())
    warnings: tuple[str, ...] = ()
    planes: Planes | None = field(repr=False, default=None)
    choice: Choice = NO_CHOICE
    states: tuple[FileState, ...] = field(default=(), repr=False)


class FileExposure(Exposure):
    """An `Exposure` whose WCS is made from its header when it is first asked for."""

    @property
    def wcs(self) -> Any:
        """Celestial `astropy.wcs.WCS` of the file array (0-based pixels), or None."""
        held = self.__dict__.get("_wcs")
        return held.get() if isinstance(held, LazyWcs) else held

    @wcs.setter
    def wcs(self, value: Any) -> None:
        self.__dict__["_wcs"] = value


@resource_errors()
def describe(path: str | os.PathLike[str], choice: Choice | Resolver = NO_CHOICE) -> FileInfo:
    """Say what a file holds, from its headers alone.

    Parameters
    ----------
    choice : Choice or callable
        What the user says about the file: which of several images, what its mask means, ...; or
        what finds that out, given the open file.

    Raises
    ------
    ReadError
        With one of the identifiers of FORMATS section 8; a `ChooseError` when the file holds
        several images and `choice` names none, a `SidecarError` when it is no exposure.
    """
    with _opened(path) as (file, state):
        choice, remembered = (choice, "") if isinstance(choice, Choice) else choice(file)
        planes = recognise(file, choice)
        remarks = (*scaling_of(file, file.hdus[planes.image]).warnings,)
        remarks += (remembered,) if remembered else ()
        grid = Grid.of(planes.shape, planes.xy0, planes.header)
        return FileInfo(
            path=Path(path),
            convention=planes.convention,
            shape=planes.shape,
            planes=planes.bits,
            variance_kind=planes.variance_kind,
            unit=planes.unit,
            zero_point=planes.zero_point,
            zero_point_source=planes.zero_point_source,
            band=planes.band,
            xy0=planes.xy0 or (0, 0),
            has_wcs=grid.has_wcs,
            grid=grid,
            own_output=_own(file),
            warnings=(*file.warnings, *planes.warnings, *remarks),
            companions=planes.companions,
            readonly=planes.readonly,
            choice=choice,
            remembered=remembered,
            exposure_time=exposure_time((planes.header, file.hdus[0].header)),
            unused=planes.unused,
            masks=planes.mask_sources(file),
            states=(*state, *file_states(planes.companions)),
        )


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[FitsFile, tuple[FileState, ...]]]:
    """Open a file; its state is taken before, so that a replacement during the work shows."""
    try:
        state: tuple[FileState, ...] = (FileState.of(checked_path(path)),)
    except ReadError:
        state = ()  # opening it says why
    with FitsFile(path) as file:
        yield file, state


def is_own_file(path: str | os.PathLike[str]) -> bool:
    """Whether bgviewer wrote the file (False for what cannot be read)."""
    try:
        with FitsFile(path) as file:
            return _own(file)
    except OSError:
        return False


def _own(file: FitsFile) -> bool:
    # Looking at the bytes first spares parsing the headers of long archives.
    return any(b"BGVVERS" in hdu.raw and is_own_output(hdu.header) for hdu in file.hdus)


@resource_errors()
def read(
    path: str | os.PathLike[str],
    *,
    variance: bool = True,
    scratch: Scratch | None = None,
    progress: Progress = SILENT,
    choice: Choice = NO_CHOICE,
) -> Exposure:
    """Read an exposure in its own unit.

    Parameters
    ----------
    path : path-like
        FITS, also inside gzip, bzip2 or xz, also tile-compressed.
    variance : bool
        False leaves the variance plane on disk (ranking needs none).
    scratch : Scratch, optional
        Where the planes may go when the exposure need not last.
    progress : Progress, optional
        May stop the reading.
    choice : Choice
        What the user says about the file.

    Returns
    -------
    Exposure
        Image and variance float32, mask uint32, all native and C-contiguous; NaN = no data.
        A variance plane that is zero throughout counts as none.  ``source`` is a `Source`.

    Raises
    ------
    ReadError
        With one of the identifiers of FORMATS section 8; one sentence.
    """
    with _opened(path) as (file, state):
        planes = None
        try:
            planes = recognise(file, choice)
            states = (*state, *file_states(planes.companions))
            assembler = Assembler(file, planes, scratch, progress)
            image, mask = assembler.image(), assembler.mask()
            noise = assembler.variance(image) if variance else None
        except MemoryError as exc:
            wanted = 12 * math.prod(planes.shape) / 1e6 if planes is not None else 0
            more = f": its planes need {wanted:.1f} MB" if wanted else ""
            raise file.error(f"does not fit into memory{more}", "E_MEMORY") from exc
        check_unchanged(states)
        source = Source(
            path=Path(path),
            convention=planes.convention,
            image=planes.image,
            mask=planes.mask,
            variance=planes.variance if noise is not None else None,
            headers=tuple(hdu.raw for hdu in file.hdus),
            warnings=(*file.warnings, *planes.warnings, *assembler.warnings),
            planes=planes,
            choice=choice,
            states=states,
        )
        return FileExposure(
            image=image,
            mask=mask,
            variance=None if noise is None else noise[0],
            variance_exponent=0 if noise is None else noise[1],
            planes=planes.bits,
            xy0=planes.xy0 or (0, 0),
            name=file_stem(path),
            header=planes.header,
            wcs=LazyWcs(planes.header),
            unit=planes.unit,
            zero_point=planes.zero_point,
            source=source,
        )


def measure_file(
    path: str | os.PathLike[str],
    config: MatchConfig,
    progress: Progress = SILENT,
    *,
    shape: tuple[int, int] | None = None,
    scale: float = 1.0,
    choice: Choice = NO_CHOICE,
) -> Measurement | None:
    """Measure an exposure band by band, without holding it in memory.

    Parameters
    ----------
    shape : (int, int), optional
        What it must be.
    scale : float
        Photometric factor to apply.
    choice : Choice
        What the user says about the file.

    Returns
    -------
    Measurement or None
        The same as `measure_exposure` gives of the exposure; None when its pixels do not lie in
        the file as they are used (compressed, scaled, other types), so that it has to be read.

    Raises
    ------
    ReadError
        As `read`.
    """
    with FitsFile(path) as file:
        planes = recognise(file, choice)
        if not planes.is_direct:
            return None
        hdus = [None if i is None else file.hdus[i] for i in (planes.image, planes.mask)]
        image, mask = hdus
        assert image is not None
        if image.bitpix != -32 or not all(is_direct(hdu) for hdu in hdus if hdu is not None):
            return None
        if mask is not None and mask.bitpix != 32:
            return None
        if shape is not None and planes.shape != shape:
            raise ReadError(path, CHANGED, id="E_CHANGED")
        bits = bits_of(planes.bits, config.bad_mask_planes)
        factor = np.float32(scale)
        set_bits = 0

        def load(rows: slice, scratch: Scratch) -> tuple[NDArray[np.float32], Masked]:
            size = (rows.stop - rows.start, planes.shape[1])
            values = scratch.array("image", size, np.float32)
            read_rows(file, image, rows, values)
            if factor != 1:
                with np.errstate(over="ignore", invalid="ignore"):
                    np.multiply(values, factor, out=values)
            if mask is None:
                return values, (None, 0)
            flags = scratch.array("mask", size, np.uint32)
            read_rows(file, mask, rows, flags)
            nonlocal set_bits
            set_bits |= int(np.bitwise_or.reduce(flags, axis=None))
            return values, (flags, bits)

        # one thread: the file has one position
        found = measure_bands(planes.shape, load, progress, threads=1)
        if mask is None:
            return found
        good = found.coverage / math.prod(planes.shape)
        bad, pairs = config.bad_mask_planes, _band_pairs(file, image, mask, progress)
        return replace(found, mask=use_of_bands(pairs, set_bits, planes.bits, bad, good))


def _band_pairs(
    file: FitsFile, image: Hdu, mask: Hdu, progress: Progress
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.uint32]]]:
    """Read image and mask once more, band by band, both as they lie in the file."""
    ny, nx = image.shape
    for first, last in row_bands(0, ny, BAND_BYTES // (4 * nx)):
        progress.step()
        values, flags = np.empty((last - first, nx), "f4"), np.empty((last - first, nx), "u4")
        read_rows(file, image, slice(first, last), values)
        read_rows(file, mask, slice(first, last), flags)
        yield values, flags
