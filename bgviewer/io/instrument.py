"""Whose file it is: what is remembered of one file holds for all that are laid out like it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bgviewer.errors import ReadError
from bgviewer.io.conventions import convention_of
from bgviewer.io.conventions.base import has_pixels
from bgviewer.io.layout import FitsFile, Hdu, card_text

__all__ = ["Instrument", "identify"]

_LONGEST_NAME = 68
_LONGEST_LAYOUT = 160


@dataclass(frozen=True)
class Instrument:
    """An instrument and how its files are laid out.

    Attributes
    ----------
    instrument, telescope : str
        INSTRUME and TELESCOP; empty where the file states none.
    convention : str
        Which convention recognised the file.
    layout : str
        Number, name and dimensions of every HDU; sizes do not count.
    """

    instrument: str
    telescope: str
    convention: str
    layout: str

    @property
    def title(self) -> str:
        """What it is called in a sentence."""
        return self.instrument or self.telescope or f"{self.convention} files"

    @property
    def names(self) -> tuple[str, ...]:
        """What a rule may call it."""
        found = (self.instrument, self.telescope, self.convention)
        return tuple(name for name in found if name)


def identify(file: FitsFile) -> Instrument:
    """Say whose file it is, from its headers alone."""
    try:
        convention = convention_of(file)
    except ReadError:
        convention = ""
    return Instrument(
        _stated(file, "INSTRUME"), _stated(file, "TELESCOP"), convention, _layout(file)
    )


def _stated(file: FitsFile, name: str) -> str:
    """Return a card's text of the first HDU that has it; headers are not to be trusted."""
    for hdu in file.hdus[:8]:
        text = card_text(hdu.header, name)
        if text and text.strip():
            kept = "".join(c for c in text.strip() if c.isprintable())
            return kept[:_LONGEST_NAME]
    return ""


def _layout(file: FitsFile) -> str:
    images = [hdu for hdu in file.hdus if has_pixels(hdu)]
    # The only image of a file is often named after its chip: that makes no other layout.
    alone = images[0].index if len(images) == 1 else -1
    words = []
    for hdu in file.hdus:
        name = "" if hdu.index == alone else "".join(c for c in hdu.name if c.isprintable())
        words.append(f"{hdu.index} {name}:{_kind(hdu)}")
    text = "; ".join(words)
    if len(text) > _LONGEST_LAYOUT:
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        text = f"{len(file.hdus)} HDUs {digest}"
    return text


def _kind(hdu: Hdu) -> str:
    if hdu.is_table:
        return "table"
    long = [length for length in hdu.axes if length > 1]
    return f"{max(2, len(long))}D" if has_pixels(hdu) else "empty"
