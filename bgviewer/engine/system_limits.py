"""What the system lets this process have: a limit of its memory, as ``ulimit -v`` sets it."""

from __future__ import annotations

import os
from contextlib import suppress

__all__ = ["memory_left", "memory_limit"]


def memory_limit() -> int | None:
    """Return the bytes of address space that this process may have; None = no limit."""
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def memory_left() -> int | None:
    """Return the bytes that may still be asked for; None = no limit, or not known."""
    limit = memory_limit()
    if limit is None:
        return None
    with (
        suppress(OSError, ValueError, IndexError),
        open("/proc/self/statm", encoding="ascii") as held,
    ):
        return max(0, limit - int(held.read().split()[0]) * os.sysconf("SC_PAGE_SIZE"))
    return None
