"""Session: the single mutable thing.  Wishes come in as calls, news go out as signals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.regions import Region
from bgviewer.engine.synthetic import make_stack
from bgviewer.errors import ConfigError, Remedy
from bgviewer.io.stack import ExposureStack
from bgviewer.session.desk import Desk
from bgviewer.session.lane import Job
from bgviewer.session.plane_counter import PlaneCounter
from bgviewer.session.readout import read_out
from bgviewer.session.stack_views import StackViews
from bgviewer.session.state import MatchState, Readout, Wishes
from bgviewer.session.store import Store, ranked
from bgviewer.session.tuner import Rectangle, Tuner
from bgviewer.tasks.demo import DEMO_CONFIG
from bgviewer.tasks.export import ExportReport, ExportRequest
from bgviewer.tasks.plan import StackPlan
from bgviewer.tasks.show import THIRD_VIEWS

__all__ = ["Session"]


class Session(Store):
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
        super().__init__(config, parent)
        self._zero_point = zero_point
        self._tuner = Tuner(self)
        self._desk = Desk(self, self._tuner, zero_point)
        self.stack_views = StackViews(self, self._tuner, self._desk)
        self.planes = PlaneCounter(self, self._desk)

    @property
    def busy(self) -> bool:
        """Whether any work runs or waits."""
        return self._tuner.lane.busy or self._desk.lane.busy

    @property
    def settled(self) -> bool:
        """Whether what is shown is all that was asked for, as finely as the screen shows it."""
        return not self.busy and self._tuner.settled

    @property
    def alive(self) -> bool:
        """Whether a worker thread lives."""
        return self._tuner.lane.alive or self._desk.lane.alive

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
    ) -> None:
        """Read the stack at `paths` (files, folders, @lists); the present one stays till then.

        `reference` names the exposure to begin with; without it the best of the ranking.  `plan`
        is taken with the stack; without it the present one stays, unless it was made for a stack
        that has no exposure in common with the new one.
        """
        self._desk.load([str(p) for p in paths], reference, plan)

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
        self.tell(self.stack_changed, self.ranking_changed, self.config_changed)
        self.tell(self.pair_changed, self.outcomes_changed, self.match_changed, self.plan_changed)

    def match_all(self) -> None:
        """Match every exposure to the reference with the present settings."""
        self._desk.match_all()

    def failed(self) -> frozenset[int]:
        """Exposures that could not be matched with the present settings."""
        found = (i for i, o in self.state.outcomes.items() if o.status == "failed")
        return frozenset(i for i in found if self.outcome(i)[1])

    def retry_failed(self) -> None:
        """Match those again that failed, and no others."""
        if failed := self.failed():
            self._desk.match_all(failed)

    def retry_export(self, report: ExportReport) -> None:
        """Match and write those again that failed in the last export."""
        self._desk.retry_export(report)

    def export_request(
        self, directory: str | Path, *, overwrite: bool, include_reference: bool, backgrounds: bool
    ) -> ExportRequest | None:
        """Freeze what would be exported; None when there is nothing to export."""
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
        )

    def export(self, request: ExportRequest) -> None:
        """Match and write every exposure."""
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

    def stop(self) -> None:
        """Stop what shows progress; live matching goes on."""
        self._desk.stop()

    def close(self) -> None:
        """Stop everything and wait for the threads; the session is of no use afterwards."""
        self._tuner.lane.close()
        self._desk.lane.close()

    # ---------------------------------------------------------------- settings

    def edit_config(self, name: str, value: Any) -> None:
        """Set one option; a value that is not allowed marks the field and changes nothing."""
        self._edit({name: value})

    def apply_remedy(self, remedy: Remedy) -> None:
        """Make the changes of a remedy at once."""
        self._edit(dict(remedy.changes))

    def set_weights(self, coverage: float, variance: float, level: float) -> None:
        """Set the three weights of the ranking."""
        self._edit(
            {
                "best_ref_weight_coverage": coverage,
                "best_ref_weight_variance": variance,
                "best_ref_weight_level": level,
            }
        )

    def set_config(self, config: MatchConfig) -> None:
        """Take other settings as a whole."""
        old = self.state.config
        self._edit(
            {n: getattr(config, n) for n in OPTIONS if getattr(config, n) != getattr(old, n)}
        )

    def set_wishes(self, wishes: Wishes) -> None:
        """Bring back what was set at another time, as one change or (`ConfigError`) not at all."""
        for name in wishes.plan.own:
            wishes.plan.config_for(name, wishes.config)
        with self.at_once():
            self.set_config(wishes.config)
            self.set_plan(wishes.plan)
            if wishes.reference is not None:
                self.set_reference(wishes.reference)

    def set_plan(self, plan: StackPlan) -> None:
        """Set exclusions, regions to ignore and settings of single exposures.

        Raises
        ------
        ConfigError
            When an exposure's own settings are not allowed; nothing is changed then.
        """
        for name in plan.own:
            plan.config_for(name, self.state.config)
        if plan != self.state.plan:
            old = self.state.plan
            self.swap(plan=plan)
            self._replan(old, plan)
            self.tell(self.plan_changed)

    def exclude(self, exposure: int, yes: bool = True) -> None:
        """Leave an exposure out of the match and of the ranking, or take it in again."""
        if (name := self._name(exposure)) is not None:
            plan = self.state.plan
            excluded = plan.excluded | {name} if yes else plan.excluded - {name}
            self.set_plan(replace(plan, excluded=excluded))

    def set_own(self, exposure: int, changes: Mapping[str, Any] | None) -> None:
        """Give an exposure settings of its own (all it has, by snake_case name); None: none."""
        if (name := self._name(exposure)) is None:
            return
        own = {n: dict(c) for n, c in self.state.plan.own.items() if n != name}
        if changes:
            own[name] = dict(changes)
        try:
            self.set_plan(replace(self.state.plan, own=own))
        except ConfigError as error:
            self.notice("warning", f"{name}: {error}")

    def add_region(self, region: Region) -> None:
        """Ignore the pixels of a region."""
        if region not in self.state.plan.regions:
            self.set_plan(replace(self.state.plan, regions=(*self.state.plan.regions, region)))

    def remove_region(self, region: Region) -> None:
        """Let the pixels of a region count again."""
        kept = tuple(r for r in self.state.plan.regions if r != region)
        self.set_plan(replace(self.state.plan, regions=kept))

    def _name(self, exposure: int) -> str | None:
        stack = self.state.stack
        return None if stack is None else stack.stack.entries[exposure].name

    def _replan(self, old: StackPlan, new: StackPlan) -> None:
        held = self.state.stack
        if held is None:
            return
        if replace(old, acceptance=new.acceptance) == new:
            self.tell(self.outcomes_changed)  # no match depends on what is accepted
            return
        elsewhere = old.regions != new.regions
        if elsewhere:
            held = replace(held, stack=held.stack.with_regions(new.regions))
        self.swap(stack=ranked(held, self.state.config, new))
        if elsewhere or old.excluded != new.excluded:
            self.tell(self.ranking_changed)
        if self._leave_excluded_reference():
            self.tell(self.pair_changed)
        self.tell(self.outcomes_changed)
        if elsewhere:
            self._desk.measure()
        self._tuner.refresh()

    def _leave_excluded_reference(self) -> bool:
        """Take the best of the others where the reference is excluded; say whether that was so."""
        state, stack = self.state, self.state.stack
        if stack is None or stack.ranking is None:
            return False
        if state.reference is not None and state.reference not in stack.excluded:
            return False
        self.swap(reference=int(stack.ranking.best))
        if state.science is None or self.is_reference(state.science):
            # Where no other takes part, the excluded one can still be looked at.
            best = self.next_best()
            self.swap(science=state.reference if best is None else best)
        return True

    def _edit(self, changes: Mapping[str, Any]) -> None:
        old = self.state.config
        try:
            config = old.replace(**changes)
        except ConfigError as error:
            field = error.field or next(iter(changes))
            self.swap(problems=dict(self.state.problems) | {field: error})
            self.tell(self.config_changed)
            self._tuner.refresh()
            return
        # A field that was refused keeps its mark until it is edited itself; whether settings
        # and image agree is judged anew.
        refused = {
            name: error
            for name, error in self.state.problems.items()
            if name not in changes and error.value != getattr(old, name)
        }
        self.swap(config=config, problems=refused | self.shape_problem(config))
        self.tell(self.config_changed)
        self._follow(old, config)

    def _follow(self, old: MatchConfig, new: MatchConfig) -> None:
        changed = [o for o in OPTIONS.values() if getattr(old, o.name) != getattr(new, o.name)]
        if any(o.stage == "ranking" for o in changed) and self.state.stack is not None:
            self.swap(stack=ranked(self.state.stack, new, self.state.plan))
            self.tell(self.ranking_changed)
        if old.bad_mask_planes != new.bad_mask_planes:
            self._desk.measure()
        if any(o.stage != "ranking" for o in changed) or self.state.match.withheld:
            self.tell(self.outcomes_changed)
            self._tuner.refresh()

    # ---------------------------------------------------------------- what is shown

    def set_reference(self, exposure: int) -> None:
        """Make the exposure the reference; it must have been measured."""
        stack = self.state.stack
        if stack is None or exposure == self.state.reference:
            return
        if not stack.takes_part(exposure):
            name = stack.stack.entries[exposure].name
            reason = stack.reasons[exposure] or self.tr("it could not be measured")
            if exposure in stack.excluded:
                reason = self.tr("it is excluded")
            self.notice("warning", self.tr("{} cannot be the reference: {}").format(name, reason))
            return
        before = self.state.reference
        self.swap(reference=exposure)
        science = self.state.science
        if science is None or self.is_reference(science):
            # The old reference is what one wants to see matched to the new one.
            usable = before is not None and not self.is_reference(before)
            self.swap(science=before if usable else self.next_best())
        self._pair_changed()

    def set_science(self, exposure: int) -> None:
        """Show the match of this exposure."""
        if self.state.stack is not None and exposure != self.state.science:
            self.swap(science=exposure)
            self._pair_changed()

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

    def _pair_changed(self) -> None:
        self.tell(self.pair_changed, self.outcomes_changed)
        self._tuner.refresh()
