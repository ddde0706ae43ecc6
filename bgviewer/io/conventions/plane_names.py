"""Names of mask planes that stand in a mask's own header.  Source: FORMATS 1.2, 1.8, 4.1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bgviewer.engine.exposure import CANONICAL_PLANES
from bgviewer.io.conventions.base import MaskPart, Place
from bgviewer.io.layout import FitsFile, Hdu, card_value, card_values

__all__ = ["NamedMask", "mask_bits", "named_mask", "stated_bits"]

_ALIASES = {
    "SATURATED": "SAT",
    "INTERPOLATED": "INTRP",
    "COSMIC_RAY": "CR",
    "DETECTION_EDGE": "EDGE",
    "UNMASKED_NAN": "UNMASKEDNAN",
}
"""New names of LSST (`lsst.images`) and the ones that settings know."""

_KNOWN = frozenset({*CANONICAL_PLANES, *_ALIASES, *_ALIASES.values()})
_SOURCES = ("SOURCE", "SOURCES", "OBJECT", "OBJECTS")
_HARMLESS = ("FULLSAMPLE",)
"""SPHEREx: the pixel's single samples were sent too; nothing is wrong with it."""

_NAME_CARD = re.compile(r"(MSKN|MSKNAM)(\d+)$")


class _Collector:
    """Names and bits, each only once."""

    def __init__(self, file: FitsFile, hdu: Hdu) -> None:
        self.bits: dict[str, int] = {}
        self._owner: dict[int, str] = {}
        self._file, self._hdu = file, hdu

    def add(self, keyword: str, name: str, bit: object) -> None:
        """Take a plane; raises ``E_MASK_PLANES`` when name or bit is taken already."""
        label = self._hdu.label
        if isinstance(bit, bool) or not isinstance(bit, int) or not 0 <= bit < 32:
            raise self._error(f"{label}: {keyword} = {bit!r} is no bit number")
        if self.bits.get(name, bit) != bit:
            raise self._error(f"{label}: plane {name} has bits {self.bits[name]} and {bit}")
        if self._owner.get(bit, name) != name:
            raise self._error(f"{label}: planes {self._owner[bit]} and {name} share bit {bit}")
        self.bits[name], self._owner[bit] = bit, name

    def _error(self, reason: str) -> Exception:
        return self._file.error(reason, "E_MASK_PLANES")


def stated_bits(file: FitsFile, mask: Hdu) -> dict[str, int]:
    """Return the planes that cards name: MSKN/MSKM (value of the bit), else MP_ (its number).

    Raises
    ------
    ReadError
        ``E_MASK_PLANES`` when two planes share a bit, or one has two.
    """
    found = _Collector(file, mask)
    cards = card_values(mask.header)
    for keyword, name in cards:
        match = _NAME_CARD.match(keyword)
        if match is None or not isinstance(name, str) or not name.strip():
            continue
        value_card = ("MSKM" if match[1] == "MSKN" else "MSKVAL") + match[2]
        value = card_value(mask.header, value_card)
        number = int(value) if isinstance(value, (int, float)) and value % 1 == 0 else 0
        single = number > 0 and number & (number - 1) == 0
        if single:
            found.add(keyword, name.strip(), number.bit_length() - 1)
        elif match[1] == "MSKN":  # Pan-STARRS names combinations too
            found.add(value_card, name.strip(), repr(value))
    if found.bits:
        return found.bits
    for keyword, bit in cards:
        if keyword.startswith("MP_"):
            found.add(keyword, keyword[3:], bit)
    return found.bits


def mask_bits(file: FitsFile, mask: Hdu, warnings: list[str]) -> dict[str, int]:
    """Return the planes of an LSST mask; the usual ones, with a warning, when none is named."""
    bits = stated_bits(file, mask)
    if bits:
        return bits
    warnings.append("mask planes are not named (no MP_ cards); LSST's usual bits assumed")
    return dict(CANONICAL_PLANES)


def aliases_of(bits: dict[str, int]) -> dict[str, str]:
    """Return the names by which settings know the planes of `lsst.images`."""
    return {_ALIASES[name]: name for name in bits if _ALIASES.get(name, name) not in bits}


@dataclass(frozen=True)
class NamedMask:
    """A mask whose bits may have names in its own header.

    Attributes
    ----------
    part : MaskPart
    bad, aliases
        As those of `Planes`; set where no name of a plane is one that settings know.
    warnings : tuple of str
        What was decided about the planes.
    """

    part: MaskPart
    bad: tuple[str, ...] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def named_mask(file: FitsFile, hdu: Hdu, place: Place) -> NamedMask:
    """Return the mask of a plane whose bits may have names; without names anything but 0 is bad.

    Where no name is LSST's, badMaskPlanes could not say which planes count: all do but those that
    `_HARMLESS` names, and `_SOURCES` count as DETECTED does.

    Parameters
    ----------
    file : FitsFile
        The file that `hdu` is in.
    """
    bits = stated_bits(file, hdu)
    if not bits:
        return NamedMask(MaskPart(place, "nonzero", {"BAD": 0}))
    part = MaskPart(place, "bits", bits)
    if any(name in _KNOWN for name in bits):
        return NamedMask(part)
    sources = next((name for name in bits if name in _SOURCES), None)
    left_out = [name for name in bits if name in _HARMLESS]
    bad = tuple(name for name in bits if name not in (*left_out, sources))
    aliases = {} if sources is None else {"DETECTED": sources}
    but = f" but {', '.join(left_out)}" if left_out else ""
    where = hdu.label if place.path is None else place.path.name
    text = f"{where}: its planes have none of LSST's names; all{but} count as bad"
    if sources is not None:
        text += f", {sources} as DETECTED"
    return NamedMask(part, bad, aliases, (text,))
