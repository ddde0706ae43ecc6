"""The panels when they are given other room: nothing leaves the screen, and pictures follow."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import QByteArray, QRectF, QSettings, Qt

from bgviewer import app as application
from bgviewer.engine.config import MatchConfig
from tests.scenarios.conftest import WAIT, settle

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("propagateSizeHints"),
]


LEFT = Qt.DockWidgetArea.LeftDockWidgetArea
CONTROL = Qt.KeyboardModifier.ControlModifier


def frames_inside(window) -> bool:
    """Whether the part of every panel that shows pixels lies on its canvas."""
    found = []
    for panel in window.panels.all:
        area = panel.canvas.getPlotItem().getViewBox().sceneBoundingRect()
        found.append(QRectF(panel.canvas.rect()).adjusted(-1, -1, 1, 1).contains(area))
    return all(found)


@pytest.mark.parametrize("size", [(1080, 900), (1600, 1000), (1280, 640), (900, 1000)])
def test_docks_come_and_go(make_window, qtbot, stack_folder, size):
    window = make_window(MatchConfig(bin_size=32))
    window.resize(*size)
    window.load([str(stack_folder)])
    settle(qtbot, window)
    for dock in (window.stack_dock, window.config_dock, window.judge_dock):
        dock.setVisible(not dock.isVisible())
        # It used to happen that the picture stayed as fine as for the room before.
        qtbot.waitUntil(lambda: window.panels.resting and window.session.settled, timeout=WAIT)
        assert frames_inside(window)


def test_margins_of_a_wide_canvas_do_not_keep_a_narrow_one_wide(make_window, qtbot, stack_folder):
    window = make_window(MatchConfig(bin_size=32))
    window.load([str(stack_folder)])
    settle(qtbot, window)
    panel = window.panels.model
    for width, height in ((700, 200), (282, 376), (900, 150), (200, 500)):
        panel.canvas.setFixedSize(width, height)
        qtbot.waitUntil(
            lambda w=width, h=height: (panel.canvas.width(), panel.canvas.height()) == (w, h),
            timeout=WAIT,
        )
        plot = panel.canvas.getPlotItem()
        assert plot.geometry().width() <= width + 1
        assert frames_inside(window)


def test_the_exposure_in_the_panels_stays_in_view_in_the_table(make_window, qtbot, stack_folder):
    window = make_window(MatchConfig(bin_size=32))
    window.resize(1280, 800)
    window.load([str(stack_folder)])
    settle(qtbot, window)
    table = window.stack_panel.table
    last = window.stack_panel.proxy.index(window.stack_panel.proxy.rowCount() - 2, 0)
    table.setCurrentIndex(last)
    settle(qtbot, window)
    window.judge_dock.show()
    window.resize(1280, 560)

    def seen() -> bool:
        row = table.visualRect(table.currentIndex())
        return table.viewport().rect().contains(row.left() + 1, row.center().y())

    bar = table.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0, timeout=WAIT)  # else there is nothing to see here
    qtbot.waitUntil(seen, timeout=WAIT)


def as_it_was_left(qtbot):
    window = application.build_window()
    qtbot.addWidget(window)
    window.show()
    return window


def test_the_layout_is_kept_for_the_next_time_and_can_be_reset(make_window, qtbot):
    first = make_window()
    usual = first.dockWidgetArea(first.config_dock)
    first.addDockWidget(LEFT, first.config_dock)
    first.stack_dock.close()
    first.close()

    second = as_it_was_left(qtbot)
    assert second.dockWidgetArea(second.config_dock) == LEFT and not second.stack_dock.isVisible()
    second.actions_["reset_layout"].trigger()
    assert second.dockWidgetArea(second.config_dock) == usual and second.stack_dock.isVisible()
    second.close()

    settings = QSettings()
    settings.setValue("window/layout", QByteArray(b"of another version"))
    third = as_it_was_left(qtbot)
    assert third.dockWidgetArea(third.config_dock) == usual and third.stack_dock.isVisible()
    third.close()


def test_keys_zoom_in_and_out_to_the_image_and_to_its_pixels(make_window, qtbot, stack_folder):
    window = make_window(MatchConfig(bin_size=32))
    window.load([str(stack_folder)])
    settle(qtbot, window)
    panels, whole = window.panels, window.panels.zoom_percent()
    qtbot.keyClick(window, Qt.Key.Key_1, CONTROL)
    assert panels.zoom_percent() == pytest.approx(100)
    left, right, bottom, top = panels.model.visible_range()
    width, height = panels.model.view_size()
    assert (right - left, top - bottom) == (pytest.approx(width), pytest.approx(height))
    qtbot.keyClick(window, Qt.Key.Key_Plus, CONTROL)
    assert panels.zoom_percent() == pytest.approx(140, rel=0.01)
    qtbot.keyClick(window, Qt.Key.Key_Minus, CONTROL)
    assert panels.zoom_percent() == pytest.approx(100)
    qtbot.waitUntil(lambda: "100 %" in window.status.zoom.text(), timeout=WAIT)
    qtbot.keyClick(window, Qt.Key.Key_0, CONTROL)
    assert panels.zoom_percent() == pytest.approx(whole) and panels.view.fitted
    settle(qtbot, window)
