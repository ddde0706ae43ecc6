"""What a convention is and what it hands to the reader."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from astropy.io import fits

from bgviewer.io.layout import BAD_CARD, FitsFile, Hdu, card_value, quiet
from bgviewer.io.splice import uncompressed_cards

__all__ = ["Convention", "Planes", "check_shape", "has_pixels", "merged_header"]

_STRUCTURAL = re.compile(
    "SIMPLE|BITPIX|NAXIS[0-9]*|EXTEND|XTENSION|PCOUNT|GCOUNT|TFIELDS|EXTNAME|EXTVER|EXTLEVEL"
    "|EXTTYPE|INHERIT|CHECKSUM|DATASUM|ZHECKSUM|ZDATASUM|BSCALE|BZERO|BLANK|GROUPS"
)


@dataclass(frozen=True)
class Planes:
    """Where the planes of a file lie and what its headers say.

    Attributes
    ----------
    convention : str
        Identifier of the convention.
    image, mask, variance : int or None
        Indices of the HDUs.
    shape : (int, int)
        ``(ny, nx)`` of the image.
    bits : mapping of str to int
        Mask plane name to bit number.
    variance_kind : str
        What the variance HDU holds: ``"variance"``; ``"none"`` without one.
    header : astropy Header
        Of the image, with the primary's cards where the file asks for that.
    unit, zero_point, zero_point_source, band
        As far as the file states them.
    xy0 : (int, int) or None
        Position in the parent grid; None where the file states none.
    cards_hdu : int
        Which HDU takes the provenance cards.
    warnings : tuple of str
        What a person should know.
    """

    convention: str
    image: int
    shape: tuple[int, int]
    header: fits.Header
    cards_hdu: int
    mask: int | None = None
    variance: int | None = None
    bits: Mapping[str, int] = field(default_factory=dict)
    variance_kind: str = "none"
    unit: str | None = None
    zero_point: float | None = None
    zero_point_source: str = ""
    band: str | None = None
    xy0: tuple[int, int] | None = None
    warnings: tuple[str, ...] = ()


class Convention(Protocol):
    """One way of laying an exposure out in a FITS file."""

    name: str

    def recognises(self, file: FitsFile) -> bool:
        """Whether the file is laid out this way; looks at headers only."""
        ...

    def planes(self, file: FitsFile) -> Planes:
        """Say where everything is; raises `ReadError` when the layout contradicts itself."""
        ...


def merged_header(file: FitsFile, hdu: Hdu) -> fits.Header:
    """Return a copy of the HDU's header, with the primary's cards if it says ``INHERIT = T``.

    Structural cards and those of the compression are left out of what is inherited and, for a
    compressed image, replaced by those of the image itself.
    """
    with quiet():
        header = hdu.header.copy()
        if hdu.is_compressed:
            header = _image_header(hdu)
        if hdu.index == 0 or card_value(hdu.header, "INHERIT") is not True:
            return header
        for card in file.hdus[0].header.cards:
            name = card.keyword
            if not name or _STRUCTURAL.fullmatch(name):
                continue
            if name in ("COMMENT", "HISTORY") or name not in header:
                with suppress(*BAD_CARD):
                    header.append(card, end=True)
    return header


def _image_header(hdu: Hdu) -> fits.Header:
    cards = uncompressed_cards(hdu, hdu.bitpix)
    return fits.Header.fromstring(b"".join(cards))


def check_shape(file: FitsFile, hdu: Hdu, image: Hdu) -> None:
    """Raise ``E_PLANE_SHAPE`` unless `hdu` has the shape of `image`."""
    if hdu.shape != image.shape:
        sizes = ["x".join(str(n) for n in reversed(h.shape)) for h in (hdu, image)]
        reason = f"{hdu.label} is {sizes[0]} but {image.label} is {sizes[1]}"
        raise file.error(reason, "E_PLANE_SHAPE")


def has_pixels(hdu: Hdu) -> bool:
    """Whether the HDU holds an image with at least one pixel."""
    return bool(hdu.axes) and math.prod(hdu.axes) > 0
