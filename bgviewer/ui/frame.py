"""The frame of a picture: axes that run along it, left out where it needs all the room."""

from __future__ import annotations

import pyqtgraph as pg
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor

from bgviewer.ui.canvas import Canvas, PixelAxis

__all__ = ["PictureFrame"]

_LEFT, _BOTTOM = 48, 32  # room of the axes
_BELOW = 4  # pyqtgraph writes the name of the lower axis beyond its room
_ROOM_FOR_AXES = 300  # screen pixels below which a picture needs all the room there is
_ONCE_BARE = 30  # more than that before axes come back


class PictureFrame:
    """A canvas with axes in pixels.

    Attributes
    ----------
    canvas : Canvas
    axes : dict
        "left" and "bottom".
    bare : bool
        Whether there is no room for axes.
    """

    def __init__(self) -> None:
        self.axes = {side: PixelAxis(side) for side in ("left", "bottom")}
        self.canvas = Canvas(axisItems=self.axes)
        self.bare = False
        self._shown: bool | None = None
        self._colour = QColor("gray")
        self._margins: tuple[int, int, bool] | None = None
        font = self.canvas.font()
        font.setPointSizeF(font.pointSizeF() * 0.86)
        for axis in self.axes.values():
            axis.setStyle(tickFont=font, tickTextOffset=3, maxTickLevel=1, maxTextLevel=0)
            axis.label.setFont(font)
        self.axes["left"].setWidth(_LEFT)
        self.axes["bottom"].setHeight(_BOTTOM)

    def show_axes(self, shown: bool) -> None:
        """Axes without a picture would tell made-up pixels; their room stays, so nothing jumps."""
        if shown == self._shown:
            return
        self._shown = shown
        for axis, name in zip(self.axes.values(), ("y [pix]", "x [pix]"), strict=True):
            axis.setStyle(showValues=shown)
            # A label of one space keeps the room of the label.
            axis.setLabel(name if shown else " ")
        self.dress(self._colour)

    def dress(self, colour: QColor) -> None:
        """Take a colour."""
        self._colour = colour
        for axis in self.axes.values():
            # No line: it would run on where there is no image.
            axis.setPen(pg.mkPen(None))
            axis.setTickPen(pg.mkPen(colour if self._shown else None))
            axis.setTextPen(pg.mkPen(colour))

    def fit(self, aspect: float) -> None:
        """Take the shape of an image, width / height, so that the axes run along it."""
        self._leave_out()
        left, bottom, edge, below = (0, 0, 1, 0) if self.bare else (_LEFT, _BOTTOM, 4, _BELOW)
        width = self.canvas.width() - left - edge
        height = self.canvas.height() - bottom - below - edge - 2
        tall = min(width / aspect, height)
        # Very flat or narrow images keep a frame that can be seen and held.
        across = max(width - max(int(tall * aspect), 40), 0) // 2
        down = max(height - max(int(tall), 40), 0) // 2
        plot = self.canvas.getPlotItem()
        if (across, down, self.bare) != self._margins:
            self._margins = (across, down, self.bare)
            plot.setContentsMargins(across, edge + down, edge - 1 + across, down + below)
        # The margins of before may have kept the plot larger than the canvas it was given.
        plot.setGeometry(QRectF(self.canvas.rect()))

    def _leave_out(self) -> None:
        """Leave the axes out where they would take what the picture needs."""
        room = min(self.canvas.width(), self.canvas.height())
        # Beside a bare picture the colour scale is thinner, which gives the canvas more room: with
        # one limit for both ways the two would take turns for ever.
        bare = room < _ROOM_FOR_AXES + (_ONCE_BARE if self.bare else 0)
        if bare != self.bare:
            self.bare = bare
            for axis in self.axes.values():
                # Not setVisible: only these give the axis's room back.
                (axis.hide if bare else axis.show)()
