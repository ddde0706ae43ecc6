"""Whose settings the parameters are: the whole stack's, or those of one exposure alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.errors import ConfigError, Remedy
from bgviewer.session.session import Session
from bgviewer.ui.format import plain
from bgviewer.ui.theme import current_colours

__all__ = ["OwnMark", "OwnSettings"]

_SIGN = "≠"


class OwnMark(QFrame):
    """Below a field: this exposure differs from the stack, and the way back."""

    back = pyqtSignal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("own")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QToolButton()
        self.button.setText(self.tr("Back"))
        self.button.setAutoRaise(True)
        self.button.setToolTip(self.tr("Take the whole stack's {} again").format(name))
        self.button.setAccessibleName(self.tr("{}: back to the whole stack's").format(name))
        self.button.clicked.connect(self.back)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        self.hide()

    def show_text(self, text: str) -> None:
        """Show a sentence; empty = none."""
        self.text.setText(text)
        self.setVisible(bool(text))


class OwnSettings(QWidget):
    """The choice, what is said of it, and the way back.

    Parameters
    ----------
    session : Session
        Keeps the settings of the stack, and those of single exposures.
    """

    changed = pyqtSignal()
    """Other values, problems or marks are to be shown."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._alone = False
        self._science: str | None = None
        self.problems: Mapping[str, ConfigError] = {}
        self.choice = QComboBox()
        self.choice.setAccessibleName(self.tr("Settings of"))
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        tip = self.tr(
            "Whose settings the fields show and change. Example: one exposure has moonlight; "
            "choose it here and give it order 3, while the others keep order 1."
        )
        for widget in (self, self.choice):
            widget.setToolTip(f"<p>{tip}</p>")
            widget.setWhatsThis(tip)
        self.choice.activated.connect(lambda at: self.set_alone(at == 1))
        label = QLabel(self.tr("&Settings of"))
        label.setBuddy(self.choice)
        self.note = QLabel()
        self.note.setObjectName("ownNote")
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.back = QPushButton(self.tr("Back to the stack's settings"))
        self.back.setToolTip(self.tr("Forget all own settings of this exposure"))
        self.back.clicked.connect(self.forget)
        self._place(label)
        session.stack_changed.connect(self._on_stack)
        session.pair_changed.connect(self._on_pair)
        session.plan_changed.connect(self._refresh)
        session.config_changed.connect(self._forget_problems)
        self._refresh()

    def _place(self, label: QLabel) -> None:
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.choice, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 2)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.note)
        column.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)

    # ------------------------------------------------------------ what holds

    @property
    def alone(self) -> bool:
        """Whether the fields are of one exposure."""
        return self._alone and self._science is not None

    @property
    def own(self) -> dict[str, Any]:
        """What the shown exposure has of its own."""
        return dict(self._session.state.plan.own.get(self._science or "", {}))

    def config(self) -> MatchConfig:
        """The settings that the fields show."""
        state = self._session.state
        if not self.alone or self._science is None:
            return state.config
        return state.plan.config_for(self._science, state.config)

    def problem(self, name: str) -> ConfigError | None:
        """What is wrong with a field."""
        if not self.alone:
            return self._session.state.problems.get(name)
        problems = self.problems or self._session.shape_problem(self.config())
        return problems.get(name)

    def mark(self, name: str) -> str:
        """What is said below a field; empty = nothing."""
        if name not in self.own:
            return ""
        shared = plain(getattr(self._session.state.config, name))
        if self.alone:
            return self.tr("{} own value; whole stack: {}").format(_SIGN, shared)
        text = self.tr("{} {} has its own: {}")
        return text.format(_SIGN, self._science, plain(self.own[name]))

    # ------------------------------------------------------------ wishes

    def set_alone(self, alone: bool) -> None:
        """Show and change the settings of the shown exposure alone, or of the whole stack."""
        self._alone = alone
        self.problems = {}
        self._refresh()

    def edit(self, name: str, value: Any) -> None:
        """Set one option of whom the fields belong to."""
        if self.alone:
            self._change({name: value})
        else:
            self._session.edit_config(name, value)

    def apply_remedy(self, remedy: Remedy) -> None:
        """Make the changes of a remedy, in the exposure's own settings where it has such."""
        changes = dict(remedy.changes)
        if self.alone or set(changes) & set(self.own):
            self._change(changes)
        else:
            self._session.apply_remedy(remedy)

    def _change(self, changes: dict[str, Any]) -> None:
        state = self._session.state
        own = self.own
        for name, value in changes.items():
            if value == getattr(state.config, name):
                own.pop(name, None)
            else:
                own[name] = value
        try:
            state.config.replace(**own)
        except ConfigError as error:
            self.problems = {error.field or next(iter(changes)): error}
            self.changed.emit()
            return
        self.problems = {}
        if state.science is not None:
            self._session.set_own(state.science, own)
        self.changed.emit()

    def drop(self, name: str) -> None:
        """Take the whole stack's value of one option again."""
        science = self._session.state.science
        if science is not None:
            self.problems = {}
            self._session.set_own(science, {n: v for n, v in self.own.items() if n != name})

    def forget(self) -> None:
        """Take all of the stack's settings again."""
        science = self._session.state.science
        if science is not None:
            self.problems = {}
            self._session.set_own(science, None)

    # ------------------------------------------------------------ news

    def _on_stack(self) -> None:
        self._science = None
        self._on_pair()

    def _on_pair(self) -> None:
        state = self._session.state
        name = None
        if state.stack is not None and state.science is not None:
            name = state.stack.stack.entries[state.science].name
        if name != self._science:
            # Nobody shall change another exposure's settings just by going on to it.
            self._alone, self.problems = False, {}
        self._science = name
        self._refresh()

    def _forget_problems(self) -> None:
        self.problems = {}

    def _refresh(self) -> None:
        name, own = self._science, self.own
        self.choice.clear()
        self.choice.addItem(self.tr("whole stack"))
        if name is not None:
            mark = f" {_SIGN}" if own else ""
            self.choice.addItem(self.tr("only {}").format(name) + mark)
        self.choice.setCurrentIndex(int(self.alone))
        words = ", ".join(OPTIONS[n].lsst_name for n in own)
        if self.alone:
            text = self.tr("{} Only {}: changes leave the other exposures alone.")
            text = text.format(_SIGN, name)
        elif own:
            text = self.tr("{} {} has its own {}.").format(_SIGN, name, words)
        else:
            text = ""
        self.note.setText(text)
        self.note.setVisible(bool(text))
        self.back.setVisible(bool(own))
        self.follow_palette()
        self.changed.emit()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = current_colours()
        self.note.setStyleSheet(
            f"#ownNote {{ border-left: 3px solid {colours.warning}; padding: 2px 6px; }}"
        )
