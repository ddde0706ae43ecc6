"""The Edit menu."""

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
    key, menu = QKeySequence.StandardKey, tr("&Edit")
    steps = window.history.steps
    again = ("Ctrl+Shift+Z", "Ctrl+Y")
    return [
        Entry(menu, "undo", tr("&Undo"), steps.undo, "Ctrl+Z"),
        Entry(menu, "redo", tr("&Redo"), steps.redo, again),
        None,
        Entry(menu, "copy", tr("&Copy values under the cursor"), window.copy_values, key.Copy),
        Entry(
            menu,
            "copy_table",
            tr("Copy &table of exposures"),
            window.saving.copy_table,
            "Ctrl+Shift+C",
            tip=tr("Ranking and figures as text with tabs, for a spreadsheet"),
        ),
        Entry(
            menu,
            "copy_command",
            tr("Copy as command &line"),
            window.carrying.copy_command,
            tip=tr("The bgviewer match line that does what the window is set to"),
        ),
        Entry(menu, "defaults", tr("&Reset parameters to the defaults"), window.reset_parameters),
    ]
