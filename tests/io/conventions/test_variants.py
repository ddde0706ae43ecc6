"""Variations of the conventions: recognised, and meaning what they mean."""

from __future__ import annotations

import numpy as np
import pytest

from bgviewer.errors import SidecarError
from bgviewer.io.read import describe, read
from bgviewer.tasks.inspect import inspect_file
from tests.io.conftest import NX, NY
from tests.io.conventions.variants import ANY, VARIANTS


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_recognised(tmp_path, name):
    wanted = VARIANTS[name]
    path = wanted.make(tmp_path)
    record = inspect_file(path)
    assert record["outcome"] == "exposure", record["error"]
    assert record["convention"] == wanted.convention
    assert record["shape"] == [NY, NX]
    assert record["variance_kind"] == wanted.kind
    assert record["unit"] == wanted.unit
    assert tuple(record["xy0"]) == wanted.xy0
    if wanted.zero_point is None or wanted.zero_point is ANY:
        assert (record["zero_point"] is None) == (wanted.zero_point is None)
    else:
        assert record["zero_point"] == pytest.approx(wanted.zero_point, abs=1e-3)
    assert bool(record["planes"]) == bool(wanted.planes)
    counts = {plane: record["planes"].get(plane) for plane in dict(wanted.planes)}
    assert counts == dict(wanted.planes)


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_read(tmp_path, name):
    wanted = VARIANTS[name]
    exposure = read(wanted.make(tmp_path))
    if wanted.variance is None:
        assert exposure.variance is None
    else:
        assert exposure.variance[8, 8] == pytest.approx(wanted.variance)
    if exposure.mask is not None:
        assert exposure.mask[9, 9] == 0
    assert 50 < np.nanmedian(exposure.image) < 150


@pytest.mark.parametrize("name", VARIANTS)
def test_what_lies_beside_it_is_no_exposure(tmp_path, name):
    path = VARIANTS[name].make(tmp_path)
    for other in tmp_path.iterdir():
        if other != path:
            with pytest.raises(SidecarError):
                describe(other)
