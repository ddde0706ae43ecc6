"""Exposures that were matched before: their settings are offered, a second match asks first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtWidgets import QMessageBox

from bgviewer.errors import BgviewerError
from bgviewer.io.names import file_stem
from bgviewer.session.lane import Job
from bgviewer.session.state import Wishes
from bgviewer.tasks.earlier_matches import (
    EarlierMatch,
    earlier_matches,
    earlier_settings,
    second_match_question,
)

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["Earlier"]


class Earlier(QObject):
    """Knows which exposures of the stack bgviewer has matched, and how.

    Attributes
    ----------
    matches : tuple of EarlierMatch or None
        None until the files were asked, which is done in the lane.
    box : QMessageBox or None
        The question that is open.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._session = window, window.session
        self.matches: tuple[EarlierMatch, ...] | None = ()
        self.box: QMessageBox | None = None
        self._entries: object = None
        self._agreed: object = None
        self._waiting: Callable[[], object] | None = None
        window.session.stack_changed.connect(self._on_stack)

    # ------------------------------------------------------------ knowing

    def _on_stack(self) -> None:
        held = self._session.state.stack
        entries = () if held is None else held.stack.entries
        if entries is self._entries:
            return
        self._entries, self._waiting = entries, None
        own = any(e.info is not None and e.info.own_output for e in entries)
        self.matches = None if own else ()
        self._enable()
        if held is None or not own:
            return
        stack = held.stack

        def work(job: Job) -> tuple[EarlierMatch, ...]:
            return earlier_matches(stack)

        def take(found: tuple[EarlierMatch, ...]) -> None:
            if entries is self._entries:
                self._take(found)

        self._session.read_quietly("earlier matches", work, take)

    def _take(self, found: tuple[EarlierMatch, ...]) -> None:
        self.matches = found
        self._enable()
        if found:
            text = self.tr("{}.").format(second_match_question(found))
            self._session.notice("warning", text, action="take_settings", topic="earlier match")
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.before(waiting)

    def _enable(self) -> None:
        self._window.actions_["take_settings"].setEnabled(bool(self.matches))

    def _corrected_again(self) -> list[EarlierMatch]:
        """Those that a match would correct a second time: not excluded, not the reference."""
        state = self._session.state
        if state.stack is None:
            return []
        entries = state.stack.stack.entries
        reference = None if state.reference is None else entries[state.reference].identity
        return [
            match
            for match in self.matches or ()
            if match.name not in state.plan.excluded and entries[match.id].identity != reference
        ]

    # ------------------------------------------------------------ asking

    def before(self, go: Callable[[], object]) -> None:
        """Call `go`, after a question where that would match something a second time."""
        if self.matches is None:
            self._waiting = go  # the files are being asked
            return
        found = self._corrected_again()
        if not found or self._agreed is self._entries:
            go()
            return
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("Match a second time?"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(self.tr("{}.").format(second_match_question(found)))
        box.setInformativeText(self.tr("Better open the originals, and match those in one step."))
        again = box.addButton(self.tr("Match &again"), QMessageBox.ButtonRole.AcceptRole)
        cancel = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(cancel)
        assert again is not None
        again.clicked.connect(lambda: self._agree(go))
        box.finished.connect(self._forget_box)
        self.box = box
        box.open()

    def _agree(self, go: Callable[[], object]) -> None:
        self._agreed = self._entries
        go()

    def _forget_box(self) -> None:
        self.box = None

    # ------------------------------------------------------------ settings

    def take_settings(self) -> None:
        """Take the settings with which the exposures were matched."""
        session, matches = self._session, self.matches or ()
        found = earlier_settings(matches)
        if found is None:
            text = self.tr("The cards with the settings are damaged.")
            session.notice("warning", text)
            return
        plan, state = session.state.plan, session.state
        regions = tuple(dict.fromkeys((*plan.regions, *found.plan.regions)))
        plan = replace(plan, regions=regions, own=found.plan.own)
        reference = self._find(found.reference)
        wishes = Wishes(found.config, plan, state.reference if reference is None else reference)
        try:
            with self._window.history.named(self.tr("settings of the earlier match")):
                session.set_wishes(wishes)
        except BgviewerError as error:
            session.notice("error", str(error))
            return
        text = self.tr("Settings taken as {} was matched.").format(matches[0].name)
        if found.reference and reference is None:
            text += " " + self.tr("Its reference {} is not among the exposures.").format(
                found.reference
            )
        session.notice("info", text)
        self._window.carrying.rescale(found.zero_point)

    def _find(self, reference: str) -> int | None:
        """Return the exposure that was the reference, or its copy among the results."""
        stack = self._session.state.stack
        if stack is None or not reference:
            return None
        wanted = file_stem(reference)
        for entry in stack.stack.entries:
            if entry.path is not None and entry.problem is None:
                stem = file_stem(entry.path)
                if stem in (wanted, f"{wanted}_matched"):
                    return entry.id
        return None
