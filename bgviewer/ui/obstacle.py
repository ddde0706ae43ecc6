"""The card over empty panels: why there is nothing to see, and what would mend it."""

from __future__ import annotations

from PyQt6.QtCore import QRect, Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from bgviewer.errors import Remedy
from bgviewer.ui.theme import current_colours

__all__ = ["Obstacle"]

_WIDEST = 520


class Obstacle(QFrame):
    """A sentence and one button per remedy; floats over its parent."""

    remedy_chosen = pyqtSignal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("obstacle")
        self.setAccessibleName(self.tr("Why there is no match"))
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.buttons: list[QPushButton] = []
        self._remedies: tuple[Remedy, ...] = ()
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        self._row.addStretch(1)
        self._row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(self.text)
        column.addLayout(self._row)
        self.hide()
        self.follow_palette()

    def show_reason(self, text: str, remedies: tuple[Remedy, ...]) -> None:
        """Show a reason and its remedies; an empty reason hides the card."""
        self.setVisible(bool(text))
        if text != self.text.text():
            self.text.setText(text)
            self.follow_palette()
        if remedies == self._remedies:
            return
        self._remedies = remedies
        for button in self.buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = [self._button(remedy) for remedy in remedies]
        for i, button in enumerate(self.buttons):
            self._row.insertWidget(i + 1, button)

    def _button(self, remedy: Remedy) -> QPushButton:
        button = QPushButton(remedy.text)
        button.clicked.connect(lambda: self.remedy_chosen.emit(remedy))
        return button

    def place(self, area: QRect) -> None:
        """Centre the card in an area of the parent."""
        width = max(min(area.width() - 24, _WIDEST), 160)
        height = max(self.heightForWidth(width), self.minimumSizeHint().height())
        box = QRect(0, 0, width, height)
        box.moveCenter(area.center())
        self.setGeometry(box)
        self.raise_()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = current_colours()
        self.setStyleSheet(
            f"#obstacle {{ background: {colours.card}; border: 1px solid {colours.line};"
            f" border-top: 3px solid {colours.warning}; border-radius: 6px; }}"
        )
