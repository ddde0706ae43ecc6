"""The bar that shows what a cost is made of."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QObject, QPointF, QRectF, QSize, QSortFilterProxyModel, Qt
from PyQt6.QtGui import QBrush, QColor, QPainter, QPen
from PyQt6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from bgviewer.ui.ranking_model import RankingModel
from bgviewer.ui.theme import TERM_COLOURS, TERM_PATTERNS, current_colours

__all__ = ["RowDelegate", "TermsDelegate", "draw_term", "term_spans"]

_TERMS = ("variance", "level", "coverage")


def term_spans(weighted: tuple[float, ...]) -> list[tuple[float, float]]:
    """Where each term lies on the scale of the cost: negative ones left of zero, stacked."""
    spans, left, right = [], 0.0, 0.0
    for value in weighted:
        if value < 0:
            spans.append((left + value, left))
            left += value
        else:
            spans.append((right, right + value))
            right += value
    return spans


class RowDelegate(QStyledItemDelegate):
    """Shortens names in the middle and everything else, reasons above all, at the end."""

    def initStyleOption(self, option: QStyleOptionViewItem | None, index: QModelIndex) -> None:
        """Choose where the text is shortened."""
        super().initStyleOption(option, index)
        if option is not None and index.column() > 0:
            option.textElideMode = Qt.TextElideMode.ElideRight


class TermsDelegate(QStyledItemDelegate):
    """Draws the three weighted terms as one stacked bar about a line at zero."""

    def __init__(self, model: RankingModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw the bar; right less left of zero is the cost."""
        assert painter is not None
        self.initStyleOption(option, index)
        style = option.widget.style() if option.widget else None
        if style is not None:
            element = QStyle.PrimitiveElement.PE_PanelItemViewItem
            style.drawPrimitive(element, option, painter, option.widget)
        weighted = self._model.weighted(_source_row(index))
        if weighted is None:
            return
        room = QRectF(option.rect).adjusted(3, 5, -5, -5)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(room.adjusted(-2, -2, 2, 2), option.palette.base())
        left, right = self._model.reach()
        scale = room.width() / ((left + right) or 1.0)
        zero = room.left() + left * scale
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        for name, (start, end) in zip(_TERMS, term_spans(weighted), strict=True):
            width = (end - start) * scale
            draw_term(painter, QRectF(zero + start * scale, room.top(), width, room.height()), name)
        if left > 0:
            painter.setPen(QPen(QColor(current_colours().axis), 1.5))
            painter.drawLine(QPointF(zero, room.top() - 3), QPointF(zero, room.bottom() + 3))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Room for a bar."""
        return QSize(70, 20)


def _source_row(index: QModelIndex) -> int:
    model = index.model()
    if isinstance(model, QSortFilterProxyModel):
        return model.mapToSource(index).row()
    return index.row()


def draw_term(painter: QPainter, box: QRectF, name: str) -> None:
    """Fill a box in the colour and pattern of a term."""
    colour = QColor(TERM_COLOURS[name])
    pattern = TERM_PATTERNS[name]
    if pattern != Qt.BrushStyle.SolidPattern:
        pale = QColor(colour)
        pale.setAlpha(110)
        painter.fillRect(box, pale)
    painter.fillRect(box, QBrush(colour, pattern))
