"""Puts the sweep into the window: its dock, and what applying and saving mean there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtWidgets import QFileDialog

from bgviewer.engine.sweeping import Candidate
from bgviewer.errors import Remedy
from bgviewer.session.state import Wishes
from bgviewer.tasks.sweep import with_candidate, with_choices
from bgviewer.tasks.sweep_report import write_sweep_file
from bgviewer.ui.sweeping.panel import SweepPanel

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["SweepUi"]


class SweepUi(QObject):
    """The window's part that finds settings.

    Parameters
    ----------
    window : MainWindow
        Its docks and panels exist; its history not yet.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.panel = SweepPanel(window.session)
        self.dock = window.docks.add(
            self.tr("Sweep"),
            "sweep",
            self.panel,
            Qt.DockWidgetArea.BottomDockWidgetArea,
            tabbed_with="judge",
            visible=False,  # the images need the room; Match > Find settings opens it
        )
        text = self.tr(
            "Which settings are right? Tries many on part of the pixels and judges them on the "
            "rest. Example: Start, then Apply recommended: order 3 at binSize 256."
        )
        self.dock.setWhatsThis(f"<p>{text}</p>")
        self.panel.apply_asked.connect(self._apply)
        self.panel.each_asked.connect(self._apply_each)
        self.panel.save_asked.connect(self._save)

    def find_settings(self) -> None:
        """Open the dock with the keys on Start."""
        self._window.docks.bring(self.dock)
        self.panel.start.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.panel.follow_palette()

    def _apply(self, candidate: Candidate, everywhere: bool) -> None:
        """Take the settings of a cell as one step."""
        session, name = self._window.session, self.tr("sweep: {}").format(candidate.text)
        with self._window.history.named(name):
            if everywhere:
                state = session.state
                config, plan = with_candidate(state.config, state.plan, candidate)
                session.set_wishes(Wishes(config, plan, state.reference))
            else:
                # in the exposure's own settings where those are edited or in the way
                changes = tuple(candidate.changes().items())
                self._window.config_panel.own.apply_remedy(Remedy(name, changes))

    def _apply_each(self) -> None:
        """Give every exposure that was swept what is recommended for it, as one step."""
        session = self._window.session
        state, found = session.state, session.sweeper.whole()
        if found is None:
            return
        request = replace(found.request, config=state.config, plan=state.plan)
        config, plan = with_choices(replace(found, request=request), "exposure")
        with self._window.history.named(self.tr("sweep: each its own settings")):
            session.set_wishes(Wishes(config, plan, state.reference))

    def _save(self) -> None:
        found = self._window.session.sweeper.whole()
        if found is None:
            return
        start = str(Path(self._window.files.last_folder) / "sweep.json")
        path, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Save all scores"), start, "JSON (*.json)"
        )
        if path:
            # the dialog has asked whether an existing file may go
            self._window.session.write_file(
                self.tr("Writing the scores"),
                lambda job: write_sweep_file(path, found, overwrite=True),
            )
