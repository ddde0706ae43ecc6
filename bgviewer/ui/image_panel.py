"""A panel: title, picture with axes, colour scale; it paints what it is given."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from bgviewer.tasks.limits import limits_of
from bgviewer.tasks.picture import Picture
from bgviewer.tasks.stretch import warped_table
from bgviewer.ui.canvas import SmoothImage, put_picture
from bgviewer.ui.colour_bar import ColourBar
from bgviewer.ui.frame import PictureFrame
from bgviewer.ui.labels import ElidedLabel, lay_over
from bgviewer.ui.looks import Looks
from bgviewer.ui.theme import colour_table, current_colours
from bgviewer.ui.view_state import ViewState

__all__ = ["ImagePanel"]

_DIMMED = 0.28
_DOUBTFUL = (255, 255, 255, 110)
"""Thin lines over doubtful values: they let the colour through."""


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
        self._applying = False
        self._scale = ""
        self.levels_locked = False
        self._build_header(title)
        self._build_canvas()
        self.looks = Looks(self, title or self.tr("Third view"))
        self.looks.changed.connect(self._on_look)
        self.looks.limits_changed.connect(self._take_limits)
        self.bar.menu_asked.connect(self.looks.open_menu)
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
        self.note.setContentsMargins(8, 0, 4, 1)
        small = self.note.font()
        small.setPointSizeF(small.pointSizeF() * 0.9)
        self.note.setFont(small)
        self.header = QHBoxLayout()
        self.header.setContentsMargins(6, 2, 4, 0)
        self.header.setSpacing(6)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.header.addWidget(self.title, 1)

    def _build_canvas(self) -> None:
        self.frame = PictureFrame()
        self.canvas = self.frame.canvas
        self.canvas.setMenuEnabled(False)
        self.canvas.hideButtons()
        self.canvas.setFrameShape(self.canvas.Shape.NoFrame)
        self.canvas.setMinimumSize(120, 100)
        plot = self.canvas.getPlotItem()
        box = plot.getViewBox()
        box.setAspectLocked(True)
        box.setDefaultPadding(0)
        box.disableAutoRange()
        box.sigRangeChangedManually.connect(self._on_moved)
        box.sigResized.connect(self._apply_view)
        self.image, self.hidden = SmoothImage(), pg.ImageItem()
        self.detail, self.detail_hidden = SmoothImage(), pg.ImageItem()
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
        self.canvas.resized.connect(self._fit_frame)
        self.canvas.left.connect(lambda: self.hovered.emit(None))

    def _build_layout(self) -> None:
        self.message = QLabel(self.canvas)
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setMargin(10)
        self.message.hide()
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.setContentsMargins(0, 0, 2, 0)
        self._body.setSpacing(2)
        self._body.addWidget(self.canvas, 1)
        self._body.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self.header)
        column.addWidget(self.note)
        column.addLayout(self._body, 1)
        self.frame.show_axes(False)

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
        held = self._pictures
        if held is not None and held[0] is base and held[1] is detail:
            return
        before = self.picture
        self.looks.follow(base.kind, base.colours == "diverging", base.colours != "planes")
        first = before is None or before.kind != base.kind
        self._pictures = (base, detail)
        self.frame.show_axes(not base.message)
        left, bottom, width, height = base.box
        self._fit_frame()
        self.frame.axes["left"].set_bounds(bottom, bottom + height)
        self.frame.axes["bottom"].set_bounds(left, left + width)
        self._set_scale(base)
        self.bar.set_caption(base.unit, base.levels.only)
        put_picture(self.image, self.hidden, base)
        if detail is None:
            self.detail.setVisible(False)
            self.detail_hidden.setVisible(False)
        else:
            put_picture(self.detail, self.detail_hidden, detail)
        self.bar.set_sample(base.sample)
        if first or not self.levels_locked:
            self._take_limits()
        else:
            self._set_levels(*self.levels)

    def clear(self) -> None:
        """Show nothing."""
        self._pictures = None
        self.looks.follow(None)
        for item in (self.image, self.hidden, self.detail, self.detail_hidden):
            item.setVisible(False)
        self.bar.setVisible(False)
        self.frame.show_axes(False)
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
        self.looks.set_limits("automatic")
        self._take_limits()

    def _take_limits(self) -> None:
        """Set the ends of the colour scale by the rule that is chosen."""
        if self._pictures is None:
            return
        picture, look = self._pictures[0], self.looks.look
        if look.manual is not None:
            self._set_levels(*look.manual)
            return
        symmetric = picture.colours == "diverging"
        self._set_levels(*limits_of(look.limits, picture.sample, picture.levels, symmetric))

    def heading_height(self) -> int:
        """Height that the heading would like."""
        return self.header.sizeHint().height() - self.header.contentsMargins().top()

    def set_header_height(self, height: int) -> None:
        """Keep at least this height for the heading, so that neighbours' pictures are level."""
        self.title.setMinimumHeight(height)

    def set_bar_lying(self, lying: bool) -> None:
        """Put the colour scale below the picture instead of beside it."""
        self.bar.set_lying(lying)
        self._place_bar()

    def _place_bar(self) -> None:
        ways = QBoxLayout.Direction
        self._body.setDirection(ways.TopToBottom if self.bar.lying else ways.LeftToRight)

    def set_levels_locked(self, locked: bool) -> None:
        """Keep the colour scale while other matches are shown, and show that it is kept."""
        self.levels_locked = locked
        self.bar.set_locked(locked)

    def _on_look(self) -> None:
        if self._pictures is not None:
            self._set_scale(self._pictures[0])
            self._set_levels(*self.levels)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = current_colours()
        self.canvas.setBackground(QColor(colours.canvas))
        self.frame.dress(QColor(colours.axis))
        table = [
            (0, 0, 0, 0),
            QColor(colours.missing).getRgb(),
            QColor(colours.hatching).getRgb(),
            _DOUBTFUL,
        ]
        for item in (self.hidden, self.detail_hidden):
            item.setLookupTable(np.array(table, np.uint8))
            item.setLevels((0, len(table)))
        for line in self._cross:
            line.setPen(pg.mkPen(QColor(colours.axis), width=1))
        self.note.setStyleSheet(f"color: {colours.muted};")
        self.message.setStyleSheet(
            f"color: {colours.text}; background: {colours.card};"
            f"border: 1px solid {colours.line}; border-radius: 6px;"
        )

    # ------------------------------------------------------------ inside

    def _set_scale(self, picture: Picture) -> None:
        scale = picture.colours
        self.bar.setVisible(not picture.message)
        stretch = self.looks.look.stretch if scale != "planes" else "linear"
        name = self.looks.maps.get(scale, "")
        key = f"{scale}{picture.legend}{picture.present}{stretch}{name}"
        if key == self._scale:
            return
        self._scale = key
        mirrored = scale == "diverging"
        steps = len(picture.legend) + 1 if scale == "planes" else 256
        table = colour_table(scale, steps, name)
        self.table = warped_table(table, stretch, mirrored)
        for item in (self.image, self.detail):
            item.setLookupTable(self.table)
        self.bar.set_stretch(stretch, mirrored)
        self.bar.set_scale(table)
        if scale == "planes":
            names = {i: picture.legend[i - 1] for i in picture.present}
            self.bar.set_legend(names or {0: self.tr("none set")})
        self._place_bar()

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
        self.looks.set_manual(low, high)
        self._set_levels(low, high)

    def _size(self) -> tuple[int, int]:
        box = self.canvas.getPlotItem().getViewBox()
        return max(int(box.width()), 1), max(int(box.height()), 1)

    @property
    def bare(self) -> bool:
        """Whether the panel is too small for axes."""
        return self.frame.bare

    def _fit_frame(self) -> None:
        """Give the frame the shape of the image, so that the axes run along it."""
        _, _, width, height = self._view.box
        self.frame.fit(width / height)
        self.bar.set_compact(self.frame.bare)

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
        if self.message.isVisible():
            lay_over(self.message, self.canvas)
