"""How many bins lie how far from the model."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bgviewer.tasks.markers import Histogram
from bgviewer.ui.theme import current_colours
from bgviewer.ui.ticks import tick_labels, ticks_between

__all__ = ["HistogramView"]


class HistogramView(QWidget):
    """Bars of the bins' residuals with zero and plus-minus fitRMS marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._histogram: Histogram | None = None
        self._unit = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.88)
        self.setFont(font)
        self.setAccessibleName(self.tr("Histogram of the residuals"))
        self.setToolTip(
            self.tr(
                "Number of bins by bin − model; the dashed lines are ± fitRMS. A good fit is "
                "centred on 0; a long tail is structure that the model does not follow."
            )
        )

    def show_histogram(self, histogram: Histogram | None, unit: str) -> None:
        """Show other bars."""
        if histogram is self._histogram and unit == self._unit:
            return
        self._histogram, self._unit = histogram, unit
        self.update()

    def minimumSizeHint(self) -> QSize:
        """Enough for bars and numbers."""
        return QSize(120, 90)

    def sizeHint(self) -> QSize:
        """A little more."""
        return QSize(240, 140)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the bars, the marks and the axis."""
        painter = QPainter(self)
        colours = current_colours()
        height = painter.fontMetrics().height()
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.setBrush(QColor(colours.card))
        painter.drawRoundedRect(frame, 5, 5)
        painter.setPen(QColor(colours.muted))
        histogram = self._histogram
        unit = f" [{self._unit}]" if self._unit and histogram is not None else ""
        painter.drawText(QPointF(10, height + 2), self.tr("Number of bins by residual") + unit)
        if histogram is None or not self.isEnabled():
            return
        tallest = max(histogram.counts) or 1
        margin = painter.fontMetrics().horizontalAdvance(str(tallest)) + 18
        plot = frame.adjusted(margin, 2 * height + 10, -14, -height - 8)
        low, high = histogram.edges[0], histogram.edges[-1]

        def across(value: float) -> float:
            return plot.left() + (value - low) / (high - low) * plot.width()

        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().highlight())
        for left, right, count in zip(
            histogram.edges[:-1], histogram.edges[1:], histogram.counts, strict=True
        ):
            top = plot.bottom() - count / tallest * plot.height()
            bar = QRectF(QPointF(across(left), top), QPointF(across(right) - 1, plot.bottom()))
            painter.drawRect(bar)
        painter.setPen(QPen(QColor(colours.axis), 1))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        painter.drawLine(QPointF(across(0), plot.top()), QPointF(across(0), plot.bottom()))
        painter.setPen(QPen(QColor(colours.axis), 1, Qt.PenStyle.DashLine))
        for value in (-histogram.rms, histogram.rms):
            if low < value < high:
                x = across(value)
                painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
                text = "+fitRMS" if value > 0 else "−fitRMS"
                width = painter.fontMetrics().horizontalAdvance(text)
                # Outwards, so that the two never meet.
                left = x - 4 if value > 0 else x - width + 4
                left = min(max(left, frame.left() + 4), frame.right() - width - 4)
                painter.drawText(QPointF(left, plot.top() - 4), text)
        self._paint_axis(painter, plot, low, high)
        self._paint_counts(painter, plot, tallest)

    def _paint_axis(self, painter: QPainter, plot: QRectF, low: float, high: float) -> None:
        colours = current_colours()
        painter.setPen(QColor(colours.axis))
        metrics = painter.fontMetrics()
        ticks = ticks_between(low, high, 6)
        for value, text in zip(ticks, tick_labels(ticks), strict=True):
            x = plot.left() + (value - low) / (high - low) * plot.width()
            painter.drawLine(QPointF(x, plot.bottom()), QPointF(x, plot.bottom() + 3))
            width = metrics.horizontalAdvance(text)
            painter.drawText(QPointF(x - width / 2, plot.bottom() + metrics.ascent() + 3), text)

    def _paint_counts(self, painter: QPainter, plot: QRectF, tallest: int) -> None:
        metrics = painter.fontMetrics()
        most = max(1, min(4, int(plot.height() / (2 * metrics.height()))))
        for value in ticks_between(0, tallest, most):
            if value != round(value):
                continue
            y = plot.bottom() - value / tallest * plot.height()
            painter.drawLine(QPointF(plot.left() - 4, y), QPointF(plot.left() - 1, y))
            text = str(round(value))
            left = plot.left() - 8 - metrics.horizontalAdvance(text)
            painter.drawText(QPointF(left, y + metrics.ascent() / 2 - 1), text)
