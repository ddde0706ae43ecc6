"""What appears when the program itself is at fault; the session stays open."""

from __future__ import annotations

import platform
import traceback

from PyQt6.QtCore import QT_VERSION_STR
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bgviewer import __version__

__all__ = ["BugDialog", "bug_report"]


def bug_report(error: BaseException) -> str:
    """Everything a report needs: versions and traceback."""
    import numpy

    lines = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return (
        f"bgviewer {__version__}, Python {platform.python_version()}, "
        f"Qt {QT_VERSION_STR}, NumPy {numpy.__version__}, {platform.platform()}\n\n{lines}"
    )


class BugDialog(QDialog):
    """Says that this is a bug, and offers the details for the clipboard."""

    def __init__(self, error: BaseException, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("A bug in bgviewer"))
        self.resize(680, 380)
        text = QLabel(
            self.tr(
                "Something went wrong inside bgviewer: {}.\nYour exposures and settings are "
                "still there; you can go on. Please report the details below."
            ).format(str(error) or type(error).__name__)
        )
        text.setWordWrap(True)
        self.details = QPlainTextEdit(bug_report(error))
        self.details.setReadOnly(True)
        self.details.setAccessibleName(self.tr("Details"))
        self.copy_button = QPushButton(self.tr("Copy details"))
        self.copy_button.clicked.connect(self.copy)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(text)
        column.addWidget(self.details, 1)
        column.addWidget(buttons)

    def add(self, error: BaseException) -> None:
        """Another one came while this was open."""
        self.details.appendPlainText("\n" + bug_report(error))

    def copy(self) -> None:
        """Put the details on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.details.toPlainText())
