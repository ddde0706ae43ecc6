"""Below the ranking table: how sure the choice is, why a row lost, and what may mislead."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bgviewer.engine.stability import stability_of
from bgviewer.session.session import Session
from bgviewer.tasks.reasons import describe_stability, explain_cost
from bgviewer.ui.plain_text import plain_tip
from bgviewer.ui.theme import FollowsPalette, current_colours

__all__ = ["RankingNotes", "RankingWarning"]


def _wrapped() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


class RankingWarning(FollowsPalette, QFrame):
    """What may mislead in the ranking, with its remedy; stays dismissed until it changes."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rankingWarning")
        self.setAccessibleName(self.tr("Warning of the ranking"))
        self._session = session
        self._dismissed: tuple[str, ...] = ()
        self._warnings: tuple[str, ...] = ()
        self.text = _wrapped()
        self.remedy = QPushButton()
        self.remedy.clicked.connect(self._mend)
        self.dismiss = QToolButton()
        self.dismiss.setText("✕")
        self.dismiss.setAutoRaise(True)
        self.dismiss.setAccessibleName(self.tr("Dismiss the warning"))
        self.dismiss.setToolTip(self.tr("Dismiss until the warning changes"))
        self.dismiss.clicked.connect(self._put_away)
        row = QHBoxLayout()
        row.addWidget(self.text, 1)
        row.addWidget(self.dismiss, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 4, 6)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.remedy, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()
        self.begin_following()

    def update_from(self, warnings: tuple[str, ...]) -> None:
        """Show the warnings unless just these were dismissed."""
        self._warnings = warnings
        self.text.setText("\n".join(f"⚠ {w[:1].upper()}{w[1:]}." for w in warnings))
        self._offer()
        self.setVisible(bool(warnings) and warnings != self._dismissed)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = current_colours()
        self.setStyleSheet(
            f"#rankingWarning {{ background: {colours.card}; border: 0;"
            f" border-left: 4px solid {colours.warning}; }}"
        )

    def _empty(self) -> list[int]:
        stack = self._session.state.stack
        if stack is None:
            return []
        return [
            i
            for i, m in enumerate(stack.measurements)
            if m is not None and m.coverage == 0 and i not in stack.excluded
        ]

    def _offer(self) -> None:
        level = any("levelAboveMinimum" in w for w in self._warnings)
        if level:
            self.remedy.setText(self.tr("Switch levelAboveMinimum on"))
            self.remedy.setToolTip(
                self.tr("Count levels from the lowest one, so that a darker sky is always better")
            )
        else:
            self.remedy.setText(self.tr("Leave the empty exposures out"))
            self.remedy.setToolTip(
                self.tr("Exclude exposures without good pixels from ranking and match")
            )
        self.remedy.setVisible(level or bool(self._empty()))

    def _mend(self) -> None:
        if any("levelAboveMinimum" in w for w in self._warnings):
            self._session.edit_config("level_above_minimum", True)
            return
        state = self._session.state
        if state.stack is not None:  # one change, so that it is one step of undo
            names = {state.stack.stack.entries[i].name for i in self._empty()}
            self._session.set_plan(replace(state.plan, excluded=state.plan.excluded | names))

    def _put_away(self) -> None:
        self._dismissed = self._warnings
        self.hide()


class RankingNotes(QWidget):
    """Warning, stability and the comparison of the selected exposure with the best."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.warning = RankingWarning(session)
        self.stability = _wrapped()
        self.stability.setAccessibleName(self.tr("Stability of the ranking"))
        self.why = _wrapped()
        self.why.setAccessibleName(self.tr("Why this exposure is not the reference"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in (self.warning, self.why, self.stability):
            column.addWidget(part)
        session.ranking_changed.connect(self._on_ranking)  # told of each new stack too
        session.pair_changed.connect(self._on_pair)
        self._on_ranking()

    def _on_ranking(self) -> None:
        stack = self._session.state.stack
        ranking = None if stack is None else stack.ranking
        line, tip = "", ""
        if stack is not None and ranking is not None and len(stack) > 1:
            names = [e.name for e in stack.stack.entries]
            line, tip = describe_stability(stability_of(ranking), names)
        self.stability.setText(line)
        self.stability.setToolTip(plain_tip(tip))
        self.stability.setVisible(bool(line))
        self.warning.update_from(() if ranking is None else ranking.warnings)
        self._on_pair()

    def _on_pair(self) -> None:
        state = self._session.state
        stack, text = state.stack, ""
        if stack is not None and stack.ranking is not None and state.science is not None:
            names = [e.name for e in stack.stack.entries]
            text = explain_cost(state.science, stack.ranking, stack.measurements, names)
        self.why.setText(text.replace(" %", "\u00a0%"))  # no line begins with a per cent sign
        self.why.setVisible(bool(text))
