"""The live half of the session: what the panels show follows the pair and the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PyQt6.QtCore import QObject

from bgviewer.errors import Remedy
from bgviewer.session.lane import ENDS, Job, Lane, Report
from bgviewer.session.state import MatchState, Outcome
from bgviewer.session.store import Store
from bgviewer.tasks.exposure_warnings import exposure_warnings
from bgviewer.tasks.extras import Extras
from bgviewer.tasks.picture import MAX_SIDE
from bgviewer.tasks.show import Shown, ShowRequest, preview, show

__all__ = ["Tuner"]

Rectangle = tuple[float, float, float, float]


class Tuner(QObject):
    """Asks the compute lane for the match that should be seen, and takes its answers."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self._lane = Lane("compute", self)
        self._lane.connect(self._on_report)
        self._asked: Job | None = None  # the newest match that has not been answered yet
        self.detail: Rectangle | None = None
        self.side = MAX_SIDE
        self.extras: Callable[[], Extras] = Extras
        self.overlays: frozenset[str] = frozenset()

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
        self._redraw()

    def resize(self, pixels: int) -> None:
        """Say how many pixels a picture has at most along a side."""
        side = min(max(pixels, 64), MAX_SIDE)
        if side != self.side:
            self.side = side
            self._redraw()

    def lay_over(self, name: str, shown: bool) -> None:
        """Switch one of `tasks.overlays.OVERLAYS` on or off."""
        wanted = self.overlays | {name} if shown else self.overlays - {name}
        if wanted != self.overlays:
            self.overlays = wanted
            self._redraw()

    @property
    def settled(self) -> bool:
        """Whether what is shown is complete and as fine as was asked for."""
        match = self._store.state.match
        if self._lane.busy or match.working:
            return False
        shown = self._store.shown_of_pair()
        if match.withheld or shown is None:
            return bool(match.withheld)
        return shown.complete and shown.side == self.side

    def _redraw(self) -> None:
        """Draw anew at another size: also what is still on its way, for that has the old size."""
        wanted = self._store.shown_of_pair() is not None or self._store.state.match.working
        if wanted and not self._store.held_back():
            self.refresh()
        elif self._store.state.match.withheld:
            self._ask_preview()

    def refresh(self) -> None:
        """Ask for what the window should show now, or say why it cannot be shown."""
        store, state = self._store, self._store.state
        if store.put_off(self.refresh):
            return
        if state.stack is None or state.reference is None or state.science is None:
            return
        if store.is_reference(state.science):
            self._withhold(self.tr("This is the reference itself: there is nothing to match."))
            return
        if store.held_back():
            problem = next(iter(state.problems.values()))
            self._withhold(str(problem), problem.remedies)
            return
        request = self._request()
        assert request is not None
        subject = (id(request.stack), request.reference_id, request.science_id)
        self._lane.stop_others(subject)
        self._asked = Job(
            "show",
            lambda job: show(request, job, job.deliver, lambda: job.superseded),
            subject=subject,
        )
        self._lane.submit(self._asked)
        store.swap(match=replace(state.match, working=True))
        store.tell(store.work_changed)

    def _request(self) -> ShowRequest | None:
        state = self._store.state
        if state.stack is None or state.reference is None or state.science is None:
            return None
        return ShowRequest(
            stack=state.stack.stack,
            reference_id=state.reference,
            science_id=state.science,
            config=self._store.effective_config(),
            third=state.third,
            detail=self.detail,
            side=self.side,
            reuse=state.match.shown,
            extras=self.extras(),
            overlays=self.overlays,
        )

    def _withhold(self, reason: str, remedies: tuple[Remedy, ...] = ()) -> None:
        self._lane.stop()
        store = self._store
        store.swap(match=MatchState(store.shown_of_pair(), False, reason, remedies))
        self._ask_preview()
        store.tell(store.match_changed)

    def _ask_preview(self) -> None:
        """Show the exposures at least, where nothing was matched before."""
        request, match = self._request(), self._store.state.match
        if request is None or match.shown is not None:
            return
        stack = self._store.state.stack
        if stack is None or not stack.usable(request.science_id):
            return
        subject = (id(request.stack), request.reference_id, request.science_id)
        self._lane.submit(Job("preview", lambda job: preview(request, job), subject=subject))
        self._store.swap(match=replace(match, working=True))

    def _take_preview(self, report: Report) -> None:
        store, match = self._store, self._store.state.match
        if report.event in ENDS:
            if report.event == "done" and match.withheld and match.shown is None:
                match = replace(match, preview=report.value)
            store.swap(match=replace(match, working=self._lane.busy or self._asked is not None))
            store.tell(store.match_changed)

    def _on_report(self, report: Report) -> None:
        store, state = self._store, self._store.state
        if report.job is self._asked and report.event in ENDS:
            self._asked = None
        # Its answer may lie in the queue while the lane is idle already.
        working = self._asked is not None
        if report.event == "bug":
            store.bug_caught.emit(report.value)
        subject = (state.stack and id(state.stack.stack), state.reference, state.science)
        if report.job.subject == subject and report.job.kind == "preview":
            self._take_preview(report)
            return
        if report.job.subject != subject or store.held_back():
            return
        if report.event in ("part", "done"):
            self._take(report.value, working=report.event == "part" or working)
        elif report.event in ("failed", "bug") and not working:
            store.swap(match=MatchState(store.shown_of_pair(), False, _reason(report.value)))
            if state.science is not None:
                self._record(state.science, self._failed(state.science, report.value))
            self._ask_preview()
            store.tell(store.match_changed, store.outcomes_changed)
        elif report.event == "cancelled":
            store.swap(match=replace(state.match, working=working))
            store.tell(store.work_changed)

    def _take(self, shown: Shown, working: bool) -> None:
        store = self._store
        store.swap(match=MatchState(shown, working))
        self._record(
            shown.science_id,
            Outcome(
                status="matched",
                reason="",
                fit_rms=shown.figures.fit_rms if shown.figures.bins_used > 1 else 0.0,
                ratio=shown.figures.ratio,
                adjustments=tuple(a.text for a in shown.result.adjustments),
                key=store.key(shown.science_id, shown.config),
                residuals=shown.residual_map,
                model=shown.result.model,
                warnings=exposure_warnings(shown.stack.entries[shown.science_id], shown.science),
                overlap=shown.figures.overlap,
                told=shown.figures.verdict,
            ),
        )
        store.tell(store.match_changed, store.outcomes_changed)

    def _failed(self, exposure: int, error: Exception) -> Outcome:
        return Outcome("failed", _reason(error), None, None, (), self._store.key(exposure))

    def _record(self, exposure: int, outcome: Outcome) -> None:
        store = self._store
        store.swap(outcomes=dict(store.state.outcomes) | {exposure: outcome})


def _reason(error: Exception) -> str:
    """Return why there is no match; never an empty text, which would mean that there is one."""
    return str(error) or type(error).__name__
