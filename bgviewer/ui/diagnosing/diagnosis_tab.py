"""Diagnostics of the shown match as a table, with the words and remedies of the selected one."""

from __future__ import annotations

from html import escape

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QHideEvent, QShowEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bgviewer.errors import Remedy
from bgviewer.session.session import Session
from bgviewer.tasks.diagnostic import ABOVE, EXPECTED, UNKNOWN, Diagnostic
from bgviewer.tasks.diagnostics import Diagnosis
from bgviewer.tasks.error_map import error_picture
from bgviewer.ui.diagnosing.error_map_view import ErrorMapView
from bgviewer.ui.diagnosing.words import state_text
from bgviewer.ui.labels import ElidedLabel

__all__ = ["DiagnosisTab"]

_ORDER = (ABOVE, EXPECTED, UNKNOWN)
_REMEDIES = 4  # buttons that are kept ready


class DiagnosisTab(QWidget):
    """Follows the match while it is seen; hidden it holds and computes nothing."""

    remedy_chosen = pyqtSignal(object)
    """A `Remedy` to apply."""
    sweep_asked = pyqtSignal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._source = session, session.diagnoser.diagnosis
        self._painted: Diagnosis | None = None
        self._key = ""
        self.updates = 0
        self.line = ElidedLabel()
        self._build_table()
        self._build_detail()
        self.map = ErrorMapView()
        self._place()
        self._source.changed.connect(self.refresh)

    # ------------------------------------------------------------ building

    def _build_table(self) -> None:
        self.table = QTableWidget(0, 5)
        names = (
            self.tr("State"),
            self.tr("Diagnostic"),
            self.tr("Value"),
            self.tr("Expected"),
            self.tr("In words"),
        )
        self.table.setHorizontalHeaderLabels(names)
        self.table.setAccessibleName(self.tr("Diagnostics of the match"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setAlternatingRowColors(True)
        vertical, horizontal = self.table.verticalHeader(), self.table.horizontalHeader()
        assert vertical is not None and horizontal is not None
        vertical.hide()
        vertical.setMinimumSectionSize(15)
        vertical.setDefaultSectionSize(self.fontMetrics().height() + 3)
        horizontal.setSectionsClickable(False)
        horizontal.setHighlightSections(False)
        horizontal.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        horizontal.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        horizontal.setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
        self.table.setMinimumSize(320, 80)
        self.table.itemSelectionChanged.connect(self._on_row)
        self.table.cellClicked.connect(self._on_row)  # also the row that was selected already

    def _build_detail(self) -> None:
        self.detail = QLabel()
        self.detail.setTextFormat(Qt.TextFormat.RichText)
        self.detail.setWordWrap(True)
        self.detail.setAlignment(Qt.AlignmentFlag.AlignTop)
        flags = Qt.TextInteractionFlag
        self.detail.setTextInteractionFlags(
            flags.TextSelectableByMouse | flags.TextSelectableByKeyboard
        )
        self.detail.setAccessibleName(self.tr("The selected diagnostic in words"))
        self.buttons = tuple(QPushButton() for _ in range(_REMEDIES))
        self.sweep = QPushButton(self.tr("Find settings…"))
        self.sweep.clicked.connect(self.sweep_asked)
        self._remedies: tuple[Remedy, ...] = ()
        for number, button in enumerate(self.buttons):
            button.clicked.connect(lambda _, n=number: self._choose(n))

    def _place(self) -> None:
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.detail)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        remedies = QHBoxLayout()
        remedies.setSpacing(4)
        for button in (*self.buttons, self.sweep):
            button.hide()
            remedies.addWidget(button)
        remedies.addStretch(1)
        middle = QVBoxLayout()
        middle.setSpacing(3)
        middle.addWidget(scroll, 1)
        middle.addLayout(remedies)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.table, 5)
        row.addLayout(middle, 3)
        row.addWidget(self.map, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 3, 6, 4)
        column.setSpacing(3)
        column.addWidget(self.line)
        column.addLayout(row, 1)

    # ------------------------------------------------------------ news

    def showEvent(self, event: QShowEvent | None) -> None:
        """Begin to follow the match."""
        super().showEvent(event)
        self._source.watch(True)
        self.refresh()

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Cease to follow it."""
        super().hideEvent(event)
        self._source.watch(False)
        self._paint(None)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.map.follow_palette()
        if self._painted is not None:
            self._fill(self._painted)

    def refresh(self) -> None:
        """Show what is known now."""
        if not self.isVisible():
            return
        self.updates += 1
        found: Diagnosis | None = self._source.value
        self.line.setText(self._headline(found))
        if found is not self._painted:
            self._paint(found)
        for button in (*self.buttons, self.sweep):
            button.setEnabled(self._source.current)

    def _headline(self, found: Diagnosis | None) -> str:
        match, stack = self._session.state.match, self._session.state.stack
        if stack is None:
            return self.tr("Open exposures to diagnose their match.")
        if match.withheld:
            return match.withheld
        if found is None:
            reason = self._source.reason
            text = self.tr("The match could not be diagnosed: {}").format(reason)
            return text if reason and not self._source.working else self.tr("Diagnosing…")
        counts = {s: sum(d.state == s for d in found.items) for s in _ORDER}
        text = ", ".join(f"{n} {state_text(s)}" for s, n in counts.items() if n)
        shown = self._source.shown
        if shown is not None:
            name = shown.stack[shown.science_id].name
            text = f"{name}: {text}"
        if not self._source.current or self._source.working:
            text = self.tr("◌ Of an earlier match, the new one is being diagnosed. ") + text
        return text

    # ------------------------------------------------------------ painting

    def _paint(self, found: Diagnosis | None) -> None:
        self._painted = found
        if found is None:
            self.table.setRowCount(0)
            self._explain(None)
            self.map.show_picture(None)
            return
        self._fill(found)
        shown = self._source.shown
        unit = "" if shown is None else shown.figures.unit
        errors = found.uncertainty
        self.map.show_picture(None if errors is None else error_picture(errors), unit)
        self._explain(self._selected())

    def _fill(self, found: Diagnosis) -> None:
        keys = [d.key for d in found.items]
        wanted = self._key if self._key in keys else self._first(found)
        self.table.blockSignals(True)
        self.table.setRowCount(len(keys))
        for row, item in enumerate(found.items):
            texts = (
                state_text(item.state),
                item.name,
                item.figure,
                item.expected or "–",
                item.advice or item.good,
            )
            for column, text in enumerate(texts):
                self._cell(row, column).setText(text)
            for column in range(5):
                self._cell(row, column).setToolTip(f"<p>{escape(item.sentence)}</p>")
        self.table.selectRow(keys.index(wanted))
        self.table.blockSignals(False)

    def _cell(self, row: int, column: int) -> QTableWidgetItem:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            self.table.setItem(row, column, item)
        return item

    @staticmethod
    def _first(found: Diagnosis) -> str:
        return (found.above or found.items)[0].key

    def _selected(self) -> Diagnostic | None:
        row = self.table.currentRow()
        found = self._painted
        return None if found is None or not 0 <= row < len(found.items) else found.items[row]

    def _on_row(self) -> None:
        item = self._selected()
        if item is not None:
            self._key = item.key
        self._explain(item)

    def _explain(self, item: Diagnostic | None) -> None:
        self._remedies = () if item is None else item.remedies[:_REMEDIES]
        if item is None:
            self.detail.setText("")
        else:
            lines = [f"<b>{escape(item.name)}: {escape(item.figure)}</b> {state_text(item.state)}"]
            lines += [escape(item.what), escape(item.good)]
            if item.advice:
                lines.append(f"<b>{self.tr('What to try:')}</b> {escape(item.advice)}")
            self.detail.setText("".join(f"<p style='margin:0 0 4px'>{t}</p>" for t in lines if t))
        for number, button in enumerate(self.buttons):
            button.setVisible(number < len(self._remedies))
            if number < len(self._remedies):
                button.setText(self._remedies[number].text)
                button.setAccessibleName(self._remedies[number].text)
        self.sweep.setVisible(item is not None and item.state != EXPECTED)

    def _choose(self, number: int) -> None:
        if number < len(self._remedies):
            self._on_row()  # one wants to see what becomes of this one
            self.remedy_chosen.emit(self._remedies[number])
