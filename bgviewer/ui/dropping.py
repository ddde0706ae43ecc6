"""What files mean that are dropped or named: exposures, sessions, settings, regions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bgviewer.io.session_file import is_session
from bgviewer.ui.menus.texts import tr

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["describe_paths", "take_paths"]

_SETTINGS = (".toml", ".py")
_REGIONS = ".reg"


def take_paths(window: MainWindow, paths: list[str]) -> list[str]:
    """Open sessions, settings and regions among the paths; return the exposures."""
    sessions = [p for p in paths if is_session(p)]
    if sessions:
        window.carrying.open_session(sessions[-1])
        return []
    settings, regions, rest = _sorted(paths)
    for path in settings:
        window.carrying.import_config(path)
    if rest:
        window.carrying.recent.add(rest)
    for path in regions:
        if window.session.state.stack is None or rest:
            text = tr("{}: regions belong to a stack; drop them when its exposures are open.")
            window.session.notice("warning", text.format(Path(path).name))
        else:
            window.marking.files.take(path)
    return rest


def describe_paths(paths: list[str]) -> str:
    """Say what dropping the paths would do."""
    sessions = [p for p in paths if is_session(p)]
    if sessions:
        return tr("Drop to open the session {}").format(Path(sessions[-1]).name)
    settings, regions, rest = _sorted(paths)
    parts = []
    for found, text in (
        (settings, tr("take the settings of {}")),
        (regions, tr("take the regions of {}")),
    ):
        if found:
            parts.append(text.format(", ".join(Path(p).name for p in found)))
    if len(rest) == 1:
        parts.append(tr("open {} as the stack").format(Path(rest[0]).name))
    elif rest:
        parts.append(tr("open {} files as one stack").format(len(rest)))
    return tr("Drop to {}").format(tr(" and ").join(parts))


def _sorted(paths: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Settings, regions, and exposures with what may hold some."""
    settings = [p for p in paths if Path(p).suffix.lower() in _SETTINGS]
    regions = [p for p in paths if Path(p).suffix.lower() == _REGIONS]
    return settings, regions, [p for p in paths if p not in (*settings, *regions)]
