"""Where the HDUs of a FITS file lie, checked against the file's size before anything is read.

astropy opens damaged files with a warning at most; here the sizes that the headers declare are
compared with what is there first, so that neither a truncated nor a lying file gets far.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
import os
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from bgviewer.errors import ReadError
from bgviewer.io.cards import BLOCK, split_cards

__all__ = ["BAD_CARD", "FitsFile", "Hdu", "card_value", "card_values", "quiet"]

_MAX_HEADER_BLOCKS = 4096
_MAX_EXPANSION = 5000
_FREE_PIXEL_BYTES = 1 << 28
_BITPIX = (8, 16, 32, 64, -32, -64)

BAD_CARD = (ValueError, TypeError, LookupError, AttributeError, fits.VerifyError)
"""What astropy raises on a card it cannot parse."""

_warnings_lock = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Run astropy code without its warnings (the filters are the process's, hence the lock)."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def card_value(header: fits.Header, name: str, default: Any = None) -> Any:
    """Return the value of a card; `default` when it is missing, undefined or unreadable."""
    with quiet():
        try:
            value = header.get(name)
        except BAD_CARD:
            return default
    return default if value is None or isinstance(value, fits.card.Undefined) else value


def card_values(header: fits.Header) -> list[tuple[str, Any]]:
    """Return keyword and value of every card; None for a value that cannot be read."""
    out = []
    with quiet():
        for card in header.cards:
            try:
                out.append((card.keyword, card.value))
            except BAD_CARD:
                out.append((card.keyword, None))
    return out


def _text(header: fits.Header, name: str) -> str:
    value = card_value(header, name)
    return value.strip().upper() if isinstance(value, str) else ""


@dataclass(frozen=True)
class Hdu:
    """One HDU: its header and the byte ranges of header and data (fill included in `stop`)."""

    index: int
    raw: bytes
    start: int
    data_start: int
    data_size: int
    stop: int

    @cached_property
    def header(self) -> fits.Header:
        """The header as it lies in the file."""
        with quiet():
            return fits.Header.fromstring(self.raw)

    @cached_property
    def is_table(self) -> bool:
        """Whether this is a table that holds no image."""
        kind = _text(self.header, "XTENSION")
        return kind in ("BINTABLE", "TABLE", "A3DTABLE") and not self.is_compressed

    @cached_property
    def is_compressed(self) -> bool:
        """Whether this is a tile-compressed image."""
        return card_value(self.header, "ZIMAGE") is True

    @cached_property
    def axes(self) -> tuple[int, ...]:
        """Lengths of the image axes in NumPy's order; empty for tables and random groups."""
        if self.is_table or card_value(self.header, "GROUPS") is True:
            return ()
        prefix = "Z" if self.is_compressed else ""
        return tuple(reversed(_axes(self.header, self.index, prefix)))

    @property
    def shape(self) -> tuple[int, ...]:
        """`axes` without leading axes of length 1 beyond the second."""
        axes = self.axes
        while len(axes) > 2 and axes[0] == 1:
            axes = axes[1:]
        return axes

    @cached_property
    def bitpix(self) -> int:
        """BITPIX of the pixels; 0 when the header does not say."""
        value = card_value(self.header, "ZBITPIX" if self.is_compressed else "BITPIX")
        return value if isinstance(value, int) else 0

    @cached_property
    def name(self) -> str:
        """EXTNAME, upper case; the placeholder of compressed images counts as none."""
        name = _text(self.header, "EXTNAME")
        return "" if name == "COMPRESSED_IMAGE" else name

    @cached_property
    def role(self) -> str:
        """EXTTYPE, else EXTNAME."""
        return _text(self.header, "EXTTYPE") or self.name

    @property
    def label(self) -> str:
        """How messages call this HDU."""
        name = self.name or self.role
        return f"HDU {self.index}" + (f" {name}" if name else "")

    def describe(self) -> str:
        """Say what it is: ``HDU 1 SCI 40x40``."""
        if self.axes:
            return f"{self.label} {'x'.join(str(n) for n in reversed(self.axes))}"
        return f"{self.label} {'table' if self.is_table else 'no data'}"


class _DamagedError(ValueError):
    """A header that cannot be understood; becomes a ReadError where the path is known."""


def _integer(header: fits.Header, name: str, index: int, default: int | None = None) -> int:
    with quiet():
        try:
            value = header[name]
        except KeyError:
            value = default
        except BAD_CARD:
            value = None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        found = "missing" if name not in header else f"{value!r}"
        raise _DamagedError(f"header of HDU {index} is damaged: {name} is {found}")
    return value


def _axes(header: fits.Header, index: int, prefix: str = "") -> list[int]:
    count = _integer(header, f"{prefix}NAXIS", index)
    if count > 999:
        raise _DamagedError(f"header of HDU {index} is damaged: {prefix}NAXIS is {count}")
    return [_integer(header, f"{prefix}NAXIS{n}", index) for n in range(1, count + 1)]


def _data_size(header: fits.Header, index: int) -> int:
    bitpix = card_value(header, "BITPIX")
    if bitpix not in _BITPIX:
        raise _DamagedError(f"header of HDU {index} is damaged: BITPIX is {bitpix!r}")
    axes = _axes(header, index)
    if not axes:
        return 0
    groups = card_value(header, "GROUPS") is True and axes[0] == 0
    if index == 0 and not groups:
        return abs(bitpix) // 8 * math.prod(axes)
    pcount = _integer(header, "PCOUNT", index, 0)
    gcount = _integer(header, "GCOUNT", index, 1)
    pixels = math.prod(axes[1:] if groups else axes)
    return abs(bitpix) // 8 * gcount * (pcount + pixels)


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
        self.path = Path(path)
        self.wrapped = False
        self.warnings: list[str] = []
        self._handle: IO[bytes] = self._open()
        try:
            self.size = self._handle.seek(0, os.SEEK_END)
            self.hdus: tuple[Hdu, ...] = tuple(self._scan())
        except _DamagedError as exc:
            self.close()
            raise self.error(str(exc), "E_HEADER") from exc
        except OSError as exc:
            self.close()
            if isinstance(exc, ReadError):
                raise
            raise self.error(f"cannot be read ({exc.strerror or exc})", "E_MISSING") from exc

    def __enter__(self) -> FitsFile:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._handle.close()

    def error(self, reason: str, id: str) -> ReadError:
        """Make a `ReadError` about this file."""
        return ReadError(self.path, reason, id=id)

    def read_bytes(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to before `stop`."""
        self._handle.seek(start)
        data = self._handle.read(stop - start)
        if len(data) != stop - start:
            raise self.error("the file became shorter while it was read", "E_TRUNCATED")
        return data

    def read_into(self, values: NDArray[Any], start: int) -> None:
        """Fill a C-contiguous array with the bytes from `start` on."""
        wanted = values.reshape(-1).view(np.uint8).data
        self._handle.seek(start)
        while len(wanted):
            count = cast(io.BufferedIOBase, self._handle).readinto(wanted)
            if not count:
                raise self.error("the file became shorter while it was read", "E_TRUNCATED")
            wanted = wanted[count:]

    @property
    def descriptor(self) -> int | None:
        """The system's handle of the file; None when it had to be unpacked."""
        return None if self.wrapped else self._handle.fileno()

    def stream(self) -> IO[bytes]:
        """Return the open (decompressed) stream, for astropy; this object still closes it."""
        self._handle.seek(0)
        return self._handle

    def _open(self) -> IO[bytes]:
        if self.path.is_dir():
            raise self.error("cannot be opened (it is a folder)", "E_MISSING")
        try:
            handle = open(self.path, "rb")  # noqa: SIM115 - closed by close()
        except (OSError, ValueError) as exc:
            why = getattr(exc, "strerror", None) or exc
            raise self.error(f"cannot be opened ({why})", "E_MISSING") from exc
        try:
            magic = handle.read(9)
            if magic.startswith(b"SIMPLE  ="):
                return handle
            data = self._unwrap(handle, magic)
        except BaseException:
            handle.close()
            raise
        handle.close()
        self.wrapped = True
        return io.BytesIO(data)

    def _unwrap(self, handle: IO[bytes], magic: bytes) -> bytes:
        if not magic:
            raise self.error("empty file (0 bytes)", "E_EMPTY")
        if magic.startswith(b"\x1f\x9d"):
            why = "not a FITS file but one packed with 'compress' (.Z); please uncompress it"
            raise self.error(why, "E_NOT_FITS")
        handle.seek(0)
        opener: IO[bytes]
        if magic.startswith(b"\x1f\x8b"):
            opener = cast(IO[bytes], gzip.GzipFile(fileobj=handle))
        elif magic.startswith(b"BZh"):
            opener = bz2.BZ2File(handle)
        elif magic.startswith(b"\xfd7zXZ\x00"):
            opener = lzma.LZMAFile(handle)  # noqa: SIM115 - the handle is closed
        else:
            raise self.error(f"not a FITS file (starts with {magic!r})", "E_NOT_FITS")
        try:
            start = opener.read(9)
            if start != b"SIMPLE  =":
                reason = f"not a FITS file (unpacked it starts with {start!r})"
                raise self.error(reason, "E_NOT_FITS")
            return start + opener.read()
        except ReadError:
            raise
        except MemoryError as exc:
            raise self.error("unpacks to more than fits into memory", "E_TRUNCATED") from exc
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as exc:
            raise self.error(f"file is truncated or damaged: {exc}", "E_TRUNCATED") from exc

    def _scan(self) -> Iterator[Hdu]:
        position, index = 0, 0
        while position < self.size:
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
        size = _data_size(hdu.header, index)
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
        raise _DamagedError(f"header of HDU {index} is damaged: there is no END card")

    def _check_tiles(self, hdu: Hdu) -> None:
        """Refuse a compressed image whose tiles cannot hold the pixels it declares."""
        header, axes = hdu.header, list(reversed(hdu.axes))
        tiles = [
            _integer(header, f"ZTILE{n}", hdu.index, length if n == 1 else 1) or 1
            for n, length in enumerate(axes, start=1)
        ]
        wanted = math.prod(-(-length // tile) for length, tile in zip(axes, tiles, strict=True))
        rows = _integer(header, "NAXIS2", hdu.index)
        pixel_bytes = math.prod(axes) * abs(hdu.bitpix) // 8
        if hdu.bitpix not in _BITPIX:
            raise _DamagedError(f"header of {hdu.label} is damaged: ZBITPIX is {hdu.bitpix}")
        too_dense = pixel_bytes > max(_FREE_PIXEL_BYTES, _MAX_EXPANSION * hdu.data_size)
        if (axes and wanted != rows) or too_dense:
            size = "x".join(str(n) for n in axes)
            raise self.error(
                f"file is truncated: {hdu.label} declares {size} pixels in {wanted} tiles, "
                f"found {rows} tiles in {hdu.data_size} bytes",
                "E_TRUNCATED",
            )
