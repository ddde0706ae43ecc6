"""Consistency of the stack: who overlaps whom, and what is left between matched exposures."""

from __future__ import annotations

import math

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bgviewer.session.session import Session
from bgviewer.tasks.closure import Closure, ClosurePair
from bgviewer.tasks.consistency import Consistency
from bgviewer.tasks.consistency_view import (
    Matrix,
    closure_matrix,
    overlap_matrix,
    place_of,
    told,
)
from bgviewer.ui.diagnosing.matrix_view import MatrixView
from bgviewer.ui.diagnosing.words import state_text
from bgviewer.ui.format import number
from bgviewer.ui.labels import ElidedLabel
from bgviewer.ui.plain_text import plain_tip

__all__ = ["ConsistencyTab"]

_WORST = 20  # pairs of the list


class ConsistencyTab(QWidget):
    """Runs the check on demand and shows what the last one found."""

    reference_asked = pyqtSignal(int)
    """An exposure shall become the reference."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._checker = session, session.checker
        self._painted: Consistency | None = None
        self._matrices: list[tuple[str, Matrix, Closure | None]] = []
        self._pairs: tuple[ClosurePair, ...] = ()
        self.updates = 0
        self._build_controls()
        self._build_results()
        self._place()
        for signal in (self._checker.changed, session.stack_changed, session.ranking_changed):
            signal.connect(self.refresh)

    # ------------------------------------------------------------ building

    def _build_controls(self) -> None:
        self.start = QPushButton(self.tr("Check the stack"))
        self.start.clicked.connect(self._start)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.clicked.connect(self._session.stop)
        self.other = QComboBox()
        self.other.setMinimumContentsLength(12)
        self.other.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.take = QPushButton()
        self.take.clicked.connect(self._take_reference)
        self._best: int | None = None
        self.advice = QLabel()
        self.advice.setWordWrap(True)
        self.advice.setTextFormat(Qt.TextFormat.PlainText)
        self.advice.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.advice.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _build_results(self) -> None:
        self.line = ElidedLabel()
        self.which = QComboBox()
        self.which.setEnabled(False)
        self.which.currentIndexChanged.connect(self._show_which)
        self.matrix = MatrixView()
        self.matrix.pair_chosen.connect(self._go_to_pair)
        self.matrix.exposure_chosen.connect(self._session.set_science)
        self.worst = QTableWidget(0, 4)
        self.worst.setHorizontalHeaderLabels(
            (self.tr("State"), self.tr("Pair, worst first"), self.tr("Left"), self.tr("Expected"))
        )
        self.worst.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.worst.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.worst.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.worst.setTabKeyNavigation(False)
        self.worst.setShowGrid(False)
        self.worst.setWordWrap(False)
        self.worst.setMinimumSize(260, 80)
        rows, columns = self.worst.verticalHeader(), self.worst.horizontalHeader()
        assert rows is not None and columns is not None
        rows.hide()
        rows.setMinimumSectionSize(15)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 3)
        columns.setSectionsClickable(False)
        columns.setHighlightSections(False)
        columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        columns.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.worst.cellClicked.connect(lambda row, _: self._go_to_row(row))
        self.worst.cellActivated.connect(lambda row, _: self._go_to_row(row))

    def _place(self) -> None:
        left = QGridLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.setVerticalSpacing(4)
        left.addWidget(self.start, 0, 0)
        left.addWidget(self.stop, 0, 1)
        label = QLabel(self.tr("Held against"))
        label.setBuddy(self.other)
        left.addWidget(label, 1, 0)
        left.addWidget(self.other, 1, 1)
        left.addWidget(self.progress, 2, 0, 1, 2)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.advice)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setMinimumHeight(24)
        left.addWidget(scroll, 3, 0, 1, 2)
        left.addWidget(self.take, 4, 0, 1, 2)
        left.setRowStretch(3, 1)
        side = QWidget()
        side.setLayout(left)
        side.setFixedWidth(300)
        middle = QVBoxLayout()
        middle.setSpacing(3)
        middle.addWidget(self.which)
        middle.addWidget(self.matrix, 1)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(side)
        row.addLayout(middle, 1)
        row.addWidget(self.worst, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 3, 6, 4)
        column.setSpacing(3)
        column.addWidget(self.line)
        column.addLayout(row, 1)

    # ------------------------------------------------------------ news

    def showEvent(self, event: QShowEvent | None) -> None:
        """Catch up with what happened while hidden."""
        super().showEvent(event)
        self.refresh()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self._show_worst()

    def refresh(self) -> None:
        """Show what is known now."""
        if not self.isVisible():
            return
        self.updates += 1
        checker = self._checker
        running = checker.running
        had = next((b for b in (self.start, self.stop) if b.hasFocus()), None)
        self.start.setEnabled(checker.ready)
        self.stop.setEnabled(running)
        if had is not None and not had.isEnabled():
            # the hand of the keyboard goes to the button that came on, not to any widget
            next_ = self.stop if had is self.start else self.start
            next_.setFocus(Qt.FocusReason.OtherFocusReason)
        self.progress.setVisible(running)
        self.progress.setValue(round(1000 * checker.fraction))
        self._list_references()
        if checker.found is not self._painted:
            self._paint(checker.found)
        self._say()

    def _list_references(self) -> None:
        """Offer every exposure that may be a reference, the ranking's best first."""
        state = self._session.state
        names: list[tuple[str, int | None]] = [(self.tr("the next best"), None)]
        if state.stack is not None:
            order = state.stack.ranking.order if state.stack.ranking else range(len(state.stack))
            names += [
                (state.stack.stack.entries[int(i)].name, int(i))
                for i in order
                if state.stack.takes_part(int(i)) and int(i) != state.reference
            ]
        present = [self.other.itemText(i) for i in range(self.other.count())]
        if present != [name for name, _ in names]:
            chosen = self.other.currentData()
            self.other.clear()
            for name, exposure in names:
                self.other.addItem(name, exposure)
            self.other.setCurrentIndex(max(0, self.other.findData(chosen)))

    def _say(self) -> None:
        checker, state = self._checker, self._session.state
        if state.stack is None:
            self.line.setText(self.tr("Open exposures to check how they fit together."))
        elif checker.found is None:
            self.line.setText(
                self.tr(
                    "The check counts shared good pixels, matches to this reference and to "
                    "another, and compares all pairs of matched exposures with one another. "
                    "Structure of the reference cancels in it and stays in the co-add."
                )
            )
        else:
            items = checker.found.items
            text = "; ".join(f"{state_text(d.state)}: {d.name} {d.figure}" for d in items)
            if not checker.current:
                text = self.tr("◌ Outdated, reference or settings changed. ") + text
            self.line.setText(text)
        self._offer_reference()

    def _offer_reference(self) -> None:
        """Offer the exposure that everyone overlaps, where it is not the reference already."""
        found, state = self._checker.found, self._session.state
        candidates = () if found is None else found.graph.candidates
        self._best = candidates[0] if candidates else None
        wanted = self._best is not None and self._best != state.reference
        self.take.setVisible(wanted)
        if wanted and state.stack is not None and self._best is not None:
            name = state.stack.stack.entries[self._best].name
            text = self.tr("Use {} as the reference").format(name)
            room = max(80, self.take.parentWidget().width() - 24)  # type: ignore[union-attr]
            elide = Qt.TextElideMode.ElideMiddle
            self.take.setText(self.take.fontMetrics().elidedText(text, elide, room))
            self.take.setAccessibleName(text)

    # ------------------------------------------------------------ painting

    def _paint(self, found: Consistency | None) -> None:
        self._painted = found
        self._matrices = []
        if found is not None:
            self._matrices.append((self.tr("Overlap [%]"), overlap_matrix(found.graph), None))
            for closure in found.closures:
                name = closure.names[closure.ids.index(closure.reference)]
                unit = f" [{closure.unit}]" if closure.unit else ""
                title = self.tr("Closure with {}{}: typically {}").format(
                    name, unit, number(closure.typical, 2)
                )
                self._matrices.append((title, closure_matrix(closure), closure))
        self.which.blockSignals(True)
        chosen = max(0, self.which.currentIndex())
        self.which.clear()
        for title, _, _ in self._matrices:
            self.which.addItem(title)
        self.which.setCurrentIndex(min(chosen, len(self._matrices) - 1))
        self.which.blockSignals(False)
        self.which.setEnabled(found is not None)
        advice = [] if found is None else list(found.graph.advice())
        advice += [] if found is None else [d.advice for d in found.items[1:] if d.advice]
        self.advice.setText("\n".join(advice))
        self._show_which()

    def _show_which(self) -> None:
        at = self.which.currentIndex()
        self.matrix.show_matrix(self._matrices[at][1] if 0 <= at < len(self._matrices) else None)
        self._show_worst()

    def _closure(self) -> Closure | None:
        """Return the closure of the list: the one of the matrix, else that of the reference."""
        at = self.which.currentIndex()
        chosen = self._matrices[at][2] if 0 <= at < len(self._matrices) else None
        if chosen is None and self._painted is not None:
            chosen = self._painted.closures[0]
        return chosen

    def _show_worst(self) -> None:
        closure = self._closure()
        pairs = () if closure is None else closure.pairs[:_WORST]
        self._pairs = tuple(p for p in pairs if not math.isnan(p.left.smooth))
        self.worst.setRowCount(len(self._pairs))
        unit = "" if closure is None else closure.unit
        for row, pair in enumerate(self._pairs):
            texts = (
                state_text(pair.state),
                " - ".join(pair.names),
                number(pair.left.smooth, 3),
                number(pair.expected, 3),
            )
            for column, text in enumerate(texts):
                item = self.worst.item(row, column)
                if item is None:
                    item = QTableWidgetItem()
                    self.worst.setItem(row, column, item)
                item.setText(text)
                item.setToolTip(plain_tip("\n".join(told(pair, unit))))

    # ------------------------------------------------------------ wishes

    def _start(self) -> None:
        self._checker.start(self.other.currentData())

    def _go_to_pair(self, first: int, second: int) -> None:
        self._session.set_science(place_of(first, second, self._session.state.reference))

    def _go_to_row(self, row: int) -> None:
        if row < len(self._pairs):
            self._go_to_pair(self._pairs[row].first, self._pairs[row].second)

    def _take_reference(self) -> None:
        if self._best is not None:
            self.reference_asked.emit(self._best)
