"""Right: the parameters, built from the declaration of `MatchConfig`."""

from __future__ import annotations

from functools import partial

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bgviewer.engine.config import OPTIONS, Option
from bgviewer.engine.fitting import Adjustment
from bgviewer.errors import ConfigError, Remedy
from bgviewer.session.effects import adjusted_fields, idle_fields
from bgviewer.session.session import Session
from bgviewer.tasks.show import match_key
from bgviewer.ui.fields import BoolField, Field, SlidingField, make_field
from bgviewer.ui.format import plain
from bgviewer.ui.own_settings import OwnMark, OwnSettings
from bgviewer.ui.planes_field import PlanesField, known_planes
from bgviewer.ui.presets import PresetBar, default_text
from bgviewer.ui.theme import current_colours
from bgviewer.ui.whats_this import explain

__all__ = ["ConfigPanel", "FieldRow"]

_HIGHEST_SLIDER_ORDER = 24
_LONG_WORD = 16  # letters of a choice that need the whole width
_IN_PLACES = {
    "cells_skipped": "some cells skipped",
    "ill_conditioned": "ill-conditioned",
    "lines_reduced": "simpler in places",
}
"""Adjustments that change no value as a whole; the figures have the sentence."""


class FieldRow(QWidget):
    """One option: name, editor, what was used instead, and what is wrong with it."""

    edited = pyqtSignal(str, object)
    remedy_chosen = pyqtSignal(object)

    def __init__(self, option: Option, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.option = option
        self.field = make_field(option)
        self.field.edited.connect(lambda value: self.edited.emit(option.name, value))
        self.label = QLabel(option.lsst_name)
        self.label.setBuddy(self.field.main)
        self.reset = QToolButton()
        self.reset.setText("↺")
        self.reset.setAutoRaise(True)
        self.reset.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.reset.setToolTip(
            self.tr("Back to the default: {} = {}").format(option.lsst_name, default_text(option))
        )
        self.reset.setAccessibleName(self.tr("Reset {}").format(option.lsst_name))
        self.reset.clicked.connect(lambda: self.edited.emit(option.name, option.default))
        self.reset.setFixedWidth(18)
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self.badge = QLabel()
        self.badge.setObjectName("badge")
        self.badge.setWordWrap(True)
        self.badge.hide()
        self._shown: tuple[object] | None = None
        self._idle: str | None = None
        self._error: ConfigError | None = None
        self._adjustment: Adjustment | None = None
        self._problem = self._build_problem()
        self.own = OwnMark(option.lsst_name)
        self._place()
        for widget in (self.label, self.field, self.field.main):
            explain(widget, option)

    def _build_problem(self) -> QFrame:
        box = QFrame()
        box.setObjectName("problem")
        column = QVBoxLayout(box)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(4)
        self.problem_text = QLabel()
        self.problem_text.setWordWrap(True)
        self.problem_text.setTextFormat(Qt.TextFormat.PlainText)
        column.addWidget(self.problem_text)
        self._remedies = QVBoxLayout()
        self._remedies.setSpacing(3)
        column.addLayout(self._remedies)
        box.hide()
        return box

    def _place(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(2)
        grid.setColumnMinimumWidth(0, 108)
        if isinstance(self.field, (BoolField, PlanesField)):
            self.label.hide()
            grid.addWidget(self.field, 0, 0, 1, 2)
        elif max(map(len, self.option.choices or ()), default=0) > _LONG_WORD:
            grid.addWidget(self.label, 0, 0, 1, 2)
            grid.addWidget(self.field, 1, 0, 1, 2)
        else:
            sliding = isinstance(self.field, SlidingField)
            side = Qt.AlignmentFlag.AlignTop if sliding else Qt.AlignmentFlag.AlignVCenter
            if sliding:
                self.label.setMinimumHeight(self.field.main.minimumHeight())
            grid.addWidget(self.label, 0, 0, side)
            grid.addWidget(self.field, 0, 1)
        grid.addWidget(self.reset, 0, 2, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.badge, 2, 0, 1, 3)
        grid.addWidget(self._problem, 3, 0, 1, 3)
        grid.addWidget(self.own, 4, 0, 1, 3)
        grid.setColumnStretch(1, 1)

    # ------------------------------------------------------------ showing

    @property
    def problem(self) -> str:
        """The sentence that is shown, or an empty string."""
        return "" if self._problem.isHidden() else self.problem_text.text()

    def remedy_buttons(self) -> list[QPushButton]:
        """Buttons of the remedies, best first."""
        items = (self._remedies.itemAt(i) for i in range(self._remedies.count()))
        return [i.widget() for i in items if i is not None]  # type: ignore[misc]

    def show_value(self, config: object) -> None:
        """Show the value that settings, or limits, have."""
        value = getattr(config, self.option.name)
        if self._shown is not None and self._shown[0] == value:
            return
        self._shown = (value,)
        self.field.set_value(value)
        self.reset.setVisible(value != self.option.default)

    def show_idle(self, reason: str) -> None:
        """Switch the editor off while the option has no effect; empty = it has."""
        if reason == self._idle:
            return
        self._idle = reason
        parts: tuple[QWidget, ...] = (self.field, self.label)
        for widget in parts:
            widget.setEnabled(not reason)
        tip = reason or f"<p>{self.option.help}</p>"
        for widget in (*parts, self.field.main, self):
            widget.setToolTip(tip)

    def show_adjustment(self, adjustment: Adjustment | None) -> None:
        """Say what was used instead of what is asked."""
        if adjustment is self._adjustment:
            return
        self._adjustment = adjustment
        self.badge.setVisible(adjustment is not None)
        if adjustment is not None:
            self.badge.setText(_badge(adjustment))
            self.badge.setToolTip(adjustment.text)

    def show_problem(self, error: ConfigError | None) -> None:
        """Show what is wrong and what would mend it."""
        if error is self._error:
            return
        self._error = error
        while self._remedies.count():
            item = self._remedies.takeAt(0)
            if item is not None and (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._problem.setVisible(error is not None)
        if error is None:
            return
        self.problem_text.setText(str(error))
        for remedy in error.remedies:
            self._remedies.addWidget(self._button(remedy))

    def _button(self, remedy: Remedy) -> QPushButton:
        button = QPushButton(remedy.text)
        button.clicked.connect(lambda: self.remedy_chosen.emit(remedy))
        return button


def _badge(adjustment: Adjustment) -> str:
    if adjustment.kind in _IN_PLACES:
        return _IN_PLACES[adjustment.kind]
    return f"asked {plain(adjustment.asked)} → used {plain(adjustment.used)}"


class ConfigPanel(QWidget):
    """All options of the match but the weights of the ranking."""

    edited = pyqtSignal(str, object)
    remedy_chosen = pyqtSignal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.rows: dict[str, FieldRow] = {}
        self.own = OwnSettings(session)
        body = QWidget()
        body.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(8, 4, 8, 8)
        self._column.setSpacing(5)
        titles = {
            "model": self.tr("Model"),
            "grid": self.tr("Cells and bins"),
            "mask": self.tr("badMaskPlanes (pixels not used)"),
        }
        for group, title in titles.items():
            self._add_heading(title)
            self._add_group(group, self._column)
        self._add_corrections()
        self._column.addStretch(1)
        area = self._area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        area.setFrameShape(QFrame.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.presets = PresetBar(session)
        layout.addWidget(self.own)
        layout.addWidget(self.presets)
        layout.addWidget(area)
        self._connect()
        self.follow_palette()
        self._on_config()

    def _connect(self) -> None:
        session = self._session
        self.edited.connect(self.own.edit)
        self.remedy_chosen.connect(self.own.apply_remedy)
        self.own.changed.connect(self._on_config)
        session.config_changed.connect(self._on_config)
        session.stack_changed.connect(self._on_stack)
        session.plan_changed.connect(self._on_plan)
        session.match_changed.connect(self._on_match)
        session.planes.changed.connect(self._on_planes)

    def _add_heading(self, text: str) -> None:
        label = QLabel(text)
        label.setObjectName("heading")
        self._column.addWidget(label)

    def add_group(self, group: QWidget) -> None:
        """Put another group below the options."""
        self._column.insertWidget(self._column.count() - 1, group)

    def ensure_shown(self, group: QWidget) -> None:
        """Scroll to a group that was added."""
        self._area.ensureWidgetVisible(group)

    def _add_group(self, group: str, column: QVBoxLayout) -> None:
        options = [o for o in OPTIONS.values() if o.group == group]
        # What chooses the kind of model comes first, then what shapes it.
        first = ("use_polynomial", "order", "interp_style", "bin_size")
        options.sort(key=lambda o: first.index(o.name) if o.name in first else len(first))
        for option in options:
            row = FieldRow(option)
            row.edited.connect(self.edited)
            row.remedy_chosen.connect(self.remedy_chosen)
            row.own.back.connect(partial(self.own.drop, option.name))
            self.rows[option.name] = row
            column.addWidget(row)

    def _add_corrections(self) -> None:
        self.corrections = QToolButton()
        self.corrections.setText(self.tr("Corrections to LSST's algorithm"))
        self.corrections.setObjectName("heading")
        self.corrections.setCheckable(True)
        self.corrections.setAutoRaise(True)
        self.corrections.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.corrections.setToolTip(
            self.tr("Off by default: results then differ from LSST's, and the files say so.")
        )
        self._drawer = QWidget()
        column = QVBoxLayout(self._drawer)
        column.setContentsMargins(4, 0, 0, 0)
        column.setSpacing(4)
        self._add_group("corrections", column)
        row = QHBoxLayout()
        row.addWidget(self.corrections)
        row.addStretch(1)
        self._column.addLayout(row)
        self._column.addWidget(self._drawer)
        self.corrections.toggled.connect(self._open_drawer)
        self._open_drawer(False)

    def _open_drawer(self, opened: bool) -> None:
        self._drawer.setVisible(opened)
        arrow = Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow
        self.corrections.setArrowType(arrow)

    # ------------------------------------------------------------ news

    def field(self, name: str) -> Field:
        """The editor of an option."""
        return self.rows[name].field

    def _on_config(self) -> None:
        config = self.own.config()
        idle = idle_fields(config)
        self.presets.setEnabled(not self.own.alone)
        for name, row in self.rows.items():
            row.show_value(config)
            row.show_problem(self.own.problem(name))
            row.own.show_text(self.own.mark(name))
            row.show_idle(idle.get(name, ""))
        if any(
            getattr(config, o.name) != o.default
            for o in OPTIONS.values()
            if o.group == "corrections"
        ):
            self.corrections.setChecked(True)
        self._on_match()

    def _on_stack(self) -> None:
        stack = self._session.state.stack
        planes = self.field("bad_mask_planes")
        assert isinstance(planes, PlanesField)
        planes.set_known(*known_planes(stack))
        shape = None if stack is None else stack.stack.shape
        bin_size = self.field("bin_size")
        if shape is not None and isinstance(bin_size, SlidingField):
            bin_size.set_reach(max(*shape, 64))
        order = self.field("order")
        if isinstance(order, SlidingField):
            order.set_reach(_HIGHEST_SLIDER_ORDER)
        self._on_config()

    def _on_plan(self) -> None:
        planes = self.field("bad_mask_planes")
        assert isinstance(planes, PlanesField)
        planes.set_known(*known_planes(self._session.state.stack))

    def _on_planes(self) -> None:
        planes = self.field("bad_mask_planes")
        assert isinstance(planes, PlanesField)
        planes.set_counts(self._session.planes.counts, self._session.planes.name)

    def _on_match(self) -> None:
        state = self._session.state
        shown = state.match.shown
        current = shown is not None and match_key(shown.config) == match_key(
            self._session.effective_config()
        )
        found: dict[str, Adjustment] = {}
        if shown is not None and current and not state.problems:
            found = adjusted_fields(shown.result.adjustments)
        for name, row in self.rows.items():
            row.show_adjustment(found.get(name))

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = current_colours()
        problem = "#fdecea" if not colours.dark else "#3a2324"
        badge = "#fff3da" if not colours.dark else "#3a3120"
        self.setStyleSheet(
            f"#heading {{ font-weight: 600; color: {colours.muted}; border: 0;"
            " padding: 5px 0 1px 0; background: transparent; }"
            f"#own {{ background: {badge}; border-left: 3px solid {colours.warning}; }}"
            f"#problem {{ background: {problem}; border-left: 3px solid {colours.bad}; }}"
            f"#badge {{ background: {badge}; border-left: 3px solid {colours.warning};"
            " padding: 2px 6px; }"
        )
        planes = self.field("bad_mask_planes")
        assert isinstance(planes, PlanesField)
        planes.set_value(self.own.config().bad_mask_planes)
