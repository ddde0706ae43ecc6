"""One HDU: its header, where its bytes lie, and what shape of image it declares."""

from __future__ import annotations

import logging
import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from astropy.io import fits

__all__ = [
    "BAD_CARD",
    "BITPIX",
    "DamagedError",
    "Hdu",
    "card_text",
    "card_value",
    "card_values",
    "data_size",
    "integer",
    "quiet",
]

BITPIX = (8, 16, 32, 64, -32, -64)

BAD_CARD = (ValueError, TypeError, LookupError, AttributeError, fits.VerifyError)
"""What astropy raises on a card it cannot parse."""

_warnings_lock = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Run astropy code without its warnings and log lines, which do not say which file they mean.

    Filters and logger are the process's, hence the lock.
    """
    logger = logging.getLogger("astropy")
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, logger.disabled = logger.disabled, True
        try:
            yield
        finally:
            logger.disabled = before


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


def card_text(header: fits.Header, name: str) -> str:
    """Return a card's text in upper case without blanks around it; empty for anything else."""
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
        kind = card_text(self.header, "XTENSION")
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
        if self.constant is not None:
            return tuple(integer(self.header, f"NPIX{n}", self.index) for n in (2, 1))
        prefix = "Z" if self.is_compressed else ""
        return tuple(reversed(_axes(self.header, self.index, prefix)))

    @cached_property
    def constant(self) -> float | None:
        """Value of every pixel where no pixels are stored (HST: NPIX1, NPIX2, PIXVALUE)."""
        header = self.header
        if self.is_compressed or card_value(header, "NAXIS") != 0 or "NPIX1" not in header:
            return None
        value = card_value(header, "PIXVALUE", 0)
        number = isinstance(value, (int, float)) and "NPIX2" in header
        return float(value) if number else None

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
        name = card_text(self.header, "EXTNAME")
        return "" if name == "COMPRESSED_IMAGE" else name

    @cached_property
    def role(self) -> str:
        """EXTTYPE, else EXTNAME."""
        return card_text(self.header, "EXTTYPE") or self.name

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


class DamagedError(ValueError):
    """A header that cannot be understood; becomes a ReadError where the path is known."""


def integer(header: fits.Header, name: str, index: int, default: int | None = None) -> int:
    """Return a card's value where only a number from 0 up makes sense; else `DamagedError`."""
    with quiet():
        try:
            value = header[name]
        except KeyError:
            value = default
        except BAD_CARD:
            value = None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        found = "missing" if name not in header else f"{value!r}"
        raise DamagedError(f"header of HDU {index} is damaged: {name} is {found}")
    return value


def _axes(header: fits.Header, index: int, prefix: str = "") -> list[int]:
    count = integer(header, f"{prefix}NAXIS", index)
    if count > 999:
        raise DamagedError(f"header of HDU {index} is damaged: {prefix}NAXIS is {count}")
    return [integer(header, f"{prefix}NAXIS{n}", index) for n in range(1, count + 1)]


def data_size(header: fits.Header, index: int) -> int:
    """Return the bytes of data that a header announces.  Source: FITS Standard 4.0, 4.4.1."""
    bitpix = card_value(header, "BITPIX")
    if bitpix not in BITPIX:
        raise DamagedError(f"header of HDU {index} is damaged: BITPIX is {bitpix!r}")
    axes = _axes(header, index)
    if not axes:
        return 0
    groups = card_value(header, "GROUPS") is True and axes[0] == 0
    if index == 0 and not groups:
        return abs(bitpix) // 8 * math.prod(axes)
    pcount = integer(header, "PCOUNT", index, 0)
    gcount = integer(header, "GCOUNT", index, 1)
    pixels = math.prod(axes[1:] if groups else axes)
    return abs(bitpix) // 8 * gcount * (pcount + pixels)
