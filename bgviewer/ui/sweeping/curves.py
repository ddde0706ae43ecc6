"""Held-out and training scores along one line through the map."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QLabel, QWidget

from bgviewer.tasks.sweep_view import Curve
from bgviewer.ui.judging.plot import LineStyle, Plot
from bgviewer.ui.sweeping.heat_map import short_model
from bgviewer.ui.theme import current_colours

__all__ = ["CurvesPlot"]

_HELD = LineStyle("#1f5fa8", "#7db4ea", Qt.PenStyle.SolidLine, 2.0)
_TRAINING = LineStyle("#b35900", "#ffb454", Qt.PenStyle.DashLine, 1.6)


class CurvesPlot(Plot):
    """A solid line with error bars, and a dashed one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setAccessibleName(self.tr("Held-out and training scores"))
        self.held, self.training = self.add_line(_HELD), self.add_line(_TRAINING)
        self.key = QLabel()
        self.key.setTextFormat(Qt.TextFormat.RichText)
        self.held.setSymbol("o")
        self.held.setSymbolSize(5)
        self.bars = pg.ErrorBarItem(beam=0.15)
        self.bars.setZValue(4)
        self.addItem(self.bars, ignoreBounds=True)
        self.here = self.add_mark()
        self.curve: Curve | None = None
        self.setMinimumSize(200, 90)
        self.follow_palette()

    def show_curve(self, curve: Curve | None, bottom: str, left: str) -> None:
        """Show scores; without any, empty axes."""
        self.curve = curve
        drawn = curve is not None and len(curve.at) > 0
        for item in (self.held, self.training, self.bars):
            item.setVisible(drawn)
        self.here.setVisible(drawn and curve is not None and curve.here is not None)
        self.set_labels(bottom, left)
        names = () if curve is None else tuple(short_model(n) for n in curve.names)
        ticks = list(enumerate(n.removeprefix("order ") for n in names))
        self.getPlotItem().getAxis("bottom").setTicks([ticks])
        if curve is None or not drawn:
            return
        at = curve.at.astype(np.float64)
        self.held.setData(at, curve.held_out)
        self.training.setData(at, curve.training)
        self.bars.setData(
            x=at,
            y=curve.held_out,
            top=curve.high - curve.held_out,
            bottom=curve.held_out - curve.low,
        )
        if curve.here is not None:
            self.here.setPos(curve.here)
        # An error bar may reach below zero without a score there: then the axis ends at zero.
        low = min(0.0, float(curve.held_out.min()), float(curve.training.min()))
        self.show_range((-0.3, len(curve.names) - 0.7), (low, 1.05 * curve.top))

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        super().follow_palette()
        colours = current_colours()
        held = QColor(_HELD.dark if colours.dark else _HELD.light)
        self.bars.setOpts(pen=pg.mkPen(held, width=1.2))
        self.held.setSymbolBrush(held)
        self.held.setSymbolPen(pg.mkPen(held))
        parts = []
        for style, sign, name in (
            (_HELD, "━●━", self.tr("held out")),
            (_TRAINING, "╍╍╍", self.tr("training")),
        ):
            colour = style.dark if colours.dark else style.light
            parts.append(f'<span style="color:{colour}">{sign}</span> {name}')
        self.key.setText("&nbsp; ".join(parts))
