"""FITS checksums: the 32-bit one's complement sum and its ASCII encoding.

Source: FITS Standard 4.0, section 4.4.2.7 and appendix J.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from bgviewer.engine.bands import row_bands
from bgviewer.io.cards import format_card, header_bytes, put_card
from bgviewer.io.layout import FitsFile, card_text
from bgviewer.io.words import BAND_BYTES, sum_of_words

__all__ = ["carried", "encode", "ones_complement_sum", "stale_sums", "with_checksums"]

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


def stale_sums(path: str | os.PathLike[str]) -> list[str]:
    """Say which HDUs have another sum than their CHECKSUM or DATASUM card states.

    Raises
    ------
    ReadError
        When the file cannot be read.
    """
    found = []
    with FitsFile(path) as file:
        for hdu in file.hdus:
            stated = {name: card_text(hdu.header, name) for name in ("CHECKSUM", "DATASUM")}
            if not any(stated.values()) or hdu.stop > file.size:
                continue
            data = 0
            for first, last in row_bands(hdu.data_start, hdu.stop, BAND_BYTES):
                data = ones_complement_sum([file.read_bytes(first, last)], data)
            whole = ones_complement_sum([hdu.raw], data)
            wrong = [] if not stated["CHECKSUM"] or whole in (0, _ALL_ONES) else ["CHECKSUM"]
            told = stated["DATASUM"]
            if told.isdigit() and int(told) % _ALL_ONES != data % _ALL_ONES:
                wrong.append("DATASUM")
            if wrong:
                names = " and ".join(wrong)
                found.append(f"{hdu.label}: {names} disagree with the bytes that are there")
    return found


def with_checksums(cards: list[bytes], data_sum: int) -> list[bytes]:
    """Return `cards` with DATASUM and CHECKSUM right for data whose sum is `data_sum`."""
    cards = put_card(cards, format_card("DATASUM", str(data_sum), "data unit checksum"))
    blank = format_card("CHECKSUM", "0" * 16, "HDU checksum")
    cards = put_card(cards, blank)
    total = ones_complement_sum([header_bytes(cards)], data_sum)
    return put_card(cards, format_card("CHECKSUM", encode(total), "HDU checksum"))
