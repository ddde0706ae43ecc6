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
    carrying, saving = window.carrying, window.saving
    imported = tr("TOML, or LSST's config.py, which is read and never executed")
    tip = tr("Match all exposures with the present settings, then write FITS files")
    folder = tr("Open &folder…")
    reload = tr("Read the exposures from disk again; settings and regions stay")
    return [
        Entry(menu, "open", tr("&Open files…"), files.open_files, key.Open, "open", toolbar=True),
        Entry(menu, "folder", folder, files.open_folder, "Ctrl+Shift+O", "folder", toolbar=True),
        Entry(menu, "demo", tr("Try the &demo stack"), window.leaving.load_demo),
        None,
        Entry(menu, "open_session", tr("Open sessio&n…"), carrying.open_session),
        Entry(menu, "save_session", tr("Sa&ve session"), carrying.save_session, "Ctrl+S"),
        Entry(
            menu,
            "save_session_as",
            tr("Save session &as…"),
            carrying.save_session_as,
            "Ctrl+Shift+S",
        ),
        None,
        Entry(menu, "import", tr("&Import settings…"), carrying.import_config, tip=imported),
        Entry(menu, "export_config", tr("Export se&ttings…"), carrying.export_config),
        None,
        Entry(menu, "export", tr("&Export matched FITS…"), window.open_export, "Ctrl+E", tip=tip),
        Entry(menu, "report", tr("Export repo&rt…"), saving.export_report, "Ctrl+Shift+E"),
        Entry(menu, "figure", tr("&Save figure…"), files.save_figure),
        None,
        Entry(menu, "reload", tr("Re&load files"), carrying.reload, "F5", tip=reload),
        Entry(menu, "close", tr("&Close stack"), window.leaving.close_stack, "Ctrl+W"),
        Entry(menu, "quit", tr("&Quit"), window.close, "Ctrl+Q"),
    ]
