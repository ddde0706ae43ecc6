"""Undo, redo, reset and presets through the real window."""

from __future__ import annotations

import numpy as np
import platformdirs
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QStyle,
    QStyleOptionSlider,
)

from bgviewer.engine.config import MatchConfig
from tests.scenarios.conftest import settle
from tests.scenarios.test_main_job import click, click_row, dialog, main, type_into

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("propagateSizeHints", "This plugin does not support"),
]

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def own_presets(monkeypatch, tmp_path):
    monkeypatch.setattr(platformdirs, "user_config_dir", lambda name: str(tmp_path / name))
    return tmp_path / "bgviewer" / "presets"


def undo(qtbot, window):
    qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Z, CONTROL)


def redo(qtbot, window):
    qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Z, CONTROL | SHIFT)


def handle(slider) -> QPoint:
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    part = QStyle.SubControl.SC_SliderHandle
    style = slider.style()
    return style.subControlRect(QStyle.ComplexControl.CC_Slider, option, part, slider).center()


def drag(qtbot, slider, *moves: int) -> None:
    """Press the handle, move by each of the pixels in turn, let go."""
    at = handle(slider)
    qtbot.mousePress(slider, LEFT, pos=at)
    for move in moves:
        qtbot.mouseMove(slider, at + QPoint(move, 0))
    qtbot.mouseRelease(slider, LEFT, pos=at + QPoint(moves[-1], 0))


def entry(window, name: str):
    """Trigger an entry of the presets' menu as a person finds it: opened, by its text."""
    menu = window.config_panel.presets.menu
    menu.aboutToShow.emit()
    return next(a for a in menu.actions() if a.text().replace("&", "") == name)


def choose_preset(qtbot, window, name: str) -> None:
    """Open the menu and take the entry with the keyboard."""
    bar = window.config_panel.presets
    wanted = entry(window, name).text()
    bar.menu.popup(bar.button.mapToGlobal(QPoint(0, bar.button.height())))
    action = next(a for a in bar.menu.actions() if a.text() == wanted)
    bar.menu.setActiveAction(action)
    qtbot.keyClick(bar.menu, Qt.Key.Key_Return)
    assert not bar.menu.isVisible()


# ---------------------------------------------------------------- undo


def test_a_drag_of_the_order_is_one_step_and_undo_brings_the_picture_back(window, qtbot):
    steps = window.history.steps
    click(qtbot, main(window, "use_polynomial"))
    type_into(qtbot, main(window, "order"), "1")
    settle(qtbot, window)
    before = window.session.state.config
    picture = np.array(window.panels.model.image.image)
    count = steps.count()
    slider = window.config_panel.field("order").slider
    drag(qtbot, slider, 8, 16, 24, 32)
    after = window.session.state.config.order
    assert after > 2
    assert steps.count() == count + 1, "one drag is one step"
    assert window.actions_["undo"].text() == f"&Undo order 1 → {after}"
    settle(qtbot, window)
    assert not np.array_equal(window.panels.model.image.image, picture)

    undo(qtbot, window)
    assert window.session.state.config == before
    assert slider.value() == 1 and main(window, "order").value() == 1
    settle(qtbot, window)
    np.testing.assert_array_equal(window.panels.model.image.image, picture)
    redo(qtbot, window)
    assert window.session.state.config.order == after
    undo(qtbot, window)
    qtbot.keyClick(window, Qt.Key.Key_Y, CONTROL)
    assert window.session.state.config.order == after
    settle(qtbot, window)


def test_undo_works_while_a_number_has_the_focus_but_not_while_it_is_typed(window, qtbot):
    spin = main(window, "bin_size")
    type_into(qtbot, spin, "20")
    assert spin.hasFocus()
    undo(qtbot, window)
    assert window.session.state.config.bin_size == 32
    type_into(qtbot, spin, "25")
    spin.selectAll()
    qtbot.keyClicks(spin, "77")
    undo(qtbot, window)
    assert window.session.state.config.bin_size == 25, "the typing was undone, not the step"
    qtbot.keyClick(spin, Qt.Key.Key_Return)
    settle(qtbot, window)


def test_a_drag_of_a_weight_is_one_step(window, qtbot):
    before = window.session.state.config
    drag(qtbot, window.stack_panel.weights.sliders["level"], 6, 12, 20)
    assert window.session.state.config.best_ref_weight_level > before.best_ref_weight_level
    assert window.history.steps.count() == 1
    assert window.history.steps.undoText() == "weights"
    undo(qtbot, window)
    assert window.session.state.config == before
    assert not window.actions_["undo"].isEnabled()
    assert window.actions_["redo"].isEnabled()


def test_undo_after_a_change_of_the_reference(window, qtbot):
    state = window.session.state
    old = state.reference
    click_row(qtbot, window, 2)
    chosen = window.session.state.science
    qtbot.keyClick(window, Qt.Key.Key_R)
    assert window.session.state.reference == chosen
    name = state.stack.stack.entries[chosen].name
    assert window.actions_["undo"].text() == f"&Undo reference → {name}"
    settle(qtbot, window)
    undo(qtbot, window)
    assert window.session.state.reference == old
    shown = settle(qtbot, window)
    assert shown.reference_id == old


def test_a_new_stack_begins_without_a_past(window, qtbot, stack_folder):
    type_into(qtbot, main(window, "bin_size"), "20")
    assert window.actions_["undo"].isEnabled()
    window.load([str(stack_folder)])
    qtbot.waitUntil(lambda: not window.actions_["undo"].isEnabled(), timeout=30_000)
    settle(qtbot, window)
    assert window.session.state.config.bin_size == 20


# ---------------------------------------------------------------- reset


def test_the_reset_button_is_there_when_it_can_do_something(window, qtbot):
    row = window.config_panel.rows["num_iter"]
    assert not row.reset.isVisible()
    type_into(qtbot, main(window, "num_iter"), "5")
    assert row.reset.isVisible()
    assert "numIter = 2" in row.reset.toolTip()
    assert row.reset.accessibleName() == "Reset numIter"
    before = window.session.state.config
    click(qtbot, row.reset)
    assert window.session.state.config == before.replace(num_iter=2)
    assert not row.reset.isVisible()
    undo(qtbot, window)
    assert window.session.state.config.num_iter == 5
    settle(qtbot, window)


def test_reset_of_all_is_one_step(window, qtbot):
    type_into(qtbot, main(window, "num_iter"), "5")
    before, count = window.session.state.config, window.history.steps.count()
    window.actions_["defaults"].trigger()
    assert window.session.state.config == MatchConfig()
    assert window.history.steps.count() == count + 1
    undo(qtbot, window)
    assert window.session.state.config == before
    settle(qtbot, window)


# ---------------------------------------------------------------- presets


def test_a_preset_is_one_step_and_leaves_the_weights(window, qtbot):
    drag(qtbot, window.stack_panel.weights.sliders["level"], 20)
    before, count = window.session.state.config, window.history.steps.count()
    button = window.config_panel.presets.button
    assert button.text() == "Preset: custom"
    choose_preset(qtbot, window, "Faint-light safe")
    config = window.session.state.config
    assert (config.use_polynomial, config.order) == (True, 1)
    assert config.grid_statistic == "MEDIAN"
    assert config.best_ref_weight_level == before.best_ref_weight_level
    assert window.history.steps.count() == count + 1
    assert window.history.steps.undoText() == "preset Faint-light safe"
    assert button.text() == "Preset: Faint-light safe"
    assert entry(window, "Faint-light safe").isChecked()
    assert not entry(window, "Fine").isChecked()
    undo(qtbot, window)
    assert window.session.state.config == before
    settle(qtbot, window)


def name_it(qtbot, window, name: str) -> None:
    entry(window, "Save present settings as…").trigger()
    asked = dialog(qtbot, QInputDialog)
    edit = asked.findChild(QLineEdit)
    qtbot.keyClicks(edit, name)
    buttons = asked.findChild(QDialogButtonBox)
    click(qtbot, buttons.button(QDialogButtonBox.StandardButton.Ok))
    qtbot.waitUntil(lambda: not QApplication.activeModalWidget() or not asked_visible(QInputDialog))


def asked_visible(kind) -> bool:
    return any(isinstance(w, kind) and w.isVisible() for w in QApplication.topLevelWidgets())


def answer(qtbot, text: str) -> None:
    box = dialog(qtbot, QMessageBox)
    click(qtbot, next(b for b in box.buttons() if b.text() == text))
    qtbot.waitUntil(lambda: not asked_visible(QMessageBox))


def test_own_presets_are_saved_taken_replaced_and_deleted(window, qtbot, own_presets):
    bar = window.config_panel.presets
    type_into(qtbot, main(window, "bin_size"), "40")
    name_it(qtbot, window, "My sky")
    assert (own_presets / "My sky.toml").exists()
    assert bar.button.text() == "Preset: My sky"
    type_into(qtbot, main(window, "bin_size"), "20")
    choose_preset(qtbot, window, "My sky")
    assert window.session.state.config.bin_size == 40
    type_into(qtbot, main(window, "bin_size"), "50")
    name_it(qtbot, window, "My sky")
    answer(qtbot, "Replace")
    assert "binSize = 50" in (own_presets / "My sky.toml").read_text()
    entry(window, "Delete…")
    bar.remove.actions()[0].trigger()
    answer(qtbot, "Delete")
    assert not (own_presets / "My sky.toml").exists()
    assert bar.button.text() == "Preset: custom"
    settle(qtbot, window)


def test_what_cannot_be_a_preset_is_said(window, qtbot, own_presets):
    name_it(qtbot, window, "fine")
    assert "choose another name" in window.notices.text.text()
    own_presets.mkdir(parents=True)
    (own_presets / "bad.toml").write_text("binSize = [")
    told = entry(window, "1 cannot be read")
    assert not told.isEnabled() and "bad.toml" in told.toolTip()
    name_it(qtbot, window, "//")
    assert "letter or a digit" in window.notices.text.text()
