"""The ranking as a table model, and the bar that shows what a cost is made of."""

from __future__ import annotations

import math
from typing import Any

from PyQt6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    QSortFilterProxyModel,
    Qt,
)
from PyQt6.QtGui import QBrush, QColor, QFont, QPainter, QPalette, QPen
from PyQt6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from bgviewer.session.session import Session
from bgviewer.session.state import StackState
from bgviewer.ui.format import count, number
from bgviewer.ui.theme import TERM_COLOURS, TERM_PATTERNS, colours_of

__all__ = ["COLUMNS", "SORT_ROLE", "RankingModel", "RankingProxy", "TermsDelegate"]

COLUMNS = ("name", "cost", "terms", "fit_rms", "ratio", "state")
SORT_ROLE = int(Qt.ItemDataRole.UserRole)
_TERMS = ("variance", "level", "coverage")
Index = QModelIndex | QPersistentModelIndex


class RankingModel(QAbstractTableModel):
    """One row per exposure; reads the session's state, computes nothing."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows = 0
        self._compact = False
        self._headings = (
            (self.tr("Exposure"), self.tr("Name; the star marks the reference")),
            (
                self.tr("Cost"),
                self.tr("Weighted sum of the three terms; the smallest is the best reference"),
            ),
            (
                self.tr("Terms"),
                self.tr("What the cost is made of: variance, level and coverage, weighted"),
            ),
            (
                self.tr("fitRMS"),
                self.tr("Root mean square of bin − model, in the exposures' unit"),
            ),
            (
                self.tr("Ratio"),
                self.tr("matchedMSE / diffImVar; about 1 when only pixel noise is left"),
            ),
            (self.tr("State"), self.tr("Whether the exposure has been matched, and why not")),
        )
        self._reset()
        session.stack_changed.connect(self._reset)
        for signal in (session.ranking_changed, session.pair_changed, session.outcomes_changed):
            signal.connect(self._refresh)

    def set_compact(self, compact: bool) -> None:
        """Show signs instead of words where there is little room."""
        if compact != self._compact:
            self._compact = compact
            self._refresh()

    def _reset(self) -> None:
        self.beginResetModel()
        stack = self._session.state.stack
        self._rows = 0 if stack is None else len(stack)
        self.endResetModel()

    def _refresh(self) -> None:
        if self._rows:
            last = self.index(self._rows - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    # ------------------------------------------------------------ Qt's questions

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of exposures."""
        return 0 if parent.isValid() else self._rows

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Headings and what they mean."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._headings[section][0]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._headings[section][1]
        if role == Qt.ItemDataRole.TextAlignmentRole and COLUMNS[section] in _NUMERIC:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        stack = self._session.state.stack
        if stack is None or not index.isValid() or index.row() >= len(stack):
            return None
        row, column = index.row(), COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(stack, row, column)
        if role == SORT_ROLE:
            return self._sort_key(stack, row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(stack, row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _NUMERIC:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.FontRole:
            return self._font(row, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._foreground(row, column)
        return None

    # ------------------------------------------------------------ what they are told

    def state_of(self, row: int) -> tuple[str, str]:
        """Return the status word of an exposure and the reason or remark that goes with it."""
        stack = self._session.state.stack
        assert stack is not None
        entry = stack.stack.entries[row]
        if not stack.usable(row):
            problem = str(entry.problem) if entry.problem is not None else ""
            return "failed", stack.reasons[row] or problem
        if self._session.is_reference(row):
            return "reference", ""
        outcome, current = self._session.outcome(row)
        if outcome is None or (outcome.status == "failed" and not current):
            return "not matched", ""
        remark = outcome.reason or "\n".join(outcome.adjustments)
        return (outcome.status if current else "outdated"), remark

    def weighted(self, row: int) -> tuple[float, float, float] | None:
        """Weighted terms variance, level, coverage; None where there is no cost."""
        stack = self._session.state.stack
        if stack is None or stack.ranking is None:
            return None
        values = tuple(float(v) for v in stack.ranking.terms.weighted[row])
        return values if all(math.isfinite(v) for v in values) else None  # type: ignore[return-value]

    def largest_cost(self) -> float:
        """Length that a full bar stands for."""
        stack = self._session.state.stack
        if stack is None or stack.ranking is None:
            return 1.0
        costs = [sum(map(abs, w)) for i in range(len(stack)) if (w := self.weighted(i))]
        return max(costs, default=1.0) or 1.0

    def _text(self, stack: StackState, row: int, column: str, short: bool = True) -> str:
        if column == "name":
            name = stack.stack.entries[row].name
            return f"★ {name}" if self._session.is_reference(row) else name
        if column == "cost":
            return number(self._cost(stack, row), 3)
        if column == "state":
            text = {
                "failed": self.tr("✕ failed"),
                "reference": self.tr("★ reference"),
                "not matched": self.tr("○ not yet"),
                "matched": self.tr("● matched"),
                "outdated": self.tr("◌ outdated"),
            }[self.state_of(row)[0]]
            return text[0] if self._compact and short else text
        if column in ("fit_rms", "ratio"):
            return number(self._figure(row, column), 3)
        return ""

    def _cost(self, stack: StackState, row: int) -> float:
        return math.nan if stack.ranking is None else float(stack.ranking.cost[row])

    def _figure(self, row: int, column: str) -> float | None:
        outcome, _ = self._session.outcome(row)
        if outcome is None or self._session.is_reference(row):
            return None
        value: float | None = getattr(outcome, column)
        return value

    def _sort_key(self, stack: StackState, row: int, column: str) -> Any:
        if column == "name":
            return stack.stack.entries[row].name.lower()
        if column == "state":
            return self.state_of(row)[0]
        if column in ("cost", "terms"):
            return _last(self._cost(stack, row))
        return _last(self._figure(row, column))

    def _tip(self, stack: StackState, row: int, column: str) -> str:
        entry = stack.stack.entries[row]
        state, remark = self.state_of(row)
        lines = [f"{entry.name}: {self._text(stack, row, 'state', short=False)[2:]}"]
        if state == "outdated":
            lines.append(self.tr("matched with other settings or to another reference"))
        if remark:
            lines.append(remark)
        measured = stack.measurements[row]
        if column in ("cost", "terms", "name") and measured is not None:
            lines.append(
                self.tr("pixel variance {}, level {}, {} good pixels").format(
                    number(measured.pixel_variance),
                    number(measured.level),
                    count(int(measured.coverage)),
                )
            )
        weighted = self.weighted(row)
        if column in ("cost", "terms") and weighted is not None:
            names = (self.tr("variance"), self.tr("level"), self.tr("coverage"))
            lines += [f"{n}: {number(v, 3)}" for n, v in zip(names, weighted, strict=True)]
        if column == "name" and entry.path is not None:
            lines.append(str(entry.path))
        return "\n".join(lines)

    def _font(self, row: int, column: str) -> QFont | None:
        font = QFont()
        if column in ("name", "state") and self._session.is_reference(row):
            font.setBold(True)
            return font
        if column in ("fit_rms", "ratio") and self.state_of(row)[0] == "outdated":
            font.setItalic(True)
            return font
        return None

    def _foreground(self, row: int, column: str) -> QBrush | None:
        colours = colours_of(_palette())
        state = self.state_of(row)[0]
        if state == "failed":
            return QBrush(QColor(colours.bad if column == "state" else colours.muted))
        if state in ("outdated", "not matched") and column in ("fit_rms", "ratio", "state"):
            return QBrush(QColor(colours.muted))
        if state == "matched" and column == "state":
            return QBrush(QColor(colours.good))
        return None


_NUMERIC = ("cost", "fit_rms", "ratio")


def _palette() -> QPalette:
    from PyQt6.QtGui import QGuiApplication

    return QGuiApplication.palette()


def _last(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else math.inf


class RankingProxy(QSortFilterProxyModel):
    """Sorts by the numbers themselves; rows without one come last."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setSortRole(SORT_ROLE)
        self.setDynamicSortFilter(True)

    def lessThan(self, left: Index, right: Index) -> bool:
        """Compare the sort keys."""
        a, b = left.data(SORT_ROLE), right.data(SORT_ROLE)
        if a == b:
            return left.row() < right.row()
        if self.sortOrder() == Qt.SortOrder.DescendingOrder and math.inf in (a, b):
            return bool(a == math.inf)
        return bool(a < b)


class TermsDelegate(QStyledItemDelegate):
    """Draws the three weighted terms as one stacked bar."""

    def __init__(self, model: RankingModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw the bar; its length is the cost."""
        assert painter is not None
        self.initStyleOption(option, index)
        style = option.widget.style() if option.widget else None
        if style is not None:
            element = QStyle.PrimitiveElement.PE_PanelItemViewItem
            style.drawPrimitive(element, option, painter, option.widget)
        row = index.data(_ROW_ROLE) if index.data(_ROW_ROLE) is not None else _source_row(index)
        weighted = self._model.weighted(row)
        if weighted is None:
            return
        room = QRectF(option.rect).adjusted(3, 5, -5, -5)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(room.adjusted(-2, -2, 2, 2), option.palette.base())
        scale = room.width() / self._model.largest_cost()
        left = room.left()
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        for name, value in zip(_TERMS, weighted, strict=True):
            width = abs(value) * scale
            draw_term(painter, QRectF(left, room.top(), width, room.height()), name)
            left += width
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Room for a bar."""
        return QSize(70, 20)


_ROW_ROLE = SORT_ROLE + 1


def _source_row(index: QModelIndex) -> int:
    model = index.model()
    if isinstance(model, QSortFilterProxyModel):
        return model.mapToSource(index).row()
    return index.row()


def draw_term(painter: QPainter, box: QRectF, name: str) -> None:
    """Fill a box in the colour and pattern of a term."""
    colour = QColor(TERM_COLOURS[name])
    pattern = TERM_PATTERNS[name]
    if pattern != Qt.BrushStyle.SolidPattern:
        pale = QColor(colour)
        pale.setAlpha(110)
        painter.fillRect(box, pale)
    painter.fillRect(box, QBrush(colour, pattern))
    painter.setPen(QPen(colour, 1))
    painter.setPen(Qt.PenStyle.NoPen)
