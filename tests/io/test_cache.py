"""The store of exposures: bounded, and one load for all who wait."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bgviewer.engine.exposure import Exposure
from bgviewer.errors import Cancelled
from bgviewer.io.cache import ExposureCache


def exposure(pixels: int = 100) -> Exposure:
    return Exposure(np.zeros((1, pixels), "f4"))


def test_least_recently_used_goes_first():
    cache, loaded = ExposureCache(800), []

    def get(key):
        return cache.get(key, lambda: loaded.append(key) or exposure())

    first = get("a")
    get("b")
    assert get("a") is first
    get("c")  # pushes b out
    assert cache.nbytes == 800
    get("a")
    get("b")
    assert loaded == ["a", "b", "c", "b"]


def test_too_large_is_handed_out_but_not_kept():
    cache = ExposureCache(100)
    cache.get("a", exposure)
    assert cache.nbytes == 0
    assert cache.get("b", lambda: exposure(10)) is cache.get("b", exposure)


def test_one_load_for_many_threads_and_different_keys_at_once():
    cache, loads = ExposureCache(1 << 20), []
    together = threading.Barrier(2, timeout=20)

    def load(key):
        loads.append(key)
        together.wait(20)  # passes only when both keys load at the same time
        return exposure()

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(cache.get, key, lambda key=key: load(key)) for key in "abababab"]
        results = [job.result(timeout=20) for job in jobs]
    assert sorted(loads) == ["a", "b"]
    assert len({id(result) for result in results}) == 2


def test_failures_reach_every_waiter_and_are_not_remembered():
    cache, started, go = ExposureCache(1 << 20), threading.Event(), threading.Event()

    def fail():
        started.set()
        go.wait(20)
        raise OSError("broken")

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(cache.get, "a", fail)
        assert started.wait(20)
        two = pool.submit(cache.get, "a", fail)
        go.set()
        for job in (one, two):
            with pytest.raises(OSError, match="broken"):
                job.result(timeout=20)
    assert cache.get("a", exposure) is not None


def test_who_waits_for_one_that_is_stopped_loads_instead():
    cache, begun, go = ExposureCache(800), threading.Event(), threading.Event()

    def stopped():
        begun.set()
        assert go.wait(10)
        raise Cancelled("stopped")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, "a", stopped)
        assert begun.wait(10)
        wanted = exposure()
        second = pool.submit(cache.get, "a", lambda: wanted)
        go.set()
        with pytest.raises(Cancelled):
            first.result(10)
        assert second.result(10) is wanted
    assert cache.get("a", exposure) is wanted
