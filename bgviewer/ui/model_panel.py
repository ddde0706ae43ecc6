"""The model's panel: the fitted surface and the cells that carry it."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QRectF
from PyQt6.QtWidgets import QWidget

from bgviewer.tasks.markers import Markers, shades
from bgviewer.tasks.picture import Picture
from bgviewer.tasks.show import Shown
from bgviewer.ui.format import count, counted, number, share, with_unit
from bgviewer.ui.image_panel import ImagePanel
from bgviewer.ui.scale_bar import ScaleBarLabel
from bgviewer.ui.theme import colour_table
from bgviewer.ui.view_state import ViewState

__all__ = ["ModelPanel"]

_SHADES = 32
_MOST_MARKERS = 1100  # more take longer to style than a match takes
_DENSE = 20.0  # screen pixels between cells below which their rings shrink
_SMALLEST = 3.0


class ModelPanel(ImagePanel):
    """The fitted surface with the cells that carry it on top, in the same colours."""

    def __init__(self, view: ViewState, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Model and cells"), view, parent)
        self._make_shades()
        self.looks.changed.connect(self._on_shades)
        self._markers: Markers | None = None
        self._unit = ""
        self._wanted = True
        self._held = False
        self.cells = pg.ScatterPlotItem(pxMode=True, hoverable=True, tip=self._tip)
        self.cells.opts["hoverPen"] = pg.mkPen("w", width=2)
        # White with a black rim: seen on every colour of the map.
        self.empty = pg.ScatterPlotItem(
            pxMode=True, symbol="x", size=10, brush=pg.mkBrush("w"), pen=pg.mkPen("k", width=1)
        )
        self._shrunk = 1.0
        for item in (self.cells, self.empty):
            item.setZValue(10)
            self.canvas.addItem(item, ignoreBounds=True)
        self.scale_bar = ScaleBarLabel(self.canvas)
        view.changed.connect(self._on_view)
        view.changed.connect(self._place_scale_bar)
        self.canvas.getPlotItem().getViewBox().sigResized.connect(self._place_scale_bar)

    def _make_shades(self) -> None:
        table = colour_table("sequential", _SHADES, self.looks.maps["sequential"])
        rows = table[:, :3].astype(int).tolist()
        self._brushes = [pg.mkBrush(*row) for row in rows]
        light = [sum(row) < 330 for row in rows]
        self._pens = {False: _pens(light, 210, 1.0), True: _pens(light, 130, 0.7)}

    def _on_shades(self) -> None:
        self._make_shades()
        self._draw()

    def show_model(self, base: Picture, detail: Picture | None, markers: Markers) -> None:
        """Paint the model and, in the same colours, the cells."""
        self._held = True
        before = (self._markers, self.levels)
        self._markers, self._unit = markers, base.unit
        self.show_pictures(base, detail)
        self._held = False
        if before != (markers, self.levels):
            self._draw()

    def _place_scale_bar(self, *_: object) -> None:
        box = self.canvas.getPlotItem().getViewBox()
        if self._markers is None:
            self.scale_bar.hide()
            return
        area = self.canvas.mapFromScene(box.sceneBoundingRect()).boundingRect()
        self.scale_bar.place(QRectF(area), self._view.scale(*self._size()))

    def set_markers_visible(self, visible: bool) -> None:
        """Show or hide the cells."""
        self._wanted = visible
        self._draw()

    def clear(self) -> None:
        """Show nothing."""
        super().clear()
        self._markers = None
        self._place_scale_bar()
        self._draw()

    def faded_items(self) -> list[pg.GraphicsObject]:
        """Picture and cells."""
        return [*super().faded_items(), self.cells, self.empty]

    def levels_set(self, low: float, high: float) -> None:
        """Colour the cells by the new scale."""
        self._draw()

    def _on_view(self) -> None:
        if self._markers is None:
            return
        if len(self._markers.x) > _MOST_MARKERS or self._shrinking() != self._shrunk:
            self._draw()

    def _shrinking(self) -> float:
        """How much smaller the markers are drawn, in steps, so that they do not touch."""
        assert self._markers is not None
        apart = self._markers.pitch / self._view.scale(*self._size())
        return max(round(10 * min(apart / _DENSE, 1.0)), 1) / 10

    def _draw(self) -> None:
        markers = self._markers
        if self._held:
            return
        if markers is None or not self._wanted:
            self.cells.clear()
            self.empty.clear()
            return
        chosen = np.arange(len(markers.x))
        if len(chosen) > _MOST_MARKERS:
            chosen = markers.inside(*self.visible_range())
        if len(chosen) > _MOST_MARKERS:
            self.cells.clear()
            self.empty.clear()
            return
        stretch = self.looks.look.stretch
        which = shades(markers.values[chosen], *self.levels, _SHADES, stretch)
        self._shrunk = self._shrinking()
        pens = self._pens[self._shrunk < 1]
        self.cells.setData(
            x=markers.x[chosen],
            y=markers.y[chosen],
            size=np.maximum(np.round(markers.sizes[chosen] * self._shrunk), _SMALLEST),
            brush=[self._brushes[i] for i in which],
            pen=[pens[i] for i in which],
            data=chosen,
        )
        self.empty.setSize(max(round(10 * self._shrunk), 5))
        self.empty.setData(x=markers.empty_x, y=markers.empty_y)

    def _tip(self, x: float, y: float, data: int) -> str:
        markers = self._markers
        if markers is None:
            return ""
        i = int(data)
        return self.tr("cell at x {:.1f}, y {:.1f}\nvalue {} ± {}\n{} good pixels").format(
            x,
            y,
            number(float(markers.values[i])),
            with_unit(float(markers.errors[i]), self._unit),
            count(int(markers.counts[i])),
        )

    def describe(self, shown: Shown) -> None:
        """Say what the signs are."""
        self.scale_bar.describe(shown)
        self._place_scale_bar()
        figures = shown.figures
        nx, ny = figures.grid
        parts = [self.tr("{} × {} cells").format(nx, ny) if nx * ny > 1 else self.tr("1 cell")]
        if figures.cells_used > _MOST_MARKERS:
            parts[0] += self.tr(": zoom in to see them")
        else:
            parts.append(self.tr("○ size ∝ 1/error"))
        empty = figures.cells_total - figures.cells_used
        if empty:
            parts.append(self.tr("× {} empty").format(count(empty)))
        parts.append(self.tr("▨ {} extrapolated").format(share(figures.extrapolated)))
        few = (parts[0], parts[-1])
        self.note.set_texts(", ".join(parts), ", ".join(few), parts[-1])
        self.note.setToolTip(
            self.tr(
                "○ a cell, filled in the colour of its value; the larger, the smaller its error "
                "({} of {} carry the fit)\n× a cell without data\n▨ thin lines: the model is "
                "extrapolated there, beyond the outermost cells or nearest to an empty one "
                "({} of the image); the colours are those of the rest\ngrey hatching: not used, "
                "there is no value"
            ).format(
                counted(figures.cells_used, self.tr("cell"), self.tr("cells")),
                count(figures.cells_total),
                share(figures.extrapolated),
            )
        )


def _pens(light: list[bool], alpha: int, width: float) -> list[object]:
    """Pens that stand out from each shade."""
    bright = pg.mkPen(255, 255, 255, min(alpha + 20, 255), width=width)
    dark = pg.mkPen(0, 0, 0, alpha, width=width)
    return [bright if shade else dark for shade in light]
