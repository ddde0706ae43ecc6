"""The colour scale beside a panel: shows which colour is which value, and can be dragged."""

from __future__ import annotations

import math

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
from bgviewer.ui.format import number, scientific
from bgviewer.ui.icons import icon

__all__ = ["ColourBar", "tick_labels", "ticks_between"]

_BAR = 13
_TICK = 3
_GAP = 9  # from the bar to its numbers: a tick shall not look like a minus sign
_WIDEST_UNIT = 64
_HEIGHTS = 16  # room of the histogram, left of the bar
_FEWER_HEIGHTS = 9  # the same beside a small picture
_LOCK = 13


def ticks_between(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two values, at most `most` + 1 of them."""
    span = high - low
    if not (math.isfinite(span) and span > 0 and most > 0):
        return []
    rough = span / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def tick_labels(ticks: list[float]) -> list[str]:
    """Texts of round numbers, all with the same decimals, no two alike."""
    decimals = _decimals(ticks)
    large = any(abs(t) >= 1e6 for t in ticks)
    if decimals <= 4 and not large:
        return [_plain(t, decimals) for t in ticks]
    for digits in range(4):
        texts = [scientific(t, digits) if t else "0" for t in ticks]
        if len(set(texts)) == len(ticks):
            break
    return texts


class ColourBar(QWidget):
    """Vertical colour scale; drag its upper or lower half to move that end, double-click resets."""

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
        self._drag: tuple[float, bool, tuple[float, float]] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.SizeVerCursor)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.86)
        self.setFont(font)
        self.setAccessibleName(self.tr("Colour scale"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_locked(False)

    @property
    def levels(self) -> tuple[float, float]:
        """Values at the lower and upper end."""
        return self._levels

    def set_scale(self, table: NDArray[np.uint8]) -> None:
        """Show a table uint8 [n, 4] of colours."""
        self._colours = np.ascontiguousarray(table)
        column = np.ascontiguousarray(table[::-1, None, :])
        self._image = QImage(
            column.tobytes(), 1, len(table), 4, QImage.Format.Format_RGBA8888
        ).copy()
        self._names = {}
        self._width = 0
        self.updateGeometry()
        self.update()

    def set_locked(self, locked: bool) -> None:
        """Show whether the scale stays while other matches are shown."""
        self.locked = locked
        tip = self.tr(
            "Drag the upper or lower half to move that end; double-click for automatic.\n"
            "Right-click (or the Menu key) for stretch and limits. Left of the bar: how often "
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
        """Vertical position, in pixels of this widget, of a value."""
        (low, high), bar = self._levels, self._bar()
        share = float(stretched((value - low) / (high - low), self._stretch, self._mirrored))
        return bar.bottom() - share * bar.height()

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        """Ask for the menu of stretch and limits."""
        if event is not None and not self._names:
            event.accept()
            self.menu_asked.emit(event.globalPos())

    def set_legend(self, names: dict[int, str]) -> None:
        """Name entries of the table instead of showing a scale."""
        self._names = names
        self.updateGeometry()
        self.update()

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
        """Values beside the bar, and how they are written."""
        low, high = self._levels
        if self._only is not None:
            return [(self._only, number(self._only))] if low <= self._only <= high else []
        height = self.fontMetrics().height()
        if self._stretch != "linear":
            apart = max(1.5 * height / self._bar().height(), 0.02)
            found = ticks_under(low, high, self._stretch, self._mirrored, apart)
            return [(value, _stepped(value, step)) for value, step in found]
        most = max(2, int(self._bar().height() / (height * 2.2)))
        # One number alone would not tell the scale.
        ticks = next((t for n in (most, 4, 6) if len(t := ticks_between(low, high, n)) > 1), [])
        return list(zip(ticks, tick_labels(ticks), strict=True))

    def _widen(self) -> None:
        """Make room for the labels; it is not given back, so that the panel does not twitch."""
        metrics = self.fontMetrics()
        texts = [text for _, text in self.labels()]
        widest = max((metrics.horizontalAdvance(t) for t in texts), default=0)
        needed = max(widest + self._left() + _BAR + self._gap() + 3, self._unit_width() + _LOCK)
        if needed > self._width:
            self._width = needed
            self.updateGeometry()

    def _unit_width(self) -> int:
        return min(self.fontMetrics().horizontalAdvance(self._unit) + 4, _WIDEST_UNIT)

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
        return QSize(
            max(
                self._width,
                metrics.horizontalAdvance("−0.0") + self._room() + _BAR + self._gap() + 3,
            ),
            120,
        )

    def minimumSizeHint(self) -> QSize:
        """As wide as `sizeHint`."""
        return QSize(self.sizeHint().width(), 40)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the scale and its numbers, or the legend."""
        painter = QPainter(self)
        if self._names:
            self._paint_legend(painter)
            return
        bar = self._bar()
        if self._image is not None:
            painter.drawImage(bar, self._image)
        painter.setPen(QPen(self.palette().mid().color(), 1))
        painter.drawRect(bar.adjusted(-0.5, -0.5, 0.5, 0.5))
        self._paint_heights(painter, bar)
        metrics = painter.fontMetrics()
        painter.setPen(self.palette().windowText().color())
        room = self.width() - 1 - (_LOCK + 2 if self.locked else 0)
        unit = metrics.elidedText(self._unit, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(1, metrics.ascent()), unit)
        if self.locked:
            icon("lock").paint(painter, self.width() - _LOCK - 1, 1, _LOCK, _LOCK)
        for value, text in self.labels():
            y = self.place_of(value)
            painter.drawLine(QPointF(bar.right() + 1, y), QPointF(bar.right() + 1 + _TICK, y))
            left = bar.right() + self._gap()
            painter.drawText(
                QRectF(left, y - metrics.height() / 2, self.width() - left, metrics.height()),
                int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
                text,
            )

    def _paint_heights(self, painter: QPainter, bar: QRectF) -> None:
        """The histogram, growing to the left of the bar."""
        if self._sample is None or self._only is not None:
            return
        if self._heights is None:
            self._heights = heights_under(self._sample, self._levels, self._stretch, self._mirrored)
        colour = self.palette().windowText().color()
        colour.setAlpha(130)
        thick = bar.height() / len(self._heights)
        for i, height in enumerate(self._heights.tolist()):
            length = height * (self._room() - 2)
            bottom = bar.bottom() - (i + 1) * thick
            painter.fillRect(QRectF(bar.left() - 1 - length, bottom, length, thick), colour)

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

    def _left(self) -> int:
        return self._room() if self._sample is not None else 1

    def _room(self) -> int:
        return _FEWER_HEIGHTS if self._compact else _HEIGHTS

    def _gap(self) -> int:
        return _GAP - 2 if self._compact else _GAP

    def _bar(self) -> QRectF:
        height = self.fontMetrics().height()
        top = 1.6 * height if self._unit or self.locked else height / 2 + 1
        return QRectF(self._left(), top, _BAR, max(self.height() - top - height / 2 - 1, 1))

    # ------------------------------------------------------------ dragging

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Begin to drag the nearer end."""
        if event is None or self._names or event.button() != Qt.MouseButton.LeftButton:
            return
        y = event.position().y()
        self._drag = (y, y < self._bar().center().y(), self._levels)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Move the end that is held."""
        if event is None or self._drag is None:
            return
        start, upper, (low, high) = self._drag
        moved = (start - event.position().y()) / self._bar().height() * (high - low)
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


def _decimals(ticks: list[float]) -> int:
    if len(ticks) < 2:
        return 3
    step = ticks[1] - ticks[0]
    return max(0, -math.floor(math.log10(step) + 1e-9))


def _stepped(value: float, step: float) -> str:
    """A tick's text, with the decimals its own step needs."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if decimals > 4 or abs(value) >= 1e6:
        return scientific(value, 1) if value else "0"
    return _plain(value, decimals)


def _plain(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return "0" if float(text) == 0 else text.replace("-", "−")
