"""What the Help menu tells."""

from __future__ import annotations

from html import escape

from PyQt6.QtCore import PYQT_VERSION_STR, QCoreApplication, Qt, qVersion
from PyQt6.QtGui import QGuiApplication, QKeySequence
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from bgviewer.tasks.versions import versions

__all__ = ["AboutDialog", "KeysDialog", "key_list", "versions_text"]

_NATIVE = QKeySequence.SequenceFormat.NativeText


def _rows_of(menu: QMenu) -> list[tuple[str, str]]:
    rows = []
    for action in menu.actions():
        if (inner := action.menu()) is not None:
            rows += _rows_of(inner)
        keys = ", ".join(k.toString(_NATIVE) for k in action.shortcuts())
        if keys:
            rows.append((action.text().replace("&", "").rstrip("…"), keys))
    return rows


def _other_keys() -> list[tuple[str, list[tuple[str, str]]]]:
    """Keys and gestures that no menu tells, by where they work."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("Help", text)

    return [
        (
            tr("In an image"),
            [
                (tr("Move the cursor by one pixel"), "← → ↑ ↓"),
                (tr("Move the cursor by ten pixels"), "⇧ ← → ↑ ↓"),
                (tr("Freeze the read-out, or let it go"), "F"),
                (tr("Zoom"), tr("wheel")),
                (tr("Move the image"), tr("drag")),
                (tr("Inspect a bin (residuals, cells)"), tr("click")),
            ],
        ),
        (
            tr("Everywhere"),
            [
                (tr("Next, previous control"), "Tab, ⇧ Tab"),
                (tr("Value of a slider or number"), tr("← → ↑ ↓, Home, End")),
                (tr("Switch a check box, press a button"), tr("Space")),
                (tr("Open a menu"), tr("Alt + underlined letter")),
            ],
        ),
    ]


def key_list(menus: list[QMenu]) -> str:
    """Return the keys of all actions, and those that no menu tells, as rich text."""
    groups = [(menu.title().replace("&", ""), _rows_of(menu)) for menu in menus]
    parts: list[str] = []
    for title, rows in [*groups, *_other_keys()]:
        if not rows:
            continue
        gap = "<br>" if parts else ""
        parts.append(f"<tr><td colspan='2'>{gap}<b>{escape(title)}</b></td></tr>")
        parts += [
            f"<tr><td>{escape(text)}&nbsp;&nbsp;&nbsp;</td><td>{escape(keys)}</td></tr>"
            for text, keys in rows
        ]
    return "<table cellspacing='2'>" + "".join(parts) + "</table>"


def versions_text() -> str:
    """Return the versions of the program and of all it stands on, a line each."""
    found = list(versions(("pyqtgraph",)))
    found[2:2] = [("Qt", str(qVersion())), ("PyQt", PYQT_VERSION_STR)]
    return "\n".join(f"{name} {text}" for name, text in found)


class _Told(QDialog):
    """A text that does not stop the work."""

    def __init__(self, title: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = QLabel(text)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.rejected.connect(self.reject)
        self.column = QVBoxLayout(self)


class KeysDialog(_Told):
    """The list of keys; may stay open while one works."""

    def __init__(self, menus: list[QMenu], parent: QWidget) -> None:
        super().__init__(parent.tr("Keyboard list"), key_list(menus), parent)
        self.text.setMargin(10)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(self.text)
        area.setAccessibleName(self.tr("Keyboard list"))
        self.column.addWidget(area)
        self.column.addWidget(self.buttons)
        self.resize(460, min(640, max(360, parent.height() - 80)))


class AboutDialog(_Told):
    """What the program is, and the versions to copy."""

    def __init__(self, parent: QWidget) -> None:
        told = QCoreApplication.translate(
            "Help",
            "<h3>bgviewer</h3><p>Matches the sky backgrounds of astronomical exposures as LSST's "
            "MatchBackgroundsTask does: a smooth model of reference − science is ADDED to each "
            "science exposure.</p><p>GPL-3.0-or-later.</p>",
        )
        super().__init__(parent.tr("About bgviewer"), told, parent)
        rows = (line.partition(" ") for line in versions_text().splitlines())
        table = "".join(
            f"<tr><td>{escape(name)}&nbsp;&nbsp;&nbsp;</td><td>{escape(text)}</td></tr>"
            for name, _, text in rows
        )
        self.versions = QLabel(f"<table>{table}</table>")
        self.versions.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy_button = QPushButton(self.tr("&Copy versions"))
        self.copy_button.setToolTip(self.tr("Copy the versions as text, for a bug report"))
        self.copy_button.clicked.connect(self._copy)
        self.buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        for widget in (self.text, self.versions, self.buttons):
            self.column.addWidget(widget)
        self.setMinimumWidth(440)

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(versions_text())
        self.copy_button.setText(self.tr("Copied"))
