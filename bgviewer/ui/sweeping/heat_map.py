"""Settings as a table of colours with numbers: a row for each binning, a column for each model."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QRect, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QBrush, QColor, QFontMetrics, QKeyEvent, QPainter, QPen
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from bgviewer.io.units import squared
from bgviewer.tasks.sweep_view import HeatCell, HeatMap
from bgviewer.ui.format import count, number, with_unit
from bgviewer.ui.theme import colour_table, current_colours

__all__ = ["SIGNS", "HeatMapView", "readable_on", "short_model"]

SIGNS = {"choice": "✓", "best": "▼", "current": "●"}
"""Recommended, lowest score, set at present: told by shape, not by colour."""
_HEAT = int(Qt.ItemDataRole.UserRole)
_SHORT = {"_SPLINE": "", "NATURAL": "natural", "AKIMA": "Akima", "_PERIODIC": " periodic"}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


def short_model(name: str) -> str:
    """Return the name of a model as it fits over a column."""
    for long, short in _SHORT.items():
        name = name.replace(long, short)
    return name if name.startswith(("order", "P-spline")) else name[:1].upper() + name[1:].lower()


class _Model(QAbstractTableModel):
    """The map as Qt's views know it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.map: HeatMap | None = None
        self.unit = ""
        self.clickable = True

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of binnings."""
        return 0 if self.map is None else len(self.map.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of models."""
        return 0 if self.map is None else len(self.map.columns)

    def cell(self, index: QModelIndex) -> HeatCell | None:
        """Return the combination there."""
        if self.map is None or not index.isValid():
            return None
        return self.map.cells[index.row()][index.column()]

    def take(self, heat: HeatMap | None, unit: str, clickable: bool) -> None:
        """Show another map; the selection stays where the shape does."""
        old = None if self.map is None else (self.map.rows, self.map.columns)
        self.unit, self.clickable = unit, clickable
        if heat is not None and old == (heat.rows, heat.columns):
            self.map = heat
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self.map = heat
        self.endResetModel()

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Name rows and columns."""
        if self.map is None:
            return None
        if orientation == Qt.Orientation.Horizontal:
            name = self.map.columns[section]
            if role == Qt.ItemDataRole.DisplayRole:
                return short_model(name)
            return name if role == Qt.ItemDataRole.ToolTipRole else None
        size, statistic = self.map.rows[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{size} {statistic}" if self.map.statistics > 1 else str(size)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tr("binSize {}, gridStatistic {}").format(size, statistic)
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the number, the whole story, or the cell itself."""
        cell = self.cell(index)
        if cell is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(cell)
        if role == _HEAT:
            return cell
        if role == Qt.ItemDataRole.ToolTipRole:
            lines = self.story(cell)
            return f"<p><b>{escape(lines[0])}</b></p>" + "".join(
                f"<p>{escape(line)}</p>" for line in lines[1:]
            )
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ". ".join(self.story(cell))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignCenter
        return None

    def text(self, cell: HeatCell) -> str:
        """Return what stands in a cell."""
        if cell.swept is None:
            return "…"
        if cell.swept.score is None:
            return "✕"
        signs = "".join(s for name, s in SIGNS.items() if getattr(cell, name))
        text = ("<\u202f" if cell.is_limit else "") + number(cell.error, 3)
        return f"{text} {signs}" if signs else text

    def story(self, cell: HeatCell) -> list[str]:
        """Return what a cell says when asked."""
        lines, swept = [cell.candidate.text], cell.swept
        if swept is None:
            return [*lines, self.tr("Not tried yet.")]
        if swept.score is None or swept.training is None:
            return [*lines, self.tr("Not possible: {}").format(swept.reason)]
        square = squared(self.unit)
        lines.append(
            self.tr("Held-out score {} ± {}: mean squared error of the model where it was not "
                    "fitted.").format(
                number(swept.score.value), with_unit(swept.score.error, square, 2)
            )
        )  # fmt: skip
        error = with_unit(cell.error, self.unit, 3)
        text = self.tr("Its root, the error to expect of the model: below {}; the score is within "
                       "its error of 0.")  # fmt: skip
        if not cell.is_limit:
            text = self.tr("Its root, the error to expect of the model: {}.")
        lines.append(text.format(error))
        lines.append(
            self.tr("Training score {} (falls with every finer model); {} free numbers.").format(
                with_unit(swept.training.value, square), count(swept.freedom)
            )
        )
        if not math.isnan(swept.hidden):
            lines.append(
                self.tr("Over masked pixels that both exposures cover it may be off by {}.").format(
                    with_unit(swept.hidden, self.unit, 3)
                )
            )
        if swept.veto:
            lines.append(self.tr("Not recommended: it {}.").format(swept.veto))
        for name, text in (
            (
                "choice",
                self.tr("recommended: the simplest within one standard error of the best")
                if cell.candidate.penalty_order is None
                else self.tr("recommended: no simple model is clearly better"),
            ),
            ("best", self.tr("lowest score")),
            (
                "current",
                self.tr("set at present")
                if cell.exact
                else self.tr("set at present, but for cellCentroids"),
            ),
        ):
            if getattr(cell, name):
                lines.append(f"{SIGNS[name]} {text}")
        if swept.note:
            lines.append(swept.note)
        if self.clickable and not cell.exact:
            lines.append(self.tr("Click, or Return: apply it (undone by Ctrl+Z)."))
        return lines


def readable_on(red: int, green: int, blue: int) -> QColor:
    """Return black or white, whichever has more contrast (as WCAG 2 defines it) on a colour."""
    linear = [
        (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4)
        for c in (red / 255, green / 255, blue / 255)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return QColor("#000000") if luminance > 0.179 else QColor("#ffffff")


class _Painter(QStyledItemDelegate):
    """Paints a cell: colour, number, signs and frames."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._table = colour_table("sequential")

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return room for a number and its signs."""
        metrics = QFontMetrics(option.font)
        return QSize(metrics.horizontalAdvance("< 0.00123 ✓▼●") + 8, metrics.height() + 6)

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint one cell."""
        cell: HeatCell | None = index.data(_HEAT)
        if painter is None or cell is None:
            return
        painter.save()
        colours = current_colours()
        box, text = option.rect, option.palette.text().color()
        painter.fillRect(box, QColor(colours.card))
        if math.isfinite(cell.shade):
            red, green, blue = (int(c) for c in self._table[round(255 * cell.shade)][:3])
            painter.fillRect(box, QColor(red, green, blue))
            text = readable_on(red, green, blue)
        elif cell.swept is not None:
            painter.fillRect(box, QBrush(QColor(colours.hatching), Qt.BrushStyle.BDiagPattern))
        else:
            text = QColor(colours.muted)
        self._frames(painter, box, cell, text)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(text, 1, Qt.PenStyle.DotLine))
            painter.drawRect(box.adjusted(4, 4, -5, -5))
        if cell.choice or cell.current or cell.best:
            font = option.font
            font.setBold(True)
            painter.setFont(font)
        painter.setPen(text)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(index.data()))
        painter.restore()

    @staticmethod
    def _frames(painter: QPainter, box: QRect, cell: HeatCell, colour: QColor) -> None:
        """Frame what is recommended by a line, what is set by dashes."""
        gap = 2 if box.height() > 21 else 1
        frame = box.adjusted(gap, gap, -gap - 1, -gap - 1)
        if cell.choice:
            painter.setPen(QPen(colour, gap))
            painter.drawRect(frame)
        elif cell.current:
            painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
            painter.drawRect(frame)


class HeatMapView(QTableView):
    """The map; a click on a cell, or Return, wishes for its settings."""

    chosen = pyqtSignal(object)
    """The `HeatCell` that was clicked; it has a score."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heat = _Model(self)
        self.setModel(self.heat)
        self.setItemDelegate(_Painter(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setCornerButtonEnabled(False)
        self.setShowGrid(True)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(self.tr("Expected errors by binSize and model"))
        for header in (self.horizontalHeader(), self.verticalHeader()):
            assert header is not None
            header.setSectionsClickable(False)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
            header.setMinimumSectionSize(15)
        self.setMinimumSize(320, 90)
        self.clicked.connect(self._choose)

    def show_map(self, heat: HeatMap | None, unit: str = "", clickable: bool = True) -> None:
        """Show a map; `clickable` says whether its cells can be applied."""
        self.heat.take(heat, unit, clickable)
        horizontal = self.horizontalHeader()
        if heat is not None and horizontal is not None:
            wide = len(heat.columns) * 62 > self.viewport().width()  # type: ignore[union-attr]
            mode = QHeaderView.ResizeMode
            horizontal.setSectionResizeMode(mode.ResizeToContents if wide else mode.Stretch)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Let Return choose."""
        if event is not None and event.key() in _ENTER:
            self._choose(self.currentIndex())
            event.accept()
            return
        super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        cell = self.heat.cell(index)
        if cell is not None and self.heat.clickable and cell.swept is not None and cell.swept.valid:
            self.chosen.emit(cell)
