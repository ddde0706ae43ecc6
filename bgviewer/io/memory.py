"""How much memory there is, asked before arrays of a size that a file states are made."""

from __future__ import annotations

import os
from pathlib import Path

from bgviewer.engine.system_limits import memory_left

__all__ = ["available_bytes", "too_large"]

_SHARE = 0.8


def available_bytes() -> int | None:
    """Return the bytes that can be had without swapping; None where the system does not say."""
    known = [n for n in (memory_left(), _free_bytes()) if n is not None]
    return min(known, default=None)


def _free_bytes() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def too_large(wanted: int) -> str | None:
    """Say why `wanted` bytes should not be asked for, or return None."""
    if wanted < 1 << 27:
        return None
    there = available_bytes()
    if there is None or wanted <= _SHARE * there:
        return None
    return f"needs {wanted / 1e9:.1f} GB of memory, {there / 1e9:.1f} GB are free"
