"""What was chosen for the files of an instrument, in a small TOML file of the person's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bgviewer.errors import ConfigError, WriteError
from bgviewer.io.conventions import Choice
from bgviewer.io.instrument import Instrument
from bgviewer.io.reading_options import choice_from, choice_values
from bgviewer.io.small_files import read_toml
from bgviewer.io.text import write_text

__all__ = [
    "NOTHING_REMEMBERED",
    "Memory",
    "Remembered",
    "load_memory",
    "memory_path",
    "save_memory",
]

_TABLE = "remembered"
_WHO = ("instrument", "telescope", "convention", "layout")
_HEAD = "How bgviewer's window reads the files of an instrument; see its menu Stack > Read as."


@dataclass(frozen=True)
class Remembered:
    """A choice for an instrument.

    Attributes
    ----------
    who : Instrument
    choice : Choice
        Names of side-cars have ``{stem}`` in place of the exposure's own stem.
    date : str
        Day on which it was made, such as ``2026-03-01``.
    """

    who: Instrument
    choice: Choice
    date: str

    @property
    def title(self) -> str:
        """What the instrument is called in a sentence."""
        return self.who.title


@dataclass(frozen=True)
class Memory:
    """All that is remembered."""

    entries: tuple[Remembered, ...] = ()

    def find(self, who: Instrument) -> Remembered | None:
        """Return what is remembered of an instrument and a layout."""
        return next((entry for entry in self.entries if entry.who == who), None)

    def having(self, who: Instrument, choice: Choice, day: str = "") -> Memory:
        """Return the same with a choice for an instrument, by default of today."""
        entry = Remembered(who, choice, day or date.today().isoformat())
        return Memory((*self.without(who).entries, entry))

    def without(self, who: Instrument) -> Memory:
        """Return the same without what is remembered of an instrument."""
        return Memory(tuple(entry for entry in self.entries if entry.who != who))


NOTHING_REMEMBERED = Memory()


def memory_path() -> Path:
    """Return where choices are remembered; the file need not exist."""
    import platformdirs

    return Path(platformdirs.user_config_dir("bgviewer")) / "remembered.toml"


def load_memory(path: str | os.PathLike[str] | None = None) -> Memory:
    """Read what is remembered; nothing where there is no file.

    Raises
    ------
    ConfigError
        Naming the file, when it cannot be read or understood.
    """
    path = memory_path() if path is None else Path(path)
    try:
        values = read_toml(path)
    except ConfigError as exc:
        if isinstance(exc.__cause__, FileNotFoundError):
            return NOTHING_REMEMBERED
        raise
    tables = values.get(_TABLE, [])
    if not isinstance(tables, list):
        raise ConfigError(f"{path}: {_TABLE} must be tables: [[{_TABLE}]]")
    try:
        return Memory(tuple(_entry(number, table) for number, table in enumerate(tables, 1)))
    except ConfigError as exc:
        raise ConfigError(f"{path}: {exc}", value=exc.value) from exc


def _entry(number: int, table: Any) -> Remembered:
    where = f"[[{_TABLE}]] number {number}"
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: must be a table", value=table)
    words = [table.get(key, "") for key in (*_WHO, "date")]
    if not all(isinstance(word, str) for word in words):
        raise ConfigError(f"{where}: {', '.join(_WHO)} and date must be text")
    rest = {key: value for key, value in table.items() if key not in (*_WHO, "date")}
    try:
        return Remembered(Instrument(*words[:-1]), choice_from(rest), words[-1])
    except ConfigError as exc:
        raise ConfigError(f"{where}: {exc}", value=exc.value) from exc


def save_memory(memory: Memory, path: str | os.PathLike[str] | None = None) -> Path:
    """Write what is remembered.

    Raises
    ------
    WriteError
        When the file cannot be written.
    """
    import tomlkit

    path = memory_path() if path is None else Path(path)
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEAD))
    tables = tomlkit.aot()
    for entry in memory.entries:
        table = tomlkit.table()
        for key in _WHO:
            table.add(key, getattr(entry.who, key))
        table.add("date", entry.date)
        for key, value in choice_values(entry.choice).items():
            table.add(key, value)
        tables.append(table)
    if len(tables):
        document.add(_TABLE, tables)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise WriteError(path.parent, f"cannot be made ({exc.strerror or exc})") from exc
    return write_text(path, tomlkit.dumps(document), overwrite=True)
