"""Texts with names of files and values of headers: shown as they are, never taken for HTML."""

from __future__ import annotations

from html import escape

from PyQt6 import QtGui  # noqa: F401 - gives Qt its mightBeRichText
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QMessageBox

__all__ = ["plain_label", "plain_tip"]


def plain_tip(text: str) -> str:
    """Return `text` so that Qt shows it literally in a tool tip.

    Tool tips, unlike labels, have no text format of their own: Qt guesses it from the text.
    """
    if not Qt.mightBeRichText(text):  # type: ignore[attr-defined]
        return text
    return f"<p style='white-space:pre-wrap'>{escape(text)}</p>"


def plain_label(widget: QLabel | QMessageBox) -> None:
    """Show every text of a label or a message box literally."""
    widget.setTextFormat(Qt.TextFormat.PlainText)
