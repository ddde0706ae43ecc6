"""The editing half of the session: the pair, settings, exclusions, regions, own settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QObject

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.regions import Region
from bgviewer.errors import ConfigError, Remedy
from bgviewer.session.desk import Desk
from bgviewer.session.state import Wishes
from bgviewer.session.store import Store, ranked
from bgviewer.session.tuner import Tuner
from bgviewer.tasks.plan import StackPlan

__all__ = ["Editing"]


class Editing(Store):
    """Takes edits, keeps what is not allowed out, and tells the tuner and the desk."""

    def __init__(
        self,
        config: MatchConfig | None = None,
        zero_point: str | float = "auto",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(config, parent)
        self._tuner = Tuner(self)
        self._desk = Desk(self, self._tuner, zero_point)

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

    def _pair_changed(self) -> None:
        self.tell(self.pair_changed, self.outcomes_changed)
        self._tuner.refresh()

    def _name(self, exposure: int) -> str | None:
        stack = self.state.stack
        return None if stack is None else stack.stack.entries[exposure].name

    def _replan(self, old: StackPlan, new: StackPlan) -> None:
        held = self.state.stack
        if held is None:
            return
        if replace(old, acceptance=new.acceptance, ignore_masked=new.ignore_masked) == new:
            self.tell(self.outcomes_changed)  # no match depends on how it is judged
            return
        elsewhere = (old.regions, old.detection) != (new.regions, new.detection)
        if elsewhere:
            held = replace(held, stack=held.stack.with_plan(new))
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
