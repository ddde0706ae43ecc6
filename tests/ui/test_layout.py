"""Layout of the centre: badges, scale bar, room for the pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QCoreApplication, QEvent, QPoint, QRectF, Qt
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from bgviewer.tasks.effective import Effective
from bgviewer.ui.badges import Badges
from bgviewer.ui.bar_shape import LYING
from bgviewer.ui.colour_bar import ColourBar
from bgviewer.ui.figures import FigureCard
from bgviewer.ui.image_panel import ImagePanel
from bgviewer.ui.panels import Panels
from bgviewer.ui.quiet import Quiet
from bgviewer.ui.scale_bar import ScaleBarLabel
from bgviewer.ui.view_state import ViewState


def test_a_badge_says_by_a_sign_what_is_not_as_asked(qtbot):
    badges = Badges()
    qtbot.addWidget(badges)
    badges.show_settings(
        (
            Effective("model", "order 4", "order = 6", True, ("too few cells",)),
            Effective("bins", "0 bins dropped", "binSize = 32: 9 bins", False),
        )
    )
    model, bins = badges.badges["model"], badges.badges["bins"]
    assert model.text() == "≠ order 4" and bins.text() == "0 bins dropped"
    assert {"asked: order = 6", "used: order 4", "too few cells"} <= set(
        model.toolTip().split("\n")
    )
    assert model.property("changed") and not bins.property("changed")
    assert badges.badges["weighting"].isHidden(), "a spline has none"
    badges.show_settings(())
    assert all(badge.isHidden() for badge in badges.badges.values())


def scale_bar(qtbot, bin_size: int) -> ScaleBarLabel:
    bar = ScaleBarLabel(None)
    qtbot.addWidget(bar)
    bar._bin_size, bar.bin_text = bin_size, f"binSize {bin_size} px"
    return bar


def test_the_scale_bar_leaves_out_what_does_not_fit(qtbot):
    bar = scale_bar(qtbot, 256)
    bar.place(QRectF(0, 0, 600, 600), 4.0)
    assert bar.square_drawn and bar.words_drawn
    bar.place(QRectF(0, 0, 120, 120), 12.0)
    assert bar.square_drawn and not bar.words_drawn
    bar.place(QRectF(0, 0, 120, 120), 4.0)
    assert not bar.square_drawn, "64 of 120 screen pixels: half the picture"
    assert bar.length <= 0.25 * 120


def test_a_small_panel_gives_its_room_to_the_picture(qtbot):
    view = ViewState()
    view.set_box((-0.5, -0.5, 100.0, 100.0))
    panel = ImagePanel("small", view)
    qtbot.addWidget(panel)
    panel.bar.hide()
    panel.resize(260, 280)
    panel.show()
    assert panel.bare
    qtbot.waitUntil(lambda: min(panel.view_size()) > 240)
    panel.resize(600, 600)
    assert not panel.bare and all(axis.isVisible() for axis in panel.frame.axes.values())
    panel.resize(260, 280)
    assert panel.bare and not any(axis.isVisible() for axis in panel.frame.axes.values())


@pytest.mark.parametrize("lying", [False, True])
def test_axes_and_colour_scale_do_not_take_turns(qtbot, lying):
    """A thinner scale gives the canvas room for axes, with which the scale would be thick again."""
    view = ViewState()
    view.set_box((-0.5, -0.5, 100.0, 100.0))
    panel = ImagePanel("small", view)
    qtbot.addWidget(panel)
    panel.bar.set_sample(np.arange(9, dtype=np.float32))
    panel.set_bar_lying(lying)
    panel.bar.show()
    panel.show()
    changes = []
    panel.canvas.resized.connect(lambda: changes.append(panel.canvas.size()))
    for side in range(290, 400):
        panel.resize(*((400, side) if lying else (side, 400)))
        for turn in range(10):
            QCoreApplication.sendPostedEvents()
            if turn == 4:
                changes.clear()
        assert not changes, f"at {side} pixels: {changes}"


def test_the_window_is_not_laid_out_anew_for_another_text(qtbot):
    class Counting(QWidget):
        requests = 0

        def event(self, event):
            self.requests += event.type() == QEvent.Type.LayoutRequest
            return super().event(event)

    def window_of(held) -> Counting:
        window = Counting()
        qtbot.addWidget(window)
        QVBoxLayout(window).addWidget(held)
        window.show()
        return window

    for quiet in (False, True):
        label = QLabel("1")
        window = window_of(Quiet(label) if quiet else label)
        qtbot.waitUntil(window.isVisible)
        QCoreApplication.sendPostedEvents()
        window.requests = 0
        label.setText("another text")
        QCoreApplication.sendPostedEvents()
        assert (window.requests == 0) == quiet
    window.resize(400, 300)
    assert label.size() == label.parentWidget().size(), "it has all the room"
    assert label.parentWidget().sizeHint() == label.sizeHint()


def test_a_colour_scale_lies_below_where_that_gives_the_pictures_more_room(qtbot):
    panels = Panels()
    qtbot.addWidget(panels)
    panels.view.set_box((-0.5, -0.5, 1000.0, 1000.0))
    panels.show()
    for panel in panels.all:
        panel.bar.show()
    panels.resize(600, 400)
    qtbot.waitUntil(lambda: panels.model.view_size()[0] > 185)
    assert all(panel.bar.lying for panel in panels.all)
    assert all(panel.bar.y() > panel.canvas.geometry().center().y() for panel in panels.all)
    panels.resize(1200, 330)
    qtbot.waitUntil(lambda: not panels.model.bar.lying)
    bar, canvas = panels.model.bar, panels.model.canvas
    qtbot.waitUntil(lambda: bar.x() > canvas.geometry().center().x())


def test_a_lying_colour_bar_reads_from_left_to_right(qtbot):
    bar = ColourBar()
    qtbot.addWidget(bar)
    bar.set_scale(np.array([[0, 0, 255, 255], [255, 0, 0, 255]], np.uint8))
    bar.set_levels(-100.0, 100.0)
    bar.set_caption("nJy", None)
    bar.set_lying(True)
    bar.resize(240, bar.sizeHint().height())
    values = [value for value, _ in bar.labels()]
    assert len(values) >= 3 and 0.0 in values
    places = [bar.place_of(v) for v in (-100.0, 0.0, 100.0)]
    assert places[1] - places[0] == places[2] - places[1] > 50
    picture = bar.grab().toImage()
    line = int(bar._bar().center().y() * picture.devicePixelRatio())
    first, last = (
        picture.pixelColor(int(p * picture.devicePixelRatio()), line)
        for p in (places[0] + 4, places[2] - 4)
    )
    assert first.blue() > 200 > 50 > first.red() and last.red() > 200 > 50 > last.blue()
    dragged = []
    bar.levels_dragged.connect(lambda *ends: dragged.append(ends))
    at = QPoint(int(places[2]) - 10, line)
    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseMove(bar, at - QPoint(20, 0))
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=at)
    assert dragged[-1][0] == -100.0 and dragged[-1][1] < 100.0
    bar.set_legend({0: "BAD"})
    assert not bar.lying, "names stand one above the other"
    bar.set_scale(np.array([[0, 0, 255, 255], [255, 0, 0, 255]], np.uint8))
    assert bar.lying


@pytest.mark.parametrize("width", [90, 160, 400])
@pytest.mark.parametrize("locked", [False, True])
@given(ends=st.tuples(st.floats(-1e9, 1e9), st.floats(1e-9, 1e9)))
def test_no_numbers_of_a_lying_bar_touch(qapp, width, locked, ends):
    bar = ColourBar()
    bar.set_lying(True)
    bar.set_caption("nJy", None)
    bar.set_locked(locked)
    bar.set_levels(ends[0], ends[0] + ends[1])
    bar.resize(width, bar.sizeHint().height())
    room, metrics, end = bar._space(), bar.fontMetrics(), -1.0
    for value, text in bar.labels():
        area = LYING.label(room, bar._bar(), bar.place_of(value), metrics.horizontalAdvance(text))
        assert area.left() > end and area.bottom() <= bar.height()
        assert area.left() >= room.lock
        end = area.right()
    bar.deleteLater()


def test_a_compact_colour_bar_is_narrower(qtbot):
    bar = ColourBar()
    qtbot.addWidget(bar)
    bar.resize(60, 300)
    before = bar.sizeHint().width()
    bar.set_compact(True)
    assert bar.sizeHint().width() < before
    bar.set_compact(False)
    assert bar.sizeHint().width() == before


def test_a_narrow_card_tells_the_order_not_half_a_name(qtbot):
    card = FigureCard("Model used", "")
    qtbot.addWidget(card)
    card.show_text("Chebyshev 12", "weighted", "order 12")
    room = card.value.fontMetrics().horizontalAdvance
    assert card.value.text() == "Chebyshev 12"
    assert card.value.fitting(room("Chebyshev 12")) == "Chebyshev 12"
    assert card.value.fitting(room("Chebyshev 12") - 1) == "order 12"
