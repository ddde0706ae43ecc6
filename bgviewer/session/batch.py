"""Work that goes exposure by exposure: which waits, which runs, how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bgviewer.engine.plan import StackPlan
from bgviewer.io.stack import ExposureStack
from bgviewer.session.lane import Report
from bgviewer.session.store import Store
from bgviewer.tasks.pace import Pace

__all__ = ["Batch", "Begun", "Quiet"]


@dataclass(frozen=True)
class Begun:
    """An exposure that is about to be matched."""

    exposure: int


@dataclass(frozen=True)
class Quiet:
    """Marks work that shows no progress; `answer` is called with what it returns."""

    answer: Callable[[Any], None]

    def take(self, report: Report, store: Store) -> None:
        """Hand over the result; a bug is told, a failure is not worth a word."""
        if report.event == "done":
            self.answer(report.value)
        elif report.event == "bug":
            store.bug_caught.emit(report.value)


class Batch:
    """Follows one run by what it begins and finishes.

    Parameters
    ----------
    stack : ExposureStack
        What the run is about.
    key : callable
        Makes the key of an exposure's outcome.
    exposures : iterable of int
        Ids of those that will be matched.
    clock : callable
        Seconds; never goes back.
    """

    def __init__(
        self,
        stack: ExposureStack,
        key: Callable[[int], tuple[Any, ...]],
        exposures: Iterable[int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stack, self.key = stack, key
        self.waiting = frozenset(exposures)
        self.running: frozenset[int] = frozenset()
        self.pace = Pace(len(self.waiting))
        self.request: Any = None
        self._clock = clock
        self._start: float | None = None

    @classmethod
    def of(
        cls,
        stack: ExposureStack,
        reference: int,
        key: Callable[[int], tuple[Any, ...]],
        plan: StackPlan,
        only: frozenset[int] | None = None,
    ) -> Batch:
        """Make the batch of all exposures (of `only`) that can be matched to the reference."""
        identity = stack.entries[reference].identity
        wanted = (
            e.id
            for e in stack.entries
            if e.identity != identity
            and e.name not in plan.excluded
            and (only is None or e.id in only)
        )
        return cls(stack, key, wanted)

    def begin(self, exposure: int) -> None:
        """Take note that an exposure is at work."""
        if self._start is None:
            self._start = self._clock()
        self.waiting -= {exposure}
        self.running |= {exposure}

    def finish(self, exposure: int) -> None:
        """Take note that an exposure is done, or has failed."""
        if exposure not in self.running and exposure not in self.waiting:
            return
        if self._start is None:
            self._start = self._clock()
        self.waiting -= {exposure}
        self.running -= {exposure}
        self.pace = self.pace.after(self._clock() - self._start)
