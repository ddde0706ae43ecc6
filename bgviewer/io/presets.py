"""Sets of settings under a name, one small TOML file each."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.errors import ConfigError, WriteError
from bgviewer.io.small_files import read_toml
from bgviewer.io.text import write_text

__all__ = [
    "Preset",
    "delete_preset",
    "list_presets",
    "load_preset",
    "preset_folder",
    "preset_path",
    "save_preset",
]

_LONGEST = 60


@dataclass(frozen=True)
class Preset:
    """Options under a name.

    Attributes
    ----------
    name : str
        As the menu shows it.
    text : str
        One sentence: what it is for.
    changes : mapping of str to value
        Options (snake_case) that it sets; the others stay as they are.
    """

    name: str
    text: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    def apply(self, config: MatchConfig) -> MatchConfig:
        """Return the settings with the options of the preset."""
        return config.replace(**self.changes)

    def fits(self, config: MatchConfig) -> bool:
        """Tell whether the settings are those of the preset: `apply` would change nothing."""
        return all(
            getattr(config, name) == OPTIONS[name].check(value)
            for name, value in self.changes.items()
        )


def preset_folder() -> Path:
    """Return the folder of a person's own presets; it need not exist."""
    import platformdirs

    return Path(platformdirs.user_config_dir("bgviewer")) / "presets"


def preset_path(folder: str | os.PathLike[str], name: str) -> Path:
    """Return the file of a preset: the name without what is unsafe in a file's name.

    Raises
    ------
    ConfigError
        When nothing of the name is left.
    """
    safe = re.sub(r"[^\w\- ]+", "_", name.strip())[:_LONGEST].strip(" _")
    if not safe:
        raise ConfigError(f"{name!r}: a preset's name needs a letter or a digit", value=name)
    return Path(folder) / f"{safe}.toml"


def save_preset(folder: str | os.PathLike[str], preset: Preset, *, overwrite: bool = False) -> Path:
    """Write a preset; the folder is made when it is missing.

    Raises
    ------
    ConfigError
        For a name without letters and digits.
    WriteError
        When it exists (without `overwrite`) or cannot be written.
    """
    import tomlkit

    path = preset_path(folder, preset.name)
    document = tomlkit.document()
    document.add("name", preset.name.strip())
    document.add("text", preset.text)
    table = tomlkit.table()
    for name, value in preset.changes.items():
        table.add(OPTIONS[name].lsst_name, list(value) if isinstance(value, tuple) else value)
    document.add("settings", table)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise WriteError(path.parent, f"cannot be made ({exc.strerror or exc})") from exc
    return write_text(path, tomlkit.dumps(document), overwrite)


def load_preset(path: str | os.PathLike[str]) -> Preset:
    """Read a preset.

    Raises
    ------
    ConfigError
        Naming the file: it cannot be read, is no TOML or no preset, has an unknown option or a
        value out of range.
    """
    path = Path(path)
    values = read_toml(path)
    name, text = values.get("name", path.stem), values.get("text", "")
    settings = values.get("settings")
    if not isinstance(settings, dict) or not isinstance(name, str) or not isinstance(text, str):
        raise ConfigError(f"{path}: is not a preset (name, text and a table [settings])")
    try:
        config = MatchConfig.from_lsst(settings)
    except ConfigError as exc:
        raise ConfigError(f"{path}: {exc}", field=exc.field, value=exc.value) from exc
    given = {o.name: getattr(config, o.name) for o in OPTIONS.values() if o.lsst_name in settings}
    return Preset(name, text, given)


def list_presets(
    folder: str | os.PathLike[str],
) -> tuple[tuple[Preset, ...], tuple[str, ...]]:
    """Read all presets of a folder.

    Returns
    -------
    presets : tuple of Preset
        By name.
    skipped : tuple of str
        Why a file was not read.
    """
    found, skipped = [], []
    for path in sorted(Path(folder).glob("*.toml")):
        try:
            found.append(load_preset(path))
        except ConfigError as exc:
            skipped.append(str(exc))
    return tuple(sorted(found, key=lambda preset: preset.name.casefold())), tuple(skipped)


def delete_preset(folder: str | os.PathLike[str], name: str) -> None:
    """Remove the preset of that name, whatever its file is called.

    Raises
    ------
    WriteError
        When it is not there or cannot be removed.
    """
    for path in sorted(Path(folder).glob("*.toml")):
        try:
            if load_preset(path).name != name:
                continue
            path.unlink()
        except ConfigError:
            continue  # not one that the list shows
        except OSError as exc:
            raise WriteError(path, f"cannot be removed ({exc.strerror or exc})") from exc
        return
    raise WriteError(folder, f"there is no preset {name}")
