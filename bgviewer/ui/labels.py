"""A label that shortens its text to the room it has."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QLabel, QSizePolicy, QStyle, QStyleOption, QWidget

from bgviewer.ui.plain_text import plain_tip

__all__ = ["ElidedLabel", "lay_over"]


class ElidedLabel(QLabel):
    """Plain text that ends in an ellipsis where there is no room; the tooltip has all of it."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._shorter: tuple[str, ...] = ()

    def setText(self, text: str | None) -> None:
        """Show a text that has no shorter form than its beginning."""
        self._shorter = ()
        super().setText(text)

    def set_texts(self, text: str, *shorter: str) -> None:
        """Show a text, or the first of its shorter forms that fits."""
        self.setText(text)
        self._shorter = shorter

    def fitting(self, room: int) -> str:
        """What is seen of the text in so many pixels."""
        metrics = self.fontMetrics()
        texts = (self.text(), *self._shorter)
        fits = (t for t in texts if metrics.horizontalAdvance(t) <= room)
        return next(fits, metrics.elidedText(texts[-1], Qt.TextElideMode.ElideRight, room))

    def minimumSizeHint(self) -> QSize:
        """Room for a few letters."""
        return QSize(self.fontMetrics().averageCharWidth() * 4, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the text as far as it fits."""
        painter = QPainter(self)
        option = QStyleOption()
        option.initFrom(self)
        style = self.style()
        assert style is not None
        style.drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option, painter, self)
        room = self.contentsRect()
        text = self.fitting(room.width())
        if text != self.text() and not self.toolTip():
            self.setToolTip(plain_tip(self.text()))
        style.drawItemText(
            painter,
            room,
            int(self.alignment()),
            self.palette(),
            self.isEnabled(),
            text,
            self.foregroundRole(),
        )


def lay_over(label: QLabel, area: QWidget) -> None:
    """Put a label of wrapped words in the middle of the widget it lies in."""
    width = min(int(area.width() * 0.86), 420)
    height = label.heightForWidth(width)
    label.setGeometry((area.width() - width) // 2, (area.height() - height) // 2, width, height)
    label.raise_()
