"""Left: the exposures as references, and the weights that rank them."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSlider,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bgviewer.engine.config import OPTIONS
from bgviewer.session.session import Session
from bgviewer.ui.fields import WheelGuard
from bgviewer.ui.format import number
from bgviewer.ui.labels import ElidedLabel
from bgviewer.ui.plain_text import plain_label, plain_tip
from bgviewer.ui.ranking_model import COLUMNS, RankingModel, RankingProxy
from bgviewer.ui.ranking_notes import RankingNotes
from bgviewer.ui.sort_header import SortHeader
from bgviewer.ui.terms_bar import RowDelegate, TermsDelegate, draw_term
from bgviewer.ui.theme import FollowsPalette, current_colours
from bgviewer.ui.whats_this import explain

__all__ = ["StackDock", "WeightSliders"]

_STEPS = 100
_LONGEST_NAME = 170  # screen pixels; longer ones are cut in the middle
_LOOKED_AT = 200  # rows whose names are measured
_WIDE = {
    "cost": "Cost",
    "terms": "Terms",
    "fit_rms": "fitRMS",
    "ratio": "MSE/var",
    "verdict": "▲ check",
    "state": "★ reference",
}
_COMPACT = {
    "cost": "Cost ",
    "terms": "Terms",
    "fit_rms": "fitRMS",
    "ratio": "M/var",
    "verdict": "V",
    "state": "St.",
}
# Signs in place of words or not, and the columns to leave out: the first form that fits is taken.
_FORMS: tuple[tuple[bool, tuple[str, ...]], ...] = (
    (False, ()),
    (False, ("ratio",)),
    (True, ()),
    (True, ("ratio",)),
    (True, ("ratio", "terms")),
)
_ARROW = 14  # room for the arrow that tells the order


class _Swatch(QWidget):
    """The colour and pattern of one term."""

    def __init__(self, term: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._term = term
        self.setFixedSize(QSize(14, 12))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw it."""
        painter = QPainter(self)
        draw_term(painter, QRectF(self.rect()), self._term)


class WeightSliders(QWidget):
    """The three weights; moving one ranks anew at once."""

    moved = pyqtSignal(float, float, float)
    """coverage, variance, level"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sliders: dict[str, QSlider] = {}
        self._values: dict[str, QLabel] = {}
        self._loading = False
        self._wheel_guard = WheelGuard(self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        for row, term in enumerate(("variance", "level", "coverage")):
            option = OPTIONS[f"best_ref_weight_{term}"]
            label = QLabel(option.lsst_name)
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(0, _STEPS)
            slider.setSingleStep(1)
            slider.setPageStep(10)
            slider.setAccessibleName(option.lsst_name)
            explain(slider, option)
            explain(label, option)
            label.setBuddy(slider)
            value = QLabel()
            value.setMinimumWidth(value.fontMetrics().horizontalAdvance("0.00"))
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            slider.installEventFilter(self._wheel_guard)
            slider.valueChanged.connect(self._on_moved)
            for column, widget in enumerate((_Swatch(term), label, slider, value)):
                grid.addWidget(widget, row, column)
            self.sliders[term], self._values[term] = slider, value
        grid.setColumnStretch(2, 1)

    def set_weights(self, weights: dict[str, float]) -> None:
        """Show the weights of the settings."""
        self._loading = True
        for term, weight in weights.items():
            self.sliders[term].setValue(round(weight * _STEPS))
            self._values[term].setText(f"{weight:.2f}")
        self._loading = False

    def _on_moved(self) -> None:
        if not self._loading:
            at = {term: slider.value() / _STEPS for term, slider in self.sliders.items()}
            self.moved.emit(at["coverage"], at["variance"], at["level"])


class StackDock(FollowsPalette, QWidget):
    """Ranking table, weights, and the choice of the reference."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = RankingModel(session, self)
        self.proxy = RankingProxy(self)
        self.proxy.setSourceModel(self.model)
        self._selecting = False
        self._spans: dict[int, int] = {}
        self._fitted: tuple[int, int] | None = None
        self.table = self._build_table()
        self.weights = WeightSliders()
        self.reference_button = QPushButton(self.tr("Use as reference"))
        self.reference_button.setToolTip(self.tr("Make the selected exposure the reference (R)"))
        self.reference_button.clicked.connect(self.use_current)
        self.best = ElidedLabel()
        self.heading = QLabel()
        plain_label(self.heading)
        self.notes = RankingNotes(session)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 4, 6)
        column.setSpacing(6)
        column.addWidget(self.table, 1)
        row = QHBoxLayout()
        row.addWidget(self.best, 1)
        row.addWidget(self.reference_button)
        column.addLayout(row)
        column.addWidget(self.notes)
        title = QLabel(self.tr("Weights of the cost"))
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        column.addWidget(title)
        column.addWidget(self.weights)
        self.weights.moved.connect(session.set_weights)
        for signal in (self.proxy.layoutChanged, self.proxy.modelReset, self.proxy.dataChanged):
            signal.connect(self._span_reasons)
        for signal in (self.proxy.layoutChanged, self.proxy.modelReset):
            signal.connect(self._fit_columns)
        session.config_changed.connect(self._on_config)
        session.ranking_changed.connect(self._on_pair)
        session.stack_changed.connect(self._on_stack)
        session.pair_changed.connect(self._on_pair)
        session.plan_changed.connect(self._on_pair)
        self._on_config()
        self._on_pair()
        self.begin_following()

    def _build_table(self) -> QTableView:
        table = QTableView()
        table.setHorizontalHeader(SortHeader(table))
        table.setModel(self.proxy)
        table.setItemDelegate(RowDelegate(table))
        table.setItemDelegateForColumn(COLUMNS.index("terms"), TermsDelegate(self.model, table))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setSortingEnabled(True)
        table.sortByColumn(COLUMNS.index("cost"), Qt.SortOrder.AscendingOrder)
        table.setAccessibleName(self.tr("Exposures ranked as references"))
        table.setTabKeyNavigation(False)
        vertical, header = table.verticalHeader(), table.horizontalHeader()
        selection = table.selectionModel()
        assert vertical is not None and header is not None and selection is not None
        vertical.hide()
        vertical.setDefaultSectionSize(table.fontMetrics().height() + 8)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(26)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(COLUMNS.index("name"), QHeaderView.ResizeMode.Stretch)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        selection.currentRowChanged.connect(self._on_row)
        bar = table.verticalScrollBar()
        assert bar is not None
        # A dock that opens below takes the table's room: what is in the panels stays in view.
        bar.rangeChanged.connect(lambda *_: table.scrollTo(table.currentIndex()))
        return table

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Give the columns what they need, and the names the rest."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Words where they fit, else signs; columns go before names are cut."""
        bold = self.table.font()
        bold.setBold(True)
        metrics = QFontMetrics(bold)
        rows = self.proxy.rowCount()
        names = (str(self.proxy.index(at, 0).data() or "") for at in range(min(rows, _LOOKED_AT)))
        name = max((metrics.horizontalAdvance(n) for n in names), default=0) + 7
        name = min(max(name, metrics.horizontalAdvance("Exposure") + 8), _LONGEST_NAME)
        vertical, bar = self.table.verticalHeader(), self.table.verticalScrollBar()
        room = self.width() - 10 - 2
        if vertical is not None and bar is not None and self.table.height() > 0:
            high = (rows + 1) * vertical.defaultSectionSize()
            room -= bar.sizeHint().width() if high > self.table.height() else 0
        form = (name, room)
        if form == self._fitted:
            return
        self._fitted = form
        for compact, left_out in _FORMS:
            widths = {
                key: metrics.horizontalAdvance(sample)
                + (7 if compact else 10)
                + (_ARROW if key == "cost" and not compact else 0)
                for key, sample in (_COMPACT if compact else _WIDE).items()
                if key not in left_out
            }
            if sum(widths.values()) + name <= room:
                break
        self.model.set_compact(compact)
        for key in _WIDE:
            at = COLUMNS.index(key)
            self.table.setColumnHidden(at, key not in widths)
            if key in widths:
                self.table.setColumnWidth(at, widths[key])

    def _span_reasons(self) -> None:
        """Let the reasons of rows that failed run over the columns that have nothing to say."""
        spans = {}
        for at in range(self.proxy.rowCount()):
            start = self.model.reason_from(self.proxy.mapToSource(self.proxy.index(at, 0)).row())
            if start:
                spans[at] = COLUMNS.index(start)
        if spans != self._spans:
            self._spans = spans
            self.table.clearSpans()
            for at, first in spans.items():
                self.table.setSpan(at, first, 1, len(COLUMNS) - first)

    # ------------------------------------------------------------ wishes

    def current(self) -> int | None:
        """Id of the selected exposure."""
        index = self.proxy.mapToSource(self.table.currentIndex())
        return index.row() if index.isValid() else None

    def use_current(self) -> None:
        """Make the selected exposure the reference."""
        exposure = self.current()
        if exposure is not None:
            self._session.set_reference(exposure)

    def step(self, by: int) -> None:
        """Select the next or previous exposure of the table."""
        rows = self.proxy.rowCount()
        if rows:
            row = min(max(self.table.currentIndex().row() + by, 0), rows - 1)
            self.table.setCurrentIndex(self.proxy.index(row, 0))

    def _on_row(self, current: QModelIndex, before: QModelIndex) -> None:
        del before
        if not self._selecting and current.isValid():
            self._session.set_science(self.proxy.mapToSource(current).row())

    # ------------------------------------------------------------ news

    def _on_stack(self) -> None:
        self.table.sortByColumn(COLUMNS.index("cost"), Qt.SortOrder.AscendingOrder)

    def _on_config(self) -> None:
        config = self._session.state.config
        self.weights.set_weights(
            {t: getattr(config, f"best_ref_weight_{t}") for t in self.weights.sliders}
        )

    def _on_pair(self) -> None:
        state = self._session.state
        if state.science is not None and self.current() != state.science:
            self._selecting = True
            self.table.setCurrentIndex(self.proxy.mapFromSource(self.model.index(state.science, 0)))
            self._selecting = False
        stack = state.stack
        selected = state.science
        self.reference_button.setEnabled(
            stack is not None
            and selected is not None
            and stack.takes_part(selected)
            and selected != state.reference
        )
        self.best.setText("")
        if stack is not None and stack.ranking is not None:
            best = int(stack.ranking.best)
            name = stack.stack.entries[best].name
            cost = number(float(stack.ranking.cost[best]), 3)
            self.best.setText(self.tr("Lowest cost: {} ({})").format(name, cost))
            self.best.setToolTip(plain_tip(self.best.text()))
        elif stack is not None:
            self.best.setText(stack.ranking_problem)
            self.best.setToolTip(plain_tip(stack.ranking_problem))

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.best.setStyleSheet(f"color: {current_colours().muted};")
