"""What stands in the menus: one entry per function that exists, a module for each menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgviewer.ui.actions import Entry
from bgviewer.ui.menus import compare, edit, file, help, match, stack, view

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["menu_entries"]


def menu_entries(window: MainWindow) -> list[Entry | None]:
    """Return the actions in the order of the menus; None = a separator."""
    found: list[Entry | None] = []
    for menu in (file, edit, view, stack, match, compare, help):
        found += [None, *menu.entries(window)]
    return found
