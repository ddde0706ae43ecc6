"""Matching all: states and time left, trying again, limits, counts, and nothing lost unasked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import QApplication, QFileDialog, QMessageBox

from bgviewer.engine.acceptance import AcceptanceLimits
from bgviewer.engine.config import MatchConfig
from bgviewer.io.settings import load_settings
from bgviewer.ui.leaving import Answer, ask_person
from bgviewer.ui.ranking_model import COLUMNS
from bgviewer.ui.report_dialog import ReportDialog
from tests.scenarios.conftest import WAIT, settle

pytestmark = [pytest.mark.scenario, pytest.mark.qt_log_ignore("propagateSizeHints")]


WAITING, RUNNING, MATCHED, FAILED, REFERENCE = "…▶●✕★"


def states(window) -> list[str]:
    model = window.stack_panel.model
    column = COLUMNS.index("state")
    # Where there is little room the table shows the sign alone.
    return [model.index(i, column).data()[0] for i in range(model.rowCount())]


def idle(window, qtbot) -> None:
    qtbot.waitUntil(lambda: window.session.state.job is None, timeout=WAIT)


def spoil(path: Path) -> bytes:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return whole


@pytest.fixture
def from_disk(make_window, qtbot, stack_folder, monkeypatch):
    """A window whose stack does not fit in memory: what happens to the files is noticed."""
    from bgviewer.io.stack import ExposureStack

    monkeypatch.setattr(ExposureStack, "fits_in_cache", property(lambda self: False))
    window = make_window(MatchConfig(bin_size=32))
    window.load([str(stack_folder)])
    settle(qtbot, window)
    return window


# -------------------------------------------------------------------- match all


def test_the_table_and_the_status_bar_follow_match_all(window, qtbot):
    seen: list[tuple[list[str], str]] = []

    def look() -> None:
        job = window.session.state.job
        if job is not None and job.pace is not None:
            seen.append((states(window), window.status.job.text()))

    window.session.outcomes_changed.connect(look)
    window.session.job_changed.connect(look)
    qtbot.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    idle(window, qtbot)
    words = {state for found, _ in seen for state in found}
    assert {WAITING, RUNNING, MATCHED, REFERENCE} <= words
    assert not {WAITING, RUNNING} & set(states(window))
    texts = [text for _, text in seen]
    assert any("0 of 4" in text for text in texts) and any("3 of 4 · about" in t for t in texts)
    assert not any("left" in text for text in texts if " 0 of 4" in text or " 1 of 4" in text)


def test_stopping_leaves_no_row_waiting(window, qtbot):
    def stop() -> None:
        job = window.session.state.job
        if job is not None and job.running:
            window.actions_["stop"].trigger()

    window.session.outcomes_changed.connect(stop)
    window.actions_["match_all"].trigger()
    idle(window, qtbot)
    assert not {WAITING, RUNNING} & set(states(window))


def test_what_failed_is_tried_again_and_nothing_else(from_disk, qtbot, monkeypatch):
    window, session = from_disk, from_disk.session
    others = [i for i in range(5) if i not in (session.state.reference, session.state.science)]
    path = session.state.stack.stack.entries[others[0]].path
    retry = window.actions_["retry_failed"]
    assert not retry.isEnabled()
    session.state.stack.stack.forget()
    whole = spoil(path)
    window.actions_["match_all"].trigger()
    idle(window, qtbot)
    failed = [i for i, outcome in session.state.outcomes.items() if outcome.status == "failed"]
    assert failed == [others[0]] and states(window)[others[0]] == FAILED
    assert [s for s in states(window) if s == MATCHED], "a failure must not stop the others"
    assert window.notices.isVisible() and "1 failed" in window.notices.text.text()
    assert retry.isEnabled() and window.notices.mend.isVisible()

    path.write_bytes(whole)
    os.utime(path)
    begun: set[int] = set()
    session.outcomes_changed.connect(
        lambda: begun.update(session.state.job.running if session.state.job else ())
    )
    qtbot.mouseClick(window.notices.mend, Qt.MouseButton.LeftButton)
    assert session.state.job.title == "Matching again"
    idle(window, qtbot)
    assert begun == {others[0]}
    assert states(window)[others[0]] == MATCHED and not retry.isEnabled()
    assert [n.action for n in window.notices.held if n.action] == ["reload"]


def test_a_failed_export_is_completed_from_its_report(from_disk, qtbot, tmp_path):
    window, session = from_disk, from_disk.session
    exposure = next(
        i for i in range(5) if i not in (session.state.reference, session.state.science)
    )
    session.state.stack.stack.forget()
    path = session.state.stack.stack.entries[exposure].path
    whole = spoil(path)
    out = tmp_path / "out"
    session.export(
        session.export_request(out, overwrite=False, include_reference=True, backgrounds=True)
    )
    qtbot.waitUntil(lambda: bool(window.findChildren(ReportDialog)), timeout=WAIT)
    (dialog,) = window.findChildren(ReportDialog)
    assert dialog.retry.isVisible() and dialog.retry.text() == "Retry failed (1)"
    count = len(list(out.iterdir()))
    path.write_bytes(whole)
    reports: list = []
    session.exported.connect(reports.append)
    qtbot.mouseClick(dialog.retry, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(reports), timeout=WAIT)
    assert reports[0].n_failed == 0 and len(list(out.iterdir())) == count + 2
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(ReportDialog)))
    last = next(d for d in window.findChildren(ReportDialog) if d.isVisible())
    assert not last.retry.isVisible()
    last.reject()


# -------------------------------------------------------------------- acceptance


def criterion(window) -> str:
    return window.panels.figures.ratio.remark.text()


def test_the_limits_are_set_undone_and_exported(window, qtbot, monkeypatch, tmp_path):
    row = window.acceptance.rows["mse_ratio"]
    spin = row.field.spin
    assert spin.value() == 1.1 and not row.reset.isVisible()
    before = criterion(window)
    told = window.session.state.match.shown.figures.verdict
    shown = window.session.state.match.shown
    spin.setFocus()
    spin.selectAll()
    qtbot.keyClicks(spin, "0.01")
    qtbot.keyClick(spin, Qt.Key.Key_Return)
    assert window.session.state.plan.acceptance == AcceptanceLimits(mse_ratio=0.01)
    assert criterion(window) != before
    assert window.session.state.match.shown.figures.verdict is told, "limits are no verdict"
    assert window.panels.figures.ratio.remark.property("verdict") == "high"
    assert window.session.state.match.shown is shown, "no match depends on the limits"
    window.stack_panel.table.setFocus()
    assert window.actions_["undo"].text().endswith("maxMatchResidualRatio 1.1 → 0.01")

    path = tmp_path / "c.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), "Settings (*.toml)"))
    window.actions_["export_config"].trigger()
    assert load_settings(path)[2].acceptance.mse_ratio == 0.01

    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert spin.value() == 1.1 and criterion(window) == before
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (str(path), ""))
    window.actions_["import"].trigger()
    assert spin.value() == 0.01
    qtbot.mouseClick(row.reset, Qt.MouseButton.LeftButton)
    assert spin.value() == 1.1
    settle(qtbot, window)


# -------------------------------------------------------------------- mask planes


def test_the_planes_say_how_many_pixels_they_have(window, qtbot):
    session = window.session
    qtbot.waitUntil(lambda: session.planes.counts is not None, timeout=WAIT)
    field = window.config_panel.field("bad_mask_planes")
    science = session.state.match.shown.science
    texts = {}
    for i in range(field.list.count()):
        item = field.list.item(i)
        texts[item.text()] = item.data(Qt.ItemDataRole.AccessibleTextRole)
    detected = int(((science.mask >> science.planes["DETECTED"]) & 1).sum())
    assert detected > 0
    assert texts["DETECTED"].startswith(f"DETECTED {detected:,} px (".replace(",", "\u202f"))
    empty = [name for name, text in texts.items() if " 0 px" in text]
    assert empty, "this stack has planes without a pixel"
    item = field.list.findItems(empty[0], Qt.MatchFlag.MatchExactly)[0]
    assert item.flags() & Qt.ItemFlag.ItemIsEnabled
    before = session.state.config.bad_mask_planes
    on = item.checkState() == Qt.CheckState.Checked
    item.setCheckState(Qt.CheckState.Unchecked if on else Qt.CheckState.Checked)
    assert (empty[0] in session.state.config.bad_mask_planes) != (empty[0] in before)
    settle(qtbot, window)


def test_the_counts_follow_the_pair(window, qtbot):
    session = window.session
    qtbot.waitUntil(lambda: session.planes.counts is not None, timeout=WAIT)
    first = session.planes.name
    other = next(i for i in range(5) if i not in (session.state.reference, session.state.science))
    session.set_science(other)
    settle(qtbot, window)
    qtbot.waitUntil(
        lambda: session.planes.counts is not None and session.planes.name != first, timeout=WAIT
    )
    session.close_stack()
    assert session.planes.counts is None


# -------------------------------------------------------------------- nothing lost unasked


@pytest.fixture
def asked(window):
    """Answers for the question; what was asked about."""
    answers: list[Answer] = []
    heard: list[str] = []

    def ask(parent, name):
        heard.append(name)
        return answers.pop(0)

    window.leaving.ask = ask
    yield answers, heard
    window.leaving.ask = None


def test_who_only_looked_is_not_asked(window, qtbot, asked):
    window.session.set_science(window.session.state.reference)
    window.actions_["third_science"].trigger()
    assert window.close()
    assert asked[1] == []


def test_a_change_is_asked_about_and_cancel_keeps_everything(window, qtbot, asked, stack_folder):
    answers, heard = asked
    window.session.edit_config("bin_size", 40)
    settle(qtbot, window)
    answers += [Answer.CANCEL] * 3
    assert not window.close() and window.isVisible()
    window.actions_["close"].trigger()
    window.load([str(stack_folder)])
    assert len(heard) == 3 and window.session.state.stack is not None
    assert window.session.state.job is None
    window.actions_["undo"].trigger()
    assert window.close() and len(heard) == 3, "what is undone is not worth a question"


def test_save_saves_and_goes_on(window, qtbot, asked, monkeypatch, tmp_path):
    answers, heard = asked
    window.session.edit_config("bin_size", 40)
    path = tmp_path / "mine.bgv.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: ("", ""))
    answers.append(Answer.SAVE)
    window.actions_["close"].trigger()
    assert window.session.state.stack is not None, "who names no file has not saved"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), ""))
    answers.append(Answer.SAVE)
    window.actions_["close"].trigger()
    assert path.is_file() and window.session.state.stack is None
    assert heard == ["this session"] * 2


def test_a_saved_session_asks_only_when_it_was_changed(window, qtbot, asked, monkeypatch, tmp_path):
    answers, heard = asked
    path = tmp_path / "mine.bgv.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), ""))
    window.session.edit_config("bin_size", 40)
    window.actions_["save_session"].trigger()
    assert not window.leaving.would_lose
    window.session.edit_config("bin_size", 41)
    answers.append(Answer.DISCARD)
    window.actions_["close"].trigger()
    assert heard == ["mine.bgv.toml"] and window.session.state.stack is None


def test_without_a_person_nobody_is_asked(window):
    window.session.edit_config("bin_size", 40)
    assert window.leaving.would_lose and window.leaving.ask is None
    assert window.close()


@pytest.mark.parametrize(
    ("button", "answer"),
    [
        (QMessageBox.StandardButton.Save, Answer.SAVE),
        (QMessageBox.StandardButton.Discard, Answer.DISCARD),
        (QMessageBox.StandardButton.Cancel, Answer.CANCEL),
    ],
)
def test_the_box_has_three_answers(window, qtbot, button, answer):
    texts: list[str] = []

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        texts.extend(b.text().replace("&", "") for b in box.buttons())
        qtbot.mouseClick(box.button(button), Qt.MouseButton.LeftButton)

    QTimer.singleShot(50, press)
    assert ask_person(window, "mine.bgv.toml") is answer
    assert sorted(texts) == ["Cancel", "Don't save", "Save"]
