"""Cards against astropy's reading of the standard."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.io import cards

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=34)


@given(
    st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False).filter(np.isfinite)
)
def test_numbers_read_back_equal(value):
    raw = cards.format_card("BGVTEST", value, "a comment")
    assert len(raw) == 80
    card = fits.Card.fromstring(raw)
    card.verify("exception")
    assert card.keyword == "BGVTEST"
    assert card.value == value
    assert type(card.value) is type(value)


@given(PRINTABLE)
def test_text_reads_back_without_trailing_blanks(text):
    card = fits.Card.fromstring(cards.format_card("BGVTEST", text))
    card.verify("exception")
    assert card.value == text.rstrip()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "é", "x" * 69, "'" * 35, "a\nb"])
def test_what_no_card_can_hold_is_refused(value):
    with pytest.raises(ValueError, match="BGVTEST"):
        cards.format_card("BGVTEST", value)


@pytest.mark.parametrize("name", ["", "NINECHARS", "É"])
def test_keywords_are_checked(name):
    with pytest.raises(ValueError, match="keyword"):
        cards.format_card(name, 1)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=600))
def test_chunks_join_to_the_text_and_fit_a_card(text):
    chunks = cards.text_chunks(text)
    assert "".join(chunks) == text
    for chunk in chunks:
        cards.format_card("BGVMASKZ", chunk)
    for chunk in chunks[:-1]:
        assert chunk == chunk.rstrip() or not chunk.strip()


def test_chunks_break_at_commas():
    names = ["DETECTED_NEGATIVE"] * 8
    assert all(c.endswith(",") for c in cards.text_chunks(",".join(names))[:-1])


@given(st.text(max_size=400))
def test_history_is_ascii_and_complete(text):
    records = cards.history_cards(text)
    assert all(len(r) == 80 and r.startswith(b"HISTORY ") for r in records)
    joined = "".join(r[8:].decode("ascii") for r in records)
    assert joined.replace(" ", "") == cards.plain_text(text).replace(" ", "")


def test_dropping_takes_continue_cards_along():
    card = fits.Card("LONGTEXT", "x" * 200)
    raw = [*cards.split_cards(card.image.encode()), cards.format_card("KEPT", 1)]
    assert [cards.keyword(c) for c in raw] == ["LONGTEXT", "CONTINUE", "CONTINUE", "KEPT"]
    kept = cards.drop_cards(raw, lambda name: name == "LONGTEXT")
    assert [cards.keyword(c) for c in kept] == ["KEPT"]


def test_put_replaces_in_place_and_removes_doubles():
    raw = [cards.format_card(k, v) for k, v in (("A", 1), ("B", 2), ("A", 3))]
    out = cards.put_card(raw, cards.format_card("A", 9))
    assert [(c.keyword, c.value) for c in map(fits.Card.fromstring, out)] == [("A", 9), ("B", 2)]
    assert cards.keyword(cards.put_card(out, cards.format_card("C", 1))[-1]) == "C"


def test_new_cards_go_before_trailing_blank_ones():
    blank = b" " * 80
    raw = [cards.format_card("A", 1), blank, blank]
    out = cards.append_cards(raw, [cards.format_card("B", 2)])
    assert [cards.keyword(c) for c in out] == ["A", "B", "", ""]


def test_hierarch_keyword():
    assert cards.keyword(b"HIERARCH MP_DETECTED = 5".ljust(80)) == "MP_DETECTED"


def test_header_is_whole_blocks_and_parses():
    raw = cards.header_bytes([cards.format_card("A", 1)] * 40)
    assert len(raw) == 2 * 2880
    assert len(cards.split_cards(raw)) == 40


def test_wcsaxes_moves_before_the_wcs_only_when_it_is_late():
    names = ["SIMPLE", "PV2_3", "FILTER", "WCSAXES", "CRPIX1", "WCSAXESA"]
    out = cards.wcs_axes_first([cards.format_card(n, 1) for n in names])
    assert [cards.keyword(c) for c in out] == [
        "SIMPLE", "WCSAXES", "WCSAXESA", "PV2_3", "FILTER", "CRPIX1",
    ]  # fmt: skip
    right = [cards.format_card(n, 1) for n in ("SIMPLE", "WCSAXES", "CRPIX1")]
    assert cards.wcs_axes_first(right) == right


def test_history_has_no_escapes_for_the_signs_of_our_texts():
    text = "too few cells: 4 × 4, −1 … ±2 σ, é"
    assert cards.history_cards(text)[0].decode().rstrip() == (
        "HISTORY too few cells: 4 x 4, -1 ... +/-2 sigma, e"
    )
