"""What the window shows before there are exposures: the ways in."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from bgviewer.ui.icons import icon

__all__ = ["EmptyState"]


class EmptyState(QWidget):
    """A sentence and three buttons."""

    files_asked = pyqtSignal()
    folder_asked = pyqtSignal()
    demo_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setPixmap(icon("bgviewer").pixmap(96, 96))
        title = QLabel(self.tr("Match the sky backgrounds of a stack of exposures"))
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setBold(True)
        title.setFont(font)
        text = QLabel(
            self.tr(
                "Open FITS exposures of one field on one pixel grid, or drop files or a folder "
                "here.\nThey are ranked as references; the smooth difference to the reference is "
                "modelled while you look at it."
            )
        )
        self.files = QPushButton(icon("open"), self.tr("Open files…"))
        self.folder = QPushButton(icon("folder"), self.tr("Open folder…"))
        self.demo = QPushButton(icon("demo"), self.tr("Try the demo stack"))
        self.files.clicked.connect(self.files_asked)
        self.folder.clicked.connect(self.folder_asked)
        self.demo.clicked.connect(self.demo_asked)
        for label in (title, text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch(1)
        for button in (self.files, self.folder, self.demo):
            button.setMinimumHeight(34)
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(40, 20, 40, 20)
        column.setSpacing(14)
        column.addStretch(2)
        for widget in (self.picture, title, text):
            column.addWidget(widget)
        column.addSpacing(6)
        column.addLayout(buttons)
        column.addStretch(3)
