"""What is left out: regions drawn on the images, and whole exposures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt

from bgviewer.ui.exposures import ExposureActions
from bgviewer.ui.region_files import RegionFiles
from bgviewer.ui.regions import RegionsPanel

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["Marking"]


class Marking(QObject):
    """Builds the dock of the regions, and holds what the Stack menu asks for.

    Parameters
    ----------
    window : MainWindow
        With its other docks built.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.regions = RegionsPanel(window.session, window.panels)
        self.dock = window.docks.add(
            self.tr("Regions"),
            "regions",
            self.regions,
            Qt.DockWidgetArea.LeftDockWidgetArea,
            least_width=290,
            tabbed_with="stack",
        )
        self.exposures = ExposureActions(window)
        self.files = RegionFiles(window)
        self.regions.wanted.connect(self._show_dock)
        window.session.plan_changed.connect(self._count)
        window.session.stack_changed.connect(self._count)
        self._count()

    def _show_dock(self) -> None:
        self.dock.show()
        self.dock.raise_()

    def _count(self) -> None:
        state = self._window.session.state
        self.dock.setEnabled(state.stack is not None)
        regions = state.plan.regions
        title = self.tr("Regions ({})").format(len(regions)) if regions else self.tr("Regions")
        self.dock.setWindowTitle(title)
