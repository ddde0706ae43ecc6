"""Signals that ask the program to end; imports nothing of the package, to work from the start."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["SignalStop", "handled_by", "raise_on_signals"]

_Handler = Callable[[int, FrameType | None], None]

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class SignalStop(KeyboardInterrupt):
    """A signal asked the program to end.

    Attributes
    ----------
    number : int
        The signal.
    detail : str
        What was done until then; empty where nothing is written.
    report : object
        The report of the work that was stopped, where there is one.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.detail = ""
        self.report: Any = None

    @property
    def exit_code(self) -> int:
        """The usual code of a program that a signal ended."""
        return 128 + self.number

    def __str__(self) -> str:
        text = f"stopped by {signal.Signals(self.number).name}"
        return f"{text}; {self.detail}" if self.detail else text


def _raise(number: int, _frame: FrameType | None) -> None:
    raise SignalStop(number)


@contextmanager
def handled_by(handler: _Handler) -> Iterator[Callable[[], None]]:
    """Let `handler` take the signals that are not ignored; yield what ends that early."""
    previous: dict[int, Any] = {}

    def restore() -> None:
        while previous:
            number, before = previous.popitem()
            signal.signal(number, before)

    try:
        for number in _SIGNALS:
            before = signal.getsignal(number)
            # Ignored (nohup) stays ignored, and None was not installed from Python.
            if before not in (signal.SIG_IGN, None):
                previous[number] = before
                signal.signal(number, handler)
    except ValueError:  # signals belong to the main thread
        previous.clear()
    try:
        yield restore
    finally:
        restore()


def raise_on_signals() -> Any:
    """Raise `SignalStop` in the main thread where a signal asks the program to end.

    Returns
    -------
    context manager
        Gives a function that brings back the handlers of before, for the window.
    """
    return handled_by(_raise)
