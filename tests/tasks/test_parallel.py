from __future__ import annotations

import threading

import pytest

from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled
from bgviewer.tasks.parallel import StopOnly, default_jobs, in_order


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_answers_come_in_order(jobs):
    gate = threading.Event()

    def work(item: int) -> int:
        # the first item ends last, when it does not run alone
        if jobs > 1 and item == 0:
            assert gate.wait(10)
        if item == 1:
            gate.set()
        return item * item

    begun: list[int] = []
    assert list(in_order(work, range(9), jobs, begun.append)) == [i * i for i in range(9)]
    assert begun == list(range(9))


def test_no_more_than_the_jobs_are_ahead():
    begun: list[int] = []
    results = in_order(lambda item: item, range(100), 3, begun.append)
    assert next(results) == 0
    assert len(begun) == 4
    results.close()


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_failure_reaches_the_caller(jobs):
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    results = in_order(work, range(50), jobs, lambda item: None)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        list(results)


def test_stop_only_stops_and_reports_nothing():
    told: list[object] = []
    whole = Stoppable(lambda fraction, text: told.append((fraction, text)))
    part = StopOnly(whole)
    part.step(0.5, "half")
    assert told == []
    whole.stop()
    with pytest.raises(Cancelled):
        part.step()


def test_there_is_always_a_job():
    assert 1 <= default_jobs() <= 4
