"""Open a file and take FITS out of gzip, bzip2 or xz, known by content and never by name.

What comes out is bounded by what went in, so that a small file cannot fill the memory.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zlib
from pathlib import Path
from typing import IO, cast

from bgviewer.errors import ReadError
from bgviewer.io.memory import too_large

__all__ = ["open_file"]

_FITS = b"SIMPLE  ="
_PIECE = 1 << 20
_FREE = 1 << 26
_MAX_EXPANSION = 50


def open_file(path: Path) -> tuple[IO[bytes], bool]:
    """Return the bytes of a FITS file and whether they had to be unpacked.

    Raises
    ------
    ReadError
        ``E_MISSING``, ``E_EMPTY``, ``E_NOT_FITS``, ``E_TRUNCATED`` or ``E_MEMORY``.
    """
    try:
        if path.is_dir():
            raise ReadError(path, "cannot be opened (it is a folder)", id="E_MISSING")
        if path.exists() and not path.is_file():  # a pipe would never answer
            raise ReadError(path, "cannot be opened (it is no regular file)", id="E_MISSING")
        handle = open(path, "rb")  # noqa: SIM115 - closed by who asked for it
    except (OSError, ValueError) as exc:
        if isinstance(exc, ReadError):
            raise
        why = getattr(exc, "strerror", None) or exc
        raise ReadError(path, f"cannot be opened ({why})", id="E_MISSING") from exc
    try:
        magic = handle.read(9)
        if magic.startswith(_FITS):
            return handle, False
        unpacked = _unpacked(path, handle, magic)
    except OSError as exc:
        handle.close()
        if isinstance(exc, ReadError):
            raise
        raise ReadError(path, f"cannot be read ({exc.strerror or exc})", id="E_MISSING") from exc
    except BaseException:
        handle.close()
        raise
    handle.close()
    return unpacked, True


def _unpacked(path: Path, handle: IO[bytes], magic: bytes) -> IO[bytes]:
    if not magic:
        raise ReadError(path, "empty file (0 bytes)", id="E_EMPTY")
    if magic.startswith(b"\x1f\x9d"):
        why = "not a FITS file but one packed with 'compress' (.Z); please uncompress it"
        raise ReadError(path, why, id="E_NOT_FITS")
    handle.seek(0)
    opener: IO[bytes]
    if magic.startswith(b"\x1f\x8b"):
        opener = cast(IO[bytes], gzip.GzipFile(fileobj=handle))
    elif magic.startswith(b"BZh"):
        opener = bz2.BZ2File(handle)
    elif magic.startswith(b"\xfd7zXZ\x00"):
        opener = lzma.LZMAFile(handle)  # noqa: SIM115 - the handle is closed
    else:
        raise ReadError(path, f"not a FITS file (starts with {_shown(magic)})", id="E_NOT_FITS")
    try:
        return _poured(path, opener, os.fstat(handle.fileno()).st_size)
    except ReadError:
        raise
    except MemoryError as exc:
        raise ReadError(path, "unpacks to more than fits into memory", id="E_MEMORY") from exc
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as exc:
        raise ReadError(path, f"file is truncated or damaged: {exc}", id="E_TRUNCATED") from exc


def _shown(start: bytes) -> str:
    """Return the first bytes of a file as text where they are that, else in hexadecimal."""
    if start.isascii() and start.decode("ascii").isprintable():
        return repr(start.decode("ascii"))
    return "the bytes " + start.hex(" ")


def _poured(path: Path, opener: IO[bytes], packed: int) -> IO[bytes]:
    start = opener.read(9)
    if start != _FITS:
        reason = f"not a FITS file (unpacked it starts with {_shown(start)})"
        raise ReadError(path, reason, id="E_NOT_FITS")
    out, size, most = io.BytesIO(), len(start), max(_FREE, _MAX_EXPANSION * packed)
    out.write(start)
    while piece := opener.read(_PIECE):
        size += len(piece)
        if size > most:
            reason = f"{packed} bytes unpack to more than {most}: not read; unpack it by hand"
            raise ReadError(path, reason, id="E_MEMORY")
        if size % (64 * _PIECE) < _PIECE and (why := too_large(2 * size)):
            raise ReadError(path, f"unpacked it {why}", id="E_MEMORY")
        out.write(piece)
    return out
