"""A bar over a panel that tells how long an angle and a bin are there."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

from bgviewer.tasks.scale_bar import bin_text, pixel_scale, scale_bar
from bgviewer.tasks.show import Shown

__all__ = ["ScaleBarLabel"]

_SHARE = 0.3  # of the panel's width, at most
_PAD = 5
_LARGEST = 90.0  # screen pixels up to which the bin is drawn whole


class ScaleBarLabel(QWidget):
    """Angle and bin, both to scale; the mouse goes through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.86)
        self.setFont(font)
        self._wcs: object = None
        self._arcsec: float | None = None
        self._bin_size = 0
        self.length, self.text, self.bin_text, self.bin_length = 0.0, "", "", 0.0
        self.hide()

    def describe(self, shown: Shown) -> None:
        """Take the scale of the science exposure and the size of its bins."""
        wcs = shown.science.wcs or shown.reference.wcs
        if wcs is not self._wcs or not self._bin_size:
            self._wcs, self._arcsec = wcs, pixel_scale(wcs)
        self._bin_size = int(shown.result.config.bin_size)
        self.bin_text = bin_text(self._bin_size, self._arcsec)

    def place(self, area: QRectF, per_pixel: float) -> None:
        """Lie in the lower left corner of `area`, where a screen pixel is `per_pixel` pixels."""
        bar = scale_bar(_SHARE * area.width() * per_pixel, self._arcsec)
        if bar is None or not self._bin_size:
            self.hide()
            return
        self.length, self.text = bar.pixels / per_pixel, bar.text
        self.bin_length = self._bin_size / per_pixel
        metrics = self.fontMetrics()
        square = min(max(self.bin_length, 1.0), _LARGEST)
        first = max(self.length, metrics.horizontalAdvance(self.text))
        second = square + _PAD + metrics.horizontalAdvance(self.bin_text)
        width = max(first, second) + 2 * _PAD
        height = metrics.height() + 6 + max(metrics.height(), square) + 2 * _PAD
        self.setVisible(width < area.width() and height < area.height() * 0.7)
        self.setGeometry(
            int(area.left()) + 6, int(area.bottom() - height) - 6, int(width) + 1, int(height) + 1
        )
        self.setAccessibleName(self.tr("Scale: bar {}, {}").format(self.text, self.bin_text))
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw both on a dark ground, so that they are read over any colour."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(0, 0, 0, 150))
        pen = QPen(QColor("white"), 2)
        painter.setPen(pen)
        metrics = painter.fontMetrics()
        line = _PAD + metrics.height() + 1.0
        painter.drawText(QPointF(_PAD, _PAD + metrics.ascent()), self.text)
        painter.drawLine(QPointF(_PAD, line), QPointF(_PAD + self.length, line))
        square = min(max(self.bin_length, 1.0), _LARGEST)
        pen.setWidth(1)
        if self.bin_length > _LARGEST:
            pen.setStyle(Qt.PenStyle.DotLine)  # larger than there is room for: not to scale
        painter.setPen(pen)
        top = line + 5
        painter.drawRect(QRectF(_PAD, top, square, square))
        painter.setPen(QColor("white"))
        painter.drawText(QPointF(2 * _PAD + square, top + metrics.ascent() - 1), self.bin_text)
