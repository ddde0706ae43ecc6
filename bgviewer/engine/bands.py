"""Work split over bands of rows, on threads; the split never depends on how many threads run."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.system_limits import memory_limit
from bgviewer.errors import NO_THREAD

__all__ = ["available_threads", "map_bands", "row_bands", "submit"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_ROOM_FOR_THREADS = 4 << 30  # bytes; stack, heap and BLAS of a thread take 200 MB of addresses
_MAX_THREADS = 8  # beyond this memory bandwidth, not arithmetic, is the limit


def available_threads() -> int:
    """Return how many threads are worth starting on this machine for this process."""
    limit = memory_limit()
    if limit is not None and limit < _ROOM_FOR_THREADS:
        return 1
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not every system knows affinities
        cores = os.cpu_count() or 1
    return max(1, min(cores, _MAX_THREADS))


def submit(pool: ThreadPoolExecutor, work: Callable[[Item], Result], item: Item) -> Future[Result]:
    """Submit ``work(item)``; where the system starts no more threads, do it in this one."""
    claim: threading.Lock = threading.Lock()
    future: Future[Result] = Future()
    try:
        pool.submit(_run, claim, future, work, item)
    except RuntimeError as error:
        if NO_THREAD not in str(error):
            raise
        # The pool may have queued it for the threads that it has: whoever claims it does it.
        _run(claim, future, work, item)
    return future


def _run(
    claim: threading.Lock, future: Future[Result], work: Callable[[Item], Result], item: Item
) -> None:
    if not claim.acquire(blocking=False) or not future.set_running_or_notify_cancel():
        return
    try:
        result = work(item)
    except BaseException as error:  # noqa: BLE001 - who asks for the result gets it
        future.set_exception(error)
        del future  # the traceback holds this frame
    else:
        future.set_result(result)


def row_bands(start: int, stop: int, rows: int) -> list[tuple[int, int]]:
    """Cut ``start..stop`` into bands of at most `rows` rows, in order."""
    rows = max(1, rows)
    return [(a, min(a + rows, stop)) for a in range(start, stop, rows)]


def map_bands(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> list[Result]:
    """Return ``[work(item) for item in items]``, in order, computed on threads.

    NumPy releases the GIL in its kernels, so threads are enough.  `progress.step()` is called
    in the calling thread after each item; when it raises, what has not begun is dropped.
    """
    todo: Sequence[Item] = list(items)
    count = min(available_threads() if threads is None else max(1, threads), len(todo))
    progress.step()
    if count <= 1:
        done = []
        for item in todo:
            done.append(work(item))
            progress.step()
        return done
    with ThreadPoolExecutor(count, thread_name_prefix="bgviewer-band") as pool:
        futures = [submit(pool, work, item) for item in todo]
        try:
            results = []
            for future in futures:
                results.append(future.result())
                progress.step()
            return results
        except BaseException:
            for future in futures:
                future.cancel()
            raise
