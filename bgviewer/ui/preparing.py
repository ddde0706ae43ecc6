"""Detecting and aligning from the menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject

from bgviewer.session.preparing import Preparing

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["PreparingUi"]


class PreparingUi(QObject):
    """Ties what makes exposures fit to be matched to the window.

    Attributes
    ----------
    work : Preparing
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.work = Preparing(window.session)

    def show_detection(self) -> None:
        """Bring the group with threshold, area and growth into view."""
        window = self._window
        window.config_dock.show()
        window.config_dock.raise_()
        window.config_panel.ensure_shown(window.detection)
        window.detection.rows["sigma"].field.main.setFocus()
