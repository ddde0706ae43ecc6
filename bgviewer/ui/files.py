"""Asking for files: opening exposures, saving figures, what is dropped onto the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QSettings
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QFileDialog

from bgviewer.errors import BgviewerError
from bgviewer.ui.dropping import take_paths

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["Files", "dropped"]

_FITS = "FITS (*.fits *.fit *.fts *.fits.fz *.fz *.fits.gz *.gz);;All files (*)"


class Files(QObject):
    """What the File menu asks for."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    @property
    def last_folder(self) -> str:
        """Where the last exposures lay."""
        return str(QSettings().value("open/folder", "", str))

    def open_files(self) -> None:
        """Ask for files and load them."""
        paths, _ = QFileDialog.getOpenFileNames(
            self._window, self.tr("Open exposures"), self.last_folder, _FITS
        )
        if paths:
            self.load(paths)

    def open_folder(self) -> None:
        """Ask for a folder and load it."""
        path = QFileDialog.getExistingDirectory(
            self._window, self.tr("Open a folder of exposures"), self.last_folder
        )
        if path:
            self.load([path])

    def load(self, paths: list[str], reference: str | None = None) -> None:
        """Load paths, and remember where they lie; sessions and settings are taken as such."""
        paths = take_paths(self._window, paths)
        if not paths or not self._window.leaving.may_leave():
            return
        first = Path(paths[0])
        QSettings().setValue("open/folder", str(first if first.is_dir() else first.parent))
        self._window.notices.clear_topic("load")
        self._window.session.file_reading.begin_anew()
        self._window.session.load(paths, reference)

    def save_figure(self) -> None:
        """Save a picture of panels and figures."""
        path, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Save figure"), self.last_folder, "PNG (*.png)"
        )
        if path:
            page = self._window.pages.currentWidget()
            if page is not None and not page.grab().save(path, "PNG"):
                error = BgviewerError(self.tr("{} cannot be written.").format(path))
                self._window.session.notice("error", str(error))


def dropped(event: QDropEvent) -> list[str]:
    """Return the local paths that a drag carries."""
    data = event.mimeData()
    if data is None or not data.hasUrls():
        return []
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
