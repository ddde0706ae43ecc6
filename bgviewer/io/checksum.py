"""FITS checksums: the 32-bit one's complement sum and its ASCII encoding.

Source: FITS Standard 4.0, section 4.4.2.7 and appendix J.
"""

from __future__ import annotations

from collections.abc import Iterable

from bgviewer.io.cards import format_card, header_bytes, put_card
from bgviewer.io.words import sum_of_words

__all__ = ["carried", "encode", "ones_complement_sum", "with_checksums"]

_ALL_ONES = 0xFFFFFFFF
_PUNCTUATION = frozenset([*range(0x3A, 0x41), *range(0x5B, 0x61)])


def ones_complement_sum(pieces: Iterable[bytes | memoryview], start: int = 0) -> int:
    """Sum `pieces` (each a multiple of 4 bytes) as big-endian words, carries wrapped around."""
    total = start
    for piece in pieces:
        total = carried(total + sum_of_words(piece))
    return total


def carried(total: int) -> int:
    """Wrap the carries of a sum around, so that 32 bits hold it."""
    while total > _ALL_ONES:
        total = (total & _ALL_ONES) + (total >> 32)
    return total


def encode(total: int) -> str:
    """Encode the complement of `total` as the 16 characters of a CHECKSUM card."""
    value = ~total & _ALL_ONES
    columns = []
    for shift in (24, 16, 8, 0):
        byte = value >> shift & 0xFF
        four = [byte // 4 + byte % 4 + 0x30, *[byte // 4 + 0x30] * 3]
        while any(code in _PUNCTUATION for code in four):
            for pair in (0, 2):
                if four[pair] in _PUNCTUATION or four[pair + 1] in _PUNCTUATION:
                    four[pair] += 1
                    four[pair + 1] -= 1
        columns.append(four)
    text = "".join(chr(columns[byte][row]) for row in range(4) for byte in range(4))
    return text[-1] + text[:-1]


def with_checksums(cards: list[bytes], data_sum: int) -> list[bytes]:
    """Return `cards` with DATASUM and CHECKSUM right for data whose sum is `data_sum`."""
    cards = put_card(cards, format_card("DATASUM", str(data_sum), "data unit checksum"))
    blank = format_card("CHECKSUM", "0" * 16, "HDU checksum")
    cards = put_card(cards, blank)
    total = ones_complement_sum([header_bytes(cards)], data_sum)
    return put_card(cards, format_card("CHECKSUM", encode(total), "HDU checksum"))
