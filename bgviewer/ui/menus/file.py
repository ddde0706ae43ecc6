"""The File menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtGui import QKeySequence

from bgviewer.ui.actions import Entry
from bgviewer.ui.menus.texts import tr

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["entries"]


def entries(window: MainWindow) -> list[Entry | None]:
    """Return the entries of the menu; None = a separator."""
    key, menu, files = QKeySequence.StandardKey, tr("&File"), window.files
    tip = tr("Match all exposures with the present settings, then write FITS files")
    folder = tr("Open &folder…")
    return [
        Entry(menu, "open", tr("&Open files…"), files.open_files, key.Open, "open", toolbar=True),
        Entry(menu, "folder", folder, files.open_folder, "Ctrl+Shift+O", "folder", toolbar=True),
        Entry(menu, "demo", tr("Try the &demo stack"), window.session.load_demo),
        None,
        Entry(menu, "export", tr("&Export matched FITS…"), window.open_export, "Ctrl+E", tip=tip),
        Entry(menu, "figure", tr("&Save figure…"), files.save_figure),
        None,
        Entry(menu, "close", tr("&Close stack"), window.session.close_stack, "Ctrl+W"),
        Entry(menu, "quit", tr("&Quit"), window.close, "Ctrl+Q"),
    ]
