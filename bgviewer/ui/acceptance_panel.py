"""The acceptance limits among the parameters: what a co-add would keep."""

from __future__ import annotations

import dataclasses
from typing import Any

from PyQt6.QtWidgets import QDoubleSpinBox, QLabel, QVBoxLayout, QWidget

from bgviewer.errors import ConfigError
from bgviewer.session.session import Session
from bgviewer.tasks.acceptance import LIMITS
from bgviewer.ui.config_panel import FieldRow

__all__ = ["AcceptanceGroup"]


_NUMBER = 90  # screen pixels


class AcceptanceGroup(QWidget):
    """One row per limit; what is set goes into the plan, so that undo brings it back."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setAccessibleName(self.tr("Acceptance limits"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        heading = QLabel(self.tr("Accepted for a co-add"))
        heading.setObjectName("heading")
        heading.setToolTip(
            self.tr("Limits of the column Accept; they change no model, only the verdict on it")
        )
        column.addWidget(heading)
        self.rows: dict[str, FieldRow] = {}
        for option in LIMITS.values():
            row = FieldRow(option)
            row.edited.connect(self._edit)
            self.rows[option.name] = row
            column.addWidget(row)
        self._align()
        session.plan_changed.connect(self._show)
        session.match_changed.connect(self._show_unit)
        self._show()

    def _align(self) -> None:
        """Let the numbers stand below each other."""
        widest = max(row.label.sizeHint().width() for row in self.rows.values())
        for row in self.rows.values():
            row.label.setMinimumWidth(widest)
            # The widest number there could be asks for more than the dock has.
            row.field.main.setMinimumWidth(_NUMBER)

    def _show_unit(self) -> None:
        shown = self._session.state.match.shown
        unit = "" if shown is None else shown.figures.unit
        spin = self.rows["fit_rms"].field.main
        if isinstance(spin, QDoubleSpinBox) and spin.suffix() != (suffix := f" {unit}".rstrip()):
            spin.setSuffix(suffix)

    def _edit(self, name: str, value: Any) -> None:
        plan = self._session.state.plan
        try:
            limits = dataclasses.replace(plan.acceptance, **{name: value})
        except ConfigError as error:
            self.rows[name].show_problem(error)
            return
        self._session.set_plan(dataclasses.replace(plan, acceptance=limits))

    def _show(self) -> None:
        limits = self._session.state.plan.acceptance
        for row in self.rows.values():
            row.show_value(limits)
            row.show_problem(None)
