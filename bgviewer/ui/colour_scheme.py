"""Light, dark or as the system: chosen in the View menu, kept for the next time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QSettings, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication

from bgviewer.ui.theme import dress

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["SCHEMES", "SchemeChoice"]

SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}
_KEY = "window/scheme"


class SchemeChoice(QObject):
    """Dresses the application as the user chose, and remembers the choice.

    Parameters
    ----------
    window : MainWindow
        Its View menu shows the choice.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._remember = True
        hints = QGuiApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._on_system)

    @property
    def name(self) -> str:
        """What is checked in the menu; one of `SCHEMES`."""
        actions = self._window.actions_
        return next((n for n in SCHEMES if actions[f"scheme_{n}"].isChecked()), "system")

    def choose(self, name: str, chosen: bool = True) -> None:
        """Take the colours of a scheme and keep the choice."""
        if not chosen:
            return
        if self._remember:
            QSettings().setValue(_KEY, name)
        self._dress(SCHEMES[name])

    def restore(self) -> None:
        """Take the scheme of the last time."""
        name = str(QSettings().value(_KEY, "system", str))
        if name in SCHEMES and name != self.name:
            self.show_only(name)

    def show_only(self, name: str) -> None:
        """Take a scheme without keeping the choice, as for a picture of the window."""
        self._remember = False
        try:
            self._window.actions_[f"scheme_{name}"].setChecked(True)
        finally:
            self._remember = True

    def _on_system(self, scheme: Qt.ColorScheme) -> None:
        if self.name == "system":
            self._dress(scheme)

    @staticmethod
    def _dress(scheme: Qt.ColorScheme) -> None:
        hints = QGuiApplication.styleHints()
        if scheme == Qt.ColorScheme.Unknown and hints is not None:
            scheme = hints.colorScheme()
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        dress(app, scheme)
