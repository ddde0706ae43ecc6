"""A lane: one worker thread that does one job after the other and reports by signals.

The work itself is an ordinary function ``work(job)`` that knows neither Qt nor the window.
What it hands back waits in one inbox that is emptied by a timer, so every receiver runs in the
thread that owns the lane, and input and painting get their turn between two emptyings.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal

from bgviewer.engine.progress import Stoppable
from bgviewer.errors import BgviewerError, Cancelled, resource_errors

__all__ = ["ENDS", "Job", "Lane", "Report"]

ENDS = ("done", "failed", "cancelled", "bug")
"""Events with which a job ends."""

_NICENESS = 10  # of the workers: the window comes first where the cores are busy
_CLOSE_LIMIT = 30.0  # seconds to wait for a job that does not see that it is stopped
_REPORT_INTERVAL = 0.05  # seconds between two progress reports of one job


class Job(Stoppable):
    """One piece of work: its name, its subject and its stop flag.

    Parameters
    ----------
    kind : str
        What sort of work; a waiting job is replaced by a newer one of the same kind.
    work : callable
        ``work(job)`` in the worker thread; what it returns is the result.
    title : str
        What a person reads while it runs.
    subject : object
        What the job is about; see `Lane.stop_others`.
    """

    def __init__(
        self, kind: str, work: Callable[[Job], Any], *, title: str = "", subject: Any = None
    ) -> None:
        # No listener: a method of its own would keep the job, and what it holds, alive until the
        # next collection of garbage; freeing the matches of a whole drag takes 50 ms and more.
        super().__init__()
        self.kind = kind
        self.title = title
        self.subject = subject
        self.work = work
        self._lane: Lane | None = None
        self._last = 0.0

    @property
    def superseded(self) -> bool:
        """Whether a newer job of this kind waits; optional work may then be left out."""
        return self._lane is not None and self._lane.waiting(self.kind)

    def deliver(self, value: Any) -> None:
        """Hand over a part of the result while the work goes on."""
        if self._lane is not None and not self.stopped:
            self._lane.report(Report(self, "part", value))

    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        """Report to the lane, at most so often; or raise `Cancelled` after `stop`."""
        super().step(fraction, text)
        if fraction is None and text is None:
            return
        now = time.monotonic()
        if self._lane is not None and (now - self._last >= _REPORT_INTERVAL or fraction == 1.0):
            self._last = now
            self._lane.report(Report(self, "progress", (fraction, text)))


@dataclass(frozen=True)
class Report:
    """What a lane says about a job.

    Attributes
    ----------
    event : {"started", "progress", "part", "done", "failed", "cancelled", "bug"}
        "failed" carries a `BgviewerError`, "bug" any other exception.
    """

    job: Job = field(repr=False)
    event: str
    value: Any = None


class Lane(QObject):
    """One worker thread with a queue in which a newer job replaces a waiting one of its kind.

    A running job is never interrupted by a newer one (a drag of a slider would then never show
    a picture); it is stopped only by `stop`, `stop_others` or `close`.
    """

    _arrived = pyqtSignal()

    def __init__(self, name: str, parent: QObject | None = None, niceness: int = _NICENESS) -> None:
        super().__init__(parent)
        self._niceness = niceness
        self._wake = threading.Condition()
        self._waiting: list[Job] = []
        self._running: Job | None = None
        self._closed = False
        self._inbox: deque[Report] = deque()
        self._receivers: list[Callable[[Report], None]] = []
        # Posted events go before input and timers: answers that each bring a painting, one posted
        # after the other, would keep the person waiting.
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._hand_over)
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]
        self._thread = threading.Thread(target=self._run, name=f"bgviewer-{name}", daemon=True)
        with resource_errors():
            self._thread.start()

    def connect(self, receiver: Callable[[Report], None]) -> None:
        """Call `receiver` in the owner's thread for every report, never from within a call."""
        self._receivers.append(receiver)

    def report(self, report: Report) -> None:
        """Tell the receivers; from any thread."""
        self._inbox.append(report)
        self._arrived.emit()

    def _on_arrived(self) -> None:
        if not self._turn.isActive() and not self._closed:
            self._turn.start()

    def _hand_over(self) -> None:
        for _ in range(len(self._inbox)):
            report = self._inbox.popleft()
            for receiver in self._receivers:
                receiver(report)
            if self._closed:  # a receiver may close the lane
                return

    def submit(self, job: Job) -> Job:
        """Queue `job`; a waiting job of the same kind is dropped without having begun.

        A closed lane takes no work any more: the job counts as stopped.
        """
        with self._wake:
            if self._closed:
                job.stop()
                return job
            job._lane = self
            self._waiting = [old for old in self._waiting if old.kind != job.kind]
            self._waiting.append(job)
            self._wake.notify()
        return job

    def waiting(self, kind: str | None = None) -> bool:
        """Whether a job (of `kind`) has not begun yet."""
        with self._wake:
            return any(kind is None or job.kind == kind for job in self._waiting)

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        with self._wake:
            return self._running is not None or bool(self._waiting)

    @property
    def alive(self) -> bool:
        """Whether the worker thread runs."""
        return self._thread.is_alive()

    def stop(self, kind: str | None = None) -> None:
        """Stop the running job and drop the waiting ones (of `kind`)."""
        self._stop_where(lambda job: kind is None or job.kind == kind)

    def stop_others(self, subject: Any) -> None:
        """Stop every job whose subject is not `subject`: it went away."""
        self._stop_where(lambda job: job.subject != subject)

    def close(self) -> None:
        """Stop everything and wait for the thread to end; nothing is reported afterwards.

        A job that does not stop, because a disk does not answer, is left behind: its thread ends
        with the program.
        """
        with self._wake:
            self._closed = True
            self._waiting.clear()
            self._inbox.clear()
            if self._running is not None:
                self._running.stop()
            self._wake.notify()
        if self._thread is not threading.current_thread():
            self._thread.join(_CLOSE_LIMIT)

    def _stop_where(self, condition: Callable[[Job], bool]) -> None:
        with self._wake:
            dropped = [job for job in self._waiting if condition(job)]
            self._waiting = [job for job in self._waiting if not condition(job)]
            if self._running is not None and condition(self._running):
                self._running.stop()
        for job in dropped:
            self.report(Report(job, "cancelled"))

    def _next(self) -> Job | None:
        with self._wake:
            self._running = None
            while not self._waiting and not self._closed:
                self._wake.wait()
            if self._closed:
                return None
            self._running = self._waiting.pop(0)
            return self._running

    def _run(self) -> None:
        _give_way(self._niceness)
        while (job := self._next()) is not None:
            report = self._attempt(job)
            with self._wake:
                # A job reports its end as no longer running, so that a receiver that asks
                # `busy` at that moment hears the truth.
                self._running = None
                closed = self._closed
            if not closed:
                self.report(report)
            job = report = None  # type: ignore[assignment]  # free big results while waiting

    def _attempt(self, job: Job) -> Report:
        self.report(Report(job, "started"))
        try:
            with resource_errors():
                return Report(job, "done", job.work(job))
        except Cancelled:
            return Report(job, "cancelled")
        except BgviewerError as error:
            return Report(job, "failed", error)
        except BaseException as error:  # noqa: BLE001 - the one route by which a bug in a worker becomes visible; and the thread must not end
            return Report(job, "bug", error)


def _give_way(niceness: int) -> None:
    """Let the system prefer the window's thread to this one and to those it starts.

    Only Linux knows a priority for each thread.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
