"""A small plot: axes with units, columns and lines that are made once and given other values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QResizeEvent
from PyQt6.QtWidgets import QLabel, QWidget

from bgviewer.ui.canvas import SignedAxis
from bgviewer.ui.labels import lay_over
from bgviewer.ui.plain_text import plain_label
from bgviewer.ui.theme import current_colours

__all__ = ["LineStyle", "Plot"]


@dataclass(frozen=True)
class LineStyle:
    """How a line looks; dashes tell lines apart where colours do not.

    Attributes
    ----------
    light, dark : str
        Colour on a light and on a dark ground.
    """

    light: str
    dark: str
    dash: Qt.PenStyle = Qt.PenStyle.SolidLine
    width: float = 1.6


class Plot(pg.PlotWidget):
    """Columns, lines and marks on axes; fits itself to what it is given.

    Parameters
    ----------
    name : str
        What screen readers call it.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, axisItems={side: SignedAxis(side) for side in ("left", "bottom")})
        self.setAccessibleName(name)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFrameShape(self.Shape.NoFrame)
        self.setMinimumSize(160, 90)
        self.setMouseEnabled(x=False, y=False)
        plot = self.getPlotItem()
        plot.getViewBox().setDefaultPadding(0.02)
        plot.getViewBox().disableAutoRange()
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.86)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setStyle(tickFont=font, tickTextOffset=3, maxTickLevel=1)
            axis.label.setFont(font)
            axis.enableAutoSIPrefix(False)
        self._bars: list[tuple[pg.PlotDataItem, str]] = []
        self._lines: list[tuple[pg.PlotDataItem, LineStyle]] = []
        self._marks: list[pg.InfiniteLine] = []
        self._message = QLabel(self)
        plain_label(self._message)
        self._message.setObjectName("message")
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._message.hide()

    def add_columns(self, role: str) -> pg.PlotDataItem:
        """Add columns, empty as yet, in the "main" colour or as "marked"."""
        item = pg.PlotDataItem(stepMode="center", fillLevel=0.0)
        self.addItem(item)
        self._bars.append((item, role))
        return item

    def add_line(self, style: LineStyle, name: str = "") -> pg.PlotDataItem:
        """Add a line, empty as yet."""
        item = pg.PlotDataItem(name=name or None)
        item.setZValue(5)
        self.addItem(item)
        self._lines.append((item, style))
        return item

    def add_mark(self) -> pg.InfiniteLine:
        """Add an upright dashed line, hidden as yet."""
        item = pg.InfiniteLine(angle=90, movable=False)
        item.setVisible(False)
        item.setZValue(4)
        self.addItem(item, ignoreBounds=True)
        self._marks.append(item)
        return item

    def set_labels(self, bottom: str, left: str) -> None:
        """Name the axes; units belong to the names."""
        self.getPlotItem().setLabels(bottom=escape(bottom), left=escape(left))

    def show_range(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Show this part; a range of no width is widened."""
        (x0, x1), (y0, y1) = _widened(x), _widened(y)
        self.getPlotItem().getViewBox().setRange(xRange=(x0, x1), yRange=(y0, y1), padding=0.02)

    def show_message(self, text: str) -> None:
        """Say why there is nothing to see, in place of the axes; an empty text brings them back."""
        self._message.setText(text)
        self._message.setVisible(bool(text))
        for side in ("left", "bottom"):
            self.getPlotItem().getAxis(side).setVisible(not text)
        self._place_message()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep the message in the middle."""
        super().resizeEvent(event)
        self._place_message()

    def _place_message(self) -> None:
        # The base class resizes itself before there is a message.
        if hasattr(self, "_message") and not self._message.isHidden():
            lay_over(self._message, self)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = current_colours()
        self.setBackground(QColor(colours.card))
        self._message.setStyleSheet(f"color: {colours.axis};")
        for side in ("left", "bottom"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(pg.mkPen(QColor(colours.line)))
            axis.setTextPen(pg.mkPen(QColor(colours.axis)))
        main = self.palette().highlight().color()
        marked = QColor(colours.bad)
        for item, role in self._bars:
            colour = main if role == "main" else marked
            pattern = Qt.BrushStyle.SolidPattern if role == "main" else Qt.BrushStyle.BDiagPattern
            item.setFillBrush(pg.mkBrush(colour) if role == "main" else _hatched(colour, pattern))
            item.setPen(pg.mkPen(colour, width=1))
        for item, style in self._lines:
            colour = QColor(style.dark if colours.dark else style.light)
            item.setPen(pg.mkPen(colour, width=style.width, style=style.dash))
        for mark in self._marks:
            mark.setPen(pg.mkPen(QColor(colours.axis), width=1, style=Qt.PenStyle.DashLine))


def _hatched(colour: QColor, pattern: Qt.BrushStyle) -> object:
    brush = pg.mkBrush(colour)
    brush.setStyle(pattern)
    return brush


def _widened(ends: tuple[float, float]) -> tuple[float, float]:
    low, high = ends
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    return (low, high) if high > low else (low - 0.5, high + 0.5)
