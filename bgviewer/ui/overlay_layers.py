"""Hatched overlays and outlines of the bins over the pictures, with their legend."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QPainter, QPen
from PyQt6.QtWidgets import QLabel

from bgviewer.tasks.overlays import Layer, Overlays
from bgviewer.ui.format import share
from bgviewer.ui.image_panel import ImagePanel
from bgviewer.ui.theme import colour_table

__all__ = ["OverlayLayers"]

_LEAST = 6.0  # screen pixels of a bin below which outlines would be a grey veil
_SIGNS = ("▨", "▧", "▤")  # the three ways of hatching, in the order of the codes


class _Outlines(pg.GraphicsObject):
    """Thin rectangles, drawn where they are large enough to be told apart."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes: NDArray[np.float64] | None = None
        self.drawn = 0

    def set_boxes(self, boxes: NDArray[np.float64] | None) -> None:
        """Take other rectangles (left, bottom, width, height)."""
        if boxes is not self.boxes:
            self.prepareGeometryChange()
            self.boxes = boxes
            self.update()

    def boundingRect(self) -> QRectF:
        """Around all rectangles."""
        if self.boxes is None or not len(self.boxes):
            return QRectF()
        left, bottom = self.boxes[:, :2].min(axis=0)
        right, top = (self.boxes[:, :2] + self.boxes[:, 2:]).max(axis=0)
        return QRectF(left, bottom, right - left, top - bottom)

    def paint(self, painter: QPainter | None, *args: object) -> None:
        """Draw those that are seen."""
        self.drawn = 0
        boxes, size = self.boxes, self.pixelVectors()[0]
        if painter is None or boxes is None or not len(boxes) or size is None:
            return
        if float(np.median(boxes[:, 2])) / size.x() <= _LEAST:
            return
        seen = self.viewRect()
        inside = (boxes[:, 0] < seen.right()) & (boxes[:, 0] + boxes[:, 2] > seen.left())
        inside &= (boxes[:, 1] < seen.bottom()) & (boxes[:, 1] + boxes[:, 3] > seen.top())
        rectangles = [QRectF(*row) for row in boxes[inside].tolist()]
        self.drawn = len(rectangles)
        # White over black: seen on every colour.
        for colour, style in (((0, 0, 0, 120), 0), ((255, 255, 255, 170), 1)):
            pen = QPen(pg.mkColor(colour))
            pen.setCosmetic(True)
            if style:
                pen.setDashPattern([2, 2])
            painter.setPen(pen)
            if rectangles:
                painter.drawRects(*rectangles)


class OverlayLayers:
    """The overlays of one panel; created once, filled and emptied."""

    def __init__(self, panel: ImagePanel) -> None:
        self._panel = panel
        self.outlines = _Outlines()
        self.mask, self.coverage = pg.ImageItem(), pg.ImageItem()
        for z, item in ((5, self.mask), (6, self.coverage), (7, self.outlines)):
            if isinstance(item, pg.ImageItem):
                item.setOpts(axisOrder="row-major")
            item.setZValue(z)
            item.setVisible(False)
            panel.canvas.addItem(item, ignoreBounds=True)
        self.legend = QLabel(panel.canvas)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.legend.setMargin(4)
        self.legend.setStyleSheet("background: rgba(0, 0, 0, 165); color: white;")
        self.legend.hide()
        self._shown: Overlays | None = None

    def show_overlays(self, overlays: Overlays | None, legend: bool) -> None:
        """Paint the overlays, and say what they are if `legend`."""
        if overlays is self._shown:
            return
        self._shown = overlays
        overlays = overlays or Overlays()
        self.outlines.set_boxes(overlays.bins)
        self.outlines.setVisible(overlays.bins is not None)
        lines = _put(self.mask, overlays.mask, 0) + _put(self.coverage, overlays.coverage, 6)
        self.legend.setText("<br>".join(lines))
        self.legend.setVisible(legend and bool(lines))
        self.legend.adjustSize()
        self.legend.move(6 if self._panel.bare else 56, 8)


def _put(item: pg.ImageItem, layer: Layer | None, first: int) -> list[str]:
    item.setVisible(layer is not None)
    if layer is None:
        return []
    kinds = len(layer.legend)
    colours = colour_table("planes", first + kinds + 1)[first + 1 :]
    ground, lines = colours.copy(), colours.copy()
    ground[:, 3], lines[:, 3] = 70, 235
    table = np.vstack((np.zeros((1, 4), np.uint8), ground, lines))
    item.setImage(layer.codes, autoLevels=False, lut=table, levels=(0, len(table)))
    item.setRect(QRectF(*layer.box))
    return [
        f"<span style='color:{pg.mkColor(tuple(colours[i])).name()}'>{_SIGNS[i % 3]}</span> "
        f"{name} {share(fraction)}"
        for i, (name, fraction) in enumerate(layer.legend)
    ]
