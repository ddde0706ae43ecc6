"""One worker, a waiting slot per kind, one route for every ending."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from PyQt6.QtCore import QTimer

from bgviewer.errors import ReadError
from bgviewer.session.lane import Job, Lane, Report

WAIT = 10


class Reports(list):
    """Collects what a lane says, in the thread it is said in."""

    def __init__(self, lane: Lane) -> None:
        super().__init__()
        self.threads: set[int] = set()
        lane.connect(self.take)

    def take(self, report: Report) -> None:
        self.append(report)
        self.threads.add(threading.get_ident())

    def events(self, job: Job) -> list[str]:
        return [r.event for r in self if r.job is job]

    def ended(self, job: Job) -> bool:
        return any(e in ("done", "failed", "cancelled", "bug") for e in self.events(job))


@pytest.fixture
def lane(qapp):
    lane = Lane("test")
    yield lane
    lane.close()


class Gate:
    """Work that goes on until it is let go, in steps that can be stopped."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.open = threading.Event()

    def __call__(self, job: Job) -> str:
        self.began.set()
        while not self.open.wait(0.01):
            job.step()
        return "through"


def test_timers_and_input_have_their_turn_between_two_answers(lane, qtbot):
    """Answers are followed by paintings; one after the other would leave no time for input."""
    order = []

    def take(report):
        order.append(report.value)
        if report.value == "first":
            QTimer.singleShot(0, lambda: order.append("timer"))
            lane.report(Report(report.job, "part", "second"))

    lane.connect(take)
    lane.report(Report(Job("a", lambda job: None), "part", "first"))
    assert not order, "never from within a call"
    qtbot.waitUntil(lambda: len(order) == 3)
    assert order == ["first", "timer", "second"]


def test_a_result_comes_back_in_the_owners_thread(lane, qtbot):
    reports = Reports(lane)
    job = lane.submit(Job("a", lambda job: threading.get_ident()))
    qtbot.waitUntil(lambda: reports.ended(job))
    assert reports.events(job) == ["started", "done"]
    assert reports[-1].value != threading.get_ident()
    assert reports.threads == {threading.get_ident()}


def test_the_newest_waiting_job_of_a_kind_replaces_the_older(lane, qtbot):
    reports, gate, ran = Reports(lane), Gate(), []
    first = lane.submit(Job("tune", gate))
    assert gate.began.wait(WAIT)
    waiting = [lane.submit(Job("tune", lambda job, n=n: ran.append(n))) for n in range(20)]
    other = lane.submit(Job("other", lambda job: ran.append("other")))
    assert first.superseded
    gate.open.set()
    qtbot.waitUntil(lambda: reports.ended(waiting[-1]) and reports.ended(other))
    assert ran == [19, "other"]
    assert reports.events(first) == ["started", "done"], "a newer job must not stop a running one"
    assert not any(reports.events(job) for job in waiting[:-1])


def test_stop_ends_the_running_job_and_reports_the_dropped_ones(lane, qtbot):
    reports, gate = Reports(lane), Gate()
    running = lane.submit(Job("load", gate))
    assert gate.began.wait(WAIT)
    waiting = lane.submit(Job("export", lambda job: None))
    lane.stop()
    qtbot.waitUntil(lambda: reports.ended(running) and reports.ended(waiting))
    assert reports.events(running)[-1] == "cancelled"
    assert reports.events(waiting) == ["cancelled"]
    assert not lane.busy


def test_stop_others_spares_the_subject(lane, qtbot):
    reports, gate = Reports(lane), Gate()
    old = lane.submit(Job("show", gate, subject="pair 1"))
    assert gate.began.wait(WAIT)
    lane.stop_others("pair 1")
    assert not old.stopped
    lane.stop_others("pair 2")
    qtbot.waitUntil(lambda: reports.ended(old))
    assert reports.events(old)[-1] == "cancelled"


@pytest.mark.parametrize(
    ("error", "event"),
    [(ReadError("x.fits", "is not FITS"), "failed"), (ZeroDivisionError("oops"), "bug")],
)
def test_an_exception_becomes_a_report_and_the_lane_lives_on(lane, qtbot, error, event):
    def work(job: Job) -> None:
        raise error

    reports = Reports(lane)
    bad = lane.submit(Job("a", work))
    good = lane.submit(Job("b", lambda job: 42))
    qtbot.waitUntil(lambda: reports.ended(good))
    assert [(r.event, r.value) for r in reports if r.job is bad][-1] == (event, error)
    assert reports[-1].value == 42


def test_parts_and_progress_arrive_in_order_and_are_throttled(lane, qtbot):
    def work(job: Job) -> str:
        for i in range(2000):
            job.step(i / 2000, f"step {i}")
        job.step(1.0)
        job.deliver("half")
        return "whole"

    reports = Reports(lane)
    job = lane.submit(Job("a", work))
    qtbot.waitUntil(lambda: reports.ended(job))
    events = reports.events(job)
    assert events[0] == "started" and events[-2:] == ["part", "done"]
    assert 1 <= events.count("progress") < 200
    assert [r.value for r in reports][-3:] == [(1.0, None), "half", "whole"]


def test_close_joins_the_thread_in_the_middle_of_work(qapp):
    lane, gate = Lane("closing"), Gate()
    reports = Reports(lane)
    lane.submit(Job("a", gate))
    assert gate.began.wait(WAIT)
    lane.close()
    assert not lane.alive
    late = lane.submit(Job("b", lambda job: pytest.fail("a closed lane works")))
    assert late.stopped and not lane.busy
    assert not any(r.event in ("done", "cancelled") for r in reports)


@pytest.mark.parametrize("dropped", [False, True])
def test_what_a_job_holds_is_freed_with_it(lane, qtbot, dropped):
    """Not at the next collection of garbage: that of a whole drag would stop the window."""

    class Large:
        pass

    reports, gate = Reports(lane), Gate()
    first = lane.submit(Job("other", gate))
    assert gate.began.wait(WAIT)
    held = Large()
    alive = weakref.ref(held)
    job = lane.submit(Job("show", lambda job, held=held: job.step(0.5, "half way")))
    del held
    gc.disable()
    try:
        if dropped:
            lane.submit(Job("show", lambda job: None))
        gate.open.set()
        qtbot.waitUntil(lambda: reports.ended(first) and not lane.busy)
        qtbot.waitUntil(lambda: dropped or reports.ended(job))
        reports.clear()
        job = None
        assert alive() is None
    finally:
        gc.enable()
