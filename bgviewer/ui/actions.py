"""Menus, toolbar and keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PyQt6.QtCore import QCoreApplication, Qt
from PyQt6.QtGui import QAction, QActionGroup, QKeySequence
from PyQt6.QtWidgets import QMainWindow, QMenu, QToolBar

from bgviewer.ui.icons import icon

__all__ = ["Actions", "Entry"]

Keys = QKeySequence.StandardKey | str | tuple[str, ...] | None


@dataclass(frozen=True)
class Entry:
    """One action: where it stands, what it is called and what it does."""

    menu: str
    name: str
    text: str
    slot: Callable[..., object]
    keys: Keys = None
    icon: str = ""
    checked: bool | None = None
    tip: str = ""
    group: str = ""
    toolbar: bool = False
    separator: bool = field(default=False)


def _sequences(keys: Keys) -> list[QKeySequence]:
    if isinstance(keys, QKeySequence.StandardKey):
        return QKeySequence.keyBindings(keys)
    names = (keys,) if isinstance(keys, str) else keys or ()
    return [QKeySequence(name) for name in names]


class Actions:
    """Builds the actions of a window and finds them by name."""

    def __init__(self, window: QMainWindow, entries: list[Entry | None]) -> None:
        self._window = window
        self._by_name: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}
        self.menus: dict[str, QMenu] = {}
        self.toolbar = QToolBar(QCoreApplication.translate("Actions", "Toolbar"), window)
        self.toolbar.setObjectName("toolbar")
        self.toolbar.setMovable(False)
        self.toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        pending = False
        for entry in entries:
            if entry is None:
                pending = True
                continue
            menu = self._menu(entry.menu)
            if pending and not menu.isEmpty():
                menu.addSeparator()
            if pending and entry.toolbar and self.toolbar.actions():
                self.toolbar.addSeparator()
            pending = False
            self._add(entry, menu)
        window.addToolBar(self.toolbar)

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def items(self) -> list[tuple[str, QAction]]:
        """Return all actions with their names."""
        return list(self._by_name.items())

    def _menu(self, title: str) -> QMenu:
        if title not in self.menus:
            bar = self._window.menuBar()
            assert bar is not None
            menu = bar.addMenu(title)
            assert menu is not None
            menu.setToolTipsVisible(True)
            self.menus[title] = menu
        return self.menus[title]

    def _add(self, entry: Entry, menu: QMenu) -> None:
        action = QAction(entry.text, self._window)
        if entry.keys is not None:
            action.setShortcuts(_sequences(entry.keys))
        if entry.icon:
            action.setIcon(icon(entry.icon))
        if entry.checked is not None:
            action.setCheckable(True)
            action.setChecked(entry.checked)
            action.toggled.connect(entry.slot)
        else:
            action.triggered.connect(lambda checked=False: entry.slot())
        if entry.group:
            action.setActionGroup(self._group(entry.group))
        shortcut = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        plain = entry.text.replace("&", "").rstrip("…")
        tip = entry.tip or plain
        action.setToolTip(f"{tip} ({shortcut})" if shortcut else tip)
        action.setStatusTip("")
        menu.addAction(action)
        self._by_name[entry.name] = action
        if entry.toolbar:
            self.toolbar.addAction(action)

    def _group(self, name: str) -> QActionGroup:
        if name not in self._groups:
            self._groups[name] = QActionGroup(self._window)
        return self._groups[name]
