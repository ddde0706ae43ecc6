"""Wrong files, changed files and our own outputs: the stack in the window is never lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.synthetic import make_stack
from bgviewer.io.reading import ReadRule
from bgviewer.ui.report_dialog import ReportDialog
from tests.scenarios.conftest import WAIT, in_memory, settle
from tests.stacks import SMALL

pytestmark = [pytest.mark.scenario, pytest.mark.qt_log_ignore("This plugin does not support")]

LEFT = Qt.MouseButton.LeftButton


def drop(window, *paths: Path) -> None:
    """Drop files onto the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy = Qt.DropAction.CopyAction
    plain = Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(300, 300), copy, data, LEFT, plain))


def idle(window, qtbot) -> None:
    qtbot.waitUntil(lambda: window.session.state.job is None, timeout=WAIT)


def damaged(path: Path, kind: str) -> Path:
    if kind == "text":
        path.write_text("a note, no FITS file\n" * 200)
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "picture":
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000))
    elif kind == "folder":
        path.mkdir()
    return path  # "missing": nothing


@pytest.mark.parametrize("kind", ["text", "empty", "picture", "folder", "missing"])
def test_the_stack_stays_where_nothing_can_be_read(window, qtbot, tmp_path, kind):
    state = window.session.state
    wrong = damaged(tmp_path / "wrong.fits", kind)
    drop(window, wrong)
    idle(window, qtbot)
    assert window.session.state.stack is state.stack
    assert (window.session.state.science, window.session.state.reference) == (
        state.science,
        state.reference,
    )
    notice = window.notices.notice
    assert notice.level == "error" and "wrong.fits" in notice.text
    assert "badMaskPlanes" not in notice.text and "stay" in notice.text
    assert any("wrong.fits" in line for line in window.judge.log.lines())
    settle(qtbot, window)


def test_the_same_for_several_wrong_files(window, qtbot, tmp_path):
    stack = window.session.state.stack
    drop(window, damaged(tmp_path / "a.fits", "text"), damaged(tmp_path / "b.fits", "empty"))
    idle(window, qtbot)
    assert window.session.state.stack is stack
    assert "none of the 2 files can be read" in window.notices.notice.text


def test_without_a_stack_the_diagnosis_is_true(make_window, qtbot, tmp_path):
    window = make_window()
    window.load([str(damaged(tmp_path / "note.fits", "text"))])
    idle(window, qtbot)
    assert window.session.state.stack is None
    assert "note.fits" in window.notices.notice.text
    assert "badMaskPlanes" not in window.notices.notice.text


def test_a_wrong_file_among_good_ones_is_a_row_with_its_reason(
    make_window, qtbot, stack_folder, tmp_path
):
    window = make_window(MatchConfig(bin_size=32))
    good = sorted(stack_folder.glob("*.fits"))
    wrong = damaged(tmp_path / "wrong.fits", "text")
    window.load([*map(str, good), str(wrong)])
    settle(qtbot, window)
    stack = window.session.state.stack
    assert [e.name for e in stack.stack.entries if e.problem] == ["wrong"]
    assert "not a FITS file" in stack.reasons[len(good)]
    held = window.notices.held
    assert held[0].level == "warning" and "wrong" in held[0].text


def test_how_files_are_read_stays_with_the_stack_that_stays(window, qtbot, tmp_path):
    reading = window.session.file_reading
    reading.set_rules([ReadRule(files=("demo_*",))])
    before = reading.reading
    drop(window, damaged(tmp_path / "wrong.fits", "text"))
    idle(window, qtbot)
    assert reading.reading == before


# -------------------------------------------------------------------- our own outputs


@pytest.fixture
def outputs(window, qtbot, tmp_path) -> Path:
    out = tmp_path / "matched"
    session = window.session
    session.export(
        session.export_request(out, overwrite=False, include_reference=True, backgrounds=True)
    )
    idle(window, qtbot)
    for dialog in window.findChildren(ReportDialog):
        dialog.reject()
    return out


def test_a_folder_of_our_own_outputs_is_offered_and_shown(window, qtbot, outputs):
    stack = window.session.state.stack
    drop(window, outputs)
    idle(window, qtbot)
    assert window.session.state.stack is stack
    notice = window.notices.notice
    assert notice.action == "show_outputs" and "only files written by bgviewer" in notice.text
    assert window.notices.mend.text() == "Show them"
    qtbot.mouseClick(window.notices.mend, LEFT)
    qtbot.waitUntil(lambda: window.session.state.stack is not stack, timeout=WAIT)
    names = {e.name for e in window.session.state.stack.stack.entries}
    assert len(names) == 5 and all(name.endswith("_matched") for name in names)
    qtbot.waitUntil(lambda: bool(window.earlier.matches), timeout=WAIT)
    window.actions_["match_all"].trigger()
    assert window.earlier.box is not None, "a second match is asked about"
    window.earlier.box.reject()
    settle(qtbot, window)


# -------------------------------------------------------------------- changed on disk


@pytest.mark.parametrize("how", ["touched", "rewritten", "replaced", "gone"])
@pytest.mark.parametrize("when", ["activation", "match all"])
def test_changed_inputs_are_pointed_out(window, qtbot, how, when):
    path = window.session.state.stack.stack.entries[3].path
    whole = path.read_bytes()
    if how == "touched":
        os.utime(path, ns=(1, 1))
    elif how == "rewritten":
        path.write_bytes(whole)
        os.utime(path, ns=(1, 1))
    else:
        path.unlink()
        if how == "replaced":
            path.write_bytes(whole)
    if when == "activation":
        window.activateWindow()
        window.session.file_watch.look()
    else:
        window.actions_["match_all"].trigger()
    reload = window.actions_["reload"]
    qtbot.waitUntil(lambda: any(n.action == "reload" for n in window.notices.held), timeout=WAIT)
    idle(window, qtbot)
    notice = next(n for n in window.notices.held if n.action == "reload")
    assert notice.level == "warning" and path.stem in notice.text and reload.isEnabled()
    stack = window.session.state.stack
    plan, config = window.session.state.plan, window.session.state.config
    reload.trigger()
    qtbot.waitUntil(lambda: window.session.state.stack is not stack, timeout=WAIT)
    idle(window, qtbot)
    assert not any(n.action == "reload" for n in window.notices.held)
    assert (window.session.state.plan, window.session.state.config) == (plan, config)


def test_a_change_is_reported_once_and_unchanged_files_never(window, qtbot):
    window.session.file_watch.look()
    raised = []
    window.session.notice_raised.connect(raised.append)
    entry = window.session.state.stack.stack.entries[2]
    os.utime(entry.path, ns=(1, 1))
    for _ in range(3):
        window.session.file_watch.look()
        done = []
        window.session.read_quietly("probe", lambda job: None, done.append)
        qtbot.waitUntil(lambda d=done: bool(d), timeout=WAIT)
    assert len(raised) == 1 and entry.name in raised[0].text


# -------------------------------------------------------------------- what a new stack has to say


def test_a_warning_never_hides_behind_a_remark(make_window, qtbot):
    window = make_window(MatchConfig(bin_size=32))
    stack = in_memory(make_stack(SMALL).exposures)
    stack.notes = ("1 file left out", "warning: the exposures are of different bands (g, r)")
    window.session.use_stack(stack)
    settle(qtbot, window)
    first, *others = window.notices.held
    assert first.level == "warning" and first.text == "the exposures are of different bands (g, r)"
    assert any("1 file left out" in n.text + n.details for n in others)
    window.session.notice("warning", "first", "second\nthird")
    written = "\n".join(window.judge.log.lines())
    for text in ("different bands (g, r)", "1 file left out", "warning: second", "warning: third"):
        assert text in written
