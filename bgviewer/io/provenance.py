"""What bgviewer writes about itself into headers, and how it reads that back: one table.

All keywords begin with BGV.  The options come from their own declaration (`Option.card`), so an
option that is added is recorded too.  Text is ASCII; text too long for one card goes on in cards
numbered 2, 3, ... because CONTINUE cards draw warnings of fitsverify.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bgviewer.engine.config import OPTIONS, MatchConfig, Option
from bgviewer.engine.detection import DETECTION, Detection
from bgviewer.errors import ConfigError
from bgviewer.io.cards import (
    Value,
    ascii_text,
    format_card,
    history_cards,
    plain_text,
    text_chunks,
)

__all__ = ["Card", "is_own_output", "make_cards", "raw_cards", "read_cards", "with_values"]

Card = tuple[str, Value, str]
"""Keyword, value, comment; keyword HISTORY has its text as the value."""

KINDS = ("matched", "reference", "background", "report")
_SUFFIXES = ("", *"23456789", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ")

_TEXTS: tuple[tuple[str, str, str], ...] = (
    ("version", "BGVVERS", "bgviewer version"),
    ("kind", "BGVKIND", "matched, reference, background or report"),
    ("reference", "BGVREF", "reference exposure"),
    ("zero_point", "BGVZP", "common zero point asked for"),
    ("sign", "BGVSIGN", "what is done with the model"),
    ("source_hash", "BGVHASH", "SHA-256 of the source file (first 16)"),
    ("verdict", "BGVVERD", "good, check or bad"),
)
_FIGURES: tuple[tuple[str, str, str], ...] = (
    ("scale", "BGVSCALE", "photometric factor of the figures"),
    ("fit_rms", "BGVRMS", "fitRMS, scaled unit"),
    ("matched_mse", "BGVMSE", "matchedMSE, scaled unit squared"),
    ("diff_im_var", "BGVDVAR", "diffImVar, scaled unit squared"),
    ("verdict_number", "BGVVNUM", "worst error of the model, scaled unit"),
)
_ADJUSTMENT = "BGVADJ"
_REGIONS = "BGVNREG"
_DETECTED, _ALIGNED = "BGVDETBY", "BGVALIGN"
REGION_CARDS = tuple(f"BGVR{n:04d}" for n in range(1, 1000))
"""Keywords of the text that holds the regions."""


def _option_card(opt: Option, config: MatchConfig) -> Card:
    value = getattr(config, opt.name)
    comment = opt.lsst_name + (f" [{opt.unit}]" if opt.unit else "")
    return opt.card, ",".join(value) if opt.kind == "planes" else value, comment


def _version() -> str:
    import bgviewer

    return str(getattr(bgviewer, "__version__", "unknown"))


def make_cards(
    config: MatchConfig,
    *,
    kind: str = "matched",
    reference: str | None = None,
    zero_point: str | float | None = None,
    scale: float = 1.0,
    fit_rms: float | None = None,
    matched_mse: float | None = None,
    diff_im_var: float | None = None,
    verdict: Any = None,
    adjustments: Sequence[Any] = (),
    warnings: Sequence[str] = (),
    regions: int = 0,
    detection: Detection | None = None,
    aligned: bool = False,
    version: str | None = None,
    when: datetime | None = None,
) -> tuple[Card, ...]:
    """Make the cards that say how a file came about.

    Parameters
    ----------
    config : MatchConfig
        Settings of the match.
    kind : {"matched", "reference", "background", "report"}
        What the file is; `write_background` sets it itself.
    reference : str, optional
        File name of the reference.
    zero_point : str or float, optional
        The photometric scaling that was asked for: "auto", "none" or a magnitude.
    scale, fit_rms, matched_mse, diff_im_var : float, optional
        Photometric factor in memory and figures in the scaled unit; None and NaN are left out.
    verdict : Verdict, optional
        Of the match: its state and number become cards, its reason HISTORY.
    adjustments : sequence
        What the engine changed, with ``kind``, ``asked``, ``used`` and ``text`` each.
    warnings : sequence of str
        What the user is told about the exposure; becomes HISTORY.
    regions : int
        Regions whose pixels were ignored in the exposure; 0 is left out.
    detection : Detection, optional
        What made the exposure's DETECTED plane, where it brought none.
    aligned : bool
        Whether the exposure was re-projected onto the grid of the others.
    version, when : str, datetime, optional
        Default: bgviewer's own, and now.

    Returns
    -------
    tuple of Card
        For the writers, which add BGVSIGN and BGVHASH.
    """
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    version = version or _version()
    known = {"version": version, "kind": kind, "reference": reference}
    known["zero_point"] = None if zero_point is None else str(zero_point)
    known["verdict"] = None if verdict is None else verdict.state
    texts = ((card, known.get(name), comment) for name, card, comment in _TEXTS)
    cards: list[Card] = [(card, value, comment) for card, value, comment in texts if value]
    cards += [_option_card(opt, config) for opt in OPTIONS.values()]
    number = None if verdict is None else verdict.number
    figures = zip(_FIGURES, (scale, fit_rms, matched_mse, diff_im_var, number), strict=True)
    for (_name, card, comment), figure in figures:
        if figure is not None and math.isfinite(figure):
            cards.append((card, float(figure), comment))
    if regions:
        cards.append((_REGIONS, int(regions), "regions ignored in this exposure"))
    if detection is not None:
        cards.append((_DETECTED, "bgviewer (sep)", "who made the mask plane DETECTED"))
        for opt in DETECTION.values():
            unit = f" [{opt.unit}]" if opt.unit else ""
            cards.append((opt.card, getattr(detection, opt.name), opt.lsst_name + unit))
    if aligned:
        cards.append((_ALIGNED, "bilinear", "re-projected onto the reference's grid"))
    cards += _adjustment_cards(adjustments)
    cards += _history(version, kind, reference, adjustments, when or datetime.now(UTC))
    if verdict is not None:
        cards.append(("HISTORY", f"bgviewer verdict: {verdict.text}", ""))
    cards += [("HISTORY", f"bgviewer warning: {text}", "") for text in warnings]
    return tuple(cards)


def _adjustment_cards(adjustments: Sequence[Any]) -> list[Card]:
    return [
        (f"{_ADJUSTMENT}{number}", f"{adjusted.kind}: {adjusted.asked} -> {adjusted.used}", "")
        for number, adjusted in enumerate(adjustments[:9], start=1)
    ]


def _history(
    version: str, kind: str, reference: str | None, adjustments: Sequence[Any], when: datetime
) -> list[Card]:
    what = f"background matched to {reference}" if reference else "background matched"
    if kind == "reference":
        what = "reference of a background match"
    stamp = when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [f"bgviewer {version} {stamp}: {what}"]
    lines += [f"bgviewer adjusted: {adjusted.text}" for adjusted in adjustments]
    return [("HISTORY", line, "") for line in lines]


def with_values(cards: Iterable[Card], **values: Value | None) -> tuple[Card, ...]:
    """Return `cards` with the text cards of these names (``kind``, ``sign``, ...) set.

    None leaves the card out.
    """
    table = {name: (card, comment) for name, card, comment in _TEXTS}
    out = list(cards)
    for name, value in values.items():
        card, comment = table[name]
        out = [old for old in out if old[0] != card]
        if value is not None:
            out.append((card, value, comment))
    order = {card: place for place, (_, card, _) in enumerate(_TEXTS)}
    return tuple(sorted(out, key=lambda card: order.get(card[0], len(order))))


def raw_cards(cards: Iterable[Card]) -> list[bytes]:
    """Format `cards` as 80-byte records; HISTORY last, as headers have it."""
    records, history = [], []
    for name, value, comment in cards:
        if name == "HISTORY":
            history += history_cards(str(value))
        elif isinstance(value, str):
            if name.startswith(_ADJUSTMENT):
                records.append(format_card(name, text_chunks(plain_text(value))[0], comment))
                continue
            chunks = text_chunks(ascii_text(value))
            for suffix, chunk in zip(_SUFFIXES, chunks, strict=False):
                records.append(format_card(name + suffix, chunk, comment if not suffix else ""))
        else:
            records.append(format_card(name, value, comment))
    return records + history


def keywords() -> frozenset[str]:
    """All keywords bgviewer may have written: an older set is replaced as a whole."""
    single = {_REGIONS, _DETECTED, _ALIGNED} | {o.card for o in DETECTION.values()}
    single |= {card for _, card, _ in _FIGURES} | {o.card for o in OPTIONS.values()}
    texts = {card for _, card, _ in _TEXTS}
    texts |= {o.card for o in OPTIONS.values() if o.kind in ("planes", "choice")}
    split = {name + suffix for name in texts for suffix in _SUFFIXES if len(name + suffix) <= 8}
    numbered = {f"{_ADJUSTMENT}{n}" for n in range(1, 10)} | set(REGION_CARDS)
    return frozenset(single | split | numbered)


def _value(header: Mapping[str, Any], name: str) -> Any:
    try:
        value = header[name]
    except (KeyError, ValueError):
        return None
    return value


def _text(header: Mapping[str, Any], name: str) -> str | None:
    pieces = []
    for suffix in _SUFFIXES:
        piece = _value(header, name + suffix) if len(name + suffix) <= 8 else None
        if not isinstance(piece, str):
            break
        pieces.append(piece)
    if not pieces:
        return None
    try:
        return codecs.decode("".join(pieces), "unicode_escape")
    except ValueError:
        return "".join(pieces)


def _option_value(opt: Option, header: Mapping[str, Any]) -> Any:
    if opt.kind == "planes":
        text = _text(header, opt.card)
        return None if text is None else tuple(n for n in text.split(",") if n)
    return _value(header, opt.card)


def _detection(header: Mapping[str, Any]) -> Detection | None:
    if _value(header, _DETECTED) is None:
        return None
    found = {opt.name: _value(header, opt.card) for opt in DETECTION.values()}
    try:
        return Detection(**{k: v for k, v in found.items() if v is not None})
    except ConfigError:
        return None


def is_own_output(header: Mapping[str, Any]) -> bool:
    """Whether bgviewer wrote the HDU with this header."""
    return isinstance(_value(header, "BGVVERS"), str)


def read_cards(header: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read back what `make_cards` recorded.

    Returns
    -------
    dict or None
        ``config`` (MatchConfig; None when its cards were damaged), ``version``, ``kind``,
        ``reference``, ``zero_point``, ``sign``, ``source_hash`` (text or None), ``scale``,
        ``fit_rms``, ``matched_mse``, ``diff_im_var``, ``verdict_number`` (float or None),
        ``verdict`` (text or None), ``regions`` (int),
        ``detection`` (Detection or None), ``aligned`` (bool) and ``adjustments`` (tuple of text).
        None for a header bgviewer did not write.
    """
    if not is_own_output(header):
        return None
    out: dict[str, Any] = {name: _text(header, card) for name, card, _ in _TEXTS}
    for name, card, _ in _FIGURES:
        value = _value(header, card)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        out[name] = float(value) if number else None
    regions = _value(header, _REGIONS)
    out["regions"] = regions if isinstance(regions, int) else 0
    out["detection"] = _detection(header)
    out["aligned"] = _value(header, _ALIGNED) is not None
    found = {opt.name: _option_value(opt, header) for opt in OPTIONS.values()}
    try:
        out["config"] = MatchConfig(**{k: v for k, v in found.items() if v is not None})
    except ConfigError:
        out["config"] = None
    texts = (_value(header, f"{_ADJUSTMENT}{n}") for n in range(1, 10))
    out["adjustments"] = tuple(text for text in texts if isinstance(text, str))
    return out
