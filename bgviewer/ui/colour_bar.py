"""The colour scale of a panel: shows which colour is which value, and can be dragged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QContextMenuEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bgviewer.tasks.stretch import heights_under, stretched, ticks_under
from bgviewer.ui.bar_shape import LYING, UPRIGHT, Lying, Room, Upright
from bgviewer.ui.format import number
from bgviewer.ui.icons import icon
from bgviewer.ui.ticks import stepped_label, tick_labels, ticks_between

__all__ = ["ColourBar"]

_BAR = 13  # side of the squares of a legend
_GAP = 9  # from the bar to its numbers: a tick shall not look like a minus sign
_WIDEST_UNIT = 64
_HEIGHTS = 16  # room of the histogram
_FEWER_HEIGHTS = 9  # the same beside a small picture
_LOCK = 13


class ColourBar(QWidget):
    """Colour scale, upright or lying; drag one half to move that end, double-click resets."""

    levels_dragged = pyqtSignal(float, float)
    reset_asked = pyqtSignal()
    menu_asked = pyqtSignal(object)
    """Where on the screen its menu shall open."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._levels = (0.0, 1.0)
        self._image: QImage | None = None
        self._names: dict[int, str] = {}
        self._colours: NDArray[np.uint8] | None = None
        self._unit = ""
        self._only: float | None = None
        self._width = 0
        self._stretch, self._mirrored = "linear", False
        self._sample: NDArray[np.float32] | None = None
        self._heights: NDArray[np.float64] | None = None
        self.locked = False
        self._compact = False
        self._wanted_lying = False
        self._labelled: tuple[object, ...] = ()
        self._labels: list[tuple[float, str]] = []
        self._drag: tuple[QPointF, bool, tuple[float, float]] | None = None
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.86)
        self.setFont(font)
        self.setAccessibleName(self.tr("Colour scale"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_locked(False)
        self._follow_shape()

    @property
    def lying(self) -> bool:
        """Whether low values are on the left instead of at the bottom; a legend always stands."""
        return self._wanted_lying and not self._names

    @property
    def _shape(self) -> Upright | Lying:
        """Where the parts lie."""
        return LYING if self.lying else UPRIGHT

    def set_lying(self, lying: bool) -> None:
        """Lie below the picture instead of standing beside it."""
        if lying != self._wanted_lying:
            self._wanted_lying = lying
            self._width = 0
            self._follow_shape()

    def _follow_shape(self) -> None:
        along, across = QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
        self.setSizePolicy(*((along, across) if self.lying else (across, along)))
        self.setCursor(self._shape.cursor)
        if self._colours is not None:
            self._image = self._strip(self._colours)
        self._widen()
        self.updateGeometry()
        self.update()

    @property
    def levels(self) -> tuple[float, float]:
        """Values at the lower and upper end."""
        return self._levels

    def set_scale(self, table: NDArray[np.uint8]) -> None:
        """Show a table uint8 [n, 4] of colours."""
        self._colours = np.ascontiguousarray(table)
        self._names = {}
        self._width = 0
        self._follow_shape()

    def set_locked(self, locked: bool) -> None:
        """Show whether the scale stays while other matches are shown."""
        self.locked = locked
        tip = self.tr(
            "Drag one half to move that end; double-click for automatic.\n"
            "Right-click (or the Menu key) for stretch and limits. Along the bar: how often "
            "each value occurs (square root of the count)."
        )
        if locked:
            tip += self.tr(
                "\nLocked (Shift+L): the scale stays while settings and exposures change, so the "
                "same colour is the same value before and after."
            )
        self.setToolTip(tip)
        self.update()

    def set_compact(self, compact: bool) -> None:
        """Take less room, beside a small picture."""
        if compact != self._compact:
            self._compact = compact
            self._width = 0
            self._widen()
            self.updateGeometry()
            self.update()

    def set_stretch(self, stretch: str, mirrored: bool) -> None:
        """Say how values are spread over the bar; `mirrored` = alike on both sides of zero."""
        if (stretch, mirrored) != (self._stretch, self._mirrored):
            self._stretch, self._mirrored = stretch, mirrored
            self._heights = None
            self._widen()
            self.update()

    def set_sample(self, sample: NDArray[np.float32] | None) -> None:
        """Set the values that the histogram counts, in order."""
        another = (sample is None) != (self._sample is None)
        self._sample, self._heights = sample, None
        if another:
            self._widen()
        self.update()

    def place_of(self, value: float) -> float:
        """Position along the scale, in pixels of this widget, of a value."""
        low, high = self._levels
        share = 0.5
        if high > low:
            share = float(stretched((value - low) / (high - low), self._stretch, self._mirrored))
        return self._shape.place(self._bar(), share)

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        """Ask for the menu of stretch and limits."""
        if event is not None and not self._names:
            event.accept()
            self.menu_asked.emit(event.globalPos())

    def set_legend(self, names: dict[int, str]) -> None:
        """Name entries of the table instead of showing a scale."""
        self._names = names
        self._follow_shape()

    def set_levels(self, low: float, high: float) -> None:
        """Set the values at the ends."""
        if (low, high) != self._levels:
            self._levels = (low, high)
            self._heights = None
            self._widen()
            self.update()

    def set_caption(self, unit: str, only: float | None) -> None:
        """Set the unit, written above; and the one value of an image that has no other."""
        if (unit, only) != (self._unit, self._only):
            self._unit, self._only = unit, only
            self._widen()
            self.update()

    def labels(self) -> list[tuple[float, str]]:
        """Values along the bar, and how they are written."""
        # They are asked for at every change of size and whenever it is painted.
        key = (*self._levels, self._only, self._stretch, self._mirrored, self._space(), self.lying)
        if key != self._labelled:
            self._labelled, self._labels = key, self._find_labels()
        return self._labels

    def _find_labels(self) -> list[tuple[float, str]]:
        low, high = self._levels
        if self._only is not None:
            return [(self._only, number(self._only))] if low <= self._only <= high else []
        length = self._shape.length(self._bar())
        metrics = self.fontMetrics()
        needed = self._shape.needed(metrics.height(), metrics.horizontalAdvance("−0.00"))
        if self._stretch != "linear":
            apart = max(1.5 * needed / length, 0.02)
            found = ticks_under(low, high, self._stretch, self._mirrored, apart)
            return self._apart([(value, stepped_label(value, step)) for value, step in found])
        most = max(2, int(length / (needed * (1.5 if self.lying else 2.2))))
        # One number alone would not tell the scale.
        ticks = next((t for n in (most, 4, 6) if len(t := ticks_between(low, high, n)) > 1), [])
        if not ticks:  # the ends are as good as one value
            return [(low, number(low))]
        return self._apart(list(zip(ticks, tick_labels(ticks), strict=True)))

    def _apart(self, labels: list[tuple[float, str]]) -> list[tuple[float, str]]:
        """Leave out numbers that would touch the one before; numbers one above another do not."""
        if not self.lying:
            return labels
        room, bar, metrics = self._space(), self._bar(), self.fontMetrics()
        kept: list[tuple[float, str]] = []
        end = -1.0
        for value, text in labels:
            place = self.place_of(value)
            area = LYING.label(room, bar, place, metrics.horizontalAdvance(text))
            if area.left() > end:
                kept.append((value, text))
                end = area.right() + 5
        return kept

    def _widen(self) -> None:
        """Make room for the labels; it is not given back, so that the panel does not twitch."""
        metrics = self.fontMetrics()
        texts = [text for _, text in self.labels()]
        widest = max((metrics.horizontalAdvance(t) for t in texts), default=0)
        needed = self._shape.size(self._space(), widest).width()
        if needed > self._width:
            self._width = needed
            self.updateGeometry()

    def _unit_width(self) -> int:
        """Room of unit and lock; 0 = neither is there."""
        written = self.fontMetrics().horizontalAdvance(self._unit) + 4 if self._unit else 0
        if self.lying:  # one below the other
            return max(min(written, _WIDEST_UNIT), _LOCK if self.locked else 0)
        # The room of the lock is kept, so that the panel does not twitch when it comes.
        return min(written, _WIDEST_UNIT) + _LOCK if written or self.locked else 0

    def _space(self) -> Room:
        return Room(
            self.width(),
            self.height(),
            self.fontMetrics().height(),
            self._heights_room(),
            self._gap(),
            self._unit_width(),
            _LOCK if self.locked else 0,
        )

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Another height may have other labels."""
        super().resizeEvent(event)
        self._widen()

    def sizeHint(self) -> QSize:
        """Wide enough for the numbers."""
        metrics = self.fontMetrics()
        if self._names:
            width = max(metrics.horizontalAdvance(n) for n in self._names.values())
            return QSize(min(width, 96) + _BAR + _GAP + 4, 120)
        least = self._shape.size(self._space(), metrics.horizontalAdvance("−0.0"))
        if self.lying:
            return QSize(120, least.height())
        return QSize(max(self._width, least.width()), 120)

    def minimumSizeHint(self) -> QSize:
        """As thick as `sizeHint`; along the scale less will do."""
        hint = self.sizeHint()
        return QSize(40, hint.height()) if self.lying else QSize(hint.width(), 40)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the scale and its numbers, or the legend."""
        painter = QPainter(self)
        if self._names:
            self._paint_legend(painter)
            return
        room, bar, shape = self._space(), self._bar(), self._shape
        if self._image is not None:
            painter.drawImage(bar, self._image)
        painter.setPen(QPen(self.palette().mid().color(), 1))
        painter.drawRect(bar.adjusted(-0.5, -0.5, 0.5, 0.5))
        self._paint_heights(painter, bar)
        metrics = painter.fontMetrics()
        painter.setPen(self.palette().windowText().color())
        area = shape.unit(room, bar)
        free = area.width() - (_LOCK + 2 if self.locked and not self.lying else 0)
        unit = metrics.elidedText(self._unit, Qt.TextElideMode.ElideRight, int(free) + 1)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(area, int(middle), unit)
        if self.locked:
            corner = shape.lock(room, bar, _LOCK)
            icon("lock").paint(painter, int(corner.x()), int(corner.y()), _LOCK, _LOCK)
        for value, text in self.labels():
            place = self.place_of(value)
            painter.drawLine(shape.tick(bar, place))
            label = shape.label(room, bar, place, metrics.horizontalAdvance(text))
            painter.drawText(label, int(middle), text)

    def _strip(self, colours: NDArray[np.uint8]) -> QImage:
        """The colours as an image of one line, low values where this shape has them."""
        line = np.ascontiguousarray(colours if self.lying else colours[::-1])
        width, height = (len(line), 1) if self.lying else (1, len(line))
        return QImage(
            line.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888
        ).copy()

    def _paint_heights(self, painter: QPainter, bar: QRectF) -> None:
        """The histogram, growing away from the bar."""
        if self._sample is None or self._only is not None:
            return
        if self._heights is None:
            self._heights = heights_under(self._sample, self._levels, self._stretch, self._mirrored)
        colour = self.palette().windowText().color()
        colour.setAlpha(130)
        n, room = len(self._heights), self._heights_room() - 2
        columns = [
            self._shape.column(bar, i / n, (i + 1) / n, height * room)
            for i, height in enumerate(self._heights.tolist())
            if height
        ]
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        if columns:
            painter.drawRects(*columns)
        painter.restore()

    def _paint_legend(self, painter: QPainter) -> None:
        assert self._colours is not None
        metrics = painter.fontMetrics()
        height = metrics.height() + 3
        for i, (entry, name) in enumerate(self._names.items()):
            top = 4 + i * height
            red, green, blue, _ = (int(v) for v in self._colours[entry])
            painter.fillRect(QRectF(2, top + 2, _BAR - 2, height - 6), QColor(red, green, blue))
            painter.setPen(self.palette().windowText().color())
            room = self.width() - _BAR - _GAP
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(_BAR + _GAP, top + metrics.ascent()), text)

    def _heights_room(self) -> int:
        if self._sample is None:
            return 1
        return _FEWER_HEIGHTS if self._compact else _HEIGHTS

    def _gap(self) -> int:
        return _GAP - 2 if self._compact else _GAP

    def _bar(self) -> QRectF:
        return self._shape.bar(self._space())

    # ------------------------------------------------------------ dragging

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Begin to drag the nearer end."""
        if event is None or self._names or event.button() != Qt.MouseButton.LeftButton:
            return
        at = event.position()
        self._drag = (at, self._shape.upper(self._bar(), at), self._levels)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Move the end that is held."""
        if event is None or self._drag is None:
            return
        start, upper, (low, high) = self._drag
        shape = self._shape
        moved = shape.moved(start, event.position()) / shape.length(self._bar()) * (high - low)
        least = (high - low) * 0.02
        if upper:
            high = max(high + moved, low + least)
        else:
            low = min(low + moved, high - least)
        self.levels_dragged.emit(low, high)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Let go."""
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Ask for automatic levels."""
        self.reset_asked.emit()
