"""A screenshot ends: it waits for a state, not for a signal, and not for ever."""

from __future__ import annotations

import threading

import pytest
from PyQt6.QtCore import QTimer

from bgviewer import app as composition
from bgviewer.engine.config import MatchConfig
from bgviewer.errors import Cancelled
from bgviewer.session import plane_counter
from bgviewer.session.session import Session
from bgviewer.ui import screenshot
from bgviewer.ui.main_window import MainWindow
from tests.stacks import write_small_stack

HUNG = 99
LIMIT = 20_000  # ms


@pytest.fixture
def shoot(qapp, tmp_path, monkeypatch):
    """Return what takes a screenshot of a small stack and returns the exit code."""
    write_small_stack(tmp_path / "stack")
    made: list[MainWindow] = []
    build = composition.build_window
    monkeypatch.setattr(
        composition, "build_window", lambda *args: made.append(build(*args)) or made[-1]
    )

    def take() -> int:
        watchdog = QTimer()
        watchdog.setSingleShot(True)
        watchdog.timeout.connect(lambda: qapp.exit(HUNG))
        watchdog.start(LIMIT)
        code = composition.run_screenshot(
            str(tmp_path / "shot.png"),
            [str(tmp_path / "stack")],
            MatchConfig(bin_size=32),
            size=(900, 600),
        )
        watchdog.stop()
        return code

    take.windows = made
    yield take
    for window in made:
        window.close()
        window.deleteLater()


def test_a_quiet_job_that_ends_last_wakes_the_wait(shoot, tmp_path, monkeypatch):
    """The mask planes are counted behind all other work and without a word: on a busy machine
    this ends after everything that used to be waited for, so that nobody heard of it."""
    rested = threading.Event()

    def count(science, job):
        while not rested.wait(0.01):
            job.step()
        raise Cancelled  # an answer would change the window and wake the wait by accident

    monkeypatch.setattr(plane_counter, "count_planes", count)
    # Only the signals count here, not the timer.
    monkeypatch.setattr(screenshot, "_LOOK", 10 * LIMIT)
    settle = MainWindow.__init__

    def init(window, session):
        settle(window, session)

        def look() -> None:
            shown = session.state.match.shown
            if shown is not None and shown.complete and window.panels.resting:
                # twice, so that the panels have been at rest when the session was not
                QTimer.singleShot(500, rested.set)

        window.panels.rested.connect(look)

    monkeypatch.setattr(MainWindow, "__init__", init)
    assert shoot() == 0
    assert (tmp_path / "shot.png").exists()


def test_no_signal_is_needed(shoot, tmp_path, monkeypatch):
    """Every wake-up is lost: the state alone is looked at."""
    monkeypatch.setattr(screenshot._Watcher, "_connect", lambda watcher: None)
    assert shoot() == 0
    assert (tmp_path / "shot.png").exists()


def test_a_state_that_never_comes_ends_with_a_sentence(shoot, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Session, "settled", property(lambda session: False))
    monkeypatch.setattr(screenshot, "_IDLE_LIMIT", 0.5)
    assert shoot() == 1
    assert "the match was not shown and nothing changed for 0.5 s" in capsys.readouterr().err
    assert not (tmp_path / "shot.png").exists()


def test_panels_that_never_paint_end_with_a_sentence(shoot, monkeypatch, capsys):
    monkeypatch.setattr(screenshot._Watcher, "_on_painted", lambda watcher, number: None)
    monkeypatch.setattr(screenshot, "_IDLE_LIMIT", 0.5)
    assert shoot() == 1
    assert "3 of 3 panels were not painted" in capsys.readouterr().err
