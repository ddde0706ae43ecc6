"""A hand that does anything a person could do to the window, at random but repeatable."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PyQt6.QtGui import QAction, QDragEnterEvent, QDropEvent, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QMenu,
    QSlider,
    QTabBar,
    QWhatsThis,
    QWidget,
)

__all__ = ["Monkey", "menu_actions"]

_BUTTONS = Qt.MouseButton
_LEFT = _BUTTONS.LeftButton
_MODS = Qt.KeyboardModifier
_KEYS = Qt.Key
_LEAVES = ("quit",)  # ends the life of the window; the test closes it itself
_MOVES = (_KEYS.Key_Left, _KEYS.Key_Right, _KEYS.Key_Up, _KEYS.Key_Down)
_JUMPS = (_KEYS.Key_PageUp, _KEYS.Key_PageDown, _KEYS.Key_Home, _KEYS.Key_End)
_PLAIN = (
    *_MOVES,
    *_JUMPS,
    *(_KEYS.Key_Tab, _KEYS.Key_Backtab, _KEYS.Key_Space, _KEYS.Key_Escape, _KEYS.Key_Return),
    *(_KEYS.Key_Delete, _KEYS.Key_Backspace, _KEYS.Key_BracketLeft, _KEYS.Key_BracketRight),
    *(_KEYS(_KEYS.Key_A + i) for i in range(26)),
    *(_KEYS(_KEYS.Key_0 + i) for i in range(10)),
)


def menu_actions(window) -> list[QAction]:
    """Every action that the menus lead to, those of submenus and docks among them."""
    found: list[QAction] = []
    waiting = list(window.menuBar().actions())
    while waiting:
        action = waiting.pop(0)
        menu = action.menu()
        if menu is not None:
            waiting += menu.actions()
        elif not action.isSeparator():
            found.append(action)
    leaving = [window.actions_[name] for name in _LEAVES]
    return [a for a in found if a not in leaving]


class Monkey:
    """Does random actions to a window by real events.

    Parameters
    ----------
    window : MainWindow
    seed : int
    stacks : list of Path
        Folders (or other paths) that may be loaded.

    Attributes
    ----------
    done : deque of str
        What was done last.
    """

    def __init__(self, window, seed: int, stacks: list[Path]) -> None:
        self.window, self.random, self.stacks = window, random.Random(seed), stacks
        self.done: deque[str] = deque(maxlen=30)
        self.seen: dict[str, int] = {}
        self.triggered: set[str] = set()
        self._acting = False
        # What runs an event loop of its own is got out of as a person would: by Escape.
        self._rescue = QTimer()
        self._rescue.setInterval(20)
        self._rescue.timeout.connect(self._leave_loop)
        self.rescue()
        self.kinds: tuple[tuple[int, Callable[[], str]], ...] = (
            (26, self._action),
            (14, self._key),
            (12, self._slider),
            (6, self._combo),
            (9, self._button),
            (7, self._number),
            (20, self._picture),
            (10, self._list),
            (5, self._tab),
            (3, self._resize),
            (2, self._load),
            (1, self._drop),
            (8, self._undo),
        )

    def rescue(self) -> None:
        """Get out of modal loops from now on."""
        self._rescue.start()

    def close(self) -> None:
        """Leave nothing open."""
        self._rescue.stop()
        while QApplication.activePopupWidget() is not None:
            QApplication.activePopupWidget().close()
        for dialog in self._dialogs():
            dialog.close()
        if QWhatsThis.inWhatsThisMode():
            QWhatsThis.leaveWhatsThisMode()

    def act(self) -> None:
        """Do one thing."""
        self._acting = True
        self.done.append("…")
        try:
            if QApplication.activePopupWidget() is not None:
                said = self._popup()
            elif self._dialogs():
                said = self._dialog()
            else:
                weights = [weight for weight, _ in self.kinds]
                said = self.random.choices([do for _, do in self.kinds], weights)[0]()
            self.done[-1] = said
        finally:
            self._acting = False
        kind = said.split(" ")[0]
        self.seen[kind] = self.seen.get(kind, 0) + 1
        QTest.qWait(0)

    # ------------------------------------------------------------ what is there

    def _leave_loop(self) -> None:
        if not self._acting:
            return
        for widget in (QApplication.activePopupWidget(), QApplication.activeModalWidget()):
            if widget is not None:
                QTest.keyClick(widget, _KEYS.Key_Escape)
                return

    def _dialogs(self) -> list[QDialog]:
        tops = QApplication.topLevelWidgets()
        return [w for w in tops if isinstance(w, QDialog) and w.isVisible()]

    def _some(self, kind: type, within: QWidget | None = None) -> QWidget | None:
        """One of the visible enabled widgets of a kind."""
        widgets = (within or self.window).findChildren(kind)
        able = [w for w in widgets if w.isVisible() and w.isEnabled() and w.window() is w.window()]
        able = [w for w in able if w.width() > 0 and w.height() > 0]
        return self.random.choice(able) if able else None

    def _point(self, widget: QWidget) -> QPoint:
        return QPoint(
            self.random.randrange(max(widget.width(), 1)),
            self.random.randrange(max(widget.height(), 1)),
        )

    def _modifiers(self) -> Qt.KeyboardModifier:
        choice = (_MODS.NoModifier, _MODS.ShiftModifier, _MODS.ControlModifier, _MODS.AltModifier)
        return self.random.choices(choice, (7, 1, 1, 1))[0]

    # ------------------------------------------------------------ what can be done

    def _action(self) -> str:
        able = [a for a in menu_actions(self.window) if a.isEnabled()]
        action = self.random.choice(able)
        self.done[-1] = text = f"action {action.text()!r}"
        self.triggered.add(action.text())
        keys = action.shortcut()
        if not keys.isEmpty() and self.random.random() < 0.4:
            self.done[-1] = text = f"{text} by {keys.toString()}"
            QTest.keySequence(self.window, keys)
        else:
            action.trigger()
        return text

    def _key(self) -> str:
        key, how = self.random.choice(_PLAIN), self._modifiers()
        if (key, how) == (_KEYS.Key_Q, _MODS.ControlModifier):
            how = _MODS.NoModifier
        if how == _MODS.AltModifier and key not in _MOVES:
            how = _MODS.NoModifier  # a menu opened by its letter is met in `_menu`
        target = self.window.focusWidget() or self.window
        self.done[-1] = text = f"key {key.name} {how.name} to {_name(target)}"
        QTest.keyClick(target, key, how)
        return text

    def _slider(self) -> str:
        slider = self._some(QSlider)
        if slider is None:
            return "slider -"
        if self.random.random() < 0.5:
            key, times = self.random.choice(_MOVES + _JUMPS), self.random.randint(1, 4)
            self.done[-1] = text = f"slider {_name(slider)} {key.name} {times} times"
            for _ in range(times):
                QTest.keyClick(slider, key)
        else:
            points = [self._point(slider) for _ in range(4)]
            self.done[-1] = text = f"slider {_name(slider)} dragged"
            self._drag(slider, points)
        return text

    def _combo(self) -> str:
        combo = self._some(QComboBox)
        if combo is None:
            return "combo -"
        key = self.random.choice(_MOVES + _JUMPS)
        self.done[-1] = text = f"combo {_name(combo)} {key.name}"
        QTest.keyClick(combo, key)
        return text

    def _button(self) -> str:
        button = self._some(QAbstractButton)
        if button is None:
            return "button -"
        self.done[-1] = text = f"button {button.text() or _name(button)!r}"
        QTest.mouseClick(button, _LEFT, pos=button.rect().center())
        return text

    def _number(self) -> str:
        spin = self._some(QAbstractSpinBox)
        if spin is None:
            return "number -"
        typed = self.random.choice(("0", "1", "2", "3", "7", "16", "24", "40", "64", "1000", ""))
        self.done[-1] = text = f"number {typed!r} into {_name(spin)}"
        if typed:
            spin.selectAll()
            QTest.keyClicks(spin, typed)
            QTest.keyClick(spin, self.random.choice((_KEYS.Key_Return, _KEYS.Key_Tab)))
        else:
            QTest.keyClick(spin, self.random.choice((_KEYS.Key_Up, _KEYS.Key_Down)))
        return text

    def _picture(self) -> str:
        from bgviewer.ui.canvas import Canvas

        canvas = self._some(Canvas)
        if canvas is None:
            return "picture -"
        view, how = canvas.viewport(), self._modifiers()
        what = self.random.choice(("click", "click", "move", "move", "drag", "drag", "wheel"))
        what = self.random.choice((what, what, what, what, "double", "right", "middle"))
        self.done[-1] = text = f"picture {what} {how.name} on {_name(canvas)}"
        points = [self._point(view) for _ in range(4)]
        if what == "drag":
            button = self.random.choice((_LEFT, _LEFT, _BUTTONS.RightButton))
            self._drag(view, points, button, how)
        elif what == "wheel":
            self._wheel(view, points[0])
        elif what == "move":
            for point in points:
                QTest.mouseMove(view, point)
        elif what == "double":
            QTest.mouseDClick(view, _LEFT, how, points[0])
        else:
            button = {"right": _BUTTONS.RightButton, "middle": _BUTTONS.MiddleButton}
            QTest.mouseClick(view, button.get(what, _LEFT), how, points[0])
        return text

    def _list(self) -> str:
        table = self._some(QAbstractItemView)
        if table is None:
            return "list -"
        view = table.viewport()
        what = self.random.choice(("click", "click", "double", "menu", "key", "header", "wheel"))
        self.done[-1] = text = f"list {what} on {_name(table)}"
        if what == "key":
            QTest.keyClick(table, self.random.choice((*_MOVES, *_JUMPS, _KEYS.Key_Space)))
        elif what == "double":
            QTest.mouseDClick(view, _LEFT, pos=self._point(view))
        elif what == "menu":
            table.customContextMenuRequested.emit(self._point(view))
        elif what == "wheel":
            self._wheel(view, self._point(view))
        elif what == "header" and hasattr(table, "horizontalHeader"):
            header = table.horizontalHeader().viewport()
            QTest.mouseClick(header, _LEFT, pos=self._point(header))
        else:
            QTest.mouseClick(view, _LEFT, pos=self._point(view))
        return text

    def _tab(self) -> str:
        bar = self._some(QTabBar)
        if bar is None or not bar.count():
            return "tab -"
        number = self.random.randrange(bar.count())
        self.done[-1] = text = f"tab {bar.tabText(number)!r}"
        QTest.mouseClick(bar, _LEFT, pos=bar.tabRect(number).center())
        return text

    def _resize(self) -> str:
        size = self.random.choice(((900, 640), (1024, 700), (1280, 720), (760, 900)))
        self.done[-1] = text = f"resize {size}"
        self.window.resize(*size)
        return text

    def _load(self) -> str:
        path = self.random.choice(self.stacks)
        self.done[-1] = text = f"load {path.name}"
        self.window.load([str(path)])
        return text

    def _drop(self) -> str:
        path = self.random.choice(self.stacks)
        self.done[-1] = text = f"drop {path.name}"
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        how = (data, _LEFT, _MODS.NoModifier)
        copy, at = Qt.DropAction.CopyAction, QPoint(99, 99)
        QApplication.sendEvent(self.window, QDragEnterEvent(at, copy, *how))
        QApplication.sendEvent(self.window, QDropEvent(QPointF(at), copy, *how))
        return text

    def _undo(self) -> str:
        name = self.random.choice(("undo", "undo", "redo"))
        times = self.random.randint(1, 3)
        self.done[-1] = text = f"{name} {times} times"
        for _ in range(times):
            self.window.actions_[name].trigger()
        return text

    # ------------------------------------------------------------ what opens

    def _popup(self) -> str:
        popup = QApplication.activePopupWidget()
        self.done[-1] = text = f"popup {_name(popup)}"
        if isinstance(popup, QMenu) and self.random.random() < 0.6:
            for _ in range(self.random.randint(1, 6)):
                QTest.keyClick(popup, _KEYS.Key_Down)
            action = popup.activeAction()
            self.done[-1] = text = f"popup {_name(popup)} {action.text() if action else '-'!r}"
            if action is not None and action.menu() is None:
                QTest.keyClick(popup, _KEYS.Key_Return)
                return text
        QTest.keyClick(popup, _KEYS.Key_Escape)
        if popup is QApplication.activePopupWidget():
            popup.close()
        return text

    def _dialog(self) -> str:
        dialog = self._dialogs()[-1]
        self.done[-1] = text = f"dialog {type(dialog).__name__} {dialog.windowTitle()!r}"
        what = self.random.choice(("escape", "escape", "type", "press", "tab", "combo"))
        widget: QWidget | None = None
        if what == "type" and (widget := self._some(QLineEdit, dialog)) is not None:
            QTest.keyClicks(widget, self.random.choice(("x", "12", "-3.5", "a&b/")))
        elif what == "combo" and (widget := self._some(QComboBox, dialog)) is not None:
            QTest.keyClick(widget, self.random.choice(_MOVES))
        elif what == "press" and (widget := self._some(QAbstractButton, dialog)) is not None:
            text += f" {widget.text()!r}"
            self.done[-1] = text
            QTest.mouseClick(widget, _LEFT)
        elif what == "tab":
            QTest.keyClick(dialog, _KEYS.Key_Tab)
        else:
            QTest.keyClick(dialog, _KEYS.Key_Escape)
            if dialog.isVisible():
                dialog.reject()
        return f"{text} {what}"

    # ------------------------------------------------------------ hands

    def _drag(self, widget: QWidget, points, button=_LEFT, how=_MODS.NoModifier) -> None:
        QTest.mousePress(widget, button, how, points[0])
        for point in points[1:]:
            if not widget.isVisible():  # what was pressed may have gone
                return
            QTest.mouseMove(widget, point)
        QTest.mouseRelease(widget, button, how, points[-1])

    def _wheel(self, widget: QWidget, at: QPoint) -> None:
        event = QWheelEvent(
            QPointF(at),
            QPointF(widget.mapToGlobal(at)),
            QPoint(),
            QPoint(0, self.random.choice((-240, -120, 120, 240))),
            _BUTTONS.NoButton,
            self._modifiers(),
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)


def _name(widget) -> str:
    return widget.accessibleName() or widget.objectName() or type(widget).__name__
