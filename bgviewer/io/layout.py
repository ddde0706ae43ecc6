"""Where the HDUs of a FITS file lie, checked against the file's size before anything is read.

astropy opens damaged files with a warning at most; here the sizes that the headers declare are
compared with what is there first, so that neither a truncated nor a lying file gets far.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from bgviewer.errors import ReadError
from bgviewer.io.cards import BLOCK, split_cards
from bgviewer.io.hdu import (
    BAD_CARD,
    BITPIX,
    DamagedError,
    Hdu,
    card_text,
    card_value,
    card_values,
    data_size,
    integer,
    quiet,
)
from bgviewer.io.unpack import open_file

__all__ = [
    "BAD_CARD",
    "FitsFile",
    "Hdu",
    "card_text",
    "card_value",
    "card_values",
    "checked_path",
    "quiet",
]

_MAX_HEADER_BLOCKS = 1024
_MAX_HDUS = 2048
_MAX_EXPANSION = 5000
_FREE_PIXEL_BYTES = 1 << 26
_CONSTANT_PIXELS = 1 << 26


def checked_path(path: object) -> Path:
    """Return a path; raise `ReadError` for an object in memory, such as an HDUList."""
    if isinstance(path, (str, os.PathLike)):
        return Path(path)
    raise ReadError(
        f"({type(path).__name__})",
        "a path is needed; write the data to a FITS file, or pass its arrays to "
        "bgviewer.MaskedImage(image=..., mask=..., variance=...)",
        id="E_NO_PATH",
    )


class FitsFile:
    """One open FITS file, scanned; used by one thread, closed by ``with``.

    Parameters
    ----------
    path : path-like
        Plain FITS, or FITS inside gzip, bzip2 or xz (known by content, not by name).

    Raises
    ------
    ReadError
        With the identifiers of FORMATS section 8; nothing is kept open then.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = checked_path(path)
        self.warnings: list[str] = []
        self._companions: dict[Path, FitsFile] = {}
        self._handle, self.wrapped = open_file(self.path)
        try:
            self.size = self._handle.seek(0, os.SEEK_END)
            self.hdus: tuple[Hdu, ...] = tuple(self._scan())
        except DamagedError as exc:
            self.close()
            raise self.error(str(exc), "E_HEADER") from exc
        except OSError as exc:
            self.close()
            if isinstance(exc, ReadError):
                raise
            raise self._unreadable(exc) from exc

    def _unreadable(self, exc: OSError) -> ReadError:
        return self.error(f"cannot be read ({exc.strerror or exc})", "E_MISSING")

    def __enter__(self) -> FitsFile:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._handle.close()
        for companion in self._companions.values():
            companion.close()

    def error(self, reason: str, id: str) -> ReadError:
        """Make a `ReadError` about this file."""
        return ReadError(self.path, reason, id=id)

    def read_bytes(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to before `stop`."""
        try:
            self._handle.seek(start)
            data = self._handle.read(stop - start)
        except OSError as exc:
            raise self._unreadable(exc) from exc
        if len(data) != stop - start:
            raise self.error("the file became shorter while it was read", "E_TRUNCATED")
        return data

    def read_into(self, values: NDArray[Any], start: int) -> None:
        """Fill a C-contiguous array with the bytes from `start` on."""
        wanted = values.reshape(-1).view(np.uint8).data
        while len(wanted):
            try:
                self._handle.seek(start)
                count = cast(io.BufferedIOBase, self._handle).readinto(wanted)
            except OSError as exc:
                raise self._unreadable(exc) from exc
            if not count:
                raise self.error("the file became shorter while it was read", "E_TRUNCATED")
            wanted = wanted[count:]
            start += count

    @property
    def descriptor(self) -> int | None:
        """The system's handle of the file; None when it had to be unpacked."""
        return None if self.wrapped else self._handle.fileno()

    def stream(self) -> IO[bytes]:
        """Return the open (decompressed) stream, for astropy; this object still closes it."""
        self._handle.seek(0)
        return self._handle

    def companion(self, path: Path) -> FitsFile:
        """Return a side-car of this file, opened once and closed with it.

        Raises
        ------
        ReadError
            About this file, naming the side-car, when that cannot be read.
        """
        held = self._companions.get(path)
        if held is None:
            try:
                held = self._companions[path] = FitsFile(path)
            except ReadError as exc:
                raise self.error(f"its side-car {path.name}: {exc.reason}", exc.id) from exc
        return held

    def _scan(self) -> Iterator[Hdu]:
        position, index = 0, 0
        while position < self.size and index < _MAX_HDUS:
            if index and not self._extension_at(position):
                break
            hdu = self._scan_one(position, index)
            yield hdu
            position, index = hdu.stop, index + 1
        if position < self.size:
            self.warnings.append(f"{self.size - position} bytes after the last HDU were not read")

    def _extension_at(self, position: int) -> bool:
        self._handle.seek(position)
        return self._handle.read(8) == b"XTENSION"

    def _scan_one(self, start: int, index: int) -> Hdu:
        raw = self._header(start, index)
        data_start = start + len(raw)
        hdu = Hdu(index, raw, start, data_start, 0, data_start)
        if index == 0 and card_value(hdu.header, "SIMPLE") is not True:
            raise self.error("declares itself non-standard FITS (SIMPLE=F)", "E_SIMPLE_F")
        size = data_size(hdu.header, index)
        if data_start + size > self.size:
            raise self.error(
                f"file is truncated: expected {data_start + size} bytes, found {self.size} "
                f"({hdu.label})",
                "E_TRUNCATED",
            )
        stop = data_start + -(-size // BLOCK) * BLOCK
        hdu = Hdu(index, raw, start, data_start, size, stop)
        if hdu.is_compressed:
            self._check_tiles(hdu)
        elif hdu.constant is not None and math.prod(hdu.axes) > _CONSTANT_PIXELS:
            raise DamagedError(
                f"header of {hdu.label} is damaged: {hdu.describe()} constant pixels"
            )
        return hdu

    def _header(self, start: int, index: int) -> bytes:
        self._handle.seek(start)
        blocks: list[bytes] = []
        while len(blocks) < _MAX_HEADER_BLOCKS:
            block = self._handle.read(BLOCK)
            if len(block) < BLOCK:
                raise self.error(
                    f"file is truncated: it ends inside the header of HDU {index} "
                    f"(no END card in {start + BLOCK * len(blocks) + len(block)} bytes)",
                    "E_TRUNCATED",
                )
            blocks.append(block)
            if len(split_cards(block)) < BLOCK // 80:
                return b"".join(blocks)
        raise DamagedError(f"header of HDU {index} is damaged: there is no END card")

    def _check_tiles(self, hdu: Hdu) -> None:
        """Refuse a compressed image whose tiles cannot hold the pixels it declares."""
        header, axes = hdu.header, list(reversed(hdu.axes))
        tiles = [
            integer(header, f"ZTILE{n}", hdu.index, length if n == 1 else 1) or 1
            for n, length in enumerate(axes, start=1)
        ]
        wanted = math.prod(-(-length // tile) for length, tile in zip(axes, tiles, strict=True))
        rows = integer(header, "NAXIS2", hdu.index)
        pixel_bytes = math.prod(axes) * abs(hdu.bitpix) // 8
        if hdu.bitpix not in BITPIX:
            raise DamagedError(f"header of {hdu.label} is damaged: ZBITPIX is {hdu.bitpix}")
        too_dense = pixel_bytes > max(_FREE_PIXEL_BYTES, _MAX_EXPANSION * hdu.data_size)
        if (axes and wanted != rows) or too_dense:
            size = "x".join(str(n) for n in axes)
            raise self.error(
                f"file is truncated: {hdu.label} declares {size} pixels in {wanted} tiles, "
                f"found {rows} tiles in {hdu.data_size} bytes",
                "E_TRUNCATED",
            )
