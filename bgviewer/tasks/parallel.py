"""Work on several exposures at a time, with answers in order and bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from bgviewer.engine.bands import available_threads, submit
from bgviewer.engine.progress import Progress

__all__ = ["StopOnly", "default_jobs", "in_order"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST_JOBS = 4  # each holds an exposure and its products in memory


def default_jobs() -> int:
    """Return how many exposures are worth working on at the same time on this machine."""
    return min(_MOST_JOBS, available_threads())


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    jobs: int,
    announce: Callable[[Item], None],
) -> Iterator[Result]:
    """Yield ``work(item)`` for all items in order, `jobs` of them in the making.

    Parameters
    ----------
    announce : callable
        Called in this thread as each item is begun; what it raises ends the work: what has not
        begun is dropped, what runs is waited for.
    """
    if jobs <= 1:
        for item in items:
            announce(item)
            yield work(item)
        return
    with ThreadPoolExecutor(jobs, thread_name_prefix="bgviewer-exposure") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                announce(item)
                waiting.append(submit(pool, work, item))
                if len(waiting) > jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class StopOnly:
    """Progress for parallel work: it can be stopped, but only the whole run is reported."""

    def __init__(self, whole: Progress) -> None:
        self._whole = whole

    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        """Raise `Cancelled` when the whole is stopped."""
        self._whole.step()
