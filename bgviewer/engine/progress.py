"""How long work tells where it is and is told to stop; knows neither threads nor windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bgviewer.errors import Cancelled

__all__ = ["SILENT", "Progress", "Stoppable"]


class Progress(Protocol):
    """What long work calls at least every 50 ms."""

    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        """Report `fraction` (0..1) and `text`; raise `Cancelled` when the work shall stop."""
        ...


class _Silent:
    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        """Do nothing."""


SILENT: Progress = _Silent()


class Stoppable:
    """A `Progress` with a stop flag that any thread may set, and an optional listener.

    Parameters
    ----------
    listener : callable, optional
        Called as ``listener(fraction, text)`` in the working thread.
    """

    def __init__(self, listener: Callable[[float | None, str | None], None] | None = None) -> None:
        self._listener = listener
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def stop(self) -> None:
        """Ask the work to end at its next step (thread-safe: one flag, only ever set)."""
        self._stopped = True

    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        """Report, or raise `Cancelled` after `stop`."""
        if self._stopped:
            raise Cancelled("stopped by the user")
        if self._listener is not None and (fraction is not None or text is not None):
            self._listener(fraction, text)
