"""The stop flag and its listener."""

import threading

import pytest

from bgviewer.engine.progress import SILENT, Stoppable
from bgviewer.errors import BgviewerError, Cancelled


def test_steps_reach_the_listener():
    heard = []
    progress = Stoppable(lambda *report: heard.append(report))
    progress.step(0.25, "reading")
    progress.step(0.5)
    progress.step(text="fitting")
    progress.step()  # nothing to tell, only a chance to stop
    assert heard == [(0.25, "reading"), (0.5, None), (None, "fitting")]


def test_stop_ends_the_next_step_and_all_later_ones():
    heard = []
    progress = Stoppable(lambda *report: heard.append(report))
    assert not progress.stopped
    progress.stop()
    assert progress.stopped
    for _ in range(2):
        with pytest.raises(Cancelled):
            progress.step(1.0)
    assert heard == []


def test_stop_may_come_from_another_thread():
    progress = Stoppable()
    thread = threading.Thread(target=progress.stop)
    thread.start()
    thread.join()
    with pytest.raises(Cancelled):
        progress.step()


def test_being_stopped_is_no_error_of_the_data():
    assert not issubclass(Cancelled, BgviewerError)


def test_silence_never_stops():
    assert SILENT.step(0.5, "x") is None
