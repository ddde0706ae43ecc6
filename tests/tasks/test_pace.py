"""How long the rest of a run will take."""

import pytest

from bgviewer.tasks.pace import Pace


def test_it_is_quiet_until_two_have_finished():
    pace = Pace(24)
    assert pace.left is None and pace.text == "0 of 24"
    pace = pace.after(10.0)
    assert pace.left is None and pace.text == "1 of 24"
    pace = pace.after(18.0)
    assert pace.left == pytest.approx(22 * 9.0)
    assert pace.text == "2 of 24 · about 3 min left"


@pytest.mark.parametrize(
    ("elapsed", "text"),
    [
        (0.2, "7 of 24 · about 1 s left"),
        (2.9, "7 of 24 · about 7 s left"),
        (16.5, "7 of 24 · about 40 s left"),
        (60.0, "7 of 24 · about 2 min left"),
        (7000.0, "7 of 24 · about 4 h 43 min left"),
    ],
)
def test_the_time_is_as_exact_as_it_deserves(elapsed, text):
    assert Pace(24, 7, elapsed).text == text


def test_at_the_end_there_is_nothing_left_to_say():
    assert Pace(2, 2, 5.0).text == "2 of 2"
    assert Pace(0).text == "0 of 0" and Pace(0).left is None
    assert Pace(1).text == "0 of 1"
