"""Undo and redo, without a window."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QAction, QKeyEvent
from PyQt6.QtWidgets import QApplication, QSlider, QVBoxLayout, QWidget

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.synthetic import make_stack
from bgviewer.io.stack import ExposureStack
from bgviewer.session.session import Session
from bgviewer.ui.history import History


@pytest.fixture
def session(qtbot, qapp):
    session = Session()
    yield session
    session.close()


@pytest.fixture
def history(session):
    return History(session)


@pytest.fixture
def loaded(session, qtbot):
    session.set_config(MatchConfig(bin_size=64))
    session.use_stack(ExposureStack.of(make_stack().exposures))
    qtbot.waitUntil(lambda: session.state.reference is not None, timeout=30_000)
    return session


def test_each_edit_is_a_step_there_and_back(session, history):
    session.edit_config("bin_size", 128)
    session.edit_config("order", 3)
    assert [history.steps.text(i) for i in range(2)] == ["binSize 256 → 128", "order 8 → 3"]
    history.steps.undo()
    assert (session.state.config.bin_size, session.state.config.order) == (128, 8)
    history.steps.undo()
    assert session.state.config == MatchConfig()
    assert not history.steps.canUndo()
    history.steps.redo()
    history.steps.redo()
    assert (session.state.config.bin_size, session.state.config.order) == (128, 3)
    assert history.steps.count() == 2, "undo and redo are no steps"


def test_a_new_edit_ends_what_could_be_redone(session, history):
    session.edit_config("order", 3)
    history.steps.undo()
    session.edit_config("order", 4)
    assert not history.steps.canRedo()
    history.steps.undo()
    assert session.state.config.order == 8


def test_what_is_refused_or_the_same_is_no_step(session, history):
    session.edit_config("order", -1)
    session.edit_config("order", 8)
    assert history.steps.count() == 0


def test_words(session, history):
    session.set_weights(0.1, 0.2, 0.3)
    session.set_config(MatchConfig(order=2, bin_size=99))
    session.edit_config("bad_mask_planes", ("SAT",))
    session.edit_config("use_polynomial", True)
    with history.named("a name"):
        session.edit_config("order", 4)
    session.edit_config("order", 5)
    texts = [history.steps.text(i) for i in range(history.steps.count())]
    assert texts == [
        "weights",
        "5 parameters",
        "badMaskPlanes",
        "usePolynomial off → on",
        "a name",
        "order 4 → 5",
    ]


def test_exclusion_takes_the_reference_with_it_in_one_step(loaded, history):
    state = loaded.state
    reference, name = state.reference, state.stack.stack.entries[state.reference].name
    loaded.exclude(reference)
    assert loaded.state.reference != reference
    assert [history.steps.text(i) for i in range(history.steps.count())] == [f"exclude {name}"]
    history.steps.undo()
    assert loaded.state.wishes == state.wishes
    history.steps.redo()
    assert loaded.state.plan.excluded == {name}
    assert loaded.state.reference != reference
    loaded.exclude(reference, False)
    assert history.steps.undoText() == f"include {name}"


def test_own_settings_are_a_step(loaded, history):
    name = loaded.state.stack.stack.entries[1].name
    loaded.set_own(1, {"order": 2})
    assert history.steps.undoText() == f"own settings of {name}"
    history.steps.undo()
    assert loaded.state.plan.is_empty


def test_loading_and_closing_forget(session, history, qtbot):
    session.edit_config("bin_size", 64)
    session.use_stack(ExposureStack.of(make_stack().exposures))
    qtbot.waitUntil(lambda: session.state.reference is not None, timeout=30_000)
    assert history.steps.count() == 0
    session.edit_config("bin_size", 100)
    assert history.steps.count() == 1
    session.close_stack()
    assert history.steps.count() == 0


# ---------------------------------------------------------------- held down


@pytest.fixture
def slider(qtbot, session, history):
    panel = QWidget()
    qtbot.addWidget(panel)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, 20)
    slider.setValue(8)
    QVBoxLayout(panel).addWidget(slider)
    slider.valueChanged.connect(lambda value: session.edit_config("order", value))
    history.watch(panel)
    panel.show()
    slider.panel = panel  # or Python lets go of it
    return slider


def send(widget, kind, repeated):
    event = QKeyEvent(kind, Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, "", repeated)
    QApplication.sendEvent(widget, event)


def test_a_key_held_down_is_one_step_and_two_presses_are_two(slider, session, history):
    press, release = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
    send(slider, press, False)
    for _ in range(3):
        send(slider, release, True)
        send(slider, press, True)
    send(slider, release, False)
    assert session.state.config.order == 12
    assert history.steps.count() == 1
    assert history.steps.undoText() == "order 8 → 12"
    send(slider, press, False)
    send(slider, release, False)
    assert history.steps.count() == 2


def test_a_drag_that_comes_back_leaves_no_step(slider, session, history, qtbot):
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=slider.rect().center())
    for value in (10, 12, 8):
        slider.setValue(value)
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=slider.rect().center())
    slider.setValue(8)
    session.edit_config("order", 8)
    assert history.steps.count() == 0
    session.edit_config("order", 9)
    session.edit_config("order", 10)
    assert history.steps.count() == 2


def test_the_actions_say_what_they_do(session, history, qapp):
    undo, redo = QAction(), QAction()
    history.bind(undo, redo)
    assert not undo.isEnabled() and not redo.isEnabled()
    session.edit_config("order", 3)
    assert undo.isEnabled() and undo.text() == "&Undo order 8 → 3"
    history.steps.undo()
    assert not undo.isEnabled() and undo.text() == "&Undo"
    assert redo.isEnabled() and redo.text() == "&Redo order 8 → 3"
