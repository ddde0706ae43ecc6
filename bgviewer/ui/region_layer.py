"""Outlines of regions over a panel, with a halo that is seen on every colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen

from bgviewer.engine.regions import Region
from bgviewer.tasks.regions import handles, outline
from bgviewer.ui.image_panel import ImagePanel

__all__ = ["RegionLayer"]

_ABOVE = 19  # the cross-hair alone lies higher
_GRIP = 7.0  # screen pixels of a handle
_HALO = QColor(0, 0, 0, 170)
_LINE = QColor("#ffffff")
_CHOSEN = QColor("#ffd54a")


def _path(
    points: NDArray[np.float64] | Sequence[tuple[float, float]], closed: bool
) -> QPainterPath:
    path = QPainterPath()
    for i, (x, y) in enumerate(points):
        (path.lineTo if i else path.moveTo)(QPointF(float(x), float(y)))
    if closed:
        path.closeSubpath()
    return path


class RegionLayer(pg.GraphicsObject):
    """All regions of one panel; one item, made once.

    Whole-stack regions have a solid line, those of one exposure a dashed one; the chosen one has
    handles.
    """

    def __init__(self, panel: ImagePanel) -> None:
        super().__init__()
        self.regions: tuple[Region, ...] = ()
        self.chosen: Region | None = None
        self.draft: tuple[tuple[float, float], ...] = ()
        self._solid, self._dashed = QPainterPath(), QPainterPath()
        self._special = QPainterPath()
        self._draft = QPainterPath()
        self._grips: list[QPointF] = []
        self.setZValue(_ABOVE)
        self.setVisible(False)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        panel.canvas.addItem(self, ignoreBounds=True)

    def show_regions(self, regions: tuple[Region, ...], chosen: Region | None) -> None:
        """Show these; `chosen` with handles."""
        if (regions, chosen) == (self.regions, self.chosen):
            return
        self.prepareGeometryChange()
        self.regions, self.chosen = regions, chosen
        self._solid, self._dashed, self._special = (QPainterPath() for _ in range(3))
        for region in regions:
            if region != chosen:
                whole = region.exposure is None
                (self._solid if whole else self._dashed).addPath(_path(outline(region), True))
        self._grips = []
        if chosen is not None:
            self._special = _path(outline(chosen), True)
            self._grips = [QPointF(float(x), float(y)) for x, y in handles(chosen)]
        self._refresh()

    def show_draft(self, points: Sequence[tuple[float, float]], closed: bool) -> None:
        """Show what is being drawn; no points = nothing."""
        self.prepareGeometryChange()
        self.draft = tuple((float(x), float(y)) for x, y in points)
        self._draft = _path(self.draft, closed) if self.draft else QPainterPath()
        self._refresh()

    def _refresh(self) -> None:
        self.setVisible(bool(self.regions or self.chosen or self.draft))
        self.update()

    # ------------------------------------------------------------ Qt's questions

    def boundingRect(self) -> QRectF:
        """Around all of it, and the width of lines and handles."""
        area = QRectF()
        for path in (self._solid, self._dashed, self._special, self._draft):
            if not path.isEmpty():
                area = area.united(path.controlPointRect())
        size = self.pixelVectors()[0]
        margin = 2 * _GRIP * (size.x() if size is not None else 1.0)
        return area.adjusted(-margin, -margin, margin, margin)

    def viewTransformChanged(self) -> None:
        """Lines and handles keep their size on the screen, so the area changes."""
        self.prepareGeometryChange()

    def paint(self, painter: QPainter | None, *args: object) -> None:
        """Draw halo, then line."""
        if painter is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for path, colour, dashed in (
            (self._solid, _LINE, False),
            (self._dashed, _LINE, True),
            (self._special, _CHOSEN, self.chosen is not None and self.chosen.exposure is not None),
            (self._draft, _CHOSEN, False),
        ):
            if not path.isEmpty():
                painter.setPen(_pen(_HALO, 4.0))
                painter.drawPath(path)
                painter.setPen(_pen(colour, 1.8, dashed))
                painter.drawPath(path)
        self._paint_grips(painter)

    def _paint_grips(self, painter: QPainter) -> None:
        if not self._grips:
            return
        transform = painter.worldTransform()
        points = [transform.map(point) for point in self._grips]
        painter.save()
        painter.resetTransform()
        painter.setPen(QPen(QColor("black"), 1))
        painter.setBrush(_CHOSEN)
        for i, point in enumerate(points):
            box = QRectF(point.x() - _GRIP / 2, point.y() - _GRIP / 2, _GRIP, _GRIP)
            # The centre moves the region, the others shape it.
            (painter.drawEllipse if i == 0 else painter.drawRect)(box)
        painter.restore()


def _pen(colour: QColor, width: float, dashed: bool = False) -> QPen:
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    if dashed:
        pen.setDashPattern([4, 3])
    return pen
