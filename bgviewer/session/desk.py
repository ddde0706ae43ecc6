"""The half of the session that deals with files: one job at a time, with progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from bgviewer.errors import BgviewerError, ConfigError, NoReferenceError
from bgviewer.io.discover import OwnOutputsError
from bgviewer.io.stack import ExposureStack, load_stack
from bgviewer.session.batch import Batch, Begun, Quiet
from bgviewer.session.facts import (
    GoodPixels,
    choose_action,
    first_reason,
    good_pixels,
    nothing_readable,
    outcome_of,
    share_exposures,
)
from bgviewer.session.lane import Job, Lane, Report
from bgviewer.session.state import JobState, MatchState, StackState
from bgviewer.session.store import Store, ranked
from bgviewer.session.tuner import Tuner
from bgviewer.tasks.export import ExportReport, ExportRequest, export
from bgviewer.tasks.exposure_warnings import grouped_warnings
from bgviewer.tasks.load import LoadedStack, measure_stack
from bgviewer.tasks.match import MatchOutcome, find_exposure, iterate_matches
from bgviewer.tasks.plan import StackPlan, plan_warnings

__all__ = ["Desk"]

_WARNING = "warning: "


class Desk(QObject):
    """Loads, measures, matches all and exports in the files lane."""

    load_refused = pyqtSignal()
    """The stack that was asked for was not taken; the present one stays."""

    def __init__(self, store: Store, tuner: Tuner, zero_point: str | float) -> None:
        super().__init__(store)
        self._store = store
        self._tuner = tuner
        self._zero_point = zero_point
        self._jobs: list[Job] = []
        self._opening: tuple[str, ...] = ()
        self._exported: tuple[ExportReport, ExportRequest] | None = None
        self._measured_with: GoodPixels = ()
        self.open_stack: Callable[..., ExposureStack] = load_stack
        self._lane = Lane("files", self)
        self._lane.connect(self._on_report)

    @property
    def lane(self) -> Lane:
        """The lane of the work with files."""
        return self._lane

    def jobs(self) -> list[JobState]:
        """Return what runs and waits, oldest first, without what shows no progress."""
        return [_state_of(job) for job in self._jobs]

    # ---------------------------------------------------------------- wishes

    def load(
        self,
        paths: Sequence[str],
        reference: str | None = None,
        plan: StackPlan | None = None,
        align: bool = False,
        own_outputs: bool = False,
    ) -> None:
        """Open and measure the exposures at `paths`; a stack that is aligned stays so."""
        config, zero_point = self._store.state.config, self._zero_point
        before, open_stack = self._store.state.stack, self.open_stack

        if before is not None and before.stack.align:
            align = align or not {str(e.path) for e in before.stack.entries}.isdisjoint(paths)
        told: dict[str, Any] = {"zero_point": zero_point, "config": config, "align": align}
        told["own_outputs"] = own_outputs
        self._opening = tuple(paths)

        def make(job: Job) -> ExposureStack:
            return open_stack(paths, **told, progress=job)

        def forget() -> None:
            if before is not None:
                before.stack.forget()  # in the lane, where giving memory back holds nobody up

        self._load(make, self.tr("Loading exposures"), reference, plan, forget)

    def take(self, make: Callable[[Job], ExposureStack], title: str) -> None:
        """Use the stack that `make` makes in the lane, once it is measured."""
        self._load(make, title)

    def _load(
        self,
        make: Callable[[Job], ExposureStack],
        title: str,
        reference: str | None = None,
        plan: StackPlan | None = None,
        afterwards: Callable[[], None] = lambda: None,
    ) -> None:
        state = self._store.state
        config, present, before = state.config, state.plan, state.stack

        def work(job: Job) -> tuple[LoadedStack, StackPlan | None]:
            stack = make(job)
            # What was decided about one stack means nothing for quite another one.
            other = before is not None and not share_exposures(before.stack, stack)
            wanted = plan if plan is not None else present.without_exposures() if other else present
            stack = stack.with_plan(wanted)
            loaded = LoadedStack(stack, *measure_stack(stack, config, job), config)
            if problem := nothing_readable(loaded):
                raise problem
            afterwards()
            # The present plan may be changed until the answer is taken.
            return loaded, wanted if plan is not None or other else None

        self._start("load", title, work, subject=reference)

    def measure(self) -> None:
        """Measure anew the exposures in which other pixels count as good now."""
        held = self._store.state.stack
        if held is None or self._store.put_off(self.measure):
            return
        stack, config = held.stack, self._store.state.config
        self._lane.stop("measure")
        wanted = good_pixels(stack, config)
        pairs = zip(wanted, self._measured_with, strict=True)
        changed = {i for i, (new, old) in enumerate(pairs) if new != old}
        if not changed:
            return
        self._start(
            "measure",
            self.tr("Measuring exposures"),
            lambda job: measure_stack(stack, config, job, only=changed),
            subject=(stack, wanted, changed),
        )

    def match_all(self, only: frozenset[int] | None = None) -> None:
        """Match every exposure (of `only`) to the reference with the present settings."""
        state = self._store.state
        if state.stack is None or state.reference is None or self._store.held_back():
            return
        stack, config, reference = state.stack.stack, state.config, state.reference
        plan = state.plan
        batch = Batch.of(stack, reference, self._store.keys(config, plan, reference), plan, only)

        def work(job: Job) -> list[MatchOutcome]:
            outcomes = []
            # What failed may have been mended on disk meanwhile.
            steps = iterate_matches(
                stack if only is None else stack.with_current_files(only),
                config,
                reference,
                plan=plan,
                only=only,
                on_begin=lambda i: job.deliver(Begun(i)),
                progress=job,
            )
            for step in steps:
                outcomes.append(step.outcome)
                job.deliver(step.outcome)
            return outcomes

        title = self.tr("Matching all exposures") if only is None else self.tr("Matching again")
        self._start("match_all", title, work, batch)

    def export(self, request: ExportRequest, earlier: ExportReport | None = None) -> None:
        """Match and write every exposure, or those that failed in an earlier report."""
        stack, plan, reference = request.stack, request.plan, request.reference
        failed = None
        if earlier is not None:
            failed = frozenset(o.id for o in earlier.outcomes if o.status == "failed")
        key = self._store.keys(request.config, plan, reference)
        batch = Batch.of(stack, reference, key, plan, failed)
        batch.request = request

        def work(job: Job) -> ExportReport:
            return export(
                request,
                job,
                on_outcome=job.deliver,
                on_begin=lambda i: job.deliver(Begun(i)),
                earlier=earlier,
            )

        self._start("export", self.tr("Exporting"), work, batch)

    def retry_export(self, report: ExportReport) -> None:
        """Try again to match and write what failed in a report."""
        if self._exported is not None and self._exported[0] is report:
            self.export(self._exported[1], report)

    def run(
        self, kind: str, title: str, work: Callable[[Job], Any], answer: Callable[[Any], None]
    ) -> None:
        """Do other work in the lane; `answer` is called with what it returns."""
        self._start(kind, title, work, subject=answer)

    def run_quietly(
        self, kind: str, work: Callable[[Job], Any], answer: Callable[[Any], None]
    ) -> None:
        """Do small work in the lane of which no progress is shown; a newer of its kind wins."""
        self._lane.stop(kind)
        self._lane.submit(Job(kind, work, subject=Quiet(answer)))

    def set_zero_point(self, zero_point: str | float) -> None:
        """Say how the next stack is brought to one photometric scale."""
        self._zero_point = zero_point

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
        store, before = self._store, self._store.state.job
        state = _state_of(job, fraction, text) if job else None
        store.swap(job=state)
        store.tell(store.job_changed)
        if _at_work(before) != _at_work(state):
            store.tell(store.outcomes_changed)

    def _on_report(self, report: Report) -> None:
        job, before = report.job, self._store.state.job
        if isinstance(job.subject, Quiet):
            job.subject.take(report, self._store)
            return
        if report.event in ("started", "progress"):
            fraction, text = report.value or (None, None)
            if before is not None and before.kind == job.kind and report.event == "progress":
                fraction = before.fraction if fraction is None else fraction
                text = before.text if text is None else text
            self._say(job, fraction, text or "")
            return
        if report.event == "part":
            self._part(job, report.value)
            return
        self._jobs = [other for other in self._jobs if other is not job]
        self._say(self._jobs[0] if self._jobs else None)
        if report.event == "bug":
            self._store.bug_caught.emit(report.value)
        elif report.event == "failed":
            self._failed(job, report.value)
        elif report.event == "cancelled":
            if job.kind != "measure":
                self._store.notice("info", self.tr("{}: stopped.").format(job.title))
        elif report.event == "done":
            self._answer(job, report.value)
        if job.kind == "load" and report.event != "done":
            self.load_refused.emit()

    def _failed(self, job: Job, error: BgviewerError) -> None:
        text, action = str(error), ""
        if job.kind == "load":
            if isinstance(error, OwnOutputsError):
                folder = Path(error.path).name or error.path
                action = "show_outputs"
                text = self.tr("{} holds only files written by bgviewer.").format(folder)
            elif self._store.state.stack is not None:
                text = self.tr("{} The exposures in the window stay.").format(_sentence(text))
        level = "warning" if action else "error"
        self._store.notice(level, text, action=action, topic=job.kind)

    def show_outputs(self) -> None:
        """Load what was refused because bgviewer wrote it, to look at it."""
        self.load(self._opening, own_outputs=True)

    def _part(self, job: Job, value: Any) -> None:
        """Take what a run over exposures tells while it goes on."""
        batch, job_state = job.subject, self._store.state.job
        if isinstance(value, Begun):
            batch.begin(value.exposure)
        else:
            batch.finish(value.id)
        fraction, text = (None, "") if job_state is None else (job_state.fraction, job_state.text)
        if self._jobs and self._jobs[0] is job:
            self._say(job, fraction, text)
        if not isinstance(value, Begun):
            self._record(batch.stack, batch.key, [value])

    def _answer(self, job: Job, value: Any) -> None:
        if job.kind == "load":
            self._loaded(value[0], job.subject, value[1])
        elif job.kind == "measure":
            self._measured(*job.subject, *value)
        elif job.kind == "match_all":
            self._matched_all(job, value)
        elif job.kind == "export":
            batch = job.subject
            self._record(batch.stack, batch.key, value.outcomes)
            self._exported = (value, batch.request)
            self._store.exported.emit(value)
        elif callable(job.subject):
            job.subject(value)

    # ---------------------------------------------------------------- answers

    def _loaded(self, loaded: LoadedStack, wanted: str | None, plan: StackPlan | None) -> None:
        store, tuner = self._store, self._tuner
        tuner.forget()
        plan = store.state.plan if plan is None else plan
        held = loaded.stack
        if (held.regions, held.detection) != (plan.regions, plan.detection):
            held = held.with_plan(plan)
        self._measured_with = good_pixels(loaded.stack, loaded.config)
        stack = StackState(held, tuple(loaded.measurements), tuple(loaded.reasons), None)
        stack = ranked(stack, store.state.config, plan)
        reference = self._first_reference(stack, wanted)
        new_plan = plan != store.state.plan
        store.swap(stack=stack, reference=reference, science=None, match=MatchState(), outcomes={})
        store.swap(plan=plan)
        store.swap(science=store.next_best())
        store.swap(problems=store.shape_problem(store.state.config))
        # What there is to say comes first: the window lays its parts out once, not twice.
        store.tell(store.notices_outdated)
        self._tell_of_load(stack)
        store.tell(store.stack_changed, store.ranking_changed, store.config_changed)
        store.tell(store.pair_changed, store.outcomes_changed, store.match_changed)
        if new_plan:
            store.tell(store.plan_changed)
        tuner.refresh()
        self.measure()  # where bad planes or regions were changed meanwhile

    def _first_reference(self, stack: StackState, wanted: str | None) -> int | None:
        if wanted is not None:
            try:
                exposure = find_exposure(stack.stack, wanted)
            except (ConfigError, NoReferenceError) as error:
                self._store.notice("warning", str(error), topic="reference")
            else:
                if stack.takes_part(exposure):
                    return exposure
        return None if stack.ranking is None else int(stack.ranking.best)

    def _tell_of_load(self, stack: StackState) -> None:
        """Say what is to be known of a new stack, the mildest first: the worst comes out on top."""
        store = self._store
        notes = dict.fromkeys((*stack.stack.notes, *plan_warnings(store.state.plan, stack.stack)))
        warnings = [n.removeprefix(_WARNING) for n in notes if n.startswith(_WARNING)]
        warnings += grouped_warnings(stack.warnings)
        remarks = [note for note in notes if not note.startswith(_WARNING)]
        if stack.ranking is not None:
            remarks += [w for w in stack.ranking.warnings if w not in notes]
        for level, texts in (("info", remarks), ("warning", warnings)):
            if texts:
                store.notice(level, texts[0], "\n".join(texts[1:]), topic=f"load {level}")
        usable = sum(m is not None for m in stack.measurements)
        action = choose_action(stack)
        if stack.ranking is None:
            text = first_reason(stack) if action or not usable else stack.ranking_problem
            store.notice("error", text, action=action, topic="load")
        elif store.state.science is None:
            text = self.tr("Matching needs at least two exposures that can be used; there is {}.")
            why = first_reason(stack) if usable < len(stack) else ""
            store.notice("error", text.format(usable), why, action, topic="load")
        elif usable < len(stack):
            text = self.tr("{} of {} exposures cannot be used: {}")
            text = text.format(len(stack) - usable, len(stack), first_reason(stack))
            store.notice("warning", text, action=action, topic="load")

    def _measured(
        self,
        stack: ExposureStack,
        wanted: GoodPixels,
        changed: set[int],
        measurements: Any,
        reasons: Any,
    ) -> None:
        store, held = self._store, self._store.state.stack
        if held is None or held.stack.entries is not stack.entries:
            return
        # Another wish may have come meanwhile; it measures what this one cannot tell.
        present = good_pixels(held.stack, store.state.config)
        known, whys = list(held.measurements), list(held.reasons)
        done = list(self._measured_with)
        for i in changed:
            if present[i] == wanted[i]:
                known[i], whys[i], done[i] = measurements[i], reasons[i], wanted[i]
        self._measured_with = tuple(done)
        held = replace(held, measurements=tuple(known), reasons=tuple(whys))
        store.swap(stack=ranked(held, store.state.config, store.state.plan))
        store.tell(store.ranking_changed)

    def _matched_all(self, job: Job, outcomes: Sequence[MatchOutcome]) -> None:
        batch = job.subject
        if not self._record(batch.stack, batch.key, outcomes):
            return
        matched = sum(o.status == "matched" for o in outcomes)
        failed = sum(o.status == "failed" for o in outcomes)
        text = self.tr("{} exposures matched") if matched != 1 else self.tr("{} exposure matched")
        text = text.format(matched) + "."
        if failed:
            first = next(o for o in outcomes if o.status == "failed")
            reason = self.tr("{}: {}").format(first.name, first.reason)
            text = text[:-1] + self.tr(", {} failed: {}").format(failed, reason)
        action = "retry_failed" if failed else ""
        level = "warning" if failed else "info"
        self._store.notice(level, text, action=action, topic="match_all")

    def _record(
        self,
        stack: ExposureStack,
        key: Callable[[int], tuple[Any, ...]],
        outcomes: Sequence[MatchOutcome],
    ) -> bool:
        """Keep the outcomes if they are still about the stack in the window."""
        store, held = self._store, self._store.state.stack
        if held is None or held.stack is not stack:
            return False
        known = dict(store.state.outcomes)
        for outcome in outcomes:
            if outcome.status not in ("reference", "excluded"):
                known[outcome.id] = outcome_of(outcome, key(outcome.id), stack.shape)
        store.swap(outcomes=known)
        store.tell(store.outcomes_changed)
        return True


def _state_of(job: Job, fraction: float | None = None, text: str = "") -> JobState:
    state = JobState(job.kind, job.title, fraction, text)
    if isinstance(batch := job.subject, Batch):
        state = replace(state, pace=batch.pace, waiting=batch.waiting, running=batch.running)
    return state


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _at_work(job: JobState | None) -> tuple[frozenset[int], frozenset[int]]:
    """Exposures that wait and those that run: the table shows them."""
    return (frozenset(), frozenset()) if job is None else (job.waiting, job.running)
