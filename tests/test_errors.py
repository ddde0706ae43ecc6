"""Errors cross processes with all that they carry; memory and threads have one of their own."""

from __future__ import annotations

import copy
import inspect
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from bgviewer import errors
from bgviewer.errors import BgviewerError, Remedy, ResourceError, resource_errors

_TWO = (Remedy("order 2", (("order", 2),)), Remedy("order 3", (("order", 3),)))
_MADE = {
    "ConfigError": lambda: errors.ConfigError(
        "order = 9: too high", field="order", value=9, reason="too high", remedies=_TWO, id="E_X"
    ),
    "ReadError": lambda: errors.ReadError("a.fits", "empty", id="E_EMPTY"),
    "ChooseError": lambda: errors.ChooseError(
        "a.fits", "several images", id="E_CHOOSE", choices=({"hdu": 1, "shape": [4, 5]},)
    ),
    "SidecarError": lambda: errors.SidecarError("a.msk.fits", "a mask", convention="triple"),
    "WriteError": lambda: errors.WriteError("out.fits", "the disk is full", id="E_FULL"),
    "_FileError": lambda: errors._FileError("a", "is odd", id="E_ODD"),
}


def _classes() -> list[type[BgviewerError]]:
    """Return every class of the module, so that a new one is tested too."""
    found = [c for _, c in inspect.getmembers(errors, inspect.isclass)]
    return [c for c in found if issubclass(c, (BgviewerError, errors.Cancelled))]


def _make(kind: type[BgviewerError]) -> BaseException:
    make = _MADE.get(kind.__name__, lambda: kind("12 of 40 rows are lacking"))
    error = make()
    error.add_note("seen at row 12")
    return error


def _same(one: BaseException, other: BaseException) -> bool:
    return (type(one), str(one), one.args, vars(one)) == (
        type(other),
        str(other),
        other.args,
        vars(other),
    )


def _raise(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("kind", _classes(), ids=lambda kind: kind.__name__)
def test_error_survives_pickle_and_copy(kind):
    error = _make(kind)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert _same(pickle.loads(pickle.dumps(error, protocol)), error)  # noqa: S301
    assert _same(copy.copy(error), error)
    assert _same(copy.deepcopy(error), error)


def test_error_leaves_a_process_pool():
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        for kind in _classes():
            error = _make(kind)
            got = pool.submit(_raise, error).exception(timeout=60)
            assert (type(got), str(got)) == (kind, str(error))
            for name, value in vars(error).items():
                assert getattr(got, name) == value


def test_what_cannot_be_pickled_is_described():
    value = lambda: 3  # noqa: E731 - not importable
    back = pickle.loads(pickle.dumps(errors.ConfigError("order: no number", value=value)))  # noqa: S301
    assert back.value == repr(value)


def test_memory_that_numpy_lacks_is_stated():
    with (
        pytest.raises(ResourceError, match="an array of 1000000x1000000") as caught,
        resource_errors(),
    ):
        np.empty((1_000_000, 1_000_000), np.float64)
    assert "8000000.0 MB" in str(caught.value)
    assert isinstance(caught.value, MemoryError)


def test_threads_that_the_system_refuses_are_stated():
    with pytest.raises(ResourceError, match="no more threads"), resource_errors():
        raise RuntimeError("can't start new thread")


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="of its own"), resource_errors():
        raise RuntimeError("of its own")
    with pytest.raises(errors.FitError, match="as it was"), resource_errors():
        raise errors.FitError("as it was")
