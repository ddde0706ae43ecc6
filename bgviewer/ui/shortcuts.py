"""Who gets a key: the window's actions everywhere, except where text is being typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, QKeyCombination, QObject, Qt
from PyQt6.QtGui import QKeyEvent, QKeySequence
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGraphicsView,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["Shortcuts"]

_KEYPAD = Qt.KeyboardModifier.KeypadModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_PLAIN = Qt.KeyboardModifier.NoModifier
_UNDO_KEYS = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)
_CLIPBOARD = (
    QKeySequence.StandardKey.Copy,
    QKeySequence.StandardKey.Cut,
    QKeySequence.StandardKey.Paste,
    QKeySequence.StandardKey.SelectAll,
)
_MOVES = (
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_Backspace,
    Qt.Key.Key_Delete,
)


class Shortcuts(QObject):
    """Gives every key that is a shortcut of an action to that action, whatever has the focus.

    Exceptions: a text field keeps the keys that type, edit and move in its text; a button, a list
    with check boxes and a combo box keep Space.  Images decide themselves (`Keyboard`,
    `RegionTool`).

    Parameters
    ----------
    window : MainWindow
        The focus is followed inside it.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._follow)

    def _follow(self, old: QWidget | None, new: QWidget | None) -> None:
        if old is not None:
            old.removeEventFilter(self)
        if new is not None and new.window() is self._window and not _is_image(new):
            new.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Decide whether the focused widget may claim a key."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
            return False
        if _is_space(event) and _uses_space(watched):
            event.accept()
            return True
        if not self._is_taken(event) or (_is_text_field(watched) and _is_typing(watched, event)):
            return False
        event.ignore()
        return True

    def _is_taken(self, event: QKeyEvent) -> bool:
        """Whether an action has this key."""
        keys = QKeyCombination(event.modifiers() & ~_KEYPAD, Qt.Key(event.key()))
        pressed = QKeySequence(keys)
        return any(pressed in action.shortcuts() for _, action in self._window.actions_.items())


def _is_image(widget: QWidget) -> bool:
    return isinstance(widget, QGraphicsView)


def _is_space(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_Space and event.modifiers() == _PLAIN


def _uses_space(widget: QObject | None) -> bool:
    if isinstance(widget, QAbstractItemView):
        flags = widget.currentIndex().flags()
        return bool(flags & Qt.ItemFlag.ItemIsUserCheckable)
    return isinstance(widget, (QAbstractButton, QComboBox))


def _is_text_field(widget: QObject | None) -> bool:
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    return isinstance(widget, (QLineEdit, QAbstractSpinBox, QPlainTextEdit, QTextEdit))


def _is_typing(widget: QObject | None, event: QKeyEvent) -> bool:
    """Whether a key types, edits or moves in the text of a field."""
    modifiers = event.modifiers() & ~_KEYPAD
    control_y = QKeySequence(event.keyCombination()) == QKeySequence("Ctrl+Y")
    if control_y or any(event.matches(key) for key in _UNDO_KEYS):
        # A number's field leaves Undo to the window unless something is being typed into it.
        return not isinstance(widget, QAbstractSpinBox) or _being_typed(widget)
    if any(event.matches(key) for key in _CLIPBOARD) or event.key() in _MOVES:
        return True
    return modifiers in (_PLAIN, _SHIFT) and event.key() < Qt.Key.Key_Escape


def _being_typed(spin: QAbstractSpinBox) -> bool:
    edit = spin.lineEdit()
    if edit is None or not edit.isModified():
        return False
    # A number that was taken by Return stays "modified" for Qt.
    value, write = getattr(spin, "value", None), getattr(spin, "textFromValue", None)
    if value is None or write is None:
        return True
    committed = f"{spin.prefix()}{write(value())}{spin.suffix()}"  # type: ignore[attr-defined]
    return bool(edit.text() != committed)
