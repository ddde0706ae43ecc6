"""Opens the import dialog: for the selected exposure, and where a file holds several images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt

from bgviewer.errors import ChooseError
from bgviewer.ui.import_dialog import ImportDialog

if TYPE_CHECKING:
    from bgviewer.io.stack import StackEntry
    from bgviewer.ui.main_window import MainWindow

__all__ = ["Importing"]


class Importing(QObject):
    """The import dialog of a window, one at a time.

    Attributes
    ----------
    dialog : ImportDialog or None
        What is open.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.dialog: ImportDialog | None = None

    def _entries(self) -> tuple[StackEntry, ...]:
        stack = self._window.session.state.stack
        return () if stack is None else stack.stack.entries

    def read_as(self) -> None:
        """Ask how the selected exposure shall be read."""
        exposure = self._window.stack_panel.current()
        exposure = self._window.session.state.science if exposure is None else exposure
        entries = self._entries()
        if exposure is not None and entries:
            self._open(entries[exposure])
        elif entries:  # none can be shown, so none is selected
            self._open((*self._asking(), *entries)[0])

    def answer(self, action: str) -> bool:
        """Do what the notice bar's button offers; say whether that was for here."""
        if action != "choose_image":
            return False
        if asking := self._asking():
            self._open(asking[0])
        return True

    def _asking(self) -> list[StackEntry]:
        return [e for e in self._entries() if isinstance(e.problem, ChooseError)]

    def _open(self, entry: StackEntry) -> None:
        if entry.path is None:
            text = self.tr("{} lives in memory; there is no file to read.").format(entry.name)
            self._window.session.notice("info", text)
            return
        if self.dialog is not None:
            self.dialog.reject()
        dialog = self.dialog = ImportDialog(self._window.session, entry.path, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._window.carrying.reload)
        dialog.finished.connect(self._forget)
        dialog.open()

    def _forget(self) -> None:
        self.dialog = None
