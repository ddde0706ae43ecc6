"""What the Help menu tells."""

from __future__ import annotations

from html import escape

from PyQt6.QtCore import QCoreApplication, Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QMenu, QMessageBox, QWidget

from bgviewer import __version__

__all__ = ["about_text", "key_list", "tell"]


def key_list(menus: list[QMenu]) -> str:
    """Return the keys of all actions as a table in rich text."""
    rows = []
    for menu in menus:
        for action in menu.actions():
            native = QKeySequence.SequenceFormat.NativeText
            keys = ", ".join(k.toString(native) for k in action.shortcuts())
            if keys:
                text = escape(action.text().replace("&", "").rstrip("…"))
                rows.append(f"<tr><td>{text}&nbsp;&nbsp;</td><td><b>{escape(keys)}</b></td></tr>")
    return "<table>" + "".join(rows) + "</table>"


def about_text() -> str:
    """Return what the program is, as rich text."""
    return QCoreApplication.translate(
        "Help",
        "<b>bgviewer {}</b><p>Matches the sky backgrounds of astronomical exposures as LSST's "
        "MatchBackgroundsTask does: a smooth model of reference − science is ADDED to each "
        "science exposure.</p><p>GPL-3.0-or-later.</p>",
    ).format(__version__)


def tell(parent: QWidget, title: str, text: str) -> None:
    """Show a text without stopping the work."""
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setText(text)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
