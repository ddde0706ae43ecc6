"""The live half of the session: what the panels show follows the pair and the settings."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import QObject

from bgviewer.session.lane import Job, Lane, Report
from bgviewer.session.state import MatchState, Outcome
from bgviewer.session.store import Store
from bgviewer.tasks.picture import MAX_SIDE
from bgviewer.tasks.show import Shown, ShowRequest, show

__all__ = ["Tuner"]

Rectangle = tuple[float, float, float, float]


class Tuner(QObject):
    """Asks the compute lane for the match that should be seen, and takes its answers."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self._lane = Lane("compute", self)
        self._lane.connect(self._on_report)
        self.detail: Rectangle | None = None
        self.side = MAX_SIDE

    @property
    def lane(self) -> Lane:
        """The lane of live work."""
        return self._lane

    def forget(self) -> None:
        """Stop: the stack went away."""
        self._lane.stop()
        self.detail = None

    def zoom(self, rectangle: Rectangle | None) -> None:
        """Say which part (x0, x1, y0, y1), in parent pixels, is looked at closely."""
        shown = self._store.state.match.shown
        if rectangle is not None and shown is not None:
            x0, y0 = shown.result.difference.xy0
            left, right, bottom, top = rectangle
            rectangle = (left - x0, right - x0, bottom - y0, top - y0)
        if rectangle == self.detail:
            return
        self.detail = rectangle
        if self._store.shown_of_pair() is not None and not self._store.held_back():
            self.refresh()

    def resize(self, pixels: int) -> None:
        """Say how many pixels a picture has at most along a side."""
        side = min(max(pixels, 64), MAX_SIDE)
        if side != self.side:
            self.side = side
            if self._store.shown_of_pair() is not None and not self._store.held_back():
                self.refresh()

    def refresh(self) -> None:
        """Ask for what the window should show now, or say why it cannot be shown."""
        store, state = self._store, self._store.state
        if state.stack is None or state.reference is None or state.science is None:
            return
        if store.is_reference(state.science):
            self._withhold(self.tr("This is the reference itself: there is nothing to match."))
            return
        if store.held_back():
            self._withhold(store.held_back())
            return
        request = ShowRequest(
            stack=state.stack.stack,
            reference_id=state.reference,
            science_id=state.science,
            config=state.config,
            third=state.third,
            detail=self.detail,
            side=self.side,
            reuse=state.match.shown,
        )
        subject = (id(request.stack), request.reference_id, request.science_id)
        self._lane.stop_others(subject)
        self._lane.submit(
            Job(
                "show",
                lambda job: show(request, job, job.deliver, lambda: job.superseded),
                subject=subject,
            )
        )
        store.swap(match=replace(state.match, working=True))
        store.tell(store.match_changed)

    def _withhold(self, reason: str) -> None:
        self._lane.stop()
        store = self._store
        store.swap(match=MatchState(store.shown_of_pair(), False, reason))
        store.tell(store.match_changed)

    def _on_report(self, report: Report) -> None:
        store, state = self._store, self._store.state
        if report.event == "bug":
            store.bug_caught.emit(report.value)
        subject = (state.stack and id(state.stack.stack), state.reference, state.science)
        if report.job.subject != subject or store.held_back():
            return
        if report.event in ("part", "done"):
            self._take(report.value, working=report.event == "part" or self._lane.busy)
        elif report.event in ("failed", "bug") and not self._lane.waiting():
            store.swap(match=MatchState(store.shown_of_pair(), False, str(report.value)))
            self._record(state.science, self._failed(report.value))
            store.tell(store.match_changed, store.outcomes_changed)
        elif report.event == "cancelled":
            store.swap(match=replace(state.match, working=self._lane.busy))
            store.tell(store.match_changed)

    def _take(self, shown: Shown, working: bool) -> None:
        store = self._store
        store.swap(match=MatchState(shown, working))
        self._record(
            shown.science_id,
            Outcome(
                status="matched",
                reason="",
                fit_rms=shown.figures.fit_rms,
                ratio=shown.figures.ratio,
                adjustments=tuple(a.text for a in shown.result.adjustments),
                key=store.key(shown.config),
            ),
        )
        store.tell(store.match_changed, store.outcomes_changed)

    def _failed(self, error: Exception) -> Outcome:
        return Outcome("failed", str(error), None, None, (), self._store.key())

    def _record(self, exposure: int | None, outcome: Outcome) -> None:
        if exposure is not None:
            store = self._store
            store.swap(outcomes=dict(store.state.outcomes) | {exposure: outcome})
