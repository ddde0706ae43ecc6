"""Files that by their name belong to another one.  Source: FORMATS section 4, generic side-cars."""

from __future__ import annotations

from bgviewer.io.conventions.base import Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import belongs, images, science_images
from bgviewer.io.conventions.extnames import IMAGE, plane_name
from bgviewer.io.layout import FitsFile
from bgviewer.io.sidecars import partner, suffix_word

__all__ = ["Suffix"]

_NOT = ("", IMAGE, "other")


class Suffix:
    """A mask, weight, rms ... by the word at the end of its name, or of its only EXTNAME."""

    name = "side-car"

    def recognises(self, file: FitsFile) -> bool:
        """Ends in such a word, or holds nothing but planes that accompany an image."""
        if not images(file):
            return False
        return suffix_word(file.path) is not None or _only(file) != ""

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Refuse, and say whose it is."""
        word = suffix_word(file.path)
        of = partner(file.path)
        if word is None:
            raise belongs(file, f"a plane ({_only(file)})", self.name)
        whose = f" of {of.name}" if of is not None else ""
        raise belongs(
            file, f"the {word[1]}{whose} (its name ends in {word[0]}), a side-car", self.name
        )


def _only(file: FitsFile) -> str:
    """Return the EXTNAMEs of a file whose images all accompany something; else ""."""
    found = images(file)
    told = all(hdu.name == "CTX" or plane_name(hdu.name).role not in _NOT for hdu in found)
    return "" if science_images(file) or not told else ", ".join(hdu.name for hdu in found)
