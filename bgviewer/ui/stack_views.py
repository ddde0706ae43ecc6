"""Puts overview, comparison and the words of the co-add into the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt

from bgviewer.tasks.extras import COADD_VIEWS
from bgviewer.ui.compare import Compare, DifferencesPanel
from bgviewer.ui.format import counted
from bgviewer.ui.overview import OverviewPanel
from bgviewer.ui.plain_text import plain_tip

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["StackViewsUi"]


class StackViewsUi(QObject):
    """The window's parts for views of the whole stack and for A and B.

    Parameters
    ----------
    window : MainWindow
        Its docks and panels exist; its menus not yet.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        session, bottom = window.session, Qt.DockWidgetArea.BottomDockWidgetArea
        self.compare = Compare(session, window.panels)
        self.overview = OverviewPanel(session)
        self.overview.match_all_asked.connect(
            lambda: window.earlier.before(window.session.match_all)
        )
        self.differences = DifferencesPanel(session)
        self.overview_dock = window.docks.add(
            self.tr("Overview"),
            "overview",
            self.overview,
            bottom,
            tabbed_with="judge",
            visible=False,
        )
        self.differences_dock = window.docks.add(
            self.tr("Compare A and B"),
            "differences",
            self.differences,
            bottom,
            tabbed_with="judge",
            visible=False,
        )

    def show_differences(self) -> None:
        """Open the list of what differs."""
        self.differences_dock.show()
        self.differences_dock.raise_()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.overview.follow_palette()

    def follow(self) -> None:
        """Say under the third panel what the view of the whole stack is made of."""
        third = self._window.panels.third
        picture = third.picture
        if picture is None:
            return
        if picture.kind == "a_minus_b" and not picture.message:
            third.note.setText(self.tr("red: A brighter than B"))
            third.note.setToolTip(self.tr("Matched image of snapshot A − that of snapshot B."))
        if picture.kind not in COADD_VIEWS or picture.message:
            return
        made = self._window.session.stack_views.coadd
        if made.coadd is None:
            return
        names, left_out = made.coadd.names, made.coadd.left_out
        statistic = {"mean": self.tr("mean"), "median": self.tr("median")}[made.coadd.statistic]
        exposures = counted(len(names), self.tr("exposure"), self.tr("exposures"))
        text = self.tr("{} of {}").format(statistic, exposures)
        tips = [self.tr("In it: {}").format(", ".join(names))]
        if left_out:
            text += self.tr(", {} left out").format(len(left_out))
            tips += [self.tr("Left out:"), *(f"{n}: {why}" for n, why in left_out)]
        if not made.current:
            text = self.tr("◌ outdated, press Match all; {}").format(text)
        tips.append(
            self.tr("Before and after are coloured over the same span of values, so a seam has ")
            + self.tr("the same contrast in both.")
        )
        third.note.setText(text)
        third.note.setToolTip(plain_tip("\n".join(tips)))
