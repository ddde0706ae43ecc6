"""Progress of a command that signals stop: files that are being written are undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bgviewer.cli.output import StderrProgress
from bgviewer.errors import Cancelled
from bgviewer.signals import SignalStop, handled_by

__all__ = ["SignalStop", "stoppable_progress"]


@contextmanager
def stoppable_progress() -> Iterator[StderrProgress]:
    """Give a progress display that the first signal stops; a second one ends the work at once.

    Raises
    ------
    SignalStop
        At the end of the block, when there was a signal; its cause is the `Cancelled` of the
        work, if that noticed it.
    """
    progress, received = StderrProgress(), list[int]()

    def stop(number: int, _frame: FrameType | None) -> None:
        if received:
            raise SignalStop(number)
        received.append(number)
        progress.stop()

    try:
        with handled_by(stop):
            yield progress
    except Cancelled as cancelled:
        if received:
            raise SignalStop(received[0]) from cancelled
        raise
    finally:
        progress.close()
    if received:
        raise SignalStop(received[0])
