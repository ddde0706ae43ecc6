"""Translation of the menus' texts."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication

__all__ = ["tr"]


def tr(text: str) -> str:
    """Translate a text of the menus."""
    return QCoreApplication.translate("Menus", text)
