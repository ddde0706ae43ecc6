"""The settings that made a file, read back from the cards that bgviewer wrote into it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.errors import ConfigError
from bgviewer.io.cards import text_chunks
from bgviewer.io.layout import FitsFile, card_value
from bgviewer.io.names import file_stem
from bgviewer.io.provenance import REGION_CARDS, Card, is_own_output, read_cards
from bgviewer.io.scaling import checked_zero_point

__all__ = ["RecordedSettings", "region_cards", "settings_of"]

_FOR_ALL, _OWN = "all", "own"


@dataclass(frozen=True, eq=False)
class RecordedSettings:
    """How a file came about.

    Attributes
    ----------
    version : str
        Of the bgviewer that wrote it.
    kind : str
        "matched", "reference", "background" or "report".
    config : MatchConfig or None
        Settings of the match, the exposure's own ones included; None when the cards are damaged.
    extra : mapping
        ``reference`` (the name of its file) and ``zeroPoint``, as far as they are recorded.
    plan : StackPlan
        Regions that were ignored; those of this exposure alone carry the name the file has now.
    sign : str or None
        "ADD" or "SUBTRACT": what is, or is to be, done with the model.
    source_hash : str or None
        First 16 hexadecimal digits of the SHA-256 of the file it was made from.
    figures : mapping of str to float
        ``scale``, ``fit_rms``, ``matched_mse`` and ``diff_im_var`` as far as they are recorded.
    regions : int
        How many regions were ignored; `plan` lacks them where the cards are damaged.
    adjustments : tuple of str
        What was not done as asked.
    aligned : bool
        Whether it was re-projected onto its reference's grid.
    """

    version: str
    kind: str
    config: MatchConfig | None
    extra: Mapping[str, Any] = field(default_factory=dict)
    plan: StackPlan = field(default_factory=StackPlan)
    sign: str | None = None
    source_hash: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    regions: int = 0
    adjustments: tuple[str, ...] = ()
    aligned: bool = False

    @property
    def is_matched(self) -> bool:
        """Whether a background was matched in this very image."""
        return self.kind == "matched"

    def as_values(self) -> dict[str, Any]:
        """Return all of it as plain values, options and extras under LSST's names."""
        return {
            "version": self.version,
            "kind": self.kind,
            "config": None if self.config is None else self.config.to_lsst(),
            **self.extra,
            "sign": self.sign,
            "source_hash": self.source_hash,
            **self.figures,
            "regions": [_words(region) for region in self.plan.regions],
            "n_regions": self.regions,
            "detected": "" if self.plan.detection is None else self.plan.detection.text,
            "aligned": self.aligned,
            "adjustments": list(self.adjustments),
        }


def _words(region: Region) -> str:
    scope = _FOR_ALL if region.exposure is None else _OWN
    return " ".join((scope, region.shape, *(repr(n) for n in region.numbers)))


def region_cards(regions: Iterable[Region]) -> list[Card]:
    """Return cards that hold the regions; none when they are too many for a header."""
    text = ";".join(_words(region) for region in regions)
    chunks = text_chunks(text) if text else []
    if len(chunks) > len(REGION_CARDS):
        return []
    return [(name, chunk, "") for name, chunk in zip(REGION_CARDS, chunks, strict=False)]


def _regions(header: Any, exposure: str) -> tuple[Region, ...]:
    """Read the regions; nothing where their cards are damaged."""
    pieces = []
    for name in REGION_CARDS:
        piece = card_value(header, name)
        if not isinstance(piece, str):
            break
        pieces.append(piece)
    found = []
    for words in filter(None, "".join(pieces).split(";")):
        scope, *rest = words.split(" ")
        try:
            numbers = tuple(float(number) for number in rest[1:])
            own = exposure if scope == _OWN else None
            found.append(Region(rest[0], numbers, own))
        except (ConfigError, ValueError, IndexError):
            return ()
    return tuple(found)


def settings_of(path: str | os.PathLike[str]) -> RecordedSettings | None:
    """Return the settings that are recorded in a file.

    Returns
    -------
    RecordedSettings or None
        None for a file that bgviewer did not write.

    Raises
    ------
    ReadError
        When the file cannot be read.
    """
    with FitsFile(path) as file:
        for hdu in file.hdus:
            if b"BGVVERS" in hdu.raw and is_own_output(hdu.header):
                return _recorded(hdu.header, file_stem(path))
    return None


def _recorded(header: Any, exposure: str) -> RecordedSettings:
    record = read_cards(header) or {}
    extra: dict[str, Any] = {}
    if record["reference"]:
        extra["reference"] = record["reference"]
    try:
        if record["zero_point"]:
            extra["zeroPoint"] = checked_zero_point(record["zero_point"])
    except ConfigError:
        pass  # a damaged card; the others may still be good
    figures = ("scale", "fit_rms", "matched_mse", "diff_im_var")
    return RecordedSettings(
        version=record["version"] or "",
        kind=record["kind"] or "",
        config=record["config"],
        extra=extra,
        plan=StackPlan(regions=_regions(header, exposure), detection=record["detection"]),
        aligned=record["aligned"],
        sign=record["sign"],
        source_hash=record["source_hash"],
        figures={name: record[name] for name in figures if record[name] is not None},
        regions=record["regions"],
        adjustments=record["adjustments"],
    )
