"""The ranking as a table model, and the bar that shows what a cost is made of."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PyQt6.QtGui import QBrush, QColor, QFont

from bgviewer.engine.verdict import Verdict
from bgviewer.session.session import Session
from bgviewer.ui.format import count, number
from bgviewer.ui.plain_text import plain_tip
from bgviewer.ui.ranking_rows import RankingRow, rows_of
from bgviewer.ui.theme import current_colours

__all__ = ["COLUMNS", "SORT_ROLE", "RankingModel", "RankingProxy"]

COLUMNS = ("name", "cost", "terms", "fit_rms", "ratio", "verdict", "state")
SORT_ROLE = int(Qt.ItemDataRole.UserRole)
Index = QModelIndex | QPersistentModelIndex


class RankingModel(QAbstractTableModel):
    """One row per exposure; reads the session's state, computes nothing."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: tuple[RankingRow, ...] = ()
        self._reach = (0.0, 0.0)
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
            (
                self.tr("Verdict"),
                self.tr("Whether the match is good, what to check, or what is bad; sorts by it"),
            ),
            (self.tr("State"), self.tr("Whether the exposure has been matched, and why not")),
        )
        self._short = {
            "ratio": self.tr("M/var"),
            "verdict": self.tr("V"),
            "state": self.tr("St."),
        }
        self._reset()
        session.stack_changed.connect(self._reset)
        for signal in (session.ranking_changed, session.pair_changed, session.outcomes_changed):
            signal.connect(self._refresh)

    def set_compact(self, compact: bool) -> None:
        """Show signs instead of words where there is little room."""
        if compact != self._compact:
            self._compact = compact
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)
            self._tell(0, len(self._rows) - 1)

    def _reset(self) -> None:
        self.beginResetModel()
        self._take(rows_of(self._session))
        self.endResetModel()

    def _take(self, rows: tuple[RankingRow, ...]) -> None:
        self._rows = rows
        known = [row.weighted for row in rows if row.weighted is not None]
        left = max((-sum(min(v, 0.0) for v in w) for w in known), default=0.0)
        right = max((sum(max(v, 0.0) for v in w) for w in known), default=0.0)
        self._reach = (left, right)

    def _refresh(self) -> None:
        """Tell of the cells that changed: to paint all anew takes longer than a match."""
        before, reach = self._rows, self._reach
        rows = rows_of(self._session)
        if len(rows) != len(before):
            return  # the stack changed: a reset comes
        self._take(rows)
        if reach != self._reach:
            self._tell(0, len(rows) - 1)
            return
        firsts = [_first_changed(a, b) for a, b in zip(before, rows, strict=True)]
        at = 0
        for first, same in itertools.groupby(firsts):
            run = len(list(same))
            if first is not None:
                self._tell(at, at + run - 1, first)
            at += run

    def _tell(self, first: int, last: int, column: int = 0) -> None:
        if last >= first:
            self.dataChanged.emit(self.index(first, column), self.index(last, len(COLUMNS) - 1))

    # ------------------------------------------------------------ Qt's questions

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of exposures."""
        return 0 if parent.isValid() else len(self._rows)

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
            short = self._short.get(COLUMNS[section]) if self._compact else None
            return short or self._headings[section][0]
        if role == Qt.ItemDataRole.ToolTipRole:
            heading, tip = self._headings[section]
            return f"{heading}: {tip}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            # On the left: the arrow that tells the order stands on the right.
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"✕ {row.reason}" if column == row.reason_from else self._text(row, column)
        if role == SORT_ROLE:
            return _sort_key(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self._tip(index.row(), column))
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _NUMERIC:
            left = column == row.reason_from
            side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.FontRole:
            return _font(row, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return _foreground(row, column)
        return None

    # ------------------------------------------------------------ what they are told

    def reason_from(self, row: int) -> str:
        """The column from which the reason of a failure fills the row; else an empty string."""
        return self._rows[row].reason_from

    def weighted(self, row: int) -> tuple[float, float, float] | None:
        """Weighted terms variance, level, coverage; None where there is no cost."""
        return self._rows[row].weighted

    def reach(self) -> tuple[float, float]:
        """How far the bars reach to the left (negative terms) and to the right of zero."""
        return self._reach

    def _text(self, row: RankingRow, column: str, short: bool = True) -> str:
        if column == "name":
            name = f"★ {row.name}" if row.is_reference else row.name
            return self.tr("{} ≠ own").format(name) if row.own else name
        if column == "cost" and row.state == "excluded":
            return self.tr("out")  # a word where the state has room for its sign alone
        if column == "cost":
            return number(row.cost, 3)
        if column == "state":
            text = {
                "failed": self.tr("✕ failed"),
                "excluded": self.tr("⊘ excluded"),
                "reference": self.tr("★ reference"),
                "waiting": self.tr("… waiting"),
                "running": self.tr("▶ running"),
                "not matched": self.tr("○ not yet"),
                "matched": self.tr("● matched"),
                "outdated": self.tr("◌ outdated"),
                "settings": self.tr("⚠ settings"),
            }[row.state]
            return text[0] if self._compact and short else text
        if column == "verdict":
            if row.verdict is None:
                return "…" if row.state == "matched" else ""
            return row.verdict.sign if self._compact and short else _word(row.verdict)
        if column == "fit_rms":
            return number(row.fit_rms, 3)
        return number(row.ratio, 3) if column == "ratio" else ""

    def _tip(self, at: int, column: str) -> str:
        stack, row = self._session.state.stack, self._rows[at]
        if stack is None:
            return ""
        lines = [f"{row.name}: {self._text(row, 'state', short=False)[2:]}"]
        if row.state == "outdated":
            lines.append(self.tr("matched with other settings or to another reference"))
        if column in ("verdict", "state") and row.verdict is not None:
            told = row.verdict
            lines += [f"{_word(told)}: {told.reason}", *filter(None, (told.advice,))]
        if row.own:
            lines.append(self.tr("own settings: {}").format(row.own))
        if row.remark:
            lines.append(row.remark)
        measured = stack.measurements[at]
        if column in ("cost", "terms", "name") and measured is not None:
            lines.append(
                self.tr("pixel variance {}, level {}, {} good pixels").format(
                    number(measured.pixel_variance),
                    number(measured.level),
                    count(int(measured.coverage)),
                )
            )
        if column in ("cost", "terms") and row.weighted is not None:
            names = (self.tr("variance"), self.tr("level"), self.tr("coverage"))
            lines += [f"{n}: {number(v, 3)}" for n, v in zip(names, row.weighted, strict=True)]
        lines += [f"⚠ {text}" for text in row.warnings]
        path = stack.stack.entries[at].path
        if column == "name" and path is not None:
            lines.append(str(path))
        return "\n".join(lines)


def _first_changed(before: RankingRow, row: RankingRow) -> int | None:
    """The first column that looks otherwise; None where the rows are alike."""
    if row == before:
        return None
    if {before.state, row.state} <= _OF_A_MATCH and row == replace(
        before,
        state=row.state,
        remark=row.remark,
        fit_rms=row.fit_rms,
        ratio=row.ratio,
        verdict=row.verdict,
    ):
        return COLUMNS.index("fit_rms")
    return 0


def _sort_key(row: RankingRow, column: str) -> Any:
    if column == "name":
        return row.name.lower()
    if column == "state":
        return row.state
    if column == "verdict":
        return (math.inf, 0.0) if row.verdict is None else row.verdict.order
    if column in ("cost", "terms"):
        return _last(row.cost)
    return _last(row.fit_rms if column == "fit_rms" else row.ratio)


def _font(row: RankingRow, column: str) -> QFont | None:
    font = QFont()
    if row.state == "excluded" and column == "name":
        font.setStrikeOut(True)
        return font
    if column in ("name", "state") and row.is_reference:
        font.setBold(True)
        return font
    if column in ("fit_rms", "ratio", "verdict") and row.state == "outdated":
        font.setItalic(True)
        return font
    return None


def _foreground(row: RankingRow, column: str) -> QBrush | None:
    colours = current_colours()
    if row.state == "failed":
        told = column in ("state", row.reason_from)
        return QBrush(QColor(colours.bad if told else colours.muted))
    if row.state == "settings" and column == "state":
        return QBrush(QColor(colours.warning))
    pale = row.state in ("outdated", "not matched", "excluded")
    if row.state == "excluded" or (pale and column in ("fit_rms", "ratio", "verdict", "state")):
        return QBrush(QColor(colours.muted))
    if row.verdict is not None and column == "verdict":
        return QBrush(QColor(getattr(colours, _COLOUR[row.verdict.state])))
    if row.state == "matched" and column == "state":
        return QBrush(QColor(colours.good))
    return None


_OF_A_MATCH = {"waiting", "running", "not matched", "matched", "outdated"}
"""States that change nothing of name, cost and terms."""
_COLOUR = {"good": "good", "check": "warning", "bad": "bad"}
_NUMERIC = ("cost", "fit_rms", "ratio")


def _word(verdict: Verdict) -> str:
    return f"{verdict.sign} {verdict.state}"


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
        last = (math.inf, (math.inf, 0.0))
        if self.sortOrder() == Qt.SortOrder.DescendingOrder and (a in last or b in last):
            return a in last
        return bool(a < b)
