"""A session as a file (``*.bgv.toml``): which exposures, and all that was decided about them.

The settings stand in it exactly as in a settings file, so ``--config`` takes a session too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.errors import ConfigError
from bgviewer.io.acceptance import ACCEPTANCE, read_acceptance
from bgviewer.io.detection_table import DETECTION_TABLE, read_detection
from bgviewer.io.names import printable_name, raw_name
from bgviewer.io.plan import EXPOSURES, IGNORE_MASKED, REGIONS, excluded_of, flag_of, read_plan
from bgviewer.io.reading import READ, ReadRule, read_rules
from bgviewer.io.scaling import checked_zero_point
from bgviewer.io.settings import dump_config
from bgviewer.io.small_files import read_toml
from bgviewer.io.text import write_text

__all__ = ["SUFFIX", "OpenedSession", "SavedSession", "is_session", "read_session", "write_session"]

SUFFIX = ".bgv.toml"
_FORMAT = 1
_TABLE = "session"


@dataclass(frozen=True)
class SavedSession:
    """What a session keeps; exposures go by name.

    Attributes
    ----------
    paths : tuple of Path
        Absolute files of the exposures, in the order of the stack.
    config : MatchConfig
    plan : StackPlan
    reference, science : str or None
    zero_point : "auto", "none" or float
    third : str
        What the third panel shows; an empty string leaves it.
    reading : tuple of ReadRule
        How the files are to be read.
    align : bool
        Whether exposures of other pixel grids are re-projected.
    """

    paths: tuple[Path, ...]
    config: MatchConfig
    plan: StackPlan
    reference: str | None = None
    science: str | None = None
    zero_point: str | float = "auto"
    third: str = ""
    reading: tuple[ReadRule, ...] = ()
    align: bool = False


@dataclass(frozen=True)
class OpenedSession:
    """A session that was read, its files looked for.

    Attributes
    ----------
    saved : SavedSession
        Its paths are where the files lie now; missing ones are left out.
    missing, changed : tuple of str
        Names of files that are nowhere, and of files whose size is another than before.
    """

    saved: SavedSession
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """One sentence on what is missing or changed; empty when all is as it was."""
        total = len(self.saved.paths) + len(self.missing)
        parts = []
        if self.missing:
            parts.append(f"{len(self.missing)} of {total} files are missing: {_some(self.missing)}")
        if self.changed:
            parts.append(f"changed since the session was saved: {_some(self.changed)}")
        return "; ".join(parts) + "." if parts else ""


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def is_session(path: str | os.PathLike[str]) -> bool:
    """Tell a session by its name."""
    return str(path).lower().endswith(SUFFIX)


def write_session(
    path: str | os.PathLike[str], saved: SavedSession, overwrite: bool = False
) -> Path:
    """Write a session.

    Raises
    ------
    WriteError
        When the file exists (without `overwrite`) or cannot be written.
    """
    path = Path(path)
    return write_text(path, _text(path.absolute().parent, saved), overwrite)


def _text(folder: Path, saved: SavedSession) -> str:
    import tomlkit

    extra = {
        "reference": saved.reference or "auto",
        "zeroPoint": saved.zero_point,
        "align": saved.align,
        READ: saved.reading,
    }
    document = tomlkit.document()
    table = tomlkit.table()
    table.add("format", _FORMAT)
    table.add("science", saved.science or "")
    table.add("third", saved.third)
    files = tomlkit.aot()
    for file in saved.paths:
        item = tomlkit.table()
        item.add("path", printable_name(str(_relative(file, folder))))
        item.add("absolute", printable_name(str(file)))
        item.add("size", _size(file))
        files.append(item)
    table.add("files", files)
    document.add(_TABLE, table)
    return dump_config(saved.config, extra, saved.plan) + "\n" + tomlkit.dumps(document)


def _relative(file: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # on another drive
        return file.as_posix()


def _size(file: Path) -> int:
    """Bytes; -1 for a file that is not there."""
    try:
        return file.stat().st_size
    except OSError:
        return -1


def read_session(path: str | os.PathLike[str]) -> OpenedSession:
    """Read a session and look for its files.

    A file is looked for beside the session as before, then where it lay, then under its name
    in the session's own folder.

    Raises
    ------
    ConfigError
        When the session cannot be read or understood, or none of its files is left.
    """
    path = Path(path)
    values = read_toml(path)
    try:
        return _opened(values, path.absolute().parent)
    except ConfigError as exc:
        raise ConfigError(f"{path}: {exc}", field=exc.field, value=exc.value) from exc


def _opened(values: dict[str, Any], folder: Path) -> OpenedSession:
    table = values.pop(_TABLE, None)
    if not isinstance(table, dict):
        raise ConfigError("is no session: the table [session] is lacking")
    if table.get("format") != _FORMAT:
        raise ConfigError(f"format {table.get('format')!r}: this version understands {_FORMAT}")
    paths, missing, changed = _located(table.get("files"), folder)
    if not paths:
        raise ConfigError(f"none of its {len(missing)} files is left: {_some(missing)}")
    stack = values.pop("stack", {})
    regions, exposures = values.pop(REGIONS, []), values.pop(EXPOSURES, {})
    reading = read_rules(values.pop(READ, []))
    limits = read_acceptance(values.pop(ACCEPTANCE, {}))
    sources = read_detection(values.pop(DETECTION_TABLE, None))
    if not isinstance(stack, dict):
        raise ConfigError("stack must be a table: [stack]")
    reference = _word(stack, "reference")
    saved = SavedSession(
        paths=paths,
        config=MatchConfig.from_lsst(values),
        plan=replace(
            read_plan(excluded_of(stack.get("excluded", [])), regions, exposures),
            acceptance=limits,
            detection=sources,
            ignore_masked=flag_of(IGNORE_MASKED, stack.get(IGNORE_MASKED, False)),
        ),
        reference=None if reference == "auto" else reference or None,
        science=_word(table, "science") or None,
        zero_point=checked_zero_point(stack.get("zeroPoint", "auto")),
        third=_word(table, "third"),
        reading=reading,
        align=stack.get("align") is True,
    )
    return OpenedSession(saved, missing, changed)


def _word(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise ConfigError(f"{key} = {value!r}: must be text", value=value)
    return value


def _located(files: Any, folder: Path) -> tuple[tuple[Path, ...], tuple[str, ...], tuple[str, ...]]:
    if not isinstance(files, list) or not files:
        raise ConfigError("names no files: [[session.files]] is lacking")
    paths, missing, changed = [], [], []
    for number, item in enumerate(files, 1):
        if not isinstance(item, dict) or not _word(item, "path"):
            raise ConfigError(f"[[session.files]] number {number}: path is lacking")
        told = Path(item["path"])
        places = [folder / told, folder / told.name]
        if absolute := _word(item, "absolute"):
            places.insert(1, Path(absolute))
        places += [Path(raw_name(str(place))) for place in places]
        found = next((place for place in places if os.path.isfile(place)), None)
        if found is None:
            missing.append(told.name)
            continue
        # Not resolved: a link keeps the name that the stack knows it by.
        paths.append(Path(os.path.abspath(found)))
        if item.get("size", -1) not in (-1, _size(found)):
            changed.append(told.name)
    return tuple(paths), tuple(missing), tuple(changed)
