"""Regions from and to ds9 files, by dialog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QFileDialog

from bgviewer.io.region_file import RegionFile
from bgviewer.tasks.regions import add_regions, export_regions, import_regions

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["RegionFiles"]

_SUFFIX = ".reg"
_KINDS = f"ds9 regions (*{_SUFFIX});;All files (*)"


class RegionFiles(QObject):
    """What the Stack menu asks for.

    Parameters
    ----------
    window : MainWindow
        Its session keeps the regions.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def ask_import(self) -> None:
        """Ask for a ds9 file and take its regions."""
        path, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Import regions"), self._window.files.last_folder, _KINDS
        )
        if path:
            self.take(path)

    def take(self, path: str) -> None:
        """Take the regions of a ds9 file beside those that are there; one step of undo."""
        session = self._window.session
        held = session.state.stack
        if held is None:
            return
        stack = held.stack
        session.read_file(
            self.tr("Reading regions"),
            lambda job: import_regions(path, stack),
            lambda found: self._add(path, found),
        )

    def _add(self, path: str, found: RegionFile) -> None:
        session, name = self._window.session, Path(path).name
        before = session.state.plan
        if session.state.stack is None:
            return
        after = add_regions(before, found.regions)
        new = len(after.regions) - len(before.regions)
        with self._window.history.named(self.tr("import {}").format(name)):
            session.set_plan(after)
        text = self.tr("{}: {} regions taken").format(name, new)
        if new < len(found.regions):
            text += self.tr(", {} were there already").format(len(found.regions) - new)
        level = "warning" if found.notes or not found.regions else "info"
        session.notice(level, f"{text}{self._noted(found)}.", "\n".join(found.notes))

    def _noted(self, found: RegionFile) -> str:
        more = len(found.notes) - 1
        if more < 0:
            return ""
        return f"; {found.notes[0]}" + (self.tr(" and {} more").format(more) if more else "")

    def ask_export(self) -> None:
        """Ask for a file and write all regions into it."""
        session = self._window.session
        held, plan = session.state.stack, session.state.plan
        if held is None:
            return
        if not plan.regions:
            session.notice("info", self.tr("There are no regions to export."))
            return
        start = Path(self._window.files.last_folder) / f"ignored{_SUFFIX}"
        path, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Export regions"), str(start), _KINDS
        )
        if not path:
            return
        stack, target = held.stack, Path(path)
        # Qt asked about the name as it was typed, not about one that was completed.
        asked = bool(target.suffix)
        target = target if asked else target.with_name(target.name + _SUFFIX)
        session.write_file(
            self.tr("Writing regions"),
            lambda job: export_regions(target, plan, stack, overwrite=asked),
        )
