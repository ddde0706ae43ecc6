"""Regions as ds9 ``.reg`` files.

Which pixel a number means
--------------------------
Regions are kept in *parent* pixels whose centres are whole numbers from 0 on.  In ds9 the first
pixel of a file has its centre at 1, so that

* ``image``: parent = number - 1 + XY0;
* ``physical``: image = number * LTM + LTV with the file's own cards, as ds9 does it, then as above.
  Files of LSST have LTV = -XY0, so there parent = number - 1.  Without the cards ``physical`` is
  ``image``; an exposure that has no file counts as one of LSST;
* ``fk5``, ``j2000``, ``icrs``, ``fk4``, ``b1950``, ``galactic``, ``ecliptic``: by the WCS of the
  exposure, taken as linear over a region.

Files are written in ``image`` coordinates: they fit every file with the exposures' pixels,
whichever cards it has.

What a sign means
-----------------
Every region of a file is ignored.  ``-`` in front is ds9's word for that, and it is written; a file
in which no region has it is read alike.  A file that has both kinds means "this area without
that one", which cannot be kept, and is refused.

A region of one exposure carries ``tag={exposure: NAME}``; its note is its ``text``.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, unquote

from bgviewer.engine.regions import Region
from bgviewer.errors import BgviewerError, ConfigError, ReadError
from bgviewer.io.region_frame import PixelFrame, sky_system
from bgviewer.io.region_shapes import AREAS, MARKERS, Words, make_region
from bgviewer.io.small_files import read_small_file
from bgviewer.io.text import write_text

__all__ = ["RegionFile", "format_regions", "parse_regions", "read_regions", "write_regions"]

_MOST_BYTES = 2_000_000
_MOST_REGIONS = 2000
_SYSTEMS = ("image", "physical")
_LACKING = ("amplifier", "detector", "linear", "wcs", *(f"wcs{c}" for c in "abcdefghijklmnopqrst"))
_NAME = re.compile(r"\s*([+-]?)\s*([A-Za-z][A-Za-z0-9]*)")
_PROPERTY = re.compile(r"(\w+)\s*=\s*(\{[^}]*\}|\"[^\"]*\"|'[^']*'|\S+)")
_TAG = "exposure: "
_KEPT = re.compile(r"[%{}\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class RegionFile:
    """What a file holds.

    Attributes
    ----------
    regions : tuple of Region
    notes : tuple of str
        What was left out, by line.
    """

    regions: tuple[Region, ...]
    notes: tuple[str, ...] = ()


def read_regions(path: str | os.PathLike[str], frame: PixelFrame) -> RegionFile:
    """Read a ds9 file.

    Raises
    ------
    ReadError
        When it cannot be read, or is no text.
    ConfigError
        When a line cannot be understood; the text begins with file and line.
    """
    path = Path(path)
    try:
        raw = read_small_file(path, _MOST_BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            reason = "more than 2 MB: no list of regions"
            raise ReadError(path, reason, id="E_REGIONS") from error
        raise ReadError(path, error.strerror or str(error), id="E_MISSING") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(path, "is not text, so no ds9 regions", id="E_REGIONS") from error
    try:
        return parse_regions(text, frame)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_regions(text: str, frame: PixelFrame) -> RegionFile:
    """Read the text of a ds9 file.

    Raises
    ------
    ConfigError
        When a line cannot be understood; the text begins with its number.
    """
    system = "image"
    found: list[tuple[int, str, Region]] = []
    notes: list[str] = []
    for number, words, properties in _commands(text):
        name = words.name
        try:
            if name in ("global", "composite", "tile"):
                continue
            if name in _SYSTEMS or sky_system(name):
                system = name
                if words.rest.strip():
                    _refuse(f"{words.rest.strip()[:40]!r} follows {name} without ;")
            elif name in MARKERS:
                notes.append(f"line {number}: {name} has no area; left out")
            elif name in AREAS:
                region = make_region(words, system, frame, **_kept(properties))
                found.append((number, words.sign, region))
            else:
                _refuse(_unknown(name))
        except BgviewerError as error:
            raise ConfigError(f"line {number}: {error}") from error
        if len(found) > _MOST_REGIONS:
            raise ConfigError(f"line {number}: more than {_MOST_REGIONS} regions")
    _check_signs(found)
    return RegionFile(tuple(dict.fromkeys(region for _, _, region in found)), tuple(notes))


def _refuse(text: str) -> NoReturn:
    raise ConfigError(text)


def _unknown(name: str) -> str:
    if name in _LACKING:
        return f"coordinates {name!r} are not known here; save as image, physical or fk5"
    known = ", ".join(AREAS)
    return f"{name[:40]!r} is no shape that can be ignored; known are {known}"


def _check_signs(found: list[tuple[int, str, Region]]) -> None:
    minus = {sign == "-" for _, sign, _ in found}
    if len(minus) == 2:
        first = found[0][1] == "-"
        number = next(n for n, sign, _ in found if (sign == "-") != first)
        raise ConfigError(
            f"line {number}: some regions have a - in front and some have not; all regions of a "
            "file are ignored, so give all of them a -, or none"
        )


def _commands(text: str) -> Iterator[tuple[int, Words, str]]:
    """Give every command with its line's number and its properties."""
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        for part in _parts(line):
            command, _, properties = part.partition("#")
            command = command.replace("||", " ")
            if not command.strip():
                continue
            match = _NAME.match(command)
            if match is None:
                raise ConfigError(f"line {number}: {command.strip()[:40]!r} names no shape")
            name = match[2].lower()
            yield number, Words(match[1], name, command[match.end() :]), properties


def _parts(line: str) -> Iterator[str]:
    """Split at ``;``, but not in a comment line or inside the braces and quotes of properties."""
    if line.lstrip().startswith("#"):
        return
    begin, closing, commented = 0, "", False
    for at, letter in enumerate(line):
        if closing:
            closing = "" if letter == closing else closing
        elif letter == ";":
            yield line[begin:at]
            begin, commented = at + 1, False
        elif letter == "#":
            commented = True
        elif commented and letter in "{\"'":
            closing = {"{": "}"}.get(letter, letter)
    yield line[begin:]


def _kept(properties: str) -> dict[str, str | None]:
    exposure, note = None, ""
    for key, value in _PROPERTY.findall(properties):
        value = value[1:-1] if value[0] in "{\"'" else value
        if key == "tag" and value.startswith(_TAG):
            exposure = _plain(value.removeprefix(_TAG))
        elif key == "text":
            note = _plain(value)
    return {"exposure": exposure or None, "note": note}


def _plain(value: str) -> str:
    return unquote(value, errors="surrogateescape")


def _braced(value: str) -> str:
    def coded(match: re.Match[str]) -> str:
        return quote(match[0], safe="", errors="surrogateescape")

    return "{" + _KEPT.sub(coded, value) + "}"


def format_regions(regions: Iterable[Region], frame: PixelFrame) -> str:
    """Return the text of a ds9 file, in image coordinates."""
    lines = [
        "# Region file format: DS9 version 4.1",
        "# bgviewer: the pixels in these regions are ignored",
        'global color=green dashlist=8 3 width=1 font="helvetica 10 normal roman" select=1 '
        "highlite=1 dash=0 fixed=0 edit=1 move=1 delete=1 include=1 source=1",
        "image",
    ]
    for region in regions:
        numbers = [Decimal(repr(n)) for n in region.numbers]
        placed = len(numbers) if region.shape == "polygon" else 2
        texts = [
            _digits(frame.to_image(value, axis=i % 2) if i < placed else value)
            for i, value in enumerate(numbers)
        ]
        properties = []
        if region.exposure is not None:
            properties.append(f"tag={_braced(_TAG + region.exposure)}")
        if region.note:
            properties.append(f"text={_braced(region.note)}")
        comment = f" # {' '.join(properties)}" if properties else ""
        lines.append(f"-{region.shape}({','.join(texts)}){comment}")
    return "\n".join(lines) + "\n"


def _digits(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def write_regions(
    path: str | os.PathLike[str],
    regions: Iterable[Region],
    frame: PixelFrame,
    overwrite: bool = False,
) -> Path:
    """Write a ds9 file.

    Raises
    ------
    WriteError
        When the file exists (without `overwrite`) or cannot be written.
    """
    return write_text(path, format_regions(regions, frame), overwrite)
