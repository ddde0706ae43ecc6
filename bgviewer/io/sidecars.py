"""Files that belong to an exposure and lie beside it: found by exact stem, known by their word.

A word at the end of a name says what kind of plane a file may hold; what its numbers mean is
decided by the convention.  Source: FORMATS section 4, table of suffixes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from bgviewer.io.names import file_stem, is_fits_name

__all__ = ["WORDS", "partner", "sibling", "suffix_stems", "suffix_word"]

WORDS: dict[str, tuple[str, ...]] = {
    "mask": ("mask", "msk", "mskimg", "dq", "ood", "flag", "flags", "bpm", "badpix"),
    "variance": ("var", "variance"),
    "sigma": ("rms", "sigma", "err", "error", "unc", "uncert", "std"),
    "inverse variance": ("ivar", "invvar", "ivm"),
    "weight": ("weight", "wt", "wht", "oow", "wgt", "conf"),
    "map of the inputs": ("ctx", "con", "nexp", "expmap", "cov"),
}
"""What a plane may be, and the words that say so at the end of a file's name."""

_CLEAR = frozenset(
    {"mask", "msk", "mskimg", "dq", "ood", "bpm", "badpix", "rms", "ivar", "invvar"}
    | {"weight", "wht", "oow", "variance"}
)
_SCIENCE = ("sci", "science", "img", "image", "sciimg", "drz", "drc", "data")
_SEPARATORS = ("_", ".", "-")
_KIND = {word: kind for kind, words in WORDS.items() for word in words}
_ENDING = re.compile(r"(.+)[._-]([A-Za-z]+)$")


def sibling(path: Path, stems: Iterable[str]) -> Path | None:
    """Return the file beside `path` with exactly the first of the stems that is there.

    Of several files of one stem the one packed like `path` is taken, then the first by name.
    """
    wanted = [stem for stem in stems if stem]
    if not wanted:
        return None
    try:
        names = sorted(os.listdir(path.parent))
    except OSError:
        return None
    found: dict[str, list[str]] = {}
    known = set(wanted)
    for name in names:
        if is_fits_name(name) and (stem := file_stem(name)) in known and name != path.name:
            found.setdefault(stem, []).append(name)
    ending = path.name[len(file_stem(path)) :]
    for stem in wanted:
        here = found.get(stem, [])
        if here:
            return path.parent / next((n for n in here if n == stem + ending), here[0])
    return None


def _bases(stem: str) -> list[str]:
    """Return the stems that a side-car's name may begin with: without "_sci" and with it."""
    match = _ENDING.match(stem)
    if match and match[2].lower() in _SCIENCE:
        return [match[1], stem]
    return [stem]


def suffix_stems(path: Path, kind: str) -> list[str]:
    """Return the stems that a side-car of that kind of `path` may have."""
    return [
        f"{base}{separator}{spelt}"
        for base in _bases(file_stem(path))
        for separator in _SEPARATORS
        for word in WORDS[kind]
        for spelt in (word, word.upper(), word.capitalize())
    ]


def suffix_word(path: Path) -> tuple[str, str] | None:
    """Return the word at the end of a side-car's name and the kind of plane it stands for.

    Words that may be part of any name (``var``, ``std``) count only beside an exposure.
    """
    match = _ENDING.match(file_stem(path))
    if match is None or match[2].lower() not in _KIND:
        return None
    word = match[2].lower()
    if word not in _CLEAR and partner(path) is None:
        return None
    return word, _KIND[word]


def partner(path: Path) -> Path | None:
    """Return the exposure that a file named like a side-car belongs to."""
    match = _ENDING.match(file_stem(path))
    if match is None or match[2].lower() not in _KIND:
        return None
    base = match[1]
    names = [base]
    for word in _SCIENCE:
        names += [f"{base}{s}{w}" for s in _SEPARATORS for w in (word, word.upper())]
    return sibling(path, names)
