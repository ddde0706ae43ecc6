"""Work that lets live matching go first."""

from __future__ import annotations

import time
from collections.abc import Callable

from bgviewer.session.lane import Job

__all__ = ["Courteous"]

_PAINTING = 0.08  # seconds in which the window paints what was made last
_PATIENCE = 0.004  # seconds between two looks at whether the live lane is at work


class Courteous:
    """Progress of a job that waits between two pieces until live work rests.

    And a moment longer, in which the window paints: both hold the interpreter's lock.

    Parameters
    ----------
    job : Job
        Whose progress it is.
    live : callable
        Whether live work goes on.
    """

    def __init__(self, job: Job, live: Callable[[], bool]) -> None:
        self._job, self._live = job, live
        self._free = 0.0  # when the window has painted what was made last

    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        """Report, then wait; raises `Cancelled` once the job is stopped."""
        self._job.step(fraction, text)
        while not self._job.stopped:
            now = time.monotonic()
            if self._live():
                self._free = now + _PAINTING
            elif now >= self._free:
                break
            time.sleep(_PATIENCE)
        self._job.step()
