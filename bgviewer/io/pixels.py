"""Pixels of one HDU as native arrays, with the losses on the way told.

Plain planes are decoded here; tile-compressed ones by astropy, on a handle of their own.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from astropy.io import fits
from numpy.typing import DTypeLike, NDArray

from bgviewer.engine.bands import row_bands
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch, fresh_or
from bgviewer.io.cards import drop_cards, format_card, header_bytes, split_cards
from bgviewer.io.layout import BAD_CARD, FitsFile, Hdu, card_value, quiet
from bgviewer.io.memory import too_large
from bgviewer.io.tiles import check_gzip_tiles, tile_pixels
from bgviewer.io.words import BAND_BYTES, from_file_order

__all__ = [
    "Scaling",
    "is_direct",
    "numbers_for_text",
    "read_float_plane",
    "read_mask_plane",
    "read_rows",
    "read_wide_plane",
    "scaling_of",
]

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
    """Decompress a tile-compressed image; whole numbers as stored, neither scaled nor blanked.

    astropy drops BLANK where it scales unsigned types, so both are done here, once for all images.
    """
    fields = card_value(hdu.header, "TFIELDS", 0)
    if not isinstance(fields, int) or not 0 <= fields <= _MOST_FIELDS:
        # astropy would look for the cards of each.
        raise file.error(f"{hdu.label}: TFIELDS = {fields} is no number of columns", "E_HEADER")
    data = file.read_bytes(hdu.data_start, hdu.data_start + hdu.data_size)
    fill = b"\0" * (hdu.stop - hdu.data_start - hdu.data_size)
    header = hdu.raw
    if scaling_of(file, hdu).warnings:  # text that astropy would trip over; it need not scale
        cards = split_cards(hdu.raw)
        header = header_bytes(drop_cards(cards, ("BSCALE", "BZERO", "BLANK").__contains__))
    alone = io.BytesIO(b"".join((_EMPTY_PRIMARY, header, data, fill)))
    with quiet():
        try:
            with fits.open(alone, memmap=False, do_not_scale_image_data=True) as hdus:
                return np.array(hdus[1].data).reshape(hdu.shape)
        except MemoryError as exc:
            raise file.error(f"{hdu.label} does not fit into memory", "E_MEMORY") from exc
        except Exception as exc:
            why = " ".join(str(exc).split()) or type(exc).__name__
            reason = f"{hdu.label} cannot be decompressed ({why})"
            raise file.error(reason, "E_TRUNCATED") from exc


@dataclass(frozen=True)
class Scaling:
    """How stored numbers become pixel values: ``scale * stored + zero``.

    Attributes
    ----------
    scale, zero : float
        BSCALE and BZERO.
    blank : int or None
        Stored number of the pixels without a value (BLANK; images of whole numbers only).
    warnings : tuple of str
        Cards that are not as the standard has them but can be understood.
    """

    scale: float = 1.0
    zero: float = 0.0
    blank: int | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_identity(self) -> bool:
        """Whether stored numbers are the values."""
        return self.scale == 1.0 and self.zero == 0.0 and self.blank is None


def scaling_of(file: FitsFile, hdu: Hdu) -> Scaling:
    """Return what BSCALE, BZERO and BLANK say.

    A number in quotes is used, with a warning: what it means is beyond doubt.

    Raises
    ------
    ReadError
        ``E_HEADER`` when a card holds no number, or BSCALE is 0: the pixels then cannot be known.
    """
    if hdu.constant is not None:
        return Scaling()
    warnings: list[str] = []
    scale = float(_number_card(file, hdu, "BSCALE", 1.0, warnings))
    zero = float(_number_card(file, hdu, "BZERO", 0.0, warnings))
    if scale == 0:
        raise file.error(f"{hdu.label}: BSCALE is 0, so all pixels would be equal", "E_HEADER")
    return Scaling(scale, zero, _blank(file, hdu, warnings), tuple(warnings))


def _number_card(
    file: FitsFile, hdu: Hdu, name: str, default: float, warnings: list[str]
) -> int | float:
    if name not in hdu.header:
        return default
    value = card_value(hdu.header, name)
    if value is None and _is_undefined(hdu, name):
        return default
    number = _from_text(value) if isinstance(value, str) else value
    if not _is_number(number) or not math.isfinite(number):
        shown = "unreadable" if value is None else repr(value)
        raise file.error(
            f"{hdu.label}: {name} is {shown}, not a number; the pixel values are not known",
            "E_HEADER",
        )
    if isinstance(value, str):
        warnings.append(f"{hdu.label}: {name} is text ({value.strip()!r}); used as a number")
    return number


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _from_text(text: str) -> int | float | None:
    """Return the number that a text spells, as FITS does: whole numbers exactly, D as E."""
    for kind, spelt in ((int, text), (float, text.upper().replace("D", "E"))):
        try:
            return kind(spelt)
        except ValueError:
            continue
    return None


def numbers_for_text(hdu: Hdu) -> list[bytes]:
    """Return BSCALE, BZERO and BLANK as cards that hold numbers, where the file has text."""
    cards = []
    for name in ("BSCALE", "BZERO", "BLANK"):
        value = card_value(hdu.header, name)
        number = _from_text(value) if isinstance(value, str) else None
        if number is not None and math.isfinite(number):
            cards.append(format_card(name, number))
    return cards


def _is_undefined(hdu: Hdu, name: str) -> bool:
    """Whether a card has no value, which the standard allows; not one that cannot be parsed."""
    with quiet():
        try:
            value = hdu.header.get(name)
        except BAD_CARD:
            return False
    return value is None or isinstance(value, fits.card.Undefined)


def _blank(file: FitsFile, hdu: Hdu, warnings: list[str]) -> int | None:
    """Return BLANK, or ZBLANK of a compressed image; floats have NaN instead."""
    names = ("BLANK", "ZBLANK") if hdu.is_compressed else ("BLANK",)
    name = next((n for n in names if n in hdu.header), None)
    if name is None or hdu.bitpix <= 0:
        return None
    told: list[str] = []
    value = _number_card(file, hdu, name, math.nan, told)
    if math.isnan(value):
        return None
    if value != math.floor(value):
        raise file.error(
            f"{hdu.label}: {name} is {value}, but the stored pixels are whole numbers", "E_HEADER"
        )
    warnings += told
    low, high = (0, 255) if hdu.bitpix == 8 else (-(1 << (hdu.bitpix - 1)), 1 << (hdu.bitpix - 1))
    if not low <= value <= high - (hdu.bitpix != 8):
        warnings.append(
            f"{hdu.label}: {name} = {value} is no {hdu.bitpix}-bit number and marks no pixel"
        )
        return None
    return int(value)


def _loss(file: FitsFile, values: NDArray[Any], label: str) -> str | None:
    """Say whether float32 cannot hold `values`.

    Raises
    ------
    ReadError
        ``E_RANGE`` when it cannot hold their size.
    """
    if values.dtype.kind in "iu":
        if int(values.min()) >= -_EXACT and int(values.max()) <= _EXACT:
            return None
    elif values.dtype.itemsize <= 4:
        return None
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        back = values.astype(np.float32)
        differs = (back != values) & ~(np.isnan(back) & np.isnan(values))
        lost = int(np.count_nonzero(differs))
        if not lost:
            return None
        outside = differs & np.isfinite(values) & (~np.isfinite(back) | (back == 0))
        if 2 * int(np.count_nonzero(outside)) > values.size:
            largest = float(np.max(np.abs(np.where(np.isfinite(values), values, 0))))
            raise file.error(
                f"{label}: pixel values of up to {largest:.2g} are outside the range of float32; "
                "convert the file to another unit",
                "E_RANGE",
            )
        apart = np.abs(back - values)
        step = 2 * float(np.max(apart[np.isfinite(apart)], initial=0.0))
    return (
        f"{label}: {lost} of {values.size} pixels lost digits when made float32, in steps of up "
        f"to {step:.2g}"
    )


def is_direct(hdu: Hdu) -> bool:
    """Whether float32, or bits of 32, lie in the file just as they are used."""
    if hdu.is_compressed or hdu.bitpix not in (32, -32) or hdu.constant is not None:
        return False
    names = ("BSCALE", "BZERO") if hdu.bitpix == 32 else ("BSCALE", "BZERO", "BLANK")
    return not any(name in hdu.header for name in names) or _is_plain(hdu)


def _is_plain(hdu: Hdu) -> bool:
    """Whether the cards are there but change nothing."""
    for name, neutral in (("BSCALE", 1), ("BZERO", 0)):
        value = card_value(hdu.header, name)
        if value is None:
            if name in hdu.header and not _is_undefined(hdu, name):
                return False
        elif not _is_number(value) or value != neutral:
            return False
    return True


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
    values, warnings = _scaled_values(file, hdu, layer)
    # Scaled 16-bit data are rounded too, mostly far below their own step.
    loss = _loss(file, values, hdu.label) if hdu.bitpix in (32, 64, -64) else None
    if hdu.bitpix in (8, 16):
        scaling = scaling_of(file, hdu)
        if _is_extreme(scaling):
            loss = _loss(file, values, hdu.label)
        else:
            loss = _coarse(values, scaling.scale, hdu.label)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        plane = np.array(values, dtype=np.float32, order="C")
    return plane, [*warnings, *([loss] if loss else [])]


def _is_extreme(scaling: Scaling) -> bool:
    """Whether scaled whole numbers may be beyond float32."""
    return not 1e-30 < abs(scaling.scale) < 1e28 or abs(scaling.zero) > 1e38


def is_wide(file: FitsFile, hdu: Hdu) -> bool:
    """Whether the values of a plane may be beyond float32: 64 bits, or scaled by BSCALE."""
    return abs(hdu.bitpix) == 64 or (not is_direct(hdu) and scaling_of(file, hdu).scale != 1.0)


def read_wide_plane(
    file: FitsFile,
    hdu: Hdu,
    scratch: Scratch | None = None,
    progress: Progress = SILENT,
    layer: int | None = None,
) -> tuple[NDArray[Any], list[str]]:
    """Return a plane as `read_float_plane` does, but as float64 where `is_wide`.

    For noise planes, whose squares and reciprocals may leave the range of float32.
    """
    if not is_wide(file, hdu):
        return read_float_plane(file, hdu, scratch, progress, layer)
    _check_memory(file, hdu, layer)
    values, warnings = _scaled_values(file, hdu, layer)
    return np.array(values, dtype=np.float64, order="C"), warnings


def _scaled_values(file: FitsFile, hdu: Hdu, layer: int | None) -> tuple[NDArray[Any], list[str]]:
    """Return the values of a plane in a type that loses nothing, BLANK as NaN, and warnings."""
    if hdu.is_compressed:
        values = _unpacked(file, hdu)
        if layer is not None:
            values = values.reshape(-1, *hdu.shape[-2:])[layer]
    else:
        values = _stored(file, hdu, layer)
    scaling = scaling_of(file, hdu)
    scale, zero, blank = scaling.scale, scaling.zero, scaling.blank
    if not scaling.is_identity:
        missing = None if blank is None else values == blank
        if values.dtype.itemsize > 4 and scale == 1.0 and zero == math.floor(zero):
            values = values.astype(np.longdouble) + np.longdouble(zero)
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                values = values * np.float64(scale) + np.float64(zero)
        if missing is not None:
            values[missing] = np.nan
    return values, list(scaling.warnings)


def _coarse(values: NDArray[Any], scale: float, label: str) -> str | None:
    """Say where float32 is coarser than the steps of scaled 8- or 16-bit numbers."""
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not finite.size:
        return None
    step = float(np.spacing(np.float32(np.abs(finite).max())))
    if step <= abs(scale):
        return None
    return (
        f"{label}: float32 resolves {step:.2g} at these pixel values, the file {abs(scale):.2g}; "
        "digits are lost"
    )


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
        return _mask_bits(file, hdu, values)
    if hdu.bitpix == 32 and is_direct(hdu):
        return _read_direct(file, hdu, np.uint32, scratch, progress, layer)
    values = _stored(file, hdu, layer)
    return _mask_bits(file, hdu, values)


def _mask_bits(file: FitsFile, hdu: Hdu, values: NDArray[Any]) -> NDArray[np.uint32]:
    """Return stored numbers of a mask as bits; unsigned types are signed ones with BZERO."""
    if hdu.constant is not None:
        return _as_bits(file, hdu, values)
    scaling = scaling_of(file, hdu)
    scale, zero = scaling.scale, scaling.zero
    sign = 1 << max(hdu.bitpix - 1, 0)
    if (
        hdu.bitpix in (16, 32)
        and values.dtype.kind == "i"
        and scale == 1.0
        and zero in (0.0, float(sign))
    ):
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
            raise file.error(
                f"{hdu.label}: mask plane is not integer; --mask names another, or none",
                "E_MASK_TYPE",
            )
        values = values.astype(np.int64)
    width = 8 * values.dtype.itemsize
    if width > 32 and values.size:
        low, high = int(values.min()), int(values.max())
        if low < -(1 << 31) or high >= 1 << 32:
            raise file.error(f"{hdu.label}: mask plane has more than 32 bits", "E_MASK_TYPE")
    # A negative number is a set top bit of a signed type.
    bits = values.astype(np.int64) & ((1 << min(width, 32)) - 1)
    return np.ascontiguousarray(bits, dtype=np.uint32)
