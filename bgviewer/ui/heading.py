"""The end of the toolbar: docks to open, snapshots that are kept, and the pair that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QSizePolicy

from bgviewer.ui.kept import KeptButton
from bgviewer.ui.labels import ElidedLabel
from bgviewer.ui.menus.texts import tr

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["build_heading"]


def build_heading(window: MainWindow) -> tuple[QLabel, KeptButton]:
    """Fill the toolbar's end; return the label of the pair and the button of the snapshots."""
    toolbar = window.actions_.toolbar
    for dock, tip in (
        (window.judge_dock, tr("Residuals, pulls, profiles and single bins of the match")),
        (window.stack_views.overview_dock, tr("All exposures, the worst match first")),
    ):
        shown = dock.toggleViewAction()
        assert shown is not None
        shown.setToolTip(tip)
        shown.setWhatsThis(tip + tr(". Example: press it again to give the images room."))
        shown.triggered.connect(lambda seen, d=dock: d.raise_() if seen else None)
        toolbar.addAction(shown)
    lock = window.actions_["lock_levels"]
    lock.setIconText(tr("Lock scales"))
    toolbar.addAction(lock)
    kept = KeptButton(window.session)
    place = toolbar.addWidget(kept)
    assert place is not None
    kept.clicked.connect(window.stack_views.show_differences)
    kept.follow(place)
    heading = ElidedLabel()  # the pair gives way where the buttons need the room
    heading.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    heading.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    heading.setContentsMargins(8, 0, 8, 0)
    toolbar.addWidget(heading)
    return heading, kept
