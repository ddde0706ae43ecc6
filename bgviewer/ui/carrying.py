"""Carrying on: sessions, recent files, settings in and out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, QTimer
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QFileDialog

from bgviewer.errors import BgviewerError
from bgviewer.io.config_file import dump_any, read_any
from bgviewer.io.reading import READ, ReadRule, rules_of
from bgviewer.io.session_file import (
    SUFFIX,
    OpenedSession,
    SavedSession,
    is_session,
    read_session,
    write_session,
)
from bgviewer.io.text import write_text
from bgviewer.session.state import Wishes
from bgviewer.tasks.command_line import match_command
from bgviewer.tasks.show import THIRD_VIEWS
from bgviewer.ui.recent import Recent

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["Carrying"]

_SETTINGS = (".toml", ".py")


class Carrying(QObject):
    """Keeps the session's file and turns files into wishes.

    Attributes
    ----------
    path : Path or None
        File of the present session.
    recent : Recent
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._session = window.session
        self._pending: tuple[OpenedSession, Path | None] | None = None
        self._remark = ""
        self._kept: tuple[Any, ...] = ()
        self.path: Path | None = None
        self.recent = Recent()

    def follow(self) -> None:
        """Listen to the session; after the window does, whose title this one overrides."""
        session = self._session
        session.stack_changed.connect(self._on_stack)
        for signal in (session.config_changed, session.plan_changed, session.pair_changed):
            signal.connect(self._mark)

    # ------------------------------------------------------------ what is kept

    def paths(self) -> tuple[Path, ...]:
        """Files of the stack; empty where there is none, or one that lives in memory."""
        stack = self._session.state.stack
        entries = () if stack is None else stack.stack.entries
        paths = tuple(e.path.absolute() for e in entries if e.path is not None)
        return paths if len(paths) == len(entries) else ()

    def _name(self, exposure: int | None) -> str | None:
        stack = self._session.state.stack
        if stack is None or exposure is None:
            return None
        return stack.stack.entries[exposure].name

    def _state(self) -> tuple[Any, ...]:
        state = self._session.state
        zero_point = self._session.zero_point
        name, rules = self._name(state.reference), self._rules()
        return (self.paths(), state.config, state.plan, name, zero_point, rules)

    @property
    def modified(self) -> bool:
        """Whether the present session differs from its file."""
        return self.path is not None and self._state() != self._kept

    def _mark(self) -> None:
        if self.path is not None:
            self._window.setWindowModified(self.modified)

    def _keep(self, path: Path | None) -> None:
        self._window.setWindowModified(False)
        self.path, self._kept = path, self._state()
        self._name_window()

    def _name_window(self) -> None:
        if self.path is not None:
            name = self.path.name
            name = name[: -len(SUFFIX)] if is_session(name) else name
            self._window.setWindowTitle(f"{name}[*] — bgviewer")
            self._mark()

    # ------------------------------------------------------------ sessions

    def open_session(self, path: str = "") -> None:
        """Open a session; ask for it where it is not named."""
        chosen = path or self._ask_open(self.tr("Open session"), f"Sessions (*{SUFFIX})")
        if not chosen or not self._window.leaving.may_leave():
            return
        try:
            opened = read_session(chosen)
        except BgviewerError as error:
            self._session.notice("error", str(error))
            return
        session, saved = self._session, opened.saved
        session.close_stack()
        session.set_zero_point(saved.zero_point)
        session.file_reading.set_rules(saved.reading)
        session.set_config(saved.config)
        if saved.third in THIRD_VIEWS:
            session.set_third(saved.third)
        file = Path(chosen).absolute()
        self.recent.add([str(file)])
        self._load(opened, file)

    def _load(self, opened: OpenedSession, path: Path | None = None) -> None:
        """Load the stack of a session; `path` is its file, None = the present one stays."""
        self._pending = (opened, path)
        saved = opened.saved
        self._session.load([str(p) for p in saved.paths], plan=saved.plan, align=saved.align)

    def _on_stack(self) -> None:
        pending, self._pending = self._pending, None
        opened, path = pending or (None, None)
        if self.path is not None and self.paths() != self._kept[0]:
            self._forget()
        if opened is None or opened.saved.paths != self.paths():
            self._name_window()
            return
        saved = opened.saved
        remarks = [opened.remark] if opened.remark else []
        for wanted, take in (
            (saved.reference, self._session.set_reference),
            (saved.science, self._session.set_science),
        ):
            number = self._find(wanted)
            if number is not None:
                take(number)
            elif wanted is not None:
                remarks.append(self.tr("{} is not among the exposures.").format(wanted))
        if path is not None:
            self._keep(path)
        self._name_window()
        if remarks:
            self._remark = " ".join(remarks)
            QTimer.singleShot(0, self._tell_remark)  # after what loading itself has to say

    def _forget(self) -> None:
        self._window.setWindowModified(False)
        self.path = None

    def _tell_remark(self) -> None:
        self._session.notice("warning", self._remark)

    def _find(self, name: str | None) -> int | None:
        stack = self._session.state.stack
        if stack is None or name is None:
            return None
        return next((e.id for e in stack.stack.entries if e.name == name), None)

    def save_session(self) -> None:
        """Save the session into its file; ask where it has none."""
        if self.path is None:
            self.save_session_as()
        else:
            self._save(self.path)

    def save_session_as(self) -> None:
        """Ask for a file and save the session there."""
        if not self._has_files():
            return
        start = self.path or self.paths()[0].parent / f"{self.paths()[0].parent.name}{SUFFIX}"
        chosen = self._ask_save(self.tr("Save session"), start, f"Sessions (*{SUFFIX})")
        if chosen:
            path = Path(chosen)
            if not is_session(path):
                path = path.with_name(path.name.removesuffix(".toml") + SUFFIX)
            # Qt asked about the name as it was typed, not about one that was completed.
            self._save(path, overwrite=str(path) == chosen)

    def _has_files(self) -> bool:
        if self.paths():
            return True
        text = self.tr("The exposures have no files; export them first, then open those.")
        self._session.notice("warning", text)
        return False

    def _save(self, path: Path, overwrite: bool = True) -> None:
        if not self._has_files():
            return
        state = self._session.state
        saved = SavedSession(
            paths=self.paths(),
            config=state.config,
            plan=state.plan,
            reference=self._name(state.reference),
            science=self._name(state.science),
            zero_point=self._session.zero_point,
            third=state.third,
            reading=self._rules(),
            align=state.stack is not None and bool(state.stack.stack.align),
        )
        try:
            write_session(path, saved, overwrite)
        except BgviewerError as error:
            self._session.notice("error", str(error))
            return
        self._keep(path.absolute())
        self.recent.add([str(path.absolute())])

    def _rules(self) -> tuple[ReadRule, ...]:
        """How the files of the stack were read, where that was chosen."""
        stack = self._session.state.stack
        return () if stack is None else rules_of(stack.stack.entries)

    # ------------------------------------------------------------ settings

    def import_config(self, path: str = "") -> None:
        """Take settings from TOML or from LSST's config.py, which is only read."""
        chosen = path or self._ask_open(
            self.tr("Import settings"),
            self.tr("Settings (*.toml *.py);;All files (*)"),
        )
        if not chosen:
            return
        try:
            config, extra, plan, notes = read_any(chosen)
        except BgviewerError as error:
            self._session.notice("error", str(error))
            return
        session, state = self._session, self._session.state
        if Path(chosen).suffix.lower() == ".py":
            plan = state.plan  # LSST's files say nothing of it
        wanted = extra.get("reference", "auto")
        reference = self._find(wanted)
        number = state.reference if reference is None else reference
        try:
            session.set_wishes(Wishes(config, plan, number))
        except BgviewerError as error:
            session.notice("error", str(error))
            return
        text = self.tr("Settings taken from {}.").format(Path(chosen).name)
        remarks = list(notes)
        if wanted != "auto" and reference is None and state.stack is not None:
            remarks.insert(0, self.tr("{} is not among the exposures").format(wanted))
        if remarks:
            text += " " + self.tr("Left out: {}.").format(remarks[0])
        session.notice("warning" if remarks else "info", text, "\n".join(remarks[1:]))
        read_anew = READ in extra and session.file_reading.set_rules(extra[READ])
        self.rescale(extra.get("zeroPoint", session.zero_point), read_anew)

    def rescale(self, zero_point: str | float, read_anew: bool = False) -> None:
        """Bring the stack to another zero point: it is read anew."""
        if zero_point == self._session.zero_point and not read_anew:
            return
        self._session.set_zero_point(zero_point)
        self.reload()

    def reload(self) -> None:
        """Read the stack anew; what was decided about it stays."""
        paths, state = self.paths(), self._session.state
        zero_point = self._session.zero_point
        if paths:
            names = (self._name(state.reference), self._name(state.science))
            saved = SavedSession(paths, state.config, state.plan, *names, zero_point)
            self._load(OpenedSession(saved))

    def export_config(self) -> None:
        """Write the settings as TOML or as LSST's config.py."""
        filters = {
            self.tr("Settings (*.toml)"): "toml",
            self.tr("LSST config.py (*.py)"): "lsst",
            self.tr("LSST config.py, names of the rewritten task (*.py)"): "lsst-modern",
        }
        start = Path(self._window.files.last_folder or ".") / "config.toml"
        chosen, kind = QFileDialog.getSaveFileName(
            self._window, self.tr("Export settings"), str(start), ";;".join(filters)
        )
        if not chosen:
            return
        state, path = self._session.state, Path(chosen)
        format = filters.get(kind, "toml")
        if format == "toml" and path.suffix.lower() == ".py":
            format = "lsst"
        completed = (
            path
            if path.suffix.lower() in _SETTINGS
            else Path(f"{chosen}{'.toml' if format == 'toml' else '.py'}")
        )
        extra = {
            "reference": self._name(state.reference) or "auto",
            "zeroPoint": self._session.zero_point,
            "align": state.stack is not None and bool(state.stack.stack.align),
            READ: self._rules(),
        }
        try:
            text, losses = dump_any(state.config, extra, state.plan, format=format)
            write_text(completed, text, overwrite=completed == path)
        except BgviewerError as error:
            self._session.notice("error", str(error))
            return
        told = self.tr("Settings written to {}.").format(completed)
        if losses:
            told += " " + self.tr("Not in it: {}.").format(losses[0])
        self._session.notice("warning" if losses else "info", told, "\n".join(losses[1:]))

    def copy_command(self) -> None:
        """Copy the bgviewer match line that does what the window is set to."""
        if not self._has_files():
            return
        state, settings = self._session.state, None
        decided = replace(state.plan, detection=None)
        if not decided.is_empty or self._rules():
            if self.path is None or self.modified:
                text = self.tr(
                    "Exclusions, regions, own settings, limits and how files are read need a "
                    "file: save the session (Ctrl+S), then copy the line again."
                )
                self._session.notice("warning", text)
                return
            settings = self.path
        line = match_command(
            self.paths(),
            self.paths()[0].parent / "matched",
            state.config,
            reference=self._name(state.reference),
            zero_point=self._session.zero_point,
            settings=settings,
            detection=state.plan.detection,
            align=state.stack is not None and bool(state.stack.stack.align),
        )
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(line)
        text = self.tr("Copied: bgviewer match with {} files.").format(len(self.paths()))
        self._session.notice("info", text, line)

    # ------------------------------------------------------------ asking

    def _ask_open(self, title: str, filters: str) -> str:
        folder = self._window.files.last_folder
        return QFileDialog.getOpenFileName(self._window, title, folder, filters)[0]

    def _ask_save(self, title: str, start: Path, filters: str) -> str:
        return QFileDialog.getSaveFileName(self._window, title, str(start), filters)[0]
