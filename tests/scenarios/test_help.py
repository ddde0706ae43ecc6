"""Help everywhere: What's This and names, keys, versions, first steps, and work without a mouse."""

from __future__ import annotations

import sys

import pytest
from PyQt6.QtCore import QPoint, QSettings, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDockWidget,
    QGraphicsView,
    QHeaderView,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QWidget,
)

from bgviewer import app as application
from bgviewer.ui.first_steps import FirstSteps
from bgviewer.ui.help import AboutDialog, KeysDialog, key_list, versions_text
from tests.scenarios.conftest import WAIT, settle

pytestmark = [pytest.mark.scenario, pytest.mark.qt_log_ignore("propagateSizeHints")]

INTERACTIVE = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDockWidget,
    QGraphicsView,
    QLineEdit,
    QTabBar,
)
INNER = (QScrollBar, QHeaderView)


def controls(window) -> list[QWidget]:
    """All that a person can act on; parts that Qt makes inside others belong to those."""
    found = []
    for widget in window.findChildren(QWidget):
        inner = isinstance(widget, INNER) or widget.objectName().startswith("qt_")
        parent = widget.parentWidget()
        popup = isinstance(widget, QAbstractItemView) and isinstance(
            parent.parentWidget() if parent else None, QComboBox
        )
        if isinstance(widget, INTERACTIVE) and not inner and not popup:
            found.append(widget)
    return found


def name_of(widget: QWidget) -> str:
    if widget.accessibleName():
        return widget.accessibleName()
    if isinstance(widget, QDockWidget):
        return widget.windowTitle()
    return widget.text() if isinstance(widget, QAbstractButton) else ""


def whats_this(widget: QWidget, window: QWidget) -> str:
    at: QWidget | None = widget
    while at is not None and at is not window:
        if at.whatsThis():
            return at.whatsThis()
        at = at.parentWidget()
    return ""


def place(widget: QWidget) -> str:
    names = []
    at: QWidget | None = widget
    while at is not None:
        names.append(f"{type(at).__name__}#{at.objectName()}".rstrip("#"))
        at = at.parentWidget()
    return " < ".join(names[:5])


def test_every_control_has_a_name_and_a_whats_this(window, qtbot):
    for dock in window.docks.all():
        dock.show()
    qtbot.wait(50)
    found = controls(window)
    assert len(found) > 60, "the walk must meet the controls"
    nameless = [place(w) for w in found if not name_of(w).strip()]
    assert not nameless, "without a name: " + "\n".join(nameless)
    silent = [place(w) for w in found if len(whats_this(w, window)) < 20]
    assert not silent, "without What's This: " + "\n".join(silent)
    for name, action in window.actions_.items():
        assert action.whatsThis() and action.text(), name


# -------------------------------------------------------------------- keys and versions


def test_the_key_list_has_all_keys(window, qtbot):
    text = key_list(list(window.actions_.menus.values()))
    for name, action in window.actions_.items():
        for shortcut in action.shortcuts():
            assert (
                shortcut.toString(shortcut.SequenceFormat.NativeText)
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                in text
            ), name
    assert "Freeze the read-out" in text and "← → ↑ ↓" in text
    window.actions_["keys"].trigger()
    (dialog,) = window.findChildren(KeysDialog)
    assert dialog.isVisible() and not dialog.isModal()
    dialog.reject()


def test_two_actions_never_share_a_key(window):
    seen: dict[str, str] = {}
    for name, action in window.actions_.items():
        for shortcut in action.shortcuts():
            key = shortcut.toString()
            assert key not in seen, f"{key}: {seen[key]} and {name}"
            seen[key] = name


def test_the_about_box_gives_the_versions_away(window, qtbot):
    window.actions_["about"].trigger()
    (dialog,) = window.findChildren(AboutDialog)
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    assert text == versions_text()
    names = [line.split()[0] for line in text.splitlines()]
    expected = "bgviewer Python Qt PyQt numpy scipy astropy pyqtgraph Platform Kernels"
    assert names == expected.split()
    assert all(len(line.split()) > 1 for line in text.splitlines())
    assert ".".join(map(str, sys.version_info[:3])) in text
    assert dialog.isVisible()
    dialog.reject()


# -------------------------------------------------------------------- first steps


def test_first_steps_lead_from_the_ranking_to_the_export(make_window, qtbot):
    window = make_window()
    steps: FirstSteps = window.first_steps
    assert steps.isHidden(), "nothing is offered unless a person started the program"
    steps.offer()
    assert steps.isVisible() and steps.step == 0
    qtbot.mouseClick(steps.next, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert steps.step == 1 and "Ranking" in steps.text.text() and "✓" not in steps.text.text()
    qtbot.waitUntil(steps.ring.isVisible)
    corner = window.stack_dock.mapTo(window, QPoint(0, 0))
    assert steps.ring.geometry().topLeft() == corner
    window.stack_panel.table.setFocus()
    qtbot.keyClick(window.stack_panel.table, Qt.Key.Key_Down)
    assert "✓" in steps.text.text()
    qtbot.mouseClick(steps.next, Qt.MouseButton.LeftButton)
    assert steps.step == 2 and "✓" not in steps.text.text()
    slider = window.config_panel.field("bin_size").slider
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert "✓" in steps.text.text()
    qtbot.mouseClick(steps.next, Qt.MouseButton.LeftButton)
    assert steps.step == 3 and steps.next.text() == "Done"
    qtbot.mouseClick(steps.back, Qt.MouseButton.LeftButton)
    assert steps.step == 2
    qtbot.mouseClick(steps.next, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(steps.next, Qt.MouseButton.LeftButton)
    assert steps.isHidden() and steps.step is None
    qtbot.waitUntil(lambda: not steps.ring.isVisible())
    settle(qtbot, window)


def test_dismissed_is_dismissed_for_good_but_help_brings_them_back(window, qtbot):
    steps = window.first_steps
    steps.offer()
    qtbot.mouseClick(steps.dismiss, Qt.MouseButton.LeftButton)
    assert steps.isHidden()
    steps.offer()
    assert steps.isHidden()
    before = window.session.state.stack
    window.actions_["first_steps"].trigger()
    assert steps.step == 1 and window.session.state.stack is before
    QSettings().clear()


@pytest.mark.parametrize("paths", [[], ["somewhere"]])
def test_they_are_offered_only_to_who_brings_no_files(qapp, own_settings, monkeypatch, paths):
    offered: list[bool] = []
    asks: list[object] = []
    monkeypatch.setattr(FirstSteps, "offer", lambda self: offered.append(True))
    monkeypatch.setattr(type(qapp), "exec", lambda *a: asks.append(made[-1].leaving.ask) or 0)
    monkeypatch.setattr("bgviewer.app.favour_window", lambda: None)
    build, made = application.build_window, []

    def make(*arguments):
        made.append(build(*arguments))
        return made[-1]

    monkeypatch.setattr("bgviewer.app.build_window", make)
    assert application.run_window(paths) == 0
    assert bool(offered) == (not paths)
    assert asks[0] is not None, "a person is asked before work is lost"
    made[-1].leaving.ask = None
    made[-1].close()


# -------------------------------------------------------------------- without a mouse


def test_the_cursor_moves_by_keys_and_the_values_follow(window, qtbot):
    canvas = window.panels.third.canvas
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    assert canvas.hasFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    x, y = window.keyboard.at
    assert (x, y) == (round(x), round(y))
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    qtbot.keyClick(canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert window.keyboard.at == (x - 9, y + 1)
    assert window.status.plain_readout().startswith(f"x {x - 9:.1f}\ty {y + 1:.1f}")
    said = window.session.readout(x - 9, y + 1)
    assert said is not None and said.x == x - 9
    for _ in range(60):
        qtbot.keyClick(canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert window.keyboard.at[1] == window.panels.view.box[1] + 0.5, "it stays on the image"


def test_f_freezes_in_an_image_only(window, qtbot):
    panels, canvas = window.panels, window.panels.model.canvas
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    qtbot.keyClick(canvas, Qt.Key.Key_F)
    assert panels.frozen and window.keyboard.sign.isVisible()
    held = window.status.plain_readout()
    panels.residuals.hovered.emit((window.keyboard.at[0] + 20, window.keyboard.at[1]))
    assert window.status.plain_readout() == held, "the mouse does not move a frozen read-out"
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert window.status.plain_readout() != held, "keys do"
    qtbot.keyClick(canvas, Qt.Key.Key_F)
    assert not panels.frozen and not window.keyboard.sign.isVisible()
    window.stack_panel.table.setFocus()
    qtbot.keyClick(window.stack_panel.table, Qt.Key.Key_F)
    assert not panels.frozen


def test_f6_goes_around_and_back(window, qtbot):
    for area in ("stack", "parameters"):
        assert window.docks[area].isVisible()
    window.stack_panel.table.setFocus()
    seen = []
    areas = window.keyboard.areas()
    assert areas[0] is window.stack_dock and areas[1] is window.centralWidget()
    for _ in areas:
        qtbot.keyClick(window, Qt.Key.Key_F6)
        focus = window.focusWidget()
        seen.append(next(i for i, a in enumerate(areas) if a.isAncestorOf(focus)))
    assert seen == [*range(1, len(areas)), 0]
    qtbot.keyClick(window, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert areas[-1].isAncestorOf(window.focusWidget())


def test_tab_reaches_every_image_and_stays_in_an_area_till_its_end(window, qtbot):
    window.stack_panel.table.setFocus()
    areas = window.keyboard.areas()
    order, images = [], set()
    first = window.focusWidget()
    for _ in range(300):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        focus = window.focusWidget()
        images |= {p for p in window.panels.all if p.canvas is focus}
        here = next((i for i, a in enumerate(areas) if a.isAncestorOf(focus)), None)
        if here is not None and (not order or order[-1] != here):
            order.append(here)
        if focus is first:
            break
    else:
        pytest.fail("Tab never comes back")
    assert images == set(window.panels.all)
    assert len(order) <= len(areas) + 1, f"Tab jumps between the areas: {order}"


def test_an_image_shows_that_it_has_the_focus(window, qtbot):
    canvas = window.panels.model.canvas
    window.stack_panel.table.setFocus()
    rings = [r for _, r in window.keyboard._rings.values()]
    assert not any(ring.isVisible() for ring in rings)
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    assert [ring.isVisible() for ring in rings] == [True, False, False]
    canvas.clearFocus()
    assert not any(ring.isVisible() for ring in rings)
    qtbot.waitUntil(lambda: window.session.settled, timeout=WAIT)
