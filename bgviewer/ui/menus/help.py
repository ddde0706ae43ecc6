"""The Help menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QWhatsThis

from bgviewer.ui.actions import Entry
from bgviewer.ui.help import AboutDialog, KeysDialog
from bgviewer.ui.menus.texts import tr

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["entries"]


def entries(window: MainWindow) -> list[Entry | None]:
    """Return the entries of the menu; None = a separator."""

    def keys() -> None:
        KeysDialog(list(window.actions_.menus.values()), window).show()

    menu, key = tr("&Help"), QKeySequence.StandardKey.WhatsThis
    return [
        Entry(menu, "whats_this", tr("&What's this?"), QWhatsThis.enterWhatsThisMode, key),
        Entry(menu, "keys", tr("&Keyboard list"), keys, "Ctrl+/"),
        Entry(
            menu,
            "first_steps",
            tr("&First steps"),
            window.first_steps.begin,
            tip=tr("Three hints on the exposures at hand, or on the demo stack"),
        ),
        Entry(menu, "about", tr("&About bgviewer"), lambda: AboutDialog(window).open()),
    ]
