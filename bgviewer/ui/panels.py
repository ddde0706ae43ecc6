"""The centre: model with cells, residuals of the bins, and a third view to choose."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtGui import QColor, QResizeEvent, QShowEvent
from PyQt6.QtWidgets import QComboBox, QGridLayout, QWidget

from bgviewer.session.state import MatchState
from bgviewer.tasks.markers import Markers, shades
from bgviewer.tasks.picture import Picture
from bgviewer.tasks.show import THIRD_VIEWS, Shown
from bgviewer.ui.figures import Figures
from bgviewer.ui.format import count, number, with_unit
from bgviewer.ui.image_panel import ImagePanel
from bgviewer.ui.theme import colour_table
from bgviewer.ui.view_state import ViewState

__all__ = ["ModelPanel", "Panels", "ResidualPanel", "ThirdPanel"]

_SHADES = 32
_MOST_MARKERS = 2500
_STRIP = 80  # height of the figures below a row of panels
_ZOOM_DELAY = 120  # milliseconds of rest before a zoomed part is drawn sharply


class ModelPanel(ImagePanel):
    """The fitted surface with the cells that carry it on top, in the same colours."""

    def __init__(self, view: ViewState, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Model and cells"), view, parent)
        table = colour_table("sequential", _SHADES)[:, :3].astype(int)
        self._brushes = [pg.mkBrush(*row) for row in table.tolist()]
        dark, light = pg.mkPen(0, 0, 0, 210), pg.mkPen(255, 255, 255, 230)
        self._pens = [light if sum(row) < 330 else dark for row in table.tolist()]
        self._markers: Markers | None = None
        self._unit = ""
        self._wanted = True
        self._held = False
        self.cells = pg.ScatterPlotItem(pxMode=True, hoverable=True, tip=self._tip)
        self.cells.opts["hoverPen"] = pg.mkPen("w", width=2)
        self.empty = pg.ScatterPlotItem(
            pxMode=True, symbol="x", size=9, brush=None, pen=pg.mkPen(QColor(200, 60, 50), width=1)
        )
        for item in (self.cells, self.empty):
            item.setZValue(10)
            self.canvas.addItem(item, ignoreBounds=True)
        view.changed.connect(self._on_view)

    def show_model(self, base: Picture, detail: Picture | None, markers: Markers) -> None:
        """Paint the model and, in the same colours, the cells."""
        self._held = True
        before = (self._markers, self.levels)
        self._markers, self._unit = markers, base.unit
        self.show_pictures(base, detail)
        self._held = False
        if before != (markers, self.levels):
            self._draw()

    def set_markers_visible(self, visible: bool) -> None:
        """Show or hide the cells."""
        self._wanted = visible
        self._draw()

    def clear(self) -> None:
        """Show nothing."""
        super().clear()
        self._markers = None
        self._draw()

    def faded_items(self) -> list[pg.GraphicsObject]:
        """Picture and cells."""
        return [*super().faded_items(), self.cells, self.empty]

    def levels_set(self, low: float, high: float) -> None:
        """Colour the cells by the new scale."""
        self._draw()

    def _on_view(self) -> None:
        if self._markers is not None and len(self._markers.x) > _MOST_MARKERS:
            self._draw()

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
        which = shades(markers.values[chosen], *self.levels, _SHADES)
        self.cells.setData(
            x=markers.x[chosen],
            y=markers.y[chosen],
            size=markers.sizes[chosen],
            brush=[self._brushes[i] for i in which],
            pen=[self._pens[i] for i in which],
            data=chosen,
        )
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
        """Say in the heading what the markers are."""
        figures = shown.figures
        nx, ny = figures.grid
        text = self.tr("{} × {} cells, size ∝ 1/error").format(nx, ny)
        if figures.cells_total - figures.cells_used:
            text += self.tr(", {} empty").format(count(figures.cells_total - figures.cells_used))
        if figures.cells_used > _MOST_MARKERS:
            text = self.tr("{} × {} cells: zoom in to see them").format(nx, ny)
        self.note.setText(text)


class ResidualPanel(ImagePanel):
    """What the bins are above or below the model."""

    def __init__(self, view: ViewState, parent: QWidget | None = None) -> None:
        self._titles = (self.tr("Residuals (bin − model)"), self.tr("Residuals"))
        super().__init__(self._titles[0], view, parent)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Take the title that fits."""
        super().resizeEvent(event)
        self._fit_title()

    def clear(self) -> None:
        """Show nothing."""
        super().clear()
        self._titles = (self.tr("Residuals (bin − model)"), self.tr("Residuals"))
        self._fit_title()

    def _fit_title(self) -> None:
        long, short = self._titles
        room = self.width() - 16
        fits = self.title.fontMetrics().horizontalAdvance(long) <= room
        self.title.setText(long if fits else short)
        self.title.setToolTip(long)

    def describe(self, shown: Shown) -> None:
        """Put fitRMS into the heading."""
        figures = shown.figures
        rms = with_unit(figures.fit_rms, figures.unit, 3)
        self._titles = (
            self.tr("Residuals (bin − model), fitRMS = {}").format(rms),
            self.tr("Residuals, fitRMS = {}").format(rms),
        )
        self._fit_title()
        text = self.tr("{} bins").format(count(figures.bins_used))
        if figures.bins_used == 1:
            text = self.tr("1 bin")
        if shown.outliers:
            text += self.tr(", {} beyond the scale").format(count(shown.outliers))
        self.note.setText(text)


class ThirdPanel(ImagePanel):
    """A view that is chosen from a list."""

    chosen = pyqtSignal(str)

    def __init__(self, view: ViewState, parent: QWidget | None = None) -> None:
        super().__init__("", view, parent)
        self._labels = {
            "matched_minus_reference": self.tr("Matched − reference"),
            "difference": self.tr("Reference − science"),
            "science": self.tr("Science"),
            "reference": self.tr("Reference"),
            "matched": self.tr("Matched"),
            "mask": self.tr("Mask planes"),
            "variance": self.tr("Variance (ref. + science)"),
        }
        self.chooser = QComboBox()
        for name in THIRD_VIEWS:
            self.chooser.addItem(self._labels[name], name)
        self.chooser.setAccessibleName(self.tr("Third view"))
        self.chooser.setToolTip(self.tr("Choose what this panel shows (keys 1 to 7)"))
        font = self.chooser.font()
        font.setBold(True)
        self.chooser.setFont(font)
        self.title.hide()
        self.chooser.setMinimumContentsLength(19)
        self.chooser.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.header.insertWidget(0, self.chooser)
        self.chooser.activated.connect(lambda i: self.chosen.emit(self.chooser.itemData(i)))
        self.setAccessibleName(self.tr("Third view"))

    def label_of(self, name: str) -> str:
        """What a view is called."""
        return self._labels[name]

    def set_view(self, name: str) -> None:
        """Name in the list what is shown."""
        self.chooser.setCurrentIndex(self.chooser.findData(name))

    def describe(self, picture: Picture) -> None:
        """Say what one picture pixel is."""
        text = ""
        if picture.step > 1 and picture.colours != "planes":
            text = self.tr("mean of {0} × {0} px").format(picture.step)
        if picture.kind in ("matched_minus_reference", "difference"):
            text = (text + ", " if text else "") + self.tr("good px")
        self.note.setText(text)


class Panels(QWidget):
    """The three panels and the figures, arranged to give the images the most room."""

    hovered = pyqtSignal(object)
    third_chosen = pyqtSignal(str)
    zoomed = pyqtSignal(object)
    """Part (x0, x1, y0, y1) that is looked at closely, or None."""
    side_changed = pyqtSignal(int)
    """Pixels of the screen along the longer side of a picture."""
    painted = pyqtSignal()
    rested = pyqtSignal()
    """Size and zoom have not changed for a moment."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = ViewState(self)
        self.model = ModelPanel(self.view)
        self.residuals = ResidualPanel(self.view)
        self.third = ThirdPanel(self.view)
        self.all: tuple[ImagePanel, ...] = (self.model, self.residuals, self.third)
        self.figures = Figures()
        self._arrangement = ""
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(4, 2, 2, 2)
        self._grid.setSpacing(6)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_ZOOM_DELAY)
        self._rest.timeout.connect(self._tell_view)
        self._side = 0
        self.view.changed.connect(self._rest.start)
        for panel in self.all:
            panel.hovered.connect(lambda at, source=panel: self._on_hover(source, at))
            panel.painted.connect(self.painted)
        self.third.chosen.connect(self.third_chosen)
        self._arrange()

    def show_match(self, match: MatchState) -> None:
        """Paint a match, or what stands in its way."""
        shown = match.shown
        self.figures.show_match(match)
        if shown is None:
            for panel in self.all:
                panel.clear()
        else:
            self.view.set_box(shown.base.model.box)
            self._arrange()
            base, detail = shown.base, shown.detail
            self.model.show_model(base.model, detail.model if detail else None, shown.markers)
            self.residuals.show_pictures(base.residuals, detail.residuals if detail else None)
            self.third.show_pictures(base.third, detail.third if detail else None)
            self.model.describe(shown)
            self.residuals.describe(shown)
            self.third.describe((detail or base).third)
        for panel in self.all:
            panel.set_dimmed(bool(match.withheld))
        self.model.set_message(match.withheld)
        self.residuals.set_message("")
        self.third.set_message(shown.base.third.message if shown and not match.withheld else "")

    def lock_levels(self, locked: bool) -> None:
        """Keep the colour scales while other matches are shown."""
        for panel in self.all:
            panel.levels_locked = locked

    def auto_levels(self) -> None:
        """Let every colour scale follow its picture."""
        for panel in self.all:
            panel.auto_levels()

    def full_scale(self) -> None:
        """Show one image pixel per screen pixel."""
        self.view.set_scale(1.0, *self.model.view_size())

    def zoom_percent(self) -> float:
        """Screen pixels per image pixel in the first panel, in per cent."""
        return 100.0 / self.view.scale(*self.model.view_size())

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        for panel in self.all:
            panel.follow_palette()
        self.figures.follow_palette()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Tell the size once the layout is done."""
        super().showEvent(event)
        self._rest.start()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Arrange anew where another arrangement gives more room."""
        super().resizeEvent(event)
        self._arrange()
        self._rest.start()

    def _arrange(self) -> None:
        wanted = self._best_arrangement()
        if wanted == self._arrangement:
            return
        self._arrangement = wanted
        places = {
            "grid": ((0, 0, 1, 1), (0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 1, 1)),
            "row": ((0, 0, 1, 1), (0, 1, 1, 1), (0, 2, 1, 1), (1, 0, 1, 3)),
            "column": ((0, 0, 1, 1), (1, 0, 1, 1), (2, 0, 1, 1), (3, 0, 1, 1)),
        }[wanted]
        for widget, place in zip((*self.all, self.figures), places, strict=True):
            self._grid.removeWidget(widget)
            self._grid.addWidget(widget, *place)
        self.figures.set_form("block" if wanted == "grid" else "strip")
        columns, rows = {"grid": (2, 2), "row": (3, 1), "column": (1, 3)}[wanted]
        for column in range(3):
            self._grid.setColumnStretch(column, int(column < columns))
        for row in range(4):
            self._grid.setRowStretch(row, int(row < rows))

    def _best_arrangement(self) -> str:
        width, height = max(self.width(), 1), max(self.height(), 1)
        _, _, image_width, image_height = self.view.box
        aspect = image_width / image_height

        def side(panel_width: float, panel_height: float) -> float:
            return min(max(panel_width - 105, 1), max(panel_height - 50, 1) * aspect)

        sides = {
            "grid": side(width / 2, height / 2),
            "row": side(width / 3, height - _STRIP),
            "column": side(width, (height - _STRIP) / 3),
        }
        return max(sides, key=lambda name: sides[name])

    def screen_side(self) -> int:
        """Device pixels along the longer side of the largest panel, in steps of 64."""
        longest = max(max(panel.view_size()) for panel in self.all)
        return -(-int(longest * self.devicePixelRatioF()) // 64) * 64

    def _on_hover(self, source: ImagePanel, at: tuple[float, float] | None) -> None:
        for panel in self.all:
            panel.set_cross(None if panel is source else at)
        self.hovered.emit(at)

    @property
    def resting(self) -> bool:
        """Whether size and zoom have been told since they last changed."""
        return not self._rest.isActive() and self._side == self.screen_side()

    def _tell_view(self) -> None:
        self._tell_side()
        self._tell_zoom()
        self.rested.emit()

    def _tell_side(self) -> None:
        side = self.screen_side()
        if side != self._side:
            self._side = side
            self.side_changed.emit(side)

    def _tell_zoom(self) -> None:
        if self.view.fitted:
            self.zoomed.emit(None)
            return
        ranges = [panel.visible_range() for panel in self.all]
        self.zoomed.emit(
            (
                min(r[0] for r in ranges),
                max(r[1] for r in ranges),
                min(r[2] for r in ranges),
                max(r[3] for r in ranges),
            )
        )
