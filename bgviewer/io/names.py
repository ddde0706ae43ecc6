"""Names of files: stems without FITS endings, and making equal ones distinct."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

__all__ = [
    "distinct_stems",
    "file_stem",
    "is_fits_name",
    "printable_name",
    "raw_name",
    "shared_start",
]

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(r"\\x([89a-f][0-9a-f])")
_WRAPPERS = (".gz", ".bz2", ".xz", ".fz")
_ENDINGS = (".fits", ".fit", ".fts")


def _strip(name: str, endings: tuple[str, ...]) -> str:
    for ending in endings:
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return name


def file_stem(path: str | os.PathLike[str]) -> str:
    """Return a file's name without ``.fits``, ``.fit``, ``.fts`` and what packs them."""
    return _strip(_strip(Path(path).name, _WRAPPERS), _ENDINGS)


def printable_name(name: str) -> str:
    r"""Return a name as text that UTF-8 can hold.

    Bytes of file names that are no UTF-8, which Python keeps as lone surrogates, become ``\xE9``.

    Examples
    --------
    >>> print(printable_name("caf\udce9"))
    caf\xe9
    """
    if name.isascii():
        return name
    with suppress(UnicodeError):  # what the locale could not decode may be UTF-8 all the same
        name = name.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return _SURROGATE.sub(_escaped, name)


def raw_name(name: str) -> str:
    """Return the name that `printable_name` has written."""
    return _ESCAPED.sub(lambda match: chr(0xDC00 + int(match[1], 16)), name)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def is_fits_name(name: str) -> bool:
    """Whether a scan of a folder takes the file (hidden files are left alone)."""
    lower = name.lower()
    if lower.startswith("."):
        return False
    return lower.endswith((*_ENDINGS, ".fz")) or _strip(lower, _WRAPPERS).endswith(_ENDINGS)


def distinct_stems(paths: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Return a distinct stem for every path, and notes on those that had to be changed.

    Files of one name in several folders get the folder's name in front, the rest a number.
    Upper and lower case count as equal, since some file systems hold them so.
    """
    stems = [file_stem(path) for path in paths]
    count = Counter(stem.lower() for stem in stems)
    folders: dict[str, set[Path]] = {}
    for stem, path in zip(stems, paths, strict=True):
        folders.setdefault(stem.lower(), set()).add(path.parent)
    wanted = [
        f"{path.parent.name}_{stem}"
        if count[stem.lower()] > 1 and len(folders[stem.lower()]) > 1 and path.parent.name
        else stem
        for stem, path in zip(stems, paths, strict=True)
    ]
    # Names that need no change are taken first, so that a number never collides with one.
    uses = Counter(name.lower() for name in wanted)
    taken = {name for name, times in uses.items() if times == 1}
    out, notes = [], []
    for name in wanted:
        final, number = name, 2
        if uses[name.lower()] > 1:
            while final.lower() in taken:
                final, number = f"{name}_{number}", number + 1
            taken.add(final.lower())
        out.append(final)
    for key in dict.fromkeys(stem.lower() for stem in stems):
        names = [new for stem, new in zip(stems, out, strict=True) if stem.lower() == key]
        if len(names) > 1:
            notes.append(f"{len(names)} exposures are called {key}; named {', '.join(names)}")
    return out, notes


def shared_start(one: str, other: str) -> str:
    """Return the characters that two names begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return one[: next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))]
