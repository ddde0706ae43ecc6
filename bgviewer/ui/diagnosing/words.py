"""States in words, signs and colours; the same in all tables of the dock."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication
from PyQt6.QtGui import QColor

from bgviewer.tasks.diagnostic import SIGNS
from bgviewer.ui.theme import current_colours

__all__ = ["state_colour", "state_text"]


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("Diagnosing", text)


def state_text(state: str) -> str:
    """Return the sign and the word of a state."""
    words = {
        "good": tr("good"),
        "fair": tr("fair"),
        "bad": tr("bad"),
        "unknown": tr("unknown"),
    }
    return f"{SIGNS[state]} {words[state]}"


def state_colour(state: str) -> QColor:
    """Return its colour, which only repeats what sign and word say."""
    colours = current_colours()
    names = {"good": colours.good, "fair": colours.warning, "bad": colours.bad}
    return QColor(names.get(state, colours.muted))
