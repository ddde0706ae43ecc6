"""The half of the session that deals with files: one job at a time, with progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QObject

from bgviewer.errors import NoReferenceError
from bgviewer.io.stack import ExposureStack
from bgviewer.session.lane import Job, Lane, Report
from bgviewer.session.state import JobState, MatchState, Outcome, StackState
from bgviewer.session.store import Store, ranked
from bgviewer.session.tuner import Tuner
from bgviewer.tasks.export import ExportRequest, export
from bgviewer.tasks.load import LoadedStack, load, measure_stack
from bgviewer.tasks.match import MatchOutcome, find_exposure, iterate_matches

__all__ = ["Desk"]


class Desk(QObject):
    """Loads, measures, matches all and exports in the files lane."""

    def __init__(self, store: Store, tuner: Tuner, zero_point: str | float) -> None:
        super().__init__(store)
        self._store = store
        self._tuner = tuner
        self._zero_point = zero_point
        self._jobs: list[Job] = []
        self._lane = Lane("files", self)
        self._lane.connect(self._on_report)

    @property
    def lane(self) -> Lane:
        """The lane of the work with files."""
        return self._lane

    # ---------------------------------------------------------------- wishes

    def load(self, paths: Sequence[str], reference: str | None = None) -> None:
        """Open and measure the exposures at `paths`."""
        config, zero_point = self._store.state.config, self._zero_point
        before = self._store.state.stack

        def work(job: Job) -> LoadedStack:
            loaded = load(paths, config, zero_point=zero_point, progress=job)
            if before is not None:
                before.stack.forget()  # here, where giving memory back holds nobody up
            return loaded

        self._start("load", self.tr("Loading exposures"), work, subject=reference)

    def take(self, make: Callable[[Job], ExposureStack], title: str) -> None:
        """Use the stack that `make` makes in the lane, once it is measured."""
        config = self._store.state.config

        def work(job: Job) -> LoadedStack:
            stack = make(job)
            return LoadedStack(stack, *measure_stack(stack, config, job), config)

        self._start("load", title, work)

    def measure(self) -> None:
        """Measure the stack again: other pixels count as good now."""
        held = self._store.state.stack
        if held is None:
            return
        stack, config = held.stack, self._store.state.config
        self._lane.stop("measure")
        self._start(
            "measure",
            self.tr("Measuring exposures"),
            lambda job: measure_stack(stack, config, job),
            subject=stack,
        )

    def match_all(self) -> None:
        """Match every exposure to the reference with the present settings."""
        state = self._store.state
        if state.stack is None or state.reference is None or self._store.held_back():
            return
        stack, config, reference = state.stack.stack, state.config, state.reference

        def work(job: Job) -> list[MatchOutcome]:
            outcomes = []
            for step in iterate_matches(stack, config, reference, progress=job):
                outcomes.append(step.outcome)
                job.deliver(step.outcome)
            return outcomes

        subject = (stack, self._store.key())
        self._start("match_all", self.tr("Matching all exposures"), work, subject)

    def export(self, request: ExportRequest) -> None:
        """Match and write every exposure."""
        self._start(
            "export",
            self.tr("Exporting"),
            lambda job: export(request, job, on_outcome=job.deliver),
            subject=(request.stack, self._store.key(request.config)),
        )

    def stop(self) -> None:
        """Stop what runs and what waits."""
        self._lane.stop()

    # ---------------------------------------------------------------- jobs

    def _start(
        self, kind: str, title: str, work: Callable[[Job], Any], subject: Any = None
    ) -> None:
        job = Job(kind, work, title=title, subject=subject)
        self._jobs = [old for old in self._jobs if old.kind != kind] + [job]
        self._lane.submit(job)
        self._say(self._jobs[0])

    def _say(self, job: Job | None, fraction: float | None = None, text: str = "") -> None:
        store = self._store
        store.swap(job=JobState(job.kind, job.title, fraction, text) if job else None)
        store.tell(store.job_changed)

    def _on_report(self, report: Report) -> None:
        job, before = report.job, self._store.state.job
        if report.event in ("started", "progress"):
            fraction, text = report.value or (None, None)
            if before is not None and before.kind == job.kind and report.event == "progress":
                fraction = before.fraction if fraction is None else fraction
                text = before.text if text is None else text
            self._say(job, fraction, text or "")
            return
        if report.event == "part":
            stack, key = job.subject
            self._record(stack, key, [report.value])
            return
        self._jobs = [other for other in self._jobs if other is not job]
        self._say(self._jobs[0] if self._jobs else None)
        if report.event == "bug":
            self._store.bug_caught.emit(report.value)
        elif report.event == "failed":
            self._store.notice("error", str(report.value))
        elif report.event == "cancelled":
            if job.kind != "measure":
                self._store.notice("info", self.tr("{}: stopped.").format(job.title))
        elif report.event == "done":
            self._answer(job, report.value)

    def _answer(self, job: Job, value: Any) -> None:
        if job.kind == "load":
            self._loaded(value, job.subject)
        elif job.kind == "measure":
            self._measured(job.subject, *value)
        elif job.kind == "match_all":
            self._matched_all(job, value)
        elif job.kind == "export":
            stack, key = job.subject
            self._record(stack, key, value.outcomes)
            self._store.exported.emit(value)

    # ---------------------------------------------------------------- answers

    def _loaded(self, loaded: LoadedStack, wanted: str | None) -> None:
        store, tuner = self._store, self._tuner
        tuner.forget()
        stack = StackState(loaded.stack, tuple(loaded.measurements), tuple(loaded.reasons), None)
        stack = ranked(stack, store.state.config)
        reference = self._first_reference(stack, wanted)
        store.swap(stack=stack, reference=reference, science=None, match=MatchState(), outcomes={})
        store.swap(science=store.next_best())
        store.swap(problems=store.shape_problem(store.state.config))
        store.tell(store.stack_changed, store.ranking_changed, store.config_changed)
        store.tell(store.pair_changed, store.outcomes_changed, store.match_changed)
        tuner.refresh()
        if loaded.config.bad_mask_planes != store.state.config.bad_mask_planes:
            self.measure()
        self._tell_of_load(stack)

    def _first_reference(self, stack: StackState, wanted: str | None) -> int | None:
        if wanted is not None:
            try:
                exposure = find_exposure(stack.stack, wanted)
            except NoReferenceError as error:
                self._store.notice("warning", str(error))
            else:
                if stack.usable(exposure):
                    return exposure
        return None if stack.ranking is None else int(stack.ranking.best)

    def _tell_of_load(self, stack: StackState) -> None:
        store = self._store
        notes = stack.stack.notes
        if stack.ranking is None:
            store.notice("error", stack.ranking_problem, "\n".join(notes))
            return
        notes = tuple(dict.fromkeys((*notes, *stack.ranking.warnings)))
        usable = sum(m is not None for m in stack.measurements)
        if store.state.science is None:
            text = self.tr("Matching needs at least two exposures that can be used; there is {}.")
            store.notice("error", text.format(usable), "\n".join(notes))
        elif usable < len(stack):
            text = self.tr("{} of {} exposures cannot be used: {}")
            text = text.format(len(stack) - usable, len(stack), _first_reason(stack))
            store.notice("warning", text, "\n".join(notes))
        elif notes:
            store.notice("info", notes[0], "\n".join(notes[1:]))

    def _measured(self, stack: ExposureStack, measurements: Any, reasons: Any) -> None:
        store, held = self._store, self._store.state.stack
        if held is None or held.stack is not stack:
            return
        held = replace(held, measurements=tuple(measurements), reasons=tuple(reasons))
        store.swap(stack=ranked(held, store.state.config))
        store.tell(store.ranking_changed)

    def _matched_all(self, job: Job, outcomes: Sequence[MatchOutcome]) -> None:
        stack, key = job.subject
        if not self._record(stack, key, outcomes):
            return
        matched = sum(o.status == "matched" for o in outcomes)
        failed = sum(o.status == "failed" for o in outcomes)
        text = self.tr("{} exposures matched") if matched != 1 else self.tr("{} exposure matched")
        text = text.format(matched) + "."
        if failed:
            first = next(o for o in outcomes if o.status == "failed")
            reason = self.tr("{}: {}").format(first.name, first.reason)
            text = text[:-1] + self.tr(", {} failed: {}").format(failed, reason)
        self._store.notice("warning" if failed else "info", text)

    def _record(
        self, stack: ExposureStack, key: tuple[Any, ...], outcomes: Sequence[MatchOutcome]
    ) -> bool:
        """Keep the outcomes if they are still about the stack in the window."""
        store, held = self._store, self._store.state.stack
        if held is None or held.stack is not stack:
            return False
        known = dict(store.state.outcomes)
        for outcome in outcomes:
            if outcome.status != "reference":
                known[outcome.id] = _outcome(outcome, key)
        store.swap(outcomes=known)
        store.tell(store.outcomes_changed)
        return True


def _first_reason(stack: StackState) -> str:
    """Name the first exposure that cannot be used, and why."""
    for entry, reason, measured in zip(
        stack.stack.entries, stack.reasons, stack.measurements, strict=True
    ):
        if measured is None:
            text = reason or str(entry.problem or "")
            return text if entry.name in text else f"{entry.name}: {text}"
    return ""


def _outcome(outcome: MatchOutcome, key: tuple[Any, ...]) -> Outcome:
    one_bin = outcome.bins is not None and len(outcome.bins.values) == 1
    return Outcome(
        status=outcome.status,
        reason=outcome.reason or "",
        # One bin is met exactly: what remains is rounding.
        fit_rms=0.0 if one_bin else outcome.fit_rms,
        ratio=outcome.ratio,
        adjustments=tuple(a.text for a in outcome.adjustments),
        key=key,
    )
