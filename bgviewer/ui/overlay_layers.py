"""Hatched overlays and outlines of the bins over the pictures, with their legend."""

from __future__ import annotations

from html import escape

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QBrush, QImage, QPainter, QTransform
from PyQt6.QtWidgets import QLabel

from bgviewer.tasks.overlays import Layer, Outlines, Overlays
from bgviewer.ui.format import share
from bgviewer.ui.image_panel import ImagePanel
from bgviewer.ui.theme import colour_table

__all__ = ["OverlayLayers"]

_DASH = 2
_LEAST = 6.0  # screen pixels of a bin below which outlines would be a grey veil
_SIGNS = ("▨", "▧", "▤")  # the three ways of hatching, in the order of the codes


class _Outlines(pg.GraphicsObject):
    """Thin lines around the bins, drawn where these are large enough to be told apart."""

    def __init__(self) -> None:
        super().__init__()
        self._outlines: Outlines | None = None
        self._dashes = _dashes()
        self._area = QRectF()  # Qt asks for it many times per picture
        self.drawn = 0
        """Lines that were drawn last."""

    def set_outlines(self, outlines: Outlines | None) -> None:
        """Take other lines."""
        old, self._outlines = self._outlines, outlines
        if old is not None and outlines is not None and np.array_equal(old.lines, outlines.lines):
            return
        self.prepareGeometryChange()
        self._area = QRectF()
        if outlines is not None and len(outlines.lines):
            (left, bottom), (right, top) = (
                outlines.lines[:, :2].min(0),
                outlines.lines[:, 2:].max(0),
            )
            self._area = QRectF(left, bottom, right - left, top - bottom)
        self.update()

    def boundingRect(self) -> QRectF:
        """Around all lines."""
        return self._area

    def paint(self, painter: QPainter | None, *args: object) -> None:
        """Draw those that are seen."""
        self.drawn = 0
        outlines, size = self._outlines, self.pixelVectors()[0]
        if painter is None or outlines is None or size is None:
            return
        if outlines.side / size.x() <= _LEAST:
            return
        seen, lines = self.viewRect(), outlines.lines
        inside = (lines[:, 0] <= seen.right()) & (lines[:, 2] >= seen.left())
        inside &= (lines[:, 1] <= seen.bottom()) & (lines[:, 3] >= seen.top())
        self.drawn = int(inside.sum())
        if not self.drawn:
            return
        to_screen = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._dashes)
        painter.drawRects(*_on_screen(lines[inside], to_screen))
        painter.restore()


def _dashes() -> QBrush:
    """White over black by turns, so that a thin line is seen on every colour."""
    dark, light = 0x78000000, 0xD2AAAAAA  # black and, upon it, white, neither opaque
    side = 2 * _DASH
    cells = np.add.outer(np.arange(side), np.arange(side) * 0) // _DASH
    words = np.where((cells + cells.T) % 2, light, dark).astype(np.uint32)
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QBrush(QImage(words.tobytes(), side, side, 4 * side, form).copy())


def _on_screen(lines: NDArray[np.float64], transform: QTransform) -> list[QRectF]:
    """Strips, one screen pixel wide, where upright and lying lines are painted.

    Dashed lines of a pen look the same, but each dash is a polygon of its own.
    """
    scale = np.array([transform.m11(), transform.m22()])
    ends = lines.reshape(-1, 2, 2) * scale + (transform.dx(), transform.dy())
    first = np.floor(ends.min(1))
    size = np.maximum(np.floor(ends.max(1)) - first, 1.0)
    return [QRectF(*strip) for strip in np.hstack((first, size)).tolist()]


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
            item.setCacheMode(pg.GraphicsObject.CacheMode.DeviceCoordinateCache)
            item.setVisible(False)
            panel.canvas.addItem(item, ignoreBounds=True)
        self.legend = QLabel(panel.canvas)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.legend.setMargin(4)
        self.legend.setStyleSheet("background: rgba(0, 0, 0, 165); color: white;")
        self.legend.hide()
        self._shown: Overlays | None = None
        self._parts = Overlays()  # what the items hold

    def show_overlays(self, overlays: Overlays | None, legend: bool) -> None:
        """Paint the overlays, and say what they are if `legend`."""
        if overlays is self._shown:
            return
        self._shown = overlays
        before, overlays = self._parts, overlays or Overlays()
        self._parts = overlays
        self.outlines.set_outlines(overlays.bins)
        self.outlines.setVisible(overlays.bins is not None)
        if overlays.mask is before.mask and overlays.coverage is before.coverage:
            return
        lines = _put(self.mask, overlays.mask, 0) + _put(self.coverage, overlays.coverage, 6)
        self.legend.setText("<br>".join(lines))
        self.legend.setVisible(legend and bool(lines))
        self.legend.adjustSize()
        self.legend.move(6 if self._panel.bare else 56, 8)


def _put(item: pg.ImageItem, layer: Layer | None, first: int) -> list[str]:
    item.setVisible(layer is not None and any(fraction for _, fraction in layer.legend))
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
        f"{escape(name)} {share(fraction)}"
        for i, (name, fraction) in enumerate(layer.legend)
        if fraction
    ]
