"""Overriding what was recognised, and exposures that were matched before."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPoint, Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QMessageBox,
)

from bgviewer import load_stack
from bgviewer.engine.config import MatchConfig
from bgviewer.errors import ChooseError
from bgviewer.io.conventions import NO_CHOICE, Choice
from bgviewer.io.reading import READ, Reading
from bgviewer.io.remembered import load_memory
from bgviewer.io.session_file import read_session
from bgviewer.io.settings import load_settings
from bgviewer.tasks.export import ExportRequest, export
from bgviewer.ui.export_dialog import ExportDialog
from tests.raw_files import LEVELS, SIGMA, write_chips, write_pairs
from tests.scenarios.conftest import WAIT, settle

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("propagateSizeHints"),
]


@pytest.fixture
def chips(tmp_path):
    write_chips(tmp_path / "chips")
    return tmp_path / "chips"


@pytest.fixture
def empty(make_window, tmp_path):
    """A window without a stack, with a memory of its own."""
    window = make_window(MatchConfig(bin_size=24))
    window.session.file_reading.memory_file = tmp_path / "own" / "remembered.toml"
    return window


def load(window, qtbot, *paths) -> None:
    """Load paths and wait until nothing is left to do."""
    before = window.session.state.stack
    window.load([str(p) for p in paths])
    loaded(window, qtbot, before)


def loaded(window, qtbot, before) -> None:
    session = window.session
    qtbot.waitUntil(lambda: session.state.stack is not before and not session.busy, timeout=WAIT)


def choose(box, data) -> None:
    """Choose the entry of a list by what it stands for, with keys."""
    box.setFocus()
    for _ in range(box.count()):
        if box.currentData() == data:
            return
        QApplication.sendEvent(box, _key(Qt.Key.Key_Down))
    for _ in range(box.count()):
        if box.currentData() == data:
            return
        QApplication.sendEvent(box, _key(Qt.Key.Key_Up))
    raise AssertionError(f"{data} is not offered")


def _key(key):
    return QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)


def opened(window, qtbot):
    """The import dialog, once it has looked into the file and made its previews."""
    qtbot.waitUntil(lambda: window.importing.dialog is not None)
    dialog = window.importing.dialog
    qtbot.waitUntil(lambda: dialog.contents is not None, timeout=WAIT)
    previewed(dialog, qtbot)
    return dialog


def cell(dialog, row, column) -> str:
    return dialog.preview.item(row, column).text()


def previewed(dialog, qtbot) -> None:
    qtbot.waitUntil(
        lambda: (
            not dialog._pause.isActive()
            and all(cell(dialog, 0, column) != "reading…" for column in (0, 1))
        ),
        timeout=WAIT,
    )


def levels(window) -> list[int]:
    stack = window.session.state.stack.stack
    return [int(round(float(np.median(stack.read(i).image)), -1)) for i in range(len(stack))]


def notices(window) -> list:
    heard: list = []
    window.session.notice_raised.connect(heard.append)
    return heard


def test_files_of_several_chips_are_asked_about_once_and_remembered(
    empty, make_window, qtbot, chips
):
    heard = notices(empty)
    load(empty, qtbot, chips)
    assert all(isinstance(e.problem, ChooseError) for e in empty.session.state.stack.stack.entries)
    assert empty.notices.mend.isVisible() and empty.notices.mend.text() == "Choose…"
    qtbot.mouseClick(empty.notices.mend, Qt.MouseButton.LeftButton)
    dialog = opened(empty, qtbot)
    assert not dialog.read_button.isEnabled() and "Choose an image" in dialog.verdict.text()
    assert dialog.hdus.item(2, 1).text() == "CCD2"
    at = dialog.hdus.visualItemRect(dialog.hdus.item(2, 1)).center()
    qtbot.mouseClick(dialog.hdus.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(dialog.hdus.viewport(), Qt.MouseButton.LeftButton, pos=at)
    previewed(dialog, qtbot)
    assert dialog.choice() == Choice(hdu=2) and dialog.read_button.isEnabled()
    assert (cell(dialog, 0, 0), cell(dialog, 0, 1)) == ("–", "80 × 96")
    assert dialog.scope.currentText() == "all 3 files of TESTCAM"
    qtbot.mouseClick(dialog.remember, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    before = empty.session.state.stack
    qtbot.mouseClick(dialog.read_button, Qt.MouseButton.LeftButton)
    loaded(empty, qtbot, before)
    settle(qtbot, empty)
    assert levels(empty) == [LEVELS[2]] * 3 and empty.importing.dialog is None
    memory = empty.session.file_reading.memory_file
    assert [e.choice for e in load_memory(memory).entries] == [Choice(hdu=2)]
    empty.close()

    later = make_window(MatchConfig(bin_size=24))
    later.session.file_reading.memory_file = memory
    heard = notices(later)
    load(later, qtbot, chips)
    assert levels(later) == [LEVELS[2]] * 3
    assert any("3 files read as you chose for TESTCAM on 2" in n.text + n.details for n in heard)
    later.actions_["read_as"].trigger()
    dialog = opened(later, qtbot)
    assert dialog.choice() == Choice(hdu=2) and "hdu 2" in dialog.remembered.text()
    qtbot.mouseClick(dialog.forget, Qt.MouseButton.LeftButton)
    dialog.reject()
    load(later, qtbot, chips)
    assert later.notices.mend.isVisible(), "forgotten: asked again"


def test_an_uncertainty_is_given_to_all_of_a_stack_and_travels(
    empty, make_window, qtbot, tmp_path, monkeypatch
):
    paths = write_pairs(tmp_path / "pairs")
    load(empty, qtbot, *paths)
    settle(qtbot, empty)
    reference = empty.session.state.reference
    qtbot.keyClick(empty, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    dialog = opened(empty, qtbot)
    name = dialog.contents.path.stem
    assert cell(dialog, 3, 0) == "none"
    choose(dialog.form.noise_box, f"u-{name}-spread.fits")
    choose(dialog.form.kind_box, "variance")
    previewed(dialog, qtbot)
    assert cell(dialog, 4, 1).startswith("1.73 / "), "taken for a variance the noise is off"
    choose(dialog.form.kind_box, "sigma")
    qtbot.keyClicks(dialog.form.zero_point, "bright")
    assert not dialog.read_button.isEnabled() and "must be a number" in dialog.verdict.text()
    dialog.form.zero_point.clear()
    qtbot.keyClicks(dialog.form.zero_point, "26.5")
    previewed(dialog, qtbot)
    assert cell(dialog, 4, 1).startswith("3.00 / ") and cell(dialog, 6, 1) == "26.50 mag"
    before = empty.session.state.stack
    qtbot.mouseClick(dialog.read_button, Qt.MouseButton.LeftButton)
    loaded(empty, qtbot, before)
    settle(qtbot, empty)
    stack = empty.session.state.stack.stack
    for i, path in enumerate(paths):
        assert stack[i].info.choice == Choice(
            noise=f"u-{path.stem}-spread.fits", noise_kind="sigma", zero_point=26.5
        )
        assert np.all(stack.read(i).variance == SIGMA**2)
    assert empty.session.state.reference == reference, "what was decided stays"
    assert not empty.session.file_reading.memory_file.exists(), "nobody asked to remember"

    asked = [(str(tmp_path / "s.bgv.toml"), ""), (str(tmp_path / "c.toml"), "Settings (*.toml)")]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: asked.pop(0))
    empty.actions_["save_session"].trigger()
    empty.actions_["export_config"].trigger()
    rules = read_session(tmp_path / "s.bgv.toml").saved.reading
    assert load_settings(tmp_path / "c.toml")[1][READ] == rules
    choices = [entry.info.choice for entry in stack.entries]
    again = load_stack(paths, choices=Reading(rules))
    assert [entry.info.choice for entry in again.entries] == choices
    other = make_window(MatchConfig())
    before = other.session.state.stack
    other.load([str(tmp_path / "s.bgv.toml")])
    loaded(other, qtbot, before)
    assert [e.info.choice for e in other.session.state.stack.stack.entries] == choices
    assert not other.carrying.modified


def test_all_as_recognised_undoes_a_choice_for_one_file(empty, qtbot, tmp_path):
    paths = write_pairs(tmp_path / "pairs")
    empty.session.file_reading.choose(paths[0], Choice(zero_point=20.0), paths[1:])
    load(empty, qtbot, *paths)
    empty.actions_["read_as"].trigger()
    dialog = opened(empty, qtbot)
    assert dialog.form.zero_point.text() == "20"
    qtbot.mouseClick(dialog.plain_button, Qt.MouseButton.LeftButton)
    assert dialog.choice() == NO_CHOICE
    choose(dialog.scope, False)
    previewed(dialog, qtbot)
    chosen = dialog.contents.path
    before = empty.session.state.stack
    qtbot.mouseClick(dialog.read_button, Qt.MouseButton.LeftButton)
    loaded(empty, qtbot, before)
    found = {e.path.name: e.info.choice for e in empty.session.state.stack.stack.entries}
    assert found.pop(chosen.name) == NO_CHOICE
    assert set(found.values()) == {Choice(zero_point=20.0)}


def test_a_dialog_closed_early_hears_no_late_answer(empty, qtbot, chips):
    load(empty, qtbot, chips)
    empty.actions_["read_as"].trigger()
    empty.importing.dialog.reject()
    qtbot.waitUntil(lambda: not empty.session.busy)
    assert empty.importing.dialog is None and empty._bug is None


def test_it_fits_a_small_screen_and_every_field_explains_itself(empty, qtbot, chips):
    load(empty, qtbot, chips)
    empty.actions_["read_as"].trigger()
    dialog = opened(empty, qtbot)
    assert dialog.width() <= 1280 and dialog.minimumSizeHint().height() <= 660
    fields = dialog.findChildren((QAbstractButton, QAbstractItemView, QComboBox, QLineEdit))
    own = [
        f
        for f in fields
        if f.isVisible()
        and not f.objectName().startswith("qt_")
        and not isinstance(f.parent(), QAbstractItemView | QLineEdit)
        and f not in dialog.buttons.buttons()
    ]
    assert len(own) >= 10
    names = {f: f.accessibleName() or getattr(f, "text", str)() for f in own}
    assert all(names.values()) and all(len(f.whatsThis()) > 20 for f in own)
    dialog.reject()


# -------------------------------------------------------------------- matched before


@pytest.fixture
def matched(tmp_path, stack_folder):
    """Files that were matched with settings that are not the defaults."""
    config = MatchConfig(bin_size=40, use_polynomial=True, order=2)
    out = tmp_path / "out"
    export(ExportRequest(load_stack([stack_folder]), config, 0, out))
    return config, sorted(out.glob("*_matched.fits"))


def known(window, qtbot) -> None:
    qtbot.waitUntil(lambda: bool(window.earlier.matches), timeout=WAIT)


def test_the_settings_of_an_earlier_match_are_offered(empty, qtbot, matched):
    config, paths = matched
    load(empty, qtbot, *paths)
    known(empty, qtbot)
    assert empty.notices.mend.isVisible() and "matched already to" in empty.notices.text.text()
    qtbot.mouseClick(empty.notices.mend, Qt.MouseButton.LeftButton)
    assert empty.session.state.config == config
    entries = empty.session.state.stack.stack.entries
    assert entries[empty.session.state.reference].name == "demo_01_matched"
    qtbot.keyClick(empty, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert empty.session.state.config == MatchConfig(bin_size=24), "one step, undone"


def test_a_second_match_asks_first(empty, qtbot, matched):
    load(empty, qtbot, *matched[1])
    known(empty, qtbot)
    settle(qtbot, empty)
    match_all, export_ = (empty.actions_[name] for name in ("match_all", "export"))
    match_all.trigger()
    assert "adds a second correction" in empty.earlier.box.text()
    answer(empty, qtbot, QMessageBox.ButtonRole.RejectRole)
    assert empty.session.state.job is None
    assert len(empty.session.state.outcomes) == 1, "the pair on the screen alone"
    export_.trigger()
    answer(empty, qtbot, QMessageBox.ButtonRole.AcceptRole)
    dialog = empty.findChild(ExportDialog)
    assert dialog is not None
    dialog.reject()
    match_all.trigger()  # agreed to for this stack: not asked again
    assert empty.earlier.box is None
    qtbot.waitUntil(lambda: len(empty.session.state.outcomes) == 4, timeout=WAIT)


def answer(window, qtbot, role) -> None:
    box = window.earlier.box
    button = next(b for b in box.buttons() if box.buttonRole(b) == role)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.earlier.box is None)


def test_exposures_that_were_not_matched_are_not_asked_about(window, qtbot):
    assert window.earlier.matches == ()
    assert not window.actions_["take_settings"].isEnabled()
    window.actions_["match_all"].trigger()
    assert window.earlier.box is None
    qtbot.waitUntil(lambda: window.session.state.job is None, timeout=WAIT)
    assert len(window.session.state.outcomes) == 4


def test_the_reference_alone_is_not_matched_a_second_time(empty, qtbot, matched, stack_folder):
    mixed = [matched[1][1], *sorted(stack_folder.glob("*.fits"))[2:]]
    load(empty, qtbot, *mixed)
    known(empty, qtbot)
    empty.session.set_reference(0)
    empty.actions_["match_all"].trigger()
    assert empty.earlier.box is None
    qtbot.waitUntil(lambda: empty.session.state.job is None, timeout=WAIT)


def test_the_exported_settings_say_how_the_files_were_read(empty, qtbot, chips, tmp_path):
    empty.session.file_reading.choose(chips / "raw_0.fits", Choice(hdu=2), sorted(chips.iterdir()))
    load(empty, qtbot, chips)
    settle(qtbot, empty)
    request = empty.session.export_request(
        tmp_path / "out", overwrite=False, include_reference=True, backgrounds=False
    )
    export(request)
    rules = tomllib.loads((tmp_path / "out" / "config.toml").read_text())[READ]
    assert [rule["hdu"] for rule in rules] == [2] and len(rules[0]["files"]) == 3
