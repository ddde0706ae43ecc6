"""Threads that the system does not start cost time, not results."""

from __future__ import annotations

import threading

import pytest

from bgviewer.engine import bands
from bgviewer.tasks.parallel import in_order


@pytest.mark.parametrize("started", [0, 1, 2])
def test_work_is_done_with_the_threads_that_there_are(monkeypatch, started):
    start, count = threading.Thread.start, []

    def limited(thread):
        if len(count) >= started:
            raise RuntimeError("can't start new thread")
        count.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    done: list[int] = []

    def work(item: int) -> int:
        done.append(item)
        return item * item

    assert bands.map_bands(work, range(20), threads=4) == [n * n for n in range(20)]
    assert sorted(done) == list(range(20))
    count.clear()
    done.clear()
    assert list(in_order(work, range(20), 3, lambda item: None)) == [n * n for n in range(20)]
    assert sorted(done) == list(range(20))


def test_an_error_of_such_work_reaches_the_caller(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(ZeroDivisionError):
        bands.map_bands(lambda n: 1 // n, range(3), threads=2)


def test_little_memory_means_one_thread(monkeypatch):
    monkeypatch.setattr(bands, "memory_limit", lambda: 1 << 30)
    assert bands.available_threads() == 1
