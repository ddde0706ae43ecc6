"""Working memory that is kept while a pass runs, one set per thread.

Fresh memory for every band costs more than the arithmetic on it, and makes threads wait for
each other.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Scratch", "fresh_or"]


class Scratch(threading.local):
    """Named arrays that are handed out again and again, to each thread its own.

    What a function puts into an array it was given this way lasts until the same thread asks for
    that name again: with a caller's `Scratch` results are not for keeping.
    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, np.dtype[Any]], NDArray[Any]] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array of that shape and type; what it holds is undefined."""
        kind = np.dtype(dtype)
        size = math.prod(shape)
        held = self._held.get((name, kind))
        if held is None or held.size < size:
            held = self._held[(name, kind)] = np.empty(size, dtype=kind)
        return held[:size].reshape(shape)


def fresh_or(
    scratch: Scratch | None, name: str, shape: tuple[int, ...], dtype: DTypeLike
) -> NDArray[Any]:
    """Return an array of the caller's scratch memory, or a new one to keep."""
    return np.empty(shape, dtype) if scratch is None else scratch.array(name, shape, dtype)
