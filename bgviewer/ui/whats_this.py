"""The declared help of an option, as tooltip and What's This."""

from __future__ import annotations

from html import escape

from PyQt6.QtCore import QCoreApplication
from PyQt6.QtWidgets import QWidget

from bgviewer.engine.config import Option
from bgviewer.ui.format import plain

__all__ = ["explain", "help_text"]


def help_text(option: Option) -> str:
    """What an option does, an example, and what is allowed, as rich text."""
    tr = QCoreApplication.translate
    default = ", ".join(option.default) if option.kind == "planes" else plain(option.default)
    origin = "" if option.lsst else "<p>" + tr("Help", "Not an option of LSST's.") + "</p>"
    return (
        f"<p><b>{escape(option.lsst_name)}</b></p><p>{escape(option.help)}</p>"
        f"<p><i>{escape(option.example)}</i></p>{origin}"
        f"<p>{tr('Help', 'Allowed')}: {escape(option.allowed)}. "
        f"{tr('Help', 'Default')}: {escape(default)}.</p>"
    )


def explain(widget: QWidget, option: Option) -> None:
    """Give a widget the help of the option it edits."""
    widget.setWhatsThis(help_text(option))
    widget.setToolTip(f"<p>{escape(option.help)}</p>")
    widget.setAccessibleDescription(option.help)
