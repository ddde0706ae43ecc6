"""The numbers hold with compiled loops and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.loops import computing_with


@pytest.fixture(scope="module", autouse=True, params=["compiled", "numpy"])
def loops(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every test of these folders runs with both ways of computing."""
    with computing_with(request.param):
        yield request.param
