"""What was done, in order."""

from __future__ import annotations

from PyQt6.QtCore import QDateTime, QTimer
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from bgviewer.engine.config import OPTIONS
from bgviewer.session.session import Session
from bgviewer.session.state import Notice
from bgviewer.tasks.show import Shown
from bgviewer.ui.format import number, plain, with_unit

__all__ = ["LogTab"]

_MOST = 500
_REST = 400  # ms without a change after which settings and match are written down


class LogTab(QWidget):
    """Loads, matches with what was changed, exports, warnings; each with its time.

    A drag is one change, written down with its last match when it rests.

    Parameters
    ----------
    session : Session
        Whose signals are written down.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._config = session.state.config
        self._plan = session.state.plan
        self._logged: object = None
        self._stack: object = None
        self._shown: Shown | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._write_rested)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(_MOST)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setPlaceholderText(self.tr("Nothing was done yet."))
        self.text.setAccessibleName(self.tr("Log"))
        self.copy = QPushButton(self.tr("Copy all"))
        self.copy.setToolTip(
            self.tr(
                "Copies the log as text, the last {} lines at most. Example: paste it into the "
                "notes of the night."
            ).format(_MOST)
        )
        self.copy.clicked.connect(self._copy)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.addWidget(self.text, 1)
        column.addLayout(buttons)
        session.stack_changed.connect(self._on_stack)
        session.config_changed.connect(self._rest.start)
        session.plan_changed.connect(self._on_plan)
        session.match_changed.connect(self._on_match)
        session.notice_raised.connect(self._on_notice)
        session.exported.connect(self._on_export)
        session.bug_caught.connect(lambda error: self.add(f"error: {error!r}"))

    def lines(self) -> list[str]:
        """Return what is written, oldest first."""
        text = self.text.toPlainText()
        return text.split("\n") if text else []

    def add(self, text: str) -> None:
        """Write a line with the time, after what was waiting for rest."""
        self._write_rested()
        self._write(text)

    def _write(self, text: str) -> None:
        stamp = QDateTime.currentDateTime().toString("yyyy-MM-dd HH:mm:ss")
        self.text.appendPlainText(f"{stamp}  {' '.join(text.split())}")

    def _copy(self) -> None:
        self._write_rested()
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.text.toPlainText())

    def _on_stack(self) -> None:
        stack = self._session.state.stack
        if stack is None:
            if self._stack is not None:
                self.add(self.tr("stack closed"))
        elif stack.stack is not self._stack:
            names = ", ".join(entry.name for entry in stack.stack.entries[:3])
            more = ", …" if len(stack) > 3 else ""
            self.add(self.tr("loaded {} exposures: {}").format(len(stack), names + more))
        self._stack = None if stack is None else stack.stack

    def _write_rested(self) -> None:
        self._rest.stop()
        self._write_config()
        shown, self._shown = self._shown, None
        if shown is not None:
            self._write_match(shown)

    def _write_config(self) -> None:
        config = self._session.state.config
        if config is self._config:
            return
        for name, option in OPTIONS.items():
            old, new = getattr(self._config, name), getattr(config, name)
            if old != new:
                self._write(f"{option.lsst_name}: {plain(old)} → {plain(new)}")
        self._config = config

    def _on_plan(self) -> None:
        plan, before = self._session.state.plan, self._plan
        self._plan = plan
        for text, regions, others in (
            (self.tr("region taken out: {}"), plan.regions, before.regions),
            (self.tr("region taken back: {}"), before.regions, plan.regions),
        ):
            for region in regions:
                if region not in others:
                    at = ", ".join(f"{n:g}" for n in region.numbers[:4])
                    where = region.exposure or self.tr("all exposures")
                    self.add(text.format(f"{region.shape}({at}) {where} {region.note}".strip()))
        for name in sorted(plan.excluded - before.excluded):
            self.add(self.tr("excluded: {}").format(name))
        for name in sorted(before.excluded - plan.excluded):
            self.add(self.tr("included again: {}").format(name))
        for name in sorted(set(plan.own) | set(before.own)):
            if plan.own.get(name) != before.own.get(name):
                self.add(self.tr("own settings of {} changed").format(name))

    def _on_match(self) -> None:
        match = self._session.state.match
        if match.withheld:
            if match.withheld != self._logged:
                self._logged = match.withheld
                self.add(self.tr("not matched: {}").format(match.withheld))
            return
        shown = match.shown
        # A match is told of again for every other view of it.
        if shown is None or not shown.complete or shown.result is self._logged:
            return
        self._logged = shown.result
        if self._shown is not None and _pair(self._shown) != _pair(shown):
            self._write_rested()
        self._shown = shown
        self._rest.start()

    def _write_match(self, shown: Shown) -> None:
        entries, figures = shown.stack.entries, shown.figures
        self._write(
            self.tr("matched {} to {}: fitRMS {}, MSE/var {}").format(
                entries[shown.science_id].name,
                entries[shown.reference_id].name,
                with_unit(figures.fit_rms, figures.unit),
                number(figures.ratio),
            )
        )
        for text in dict.fromkeys(a.text for a in shown.result.adjustments):
            self._write(self.tr("adjusted: {}").format(text))

    def _on_notice(self, notice: Notice) -> None:
        self.add(f"{notice.level}: {notice.text}")
        for line in notice.details.splitlines():
            self._write(f"{notice.level}: {line}")

    def _on_export(self, report: object) -> None:
        outcomes = getattr(report, "outcomes", ())
        matched = sum(o.status == "matched" for o in outcomes)
        failed = sum(o.status == "failed" for o in outcomes)
        self.add(self.tr("exported: {} matched, {} failed").format(matched, failed))


def _pair(shown: Shown) -> tuple[int, int, int]:
    return id(shown.stack), shown.reference_id, shown.science_id
