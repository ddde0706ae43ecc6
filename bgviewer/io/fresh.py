"""Files made from memory: a background model, a generated exposure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from bgviewer.engine.exposure import Exposure
from bgviewer.io.cards import ascii_text, format_card, keyword
from bgviewer.io.layout import quiet
from bgviewer.io.sky import wcs_cards
from bgviewer.io.splice import Part

__all__ = ["background_part", "exposure_parts", "mask_plane_cards", "place_cards", "unit_card"]


def _position_cards(exposure: Exposure) -> list[bytes]:
    """WCS cards as they are in the exposure's header, and XY0 both ways LSST states it."""
    header = exposure.header if isinstance(exposure.header, fits.Header) else None
    records: list[bytes] = []
    names: set[str] = set()
    if header is not None:
        with quiet():
            for card in wcs_cards(header):
                name = card.keyword
                # Without CTYPE only the place in the parent grid means something.
                if "CTYPE1" not in header and not name.startswith("LT") and name[-1] != "A":
                    continue
                # What a card cannot hold (long strings) is no number of a projection.
                image = _renamed(name, card.image.encode("ascii", "replace"))
                if len(image) == 80 and keyword(image) not in names:
                    records.append(image)
                    names.add(keyword(image))
    if exposure.xy0 != (0, 0) or "CRVAL1A" in names:
        records += [card for name, card in _xy0_cards(exposure.xy0) if name not in names]
    return records


def _renamed(name: str, image: bytes) -> bytes:
    """Give the two keywords that the standard has replaced their new names."""
    new = {"EPOCH": b"EQUINOX ", "RADECSYS": b"RADESYS "}.get(name)
    return new + image[8:] if new else image


def _xy0_cards(xy0: tuple[int, int]) -> list[tuple[str, bytes]]:
    cards = []
    for axis, origin in zip("12", xy0, strict=True):
        cards += [
            (f"LTV{axis}", format_card(f"LTV{axis}", float(-origin))),
            (f"CTYPE{axis}A", format_card(f"CTYPE{axis}A", "LINEAR")),
            (f"CRPIX{axis}A", format_card(f"CRPIX{axis}A", 1.0)),
            (f"CRVAL{axis}A", format_card(f"CRVAL{axis}A", float(origin))),
            (f"CUNIT{axis}A", format_card(f"CUNIT{axis}A", "PIXEL")),
        ]
    return cards


def _image_cards(shape: tuple[int, int], bitpix: int, primary: bool) -> list[bytes]:
    first = format_card("SIMPLE", True) if primary else format_card("XTENSION", "IMAGE")
    cards = [
        first,
        format_card("BITPIX", bitpix),
        format_card("NAXIS", 2),
        format_card("NAXIS1", shape[1]),
        format_card("NAXIS2", shape[0]),
    ]
    if not primary:
        cards += [format_card("PCOUNT", 0), format_card("GCOUNT", 1)]
    return cards


def place_cards(xy0: tuple[int, int]) -> list[bytes]:
    """Return the cards that state a position in the parent grid, LSST's and that for ds9."""
    return [card for _, card in _xy0_cards(xy0)]


def unit_card(unit: str | None, squared: bool = False) -> list[bytes]:
    """Return the card of the pixels' unit; none where there is no unit that fits one."""
    if not unit:
        return []
    if squared:
        unit = f"{unit}**2" if unit.isalnum() else f"({unit})**2"
    text = ascii_text(unit)
    return [format_card("BUNIT", text)] if len(text) <= 60 else []


def background_part(
    exposure: Exposure, background: NDArray[np.float32], records: list[bytes]
) -> Part:
    """Return the single HDU of a background model."""
    cards = _image_cards(exposure.shape, -32, primary=True)
    cards.append(format_card("EXTNAME", "BGMODEL", "background model"))
    cards += _position_cards(exposure) + unit_card(exposure.unit) + records
    return Part(None, cards, background)


def exposure_parts(exposure: Exposure, records: list[bytes]) -> list[Part]:
    """Return the HDUs of an exposure in memory, laid out as LSST does."""
    primary = [
        format_card("SIMPLE", True),
        format_card("BITPIX", 8),
        format_card("NAXIS", 0),
        format_card("EXTEND", True),
    ]
    if exposure.zero_point is not None and np.isfinite(exposure.zero_point):
        primary.append(format_card("MAGZERO", float(exposure.zero_point), "mag of one unit"))
    parts = [Part(None, primary + records)]
    position = _position_cards(exposure)
    planes = (
        ("IMAGE", exposure.image),
        ("MASK", exposure.mask),
        ("VARIANCE", exposure.true_variance),
    )
    for name, pixels in planes:
        if pixels is None:
            continue
        wide = -64 if pixels.dtype == np.float64 else -32
        cards = _image_cards(exposure.shape, 32 if name == "MASK" else wide, primary=False)
        cards += [format_card("EXTNAME", name), format_card("EXTTYPE", name)]
        cards += [format_card("INHERIT", True), *position]
        if name == "MASK":
            cards += mask_plane_cards(exposure.planes or {})
        else:
            cards += unit_card(exposure.unit, squared=name == "VARIANCE")
        if wide == -64:
            parts.append(Part(None, cards, raw=pixels.astype(">f8").tobytes()))
        else:
            parts.append(Part(None, cards, pixels))
    return parts


def mask_plane_cards(planes: Mapping[str, int]) -> list[bytes]:
    """Return the cards that name the bits of a mask."""
    cards = []
    for name, bit in planes.items():
        if len(name) <= 5:
            cards.append(format_card(f"MP_{name}", bit))
        else:
            cards.append(f"HIERARCH MP_{name} = {bit}".ljust(80)[:80].encode("ascii", "replace"))
    return cards
