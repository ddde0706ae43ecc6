"""Files that by their name belong to another one.  Source: FORMATS section 4, generic side-cars."""

from __future__ import annotations

from bgviewer.errors import SidecarError
from bgviewer.io.conventions.base import Planes
from bgviewer.io.conventions.beside import owner_of
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import belongs, images, science_images
from bgviewer.io.conventions.extnames import IMAGE, plane_name
from bgviewer.io.layout import FitsFile
from bgviewer.io.names import file_stem
from bgviewer.io.sidecars import kind_of_word, suffix_word

__all__ = ["Suffix", "not_an_exposure"]

_NOT = ("", IMAGE, "other")


class Suffix:
    """A mask, weight, rms ... by a word of its name, or by its only EXTNAME."""

    name = "side-car"

    def recognises(self, file: FitsFile) -> bool:
        """Its name says so, or it holds nothing but planes that accompany an image."""
        if not images(file):
            return False
        return bool(suffix_word(file.path)) or owner_of(file) is not None or _only(file) != ""

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Refuse, and say whose it is."""
        raise not_an_exposure(file, self.name)


def not_an_exposure(file: FitsFile, convention: str) -> SidecarError:
    """Make the error for a side-car: what it is, and of which exposure."""
    owner = owner_of(file)
    word = suffix_word(file.path) if owner is None else owner[1]
    if not word:
        return belongs(file, f"a plane ({_only(file)})", convention)
    whose = "" if owner is None else f" of {owner[0].name}"
    at_end = file_stem(file.path).lower().endswith(word)
    how = f"its name {'ends in' if at_end else 'has the word'} {word}"
    return belongs(file, f"the {kind_of_word(word)}{whose} ({how}), a side-car", convention)


def _only(file: FitsFile) -> str:
    """Return the EXTNAMEs of a file whose images all accompany something; else ""."""
    found = images(file)
    told = all(hdu.name == "CTX" or plane_name(hdu.name).role not in _NOT for hdu in found)
    return "" if science_images(file) or not told else ", ".join(hdu.name for hdu in found)
