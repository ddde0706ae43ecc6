"""A bar over a panel that tells how long an angle and a bin are there."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

from bgviewer.tasks.scale_bar import bin_text, pixel_scale, scale_bar
from bgviewer.tasks.show import Shown

__all__ = ["ScaleBarLabel"]

_SHARE = 0.25  # of the panel's width, at most, for the bar and for the square
_WORDS = 0.7  # of the panel's width, at most, for the bin with its words
_PAD = 4
_LEAST = 3.0  # screen pixels below which the bin would be a dot
_HALO = QColor(0, 0, 0, 190)


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
        self.square_drawn = self.words_drawn = False
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
        first = max(self.length, metrics.horizontalAdvance(self.text))
        # Parts that do not fit are left out rather than drawn out of scale.
        self.square_drawn = _LEAST <= self.bin_length <= _SHARE * min(area.width(), area.height())
        square = self.bin_length if self.square_drawn else 0.0
        words = square + _PAD + metrics.horizontalAdvance(self.bin_text)
        self.words_drawn = self.square_drawn and words < _WORDS * area.width()
        second = words if self.words_drawn else square
        width = max(first, second) + 2 * _PAD
        below = max(metrics.height() if self.words_drawn else 0, square)
        height = metrics.height() + 5 + (below + 4 if below else 0) + 2 * _PAD
        self.setVisible(width < area.width() and height < area.height() * 0.5)
        self.setGeometry(
            int(area.left()) + 2, int(area.bottom() - height) - 2, int(width) + 2, int(height) + 1
        )
        self.setAccessibleName(self.tr("Scale: bar {}, {}").format(self.text, self.bin_text))
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw white on thin black, so that they are read over any colour."""
        painter = QPainter(self)
        metrics = painter.fontMetrics()
        line = float(_PAD + metrics.height() + 2)
        texts = [(QPointF(_PAD, _PAD + metrics.ascent()), self.text)]
        bar = QRectF(_PAD, line, round(self.length), 2)
        painter.fillRect(bar.adjusted(-1, -1, 1, 1), _HALO)
        painter.fillRect(bar, QColor("white"))
        if self.square_drawn:
            square = QRectF(_PAD + 0.5, line + 5.5, self.bin_length - 1, self.bin_length - 1)
            for colour, width in ((_HALO, 3), (QColor("white"), 1)):
                painter.setPen(QPen(colour, width))
                painter.drawRect(square)
        if self.words_drawn:
            middle = line + 5 + max(self.bin_length, metrics.height()) / 2
            left = round(2 * _PAD + self.bin_length)
            texts.append((QPointF(left, round(middle + metrics.ascent() / 2 - 1)), self.bin_text))
        for at, text in texts:
            painter.setPen(_HALO)
            for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                painter.drawText(at + QPointF(x, y), text)
            painter.setPen(QColor("white"))
            painter.drawText(at, text)
