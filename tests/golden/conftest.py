"""Golden tests hold two subjects to the original's results: the engine and the slow twin."""

import pytest

from tests.engine.adapters import Engine, Twin


@pytest.fixture(params=[Engine, Twin], ids=["engine", "twin"])
def subject(request):
    """What is held against the goldens."""
    return request.param
