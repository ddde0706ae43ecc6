"""Settings in whatever file they come: our TOML, a session, LSST's config.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.errors import ConfigError
from bgviewer.io.lsst_config import dump_lsst_config, load_lsst_config
from bgviewer.io.reading import READ
from bgviewer.io.session_file import is_session, read_session
from bgviewer.io.settings import dump_config, load_settings

__all__ = ["FORMATS", "dump_any", "format_of", "read_any"]

FORMATS = ("toml", "lsst", "lsst-modern")
Read = tuple[MatchConfig, dict[str, Any], StackPlan, tuple[str, ...]]


def format_of(path: str | os.PathLike[str]) -> str:
    """Tell the format by the name.

    Raises
    ------
    ConfigError
        For a name that ends neither in .toml nor in .py.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".toml", ".py"):
        raise ConfigError(f"{path}: settings are called .toml, or .py for LSST's", value=str(path))
    return "toml" if suffix == ".toml" else "lsst"


def read_any(path: str | os.PathLike[str]) -> Read:
    """Read settings; everything but ``.py`` and sessions is taken for TOML.

    Returns
    -------
    config, extra, plan
        As `bgviewer.io.settings.load_settings`.
    notes : tuple of str
        What was left out.

    Raises
    ------
    ConfigError
        Naming the file.
    """
    if Path(path).suffix.lower() == ".py":
        read = load_lsst_config(path)
        return read.config, {}, StackPlan(), read.notes
    if is_session(path):
        opened = read_session(path)
        saved = opened.saved
        extra: dict[str, Any] = {
            "reference": saved.reference or "auto",
            "zeroPoint": saved.zero_point,
        }
        if saved.align:
            extra["align"] = True
        if saved.reading:
            extra[READ] = saved.reading
        return saved.config, extra, saved.plan, ()
    return (*load_settings(path), ())


def dump_any(
    config: MatchConfig,
    extra: dict[str, Any] | None = None,
    plan: StackPlan | None = None,
    *,
    format: str = "toml",
) -> tuple[str, tuple[str, ...]]:
    """Return settings as text of a format, and what it cannot hold."""
    if format == "toml":
        return dump_config(config, extra, plan), ()
    text, losses = dump_lsst_config(config, "modern" if format == "lsst-modern" else "old")
    if plan is not None and not plan.is_empty:
        what = "exclusions, regions, own settings and acceptance limits"
        losses += (f"{what}: LSST's configuration has none",)
    if (extra or {}).get(READ):
        losses += ("how files are read: LSST's configuration has no place for it",)
    return text, losses
