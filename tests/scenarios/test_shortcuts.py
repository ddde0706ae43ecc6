"""One owner per shortcut, whatever was clicked last; text fields keep the keys that type."""

from __future__ import annotations

from collections import Counter

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QKeySequence, QShortcut
from PyQt6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QListView,
    QSlider,
    QWidget,
)

from bgviewer.tasks.show import THIRD_VIEWS
from tests.scenarios.conftest import settle

pytestmark = [pytest.mark.scenario, pytest.mark.qt_log_ignore("This plugin does not support")]

Key = Qt.Key
CONTROL = Qt.KeyboardModifier.ControlModifier
NO_MATCH = QKeySequence.SequenceMatch.NoMatch


def shortcuts(window) -> list[tuple[str, str]]:
    """Every key of the window with its owner: actions of menus, docks and widgets, shortcuts."""
    found = []
    for action in window.findChildren(QAction):
        found += [(k.toString(), action.text()) for k in action.shortcuts()]
    for shortcut in window.findChildren(QShortcut):
        keys = shortcut.keys()
        found += [(k.toString(), type(shortcut).__name__) for k in keys]
    return found


def test_no_key_has_two_owners(window):
    owners = Counter(key for key, _ in shortcuts(window))
    assert {"PgDown", "Ctrl+D", "1", "Ctrl+Q"} <= set(owners)
    twice = {key for key, count in owners.items() if count > 1}
    assert not twice, [(k, o) for k, o in shortcuts(window) if k in twice]
    for key, _ in shortcuts(window):
        pieces = [QKeySequence(other) for other in owners if other != key]
        matches = [p for p in pieces if p.matches(QKeySequence(key)) != NO_MATCH]
        assert not matches, f"{key} begins {matches}"


def focused(window, kind: str) -> QWidget:
    """A widget of a kind in the window, with the focus as after a click."""
    panel = window.config_panel
    widgets = {
        "slider": panel.field("bin_size").slider,
        "weight": window.stack_panel.weights.sliders["level"],
        "table": window.stack_panel.table,
        "combo box": panel.field("grid_statistic").main,
        "check box": panel.field("use_polynomial").main,
        "number": panel.field("bin_size").main,
        "planes": next(w for w in panel.findChildren(QListView) if w.isVisibleTo(window)),
        "image": window.panels.model.canvas,
        "button": window.stack_panel.reference_button,
        "nothing": window,
    }
    widget = widgets[kind]
    widget.setFocus(Qt.FocusReason.MouseFocusReason)
    return widget


KINDS = ("slider", "weight", "table", "combo box", "check box", "planes", "image", "nothing")


@pytest.mark.parametrize("kind", [*KINDS, "number"])
def test_page_keys_go_to_the_exposures(window, qtbot, kind):
    settings, first = window.session.state.config, window.session.state.science
    widget = focused(window, kind)
    qtbot.keyClick(widget, Key.Key_PageDown)
    second = window.session.state.science
    assert second != first
    settle(qtbot, window)
    qtbot.keyClick(widget, Key.Key_PageUp)
    assert window.session.state.science == first
    assert window.session.state.config == settings


@pytest.mark.parametrize("kind", KINDS)
def test_digits_choose_the_third_view(window, qtbot, kind):
    settings = window.session.state.config
    widget = focused(window, kind)
    for digit in (2, 3):
        qtbot.keyClick(widget, Key(Key.Key_0 + digit))
        assert window.session.state.third == THIRD_VIEWS[digit - 1]
    assert window.session.state.config == settings


@pytest.mark.parametrize("kind", [*KINDS, "number"])
def test_ctrl_d_and_ctrl_m_work_everywhere(window, qtbot, kind):
    seen = []
    for name in ("diagnose", "match_all"):
        window.actions_[name].triggered.connect(lambda *_, n=name: seen.append(n))
    widget = focused(window, kind)
    qtbot.keyClick(widget, Key.Key_D, CONTROL)
    qtbot.keyClick(widget, Key.Key_M, CONTROL)
    assert seen == ["diagnose", "match_all"]
    qtbot.waitUntil(lambda: window.session.state.job is None, timeout=30_000)


def test_a_number_keeps_what_is_typed(window, qtbot):
    view, exposure = window.session.state.third, window.session.state.science
    spin = focused(window, "number")
    assert isinstance(spin, QAbstractSpinBox)
    spin.selectAll()
    qtbot.keyClicks(spin, "48")
    qtbot.keyClick(spin, Key.Key_Backspace)
    qtbot.keyClicks(spin, "2")
    qtbot.keyClick(spin, Key.Key_Return)
    assert window.session.state.config.bin_size == 42
    assert (window.session.state.third, window.session.state.science) == (view, exposure)


def test_a_line_of_text_keeps_letters_and_space(window, qtbot):
    line = QLineEdit(window.config_panel)
    line.show()
    line.setFocus()
    state = window.session.state
    qtbot.keyClicks(line, "R 3g[]")
    assert line.text() == "R 3g[]"
    assert window.session.state.reference == state.reference
    assert window.session.state.third == state.third


def test_other_keys_still_move_a_slider_and_press_a_box(window, qtbot):
    slider = focused(window, "slider")
    assert isinstance(slider, QSlider)
    before = window.session.state.config.bin_size
    for _ in range(3):
        qtbot.keyClick(slider, Key.Key_Right)
    assert window.session.state.config.bin_size > before
    box = focused(window, "check box")
    assert isinstance(box, QCheckBox)
    qtbot.keyClick(box, Key.Key_Space)
    assert box.isChecked() and window.session.state.config.use_polynomial
    combo = focused(window, "combo box")
    assert isinstance(combo, QComboBox) and not combo.isEditable()
    qtbot.keyClick(combo, Key.Key_Down)
    assert combo.currentIndex() != 0
