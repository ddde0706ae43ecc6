"""What is done with the selected exposure: leave it out, show it, make it the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QPoint, Qt
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QMenu

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["ExposureActions"]


class ExposureActions(QObject):
    """Menu entry, Del key and context menu of the ranking table.

    Parameters
    ----------
    window : MainWindow
        Its entry "exclude" follows the selected exposure.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._session = window, window.session
        self._panel = window.stack_panel
        table = self._panel.table
        table.customContextMenuRequested.connect(self._on_menu)
        self._delete = QShortcut(QKeySequence(Qt.Key.Key_Delete), table)
        self._delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        self._delete.activated.connect(self.toggle)
        self.menu: QMenu | None = None
        session = self._session
        for signal in (session.stack_changed, session.pair_changed, session.plan_changed):
            signal.connect(self._follow)

    @property
    def excluded(self) -> bool:
        """Whether the selected exposure is left out."""
        state = self._session.state
        return state.stack is not None and state.science in state.stack.excluded

    def _follow(self) -> None:
        self._window.actions_["exclude"].setChecked(self.excluded)

    def set_excluded(self, yes: bool) -> None:
        """Leave the selected exposure out, or take it in again."""
        science = self._session.state.science
        if science is not None and yes != self.excluded:
            self._session.exclude(science, yes)
        self._follow()

    def toggle(self) -> None:
        """Leave the selected exposure out if it is in, else take it in again."""
        self.set_excluded(not self.excluded)

    def _on_menu(self, at: QPoint) -> None:
        table = self._panel.table
        index, viewport = table.indexAt(at), table.viewport()
        if not index.isValid() or viewport is None:
            return
        # Selecting shows the match of the exposure; the entries are about it.
        table.setCurrentIndex(index)
        self.menu = self.make_menu()
        self.menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.menu.destroyed.connect(self._forget)
        self.menu.popup(viewport.mapToGlobal(at))

    def _forget(self) -> None:
        self.menu = None

    def make_menu(self) -> QMenu:
        """Return the entries for the selected exposure."""
        menu = QMenu(self._panel)
        menu.setToolTipsVisible(True)
        free = self._panel.reference_button.isEnabled()

        def add(text: str, slot: Callable[[], object], tip: str, on: bool = True) -> None:
            action = menu.addAction(text)
            assert action is not None
            action.triggered.connect(lambda checked=False: slot())
            action.setToolTip(tip)
            action.setEnabled(on)

        add(self.tr("&Show"), self._show, self.tr("Show its match in the images"))
        add(
            self.tr("Use as &reference"),
            self._panel.use_current,
            self.tr("Match the others to it (R)"),
            free,
        )
        menu.addSeparator()
        text = self.tr("&Include again") if self.excluded else self.tr("E&xclude")
        tip = self.tr("Leave it out of match, ranking and export, or take it in again (X, Del)")
        add(text, self.toggle, tip)
        add(
            self.tr("&Own settings…"),
            self._open_own,
            self.tr("Give this exposure settings that differ from the whole stack's"),
        )
        add(
            self.tr("Read &as…"),
            self._window.importing.read_as,
            self.tr("Say which HDU, mask, uncertainty and zero point the file has (Ctrl+I)"),
        )
        return menu

    def _open_own(self) -> None:
        window = self._window
        window.config_dock.show()
        window.config_dock.raise_()
        window.config_panel.own.set_alone(True)
        window.config_panel.own.choice.setFocus()

    def _show(self) -> None:
        exposure = self._panel.current()
        if exposure is not None:
            self._session.set_science(exposure)
