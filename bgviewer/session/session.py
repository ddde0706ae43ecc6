"""Session: the single mutable thing.  Wishes come in as calls, news go out as signals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.synthetic import make_stack
from bgviewer.io.stack import ExposureStack
from bgviewer.session.checker import Checker
from bgviewer.session.diagnoser import Diagnoser
from bgviewer.session.editing import Editing
from bgviewer.session.file_reading import FileReading
from bgviewer.session.file_watch import FileWatch
from bgviewer.session.lane import ENDS, Job, Report
from bgviewer.session.plane_counter import PlaneCounter
from bgviewer.session.readout import read_out
from bgviewer.session.stack_views import StackViews
from bgviewer.session.state import JobState, MatchState, Readout
from bgviewer.session.sweeper import Sweeper
from bgviewer.session.tuner import Rectangle
from bgviewer.tasks.demo import DEMO_CONFIG
from bgviewer.tasks.export import ExportReport, ExportRequest
from bgviewer.tasks.plan import StackPlan
from bgviewer.tasks.show import THIRD_VIEWS

__all__ = ["Session"]


class Session(Editing):
    """Turns wishes into jobs and their answers into new states.

    Parameters
    ----------
    config : MatchConfig, optional
        Settings to begin with.
    zero_point : "auto", "none" or float
        How stacks are brought to one photometric scale.

    Notes
    -----
    Every method belongs to the thread that made the session and returns at once.
    """

    def __init__(
        self,
        config: MatchConfig | None = None,
        zero_point: str | float = "auto",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(config, zero_point, parent)
        self._zero_point = zero_point
        self.stack_views = StackViews(self, self._tuner, self._desk)
        self.planes = PlaneCounter(self, self._desk)
        self.sweeper = Sweeper(self, self._tuner)
        self.diagnoser = Diagnoser(self, self._tuner, self.sweeper)
        self.checker = Checker(self, self._desk)
        self.file_reading = FileReading(self, self._desk)
        self.file_watch = FileWatch(self, self._desk)
        # Last, so that every part has taken the answer when the end is told.
        for part in (self._tuner, self._desk, self.sweeper, self.diagnoser):
            part.lane.connect(self._on_report)

    def _on_report(self, report: Report) -> None:
        if report.event in ENDS:
            self.work_ended.emit()

    @property
    def busy(self) -> bool:
        """Whether any work runs or waits."""
        return self._matching or self.sweeper.lane.busy or self.diagnoser.lane.busy

    def jobs(self) -> list[JobState]:
        """Return the work with files that runs and waits."""
        return self._desk.jobs()

    @property
    def _matching(self) -> bool:
        return self._tuner.lane.busy or self._desk.lane.busy

    @property
    def settled(self) -> bool:
        """Whether what is shown is all that was asked for, as finely as the screen shows it."""
        return not self._matching and self.state.job is None and self._tuner.settled

    @property
    def alive(self) -> bool:
        """Whether a worker thread lives."""
        parts = (self._tuner, self._desk, self.sweeper, self.diagnoser)
        return any(x.lane.alive for x in parts)

    def readout(self, x: float, y: float) -> Readout | None:
        """Values of the shown pair at parent position (x, y); None outside."""
        shown = self.state.match.shown
        return None if shown is None else read_out(shown, x, y)

    # ---------------------------------------------------------------- files

    def load(
        self,
        paths: Sequence[str | Path],
        reference: str | None = None,
        plan: StackPlan | None = None,
        align: bool = False,
        own_outputs: bool = False,
    ) -> None:
        """Read the stack at `paths` (files, folders, @lists); the present one stays till then.

        `reference` names the exposure to begin with; without it the best of the ranking.  `plan`
        is taken with the stack; without it the present one stays, unless it was made for a stack
        that has no exposure in common with the new one.  `align` re-projects exposures of other
        pixel grids onto the common one.  `own_outputs` takes what bgviewer wrote from folders too.
        Where nothing can be read, the present stack stays.
        """
        self._desk.load([str(p) for p in paths], reference, plan, align, own_outputs)

    def show_outputs(self) -> None:
        """Load, to look at it, what was refused last because bgviewer wrote it."""
        self._desk.show_outputs()

    def load_demo(self) -> None:
        """Make a stack with a known sky and take it, with settings that suit its size."""
        if self.state.config == MatchConfig():
            self.set_config(DEMO_CONFIG)

        def make(job: Job) -> ExposureStack:
            job.step(0.0, "making exposures")
            return ExposureStack.of(make_stack().exposures)

        self._desk.take(make, self.tr("Making the demo stack"))

    def use_stack(self, stack: ExposureStack) -> None:
        """Take a stack that lives in memory."""
        self._desk.take(lambda job: stack, self.tr("Measuring exposures"))

    def close_stack(self) -> None:
        """Go back to the empty window."""
        self._desk.stop()
        self._tuner.forget()
        self.swap(stack=None, reference=None, science=None)
        self.swap(plan=self.state.plan.without_exposures())
        self.swap(match=MatchState(), outcomes={}, problems={})
        self.tell(self.notices_outdated)
        self.tell(self.stack_changed, self.ranking_changed, self.config_changed)
        self.tell(self.pair_changed, self.outcomes_changed, self.match_changed, self.plan_changed)

    def match_all(self) -> None:
        """Match every exposure to the reference with the present settings."""
        self.file_watch.look()
        self._desk.match_all()

    def failed(self) -> frozenset[int]:
        """Exposures that could not be matched with the present settings."""
        found = ((i, *self.outcome(i)) for i in self.state.outcomes)
        return frozenset(i for i, o, current in found if current and o and o.status == "failed")

    def retry_failed(self) -> None:
        """Match those again that failed, and no others."""
        if failed := self.failed():
            self._desk.match_all(failed)

    def retry_export(self, report: ExportReport) -> None:
        """Match and write those again that failed in the last export."""
        self._desk.retry_export(report)

    def export_request(
        self,
        directory: str | Path,
        *,
        overwrite: bool,
        include_reference: bool,
        backgrounds: bool,
        **options: Any,
    ) -> ExportRequest | None:
        """Freeze what would be exported, `options` as `export_fields` gives them; None: nothing."""
        state = self.state
        if state.stack is None or state.reference is None:
            return None
        return ExportRequest(
            stack=state.stack.stack,
            config=state.config,
            reference=state.reference,
            directory=Path(directory),
            overwrite=overwrite,
            include_reference=include_reference,
            backgrounds=backgrounds,
            zero_point=self._zero_point,
            plan=state.plan,
            **options,
        )

    def export(self, request: ExportRequest) -> None:
        """Match and write every exposure."""
        self.file_watch.look()
        self._desk.export(request)

    @property
    def zero_point(self) -> str | float:
        """How stacks are brought to one photometric scale."""
        return self._zero_point

    def set_zero_point(self, zero_point: str | float) -> None:
        """Scale the stacks that are loaded from now on to this zero point."""
        self._zero_point = zero_point
        self._desk.set_zero_point(zero_point)

    def write_file(self, title: str, work: Callable[[Job], Path]) -> None:
        """Write a file in the files lane; its name is told when it is there."""

        def tell(path: Path) -> None:
            self.notice("info", self.tr("{} written.").format(path))

        self._desk.run("write", title, work, tell)

    def read_file(
        self, title: str, work: Callable[[Job], Any], tell: Callable[[Any], None]
    ) -> None:
        """Read a file in the files lane; `tell` is called with what it holds."""
        self._desk.run("read", title, work, tell)

    def read_quietly(
        self, kind: str, work: Callable[[Job], Any], tell: Callable[[Any], None]
    ) -> None:
        """Look into files in the files lane without a word; a newer look of its kind wins."""
        self._desk.run_quietly(kind, work, tell)

    def stop(self) -> None:
        """Stop what shows progress; live matching goes on."""
        self._desk.stop()

    def close(self) -> None:
        """Stop everything and wait for the threads; the session is of no use afterwards."""
        self._tuner.lane.close()
        self._desk.lane.close()
        self.sweeper.close()
        self.diagnoser.close()

    # ---------------------------------------------------------------- what is shown

    def set_third(self, view: str) -> None:
        """Choose what the third panel shows; one of `THIRD_VIEWS`."""
        if view not in THIRD_VIEWS:
            raise ValueError(f"no such view: {view}")
        if view != self.state.third:
            self.swap(third=view)
            self._tuner.refresh()

    def set_detail(self, rectangle: Rectangle | None) -> None:
        """Say which part (x0, x1, y0, y1), in parent pixels, is zoomed into; None = no zoom."""
        self._tuner.zoom(rectangle)

    def set_overlay(self, name: str, shown: bool) -> None:
        """Switch one of `tasks.overlays.OVERLAYS` on or off."""
        self._tuner.lay_over(name, shown)

    def set_side(self, pixels: int) -> None:
        """Say how many pixels of the screen a picture has at most along a side."""
        self._tuner.resize(pixels)
