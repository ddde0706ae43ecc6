"""Work split over bands of rows, on threads; the split never depends on how many threads run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bgviewer.engine.progress import SILENT, Progress

__all__ = ["available_threads", "map_bands", "row_bands"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_MAX_THREADS = 8  # beyond this memory bandwidth, not arithmetic, is the limit


def available_threads() -> int:
    """Return how many threads are worth starting on this machine for this process."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not every system knows affinities
        cores = os.cpu_count() or 1
    return max(1, min(cores, _MAX_THREADS))


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
        futures = [pool.submit(work, item) for item in todo]
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
