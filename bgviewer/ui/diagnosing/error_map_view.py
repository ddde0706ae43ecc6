"""The map of the model's error: small, dark where the model is known well."""

from __future__ import annotations

import math

import numpy as np
from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bgviewer.tasks.error_map import ErrorPicture
from bgviewer.ui.format import number, with_unit
from bgviewer.ui.theme import colour_table, current_colours

__all__ = ["ErrorMapView"]

_STRIP = 9  # height of the colour scale


class ErrorMapView(QWidget):
    """A picture, a scale below it, and its ends in numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture: ErrorPicture | None = None
        self._unit = ""
        self._image = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Map of the model's standard error"))

    def sizeHint(self) -> QSize:
        """As high as the dock, about square."""
        return QSize(190, 180)

    def minimumSizeHint(self) -> QSize:
        """Enough to see where it is bright."""
        return QSize(130, 90)

    def show_picture(self, picture: ErrorPicture | None, unit: str = "") -> None:
        """Show another map; None = none."""
        self.picture, self._unit = picture, unit
        self._colour()
        self.setAccessibleDescription(self.words)
        self.update()

    @property
    def words(self) -> str:
        """The ends of the scale."""
        if self.picture is None or math.isnan(self.picture.low):
            return self.tr("no error is known")
        high = with_unit(self.picture.high, self._unit, 3)
        return self.tr("error {} to {}").format(number(self.picture.low, 3), high)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self._colour()
        self.update()

    def _colour(self) -> None:
        if self.picture is None:
            self._image = QImage()
            return
        table = colour_table("sequential")
        table[0, :3] = QColor(current_colours().missing).getRgb()[:3]
        self._image = _image(table[self.picture.codes])

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint picture, scale and numbers."""
        painter = QPainter(self)
        line = self.fontMetrics().height()
        room = QRect(0, 0, self.width(), max(1, self.height() - line - _STRIP - 6))
        if self._image.isNull():
            painter.setPen(QColor(current_colours().muted))
            wrapped = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect(), int(wrapped), self.tr("Map of the model's error"))
            return
        size = self._image.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(room.left() + (room.width() - size.width()) // 2, 0, *_sides(size))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, self._image)
        strip = QRect(place.left(), place.bottom() + 4, place.width(), _STRIP)
        painter.drawImage(strip, _image(colour_table("sequential")[None, 1:]))
        painter.setPen(self.palette().windowText().color())
        below = QRect(0, strip.bottom() + 2, self.width(), line)
        elided = self.fontMetrics().elidedText(
            self.words, Qt.TextElideMode.ElideRight, self.width()
        )
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, elided)


def _sides(size: QSize) -> tuple[int, int]:
    return size.width(), size.height()


def _image(pixels: np.ndarray) -> QImage:
    pixels = np.ascontiguousarray(pixels, np.uint8)
    height, width = pixels.shape[:2]
    image = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return image.copy()
