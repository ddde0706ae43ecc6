"""States of figures in words and signs; the same in all tables of the dock."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication

from bgviewer.tasks.diagnostic import ABOVE, EXPECTED, SIGNS, UNKNOWN

__all__ = ["state_text"]


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("Diagnosing", text)


def state_text(state: str) -> str:
    """Return the sign and the word of a state."""
    words = {
        EXPECTED: tr("as expected"),
        ABOVE: tr("above expectation"),
        UNKNOWN: tr("unknown"),
    }
    return f"{SIGNS[state]} {words[state]}"
