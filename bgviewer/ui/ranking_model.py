"""The ranking as a table model, and the bar that shows what a cost is made of."""

from __future__ import annotations

import math
from typing import Any

from PyQt6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PyQt6.QtGui import QBrush, QColor, QFont, QPalette

from bgviewer.session.session import Session
from bgviewer.session.state import StackState
from bgviewer.ui.format import count, number
from bgviewer.ui.theme import colours_of

__all__ = ["COLUMNS", "SORT_ROLE", "RankingModel", "RankingProxy"]

COLUMNS = ("name", "cost", "terms", "fit_rms", "ratio", "state")
SORT_ROLE = int(Qt.ItemDataRole.UserRole)
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
                self.tr("MSE/var"),
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
        if role == Qt.ItemDataRole.TextAlignmentRole:
            # On the left: the arrow that tells the order stands on the right.
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        stack = self._session.state.stack
        if stack is None or not index.isValid() or index.row() >= len(stack):
            return None
        row, column = index.row(), COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            if column == self.reason_from(row):
                return f"✕ {self.reason(row)}"
            return self._text(stack, row, column)
        if role == SORT_ROLE:
            return self._sort_key(stack, row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(stack, row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _NUMERIC:
            left = column == self.reason_from(row)
            side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
            return int(side | Qt.AlignmentFlag.AlignVCenter)
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
        if self._session.held_back():
            return "settings", self._session.held_back()
        if outcome is None or (outcome.status == "failed" and not current):
            return "not matched", ""
        remark = outcome.reason or "\n".join(outcome.adjustments)
        return (outcome.status if current else "outdated"), remark

    def reason(self, row: int) -> str:
        """Why an exposure failed, without its name; an empty string where it did not."""
        stack = self._session.state.stack
        state, text = self.state_of(row)
        if state != "failed" or stack is None:
            return ""
        entry = stack.stack.entries[row]
        for name in (str(entry.path), entry.name):
            text = text.removeprefix(f"{name}: ")
        return " ".join(text.split())

    def reason_from(self, row: int) -> str:
        """The column from which the reason fills the row: those that would be empty anyhow."""
        if not self.reason(row):
            return ""
        return "fit_rms" if self.weighted(row) is not None else "cost"

    def weighted(self, row: int) -> tuple[float, float, float] | None:
        """Weighted terms variance, level, coverage; None where there is no cost."""
        stack = self._session.state.stack
        if stack is None or stack.ranking is None:
            return None
        values = tuple(float(v) for v in stack.ranking.terms.weighted[row])
        return values if all(math.isfinite(v) for v in values) else None  # type: ignore[return-value]

    def reach(self) -> tuple[float, float]:
        """How far the bars reach to the left (negative terms) and to the right of zero."""
        stack = self._session.state.stack
        rows = range(len(stack)) if stack is not None else ()
        known = [w for i in rows if (w := self.weighted(i)) is not None]
        left = max((-sum(min(v, 0.0) for v in w) for w in known), default=0.0)
        right = max((sum(max(v, 0.0) for v in w) for w in known), default=0.0)
        return left, right

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
                "settings": self.tr("⚠ settings"),
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
            told = column in ("state", self.reason_from(row))
            return QBrush(QColor(colours.bad if told else colours.muted))
        if state == "settings" and column == "state":
            return QBrush(QColor(colours.warning))
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
