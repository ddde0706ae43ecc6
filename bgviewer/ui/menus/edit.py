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
    return [
        Entry(menu, "copy", tr("&Copy values under the cursor"), window.copy_values, key.Copy),
        Entry(menu, "defaults", tr("&Reset parameters to the defaults"), window.reset_parameters),
    ]
