"""What an EXTNAME says about a plane: its role, and the image that it belongs to.

A name is a word of known meaning, alone (``VAR``) or with something before or after it that the
planes of one image share: ``1-1.E.RMS``, ``VAR_0``, ``SCI1``, ``N4_MASK``.

Source: FORMATS section 0 (uncertainty to variance), 4.13, 4.19; documents of DESDM, Euclid (VIS,
NISP), SPHEREx and KBMOD for the spellings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["IMAGE", "NOISE_ROLES", "ROLES", "PlaneName", "plane_name"]

IMAGE = "image"

ROLES: Mapping[str, tuple[str, ...]] = {
    IMAGE: (
        "SCI", "SCIENCE", "IMAGE", "IMG", "DATA", "SIGNAL", "INTENSITY", "FLUX", "COUNTS", "CAL",
    ),
    "mask": (
        "DQ", "MASK", "MSK", "BPM", "FLAG", "FLAGS", "FLG", "BADPIX", "QUAL", "QUALITY",
        "BITMASK", "MASKBITS", "DATAQUALITY", "DQFLAGS", "DQMASK", "PIXELMASK", "PIXMASK",
        "BADPIXEL", "BADPIXELS", "BADPIXELMASK", "BADPIXMASK", "BADMASK", "QUALITYMASK",
        "QUALITYFLAGS", "PIXELFLAGS",
    ),
    "good pixels": ("GPM", "GOODPIX", "GOODPIXEL", "GOODPIXELS", "GOODPIXELMASK", "GOODMASK"),
    "variance": ("VAR", "VARIANCE", "STAT"),
    "sigma": (
        "ERR", "ERROR", "ERRS", "ERRORS", "RMS", "SIGMA", "SIG", "STD", "STDDEV", "STDEV", "UNC",
        "UNCERTAINTY", "NOISE",
    ),
    "inverse variance": ("IVAR", "IVM", "INVVAR", "INVERSEVARIANCE", "INVVARIANCE", "INVERSEVAR"),
    "uncertainty": ("UNCERT",),
    "weight": ("WEIGHT", "WEIGHTS", "WHT", "WGT", "WT"),
    "other": (
        "WCSDVARR", "D2IMARR", "CTX", "CON", "AREA", "HDRTAB", "INDEX", "JSON", "OBJMASK", "NEXP",
        "EXPMAP", "COVERAGE", "SEG", "SEGM", "SEGMAP", "SEGMENTATION", "BKG", "BACKGROUND", "ZODI",
        "SKYFIT", "SKYMODEL", "PSF",
    ),
}  # fmt: skip
"""Every role and its words, preferred ones first."""

NOISE_ROLES = ("variance", "sigma", "inverse variance")

_AMBIGUOUS = frozenset(
    {"STAT", "STD", "VAR", "QUAL", "QUALITY", "FLAG", "NOISE", "WT", "SIG", "ERROR", "ERRORS"}
    | set(ROLES["other"])
)
"""Words that may be part of the name of any image: they count only beside that image."""

_ROLE_OF = {word: role for role, words in ROLES.items() for word in words}
_FILLERS = ("MAP", "ARRAY", "PLANE", "FRAME", "EXT")
_LONGEST = 3
"""So many parts of a name make one word at most: ``BAD_PIXEL_MASK``."""
_PART = re.compile(r"[A-Z]+|[0-9]+|[^A-Z0-9]+")
_BETWEEN = " ._/:+-"


@dataclass(frozen=True)
class PlaneName:
    """An EXTNAME taken apart.

    Attributes
    ----------
    role : str
        One of `ROLES`; empty where no word of the name says one.
    word : str
        The word that says so.
    stem : (str, str)
        What stands before and after the word, and names the image; ``("", "")`` for a bare word.
        A name without such a word is all stem.
    """

    role: str
    word: str
    stem: tuple[str, str]

    @property
    def is_bare(self) -> bool:
        """Whether the name tells no image from another."""
        return self.stem == ("", "")

    @property
    def is_clear(self) -> bool:
        """Whether the plane accompanies an image even where that image is not there."""
        told = self.role not in ("", IMAGE)
        return told and (self.is_bare or self.word not in _AMBIGUOUS)


@lru_cache(maxsize=4096)
def plane_name(name: str) -> PlaneName:
    """Take an EXTNAME (upper case) apart.

    The word ends or begins the name; a separator (``. _ - / :`` or a blank) or a digit sets it off
    from the rest.  Of two words the one that is no image's counts: ``MASK_IMAGE`` is a mask.

    Examples
    --------
    >>> plane_name("1-1.E.RMS")
    PlaneName(role='sigma', word='RMS', stem=('1-1.E', ''))
    >>> plane_name("VAR_0")
    PlaneName(role='variance', word='VAR', stem=('', '0'))
    >>> plane_name("N4")
    PlaneName(role='', word='', stem=('N4', ''))
    """
    parts = _PART.findall(name)
    for count in range(min(2 * _LONGEST - 1, len(parts)), 0, -1):
        for word_parts, before, after in (
            (parts[-count:], parts[:-count], []),
            (parts[:count], [], parts[count:]),
        ):
            word = _word(word_parts)
            if word and _is_apart(before[-1:] or after[:1]):
                return _about(word, _bare(before), _bare(after))
    return PlaneName("", "", ("" if name == "PRIMARY" else name, ""))


def _about(word: str, before: str, after: str) -> PlaneName:
    """Return what a word with something before or after it stands for."""
    role, rest = _ROLE_OF[word], plane_name(before or after) if before or after else None
    if rest is not None and role == IMAGE and rest.role not in ("", IMAGE):
        return rest
    if rest is not None and rest.role == IMAGE and role != IMAGE:
        return PlaneName(role, word, rest.stem)
    return PlaneName(role, word, (before, after))


def _word(parts: list[str]) -> str:
    """Return the word that parts of a name make: letters, separators between; else ""."""
    if len(parts) % 2 == 0:
        return ""
    if not all(p.isalpha() if at % 2 == 0 else _is_between(p) for at, p in enumerate(parts)):
        return ""
    word = "".join(parts[::2])
    for filler in ("", *_FILLERS):
        if word.endswith(filler) and (bare := word[: len(word) - len(filler)]) in _ROLE_OF:
            return bare
    return ""


def _is_between(part: str) -> bool:
    return not part.strip(_BETWEEN)


def _is_apart(beside: list[str]) -> bool:
    return not beside or beside[0].isdigit() or _is_between(beside[0])


def _bare(parts: list[str]) -> str:
    return "".join(parts).strip(_BETWEEN)
