"""What the program runs on: asked for in every bug report."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from bgviewer import __version__
from bgviewer.engine.native import kernels

__all__ = ["versions"]

_PACKAGES = ("numpy", "scipy", "astropy")


def versions(more: tuple[str, ...] = ()) -> tuple[tuple[str, str], ...]:
    """Return (what, version) of the program and what it stands on; `more` names packages."""
    compiled = kernels()
    return (
        ("bgviewer", __version__),
        ("Python", platform.python_version()),
        *((name, _version(name)) for name in (*_PACKAGES, *more)),
        ("Platform", platform.platform()),
        ("Kernels", "numpy" if compiled is None else f"compiled, {compiled.variant}"),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
