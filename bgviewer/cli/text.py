"""Text that a terminal can be given: names of files and headers are not to be trusted."""

from __future__ import annotations

import re
import unicodedata

from bgviewer.io.cards import PLAIN_SIGNS

__all__ = ["encodable", "escape_json", "one_line", "printable"]

_WIDTHS = ((0x100, "\\x{:02x}"), (0x10000, "\\u{:04x}"))


def printable(text: str, keep: str = "\n\t") -> str:
    r"""Return `text` with control characters and direction marks as escapes.

    Bytes of a file's name that are no UTF-8 become ``\x..`` too.

    Examples
    --------
    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    text = _decoded(text)
    return "".join(c if _is_safe(c) or c in keep else _escaped(c) for c in text)


def one_line(text: str) -> str:
    r"""Return `text` as one line: as `printable`, line breaks become blanks.

    Examples
    --------
    >>> one_line("a\nb")
    'a b'
    """
    return printable(" ".join(text.splitlines()) if not text.isprintable() else text, keep="")


def escape_json(text: str) -> str:
    r"""Return JSON with what is not printable as ``\u....``; it means the same."""
    text = _decoded(text)
    return re.sub(r"[^\n -~]", lambda m: m[0] if _is_safe(m[0]) else _for_json(m[0]), text)


def encodable(text: str, encoding: str | None) -> str:
    """Return `text` with what `encoding` does not have in other words, or as an escape.

    The escapes mean the same in JSON and in TOML.
    """
    try:
        text.encode(encoding or "ascii")
    except UnicodeError:
        return "".join(_encodable(c, encoding or "ascii") for c in text)
    except LookupError:
        return encodable(text, "ascii")
    return text


def _decoded(text: str) -> str:
    """Return names that the locale could not decode as what they are in UTF-8."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    except UnicodeError:
        return text


def _is_safe(character: str) -> bool:
    # Blanks of other widths are harmless, and do stand in our own texts.
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8
        code -= 0xDC00
    return next((form for top, form in _WIDTHS if code < top), "\\U{:08x}").format(code)


def _for_json(character: str) -> str:
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _encodable(character: str, encoding: str) -> str:
    for choice in (character, PLAIN_SIGNS.get(character, "")):
        try:
            if choice and choice.encode(encoding):
                return choice
        except UnicodeError:
            continue
    if unicodedata.category(character) == "Zs":
        return " "
    return _for_json(character)
