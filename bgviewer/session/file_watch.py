"""Input files that changed on disk while the window shows what was read from them."""

from __future__ import annotations

from PyQt6.QtCore import QObject

from bgviewer.io.stack import StackEntry
from bgviewer.session.desk import Desk
from bgviewer.session.lane import Job
from bgviewer.session.store import Store

__all__ = ["FileWatch"]

_NAMED = 4
_TOPIC = "changed files"


class FileWatch(QObject):
    """Compares the files of the stack with the versions that were loaded, in the worker."""

    def __init__(self, store: Store, desk: Desk) -> None:
        super().__init__(store)
        self._store, self._desk = store, desk
        self._reported: tuple[object, tuple[int, ...]] = (None, ())

    def look(self) -> None:
        """Look at the files now; a warning is raised for changes that were not reported yet."""
        held = self._store.state.stack
        if held is None:
            return
        stack = held.stack

        def work(job: Job) -> tuple[int, ...]:
            return stack.changed_on_disk()

        def take(changed: tuple[int, ...]) -> None:
            now = self._store.state.stack
            if now is not None and now.stack.entries is stack.entries:
                self._report(stack.entries, changed)

        self._desk.run_quietly("changed files", work, take)

    def _report(self, entries: tuple[StackEntry, ...], changed: tuple[int, ...]) -> None:
        known = self._reported[1] if self._reported[0] is entries else ()
        self._reported = (entries, changed)
        if not changed or set(changed) <= set(known):
            return
        names = ", ".join(entries[i].name for i in changed[:_NAMED])
        if len(changed) > _NAMED:
            names += self.tr(" and {} more").format(len(changed) - _NAMED)
        text = self.tr("Changed on disk since they were loaded: {}. Reload the stack to use them.")
        self._store.notice("warning", text.format(names), action="reload", topic=_TOPIC)
