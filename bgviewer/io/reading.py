"""How files are to be read where the program can only guess: rules, options, what is remembered.

Of several that speak of a file the later one wins, field by field: rules in their order, then the
options of a command line.  What is remembered of an instrument counts where none of them says
anything, and only where remembering was asked for; what was chosen for one file counts alone.
"""

from __future__ import annotations

import difflib
import os
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from bgviewer.errors import ConfigError
from bgviewer.io.conventions import NO_CHOICE, Choice
from bgviewer.io.entry import StackEntry
from bgviewer.io.instrument import Instrument, identify
from bgviewer.io.layout import FitsFile
from bgviewer.io.names import file_stem
from bgviewer.io.reading_options import (
    READING_OPTIONS,
    ReadingOption,
    choice_from,
    choice_values,
    merged,
)
from bgviewer.io.remembered import NOTHING_REMEMBERED, Memory

__all__ = [
    "READ",
    "ReadRule",
    "Reading",
    "add_rules",
    "as_template",
    "read_rules",
    "rules_of",
]

READ = "read"
"""Name of the tables in settings files, and of the rules among a file's extras."""

STEM = "{stem}"
_FILES, _INSTRUMENT = "files", "instrument"


@dataclass(frozen=True)
class ReadRule:
    """What holds for some files.

    Attributes
    ----------
    choice : Choice
        Nothing chosen = as recognised, whatever is remembered.
    files : tuple of str
        Patterns such as ``c4d_*.fits``; with a folder before the name that counts too.
    instrument : str
        INSTRUME, TELESCOP or the convention (a pattern; upper and lower case alike).
    """

    choice: Choice = NO_CHOICE
    files: tuple[str, ...] = ()
    instrument: str = ""

    def names(self, path: Path) -> bool:
        """Whether the file's name fits."""
        return not self.files or any(_fits(path, pattern) for pattern in self.files)

    def is_of(self, who: Instrument) -> bool:
        """Whether the file is of the rule's instrument."""
        wanted = self.instrument.casefold()
        return not wanted or any(fnmatchcase(name.casefold(), wanted) for name in who.names)


def _fits(path: Path, pattern: str) -> bool:
    count = pattern.count("/") + 1
    return fnmatchcase("/".join(path.absolute().parts[-count:]), pattern)


@dataclass(frozen=True)
class Reading:
    """All that is known of how files shall be read.

    Attributes
    ----------
    rules : tuple of ReadRule
        Of a settings file or a session.
    options : Choice
        For all files, of a command line.
    given : mapping of Path to Choice
        For single files; nothing else counts for these.
    memory : Memory
        What was chosen earlier for instruments; without entries nothing is remembered.
    """

    rules: tuple[ReadRule, ...] = ()
    options: Choice = NO_CHOICE
    given: Mapping[Path, Choice] = field(default_factory=dict)
    memory: Memory = NOTHING_REMEMBERED

    @classmethod
    def of(cls, choices: Reading | Mapping[Path, Choice] | None) -> Reading:
        """Take choices for single files for all there is to know."""
        return choices if isinstance(choices, Reading) else cls(given=choices or {})

    @cached_property
    def _given(self) -> dict[str, Choice]:
        return {os.path.abspath(path): choice for path, choice in self.given.items()}

    def choice(self, file: FitsFile) -> tuple[Choice, str]:
        """Return what holds for a file, and a sentence where it was remembered."""
        path = file.path
        own = self._given.get(os.path.abspath(path))
        if own is not None:
            return resolved(own, path), ""
        named = [rule for rule in self.rules if rule.names(path)]
        if not named and not self.memory.entries:
            return resolved(self.options, path), ""
        who = identify(file)
        told = [rule.choice for rule in named if rule.is_of(who)]
        choice = merged(*told, self.options)
        if told or choice != NO_CHOICE:
            return resolved(choice, path), ""
        entry = self.memory.find(who)
        if entry is None:
            return NO_CHOICE, ""
        return resolved(entry.choice, path), f"read as you chose for {entry.title} on {entry.date}"

    def with_given(self, choices: Mapping[Path, Choice]) -> Reading:
        """Return the same with other choices for some files."""
        return replace(self, given={**self.given, **choices})


def resolved(choice: Choice, path: Path) -> Choice:
    """Return the choice with the exposure's own stem in the names of side-cars."""
    stem = file_stem(path)
    changes = {
        name: place.replace(STEM, stem)
        for name in ("mask", "noise")
        if (place := getattr(choice, name)) is not None and STEM in place
    }
    return replace(choice, **changes) if changes else choice


def as_template(choice: Choice, path: Path) -> Choice:
    """Return the choice so that it serves other exposures: ``{stem}`` in place of the stem."""
    stem = file_stem(path)
    changes = {
        name: place.replace(stem, STEM, 1)
        for name in ("mask", "noise")
        if (place := getattr(choice, name)) is not None and not place.isdigit() and stem in place
    }
    return replace(choice, **changes) if changes else choice


def rules_of(entries: Iterable[StackEntry]) -> tuple[ReadRule, ...]:
    """Return rules that read the exposures of a stack as they were read."""
    held = [(entry.path, entry.info) for entry in entries if entry.path is not None]
    if all(info is None or info.choice == NO_CHOICE for _, info in held):
        return ()
    names = Counter(path.name for path, _ in held)
    groups: dict[Choice, list[str]] = {}
    for path, info in held:
        if info is None or info.choice == NO_CHOICE:
            continue
        alone = names[path.name] == 1
        name = path.name if alone else "/".join(path.absolute().parts[-2:])
        groups.setdefault(info.choice, []).append(_literal(name))
    return tuple(ReadRule(choice, tuple(files)) for choice, files in groups.items())


def _literal(name: str) -> str:
    """Return the pattern that fits just this name; ``?`` for a byte that is no UTF-8."""
    signs = ("?" if "\udc80" <= sign <= "\udcff" else sign for sign in name)
    given = zip(signs, name, strict=True)
    return "".join(f"[{old}]" if old in "*?[" else new for new, old in given)


# -------------------------------------------------------------------- in settings files


def read_rules(tables: Any) -> tuple[ReadRule, ...]:
    """Make the rules of a settings file from its tables (plain values, as `tomllib` gives them).

    Raises
    ------
    ConfigError
        Naming table and key.
    """
    if not isinstance(tables, list):
        raise ConfigError(f"{READ} must be tables: [[{READ}]]", value=tables)
    return tuple(_rule(number, table) for number, table in enumerate(tables, 1))


def _rule(number: int, table: Any) -> ReadRule:
    where = f"[[{READ}]] number {number}"
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: must be a table", value=table)
    known = (_FILES, _INSTRUMENT, *(opt.key for opt in READING_OPTIONS.values()))
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1, 0.4)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
            raise ConfigError(f"{where}: unknown key {key!r}. {hint}", value=key)
    files, instrument = table.get(_FILES, []), table.get(_INSTRUMENT, "")
    files = [files] if isinstance(files, str) else files
    if not isinstance(files, list) or not all(isinstance(f, str) and f.strip() for f in files):
        raise ConfigError(f"{where}: {_FILES} = {files!r}: must be patterns of names", value=files)
    if not isinstance(instrument, str):
        raise ConfigError(f"{where}: {_INSTRUMENT} = {instrument!r}: must be text")
    if not files and not instrument.strip():
        raise ConfigError(f"{where}: needs {_FILES} or {_INSTRUMENT}")
    rest = {key: value for key, value in table.items() if key not in (_FILES, _INSTRUMENT)}
    try:
        choice = choice_from(rest)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}", value=error.value) from error
    return ReadRule(choice, tuple(files), instrument.strip())


def _told(option: ReadingOption) -> str:
    values = f" (one of: {', '.join(option.allowed)})" if option.allowed else ""
    return f"{option.help}{values}"


def _explained() -> list[str]:
    keys = {
        _FILES: "patterns of file names, such as c4d_*.fits",
        _INSTRUMENT: "INSTRUME, TELESCOP or the convention that bgviewer info tells",
        **{opt.key: _told(opt) for opt in READING_OPTIONS.values()},
    }
    lines = [f"Tables [[{READ}]] say how files are read where they are not recognised rightly."]
    for key, text in keys.items():
        lines += textwrap.wrap(f"{key}: {text}.", 90, subsequent_indent="  ")
    return lines


def add_rules(document: Any, rules: Iterable[ReadRule]) -> None:
    """Add rules to a tomlkit document, after what may stand in them as comments."""
    import tomlkit

    document.add(tomlkit.nl())
    for line in _explained():
        document.add(tomlkit.comment(line))
    tables = tomlkit.aot()
    for rule in rules:
        table = tomlkit.table()
        if rule.files:
            table.add(_FILES, list(rule.files))
        if rule.instrument:
            table.add(_INSTRUMENT, rule.instrument)
        for key, value in choice_values(rule.choice).items():
            table.add(key, value)
        tables.append(table)
    if len(tables):
        document.add(READ, tables)
