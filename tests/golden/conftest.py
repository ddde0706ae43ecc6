"""Golden tests hold the engine, both ways of computing, and the slow twin to the original."""

from collections.abc import Iterator

import pytest

from tests.engine.adapters import Engine, Twin
from tests.loops import computing_with

SUBJECTS = {"compiled": Engine, "numpy": Engine, "twin": Twin}


@pytest.fixture(params=SUBJECTS)
def subject(request: pytest.FixtureRequest) -> Iterator[type]:
    """What is held against the goldens."""
    with computing_with(request.param):
        yield SUBJECTS[request.param]
