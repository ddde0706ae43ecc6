"""All tabs that judge a match, and the bin that is looked at."""

from __future__ import annotations

import pyqtgraph as pg
from PyQt6.QtCore import QElapsedTimer, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QTabWidget, QWidget

from bgviewer.engine.regions import Region
from bgviewer.session.session import Session
from bgviewer.tasks.bin import bin_box, bin_region, toggled
from bgviewer.tasks.show import Shown
from bgviewer.ui.judging.bin_tab import BinTab
from bgviewer.ui.judging.log_tab import LogTab
from bgviewer.ui.judging.profile_tab import ProfilesTab
from bgviewer.ui.judging.scatter import PullsTab, ResidualsTab
from bgviewer.ui.judging.tab import JudgeTab
from bgviewer.ui.panels import Panels

__all__ = ["JudgePanel"]

_APART = 100  # milliseconds between two plots while a setting is dragged


class JudgePanel(QTabWidget):
    """Residuals, pulls, profiles, bin and log.

    Parameters
    ----------
    session : Session
        Whose match is judged.
    panels : Panels
        Where the cursor is, and where bins are clicked.
    """

    wanted = pyqtSignal()
    """A bin was clicked: whoever holds this should bring it into view."""

    def __init__(self, session: Session, panels: Panels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._panels = session, panels
        self._seen: Shown | None = None  # what the bin was last looked at in
        self._region: Region | None = None
        self.residuals, self.pulls = ResidualsTab(), PullsTab()
        self.profiles, self.bin = ProfilesTab(), BinTab()
        self.log = LogTab(session)
        self.judges: tuple[JudgeTab, ...] = (self.residuals, self.pulls, self.profiles, self.bin)
        for tab, name in (
            (self.residuals, self.tr("Residuals")),
            (self.pulls, self.tr("Pulls")),
            (self.profiles, self.tr("Profiles")),
            (self.bin, self.tr("Bin")),
            (self.log, self.tr("Log")),
        ):
            self.addTab(tab, name)
        self.setDocumentMode(True)
        self.setAccessibleName(self.tr("Judge the match"))
        self._frames = [self._add_frame(panel) for panel in (panels.residuals, panels.model)]
        session.match_changed.connect(self._on_match)
        session.plan_changed.connect(self._tell_excluded)
        session.pair_changed.connect(self._tell_excluded)
        panels.hovered.connect(self.profiles.point_at)
        panels.residuals.canvas.scene().sigMouseClicked.connect(self._on_click)
        panels.model.cells.sigClicked.connect(self._on_cell)
        self.bin.toggle_asked.connect(self._toggle)
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._show_match)
        self._since = QElapsedTimer()

    def sizeHint(self) -> QSize:
        """Low at first, whatever the tabs would like: the images need the height."""
        return QSize(600, 170)

    def look_at(self, x: float, y: float) -> None:
        """Inspect the bin at parent (x, y)."""
        shown = self._session.state.match.shown
        box = None if shown is None else bin_box(shown, x, y)
        if shown is None or box is None:
            return
        self._show_match()
        self._seen, self._region = shown, bin_region(shown, box)
        self.bin.show_bin(box)
        self._mark_bin()
        self._tell_excluded()
        self.setCurrentWidget(self.bin)
        self.wanted.emit()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        for tab in self.judges:
            tab.follow_palette()

    def _on_match(self) -> None:
        shown = self._session.state.match.shown
        if self.bin.box is not None and self._bin_is_gone(shown):
            self.bin.show_bin(None)
            self._region = None
            self._mark_bin()
        elif self.bin.box is not None and shown is not None:
            self._region = bin_region(shown, self.bin.box)
            self._seen = shown
        for tab in self.judges:
            # A bin that was excluded must be allowed back above all when no match is left.
            tab.setEnabled(tab is self.bin or not self._session.state.match.withheld)
        self._tell_excluded()
        if not self._turn.isActive():
            self._turn.start(self._delay())

    @property
    def resting(self) -> bool:
        """Whether the tabs tell of the match that is in the panels."""
        return not self._turn.isActive()

    def _delay(self) -> int:
        """Milliseconds until the tabs follow: the pictures come first, and more often."""
        if not self._since.isValid():
            return 0
        return max(_APART - int(self._since.elapsed()), 0)

    def _show_match(self) -> None:
        self._turn.stop()
        self._since.start()
        for tab in self.judges:
            tab.show_match(self._session.state.match.shown)

    def _bin_is_gone(self, shown: Shown | None) -> bool:
        """Whether the bin that is looked at means nothing for what is shown now."""
        state, known, region = self._session.state, self._seen, self._region
        if state.stack is None or known is None or region is None:
            return True
        entries = state.stack.stack.entries
        # Other regions make another stack of the same exposures.
        if entries is not known.stack.entries:
            return True
        if shown is None:
            return state.science is None or entries[state.science].name != region.exposure
        same_bins = shown.result.config.bin_size == known.result.config.bin_size
        return not same_bins or shown.science.shape != known.science.shape

    def _toggle(self) -> None:
        if self._region is not None:
            self._session.set_plan(toggled(self._session.state.plan, self._region))

    def _tell_excluded(self) -> None:
        plan = self._session.state.plan
        self.bin.set_excluded(self._region is not None and self._region in plan.regions)

    # ------------------------------------------------------------ clicks

    def _add_frame(self, panel: object) -> pg.PlotDataItem:
        frame = pg.PlotDataItem(pen=pg.mkPen("#ffffff", width=2), shadowPen=pg.mkPen("k", width=4))
        frame.setZValue(18)
        frame.setVisible(False)
        panel.canvas.addItem(frame, ignoreBounds=True)  # type: ignore[attr-defined]
        return frame

    def _mark_bin(self) -> None:
        shown, box = self._session.state.match.shown, self.bin.box
        for frame in self._frames:
            frame.setVisible(box is not None and shown is not None)
            if box is not None and shown is not None:
                x0, y0 = (offset - 0.5 for offset in shown.result.difference.xy0)
                left, right, bottom, top = box
                xs = [x0 + x for x in (left, right, right, left, left)]
                ys = [y0 + y for y in (bottom, bottom, top, top, bottom)]
                frame.setData(xs, ys)

    def _on_click(self, event: object) -> None:
        if event.button() != Qt.MouseButton.LeftButton or event.double():  # type: ignore[attr-defined]
            return
        box = self._panels.residuals.canvas.getPlotItem().getViewBox()
        position = event.scenePos()  # type: ignore[attr-defined]
        if box.sceneBoundingRect().contains(position):
            point = box.mapSceneToView(position)
            self.look_at(point.x(), point.y())

    def _on_cell(self, item: object, points: object, event: object) -> None:
        if len(points):  # type: ignore[arg-type]
            at = points[0].pos()  # type: ignore[index]
            self.look_at(at.x(), at.y())
