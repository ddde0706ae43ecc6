"""Puts diagnostics, flux loss and consistency into the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QSize, Qt
from PyQt6.QtWidgets import QTabWidget, QWidget

from bgviewer.errors import Remedy
from bgviewer.session.session import Session
from bgviewer.ui.diagnosing.consistency_tab import ConsistencyTab
from bgviewer.ui.diagnosing.diagnosis_tab import DiagnosisTab
from bgviewer.ui.diagnosing.explained import explain
from bgviewer.ui.diagnosing.flux_loss_tab import FluxLossTab

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["DiagnosticsPanel", "DiagnosticsUi"]


class DiagnosticsPanel(QTabWidget):
    """This match, flux loss, the whole stack."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.diagnosis = DiagnosisTab(session)
        self.flux_loss = FluxLossTab(session)
        self.consistency = ConsistencyTab(session)
        self.addTab(self.diagnosis, self.tr("This match"))
        self.addTab(self.flux_loss, self.tr("Flux loss"))
        self.addTab(self.consistency, self.tr("Consistency"))
        self.setDocumentMode(True)
        self.setAccessibleName(self.tr("Diagnostics"))
        explain(self)

    def sizeHint(self) -> QSize:
        """Low at first: the images need the height."""
        return QSize(760, 230)

    def minimumSizeHint(self) -> QSize:
        """As low as the tabs of the other docks at the bottom."""
        return QSize(300, 150)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.diagnosis.follow_palette()
        self.flux_loss.follow_palette()
        self.consistency.follow_palette()


class DiagnosticsUi(QObject):
    """The window's part that says how far results can be trusted.

    Parameters
    ----------
    window : MainWindow
        Its docks and panels exist; its history not yet.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.panel = DiagnosticsPanel(window.session)
        self.dock = window.docks.add(
            self.tr("Diagnostics"),
            "diagnostics",
            self.panel,
            Qt.DockWidgetArea.BottomDockWidgetArea,
            tabbed_with="judge",
            visible=False,  # the images need the room; Match > Diagnostics opens it
        )
        text = self.tr(
            "Figures of the match beside what noise alone would give, what the match removes of "
            "light that one exposure has, what is left between exposures. Example: the residual "
            "autocorrelation is above expectation, so a smaller binSize is offered."
        )
        self.dock.setWhatsThis(f"<p>{text}</p>")
        self.panel.diagnosis.remedy_chosen.connect(self._apply)
        self.panel.diagnosis.sweep_asked.connect(lambda: window.sweep.find_settings())
        self.panel.consistency.reference_asked.connect(self._take_reference)
        window.panels.hovered.connect(self.panel.flux_loss.point_at)

    def open(self) -> None:
        """Open the dock with the keys on its table."""
        self._window.docks.bring(self.dock)
        self.panel.setCurrentWidget(self.panel.diagnosis)
        self.panel.diagnosis.table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.panel.follow_palette()

    def _apply(self, remedy: Remedy) -> None:
        """Take the settings of a remedy, in the exposure's own where it has such, as one step."""
        with self._window.history.named(self.tr("diagnostics: {}").format(remedy.text)):
            self._window.config_panel.own.apply_remedy(remedy)

    def _take_reference(self, exposure: int) -> None:
        self._window.session.set_reference(exposure)
