"""Running work never ends unasked: closing, closing the stack, another stack, signals."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import QApplication, QMessageBox

from bgviewer import app as application
from bgviewer.io.read import read
from bgviewer.ui.leaving import Answer, RunningAnswer, ask_running
from bgviewer.ui.report_dialog import ReportDialog
from tests.scenarios.conftest import WAIT

pytestmark = [pytest.mark.scenario, pytest.mark.qt_log_ignore("This plugin does not support")]

CONTROL = Qt.KeyboardModifier.ControlModifier
FINISH, STOP, CANCEL = RunningAnswer.FINISH, RunningAnswer.STOP, RunningAnswer.CANCEL


@pytest.fixture
def asked(window):
    """Answers for the question about running work; what was said in it."""
    answers: list[RunningAnswer] = []
    said: list[str] = []

    def ask_about_work(parent, describe, can_wait):
        said.append(describe())
        return answers.pop(0)

    window.leaving.ask = lambda parent, name: Answer.DISCARD
    window.leaving.ask_running = ask_about_work
    yield answers, said
    window.leaving.ask = None


def export(window, out: Path) -> None:
    session = window.session
    session.export(
        session.export_request(out, overwrite=False, include_reference=True, backgrounds=True)
    )


def begin(window, work: str, out: Path) -> None:
    if work == "export":
        export(window, out)
    elif work == "match all":
        window.session.match_all()
    elif work == "sweep":
        window.session.sweeper.start()
    else:
        window.session.checker.start()


def running(window) -> bool:
    return window.session.state.job is not None or window.session.sweeper.state.running


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ("export", "An export is running: 0 of 4 exposures written."),
        ("match all", "All exposures are being matched: 0 of 4 are done."),
        ("sweep", "A sweep is running: 0 of 4 exposures tried."),
        ("check", "The check of the stack is running."),
    ],
)
def test_closing_asks_about_running_work(window, qtbot, asked, tmp_path, work, words):
    answers, said = asked
    answers += [CANCEL, CANCEL, STOP]
    begin(window, work, tmp_path / "out")
    qtbot.keyClick(window, Qt.Key.Key_Q, CONTROL)
    assert said == [words] and window.isVisible() and running(window)
    window.actions_["close"].trigger()
    assert len(said) == 2 and window.session.state.stack is not None and running(window)
    assert window.close() and len(said) == 3
    assert not window.session.alive, "stopped, and its threads have ended"


def test_finish_first_closes_when_everything_is_written(window, qtbot, asked, tmp_path):
    answers, said = asked
    answers.append(FINISH)
    out = tmp_path / "out"
    export(window, out)
    assert not window.close()
    assert "closes when the work is done" in window.notices.text.text()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert len(said) == 1 and len(list(out.glob("*_matched.fits"))) == 5
    assert not window.findChildren(ReportDialog), "who leaves is not stopped by a report"


def test_finish_first_stays_where_something_failed(window, qtbot, asked, tmp_path):
    answers, _ = asked
    answers.append(FINISH)
    entries = window.session.state.stack.stack.entries
    state = window.session.state
    lost = next(e for e in entries if e.id not in (state.reference, state.science))
    lost.path.unlink()
    export(window, tmp_path / "out")
    assert not window.close()
    qtbot.waitUntil(lambda: bool(window.findChildren(ReportDialog)), timeout=WAIT)
    qtbot.waitUntil(lambda: not window.leaving.waiting, timeout=WAIT)
    assert window.isVisible() and not running(window)
    for dialog in window.findChildren(ReportDialog):
        dialog.reject()


def test_stopping_by_hand_calls_the_closing_off(window, qtbot, asked, tmp_path):
    answers, _ = asked
    answers.append(FINISH)
    export(window, tmp_path / "out")
    assert not window.close() and window.leaving.waiting
    window.actions_["stop"].trigger()
    assert not window.leaving.waiting
    qtbot.waitUntil(lambda: not running(window), timeout=WAIT)
    assert window.isVisible()


def test_another_stack_asks_before_it_ends_a_sweep(window, qtbot, asked, stack_folder):
    answers, said = asked
    answers += [CANCEL, STOP]
    window.session.sweeper.start()
    window.load([str(stack_folder)])
    assert window.session.state.job is None and window.session.sweeper.state.running
    window.load([str(stack_folder)])
    assert window.session.state.job is not None and len(said) == 2
    qtbot.waitUntil(lambda: window.session.state.job is None, timeout=WAIT)


def test_automation_is_not_asked(window, tmp_path):
    export(window, tmp_path / "out")
    assert window.leaving.ask is None and window.close()
    assert not window.session.alive


@pytest.mark.parametrize(
    ("text", "answer"),
    [("Finish first", FINISH), ("Stop and close", STOP), ("Cancel", CANCEL)],
)
def test_the_box_offers_three_ways(window, qtbot, text, answer):
    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox) and "2 of 7" in box.text()
        buttons = {b.text().replace("&", ""): b for b in box.buttons()}
        assert len(buttons) == 3
        qtbot.mouseClick(buttons[text], Qt.MouseButton.LeftButton)

    QTimer.singleShot(0, press)
    assert ask_running(window, lambda: "An export is running: 2 of 7 exposures written.") is answer


def test_the_question_follows_the_work_and_goes_with_it(window):
    texts = iter(["1 of 2", "2 of 2", ""])
    assert ask_running(window, lambda: next(texts)) is CANCEL


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_an_export_in_order(
    qapp, own_settings, monkeypatch, capsys, tmp_path, stack_folder, name, code
):
    out = tmp_path / "out"
    made, sent = [], []
    build = application.build_window

    def look() -> None:
        session = made[0].session
        job = session.state.job
        if session.state.stack is not None and job is None and not sent:
            sent.append("export")
            export(made[0], out)
        elif job is not None and job.kind == "export" and job.pace.done and len(sent) == 1:
            sent.append(name)
            os.kill(os.getpid(), getattr(signal, name))

    def make(*arguments):
        made.append(build(*arguments))
        made[0].session.job_changed.connect(look)
        made[0].session.outcomes_changed.connect(look)
        return made[0]

    monkeypatch.setattr("bgviewer.app.build_window", make)
    monkeypatch.setattr("bgviewer.app.favour_window", lambda: None)
    assert application.run_window([str(stack_folder)]) == code
    made[0].leaving.ask = None
    made[0].close()
    assert capsys.readouterr().err.count(name) == 1
    assert sent == ["export", name] and not made[0].session.alive
    names = {path.name for path in out.iterdir()}
    own = ("config.toml", "metrics.json", "report.ecsv")
    assert all(n.startswith("demo_") or n in own for n in names), names
    for path in out.glob("*_matched.fits"):
        read(path)
        assert path.with_name(path.name.replace("matched", "background")).exists() or (
            "reference" in path.read_bytes()[:20000].decode("latin-1")
        )
