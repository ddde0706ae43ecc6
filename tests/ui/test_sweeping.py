"""Parts of the sweep's dock: colours that can be read, hatching, sentences."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import Qt

from bgviewer.engine.scores import Score
from bgviewer.engine.sweeping import Candidate, SweepCell, SweepSpace
from bgviewer.tasks.sweep_view import heat_map, summary_of
from bgviewer.ui.sweeping.heat_map import HeatMapView, readable_on, short_model
from bgviewer.ui.sweeping.words import sentence
from bgviewer.ui.theme import colour_table

SPACE = SweepSpace((256, 64), (1, 3), ("AKIMA_SPLINE",))


def scored(candidate: Candidate, value: float, freedom: int) -> SweepCell:
    sums = np.array([value - 0.01, value + 0.01])
    found = Score(value, 0.01, 1.0, sums, np.ones(2))
    return SweepCell(candidate, score=found, training=found, freedom=freedom)


CELLS = (
    scored(Candidate(256, 1, None, "MEAN"), 16.0, 3),
    SweepCell(Candidate(256, 3, None, "MEAN"), "too few cells with data for this order"),
    scored(Candidate(256, None, "AKIMA_SPLINE", "MEAN"), 4.0, 16),
    scored(Candidate(64, 3, None, "MEAN"), 1.0, 10),
)


def luminance(red: float, green: float, blue: float) -> float:
    """WCAG 2's relative luminance."""
    parts = np.array([red, green, blue]) / 255
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_numbers_can_be_read_on_every_colour():
    for red, green, blue, _ in colour_table("sequential"):
        text = readable_on(int(red), int(green), int(blue))
        below, above = sorted((luminance(red, green, blue), luminance(*text.getRgb()[:3])))
        assert (above + 0.05) / (below + 0.05) >= 4.5


def test_the_scale_gets_steadily_lighter():
    """What is told by colour is told by lightness, which colour-blind eyes see."""
    light = [luminance(*row[:3]) for row in colour_table("sequential")]
    assert (np.diff(light) > -1e-3).all() and light[-1] > 10 * light[0]


@pytest.fixture
def view(qtbot):
    view = HeatMapView()
    qtbot.addWidget(view)
    view.resize(600, 160)
    view.show_map(heat_map(SPACE, CELLS, CELLS[2].candidate), "nJy")
    view.show()
    return view


def colours_in(view, row, column) -> set[str]:
    """The colours along the diagonals of a cell."""
    box = view.visualRect(view.heat.index(row, column)).adjusted(6, 3, -6, -3)
    image = view.viewport().grab(box).toImage()
    return {
        image.pixelColor(x, y).name()
        for y in range(image.height())
        for x in range(image.width() // 4)
    }


def test_what_is_not_possible_is_hatched_and_what_has_not_come_is_plain(view):
    assert len(colours_in(view, 0, 1)) > 1, "hatched"
    assert len(colours_in(view, 1, 0)) == 1, "plain: not tried yet"
    assert [view.heat.data(view.heat.index(0, i)) for i in range(3)] == ["4.00", "✕", "2.00 ●"]
    assert view.heat.data(view.heat.index(1, 1)) == "1.00 ✓▼"
    assert view.heat.data(view.heat.index(1, 0)) == "…"


def test_only_cells_with_a_score_can_be_chosen(view, qtbot):
    chosen = []
    view.chosen.connect(chosen.append)
    for row, column in ((0, 1), (1, 0), (0, 0)):
        at = view.visualRect(view.heat.index(row, column)).center()
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert [c.candidate for c in chosen] == [CELLS[0].candidate]
    view.show_map(heat_map(SPACE, CELLS), "nJy", clickable=False)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert len(chosen) == 1


def test_models_have_short_names():
    names = ("order 3", "AKIMA_SPLINE", "NATURAL_SPLINE", "CUBIC_SPLINE_PERIODIC", "LINEAR")
    expected = ["order 3", "Akima", "Natural", "Cubic periodic", "Linear"]
    assert [short_model(n) for n in names] == expected


def test_the_sentence_says_choice_best_and_default():
    text = sentence(summary_of(CELLS), "nJy", running=False)
    assert text.startswith("Recommended: binSize 64, order 3, MEAN; held-out error 1.00 nJy")
    assert "(score 1.00 ± 0.010 nJy²)" in text and "best of all" in text
    assert "LSST's default (binSize 256, AKIMA_SPLINE, MEAN): 2.00 nJy." in text
    assert sentence(summary_of(CELLS[3:]), "", True).startswith("So far: binSize 64")
    assert "default was not tried" in sentence(summary_of(CELLS[3:]), "", True)
    assert "None of the settings" in sentence(summary_of(CELLS[1:2]), "", False)
    one = summary_of(CELLS, CELLS[3].candidate)
    assert sentence(one, "nJy", False).endswith("It is set.")
