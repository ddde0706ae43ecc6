"""Files that belong to an exposure and lie beside it: known by one word of their name.

Two files of a folder pair up when their names differ in one token: the side-car has a word for what
it holds where the exposure has a word for a science image, or nothing.  What the numbers mean is
decided by the convention.  Source: FORMATS section 4, table of suffixes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from bgviewer.io.names import file_stem, is_fits_name

__all__ = [
    "WORDS",
    "Sidecar",
    "is_doubtful",
    "kind_of_word",
    "partners",
    "sibling",
    "sidecars_of",
    "suffix_stems",
    "suffix_word",
]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WORDS: dict[str, tuple[str, ...]] = {
    "mask": _words(
        "mask msk mskimg maskimg mskim maskim maskbits dq ood flag flags flg flagmap bpm badpix"
        " masks bimsk imsk bdmsk dmsk brmsk rmsk qual quality"
    ),
    "variance": _words("var variance varimg varim varmap"),
    "sigma": _words(
        "rms sigma err error unc uncert uncertainty errors stddev stdev sig sigim sigimg errim"
        " errimg rmsim rmsimg rmsmap uncimg sciunc cbunc bunc munc noise noisemap std"
    ),
    "inverse variance": _words("ivar invvar ivm invar ivarimg ivarim iv"),
    "weight": _words(
        "weight wt wht oow wgt conf wei weights weightmap wtmap wmap weim weightim confmap"
    ),
    "map of the inputs": _words(
        "ctx con nexp expmap cov coverage covmap mcov exp n num nobs nimg nmap rrhr cnt count"
        " counts depth"
    ),
    "segmentation": _words("seg segm segim segimg segmap segmentation objmask obj"),
    "model of the background": _words("skybg bkg bg background skymodel"),
}
"""What a plane may be, and the words that say so in a file's name; better ones first."""

_CLEAR = frozenset(
    _words(
        "mask msk mskimg maskimg mskim maskim flagmap dq ood bpm badpix bimsk bdmsk brmsk"
        " rms ivar invvar cbunc rmsmap varmap weight wht oow variance weightmap segmap"
        " segmentation segim expmap"
    )
)
"""Words that no exposure has at the end of its name."""
_DOUBTFUL = frozenset(
    _words("n exp num obj cnt count counts con depth std bg sig iv noise nobs cov sky skybg bkg")
)
"""Words of many names: they count only beside an exposure of the same shape and date."""
_NEVER_ALONE = frozenset(_words("n num obj cnt count counts iv noise"))
"""Words that count only in the place of a word for a science image."""
_SCIENCE = _words(
    "sci science img image sciimg drz drc data im sciim int intbgsub fitim bcd cbcd maic unconv"
    " flux signal map mosaic coadd stack"
)
_VARIANTS = {"u": "m"}
"""unWISE: maps of all pixels (u) belong to the image of the unmasked ones (m) too."""
_SEPARATORS = ("_", ".", "-")
_KIND = {word: kind for kind, words in WORDS.items() for word in words}
_RANK = {word: rank for rank, word in enumerate(_KIND)}
_ENDING = re.compile(r"(.+)[._-]([A-Za-z]+)$")
_TOKEN = re.compile(r"(?<![^._-])([A-Za-z]+)(\d*)(?![^._-])")

_Key = tuple[str, str, str]
"""Name before the token, digits that end the token, name after it."""


@dataclass(frozen=True)
class Sidecar:
    """A file beside an exposure that belongs to it by its name.

    Attributes
    ----------
    path : Path
    word : str
        The word that says so, in lower case.
    kind : str
        Key of `WORDS`.
    """

    path: Path
    word: str
    kind: str


@dataclass
class _Folder:
    """Names of a folder by what is left without the token that says what they hold."""

    plain: dict[str, list[str]] = field(default_factory=dict)
    science: dict[_Key, list[str]] = field(default_factory=dict)
    sidecars: dict[_Key | str, list[tuple[str, str]]] = field(default_factory=dict)


def kind_of_word(word: str) -> str:
    """Return what a word of a name stands for, as a key of `WORDS`; empty for other words."""
    return _KIND.get(word.lower(), "")


def is_doubtful(word: str) -> bool:
    """Whether a word is also part of names of exposures, so that headers must agree."""
    return word in _DOUBTFUL


def _tokens(stem: str) -> list[tuple[str, _Key, str | None]]:
    """Return word, key with the token replaced, and the stem without it (None: never alone)."""
    found = []
    for match in _TOKEN.finditer(stem):
        word = match[1].lower()
        if word not in _KIND and word not in _SCIENCE:
            continue
        before, after = stem[: match.start()], stem[match.end() :]
        first, last = not before, not after
        key = (before[:-1], match[2], after)
        if word in _DOUBTFUL and first:
            continue  # exp_001, std_001: that is what was observed
        alone = word not in _NEVER_ALONE and not match[2] and (last or word in _CLEAR)
        rest = before[:-1] + after if before else after[1:]
        found.append((word, key, rest if alone and rest else None))
    return found


def _lower(key: _Key) -> _Key:
    return key[0].lower(), key[1], key[2].lower()


@lru_cache(maxsize=4)
def _indexed(names: tuple[str, ...]) -> _Folder:
    folder = _Folder()
    for name in names:
        if not is_fits_name(name):
            continue
        stem = file_stem(name)
        folder.plain.setdefault(stem.lower(), []).append(name)
        for word, key, rest in _tokens(stem):
            if word in _SCIENCE:
                folder.science.setdefault(_lower(key), []).append(name)
            else:
                for found in (_lower(key), None if rest is None else rest.lower()):
                    if found is not None:
                        folder.sidecars.setdefault(found, []).append((name, word))
    return folder


def _listed(folder: Path) -> _Folder:
    try:
        return _indexed(tuple(sorted(os.listdir(folder))))
    except OSError:
        return _Folder()


def _rest_of(stem: str, word: str, separate: str) -> set[str]:
    """Return what is left of a name, in its own case, where the word stands for the plane."""
    found = set()
    for token, key, rest in _tokens(stem):
        if token == word:
            found.add(separate.join(key))
            if rest is not None:
                found.add(rest)
    return found


def sidecars_of(path: Path) -> list[Sidecar]:
    """Return the files beside an exposure that belong to it, better words first.

    Of several files of one stem the one packed like `path` is taken, then the first by name; of
    exposures whose names differ in case only a side-car belongs to the one in its own case.
    """
    folder, stem = _listed(path.parent), file_stem(path)
    ending = path.name[len(stem) :]
    keys: list[tuple[_Key | str, str]] = [(stem.lower(), stem)]
    keys += [(_lower(key), "\0".join(key)) for word, key, _ in _tokens(stem) if word in _SCIENCE]
    found: dict[str, Sidecar] = {}
    for key, exact in keys:
        for name, word in folder.sidecars.get(key, ()):
            other = file_stem(name)
            same_case = exact in _rest_of(other, word, "\0")
            if name == path.name or other == stem or (not same_case and _in_own_case(folder, name)):
                continue
            if other not in found or name == other + ending:
                found[other] = Sidecar(path.parent / name, word, _KIND[word])
    return sorted(found.values(), key=lambda s: (_RANK[s.word], s.path.name))


def _in_own_case(folder: _Folder, sidecar: str) -> bool:
    """Whether there is an exposure whose name agrees with a side-car's in upper and lower case."""
    own = file_stem(sidecar)
    for word, key, rest in _tokens(own):
        if word in _SCIENCE:
            continue
        if rest is not None and any(
            file_stem(n) == rest for n in folder.plain.get(rest.lower(), ())
        ):
            return True
        for name in folder.science.get(_lower(key), ()):
            if any(k == key and w in _SCIENCE for w, k, _ in _tokens(file_stem(name))):
                return True
    return False


def partners(path: Path) -> list[tuple[Path, str]]:
    """Return the exposures that a file named like a side-car may belong to, and its word."""
    folder, stem = _listed(path.parent), file_stem(path)
    found: dict[Path, str] = {}
    for own in (stem, _other_variant(stem)):
        for word, key, rest in _tokens(own) if own else ():
            if word in _SCIENCE:
                continue
            names = [*folder.science.get(_lower(key), ())]
            if rest is not None:
                names = [*folder.plain.get(rest.lower(), ()), *names]
            for name in names:
                if file_stem(name) != stem:
                    found.setdefault(path.parent / name, word)
    return list(found.items())


def _other_variant(stem: str) -> str:
    before, separator, last = stem.rpartition("-")
    other = _VARIANTS.get(last.lower(), "")
    return f"{before}{separator}{other}" if separator and other else ""


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
    """Return the stems that a side-car of that kind of `path` may have, by the word at its end."""
    return [
        f"{base}{separator}{spelt}"
        for base in _bases(file_stem(path))
        for separator in _SEPARATORS
        for word in WORDS[kind]
        for spelt in (word, word.upper(), word.capitalize())
    ]


def suffix_word(path: Path) -> str:
    """Return the word at the end of a name that no exposure has there; else an empty string."""
    match = _ENDING.match(file_stem(path))
    word = "" if match is None else match[2].lower()
    return word if word in _CLEAR else ""
