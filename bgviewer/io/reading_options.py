"""What may be said about how a file is read: declared once for files, command line and window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bgviewer.errors import ConfigError
from bgviewer.io.conventions.choice import MASK_MEANINGS, NO_CHOICE, NOISE_KINDS, Choice

__all__ = ["READING_OPTIONS", "ReadingOption", "choice_from", "choice_values", "merged"]

_SIDE_CAR = (
    "none, the number of an HDU of the file, or the name of a file in the same folder, with [n] "
    "after it for one of its HDUs; {stem} in it stands for the exposure's own name"
)


@dataclass(frozen=True)
class ReadingOption:
    """One thing a person can say about a file.

    Attributes
    ----------
    name : str
        Field of `Choice`.
    key, flag : str
        Name in settings files and on the command line.
    kind : {"index", "place", "choice", "number"}
    title : str
        Label in the window.
    help : str
        What it is.
    metavar : str
        What stands for the value in help texts.
    allowed : tuple of str
        Values of a choice.
    """

    name: str
    key: str
    flag: str
    kind: str
    title: str
    help: str
    metavar: str = ""
    allowed: tuple[str, ...] = ()

    def check(self, value: Any) -> Any:
        """Return the value in its type.

        Raises
        ------
        ConfigError
            Naming the key, when it is of another type or out of range.
        """
        if self.kind == "index" and type(value) is int and value >= 0:
            return value
        if self.kind == "number" and type(value) in (int, float) and math.isfinite(value):
            return float(value)
        if self.kind == "choice" and value in self.allowed:
            return value
        if self.kind == "place" and type(value) is int and value >= 0:
            return str(value)
        if self.kind == "place" and isinstance(value, str) and _is_place(value):
            word = value.strip()
            bare = word[1:-1] if word[:1] == "[" and word[-1:] == "]" else word
            return bare if bare.isdigit() else word
        raise ConfigError(f"{self.key} = {value!r}: must be {self.rule}", value=value)

    def parse(self, word: str) -> Any:
        """Return the value that a word of the command line means; as `check`."""
        value: Any = word.strip()
        try:
            value = int(value) if self.kind == "index" else value
            value = float(value) if self.kind == "number" else value
        except ValueError:
            value = word
        return self.check(value)

    @property
    def rule(self) -> str:
        """What values are allowed."""
        if self.kind == "choice":
            return f"one of {', '.join(self.allowed)}"
        return {
            "index": "a whole number from 0 up",
            "number": "a number",
            "place": "none, the number of an HDU, or a file's name without a folder",
        }[self.kind]


def _is_place(value: str) -> bool:
    word = value.strip()
    return bool(word) and word.isprintable() and not any(sign in word for sign in "/\\")


_ALL = (
    ReadingOption(
        "hdu", "hdu", "--hdu", "index", "Image", "HDU of the image, counted from 0", "N"
    ),
    ReadingOption(
        "layer", "layer", "--layer", "index", "Plane", "plane of a cube, counted from 0", "N"
    ),
    ReadingOption(
        "mask", "mask", "--mask", "place", "Mask", f"where the mask lies: {_SIDE_CAR}",
        "FILE|N|none",
    ),
    ReadingOption(
        "mask_meaning", "maskMeaning", "--mask-meaning", "choice", "Numbers of the mask",
        "what the numbers of the mask mean: bits; codes, one per pixel; nonzero = bad where not "
        "0; positive = bad where not above 0, as of a weight; none = no mask",
        allowed=MASK_MEANINGS,
    ),
    ReadingOption(
        "noise", "noise", "--noise", "place", "Uncertainty",
        f"where the uncertainty lies: {_SIDE_CAR}", "FILE|N|none",
    ),
    ReadingOption(
        "noise_kind", "noiseKind", "--noise-kind", "choice", "Kind of uncertainty",
        "what the uncertainty is; a weight says only which pixels count",
        allowed=NOISE_KINDS,
    ),
    ReadingOption(
        "zero_point", "fileZeroPoint", "--file-zero-point", "number", "Zero point",
        "AB magnitude of one pixel unit of the files, instead of what they state", "MAG",
    ),
)  # fmt: skip
READING_OPTIONS: Mapping[str, ReadingOption] = {opt.name: opt for opt in _ALL}
"""By field of `Choice`, in the order in which they are shown."""


def choice_from(values: Mapping[str, Any]) -> Choice:
    """Make a choice of the keys of a settings file.

    Raises
    ------
    ConfigError
        For an unknown key or a value that does not fit.
    """
    by_key = {opt.key: opt for opt in _ALL}
    for key in values:
        if key not in by_key:
            raise ConfigError(f"unknown key {key!r}. Known: {', '.join(by_key)}.", value=key)
    return Choice(**{by_key[key].name: by_key[key].check(v) for key, v in values.items()})


def choice_values(choice: Choice) -> dict[str, Any]:
    """Return what a choice says under the keys of a settings file."""
    found = {opt.key: getattr(choice, opt.name) for opt in _ALL}
    return {key: value for key, value in found.items() if value is not None}


def merged(*choices: Choice) -> Choice:
    """Return what the choices say together; later ones win."""
    fields: dict[str, Any] = {}
    for choice in choices:
        for name in READING_OPTIONS:
            if (value := getattr(choice, name)) is not None:
                fields[name] = value
    return Choice(**fields) if fields else NO_CHOICE
