"""Both ways of computing: compiled loops, and NumPy where those could not be built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bgviewer.engine import native


@contextmanager
def computing_with(way: str) -> Iterator[None]:
    """Use "compiled" or "numpy" loops (others: as built); skip where the compiled ones lack."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(native.SWITCH, way)
        native.kernels.cache_clear()
        try:
            if way == "compiled" and native.kernels() is None:
                pytest.skip("kernels.c was not built: no C compiler")
            yield
        finally:
            native.kernels.cache_clear()
