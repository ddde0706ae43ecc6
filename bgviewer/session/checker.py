"""The check of the stack's consistency, on demand, in the files lane."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from bgviewer.session.desk import Desk
from bgviewer.session.lane import Job
from bgviewer.session.store import Store
from bgviewer.tasks.consistency import Consistency, ConsistencyRequest, check_consistency
from bgviewer.tasks.show import match_key

__all__ = ["Checker"]


class Checker(QObject):
    """Runs the check and keeps what it found until another stack is loaded."""

    changed = pyqtSignal()
    """Another result, whether it is current, or the progress."""

    def __init__(self, store: Store, desk: Desk) -> None:
        super().__init__(store)
        self._store, self._desk = store, desk
        self._found: Consistency | None = None
        self._key: tuple[Any, ...] = ()
        self._entries: object = None
        store.stack_changed.connect(self._on_stack)
        for signal in (
            store.pair_changed,
            store.config_changed,
            store.plan_changed,
            store.job_changed,
        ):
            signal.connect(self.changed)

    @property
    def found(self) -> Consistency | None:
        """What the last check found."""
        return self._found

    @property
    def current(self) -> bool:
        """Whether it is of the present reference, settings, regions and exclusions."""
        return self._found is not None and self._key == self._present()

    @property
    def running(self) -> bool:
        """Whether a check is at work."""
        job = self._store.state.job
        return job is not None and job.kind == "check"

    @property
    def fraction(self) -> float:
        """How far it is, 0 to 1."""
        job = self._store.state.job
        return (job.fraction or 0.0) if job is not None and self.running else 0.0

    @property
    def ready(self) -> bool:
        """Whether there is something to check and nothing in the way."""
        state = self._store.state
        return (
            state.stack is not None
            and state.reference is not None
            and state.job is None
            and not self._store.held_back()
        )

    def start(self, other: int | None = None) -> None:
        """Check with the present settings, and with another reference (None = the next best)."""
        state = self._store.state
        if not self.ready or state.stack is None:
            return
        request = ConsistencyRequest(
            state.stack.stack,
            state.config,
            state.reference,
            () if other is None else (other,),
            state.plan,
        )
        key = self._present()

        def take(found: Consistency) -> None:
            if key[0] is self._entries:
                self._found, self._key = found, key
                self.changed.emit()

        self._desk.run(
            "check", self.tr("Checking the stack"), lambda job: _work(request, job), take
        )

    def _present(self) -> tuple[Any, ...]:
        state = self._store.state
        plan, stack = state.plan, state.stack
        entries = None if stack is None else stack.stack.entries
        settings = match_key(state.config)
        return entries, state.reference, settings, plan.excluded, plan.regions, dict(plan.own)

    def _on_stack(self) -> None:
        entries = self._present()[0]
        if entries is not self._entries:
            self._entries, self._found = entries, None
        self.changed.emit()


def _work(request: ConsistencyRequest, job: Job) -> Consistency:
    return check_consistency(request, job)
