"""The state and the signals that tell of its changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QObject, pyqtBoundSignal, pyqtSignal

from bgviewer.engine.config import MatchConfig
from bgviewer.errors import BgviewerError, ConfigError
from bgviewer.session.state import Notice, Outcome, StackState, State
from bgviewer.tasks.plan import StackPlan
from bgviewer.tasks.ranking import rank_candidates
from bgviewer.tasks.show import Shown, match_key

__all__ = ["Store", "ranked"]


class Store(QObject):
    """Holds the `State`; the parts of the session swap it and tell of it."""

    stack_changed = pyqtSignal()
    ranking_changed = pyqtSignal()
    pair_changed = pyqtSignal()
    config_changed = pyqtSignal()
    match_changed = pyqtSignal()
    """What is to be seen of the match changed."""
    work_changed = pyqtSignal()
    """Whether a match is on its way may have changed, and nothing that is to be seen."""
    work_ended = pyqtSignal()
    """A job ended, also one that shows no progress: the session may be busy no longer."""
    plan_changed = pyqtSignal()
    outcomes_changed = pyqtSignal()
    job_changed = pyqtSignal()
    notice_raised = pyqtSignal(object)
    notices_outdated = pyqtSignal()
    """What was said before was about another stack."""
    exported = pyqtSignal(object)
    bug_caught = pyqtSignal(object)

    def __init__(self, config: MatchConfig | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = State(config=config or MatchConfig())
        self._untold: dict[str, pyqtBoundSignal] | None = None
        self._later: dict[Callable[[], None], None] = {}

    @property
    def state(self) -> State:
        """The present state; frozen."""
        return self._state

    def swap(self, **changes: Any) -> None:
        """Put a new state in place of the old one; the caller tells of it."""
        self._state = replace(self._state, **changes)

    def tell(self, *signals: pyqtBoundSignal) -> None:
        """Emit each of the signals; inside `at_once` at its end, and once."""
        for signal in signals:
            if self._untold is None:
                signal.emit()
            else:
                self._untold[signal.signal] = signal

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Make several changes one: nobody hears of, or works on, what is half done."""
        if self._untold is not None:
            yield
            return
        self._untold = {}
        try:
            yield
        finally:
            untold, self._untold = self._untold, None
            later, self._later = self._later, {}
            self.tell(*untold.values())
            for work in later:
                work()

    def put_off(self, work: Callable[[], None]) -> bool:
        """Whether `work` must wait for the end of `at_once`, where it is done then."""
        if self._untold is None:
            return False
        self._later[work] = None
        return True

    def notice(
        self, level: str, text: str, details: str = "", action: str = "", topic: str = ""
    ) -> None:
        """Put one sentence into the notice bar, with a button for the action that mends it."""
        self.notice_raised.emit(Notice(level, text, details, action, topic))

    def effective_config(self, exposure: int | None = None) -> MatchConfig:
        """Settings that an exposure (by default the shown one) is matched with."""
        state = self._state
        exposure = state.science if exposure is None else exposure
        if state.stack is None or exposure is None:
            return state.config
        return state.plan.config_for(state.stack.stack.entries[exposure].name, state.config)

    def key(self, exposure: int, effective: MatchConfig | None = None) -> tuple[Any, ...]:
        """What an outcome depends on: reference, regions, detection and settings of the match."""
        state = self._state
        return self._keys(state.config, state.plan, state.reference, effective)(exposure)

    def keys(
        self, config: MatchConfig, plan: StackPlan, reference: int | None
    ) -> Callable[[int], tuple[Any, ...]]:
        """Return what makes the key of an exposure, whatever is set later."""
        return self._keys(config, plan, reference, None)

    def _keys(
        self,
        config: MatchConfig,
        plan: StackPlan,
        reference: int | None,
        effective: MatchConfig | None,
    ) -> Callable[[int], tuple[Any, ...]]:
        stack = self._state.stack
        names = () if stack is None else tuple(e.name for e in stack.stack.entries)
        first = () if reference is None or not names else plan.regions_for(names[reference])

        def key(exposure: int) -> tuple[Any, ...]:
            name = names[exposure] if names else ""
            used = effective or plan.config_for(name, config)
            detection = plan.detection
            return (reference, first, detection, plan.regions_for(name), *match_key(used))

        return key

    def is_reference(self, exposure: int) -> bool:
        """Whether the exposure is the reference or the same exposure once more."""
        stack, reference = self._state.stack, self._state.reference
        if stack is None or reference is None:
            return False
        entries = stack.stack.entries
        return bool(entries[exposure].identity == entries[reference].identity)

    def outcome(self, exposure: int) -> tuple[Outcome | None, bool]:
        """Return what is known of matching the exposure, and whether it is of these settings."""
        outcome = self._state.outcomes.get(exposure)
        if outcome is None:
            return None, False
        return outcome.judged(self._state.plan.acceptance), outcome.key == self.key(exposure)

    def held_back(self) -> str:
        """Why no match can be made with the present settings, or an empty string."""
        problems = self._state.problems
        return str(next(iter(problems.values()))) if problems else ""

    def shape_problem(self, config: MatchConfig) -> dict[str, ConfigError]:
        """Where settings and image disagree, by field."""
        stack = self._state.stack
        shape = None if stack is None else stack.stack.shape
        error = None if shape is None else config.problem(shape)
        return {} if error is None else {error.field or "order": error}

    def next_best(self) -> int | None:
        """The best exposure that can be matched to the reference."""
        stack = self._state.stack
        if stack is None:
            return None
        order = stack.ranking.order if stack.ranking else range(len(stack))
        for exposure in order:
            if stack.takes_part(exposure) and not self.is_reference(exposure):
                return int(exposure)
        return None

    def shown_of_pair(self) -> Shown | None:
        """The last match if it is of the pair that is asked for."""
        state, shown = self._state, self._state.match.shown
        same = (
            shown is not None
            and state.stack is not None
            and shown.stack is state.stack.stack
            and (shown.reference_id, shown.science_id) == (state.reference, state.science)
        )
        return shown if same else None


def ranked(stack: StackState, config: MatchConfig, plan: StackPlan) -> StackState:
    """Rank the exposures anew; instant, the measurements are kept."""
    excluded = frozenset(e.id for e in stack.stack.entries if e.name in plan.excluded)
    stack = replace(stack, excluded=excluded)
    candidates = [None if i in excluded else m for i, m in enumerate(stack.measurements)]
    try:
        ranking = rank_candidates(candidates, config)
    except BgviewerError as error:
        return replace(stack, ranking=None, ranking_problem=str(error))
    return replace(stack, ranking=ranking, ranking_problem="")
