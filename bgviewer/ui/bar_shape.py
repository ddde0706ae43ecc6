"""Where the parts of a colour bar lie: upright beside a picture, or lying below it."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QLineF, QPointF, QRectF, QSize, Qt

__all__ = ["LYING", "UPRIGHT", "Lying", "Room", "Upright"]

_UPRIGHT_BAR, _LYING_BAR = 13, 11
_TICK = 3


@dataclass(frozen=True)
class Room:
    """What a colour bar has to place its parts in, in screen pixels.

    Attributes
    ----------
    width, height : float
        Of the widget.
    line : float
        Height of a line of text.
    heights : float
        Thickness of the histogram.
    gap : float
        From the bar to its numbers.
    unit : float
        Width of unit and lock; 0 = neither is shown.
    lock : float
        Width of the lock; 0 = none.
    """

    width: float
    height: float
    line: float
    heights: float
    gap: float
    unit: float
    lock: float


class Upright:
    """Low values at the bottom, numbers on the right, unit above, histogram on the left."""

    cursor = Qt.CursorShape.SizeVerCursor

    def size(self, room: Room, widest: float) -> QSize:
        """Least size for numbers of this width."""
        width = max(room.heights + _UPRIGHT_BAR + room.gap + 3 + widest, room.unit)
        return QSize(int(width), 40)

    def bar(self, room: Room) -> QRectF:
        """Where the colours are."""
        top = 1.6 * room.line if room.unit else room.line / 2 + 1
        return QRectF(
            room.heights, top, _UPRIGHT_BAR, max(room.height - top - room.line / 2 - 1, 1)
        )

    def length(self, bar: QRectF) -> float:
        """Length of the scale."""
        return bar.height()

    def place(self, bar: QRectF, share: float) -> float:
        """Position along the widget of a share, 0 to 1, of the scale."""
        return bar.bottom() - share * bar.height()

    def needed(self, line: float, widest: float) -> float:
        """Room that a number takes along the scale."""
        return line

    def moved(self, start: QPointF, now: QPointF) -> float:
        """How far the cursor went towards high values."""
        return start.y() - now.y()

    def upper(self, bar: QRectF, at: QPointF) -> bool:
        """Whether a place belongs to the half of the high values."""
        return at.y() < bar.center().y()

    def column(self, bar: QRectF, first: float, last: float, length: float) -> QRectF:
        """A column of the histogram between two shares of the scale."""
        top = self.place(bar, last)
        return QRectF(bar.left() - 1 - length, top, length, self.place(bar, first) - top)

    def tick(self, bar: QRectF, place: float) -> QLineF:
        """The line from the bar to a number."""
        return QLineF(bar.right() + 1, place, bar.right() + 1 + _TICK, place)

    def label(self, room: Room, bar: QRectF, place: float, width: float) -> QRectF:
        """Where a number is written."""
        left = bar.right() + room.gap
        return QRectF(left, place - room.line / 2, room.width - left, room.line)

    def unit(self, room: Room, bar: QRectF) -> QRectF:
        """Where the unit is written, above the bar."""
        return QRectF(1, 0, room.width - 1, room.line)

    def lock(self, room: Room, bar: QRectF, side: int) -> QPointF:
        """Where the lock is drawn."""
        return QPointF(room.width - side - 1, 1)


class Lying:
    """Low values on the left, numbers below, unit before the bar, histogram above."""

    cursor = Qt.CursorShape.SizeHorCursor

    def size(self, room: Room, widest: float) -> QSize:
        """Least size; along the scale there is always room for some numbers."""
        return QSize(40, int(room.heights + _LYING_BAR + 1 + _TICK + room.line + 1))

    def bar(self, room: Room) -> QRectF:
        """Where the colours are."""
        left = room.unit + 5 if room.unit else 2
        return QRectF(left, room.heights, max(room.width - left - 3, 1), _LYING_BAR)

    def length(self, bar: QRectF) -> float:
        """Length of the scale."""
        return bar.width()

    def place(self, bar: QRectF, share: float) -> float:
        """Position along the widget of a share, 0 to 1, of the scale."""
        return bar.left() + share * bar.width()

    def needed(self, line: float, widest: float) -> float:
        """Room that a number takes along the scale."""
        return widest + 4

    def moved(self, start: QPointF, now: QPointF) -> float:
        """How far the cursor went towards high values."""
        return now.x() - start.x()

    def upper(self, bar: QRectF, at: QPointF) -> bool:
        """Whether a place belongs to the half of the high values."""
        return at.x() > bar.center().x()

    def column(self, bar: QRectF, first: float, last: float, length: float) -> QRectF:
        """A column of the histogram between two shares of the scale."""
        left = self.place(bar, first)
        return QRectF(left, bar.top() - 1 - length, self.place(bar, last) - left, length)

    def tick(self, bar: QRectF, place: float) -> QLineF:
        """The line from the bar to a number."""
        return QLineF(place, bar.bottom() + 1, place, bar.bottom() + 1 + _TICK)

    def label(self, room: Room, bar: QRectF, place: float, width: float) -> QRectF:
        """Where a number is written: below its tick, but never beyond the edge."""
        least = room.lock + 3 if room.lock else 0.0
        left = max(min(place - width / 2, room.width - width - 1), least)
        return QRectF(left, bar.bottom() + 1 + _TICK, width + 1, room.line)

    def unit(self, room: Room, bar: QRectF) -> QRectF:
        """Where the unit is written, before the bar."""
        return QRectF(1, bar.center().y() - room.line / 2, bar.left() - 4, room.line)

    def lock(self, room: Room, bar: QRectF, side: int) -> QPointF:
        """Where the lock is drawn."""
        return QPointF(1, bar.bottom() + 2)


UPRIGHT, LYING = Upright(), Lying()
