"""Undo and redo of what a person sets; one drag, or one key held down, is one step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from PyQt6.QtCore import QEvent, QObject
from PyQt6.QtGui import QAction, QKeyEvent, QUndoCommand, QUndoStack
from PyQt6.QtWidgets import QAbstractSpinBox, QSlider, QWidget

from bgviewer.engine.config import OPTIONS
from bgviewer.session.session import Session
from bgviewer.session.state import Wishes
from bgviewer.tasks.acceptance import LIMITS, AcceptanceLimits
from bgviewer.ui.format import plain

__all__ = ["History"]

_MOST_STEPS = 500
_STEP = 1  # QUndoCommand.id: any two steps may be asked whether they merge
_BEGIN = (QEvent.Type.MouseButtonPress, QEvent.Type.KeyPress)
_END = (QEvent.Type.MouseButtonRelease, QEvent.Type.KeyRelease, QEvent.Type.FocusOut)


class _Step(QUndoCommand):
    """From one set of wishes to the next; `run` joins what one hand movement did."""

    def __init__(self, history: History, before: Wishes, after: Wishes, run: int | None) -> None:
        super().__init__()
        self.history, self.before, self.after, self.run = history, before, after, run
        self._done = True  # what is recorded has happened already

    def id(self) -> int:
        return _STEP

    def redo(self) -> None:
        if self._done:
            self._done = False
        else:
            self.history.ask(self.after)

    def undo(self) -> None:
        self.history.ask(self.before)

    def mergeWith(self, other: QUndoCommand | None) -> bool:
        if not isinstance(other, _Step) or other.run is None or other.run != self.run:
            return False
        if not (_same_exposures(self) and _same_exposures(other)):
            return False
        self.after = other.after
        self.setText(self.history.text(self.before, self.after))
        self.setObsolete(self.before == self.after)
        return True


class History(QObject):
    """Records the wishes of a session and brings earlier ones back.

    Parameters
    ----------
    session : Session
        Told by its signals of every change, whoever asked for it.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.steps = QUndoStack(self)
        self.steps.setUndoLimit(_MOST_STEPS)
        self._last = session.state.wishes
        self._asking = False
        self._name: str | None = None
        self._run = 0
        self._held = False
        session.stack_changed.connect(self._on_stack)
        for signal in (session.config_changed, session.plan_changed, session.pair_changed):
            signal.connect(self._on_change)

    # ------------------------------------------------------------ recording

    def _on_stack(self) -> None:
        # Told when a stack comes or goes, with all that it brings already in the state.
        self.steps.clear()
        self._last = self._session.state.wishes

    def _on_change(self) -> None:
        wishes = self._session.state.wishes
        if self._asking or wishes == self._last:
            return
        before, self._last = self._last, wishes
        run = self._run if self._held and self._name is None else None
        step = _Step(self, before, wishes, run)
        step.setText(self._name or self.text(before, wishes))
        self.steps.push(step)

    @contextmanager
    def named(self, text: str) -> Iterator[None]:
        """Give the step that is made inside a name of its own."""
        self._name = text
        try:
            yield
        finally:
            self._name = None

    def ask(self, wishes: Wishes) -> None:
        """Bring back wishes without recording that."""
        self._held = False
        self._asking = True
        try:
            self._session.set_wishes(wishes)
        finally:
            self._asking = False
            self._last = self._session.state.wishes

    # ------------------------------------------------------------ hands

    def watch(self, panel: QWidget) -> None:
        """Join what one slider or number of a panel does while it is held down into one step."""
        kinds: tuple[type[QWidget], ...] = (QSlider, QAbstractSpinBox)
        for kind in kinds:
            for editor in panel.findChildren(kind):
                editor.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Follow press and release."""
        if event is None or (isinstance(event, QKeyEvent) and event.isAutoRepeat()):
            return False
        if event.type() in _BEGIN:
            self._run += 1
            self._held = True
        elif event.type() in _END:
            self._held = False
        return False

    # ------------------------------------------------------------ words

    def text(self, before: Wishes, after: Wishes) -> str:
        """Say what differs."""
        if before.plan != after.plan:
            return self._plan_text(before, after)
        if before.reference != after.reference:
            return self.tr("reference → {}").format(self._exposure(after.reference))
        old, new = before.config, after.config
        changed = [o for o in OPTIONS.values() if getattr(old, o.name) != getattr(new, o.name)]
        if changed and all(o.name.startswith("best_ref_weight_") for o in changed):
            return self.tr("weights")
        if len(changed) != 1:
            return self.tr("{} parameters").format(len(changed))
        option = changed[0]
        if option.kind == "planes":
            return option.lsst_name
        values = plain(getattr(old, option.name)), plain(getattr(new, option.name))
        return self.tr("{} {} → {}").format(option.lsst_name, *values)

    def _plan_text(self, before: Wishes, after: Wishes) -> str:
        old, new = before.plan, after.plan
        if old.acceptance != new.acceptance:
            return self._limits_text(old.acceptance, new.acceptance)
        if old.ignore_masked != new.ignore_masked:
            return self.tr("sweep ignores what is masked: {}").format(plain(new.ignore_masked))
        if old.detection != new.detection:
            return self.tr("source detection") if new.detection else self.tr("no source detection")
        kinds = (old.excluded != new.excluded, old.regions != new.regions, old.own != new.own)
        if sum(kinds) != 1:
            return self.tr("exclusions, regions and own settings")
        if kinds[1]:
            more = len(new.regions) - len(old.regions)
            words = {1: self.tr("add a region"), -1: self.tr("remove a region")}
            return words.get(more, self.tr("regions"))
        if kinds[2]:
            names = {n for n in {*old.own, *new.own} if old.own.get(n) != new.own.get(n)}
            return self.tr("own settings of {}").format(", ".join(sorted(names)))
        out, back = new.excluded - old.excluded, old.excluded - new.excluded
        if out and back:
            return self.tr("exclusions")
        words_for = self.tr("exclude {}") if out else self.tr("include {}")
        return words_for.format(", ".join(sorted(out or back)))

    def _limits_text(self, old: AcceptanceLimits, new: AcceptanceLimits) -> str:
        changed = [o for o in LIMITS.values() if getattr(old, o.name) != getattr(new, o.name)]
        if len(changed) != 1:
            return self.tr("acceptance limits")
        name = changed[0].name
        values = (f"{getattr(limits, name):g}" for limits in (old, new))
        return self.tr("{} {} → {}").format(changed[0].lsst_name, *values)

    def _exposure(self, exposure: int | None) -> str:
        stack = self._session.state.stack
        if exposure is None or stack is None or exposure >= len(stack.stack.entries):
            return self.tr("none")
        return stack.stack.entries[exposure].name

    # ------------------------------------------------------------ actions

    def bind(self, undo: QAction, redo: QAction) -> None:
        """Let the actions say what they will do, and be off while there is nothing to do."""
        self._actions = undo, redo
        # A method, not a closure: Qt lets go of it before the steps are destroyed.
        self.steps.indexChanged.connect(self._show)
        self.steps.undoTextChanged.connect(self._show)
        self.steps.redoTextChanged.connect(self._show)
        self._show()

    def _show(self) -> None:
        undo, redo = self._actions
        undo.setText(self.tr("&Undo {}").format(_shown(self.steps.undoText())).rstrip())
        redo.setText(self.tr("&Redo {}").format(_shown(self.steps.redoText())).rstrip())
        undo.setEnabled(self.steps.canUndo())
        redo.setEnabled(self.steps.canRedo())


def _same_exposures(step: _Step) -> bool:
    """Whether it leaves exclusions and regions; limits and own settings may be dragged."""
    before, after = step.before.plan, step.after.plan
    return replace(before, acceptance=after.acceptance, own=after.own) == after


def _shown(text: str) -> str:
    """A name with & keeps it in a menu."""
    return text.replace("&", "&&")
