"""Pixels of one HDU as native arrays, with the losses on the way told.

Plain planes are decoded here; tile-compressed ones by astropy, on a handle of their own.
"""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import DTypeLike, NDArray

from bgviewer.engine.bands import row_bands
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch, fresh_or
from bgviewer.io.cards import format_card, header_bytes
from bgviewer.io.layout import FitsFile, Hdu, card_value, quiet
from bgviewer.io.memory import too_large
from bgviewer.io.tiles import check_gzip_tiles, tile_pixels
from bgviewer.io.words import BAND_BYTES, from_file_order

__all__ = ["is_direct", "read_float_plane", "read_mask_plane", "read_rows"]

_DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_EXACT = 1 << 24
"""Up to here float32 holds every whole number."""


def _span(hdu: Hdu, layer: int | None) -> tuple[int, tuple[int, ...]]:
    """Return where the numbers of an image, or of one plane of a cube, begin, and their shape."""
    if layer is None:
        return hdu.data_start, hdu.shape
    shape = hdu.shape[-2:]
    return hdu.data_start + layer * math.prod(shape) * abs(hdu.bitpix) // 8, shape


def _stored(file: FitsFile, hdu: Hdu, layer: int | None) -> NDArray[Any]:
    """Return the numbers as stored, big-endian, degenerate axes gone."""
    if hdu.constant is not None:
        return np.full(hdu.shape, hdu.constant)
    start, shape = _span(hdu, layer)
    data = file.read_bytes(start, start + math.prod(shape) * abs(hdu.bitpix) // 8)
    return np.frombuffer(data, dtype=_DTYPES[hdu.bitpix]).reshape(shape)


_FREE_TILE = 1 << 29  # bytes
_TILE_EXPANSION = 50


def _check_memory(file: FitsFile, hdu: Hdu, layer: int | None) -> None:
    """Refuse what does not fit into memory before it is asked for."""
    pixels = math.prod(hdu.shape if layer is None else hdu.shape[-2:])
    wanted = 4 * pixels
    if not is_direct(hdu):
        wanted += pixels * (8 + abs(hdu.bitpix) // 8)
    why = None
    if hdu.is_compressed:
        tile = tile_pixels(hdu)
        wanted = 4 * pixels + math.prod(hdu.shape) * (8 + abs(hdu.bitpix) // 8)
        wanted += 12 * tile + 2 * hdu.data_size
        stated = tile * abs(hdu.bitpix) // 8
        if stated > max(_FREE_TILE, _TILE_EXPANSION * hdu.data_size):
            why = (
                f"has a tile of {stated / 1e9:.1f} GB in {hdu.data_size / 1e6:.1f} MB: not read; "
                "unpack the file by hand (funpack)"
            )
        else:
            why = check_gzip_tiles(file, hdu)
    why = why or too_large(wanted)
    if why:
        raise file.error(f"{hdu.describe()} {why}", "E_MEMORY")


try:
    from astropy.io.fits.hdu.compressed._compression import CfitsioException
except ImportError:  # no public name for it; elsewhere its decoders raise one of those below
    CfitsioException = RuntimeError

_EMPTY_PRIMARY = header_bytes(
    [format_card("SIMPLE", True), format_card("BITPIX", 8), format_card("NAXIS", 0)]
)


_MOST_FIELDS = 999  # FITS standard 4.0, section 7.3.1


def _unpacked(file: FitsFile, hdu: Hdu) -> NDArray[Any]:
    """Decompress a tile-compressed image; scaled by astropy, BLANK as NaN."""
    fields = card_value(hdu.header, "TFIELDS", 0)
    if not isinstance(fields, int) or not 0 <= fields <= _MOST_FIELDS:
        # astropy would look for the cards of each.
        raise file.error(f"{hdu.label}: TFIELDS = {fields} is no number of columns", "E_HEADER")
    data = file.read_bytes(hdu.data_start, hdu.data_start + hdu.data_size)
    fill = b"\0" * (hdu.stop - hdu.data_start - hdu.data_size)
    alone = io.BytesIO(b"".join((_EMPTY_PRIMARY, hdu.raw, data, fill)))
    with quiet():
        try:
            with fits.open(alone, memmap=False) as hdus:
                return np.array(hdus[1].data).reshape(hdu.shape)
        except MemoryError as exc:
            raise file.error(f"{hdu.label} does not fit into memory", "E_MEMORY") from exc
        except Exception as exc:
            why = " ".join(str(exc).split()) or type(exc).__name__
            reason = f"{hdu.label} cannot be decompressed ({why})"
            raise file.error(reason, "E_TRUNCATED") from exc


def _scaling(hdu: Hdu) -> tuple[float, float, int | None]:
    header = hdu.header
    scale, zero = card_value(header, "BSCALE", 1.0), card_value(header, "BZERO", 0.0)
    blank = card_value(header, "BLANK") if hdu.bitpix > 0 else None
    return (
        float(scale) if isinstance(scale, (int, float)) else 1.0,
        float(zero) if isinstance(zero, (int, float)) else 0.0,
        blank if isinstance(blank, int) and not isinstance(blank, bool) else None,
    )


def _loss(values: NDArray[Any], label: str) -> str | None:
    """Say whether float32 cannot hold `values`."""
    if values.dtype.kind in "iu":
        if int(values.min()) >= -_EXACT and int(values.max()) <= _EXACT:
            return None
    elif values.dtype.itemsize <= 4:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        back = values.astype(np.float32)
        lost = int(np.count_nonzero((back != values) & ~(np.isnan(back) & np.isnan(values))))
    if not lost:
        return None
    return f"{label}: {lost} of {values.size} pixels lost digits when made float32"


def is_direct(hdu: Hdu) -> bool:
    """Whether float32, or bits of 32, lie in the file just as they are used."""
    if hdu.is_compressed or hdu.bitpix not in (32, -32) or hdu.constant is not None:
        return False
    return _scaling(hdu) == (1.0, 0.0, None) or (hdu.bitpix == 32 and _scaling(hdu)[:2] == (1, 0))


def read_rows(file: FitsFile, hdu: Hdu, rows: slice, out: NDArray[Any]) -> None:
    """Fill `out` [rows, nx], 4 bytes an element, with some rows of a plane that is direct."""
    file.read_into(out, hdu.data_start + rows.start * 4 * hdu.shape[-1])
    from_file_order(out)


def _read_direct(
    file: FitsFile,
    hdu: Hdu,
    dtype: DTypeLike,
    scratch: Scratch | None,
    progress: Progress,
    layer: int | None = None,
) -> NDArray[Any]:
    shape = _span(hdu, layer)[1]
    out = fresh_or(scratch, f"plane {hdu.index}", shape, dtype)
    lines = out.reshape(-1, out.shape[-1])
    above = (layer or 0) * len(lines)
    for first, last in row_bands(0, len(lines), BAND_BYTES // (4 * lines.shape[1])):
        progress.step()
        read_rows(file, hdu, slice(above + first, above + last), lines[first:last])
    return out


def read_float_plane(
    file: FitsFile,
    hdu: Hdu,
    scratch: Scratch | None = None,
    progress: Progress = SILENT,
    layer: int | None = None,
) -> tuple[NDArray[np.float32], list[str]]:
    """Return an image or variance plane as native float32 and what was lost.

    Parameters
    ----------
    scratch : Scratch, optional
        Where the values may go when they need not last.
    progress : Progress, optional
        May stop the reading.
    layer : int, optional
        Which plane of a cube, counted from 0.

    Returns
    -------
    values : float32 array, shape (ny, nx)
        C-contiguous, writable; BSCALE, BZERO applied, BLANK as NaN.
    losses : list of str
        One sentence when digits were lost.
    """
    _check_memory(file, hdu, layer)
    if hdu.bitpix == -32 and is_direct(hdu):
        return _read_direct(file, hdu, np.float32, scratch, progress, layer), []
    if hdu.is_compressed:
        values = _unpacked(file, hdu)
        if layer is not None:
            values = values.reshape(-1, *hdu.shape[-2:])[layer]
    else:
        values = _stored(file, hdu, layer)
        scale, zero, blank = (1.0, 0.0, None) if hdu.constant is not None else _scaling(hdu)
        if scale != 1.0 or zero != 0.0 or blank is not None:
            missing = None if blank is None else values == blank
            if values.dtype.itemsize > 4 and scale == 1.0 and zero == math.floor(zero):
                values = values.astype(np.longdouble) + np.longdouble(zero)
            else:
                with np.errstate(over="ignore", invalid="ignore"):
                    values = values * np.float64(scale) + np.float64(zero)
            if missing is not None:
                values[missing] = np.nan
    # Scaled 16-bit data are rounded too, but far below their own step.
    loss = _loss(values, hdu.label) if hdu.bitpix in (32, 64, -64) else None
    with np.errstate(over="ignore", invalid="ignore"):
        plane = np.array(values, dtype=np.float32, order="C")
    return plane, [loss] if loss else []


def read_mask_plane(
    file: FitsFile,
    hdu: Hdu,
    scratch: Scratch | None = None,
    progress: Progress = SILENT,
    layer: int | None = None,
) -> NDArray[np.uint32]:
    """Return a mask as native uint32 bits, shape (ny, nx); of a cube one `layer`.

    Raises
    ------
    ReadError
        ``E_MASK_TYPE`` when the values are no whole numbers of at most 32 bits.
    """
    _check_memory(file, hdu, layer)
    if hdu.is_compressed:
        values = _unpacked(file, hdu)
        if layer is not None:
            values = values.reshape(-1, *hdu.shape[-2:])[layer]
        return _as_bits(file, hdu, values)
    if hdu.bitpix == 32 and is_direct(hdu):
        return _read_direct(file, hdu, np.uint32, scratch, progress, layer)
    values = _stored(file, hdu, layer)
    if hdu.constant is not None:
        return _as_bits(file, hdu, values)
    scale, zero, _ = _scaling(hdu)
    sign = 1 << max(hdu.bitpix - 1, 0)
    if hdu.bitpix in (16, 32) and scale == 1.0 and zero in (0.0, float(sign)):
        native = values.astype(f"=i{hdu.bitpix // 8}").view(f"=u{hdu.bitpix // 8}")
        return (native ^ np.array(sign if zero else 0, native.dtype)).astype(np.uint32)
    if scale != 1.0 or zero != 0.0:
        with np.errstate(over="ignore", invalid="ignore"):
            values = values * np.float64(scale) + np.float64(zero)
    return _as_bits(file, hdu, values)


def _as_bits(file: FitsFile, hdu: Hdu, values: NDArray[Any]) -> NDArray[np.uint32]:
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            whole = np.isfinite(values) & (values == np.floor(values))
        if not whole.all():
            raise file.error(f"{hdu.label}: mask plane is not integer", "E_MASK_TYPE")
        values = values.astype(np.int64)
    width = 8 * values.dtype.itemsize
    if width > 32 and values.size:
        low, high = int(values.min()), int(values.max())
        if low < -(1 << 31) or high >= 1 << 32:
            raise file.error(f"{hdu.label}: mask plane has more than 32 bits", "E_MASK_TYPE")
    # A negative number is a set top bit of a signed type.
    bits = values.astype(np.int64) & ((1 << min(width, 32)) - 1)
    return np.ascontiguousarray(bits, dtype=np.uint32)
