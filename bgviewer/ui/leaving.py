"""Before work is lost: asks whether to save it, and lets only a yes or a no go on."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QMessageBox, QWidget

from bgviewer.session.state import Wishes
from bgviewer.ui.plain_text import plain_label

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["Answer", "Leaving", "ask_person"]


class Answer(Enum):
    """What to do with changes that are not saved."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


def ask_person(parent: QWidget, name: str) -> Answer:
    """Ask in a box that holds up everything else."""
    button = QMessageBox.StandardButton
    box = QMessageBox(parent)
    plain_label(box)  # the name of a file
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(box.tr("Unsaved changes"))
    box.setText(box.tr("Save the changes to {}?").format(name))
    box.setInformativeText(
        box.tr("Otherwise the settings, exclusions and regions since the last save are lost.")
    )
    box.setStandardButtons(button.Save | button.Discard | button.Cancel)
    box.setDefaultButton(button.Save)
    box.setEscapeButton(button.Cancel)
    discard = box.button(button.Discard)
    if discard is not None:
        discard.setText(box.tr("&Don't save"))
    answers = {button.Save: Answer.SAVE, button.Discard: Answer.DISCARD}
    chosen = answers.get(button(box.exec()), Answer.CANCEL)
    box.deleteLater()
    return chosen


class Leaving(QObject):
    """Knows whether something would be lost, and asks.

    Attributes
    ----------
    ask : callable or None
        ``ask(parent, name)`` gives an `Answer`.  None, as for screenshots and other automation,
        asks nobody and loses what is not saved.

    Notes
    -----
    Who only looked is not asked: without a session's file there must be a step that could be
    undone, and it must not have been exported since, for then it stands in ``config.toml``.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._exported: Wishes | None = None
        self.ask: Callable[[QWidget, str], Answer] | None = None
        window.session.exported.connect(self._on_exported)

    def _on_exported(self, report: object) -> None:
        del report
        self._exported = self._window.session.state.wishes

    @property
    def would_lose(self) -> bool:
        """Whether there are changes worth a question."""
        window = self._window
        carrying = window.carrying
        if carrying.path is not None:
            return carrying.modified
        if not carrying.paths():  # the demo: there is no file that a session could name
            return False
        wishes = window.session.state.wishes
        return window.history.steps.canUndo() and wishes != self._exported

    def may_leave(self) -> bool:
        """Ask where something would be lost; return whether to go on."""
        if self.ask is None or not self.would_lose:
            return True
        carrying = self._window.carrying
        name = carrying.path.name if carrying.path is not None else self.tr("this session")
        answer = self.ask(self._window, name)
        if answer is Answer.SAVE:
            carrying.save_session()
            return carrying.path is not None and not carrying.modified
        return answer is Answer.DISCARD

    # ------------------------------------------------------------ what leaves

    def close_stack(self) -> None:
        """Close the stack, unless the person would rather not."""
        if self.may_leave():
            self._window.session.close_stack()

    def load_demo(self) -> None:
        """Take the demo stack, unless the person would rather not."""
        if self.may_leave():
            self._window.session.load_demo()
