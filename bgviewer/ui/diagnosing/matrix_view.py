"""Pairs of exposures as a matrix with numbers and signs; a click goes to the pair."""

from __future__ import annotations

from html import escape
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, Qt, pyqtSignal
from PyQt6.QtGui import QBrush, QColor, QKeyEvent
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from bgviewer.tasks.consistency_view import Matrix, MatrixCell
from bgviewer.ui.diagnosing.words import state_text
from bgviewer.ui.plain_text import plain_tip
from bgviewer.ui.theme import current_colours

__all__ = ["MatrixView"]

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
_LONGEST = 14  # letters of a name beside a row


class _Model(QAbstractTableModel):
    """The matrix as Qt's views know it."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._view = view
        self.matrix: Matrix | None = None

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of exposures."""
        return 0 if self.matrix is None else len(self.matrix.ids)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of exposures."""
        return self.rowCount()

    def take(self, matrix: Matrix | None) -> None:
        """Show another matrix."""
        self.beginResetModel()
        self.matrix = matrix
        self.endResetModel()

    def cell(self, index: QModelIndex) -> MatrixCell | None:
        """Return the pair there."""
        if self.matrix is None or not index.isValid():
            return None
        return self.matrix.cells[index.row()][index.column()]

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Name rows and columns."""
        if self.matrix is None:
            return None
        name = self.matrix.names[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(name)
        if role == Qt.ItemDataRole.DisplayRole:
            if orientation == Qt.Orientation.Horizontal:
                name = self.matrix.short_names[section]
            return name if len(name) <= _LONGEST else "…" + name[1 - _LONGEST :]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the number, the whole story, or how it is painted."""
        cell = self.cell(index)
        if cell is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return "".join(f"<p>{escape(line)}</p>" for line in self._story(cell))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return " ".join(self._story(cell))
        if role == Qt.ItemDataRole.BackgroundRole and not cell.state:
            return QBrush(QColor(current_colours().hatching), Qt.BrushStyle.BDiagPattern)
        return None

    def _story(self, cell: MatrixCell) -> list[str]:
        if not cell.state:
            return list(cell.story)
        return [*cell.story, state_text(cell.state), self.tr("Click, or Return: go there.")]


class MatrixView(QTableView):
    """The matrix; a click on a cell, Return, or a click on a name wishes to go there."""

    pair_chosen = pyqtSignal(int, int)
    exposure_chosen = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pairs = _Model(self)
        self.setModel(self.pairs)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setMinimumSize(260, 80)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            assert header is not None
            header.setMinimumSectionSize(15)
            header.setHighlightSections(False)
            header.setSectionsClickable(True)
            header.sectionClicked.connect(self._choose_name)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None and columns is not None
        rows.setDefaultSectionSize(self.fontMetrics().height() + 5)
        columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.clicked.connect(self._choose)

    def show_matrix(self, matrix: Matrix | None) -> None:
        """Show another matrix; None = none."""
        if matrix is not self.pairs.matrix:
            self.pairs.take(matrix)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Let Return choose."""
        if event is not None and event.key() in _ENTER:
            self._choose(self.currentIndex())
            event.accept()
            return
        super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        cell = self.pairs.cell(index)
        if cell is not None:
            self.pair_chosen.emit(cell.first, cell.second)

    def _choose_name(self, section: int) -> None:
        if self.pairs.matrix is not None:
            self.exposure_chosen.emit(self.pairs.matrix.ids[section])
