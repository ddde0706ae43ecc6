"""Numbers as text: the relation that is printed is the one that holds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.engine.relation import as_compared

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "limit", "texts"),
    [
        (0.5, 1.1, ("0.5", "1.1")),
        (1.1, 1.1, ("1.1", "1.1")),
        (1.1004, 1.1, ("1.1004", "1.1")),
        (29.97, 30.0, ("29.97", "30")),
        (99.96, 99.98, ("99.96", "99.98")),
    ],
)
def test_as_few_digits_as_show_the_relation(value, limit, texts):
    assert as_compared(value, limit) == texts


@given(NUMBERS, NUMBERS)
def test_the_relation_holds_for_the_texts(value, limit):
    one, other = map(float, as_compared(value, limit))
    assert (one > other, one < other) == (value > limit, value < limit)


def test_what_is_not_known_is_printed_as_it_is():
    assert as_compared(math.nan, 1.0) == ("nan", "1")
