"""What is told about the shown match, made in a lane of its own after the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from bgviewer.engine.progress import Progress
from bgviewer.session.courtesy import Courteous
from bgviewer.session.lane import Job, Lane, Report
from bgviewer.session.store import Store
from bgviewer.session.sweeper import Sweeper
from bgviewer.session.tuner import Tuner
from bgviewer.tasks.diagnostics import Diagnosis, diagnose
from bgviewer.tasks.flux_loss_view import FluxLossQuery, FluxLossView, flux_loss_view
from bgviewer.tasks.held_out import HeldOut, held_out_in_sweep
from bgviewer.tasks.show import Shown

__all__ = ["Diagnoser", "Following"]

_NICENESS = 15  # live matching and export come first
_ENDS = ("done", "failed", "cancelled", "bug")

Work = Callable[[Shown, Any, Progress], Any]


class Following(QObject):
    """One thing told about the shown match; follows it while it is watched, else does nothing.

    Parameters
    ----------
    kind : str
        Of its jobs.
    work : callable
        ``work(shown, wish, progress)`` in the lane.
    wish : object
        What is asked about besides the match; compared by ``==``.
    """

    changed = pyqtSignal()
    """Another result, or the end of one, or whether one is on its way."""

    def __init__(
        self, kind: str, store: Store, tuner: Tuner, lane: Lane, work: Work, wish: Any = None
    ) -> None:
        super().__init__(store)
        self._kind, self._store, self._tuner, self._lane = kind, store, tuner, lane
        self._work, self._wish = work, wish
        self._watched = False
        self._job: Job | None = None
        self._of: tuple[Shown, Any] | None = None  # what the job, or else the result, is of
        self.value: Any = None
        self.shown: Shown | None = None
        """The match that `value` is of."""
        self.reason = ""
        """Why there is no value, where there should be one."""
        lane.connect(self._on_report)
        store.match_changed.connect(self.follow)
        store.work_changed.connect(self.follow)

    @property
    def working(self) -> bool:
        """Whether a newer value is on its way."""
        match = self._store.state.match
        return self._watched and (self._job is not None or (match.working and not match.withheld))

    @property
    def current(self) -> bool:
        """Whether `value` is of the match in the panels."""
        now = self._store.state.match.shown
        return self.shown is not None and now is not None and self.shown.result is now.result

    @property
    def wish(self) -> Any:
        """What is asked about besides the match."""
        return self._wish

    def watch(self, watched: bool) -> None:
        """Say whether anybody looks."""
        if watched != self._watched:
            self._watched = watched
            self.follow()

    def ask(self, wish: Any) -> None:
        """Ask about something else."""
        if wish != self._wish:
            self._wish = wish
            self.follow()

    def follow(self) -> None:
        """Make what is missing, stop what became pointless, forget what is of another match."""
        match = self._store.state.match
        shown = match.shown if self._store.shown_of_pair() is match.shown else None
        ready = shown is not None and not match.withheld
        if self.shown is not None and not (ready and (self._watched or self._is_of(shown))):
            self.value, self.shown, self.reason = None, None, ""
            self._of = self._of if self._job is not None else None
        if not self._watched or not ready or shown is None:
            self._stop()
        elif self._of is None or not self._is_of(shown) or self._of[1] != self._wish:
            self._stop()
            if not match.working and shown.complete:
                self._start(shown)
        if self._watched:
            self.changed.emit()

    def _is_of(self, shown: Shown | None) -> bool:
        """Whether the job, or else the result, is of this match."""
        return self._of is not None and shown is not None and self._of[0].result is shown.result

    def _stop(self) -> None:
        if self._job is not None:
            self._job, self._of = None, None
            self._lane.stop(self._kind)

    def _start(self, shown: Shown) -> None:
        work, wish, live = self._work, self._wish, self._tuner.lane
        self._of = (shown, wish)
        self._job = Job(
            self._kind, lambda job: work(shown, wish, Courteous(job, lambda: live.busy))
        )
        self._lane.submit(self._job)

    def _on_report(self, report: Report) -> None:
        if report.job is not self._job or report.event not in _ENDS:
            return
        self._job = None
        assert self._of is not None
        self.shown, self.value, self.reason = self._of[0], None, ""
        if report.event == "done":
            self.value = report.value
        else:
            self.reason = str(report.value or "")
        if report.event == "bug":
            self._store.bug_caught.emit(report.value)
        self.changed.emit()


class Diagnoser(QObject):
    """Diagnostics of the shown match, and the flux loss.

    Parameters
    ----------
    store : Store
    tuner : Tuner
        The live work that comes first.
    sweeper : Sweeper
        Whose scores tell how the settings do beside others.
    """

    def __init__(self, store: Store, tuner: Tuner, sweeper: Sweeper) -> None:
        super().__init__(store)
        self._store, self._sweeper = store, sweeper
        self._lane = Lane("diagnose", self, niceness=_NICENESS)
        self.diagnosis = Following("diagnosis", store, tuner, self._lane, _diagnose)
        self.flux_loss = Following(
            "flux_loss", store, tuner, self._lane, _flux_loss, FluxLossQuery()
        )
        # Told before the picture is, so that a match is diagnosed once, with its scores.
        store.match_changed.connect(self._take_scores)
        sweeper.changed.connect(self._take_scores)

    @property
    def lane(self) -> Lane:
        """The lane of diagnoses."""
        return self._lane

    def close(self) -> None:
        """Stop and wait for the thread."""
        self._lane.close()

    def _take_scores(self) -> None:
        """Take what a sweep found for the present settings."""
        science, scores = self._store.state.science, None
        found = self._sweeper.found(science)
        swept = found is not None and found.status == "swept"
        if science is not None and found is not None and swept and self._sweeper.current(science):
            scores = held_out_in_sweep(found.cells, self._store.effective_config())
        self.diagnosis.ask(scores)


def _diagnose(shown: Shown, held_out: HeldOut | None, progress: Progress) -> Diagnosis:
    return diagnose(shown.result, unit=shown.figures.unit, held_out=held_out, progress=progress)


def _flux_loss(shown: Shown, wish: FluxLossQuery, progress: Progress) -> FluxLossView:
    return flux_loss_view(shown.result, wish, shown.figures.unit, progress)
