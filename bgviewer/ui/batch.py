"""Work over many exposures in the window: its report, and trying again what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt

from bgviewer.ui.report_dialog import ReportDialog

if TYPE_CHECKING:
    from bgviewer.tasks.export import ExportReport
    from bgviewer.ui.main_window import MainWindow

__all__ = ["BatchUi"]


class BatchUi(QObject):
    """Shows what an export did; offers Retry where something failed.

    Parameters
    ----------
    window : MainWindow
        Its actions exist.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        session = window.session
        window.notices.action_asked.connect(self._act)
        session.exported.connect(self.show_report)
        for signal in (session.outcomes_changed, session.job_changed, session.config_changed):
            signal.connect(self._enable)
        self._enable()

    def _act(self, name: str) -> None:
        if name == "show_outputs":
            self._window.session.show_outputs()
        elif name == "stay_open":
            self._window.leaving.stay()
        elif not self._window.importing.answer(name):
            self._window.actions_[name].trigger()

    def _enable(self) -> None:
        session = self._window.session
        free = session.state.job is None and not session.state.problems
        self._window.actions_["retry_failed"].setEnabled(free and bool(session.failed()))

    def show_report(self, report: ExportReport) -> None:
        """Show what an export did, unless the window closes because all went well or is closed."""
        if not self._window.session.alive:
            return
        if self._window.leaving.waiting and not report.n_failed and not report.problem:
            return
        dialog = ReportDialog(report, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.retry_asked.connect(self._window.session.retry_export)
        dialog.open()
