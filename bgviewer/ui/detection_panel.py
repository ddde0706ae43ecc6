"""Source detection among the parameters: threshold, area and growth, and when to look."""

from __future__ import annotations

import dataclasses
from typing import Any

from PyQt6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from bgviewer.engine.detection import DETECTION, Detection
from bgviewer.errors import ConfigError
from bgviewer.session.preparing import Preparing
from bgviewer.session.session import Session
from bgviewer.ui.config_panel import FieldRow
from bgviewer.ui.plain_text import plain_label

__all__ = ["DetectionGroup"]

_NUMBER = 90  # screen pixels


class DetectionGroup(QWidget):
    """One row per option; nothing is detected before the button is pressed."""

    def __init__(
        self, session: Session, preparing: Preparing, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._preparing = session, preparing
        self._wanted = Detection()
        self.setAccessibleName(self.tr("Source detection"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        self.heading = QLabel(self.tr("Source detection"))
        self.heading.setObjectName("heading")
        self.heading.setToolTip(
            self.tr("Makes a DETECTED plane in exposures that bring none; files stay as they are")
        )
        column.addWidget(self.heading)
        self.rows: dict[str, FieldRow] = {}
        for option in DETECTION.values():
            row = FieldRow(option)
            row.edited.connect(self._edit)
            self.rows[option.name] = row
            column.addWidget(row)
        self.said = QLabel()
        plain_label(self.said)
        self.said.setWordWrap(True)
        self.said.setObjectName("dim")
        column.addWidget(self.said)
        self.detect = QPushButton(self.tr("&Detect sources"))
        self.detect.setToolTip(self.tr("Find sources with these settings and leave them out"))
        self.detect.clicked.connect(lambda: self._preparing.detect(self._wanted))
        self.remove = QPushButton(self.tr("Remove"))
        self.remove.setAccessibleName(self.tr("Remove the detected sources"))
        self.remove.setToolTip(self.tr("Count the pixels of the detected sources again"))
        self.remove.clicked.connect(self._preparing.remove)
        buttons = QHBoxLayout()
        buttons.addWidget(self.detect, 1)
        buttons.addWidget(self.remove)
        column.addLayout(buttons)
        self._line_up()
        session.plan_changed.connect(self._show_plan)
        session.job_changed.connect(self._enable)
        session.stack_changed.connect(self._enable)
        self._show_plan()

    def _line_up(self) -> None:
        """Let the numbers stand below each other."""
        widest = max(row.label.sizeHint().width() for row in self.rows.values())
        for row in self.rows.values():
            row.label.setMinimumWidth(widest)
            row.field.main.setMinimumWidth(_NUMBER)
        spin = self.rows["sigma"].field.main
        if isinstance(spin, QDoubleSpinBox):
            spin.setSuffix(self.tr(" sigma"))

    def _edit(self, name: str, value: Any) -> None:
        try:
            self._wanted = dataclasses.replace(self._wanted, **{name: value})
        except ConfigError as error:
            self.rows[name].show_problem(error)
            return
        self._show()

    def _show_plan(self) -> None:
        held = self._preparing.detection
        if held is not None:
            self._wanted = held
        self._show()

    def _show(self) -> None:
        for row in self.rows.values():
            row.show_value(self._wanted)
            row.show_problem(None)
        held = self._preparing.detection
        if held is None:
            text = self.tr("Off: only the exposures' own DETECTED planes count.")
        elif held == self._wanted:
            text = self.tr("DETECTED made by bgviewer: {}.").format(held.text)
        else:
            text = self.tr("Made with {}; press Detect to look again.").format(held.text)
        self.said.setText(text)
        self._enable()

    def _enable(self) -> None:
        held, busy = self._preparing.detection, self._session.state.job is not None
        self.detect.setEnabled(not busy and held != self._wanted)
        self.remove.setEnabled(not busy and held is not None)
