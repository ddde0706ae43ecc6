"""`lsst.images` files without what would not be true any more.  Source: FORMATS 1.8, "writing".

Such a file ends in an index of byte positions, and its primary says where that lies: any change
of length breaks it.  What remains is read by LSST's old and new readers: IMAGE, MASK, VARIANCE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bgviewer.io.cards import append_cards, drop_cards, format_card, keyword, split_cards
from bgviewer.io.fresh import mask_plane_cards, place_cards
from bgviewer.io.splice import Part

__all__ = ["cut_down"]

_ROLES = ("IMAGE", "MASK", "VARIANCE")
_NAMES = re.compile(r"MP_|MSK[NMD]\d+$")
_GONE = re.compile(r"DATAMODL|FMTVER|INDX\w*|JSON\w*")


def cut_down(
    parts: Sequence[Part], planes: Mapping[str, int], xy0: tuple[int, int] | None = None
) -> list[Part]:
    """Return primary, IMAGE, the first MASK and VARIANCE as LSST's old readers need them.

    The mask's planes are named by MP_ cards instead of MSKN, with the names that settings have.

    Parameters
    ----------
    parts : sequence of Part
        One per HDU of the input.
    planes : mapping of str to int
        Names of the first mask's planes as LSST's settings know them, and their bits.
    xy0 : (int, int), optional
        Position in the parent grid: old readers know it from the WCS ``A`` only.
    """
    place = [] if xy0 is None else place_cards(xy0)
    out, taken = [], set()
    for part in parts:
        assert part.hdu is not None
        cards = part.cards if part.cards is not None else split_cards(part.hdu.raw)
        role = part.hdu.name
        if part.hdu.index == 0:
            cards = drop_cards(cards, lambda name: bool(_GONE.fullmatch(name)))
        elif role in _ROLES and role not in taken:
            taken.add(role)
            new = [format_card("EXTTYPE", role), format_card("INHERIT", True), *place]
            if role == "MASK":
                cards = drop_cards(cards, lambda name: bool(_NAMES.match(name)))
                new += mask_plane_cards(planes)
            names = {keyword(card) for card in cards}
            cards = append_cards(cards, [c for c in new if keyword(c) not in names])
        else:
            continue
        out.append(Part(part.hdu, cards, part.pixels, part.raw))
    return out
