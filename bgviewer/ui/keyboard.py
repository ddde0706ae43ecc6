"""Working without a mouse: a cursor in the images, a frozen read-out, a key from area to area."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, QObject, QRect, Qt
from PyQt6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QLabel, QWidget

if TYPE_CHECKING:
    from bgviewer.ui.image_panel import ImagePanel
    from bgviewer.ui.main_window import MainWindow

__all__ = ["Keyboard", "Ring"]

_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Down: (0, -1),
    Qt.Key.Key_Up: (0, 1),
}
_LONG_STEP = 10  # pixels, with Shift
_BY_KEY = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
    Qt.FocusReason.OtherFocusReason,
)
_PLAIN = Qt.KeyboardModifier.NoModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_KEYPAD = Qt.KeyboardModifier.KeypadModifier


class Ring(QWidget):
    """A frame around another widget; mouse and keys go through it."""

    def __init__(self, parent: QWidget, width: int = 2) -> None:
        super().__init__(parent)
        self._width = width
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def surround(self, widget: QWidget | None) -> None:
        """Frame a widget of the same window; None hides the ring."""
        parent = self.parentWidget()
        if widget is None or parent is None or not widget.isVisibleTo(widget.window()):
            self.hide()
            return
        corner = widget.mapTo(parent, widget.rect().topLeft()) if widget is not parent else None
        box = QRect(widget.rect()) if corner is None else QRect(corner, widget.size())
        self.setGeometry(box)
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the frame."""
        del event
        painter = QPainter(self)
        pen = QPen(self.palette().color(QPalette.ColorRole.Highlight), self._width)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        half = self._width // 2
        painter.drawRect(self.rect().adjusted(half, half, -half - 1, -half - 1))


class Keyboard(QObject):
    """Keys of the images while one has the focus, and F6 from area to area.

    Parameters
    ----------
    window : MainWindow
        Its panels, docks and status bar exist.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.at: tuple[float, float] | None = None
        self._rings: dict[QObject, tuple[ImagePanel, Ring]] = {}
        self.sign = QLabel(self.tr("❄ read-out frozen (F)"))
        self.sign.setAccessibleName(self.tr("The read-out is frozen"))
        self.sign.setToolTip(self.tr("The values stay until F is pressed in an image again"))
        window.status.insertPermanentWidget(1, self.sign)
        self.sign.hide()
        for panel in window.panels.all:
            panel.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            panel.canvas.installEventFilter(self)
            self._rings[panel.canvas] = (panel, Ring(panel))
            panel.hovered.connect(self._follow)
        window.session.stack_changed.connect(self._forget)

    def _follow(self, at: tuple[float, float] | None) -> None:
        if at is not None and not self._window.panels.frozen:
            self.at = at

    def _forget(self) -> None:
        self.at = None
        self._freeze(False)

    def _freeze(self, frozen: bool) -> None:
        self._window.panels.frozen = frozen
        self.sign.setVisible(frozen)

    # ------------------------------------------------------------ in an image

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take arrows and F where an image has the focus, and show that it has."""
        known = self._rings.get(watched) if watched is not None else None
        if known is None or event is None:
            return False
        panel, ring = known
        if isinstance(event, QFocusEvent):
            by_key = event.gotFocus() and event.reason() in _BY_KEY
            ring.surround(panel.canvas if by_key else None)
        elif event.type() == QEvent.Type.Resize and ring.isVisible():
            ring.surround(panel.canvas)
        elif isinstance(event, QKeyEvent) and self._is_mine(event):
            if event.type() == QEvent.Type.KeyPress:
                self._press(panel, event)
            event.accept()
            return True
        return False

    @staticmethod
    def _is_mine(event: QKeyEvent) -> bool:
        modifiers = event.modifiers() & ~_KEYPAD
        if event.key() == Qt.Key.Key_F:
            return modifiers == _PLAIN
        return event.key() in _STEPS and modifiers in (_PLAIN, _SHIFT)

    def _press(self, panel: ImagePanel, event: QKeyEvent) -> None:
        if panel.picture is None:
            return
        if event.key() == Qt.Key.Key_F:
            if not event.isAutoRepeat() and self.at is not None:
                self._freeze(not self._window.panels.frozen)
            return
        step = _LONG_STEP if event.modifiers() & _SHIFT else 1
        right, up = _STEPS[Qt.Key(event.key())]
        self._move(panel, right * step, up * step)

    def _move(self, panel: ImagePanel, right: int, up: int) -> None:
        """Move the cursor by whole pixels inside the image; the first key shows it."""
        panels = self._window.panels
        left, bottom, width, height = panels.view.box
        x0, x1, y0, y1 = panel.visible_range()
        if self.at is None:
            right = up = 0
        x, y = self.at or ((x0 + x1) / 2, (y0 + y1) / 2)
        x = min(max(round(x) + right, left + 0.5), left + width - 0.5)
        y = min(max(round(y) + up, bottom + 0.5), bottom + height - 0.5)
        across = min(x - x0, 0.0) + max(x - x1, 0.0)
        along = min(y - y0, 0.0) + max(y - y1, 0.0)
        if across or along:  # the image follows a cursor that leaves the view
            moved = (x0 + across, x1 + across, y0 + along, y1 + along)
            panels.view.take(moved, *panel.view_size())
        frozen, panels.frozen = panels.frozen, False
        self.at = (x, y)
        panel.hovered.emit(self.at)
        panel.set_cross(self.at)
        panels.frozen = frozen

    # ------------------------------------------------------------ from area to area

    def areas(self) -> list[QWidget]:
        """Return what F6 goes through: from left to right, then the bottom."""
        window = self._window
        centre = window.centralWidget()
        docks = [dock for dock in window.docks.all() if not dock.visibleRegion().isEmpty()]
        areas: list[QWidget] = [*docks, *([centre] if centre is not None else [])]
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea

        def place(area: QWidget) -> tuple[bool, int, int]:
            low = area in docks and window.dockWidgetArea(area) == bottom
            corner = area.mapTo(window, area.rect().topLeft())
            return low, corner.x(), corner.y()

        return sorted(areas, key=place)

    def next_area(self) -> None:
        """Give the focus to the next area."""
        self._go(1)

    def previous_area(self) -> None:
        """Give the focus to the previous area."""
        self._go(-1)

    def _go(self, by: int) -> None:
        areas, focus = self.areas(), self._window.focusWidget()
        here = next(
            (i for i, a in enumerate(areas) if focus is not None and a.isAncestorOf(focus)), -by
        )
        for step in range(1, len(areas) + 1):
            target = _first_control(areas[(here + by * step) % len(areas)])
            if target is not None:
                target.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return


def _first_control(area: QWidget) -> QWidget | None:
    """Return the first widget of an area that Tab would go to."""
    widget = area.nextInFocusChain()
    for _ in range(10_000):  # the chain is a ring
        if widget is None or widget is area:
            return None
        takes = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if takes and widget.isVisible() and widget.isEnabled() and area.isAncestorOf(widget):
            return widget
        widget = widget.nextInFocusChain()
    return None
