"""FITS header cards as raw 80-byte records, so that what is not changed stays byte-identical.

Only what bgviewer writes itself is formatted here; all other cards travel as they were read.
Source: FITS Standard 4.0, section 4.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "BLOCK",
    "CARD",
    "PLAIN_SIGNS",
    "Value",
    "append_cards",
    "ascii_text",
    "drop_cards",
    "format_card",
    "header_bytes",
    "hierarch_card",
    "history_cards",
    "keyword",
    "plain_text",
    "put_card",
    "split_cards",
    "text_cards",
    "text_chunks",
    "wcs_axes_first",
]

CARD = 80
BLOCK = 2880
STRING_ROOM = 68
"""Characters between the quotes of a string card."""

PLAIN_SIGNS = {
    "─": "-", "−": "-", "–": "-", "×": "x", "≤": "<=", "≥": ">=", "…": "...", "→": "->",
    "±": "+/-", "·": ".", "²": "^2", "σ": "sigma", "χ": "chi", "λ": "lambda", "µ": "u",
}  # fmt: skip
"""Signs of our own texts, and how they are written where there is only ASCII."""

_WCSAXES = re.compile(r"WCSAXES[A-Z]?$")
_OTHER_WCS = re.compile(
    r"(?:C(?:TYPE|RVAL|RPIX|DELT|UNIT|ROTA|NAME|RDER|SYER)\d+|(?:CD|PC|PV|PS)\d+_\d+"
    r"|LONPOLE|LATPOLE|RADESYS|EQUINOX|SPECSYS|WCSNAME)[A-Z]?$"
)

Value = bool | int | float | str


def split_cards(raw: bytes) -> list[bytes]:
    """Cut a header (with or without END and padding) into its 80-byte cards, END left out."""
    cards = [raw[i : i + CARD] for i in range(0, len(raw) - CARD + 1, CARD)]
    for index, card in enumerate(cards):
        if card.rstrip() == b"END":
            return cards[:index]
    return cards


def keyword(card: bytes) -> str:
    """Return a card's keyword; for ``HIERARCH`` cards the long name."""
    name = card[:8].decode("latin-1").rstrip()
    if name == "HIERARCH":
        return card[8:].split(b"=", 1)[0].decode("latin-1").strip()
    return name


def ascii_text(text: str) -> str:
    """Write `text` in printable ASCII; reversible with the ``unicode_escape`` codec."""
    return text.encode("unicode_escape").decode("ascii")


def _number(value: float) -> str:
    text = repr(value).upper()
    if "." not in text:
        mantissa, mark, exponent = text.partition("E")
        text = f"{mantissa}.0{mark}{exponent}"
    return text


def format_card(name: str, value: Value, comment: str = "") -> bytes:
    """Format one card in FITS fixed format; a comment that does not fit is cut.

    Raises
    ------
    ValueError
        For a keyword, text or number that one FITS card cannot hold.
    """
    if not 0 < len(name) <= 8 or not name.isascii():
        raise ValueError(f"{name!r} is no FITS keyword")
    if isinstance(value, bool):
        text = f"{'T' if value else 'F':>20}"
    elif isinstance(value, int):
        text = f"{value:>20d}"
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{name} = {value}: FITS has no such number")
        text = f"{_number(value):>20}"
    else:
        quoted = value.replace("'", "''")
        if not value.isascii() or not value.isprintable() or len(quoted) > STRING_ROOM:
            raise ValueError(f"{name} = {value!r} does not fit one card")
        text = f"'{quoted:<8}'".ljust(20)
    card = f"{name:<8}= {text}"
    if comment and len(card) + 4 < CARD:
        card = f"{card} / {comment}"
    return card[:CARD].ljust(CARD).encode("ascii")


def hierarch_card(name: str, value: bool | int | float) -> bytes:
    """Format a card whose keyword has more than eight characters.

    Raises
    ------
    ValueError
        For a number that FITS does not have, or a card that would be too long.
    """
    shown = format_card("X", value)[10:].strip().decode("ascii")
    card = f"HIERARCH {name} = {shown}"
    if len(card) > CARD:
        raise ValueError(f"{name} = {value!r} does not fit one card")
    return card.ljust(CARD).encode("ascii")


def history_cards(text: str) -> list[bytes]:
    """Wrap `text` into HISTORY cards of at most 72 characters each."""
    return text_cards("HISTORY", text)


def plain_text(text: str) -> str:
    """Return a sentence in ASCII: signs in other words, accents dropped, the rest as escapes.

    Examples
    --------
    >>> plain_text("4 × 4 cells − é")
    '4 x 4 cells - e'
    """
    for sign, words in PLAIN_SIGNS.items():
        text = text.replace(sign, words)
    return ascii_text("".join(_without_accent(c) for c in text))


def _without_accent(character: str) -> str:
    """Return the ASCII letter that a letter with an accent is made of; others as they are."""
    letter = unicodedata.normalize("NFD", character)[0]
    return letter if letter.isascii() and letter.isalpha() else character


def text_cards(name: str, text: str) -> list[bytes]:
    """Wrap a sentence into HISTORY or COMMENT cards of at most 72 characters each."""
    words, lines, line = plain_text(text).split(" "), [], ""
    for word in words:
        while len(word) > 72:
            if line:
                lines.append(line)
                line = ""
            lines.append(word[:72])
            word = word[72:]
        joined = f"{line} {word}" if line else word
        if len(joined) <= 72:
            line = joined
        else:
            lines.append(line)
            line = word
    lines.append(line)
    return [f"{name:<8}{entry}".ljust(CARD).encode("ascii") for entry in lines]


def text_chunks(text: str, room: int = STRING_ROOM - 2) -> list[str]:
    """Cut ASCII `text` into pieces for several string cards; joined they give it back.

    Long strings by CONTINUE draw a warning of fitsverify without LONGSTRN, several short cards
    do not.  No piece but the last ends in a blank, which FITS would drop.
    """
    chunks = []
    while text:
        size, width = 0, 0
        while size < len(text) and width + 1 + (text[size] == "'") <= room:
            width += 1 + (text[size] == "'")
            size += 1
        if size < len(text):
            comma = text.rfind(",", 0, size)
            size = comma + 1 if comma > 0 else size
            while size > 1 and text[size - 1] == " ":
                size -= 1
        chunks.append(text[:size])
        text = text[size:]
    return chunks or [""]


def drop_cards(cards: Iterable[bytes], unwanted: Callable[[str], bool]) -> list[bytes]:
    """Return the cards whose keyword is not `unwanted`, CONTINUE cards going with theirs."""
    kept, dropping = [], False
    for card in cards:
        name = keyword(card)
        if name != "CONTINUE":
            dropping = unwanted(name)
        if not dropping:
            kept.append(card)
    return kept


def append_cards(cards: Sequence[bytes], new: Iterable[bytes]) -> list[bytes]:
    """Return `cards` with `new` after the last card that is not blank."""
    end = len(cards)
    while end and not cards[end - 1].strip():
        end -= 1
    return [*cards[:end], *new, *cards[end:]]


def put_card(cards: Sequence[bytes], card: bytes) -> list[bytes]:
    """Return `cards` with `card` in the place of the first of its keyword, else at the end."""
    name = keyword(card)
    out, placed = [], False
    for old in cards:
        if keyword(old) == name:
            if not placed:
                out.append(card)
            placed = True
        else:
            out.append(old)
    return out if placed else append_cards(out, [card])


def wcs_axes_first(cards: Sequence[bytes]) -> list[bytes]:
    """Return `cards` with WCSAXES before the other WCS cards, as the standard demands.

    Some writers append it; the order carries no meaning but is an error to fitsverify.
    """
    out = list(cards)
    names = [keyword(card) for card in out]
    late = [i for i, name in enumerate(names) if _WCSAXES.match(name)]
    first = next((i for i, name in enumerate(names) if _OTHER_WCS.match(name)), len(out))
    moved = [out[i] for i in late if i > first]
    out = [card for i, card in enumerate(out) if i not in late or i < first]
    return [*out[:first], *moved, *out[first:]]


def header_bytes(cards: Sequence[bytes]) -> bytes:
    """Join cards, END and padding into whole blocks."""
    raw = b"".join(cards) + b"END".ljust(CARD)
    return raw.ljust(-(-len(raw) // BLOCK) * BLOCK)
