"""A panel: title, picture with axes, colour scale; it paints what it is given."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPainter, QPaintEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from bgviewer.tasks.picture import Picture
from bgviewer.ui.colour_bar import ColourBar
from bgviewer.ui.labels import ElidedLabel
from bgviewer.ui.theme import colour_table, colours_of
from bgviewer.ui.view_state import ViewState

__all__ = ["ImagePanel"]

_DIMMED = 0.28


class _SmoothImage(pg.ImageItem):
    """An image that is averaged when shown smaller than it is; larger, its pixels stay sharp."""

    def paint(self, painter: QPainter | None, *args: object) -> None:
        """Paint with the hint that suits the zoom."""
        if painter is not None:
            across = self.pixelVectors()[0]
            smaller = across is not None and across.x() > 1.0
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, bool(smaller))
        super().paint(painter, *args)


class _Canvas(pg.PlotWidget):
    """The plot; tells when it has painted."""

    painted = pyqtSignal()
    left = pyqtSignal()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint, and say so."""
        super().paintEvent(event)
        self.painted.emit()

    def leaveEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        """Say that the cursor left."""
        super().leaveEvent(event)
        self.left.emit()


class ImagePanel(QWidget):
    """One picture with its title, colour scale and message.

    Parameters
    ----------
    title : str
        Heading.
    view : ViewState
        Pan and zoom shared with the other panels.
    """

    hovered = pyqtSignal(object)
    """(x, y) in parent pixels under the cursor, or None when it left."""
    painted = pyqtSignal()
    promoted = pyqtSignal()
    """The title was double-clicked: this panel shall be the large one."""

    def __init__(self, title: str, view: ViewState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._pictures: tuple[Picture, Picture | None] | None = None
        self._manual: tuple[float, float] | None = None
        self._applying = False
        self._scale = ""
        self.levels_locked = False
        self._build_header(title)
        self._build_canvas()
        self._build_layout()
        self.setAccessibleName(title)
        self.follow_palette()
        view.changed.connect(self._apply_view)

    # ------------------------------------------------------------ building

    def _build_header(self, title: str) -> None:
        self.title = ElidedLabel(title)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.note = ElidedLabel()
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.header = QHBoxLayout()
        self.header.setContentsMargins(6, 2, 4, 2)
        self.header.setSpacing(8)
        self.title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.header.addWidget(self.title)
        self.header.addWidget(self.note, 1)

    def _build_canvas(self) -> None:
        self.canvas = _Canvas()
        self.canvas.setMenuEnabled(False)
        self.canvas.hideButtons()
        self.canvas.setFrameShape(_Canvas.Shape.NoFrame)
        self.canvas.setMinimumSize(120, 100)
        plot = self.canvas.getPlotItem()
        plot.setContentsMargins(0, 4, 2, 0)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            font = self.font()
            font.setPointSizeF(font.pointSizeF() * 0.86)
            axis.setStyle(tickFont=font, tickTextOffset=3, maxTickLevel=1)
            axis.setTickDensity(0.7) if hasattr(axis, "setTickDensity") else None
        plot.getAxis("left").setWidth(40)
        plot.getAxis("bottom").setHeight(22)
        box = plot.getViewBox()
        box.setAspectLocked(True)
        box.setDefaultPadding(0)
        box.disableAutoRange()
        box.sigRangeChangedManually.connect(self._on_moved)
        box.sigResized.connect(self._apply_view)
        self.image, self.hidden = _SmoothImage(), pg.ImageItem()
        self.detail, self.detail_hidden = _SmoothImage(), pg.ImageItem()
        for z, item in enumerate((self.image, self.hidden, self.detail, self.detail_hidden)):
            item.setOpts(axisOrder="row-major")
            item.setZValue(z)
            item.setVisible(False)
            plot.addItem(item, ignoreBounds=True)
        self._cross = [pg.InfiniteLine(angle=angle, movable=False) for angle in (0, 90)]
        for line in self._cross:
            line.setZValue(20)
            line.setVisible(False)
            plot.addItem(line, ignoreBounds=True)
        self.bar = ColourBar()
        self.bar.levels_dragged.connect(self._on_levels)
        self.bar.reset_asked.connect(self.auto_levels)
        self._proxy = pg.SignalProxy(
            self.canvas.scene().sigMouseMoved, rateLimit=40, slot=self._on_mouse
        )
        self.canvas.painted.connect(self.painted)
        self.canvas.left.connect(lambda: self.hovered.emit(None))

    def _build_layout(self) -> None:
        self.message = QLabel(self.canvas)
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setMargin(10)
        self.message.hide()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 2, 0)
        row.setSpacing(2)
        row.addWidget(self.canvas, 1)
        row.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self.header)
        column.addLayout(row, 1)

    # ------------------------------------------------------------ showing

    @property
    def levels(self) -> tuple[float, float]:
        """Values at the ends of the colour scale."""
        return self.bar.levels

    @property
    def picture(self) -> Picture | None:
        """What is painted, whole frame."""
        return self._pictures[0] if self._pictures else None

    @property
    def dimmed(self) -> bool:
        """Whether the picture is not what was asked for."""
        return self.image.opacity() < 1

    def show_pictures(self, base: Picture, detail: Picture | None) -> None:
        """Paint the whole frame and, over it, the part that is zoomed into."""
        if self._pictures is not None and _same(self._pictures, (base, detail)):
            return
        before = self.picture
        if before is not None and before.kind != base.kind:
            self._manual = None
        first = before is None or before.kind != base.kind
        self._pictures = (base, detail)
        self._set_scale(base)
        _put(self.image, self.hidden, base)
        if detail is None:
            self.detail.setVisible(False)
            self.detail_hidden.setVisible(False)
        else:
            _put(self.detail, self.detail_hidden, detail)
        if self._manual is not None:
            self._set_levels(*self._manual)
        elif first or not self.levels_locked:
            self._set_levels(base.levels.low, base.levels.high)
        else:
            self._set_levels(*self.levels)

    def clear(self) -> None:
        """Show nothing."""
        self._pictures = None
        self._manual = None
        for item in (self.image, self.hidden, self.detail, self.detail_hidden):
            item.setVisible(False)
        self.bar.setVisible(False)
        self.note.setText("")

    def set_dimmed(self, dimmed: bool) -> None:
        """Fade the picture: it is not what was asked for."""
        for item in self.faded_items():
            item.setOpacity(_DIMMED if dimmed else 1.0)

    def faded_items(self) -> list[pg.GraphicsObject]:
        """Items that fade."""
        return [self.image, self.hidden, self.detail, self.detail_hidden]

    def set_message(self, text: str) -> None:
        """Show a sentence over the picture; empty = none."""
        self.message.setText(text)
        self.message.setVisible(bool(text))
        self._place_message()

    def set_cross(self, position: tuple[float, float] | None) -> None:
        """Mark where the cursor is in another panel."""
        for line, value in zip(self._cross, (position or (0, 0))[::-1], strict=True):
            line.setVisible(position is not None)
            if position is not None:
                line.setPos(value)

    def auto_levels(self) -> None:
        """Take the levels that come with the picture."""
        self._manual = None
        if self._pictures is not None:
            levels = self._pictures[0].levels
            self._set_levels(levels.low, levels.high)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = colours_of(self.palette())
        self.canvas.setBackground(QColor(colours.canvas))
        for side in ("left", "bottom"):
            axis = self.canvas.getPlotItem().getAxis(side)
            axis.setPen(QColor(colours.axis))
            axis.setTextPen(QColor(colours.axis))
        table = [(0, 0, 0, 0), QColor(colours.missing).getRgb(), QColor(colours.hatching).getRgb()]
        for item in (self.hidden, self.detail_hidden):
            item.setLookupTable(np.array(table, np.uint8))
            item.setLevels((0, 2))
        for line in self._cross:
            line.setPen(pg.mkPen(QColor(colours.axis), width=1))
        self.note.setStyleSheet(f"color: {colours.muted};")
        self.message.setStyleSheet(
            f"color: {self.palette().text().color().name()}; background: {colours.card};"
            f"border: 1px solid {colours.line}; border-radius: 6px;"
        )

    # ------------------------------------------------------------ inside

    def _set_scale(self, picture: Picture) -> None:
        scale = picture.colours
        self.bar.setVisible(not picture.message)
        key = f"{scale}{picture.legend}{picture.present}"
        if key == self._scale:
            return
        self._scale = key
        table = colour_table(scale, len(picture.legend) + 1 if scale == "planes" else 256)
        for item in (self.image, self.detail):
            item.setLookupTable(table)
        self.bar.set_scale(table)
        if scale == "planes":
            names = {i: picture.legend[i - 1] for i in picture.present}
            self.bar.set_legend(names or {0: self.tr("none set")})

    def _set_levels(self, low: float, high: float) -> None:
        for item in (self.image, self.detail):
            item.setLevels((low, high))
        self.bar.set_levels(low, high)
        self.levels_set(low, high)

    def levels_set(self, low: float, high: float) -> None:
        """Follow the colour scale; for panels that draw more than the picture."""

    def _on_levels(self, low: float, high: float) -> None:
        if self._pictures is not None and self._pictures[0].colours == "diverging":
            # Zero stays in the middle: the end that was moved sets both.
            limit = abs(high) if high != self.levels[1] else abs(low)
            low, high = -limit, limit
        self._manual = (low, high)
        self._set_levels(low, high)

    def _size(self) -> tuple[int, int]:
        box = self.canvas.getPlotItem().getViewBox()
        return max(int(box.width()), 1), max(int(box.height()), 1)

    def _apply_view(self, *_: object) -> None:
        x0, x1, y0, y1 = self._view.range_for(*self._size())
        self._applying = True
        try:
            box = self.canvas.getPlotItem().getViewBox()
            box.setRange(xRange=(x0, x1), yRange=(y0, y1), padding=0)
        finally:
            self._applying = False
        self._place_message()

    def visible_range(self) -> tuple[float, float, float, float]:
        """``(x0, x1, y0, y1)`` that can be seen."""
        return self._view.range_for(*self._size())

    def view_size(self) -> tuple[int, int]:
        """Width and height of the picture area in screen pixels."""
        return self._size()

    def _on_moved(self, *_: object) -> None:
        if not self._applying:
            (x0, x1), (y0, y1) = self.canvas.getPlotItem().getViewBox().viewRange()
            self._view.take((x0, x1, y0, y1), *self._size())

    def _on_mouse(self, arguments: tuple[QPointF]) -> None:
        position = arguments[0]
        box = self.canvas.getPlotItem().getViewBox()
        if not box.sceneBoundingRect().contains(position):
            self.hovered.emit(None)
            return
        point = box.mapSceneToView(position)
        self.hovered.emit((point.x(), point.y()))

    def _place_message(self) -> None:
        if not self.message.isVisible():
            return
        width = min(int(self.canvas.width() * 0.86), 420)
        height = self.message.heightForWidth(width)
        self.message.setGeometry(
            (self.canvas.width() - width) // 2, (self.canvas.height() - height) // 2, width, height
        )
        self.message.raise_()


def _same(old: tuple[Picture, Picture | None], new: tuple[Picture, Picture | None]) -> bool:
    return old[0] is new[0] and old[1] is new[1]


def _put(image: pg.ImageItem, hidden: pg.ImageItem, picture: Picture) -> None:
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
        hidden.setImage(picture.hidden, autoLevels=False)
        hidden.setRect(rectangle)
        hidden.setVisible(True)
