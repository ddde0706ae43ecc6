"""Packages that are needed for some work only, and come with an extra."""

from __future__ import annotations

import importlib
from typing import Any

from bgviewer.errors import ConfigError

__all__ = ["extra_package"]


def extra_package(name: str, extra: str, work: str) -> Any:
    """Return the module `name`.

    Parameters
    ----------
    extra : str
        Bgviewer's extra that brings it; also the option that asks for it.
    work : str
        What cannot be done without it, as the beginning of a sentence.

    Raises
    ------
    ConfigError
        When it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as exc:
        raise ConfigError(
            f"{work} needs the package {name}, which is not installed: "
            f'pip install "bgviewer[{extra}]" (or: pip install {name})',
            field=extra,
        ) from exc
