"""Regions drawn by hand, ds9 files, exposures left out, settings of one exposure alone."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QFont
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QFileDialog

from bgviewer.engine.regions import Region
from bgviewer.ui.ranking_model import COLUMNS
from tests.scenarios.conftest import WAIT, settle
from tests.scenarios.test_carrying_on import drop

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("propagateSizeHints", "support raise", "grabbing the keyboard"),
]
_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


# ---------------------------------------------------------------- a hand on the mouse


def spot(panel, x: float, y: float) -> QPoint:
    """Where a parent position lies on the viewport of a panel."""
    box = panel.canvas.getPlotItem().getViewBox()
    return panel.canvas.mapFromScene(box.mapViewToScene(QPointF(x, y)))


def drag(panel, *places: tuple[float, float]) -> None:
    view = panel.canvas.viewport()
    spots = [spot(panel, *place) for place in places]
    QTest.mousePress(view, _LEFT, _NONE, spots[0])
    for at in spots[1:]:
        QTest.mouseMove(view, at)
    QTest.mouseRelease(view, _LEFT, _NONE, spots[-1])


def click(panel, x: float, y: float) -> None:
    QTest.mouseClick(panel.canvas.viewport(), _LEFT, _NONE, spot(panel, x, y))


def press(widget, key, modifier=_NONE) -> None:
    QTest.keyClick(widget, key, modifier)


def menu_key(window, qtbot, key, modifier=_NONE) -> None:
    """Press a key of the menu with an image panel focused."""
    window.panels.model.canvas.setFocus()
    qtbot.waitUntil(window.panels.model.canvas.hasFocus)
    QTest.keyClick(window.panels.model.canvas, key, modifier)


def regions(window) -> tuple[Region, ...]:
    return window.session.state.plan.regions


def undo(window, qtbot) -> None:
    menu_key(window, qtbot, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def corner(window) -> tuple[int, int]:
    return window.session.state.match.shown.reference.xy0


def tolerance(window) -> float:
    """Half a screen pixel on either side, in pixels of the image."""
    return 2 * 100 / window.panels.zoom_percent()


def name_of(window, exposure: int) -> str:
    return window.session.state.stack.stack.entries[exposure].name


def row(window, exposure: int, column: str, role=Qt.ItemDataRole.DisplayRole):
    return window.stack_panel.model.index(exposure, COLUMNS.index(column)).data(role)


# ---------------------------------------------------------------- drawing


@pytest.mark.parametrize("shape", ["box", "ellipse"])
def test_a_shape_is_dragged_on_a_panel_and_its_pixels_stop_counting(window, qtbot, shape):
    x0, y0 = corner(window)
    before = window.session.state.match.shown
    panel = window.marking.regions
    qtbot.mouseClick(panel.buttons[shape], _LEFT)
    assert panel.buttons[shape].isChecked() and "Esc" in panel.hint.text()
    drag(window.panels.residuals, (x0 + 40, y0 + 50), (x0 + 60, y0 + 80), (x0 + 100, y0 + 150))
    (region,) = regions(window)
    sizes = (60, 100) if shape == "box" else (30, 50)
    expected = (x0 + 70, y0 + 100, *sizes, 0)
    assert region.shape == shape and region.exposure is None
    assert region.numbers == pytest.approx(expected, abs=tolerance(window))
    # All panels show it, the list names it, and the tool is put away.
    assert [layer.isVisible() for layer in panel.tool.layers] == [True] * 3
    assert panel.list.topLevelItemCount() == 1 and panel.chosen() == region
    assert not panel.buttons[shape].isChecked() and not panel.tool.shape
    after = settle(qtbot, window)
    assert after.stack is not before.stack
    for exposure in (after.reference, after.science):
        flagged = exposure.flagged([])
        x, y = round(region.numbers[0]) - x0, round(region.numbers[1]) - y0
        assert flagged is not None and flagged[y, x] and not flagged[0, 0]
    undo(window, qtbot)
    assert not regions(window) and window.history.steps.canRedo()
    assert not any(layer.isVisible() for layer in panel.tool.layers)
    settle(qtbot, window)


def test_a_polygon_is_clicked_on_the_third_panel(window, qtbot):
    x0, y0 = corner(window)
    third = window.panels.third
    menu_key(window, qtbot, Qt.Key.Key_P, Qt.KeyboardModifier.ShiftModifier)
    assert window.marking.regions.tool.shape == "polygon"
    corners = [(x0 + 30, y0 + 30), (x0 + 120, y0 + 40), (x0 + 70, y0 + 140)]
    for place in (*corners, (x0 + 10, y0 + 10)):
        click(third, *place)
    press(third.canvas, Qt.Key.Key_Backspace)
    press(third.canvas, Qt.Key.Key_Return)
    (region,) = regions(window)
    assert region.shape == "polygon"
    expected = [n for place in corners for n in place]
    assert region.numbers == pytest.approx(expected, abs=tolerance(window))
    assert window.history.steps.count() == 1
    # A double click ends one as well.
    window.actions_["draw_polygon"].trigger()
    for place in corners[:2]:
        click(third, *place)
    at = spot(third, x0 + 150, y0 + 150)
    QTest.mouseClick(third.canvas.viewport(), _LEFT, _NONE, at)
    QTest.mouseDClick(third.canvas.viewport(), _LEFT, _NONE, at)
    assert len(regions(window)) == 2 and len(regions(window)[1].numbers) == 6
    settle(qtbot, window)


def test_escape_cancels_and_a_click_draws_nothing(window, qtbot):
    x0, y0 = corner(window)
    panel, model = window.marking.regions, window.panels.model
    bin_before, seen = window.judge.bin.box, model.visible_range()
    menu_key(window, qtbot, Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    view = model.canvas.viewport()
    QTest.mousePress(view, _LEFT, _NONE, spot(model, x0 + 40, y0 + 40))
    QTest.mouseMove(view, spot(model, x0 + 90, y0 + 90))
    assert panel.tool.layers[2].draft
    press(model.canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(view, _LEFT, _NONE, spot(model, x0 + 90, y0 + 90))
    assert not panel.tool.shape and not panel.tool.layers[2].draft
    menu_key(window, qtbot, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    click(window.panels.residuals, x0 + 40, y0 + 40)
    assert panel.tool.shape == "ellipse" and "no pixel" in panel.hint.text()
    press(model.canvas, Qt.Key.Key_Escape)
    assert not regions(window) and not window.history.steps.count()
    # Drawing neither moved the image nor looked into a bin; afterwards the mouse is the panel's.
    assert model.visible_range() == seen and window.judge.bin.box == bin_before
    click(window.panels.residuals, x0 + 40, y0 + 40)
    qtbot.waitUntil(lambda: window.judge.bin.box is not None)


def test_handles_move_and_resize_as_one_step_each(window, qtbot):
    x0, y0 = corner(window)
    box = Region("box", (x0 + 100, y0 + 100, 60, 40, 0))
    window.session.add_region(box)
    panel, model = window.marking.regions, window.panels.model
    panel.select(box)
    drag(model, (x0 + 100, y0 + 100), (x0 + 110, y0 + 110), (x0 + 90, y0 + 120))
    (moved,) = regions(window)
    assert moved.numbers == pytest.approx((x0 + 90, y0 + 120, 60, 40, 0), abs=tolerance(window))
    x, y = moved.numbers[:2]
    drag(model, (x + 30, y + 20), (x + 50, y + 60))
    (larger,) = regions(window)
    assert larger.numbers == pytest.approx((x + 10, y + 20, 80, 80, 0), abs=tolerance(window))
    assert window.history.steps.count() == 3
    undo(window, qtbot)
    assert regions(window) == (moved,)
    settle(qtbot, window)


def test_scope_and_delete(window, qtbot):
    x0, y0 = corner(window)
    state = window.session.state
    science, other = (
        state.science,
        next(i for i in range(5) if i not in (state.science, state.reference)),
    )
    panel = window.marking.regions
    panel.scope.setFocus()
    press(panel.scope, Qt.Key.Key_Down)
    assert panel.scope.currentData() == name_of(window, science)
    window.actions_["draw_box"].trigger()
    drag(window.panels.model, (x0 + 40, y0 + 40), (x0 + 90, y0 + 90))
    (region,) = regions(window)
    assert region.exposure == name_of(window, science)
    item = panel.list.topLevelItem(0)
    assert item.text(2) == name_of(window, science)
    window.session.set_science(other)
    assert not any(layer.isVisible() for layer in panel.tool.layers)
    assert panel.scope.currentData() == name_of(window, other)
    panel.select(region)
    panel.own_scope.setFocus()
    press(panel.own_scope, Qt.Key.Key_Home)
    (whole,) = regions(window)
    assert whole.exposure is None and panel.chosen() == whole
    assert all(layer.isVisible() for layer in panel.tool.layers)
    panel.list.setFocus()
    press(panel.list, Qt.Key.Key_Delete)
    assert not regions(window)
    undo(window, qtbot)
    assert regions(window) == (whole,)
    panel.select(whole)
    press(window.panels.third.canvas, Qt.Key.Key_Delete)
    assert not regions(window)
    settle(qtbot, window)


# ---------------------------------------------------------------- ds9


def test_regions_go_out_as_ds9_and_come_back_as_one_step(window, qtbot, tmp_path, monkeypatch):
    x0, y0 = corner(window)
    drawn = (
        Region("ellipse", (x0 + 50.25, y0 + 60, 12, 8, 30)),
        Region("polygon", (x0, y0, x0 + 30, y0, x0 + 30, y0 + 40), name_of(window, 1)),
    )
    for region in drawn:
        window.session.add_region(region)
    path = tmp_path / "stars"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), ""))
    window.actions_["export_regions"].trigger()
    file = tmp_path / "stars.reg"
    qtbot.waitUntil(file.exists, timeout=WAIT)
    assert "-ellipse(51.25,61,12,8,30)" in file.read_text()
    settle(qtbot, window)
    for region in drawn:
        window.session.remove_region(region)
    steps = window.history.steps.count()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (str(file), ""))
    window.actions_["import_regions"].trigger()
    qtbot.waitUntil(lambda: regions(window) == drawn, timeout=WAIT)
    assert window.history.steps.count() == steps + 1
    assert window.history.steps.undoText() == "import stars.reg"
    settle(qtbot, window)
    file.write_text("image\ncircle(3,4,5\n")
    window.actions_["import_regions"].trigger()
    qtbot.waitUntil(lambda: "line 2" in window.notices.text.text(), timeout=WAIT)
    assert regions(window) == drawn
    settle(qtbot, window)


def test_a_dropped_ds9_file_is_taken_where_there_is_a_stack(window, qtbot, tmp_path):
    file = tmp_path / "stars.reg"
    file.write_text("image\n-circle(41,51,9)\n")
    assert drop(window, file) == "Drop to take the regions of stars.reg"
    qtbot.waitUntil(lambda: len(regions(window)) == 1, timeout=WAIT)
    assert window.history.steps.undoText() == "import stars.reg"
    settle(qtbot, window)
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    drop(window, file)
    assert "stars.reg: regions belong to a stack" in window.notices.text.text()
    assert window.session.state.stack is None


# ---------------------------------------------------------------- exposures left out


def test_x_and_del_leave_an_exposure_out_and_the_row_says_so(window, qtbot):
    settle(qtbot, window)
    science = window.session.state.science
    entry = window.actions_["exclude"]
    assert not entry.isChecked()
    menu_key(window, qtbot, Qt.Key.Key_X)
    assert window.session.state.stack.excluded == {science} and entry.isChecked()
    assert row(window, science, "state") in ("⊘ excluded", "⊘")  # as there is room
    font = row(window, science, "name", Qt.ItemDataRole.FontRole)
    assert isinstance(font, QFont) and font.strikeOut()
    assert row(window, science, "cost") == "out"
    assert not window.stack_panel.reference_button.isEnabled()
    undo(window, qtbot)
    assert not window.session.state.stack.excluded and not entry.isChecked()
    table = window.stack_panel.table
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    press(table, Qt.Key.Key_Delete)
    assert window.session.state.stack.excluded == {science}
    press(table, Qt.Key.Key_Delete)
    assert not window.session.state.stack.excluded and not entry.isChecked()
    settle(qtbot, window)


def test_the_context_menu_of_a_row(window, qtbot):
    stack, table = window.stack_panel, window.stack_panel.table
    state = window.session.state
    other = next(i for i in range(5) if i not in (state.science, state.reference))
    index = stack.proxy.mapFromSource(stack.model.index(other, 0))
    table.customContextMenuRequested.emit(table.visualRect(index).center())
    menu = window.marking.exposures.menu
    texts = [a.text().replace("&", "") for a in menu.actions() if a.text()]
    assert texts == ["Show", "Use as reference", "Exclude", "Own settings…", "Read as…"]
    assert window.session.state.science == other
    qtbot.waitUntil(menu.isVisible)
    press(menu, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: window.session.state.stack.excluded == {other})
    menu = window.marking.exposures.make_menu()
    texts = [a.text().replace("&", "") for a in menu.actions() if a.text()]
    assert "Include again" in texts
    own = next(a for a in menu.actions() if "Own" in a.text())
    own.trigger()
    assert window.config_panel.own.alone
    menu.deleteLater()
    QApplication.sendPostedEvents()
    settle(qtbot, window)


# ---------------------------------------------------------------- settings of one exposure


def choose_alone(window, qtbot) -> None:
    config = window.session.state.config
    window.session.set_config(config.replace(use_polynomial=True, order=2))
    settle(qtbot, window)
    choice = window.config_panel.own.choice
    choice.setFocus()
    press(choice, Qt.Key.Key_Down)


def test_settings_of_one_exposure_are_its_own_and_marked(window, qtbot):
    session, panel = window.session, window.config_panel
    science = session.state.science
    choose_alone(window, qtbot)
    shared = session.state.config
    assert panel.own.alone and not panel.presets.isEnabled()
    order = panel.field("order")
    order.spin.setFocus()
    order.spin.selectAll()
    qtbot.keyClicks(order.spin, "3")
    qtbot.keyClick(order.spin, Qt.Key.Key_Return)
    name = name_of(window, science)
    assert session.state.plan.own == {name: {"order": 3}} and session.state.config == shared
    qtbot.waitUntil(lambda: session.settled, timeout=WAIT)
    assert session.state.match.shown.config.order == 3
    # Signs and words: heading, field, row.
    assert panel.own.note.isVisible() and name in panel.own.note.text()
    mark = panel.rows["order"].own
    assert mark.isVisible() and mark.text.text() == "≠ own value; whole stack: " + str(shared.order)
    assert not panel.rows["bin_size"].own.isVisible()
    assert row(window, science, "name").endswith("≠ own")
    assert "order=3" in row(window, science, "name", Qt.ItemDataRole.ToolTipRole)
    # Another exposure: the stack's settings again, and edits are the stack's.
    other = next(i for i in range(5) if i not in (science, session.state.reference))
    session.set_science(other)
    assert not panel.own.alone and order.spin.value() == shared.order
    assert not panel.own.note.isVisible()
    session.set_science(science)
    assert not panel.own.alone and "own order" in panel.own.note.text()
    assert "3" in panel.rows["order"].own.text.text()
    qtbot.mouseClick(panel.own.back, _LEFT)
    assert not session.state.plan.own and not panel.own.back.isVisible()
    undo(window, qtbot)
    assert session.state.plan.own == {name: {"order": 3}}
    qtbot.mouseClick(panel.rows["order"].own.button, _LEFT)
    assert not session.state.plan.own
    qtbot.waitUntil(lambda: session.settled, timeout=WAIT)


def test_a_drag_of_an_own_value_is_one_step(window, qtbot):
    choose_alone(window, qtbot)
    slider = window.config_panel.field("order").slider
    steps = window.history.steps.count()
    view = slider.rect()
    at = QPoint(view.left() + 8, view.center().y())
    QTest.mousePress(slider, _LEFT, _NONE, at)
    for share in (3, 2, 1.5):
        QTest.mouseMove(slider, QPoint(int(view.width() / share), view.center().y()))
    QTest.mouseRelease(slider, _LEFT, _NONE, QPoint(int(view.width() / 1.5), view.center().y()))
    assert window.session.state.plan.own
    assert window.history.steps.count() == steps + 1
    undo(window, qtbot)
    assert not window.session.state.plan.own
    qtbot.waitUntil(lambda: window.session.settled, timeout=WAIT)


def test_a_remedy_of_own_settings_changes_the_exposure_alone(window, qtbot):
    session = window.session
    choose_alone(window, qtbot)
    own = window.config_panel.own
    own.edit("order", 40)
    qtbot.waitUntil(lambda: bool(session.state.match.withheld) and not session.busy, timeout=WAIT)
    shared = session.state.config
    buttons = window.config_panel.rows["order"].remedy_buttons()
    assert buttons and "order" in buttons[0].text()
    qtbot.mouseClick(buttons[0], _LEFT)
    assert session.state.config == shared and not window.config_panel.rows["order"].problem
    (own_order,) = (c["order"] for c in session.state.plan.own.values())
    assert own_order < 40
    qtbot.waitUntil(lambda: not session.state.match.withheld and session.settled, timeout=WAIT)


def test_outlines_follow_the_numbers(window):
    """The painted outline is the region's own border."""
    x0, y0 = corner(window)
    window.session.add_region(Region("box", (x0 + 50, y0 + 60, 20, 10, 0)))
    layer = window.marking.regions.tool.layers[0]
    box = layer._solid.boundingRect()
    assert np.allclose((box.left(), box.right()), (x0 + 40, x0 + 60))
    assert np.allclose((box.top(), box.bottom()), (y0 + 55, y0 + 65))
