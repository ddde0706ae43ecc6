"""Carrying on: sessions, drops, settings and tables that leave the window and come back."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QAction, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PyQt6.QtWidgets import QApplication, QFileDialog

from bgviewer.__main__ import main
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.io.config_file import read_any
from bgviewer.io.settings import load_config
from bgviewer.ui.saving import SaveDialog
from tests.scenarios.conftest import WAIT

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("propagateSizeHints"),
]


@pytest.fixture
def asked(monkeypatch):
    """Answer file dialogs: what is put in here is chosen next."""
    answers: list[tuple[str, str]] = []

    def choose(parent, title, start, filters):
        path, kind = answers.pop(0)
        return path, kind or filters.split(";;")[0]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
    return answers


def notices(window) -> list:
    heard: list = []
    window.session.notice_raised.connect(heard.append)
    return heard


def drop(window, *paths: Path) -> str:
    """Drag files over the window and let them go; return what the window promised."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(p)) for p in paths])
    how = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPointF(200, 200).toPoint(), Qt.DropAction.CopyAction, *how)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    promise = window.status.currentMessage()
    event = QDropEvent(QPointF(200, 200), Qt.DropAction.CopyAction, *how)
    QApplication.sendEvent(window, event)
    assert window.status.currentMessage() == ""
    return promise


def wishes_by_name(window):
    state = window.session.state
    entries = state.stack.stack.entries
    names = (entries[state.reference].name, entries[state.science].name)
    return state.config, state.plan, *names, state.third, window.session.zero_point


def change(window, qtbot) -> tuple:
    """Set something of every kind; return what is set then."""
    session = window.session
    session.set_zero_point("none")
    session.edit_config("bin_size", 40)
    science = session.state.science
    name = session.state.stack.stack.entries[science].name
    region = Region("box", (30.0, 30.0, 20.0, 10.0, 5.0), name, "a ghost")
    session.set_plan(StackPlan(frozenset(), (region,), {name: {"order": 3}}))
    session.set_reference(science)
    session.set_third("science")
    qtbot.waitUntil(lambda: session.settled, timeout=WAIT)
    return wishes_by_name(window)


def loaded(window, qtbot, folder: Path) -> None:
    """Wait until a stack of that folder is there and nothing is left to do."""

    def there() -> bool:
        paths = window.carrying.paths()
        return bool(paths) and paths[0].parent == folder and window.session.settled

    qtbot.waitUntil(there, timeout=WAIT)


def test_a_session_survives_that_its_folder_moves(
    window, make_window, qtbot, asked, stack_folder, tmp_path
):
    before = change(window, qtbot)
    asked.append((str(stack_folder / "mine.bgv.toml"), ""))
    qtbot.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert (stack_folder / "mine.bgv.toml").is_file()
    assert window.windowTitle().startswith("mine") and not window.isWindowModified()

    window.session.edit_config("bin_size", 41)
    assert window.isWindowModified()
    window.session.edit_config("bin_size", 40)
    assert not window.isWindowModified()

    moved = tmp_path / "elsewhere"
    window.close()
    stack_folder.rename(moved)
    other = make_window()
    asked.append((str(moved / "mine.bgv.toml"), ""))
    other.actions_["open_session"].trigger()
    loaded(other, qtbot, moved)
    assert wishes_by_name(other) == before
    assert other.windowTitle().startswith("mine") and not other.isWindowModified()


def test_a_dropped_session_says_what_is_missing(window, make_window, qtbot, asked, stack_folder):
    session = stack_folder.parent / "s.bgv.toml"
    asked.append((str(session), ""))
    window.actions_["save_session_as"].trigger()
    reference = window.session.state.reference
    entries = window.session.state.stack.stack.entries
    gone = next(e for e in entries if e.id not in (reference, window.session.state.science))
    window.close()
    gone.path.unlink()
    other = make_window()
    heard = notices(other)
    assert drop(other, session) == "Drop to open the session s.bgv.toml"
    loaded(other, qtbot, stack_folder)
    qtbot.waitUntil(
        lambda: any(f"1 of 5 files are missing: {gone.path.name}" in n.text for n in heard)
    )
    assert len(other.session.state.stack) == 4


def test_what_cannot_be_opened_leaves_all_as_it_was(window, qtbot, tmp_path):
    heard, stack = notices(window), window.session.state.stack
    bad = tmp_path / "bad.bgv.toml"
    bad.write_text("[session]\nformat = 1\n[[session.files]]\npath = 'x.fits'\n")
    drop(window, bad)
    evil = tmp_path / "config.py"
    evil.write_text(f"config.binSize = 64\nopen({str(tmp_path / 'trace')!r}, 'w')\n")
    drop(window, evil)
    assert [n.level for n in heard] == ["error", "error"]
    assert "none of its 1 files" in heard[0].text and "line 2" in heard[1].text
    assert window.session.state.stack is stack and not (tmp_path / "trace").exists()
    assert window.session.state.config.bin_size == 32


def test_dropped_settings_are_taken_and_exported_ones_come_back(window, qtbot, asked, tmp_path):
    lsst = tmp_path / "config.py"
    lsst.write_text("config.matchBackgrounds.binSize = 48\nconfig.matchBackgrounds.order = 2\n")
    assert drop(window, lsst) == "Drop to take the settings of config.py"
    config = window.session.state.config
    assert (config.bin_size, config.order) == (48, 2)
    change(window, qtbot)
    state = window.session.state
    for name, kind in (("a.toml", ""), ("b.py", "LSST config.py (*.py)")):
        asked.append((str(tmp_path / name), kind))
        window.actions_["export_config"].trigger()
        assert read_any(tmp_path / name)[0] == state.config
    assert read_any(tmp_path / "a.toml")[2] == state.plan
    before = wishes_by_name(window)
    window.reset_parameters()
    window.session.set_zero_point("auto")
    asked.append((str(tmp_path / "a.toml"), ""))
    window.actions_["import"].trigger()
    assert window.session.state.config == state.config
    qtbot.waitUntil(
        lambda: window.session.settled and window.session.state.stack is not state.stack,
        timeout=WAIT,
    )
    assert wishes_by_name(window) == before


def settled(window, qtbot) -> None:
    qtbot.waitUntil(lambda: window.session.settled, timeout=WAIT)


def test_the_copied_command_line_runs_and_gives_the_same_settings(window, qtbot, capsys):
    window.session.edit_config("bin_size", 40)
    window.session.edit_config("bad_mask_planes", ("SAT", "BAD"))
    settled(window, qtbot)
    science = window.session.state.science
    window.session.set_reference(science)
    settled(window, qtbot)
    window.actions_["copy_command"].trigger()
    words = shlex.split(QGuiApplication.clipboard().text())
    assert main(words[1:]) == 0
    capsys.readouterr()
    config, extra = load_config(Path(words[words.index("-o") + 1]) / "config.toml")
    assert config == window.session.state.config
    assert extra["reference"] == window.session.state.stack.stack.entries[science].name


def test_the_line_of_a_stack_with_regions_goes_through_the_session(window, qtbot, asked, tmp_path):
    heard = notices(window)
    change(window, qtbot)
    QGuiApplication.clipboard().setText("before")
    window.actions_["copy_command"].trigger()
    assert QGuiApplication.clipboard().text() == "before" and "save the session" in heard[-1].text
    asked.append((str(tmp_path / "s.bgv.toml"), ""))
    window.actions_["save_session"].trigger()
    window.actions_["copy_command"].trigger()
    words = shlex.split(QGuiApplication.clipboard().text())
    assert read_any(words[words.index("--config") + 1])[2] == window.session.state.plan


def test_recent_stacks_can_be_opened_again_and_forgotten(window, qtbot, stack_folder, tmp_path):
    window.carrying.recent.add([str(tmp_path / "gone.fits")])
    menu = window.saving.recent_menu

    def texts() -> list[str]:
        menu.aboutToShow.emit()
        return [a.text() for a in menu.actions() if not a.isSeparator()]

    assert texts() == ["&1 night", "&Clear the list"]
    window.session.close_stack()
    menu.aboutToShow.emit()
    menu.actions()[0].trigger()
    loaded(window, qtbot, stack_folder)
    menu.aboutToShow.emit()
    menu.actions()[-1].trigger()
    assert texts() == ["Nothing opened yet"]


def test_the_report_is_one_file_with_pictures(window, qtbot, asked, tmp_path):
    asked.append((str(tmp_path / "r.html"), ""))
    heard = notices(window)
    qtbot.keyClick(
        window,
        Qt.Key.Key_E,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    qtbot.waitUntil(lambda: any("written" in n.text for n in heard), timeout=WAIT)
    text = (tmp_path / "r.html").read_text()
    assert text.count('src="data:image/png;base64,') >= 4 and "<script" not in text
    for entry in window.session.state.stack.stack.entries:
        assert f"<td>{entry.name}</td>" in text


def test_a_panel_is_saved_at_the_chosen_size(window, qtbot, asked, tmp_path):
    actions: list[QAction] = window.saving.panel_menu.actions()
    assert len(actions) == 4
    for name, action, svg in (("m.png", actions[0], False), ("w.svg", actions[3], True)):
        action.trigger()
        dialog = window.findChild(SaveDialog)
        dialog.width_.setValue(300)
        dialog.format.setCurrentText("SVG" if svg else "PNG")
        dialog.scale.setValue(2)
        asked.append((str(tmp_path / name), ""))
        size = dialog.picture_size
        dialog.accept()
        qtbot.waitUntil(lambda: window.findChild(SaveDialog) is None)
        if svg:
            text = (tmp_path / name).read_text()
            assert "<svg" in text and size.width() == 300
            assert f'viewBox="0 0 300 {size.height()}"' in text
        else:
            image = QImage(str(tmp_path / name))
            assert (image.size(), size.width()) == (size, 600)
            seen = {image.pixel(x, y) for x in range(0, 600, 7) for y in range(0, size.height(), 7)}
            assert len(seen) > 20


def test_the_table_is_copied_in_the_order_of_the_screen(window, qtbot):
    window.session.match_all()
    qtbot.waitUntil(lambda: window.session.state.job is None, timeout=WAIT)
    window.actions_["copy_table"].trigger()
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    proxy = window.stack_panel.proxy
    shown = [proxy.index(i, 0).data().removeprefix("★ ") for i in range(proxy.rowCount())]
    assert [line[0] for line in lines[1:]] == shown
    assert {len(line) for line in lines} == {13}
    assert sum(line[1] == "yes" for line in lines[1:]) == 1
    assert sum(bool(line[6]) and float(line[6]) > 0 for line in lines[1:]) == 4


def test_an_empty_window_takes_settings_first(make_window, qtbot, tmp_path):
    window = make_window(MatchConfig())
    path = tmp_path / "c.toml"
    path.write_text("binSize = 99\n")
    drop(window, path)
    assert window.session.state.config.bin_size == 99
    assert window.session.state.stack is None
