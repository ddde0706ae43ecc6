"""What a panel paints on: the plot, its images and axes that end where the image does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, pyqtSignal
from PyQt6.QtGui import QImage, QPainter, QPaintEvent

from bgviewer.tasks.picture import Picture, coloured

__all__ = ["Canvas", "PixelAxis", "SignedAxis", "SmoothImage", "put_picture"]


class SmoothImage(pg.ImageItem):
    """An image that is averaged when shown smaller than it is; larger, its pixels stay sharp."""

    def paint(self, painter: QPainter | None, *args: object) -> None:
        """Paint with the hint that suits the zoom."""
        if painter is not None:
            across = self.pixelVectors()[0]
            smaller = across is not None and across.x() > 1.0
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, bool(smaller))
        super().paint(painter, *args)

    def render(self) -> None:
        """Make the picture of the values: in one pass where that is compiled."""
        table, levels = self.lut, self.levels
        if isinstance(table, np.ndarray) and table.shape[1:] == (4,) and levels is not None:
            low, high = (float(v) for v in levels)
            colours = coloured(self.image, (low, high), _words(table))
            if colours is not None:
                height, width = colours.shape
                opaque = bool((table[:, 3] == 255).all())
                form = _OPAQUE if opaque else _CLEAR
                self._colours = colours  # the image does not keep its memory
                self.qimage = QImage(colours.data, width, height, 4 * width, form)  # type: ignore[call-overload]
                self._renderRequired = self._unrenderable = False
                return
        super().render()


_OPAQUE, _CLEAR = QImage.Format.Format_RGB32, QImage.Format.Format_ARGB32_Premultiplied


def _words(table: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return RGBA colours as Qt's words, premultiplied by their opacity."""
    red, green, blue, alpha = table.astype(np.uint32).T
    red, green, blue = ((c * alpha + 127) // 255 for c in (red, green, blue))
    return alpha << 24 | red << 16 | green << 8 | blue


class Canvas(pg.PlotWidget):
    """The plot; tells when it has painted."""

    painted = pyqtSignal()
    left = pyqtSignal()
    resized = pyqtSignal()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint, and say so."""
        super().paintEvent(event)
        self.painted.emit()

    def resizeEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        """Say that there is other room."""
        super().resizeEvent(event)
        self.resized.emit()

    def leaveEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        """Say that the cursor left."""
        super().leaveEvent(event)
        self.left.emit()


class SignedAxis(pg.AxisItem):
    """An axis whose negative numbers have a minus sign, as everywhere else in the window."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Texts of pyqtgraph's making, with the sign."""
        texts = super().tickStrings(values, scale, spacing)
        return [text.replace("-", "−") for text in texts]


class PixelAxis(SignedAxis):
    """An axis in pixels that has ticks only where the image is."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self._bounds: tuple[float, float] | None = None

    def set_bounds(self, low: float, high: float) -> None:
        """Say where the image begins and ends."""
        if (low, high) != self._bounds:
            self._bounds = (low, high)
            self.picture = None
            self.update()

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Ticks of pyqtgraph's choice that lie on the image."""
        levels: list[tuple[float, list[Any]]] = super().tickValues(low, high, size)
        if self._bounds is None:
            return levels
        first, last = self._bounds
        return [(step, [v for v in values if first <= v <= last]) for step, values in levels]


def put_picture(image: pg.ImageItem, hidden: pg.ImageItem, picture: Picture) -> None:
    """Paint a picture and, over it, where it has no values."""
    left, bottom, width, height = picture.box
    rectangle = QRectF(left, bottom, width, height)
    if picture.message:
        image.setVisible(False)
        hidden.setVisible(False)
        return
    image.setImage(picture.values, autoLevels=False)
    image.setRect(rectangle)
    image.setVisible(True)
    if picture.hidden is None:
        hidden.setVisible(False)
    else:
        # The hatching seldom changes while one tunes; an image that stays need not be made anew.
        if hidden.image is None or not np.array_equal(hidden.image, picture.hidden):
            hidden.setImage(picture.hidden, autoLevels=False)
        hidden.setRect(rectangle)
        hidden.setVisible(True)
