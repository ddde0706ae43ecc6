"""Comparing the snapshots A and B in the panels, and the list of what differs."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bgviewer.session.session import Session
from bgviewer.tasks.compare import Difference
from bgviewer.ui.format import number, plain, with_unit
from bgviewer.ui.overlay import Overlay
from bgviewer.ui.panels import Panels
from bgviewer.ui.plain_text import plain_label, plain_tip

__all__ = ["BLINK_INTERVAL", "Compare", "DifferencesPanel"]

BLINK_INTERVAL = 600
"""Milliseconds that each of A and B is seen while they blink; more than half a second."""
_STEP = 0.05  # of the width, for one key press


class Compare(QObject):
    """Shows A and B over the panels: one of them, both in turn, or side by side.

    Parameters
    ----------
    session : Session
    panels : Panels
    """

    changed = pyqtSignal()

    def __init__(self, session: Session, panels: Panels) -> None:
        super().__init__(panels)
        self._session, self._panels = session, panels
        self._views = session.stack_views
        self.overlays = tuple(Overlay(panel) for panel in panels.all)
        self._mode, self._slot, self._share = "", 0, 0.5
        self._loaded: Any = None
        self._timer = QTimer(self)
        self._timer.setInterval(BLINK_INTERVAL)
        self._timer.timeout.connect(self._swap)
        for overlay in self.overlays:
            overlay.moved.connect(self._on_moved)
        for signal in (session.config_changed, session.pair_changed, session.plan_changed):
            signal.connect(self.stop)
        session.stack_changed.connect(self.stop)
        session.match_changed.connect(self._on_match)
        self._views.changed.connect(self._on_snapshots)

    @property
    def mode(self) -> str:
        """How A and B are seen: "" (not at all), "toggle", "blink" or "split"."""
        return self._mode

    @property
    def slot(self) -> str:
        """Which one is seen while they take turns: "a" or "b"."""
        return "ab"[self._slot]

    def toggle(self) -> None:
        """Show A, or the other one of A and B."""
        if self._ready():
            self._slot = 1 - self._slot if self._mode in ("toggle", "blink") else 0
            self._enter("toggle")

    def blink(self) -> None:
        """Show A and B in turn, or stop doing so."""
        if self._mode == "blink":
            self.stop()
        elif self._ready():
            self._enter("blink")

    def split(self) -> None:
        """Show A left and B right of a line, or stop doing so."""
        if self._mode == "split":
            self.stop()
        elif self._ready():
            self._enter("split")

    def split_left(self) -> None:
        """Move the line to the left."""
        self._on_moved(max(self._share - _STEP, 0.0))

    def split_right(self) -> None:
        """Move the line to the right."""
        self._on_moved(min(self._share + _STEP, 1.0))

    def stop(self) -> None:
        """Show the present again."""
        if self._mode:
            self._mode = ""
            self._timer.stop()
            for overlay in self.overlays:
                overlay.hide()
            self.changed.emit()

    def _ready(self) -> bool:
        """Whether there are two snapshots to compare, loaded into the panels."""
        a, b = self._views.snapshot("a"), self._views.snapshot("b")
        if a is None or b is None:
            self._session.notice(
                "info",
                self.tr("Keep two snapshots first: A with Ctrl+Shift+A, B with Ctrl+Shift+B."),
            )
            return False
        present = self._panels.third.picture
        wanted = (a.base, b.base, present.kind if present is not None else "")
        if wanted != self._loaded:
            self._loaded = wanted
            pairs = zip(_pictures(a.base), _pictures(b.base), self.overlays, strict=True)
            for first, second, overlay in pairs:
                overlay.load(first, second)
        return True

    def _enter(self, mode: str) -> None:
        self._mode = mode
        self._timer.start() if mode == "blink" else self._timer.stop()
        for overlay in self.overlays:
            overlay.follow_levels()
        self._show()

    def _show(self) -> None:
        for overlay in self.overlays:
            if self._mode == "split":
                overlay.show_split(self._share)
            elif self._mode:
                overlay.show(self._slot)
        self.changed.emit()

    def _swap(self) -> None:
        self._slot = 1 - self._slot
        self._show()

    def _on_moved(self, share: float) -> None:
        self._share = share
        if self._mode == "split":
            self._show()

    def _on_match(self) -> None:
        """Another third view has been painted: A and B may not show it."""
        if self._mode and self._ready():
            self._show()

    def _on_snapshots(self) -> None:
        self.stop()
        if self._views.snapshot("a") is None or self._views.snapshot("b") is None:
            self._loaded = None


def _pictures(base: Any) -> tuple[Any, ...]:
    return base.model, base.residuals, base.third


class DifferencesPanel(QWidget):
    """A table of the settings and figures in which A and B differ."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._views = session.stack_views
        self.hint = QLabel()
        plain_label(self.hint)
        self.hint.setWordWrap(True)
        self.hint.setMargin(6)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels([self.tr("What differs"), "A", "B"])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setAccessibleName(self.tr("What differs between A and B"))
        self.table.setAlternatingRowColors(True)
        self.table.setWhatsThis(
            self.tr(
                "Only what is not the same in A and B. Example: order 2 → 6 and fitRMS "
                "0.41 → 0.12 says that the higher order left a third of the residuals."
            )
        )
        for header in (self.table.verticalHeader(), self.table.horizontalHeader()):
            assert header is not None
        self.table.verticalHeader().hide()  # type: ignore[union-attr]
        self.table.horizontalHeader().setSectionResizeMode(  # type: ignore[union-attr]
            QHeaderView.ResizeMode.Stretch
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.hint)
        column.addWidget(self.table, 1)
        self._views.changed.connect(self._refresh)
        session.match_changed.connect(self._refresh_figures)
        self._rows: tuple[Difference, ...] | None = None
        self._refresh()

    def _refresh_figures(self) -> None:
        """The last figures of a snapshot may have become known."""
        if self.isVisible():
            self._refresh()

    def _refresh(self) -> None:
        rows = self._views.differences()
        a, b = self._views.snapshot("a"), self._views.snapshot("b")
        text = ""
        if a is None or b is None:
            text = self.tr(
                "Keep two snapshots to compare: A with Ctrl+Shift+A, change something, then B "
                "with Ctrl+Shift+B."
            )
        elif not rows:
            text = self.tr("A and B do not differ in anything.")
        self.hint.setText(text)
        self.hint.setVisible(bool(text))
        self.table.setVisible(not text)
        if rows == self._rows:
            return
        self._rows = rows
        self.table.setRowCount(len(rows))
        for i, row in enumerate(rows):
            for j, value in enumerate((row.name, _text(row.a, row.unit), _text(row.b, row.unit))):
                item = QTableWidgetItem(value)
                item.setToolTip(plain_tip(value))
                self.table.setItem(i, j, item)


def _text(value: Any, unit: str) -> str:
    if isinstance(value, float):
        return with_unit(value, unit)
    if value is None:
        return number(None)
    text = ", ".join(value) if isinstance(value, tuple) else plain(value)
    return f"{text} {unit}" if unit else text
