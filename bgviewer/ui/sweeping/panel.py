"""The dock's content: what is swept, the map filling in, curves, and what it says in one line."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QGuiApplication, QShowEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from bgviewer.engine.holdout import MODES, HoldOut
from bgviewer.engine.sweeping import Candidate, SweepCell, SweepSpace
from bgviewer.session.session import Session
from bgviewer.tasks.sweep_view import (
    HeatCell,
    curves_through,
    heat_map,
    summary_of,
    sweep_tsv,
)
from bgviewer.ui.format import count
from bgviewer.ui.labels import ElidedLabel
from bgviewer.ui.plain_text import plain_tip
from bgviewer.ui.sweeping.curves import CurvesPlot
from bgviewer.ui.sweeping.explained import explain
from bgviewer.ui.sweeping.heat_map import HeatMapView
from bgviewer.ui.sweeping.tried import TriedDialog
from bgviewer.ui.sweeping.words import sentence

__all__ = ["SweepPanel"]

_DELAY = 40  # ms in which news are gathered: a drag of a slider must not draw each step


class SweepPanel(QWidget):
    """Reads the session's sweeper; while it is hidden it does nothing."""

    apply_asked = pyqtSignal(object, bool)
    """A `Candidate`, and whether it is meant for all exposures."""
    each_asked = pyqtSignal()
    """Every exposure shall get its own recommended settings."""
    save_asked = pyqtSignal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._sweeper = session, session.sweeper
        self._chosen: SweepSpace | None = None
        self._through: Candidate | None = None
        self.choice: SweepCell | None = None
        self._seen: tuple[object, ...] = ()
        self._cells: tuple[SweepCell, ...] = ()
        self.updates = 0
        self._news = QTimer(self)
        self._news.setSingleShot(True)
        self._news.setInterval(_DELAY)
        self._news.timeout.connect(self.refresh)
        self._build_controls()
        self._build_results()
        self._place()
        explain(self)
        for signal in (
            session.sweeper.changed,
            session.pair_changed,
            session.config_changed,
            session.plan_changed,
            session.stack_changed,
            session.ranking_changed,
        ):
            signal.connect(self._soon)

    # ------------------------------------------------------------ building

    def _build_controls(self) -> None:
        self.scope = QComboBox()
        self.scope.addItems([self.tr("This exposure"), self.tr("All exposures")])
        self.scope.currentIndexChanged.connect(self._soon)
        self.tried = QPushButton(self.tr("What is tried…"))
        self.tried.clicked.connect(self.choose_tried)
        self.mode = QComboBox()
        names = {"tiles": self.tr("tiles"), "blocks": self.tr("blocks")}
        for mode in MODES:
            self.mode.addItem(names[mode], mode)
        self.tile = QSpinBox()
        self.tile.setRange(3, 256)
        self.tile.setSpecialValueText(self.tr("auto"))
        self.tile.setSuffix(self.tr(" px"))
        self.masked = QCheckBox(self.tr("Ignore what is masked"))
        self.masked.clicked.connect(self._ignore_masked)
        self.start = QPushButton(self.tr("Start"))
        self.start.clicked.connect(self._start)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.clicked.connect(lambda: self._sweeper.stop())
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)

    def _build_results(self) -> None:
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.map = HeatMapView()
        self.map.chosen.connect(self._apply_cell)
        self.map.entered.connect(lambda index: self._follow_cell(self.map.heat.cell(index)))
        self.map.setMouseTracking(True)
        selection = self.map.selectionModel()
        assert selection is not None
        selection.currentChanged.connect(
            lambda index, _: self._follow_cell(self.map.heat.cell(index))
        )
        self.legend = ElidedLabel("")
        self.curves = CurvesPlot()
        self.along = QComboBox()
        self.along.addItem(self.tr("against binSize"), "bin_size")
        self.along.addItem(self.tr("against the model"), "model")
        self.along.currentIndexChanged.connect(self._soon)
        self.apply = QPushButton(self.tr("Apply recommended"))
        self.apply.clicked.connect(self._apply_choice)
        self.each = QPushButton(self.tr("Each its own"))
        self.each.clicked.connect(self.each_asked)
        self.copy = QPushButton(self.tr("Copy table"))
        self.copy.clicked.connect(self.copy_table)
        self.save = QPushButton(self.tr("Save sweep.json…"))
        self.save.clicked.connect(self.save_asked)

    def _place(self) -> None:
        left = QGridLayout()
        left.setVerticalSpacing(4)
        pairs = ((self.scope, self.tried), (self.mode, self.tile))
        for line, pair in enumerate((*pairs, (), (self.start, self.stop))):
            for place, widget in enumerate(pair):
                left.addWidget(widget, line, place)
        left.addWidget(self.masked, 2, 0, 1, 2)
        left.addWidget(self.progress, 4, 0, 1, 2)
        left.setRowStretch(5, 1)
        side = QWidget()
        side.setLayout(left)
        left.setContentsMargins(0, 0, 0, 0)
        side.setFixedWidth(236)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.apply, self.each, self.copy, self.save):
            buttons.addWidget(button)
        buttons.addWidget(self.legend, 1)
        middle = QVBoxLayout()
        middle.setSpacing(3)
        middle.addWidget(self.map, 1)
        middle.addLayout(buttons)
        right = QVBoxLayout()
        right.setSpacing(3)
        right.addWidget(self.curves, 1)
        below = QHBoxLayout()
        below.addWidget(self.curves.key)
        below.addWidget(self.along, 1)
        right.addLayout(below)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(side)
        row.addLayout(middle, 5)
        row.addLayout(right, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 3, 6, 4)
        column.setSpacing(4)
        column.addWidget(self.summary)
        column.addLayout(row, 1)

    # ------------------------------------------------------------ what is shown

    def sizeHint(self) -> QSize:
        """Low at first: the images need the height."""
        return QSize(760, 216)

    @property
    def whole_stack(self) -> bool:
        """Whether all exposures are meant."""
        return self.scope.currentIndex() == 1

    def usual(self) -> SweepSpace | None:
        """Return the default set for the stack; None without one."""
        stack = self._session.state.stack
        if stack is None or stack.stack.shape is None:
            return None
        config = self._session.state.config if self.whole_stack else None
        return SweepSpace.for_shape(stack.stack.shape, config or self._session.effective_config())

    def showEvent(self, event: QShowEvent | None) -> None:
        """Catch up with what happened while hidden."""
        super().showEvent(event)
        self.refresh()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.curves.follow_palette()
        self._seen = ()
        self._soon()

    def _soon(self) -> None:
        if self.isVisible() and not self._news.isActive():
            self._news.start()

    def _shown(self) -> tuple[SweepSpace | None, tuple[SweepCell, ...], str]:
        """Return what was tried, what was found, and what is to be said instead."""
        state = self._session.state
        if state.stack is None or state.reference is None:
            return None, (), self.tr("Open exposures to find their settings.")
        if self.whole_stack:
            whole = self._sweeper.whole()
            if whole is not None:
                return whole.request.tried, whole.cells, ""
        else:
            found = self._sweeper.found(state.science)
            if found is not None and (found.cells or found.status == "failed"):
                return self._sweeper.space(state.science), found.cells, found.reason
        space = self._chosen or self.usual()
        if state.science is not None and self._session.is_reference(state.science):
            text = self.tr("This is the reference itself: choose another exposure, or all.")
            if not self.whole_stack:
                return space, (), text
        tried = 0 if space is None else len(space.candidates)
        text = self.tr("Start fits {} settings to part of the pixels and judges them on the rest.")
        return space, (), text.format(count(tried))

    def refresh(self) -> None:
        """Show what is known now."""
        if not self.isVisible():
            return
        self.updates += 1
        session = self._session
        space, cells, message = self._shown()
        config = session.state.config if self.whole_stack else session.effective_config()
        current = Candidate.of(config)
        match = session.state.match.shown
        unit = "" if match is None else match.figures.unit
        self._enable(bool(cells))
        self._show_work()
        seen = (
            *(space, tuple(map(id, cells)), message, current, unit, self._through),
            *(self.along.currentIndex(), self._ready(), self._partial(), self.whole_stack),
            *(self._outdated(), len(self._sweeper.subjects())),
        )
        if seen == self._seen:
            return
        self._seen, self._cells = seen, cells  # kept, so that no id is given anew
        heat = None if space is None else heat_map(space, cells, current)
        self.map.show_map(heat, unit, clickable=self._ready())
        summary = summary_of(cells, current)
        self.choice = summary.choice
        self.apply.setEnabled(self.choice is not None)
        text = message or sentence(summary, unit, self._partial())
        if caution := self._caution():
            text += self.tr(" Caution: {}.").format(caution)
        self._say(text, bool(cells))
        self._draw(space, cells, current, unit)

    def _caution(self) -> str:
        """Return where what is recommended is not to be trusted."""
        if not self.whole_stack:
            found = self._sweeper.found(self._session.state.science)
            return "" if found is None else found.caution
        if self.choice is None or not self.choice.veto:
            return ""
        return self.choice.veto

    def _partial(self) -> bool:
        state = self._session.state
        if self.whole_stack:
            return self._sweeper.state.running
        found = self._sweeper.found(state.science)
        return found is not None and found.status == "sweeping"

    def _outdated(self) -> bool:
        science = self._session.state.science
        return not self.whole_stack and science is not None and not self._sweeper.current(science)

    def _say(self, text: str, found: bool) -> None:
        if found and self._outdated():
            text = self.tr("◌ Outdated, reference, regions or settings changed. ") + text
        elif found and self.whole_stack:
            whole = self._sweeper.whole()
            done = 0 if whole is None else len(whole.swept)
            text = self.tr("{} of {} exposures. ").format(
                count(done), count(len(self._sweeper.subjects()))
            ) + text  # fmt: skip
        self.summary.setText(text)

    def _ready(self) -> bool:
        state = self._session.state
        return state.stack is not None and state.reference is not None

    def _enable(self, found: bool) -> None:
        running = self._sweeper.state.running
        state = self._session.state
        subjects = self._sweeper.subjects()
        meant = bool(subjects) if self.whole_stack else state.science in subjects
        # a button that goes off hands the focus to the one that comes on, not to any widget
        had = next((b for b in (self.start, self.stop) if b.hasFocus()), None)
        for button, on in ((self.start, meant and not running), (self.stop, running)):
            if on:
                button.setEnabled(True)
                if had is not None and had is not button:
                    button.setFocus(Qt.FocusReason.OtherFocusReason)
        self.start.setEnabled(meant and not running)
        self.stop.setEnabled(running)
        for widget in (self.tried, self.mode, self.tile, self.masked):
            widget.setEnabled(self._ready() and not running)
        self.masked.setChecked(state.plan.ignore_masked)
        whole = self._sweeper.whole()
        self.each.setVisible(self.whole_stack)
        self.each.setEnabled(whole is not None and bool(whole.swept))
        self.copy.setEnabled(found)
        self.save.setEnabled(whole is not None)

    def _show_work(self) -> None:
        work = self._sweeper.state
        self.progress.setValue(round(1000 * work.fraction) if work.running else 0)
        text = work.ended
        if work.running:
            text = self.tr("{} of {}: {}").format(
                count(min(work.done + 1, work.total)), count(work.total), work.name
            )
        room = self.progress.width() - 12
        elide = Qt.TextElideMode.ElideRight
        self.progress.setFormat(self.fontMetrics().elidedText(text, elide, room))
        self.progress.setToolTip(plain_tip(text))
        self.progress.setVisible(bool(text))

    def _draw(
        self,
        space: SweepSpace | None,
        cells: tuple[SweepCell, ...],
        current: Candidate,
        unit: str,
    ) -> None:
        along = str(self.along.currentData())
        names = {"bin_size": self.tr("binSize [px]"), "model": self.tr("order, or spline")}
        of = f" [{unit}]" if unit else ""
        left = self.tr("√score") + of
        if space is None or not cells:
            self.curves.show_curve(None, names[along], left)
            return
        known = {c.candidate for c in cells}
        current = replace(current, cell_centroids=space.cell_centroids)  # a line of the map
        through = next((c for c in (self._through, current) if c in known), None)
        if through is None:
            through = self.choice.candidate if self.choice is not None else cells[0].candidate
        where = through.model if along == "bin_size" else f"binSize {through.bin_size}"
        curve = curves_through(space, cells, through, along)
        self.curves.show_curve(curve, f"{names[along]}, {where}", left)

    # ------------------------------------------------------------ wishes

    def _follow_cell(self, cell: HeatCell | None) -> None:
        if cell is not None and cell.swept is not None and cell.candidate != self._through:
            self._through = cell.candidate
            self._soon()

    def _start(self) -> None:
        state = self._session.state
        if state.science is None:
            return
        tile = self.tile.value()
        hold_out = HoldOut(
            tile=None if tile == self.tile.minimum() else tile, mode=str(self.mode.currentData())
        )
        only = None if self.whole_stack else frozenset({state.science})
        self._sweeper.start(only, self._chosen or self.usual(), hold_out)

    def _ignore_masked(self, ignored: bool) -> None:
        self._session.set_plan(replace(self._session.state.plan, ignore_masked=ignored))

    def choose_tried(self) -> None:
        """Ask what shall be tried."""
        usual = self.usual()
        if usual is None:
            return
        dialog = TriedDialog(self._chosen or usual, usual, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def take() -> None:
            self._chosen = None if dialog.space == self.usual() else dialog.space
            self.refresh()

        dialog.accepted.connect(take)
        dialog.open()

    def _apply_cell(self, cell: HeatCell) -> None:
        self.apply_asked.emit(cell.candidate, self.whole_stack)

    def _apply_choice(self) -> None:
        if self.choice is not None:
            self.apply_asked.emit(self.choice.candidate, self.whole_stack)

    def copy_table(self) -> None:
        """Put all scores into the clipboard."""
        space, cells, _ = self._shown()
        match, clipboard = self._session.state.match.shown, QGuiApplication.clipboard()
        if space is not None and clipboard is not None:
            unit = "" if match is None else match.figures.unit
            clipboard.setText(sweep_tsv(space, cells, unit))
