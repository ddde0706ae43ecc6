"""Counts the mask planes of the science exposure that is shown, behind all other work."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from bgviewer.session.desk import Desk
from bgviewer.session.store import Store
from bgviewer.tasks.plane_counts import PlaneCounts, count_planes

__all__ = ["PlaneCounter"]


class PlaneCounter(QObject):
    """Holds the counts of the shown exposure; None until they are known."""

    changed = pyqtSignal()

    def __init__(self, store: Store, desk: Desk) -> None:
        super().__init__(store)
        self._store, self._desk = store, desk
        self._subject: Any = None
        self.counts: PlaneCounts | None = None
        self.name = ""
        store.match_changed.connect(self._on_match)
        store.stack_changed.connect(self._on_match)

    def _on_match(self) -> None:
        state = self._store.state
        shown = state.match.shown
        if state.stack is None or shown is None:
            self._put(None, None, "")
            return
        if not shown.complete or shown.science is self._subject:
            return  # live tuning comes first
        science = shown.science
        name = shown.stack.entries[shown.science_id].name
        self._put(science, None, name)

        def take(counts: PlaneCounts) -> None:
            if self._subject is science:
                self._put(science, counts, name)

        self._desk.run_quietly("planes", lambda job: count_planes(science, job), take)

    def _put(self, subject: Any, counts: PlaneCounts | None, name: str) -> None:
        before = (self.counts, self.name)
        self._subject, self.counts, self.name = subject, counts, name
        if before != (counts, name):
            self.changed.emit()
