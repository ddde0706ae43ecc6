"""The folder of an export where no program shows folders."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QDesktopServices, QGuiApplication

from bgviewer.engine.config import MatchConfig
from bgviewer.tasks.export import ExportReport
from bgviewer.ui import open_folder as module
from bgviewer.ui.report_dialog import ReportDialog


def report_on(folder: Path) -> ExportReport:
    return ExportReport((), 0, folder, MatchConfig(), ())


def test_without_a_launcher_the_path_is_shown_and_copied(qtbot, tmp_path):
    dialog = ReportDialog(report_on(tmp_path))
    qtbot.addWidget(dialog)
    assert dialog.place.isHidden()
    qtbot.mouseClick(dialog.folder_button, Qt.MouseButton.LeftButton)
    assert not dialog.place.isHidden() and str(tmp_path) in dialog.place.text()
    flags = dialog.place.textInteractionFlags()
    assert flags & Qt.TextInteractionFlag.TextSelectableByMouse
    assert QGuiApplication.clipboard().text() == str(tmp_path)


def test_the_same_where_the_launcher_refuses(qtbot, tmp_path, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(module, "has_launcher", lambda: True)
    answers = [True, False]

    def open_url(url) -> bool:
        opened.append(url.toLocalFile())
        return answers.pop(0)

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    dialog = ReportDialog(report_on(tmp_path))
    qtbot.addWidget(dialog)
    qtbot.mouseClick(dialog.folder_button, Qt.MouseButton.LeftButton)
    assert opened == [str(tmp_path)] and dialog.place.isHidden()
    qtbot.mouseClick(dialog.folder_button, Qt.MouseButton.LeftButton)
    assert not dialog.place.isHidden() and str(tmp_path) in dialog.place.text()


def test_on_linux_a_launcher_is_looked_for(qtbot, monkeypatch):
    monkeypatch.setattr(module.sys, "platform", "linux")
    monkeypatch.setattr(module.QGuiApplication, "platformName", lambda: "xcb")
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    assert not module.has_launcher()
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert module.has_launcher()
