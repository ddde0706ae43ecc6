"""Checksums against astropy's."""

from __future__ import annotations

import io

import numpy as np
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.io import cards, checksum


@given(st.binary(max_size=400).map(lambda b: b + b"\0" * (-len(b) % 4)))
def test_sum_is_the_schoolbook_one(data):
    total = 0
    for i in range(0, len(data), 4):
        total += int.from_bytes(data[i : i + 4], "big")
        total = (total & 0xFFFFFFFF) + (total >> 32)
    assert checksum.ones_complement_sum([data]) == total
    assert checksum.ones_complement_sum([data[:8], data[8:]]) == total


@given(st.integers(0, 2**32 - 1))
def test_encoding_makes_the_sum_all_ones(total):
    text = checksum.encode(total)
    assert len(text) == 16
    assert text.isalnum()
    rotated = (text[1:] + text[0]).encode()
    # The bare value is offset by ASCII zeros, as in the standard's appendix.
    zeros = checksum.ones_complement_sum([b"0000" * 4])
    value = checksum.ones_complement_sum([rotated])
    assert (value - zeros) % 0xFFFFFFFF == (~total & 0xFFFFFFFF) % 0xFFFFFFFF


@given(st.integers(0, 2**31), st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=50))
def test_a_stranger_finds_the_sums_right(extra, values):
    data = np.array([values], dtype=">i4")
    raw = data.tobytes() + b"\0" * (-data.nbytes % 2880)
    header = [
        cards.format_card("SIMPLE", True),
        cards.format_card("BITPIX", 32),
        cards.format_card("NAXIS", 2),
        cards.format_card("NAXIS1", len(values)),
        cards.format_card("NAXIS2", 1),
        cards.format_card("EXTRA", extra),
    ]
    header = checksum.with_checksums(header, checksum.ones_complement_sum([raw]))
    stream = io.BytesIO(cards.header_bytes(header) + raw)
    with fits.open(stream, checksum=True) as hdus:
        assert hdus[0].verify_datasum() == 1
        assert hdus[0].verify_checksum() == 1


def test_old_sums_are_replaced_where_they_stand():
    header = [cards.format_card(n, "x") for n in ("CHECKSUM", "DATASUM", "OBJECT")]
    out = checksum.with_checksums(header, 17)
    assert [cards.keyword(c) for c in out] == ["CHECKSUM", "DATASUM", "OBJECT"]
    assert fits.Card.fromstring(out[1]).value == "17"
