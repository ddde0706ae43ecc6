"""How files are read: what was chosen for them, and what is remembered of their instruments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject

from bgviewer.errors import BgviewerError, ConfigError
from bgviewer.io.conventions import Choice
from bgviewer.io.instrument import Instrument
from bgviewer.io.reading import Reading, ReadRule, as_template
from bgviewer.io.remembered import NOTHING_REMEMBERED, Memory, load_memory, save_memory
from bgviewer.io.stack import ExposureStack, load_stack
from bgviewer.session.desk import Desk
from bgviewer.session.lane import Job
from bgviewer.session.store import Store
from bgviewer.tasks.file_contents import FileContents, file_contents
from bgviewer.tasks.import_preview import ImportPreview, preview_import

__all__ = ["FileReading"]


class FileReading(QObject):
    """Holds a `Reading`, which counts from the next load on.

    Attributes
    ----------
    memory_file : Path or None
        Where choices for instruments are kept; None = nothing is remembered, as for pictures
        and tests, which shall come out alike everywhere.
    align : bool or str
        Whether every stack is aligned, as the command line may have said; see `load_stack`.
    """

    def __init__(self, store: Store, desk: Desk) -> None:
        super().__init__(store)
        self._store, self._desk = store, desk
        self.reading = self._first = Reading()
        self.memory_file: Path | None = None
        self.align: bool | str = False
        self._before: Reading | None = None  # of the stack in the window, while another loads
        desk.open_stack = self.open_stack
        desk.load_refused.connect(self._take_back)
        store.stack_changed.connect(self._forget_before)

    def begin_with(self, reading: Reading) -> None:
        """Take what the command line says; it counts for every stack."""
        self.reading = self._first = reading

    def begin_anew(self) -> None:
        """Forget the rules of a session: another stack is opened, whose names may be the same."""
        self._before = self.reading
        self.reading = replace(self._first, given=self.reading.given)

    def _take_back(self) -> None:
        """Keep the rules of the stack that stays because another one could not be loaded."""
        if self._before is not None:
            self.reading, self._before = self._before, None

    def _forget_before(self) -> None:
        self._before = None

    def open_stack(self, paths: Sequence[str], **options: Any) -> ExposureStack:
        """Open a stack with what holds for its files; called in the lane."""
        options["align"] = options.get("align") or self.align
        reading, notes = self._with_memory()
        stack = load_stack(paths, choices=reading, **options)
        stack.notes += notes
        return stack

    def _with_memory(self) -> tuple[Reading, tuple[str, ...]]:
        if self.memory_file is None:
            return self.reading, ()
        try:
            return replace(self.reading, memory=load_memory(self.memory_file)), ()
        except ConfigError as error:
            return self.reading, (f"what was remembered of instruments is left out: {error}",)

    # ---------------------------------------------------------------- wishes

    def set_rules(self, rules: Sequence[ReadRule]) -> bool:
        """Take the rules of a session or of settings; say whether they are others than before.

        Choices for single files are forgotten with the old rules.
        """
        new = replace(self.reading, rules=tuple(rules), given={})
        changed = (new.rules, new.given) != (self.reading.rules, self.reading.given)
        self.reading = new
        return changed

    def choose(self, path: Path, choice: Choice, others: Sequence[Path] = ()) -> None:
        """Read a file as chosen from the next load on, and `others` with side-cars of theirs."""
        shared = as_template(choice, path)
        given: Mapping[Path, Choice] = {path: choice, **dict.fromkeys(others, shared)}
        self.reading = self.reading.with_given(given)

    def remember(self, who: Instrument, path: Path, choice: Choice) -> bool:
        """Keep a choice for all files of an instrument; say whether that could be done."""
        return self._keep(lambda memory: memory.having(who, as_template(choice, path)))

    def forget(self, who: Instrument) -> bool:
        """Read the files of an instrument as recognised again, from the next load on."""
        return self._keep(lambda memory: memory.without(who))

    def _keep(self, change: Callable[[Memory], Memory]) -> bool:
        if self.memory_file is None:
            return False
        try:
            memory = load_memory(self.memory_file)
        except ConfigError:
            memory = NOTHING_REMEMBERED  # damaged: a new one takes its place
        try:
            save_memory(change(memory), self.memory_file)
        except BgviewerError as error:
            self._store.notice("error", str(error))
            return False
        return True

    # ---------------------------------------------------------------- looking, in the lane

    def look(self, path: Path, answer: Callable[[FileContents], None]) -> None:
        """Look into a file; the answer comes when it is known."""
        stack = self._store.state.stack
        others = [] if stack is None else [e.path for e in stack.stack.entries if e.path]

        def work(job: Job) -> FileContents:
            return file_contents(path, others, self._with_memory()[0], job)

        self._desk.run_quietly("contents", work, answer)

    def preview(
        self,
        path: Path,
        choice: Choice,
        answer: Callable[[ImportPreview], None],
        purpose: str = "chosen",
    ) -> None:
        """Read a file as chosen and tell what comes out; a newer question of a purpose wins."""
        planes = self._store.state.config.bad_mask_planes

        def work(job: Job) -> ImportPreview:
            return preview_import(path, choice, planes, job)

        self._desk.run_quietly(f"preview {purpose}", work, answer)
