"""What a convention is and what it hands to the reader."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from astropy.io import fits

from bgviewer.io.conventions.choice import Choice
from bgviewer.io.layout import BAD_CARD, FitsFile, Hdu, card_value, quiet
from bgviewer.io.names import file_stem, shared_start
from bgviewer.io.splice import uncompressed_cards

__all__ = [
    "OTHER_CODE",
    "Convention",
    "MaskPart",
    "MaskSource",
    "Noise",
    "Place",
    "Planes",
    "check_shape",
    "check_sibling",
    "fits_image",
    "has_pixels",
    "merged_header",
]

OTHER_CODE = "OTHER"
"""Plane of the pixels whose code has no name."""


_STRUCTURAL = re.compile(
    "SIMPLE|BITPIX|NAXIS[0-9]*|EXTEND|XTENSION|PCOUNT|GCOUNT|TFIELDS|EXTNAME|EXTVER|EXTLEVEL"
    "|EXTTYPE|INHERIT|CHECKSUM|DATASUM|ZHECKSUM|ZDATASUM|BSCALE|BZERO|BLANK|GROUPS"
)


@dataclass(frozen=True)
class Place:
    """Where a plane lies.

    Attributes
    ----------
    hdu : int
        Index of the HDU.
    path : Path or None
        Side-car; None = the exposure's own file.
    layer : int or None
        Plane of a cube, counted from 0.
    asinh : (float, float) or None
        BOFFSET and BSOFTEN where the numbers are compressed by asinh (FORMATS 4.2).
    """

    hdu: int
    path: Path | None = None
    layer: int | None = None
    asinh: tuple[float, float] | None = None


@dataclass(frozen=True)
class MaskPart:
    """A plane that says which pixels are bad.

    Attributes
    ----------
    place : Place
    meaning : str
        ``"bits"``; ``"codes"`` (one number per pixel); ``"nonzero"``: anything but 0 is bad;
        ``"positive"``: anything but a positive number is bad (weights); ``"spans"``: SDSS's
        run-length tables.
    planes : mapping of str to int
        Plane name to bit number, code, or index of the table; for the other two one name.
    """

    place: Place
    meaning: str
    planes: Mapping[str, int]


@dataclass(frozen=True)
class MaskSource:
    """What a part of a mask is made of, in words.

    Attributes
    ----------
    label : str
        As ``"HDU 2 MSK"``, or a side-car's name with ``*`` for the part that all have of their
        own.
    meaning : str
        As `MaskPart.meaning`.
    planes : tuple of str
    """

    label: str
    meaning: str
    planes: tuple[str, ...]


@dataclass(frozen=True)
class Noise:
    """The planes that give the variance.

    Attributes
    ----------
    kind : str
        ``"variance"`` (several places are summed), ``"sigma"`` or ``"inverse variance"``.
    places : tuple of Place
    """

    kind: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Planes:
    """Where the planes of a file lie, what their numbers mean and what its headers say.

    Attributes
    ----------
    convention : str
        Identifier of the convention.
    image : int
        Index of the HDU.
    shape : (int, int)
        ``(ny, nx)`` of the image.
    header : astropy Header
        Of the image, with the primary's cards where the file asks for that.
    cards_hdu : int
        Which HDU takes the provenance cards.
    layer : int or None
        Plane of a cube, counted from 0.
    asinh : (float, float) or None
        BOFFSET and BSOFTEN of an image compressed by asinh.
    masks : tuple of MaskPart
        What flags pixels; the first, if it has bits, keeps all of them.
    bad : tuple of str or None
        Planes that count as bad by default, gathered in a plane BAD; None where the names are
        LSST's and the settings say it all.
    aliases : mapping of str to str
        LSST's name to the file's own name of a plane.
    noise : Noise or None
        What the variance is made of.
    variance_kind : str
        ``"variance"``, ``"sigma"``, ``"inverse variance"``, ``"none"`` or ``"unknown"`` (a weight
        that says which pixels to use and no more).
    unit, zero_point, zero_point_source, band
        As far as the file states them.
    xy0 : (int, int) or None
        Position in the parent grid; None where the file states none.
    warnings : tuple of str
        What a person should know.
    readonly : tuple of str
        Why a matched exposure cannot be written the same way.
    aside : frozenset of str
        EXTNAMEs of planes of which the convention knows that they have no use here.
    unused : tuple of str
        HDUs of the image's shape that nothing is made of (filled by `recognise`).
    """

    convention: str
    image: int
    shape: tuple[int, int]
    header: fits.Header
    cards_hdu: int
    layer: int | None = None
    asinh: tuple[float, float] | None = None
    masks: tuple[MaskPart, ...] = ()
    bad: tuple[str, ...] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    noise: Noise | None = None
    variance_kind: str = "none"
    unit: str | None = None
    zero_point: float | None = None
    zero_point_source: str = ""
    band: str | None = None
    xy0: tuple[int, int] | None = None
    warnings: tuple[str, ...] = ()
    readonly: tuple[str, ...] = ()
    aside: frozenset[str] = frozenset()
    unused: tuple[str, ...] = ()

    @cached_property
    def bits(self) -> Mapping[str, int]:
        """Mask plane name to bit number in memory."""
        return _bits(self.masks, self.bad, self.aliases)

    @property
    def mask(self) -> int | None:
        """The HDU whose numbers are the mask as they are; None where it has to be made."""
        if len(self.masks) != 1:
            return None
        (part,) = self.masks
        own = part.place.path is None and part.place.layer is None and part.meaning == "bits"
        return (
            part.place.hdu if own and set(self.bits.values()) == set(part.planes.values()) else None
        )

    @property
    def variance(self) -> int | None:
        """The HDU of this file that holds the variance itself; None where it is made of others."""
        if self.noise is None or self.noise.kind != "variance" or len(self.noise.places) != 1:
            return None
        (place,) = self.noise.places
        made = place.path is not None or place.asinh is not None or place.layer is not None
        return None if made else place.hdu

    @property
    def is_direct(self) -> bool:
        """Whether image and mask are two HDUs of this file, to be used as they are."""
        made = bool(self.masks) and self.mask is None
        return not made and self.layer is None and self.asinh is None

    def mask_sources(self, file: FitsFile) -> tuple[MaskSource, ...]:
        """Say what the mask is made of; `file` is the one that was recognised."""
        found = []
        for part in self.masks:
            path = part.place.path
            label = file.hdus[part.place.hdu].label if path is None else _pattern(file.path, path)
            found.append(MaskSource(label, part.meaning, tuple(part.planes)))
        return tuple(found)

    @property
    def companions(self) -> tuple[Path, ...]:
        """The side-cars that are used."""
        places = [part.place for part in self.masks]
        places += self.noise.places if self.noise else ()
        return tuple(dict.fromkeys(place.path for place in places if place.path is not None))


def _pattern(path: Path, companion: Path) -> str:
    """Return a side-car's name with ``*`` for what it shares with the exposure's: one for all."""
    stem, name = file_stem(path), companion.name
    shared = shared_start(stem, name)
    if shared != stem:
        shared = shared[: max(map(shared.rfind, "._-")) + 1]
    return f"*{name[len(shared) :]}" if shared else name


def _bits(
    parts: Sequence[MaskPart], bad: Sequence[str] | None, aliases: Mapping[str, str]
) -> dict[str, int]:
    """Give every plane a bit: those of a file's own bits stay, others get free ones."""
    bits: dict[str, int] = {}
    stored = bool(parts) and parts[0].meaning == "bits"
    # Bits that the file does not name may still be set in it: those added begin at the top.
    order = (*range(30, -1, -1), 31) if stored else range(32)

    def add(name: str) -> None:
        # Where all 32 are named one is shared: rather a pixel too many than one too few.
        free = next((bit for bit in order if bit not in bits.values()), 31)
        bits.setdefault(name, free)

    for number, part in enumerate(parts):
        if number == 0 and stored:
            bits.update(part.planes)
            continue
        for name in part.planes:
            add(name)
        if part.meaning == "codes":
            add(OTHER_CODE)
    for alias, name in aliases.items():
        if name in bits:
            bits.setdefault(alias, bits[name])
    if bad is not None and any(name in bits for name in bad):
        add("BAD")
    return bits


class Convention(Protocol):
    """One way of laying an exposure out in a FITS file."""

    name: str

    def recognises(self, file: FitsFile) -> bool:
        """Whether the file is laid out this way; looks at headers and names only."""
        ...

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Say where everything is.

        Raises
        ------
        ReadError
            When the layout contradicts itself.
        ChooseError
            When there are several images and `choice` does not say which.
        SidecarError
            When this is no exposure but belongs to one.
        """
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


def fits_image(hdu: Hdu, image: Hdu) -> bool:
    """Whether a plane has a number for every pixel; one plane may serve all of a cube."""
    return hdu.shape in (image.shape, image.shape[-2:])


def check_shape(file: FitsFile, hdu: Hdu, image: Hdu) -> None:
    """Raise ``E_PLANE_SHAPE`` unless `hdu` has the shape of `image`."""
    if not fits_image(hdu, image):
        sizes = ["x".join(str(n) for n in reversed(h.shape)) for h in (hdu, image)]
        reason = f"{hdu.label} is {sizes[0]} but {image.label} is {sizes[1]}"
        raise file.error(reason, "E_PLANE_SHAPE")


def check_sibling(file: FitsFile, other: FitsFile, hdu: Hdu, image: Hdu) -> None:
    """Raise ``E_SIBLING_SHAPE`` unless a side-car's `hdu` has the shape of `image`."""
    if not fits_image(hdu, image):
        sizes = ["x".join(str(n) for n in reversed(h.shape)) for h in (hdu, image)]
        raise file.error(
            f"its side-car {other.path.name} is {sizes[0]} but {image.label} is {sizes[1]}; move "
            "it away if it belongs to another image",
            "E_SIBLING_SHAPE",
        )


def has_pixels(hdu: Hdu) -> bool:
    """Whether the HDU holds an image with at least one pixel."""
    return bool(hdu.axes) and math.prod(hdu.axes) > 0
