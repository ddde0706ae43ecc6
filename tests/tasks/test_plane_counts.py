"""Pixels per mask plane."""

import numpy as np
import pytest

from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled
from bgviewer.tasks.plane_counts import PlaneCounts, count_planes


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.int64])
def test_counts_are_those_of_plain_loops(kind):
    rng = np.random.default_rng(4)
    info = np.iinfo(kind)
    mask = rng.integers(info.min, info.max, (61, 97), kind, endpoint=True)
    width = 8 * mask.dtype.itemsize
    planes = {f"P{bit}": bit for bit in {0, 3, 7, 15, 16, 31, 40, width - 1} if bit < width}
    image = MaskedImage(np.zeros(mask.shape, np.float32), mask=mask, planes=planes)
    found = count_planes(image)
    assert found.total == mask.size
    for name, bit in planes.items():
        assert found.counts[name] == sum(int(v) >> bit & 1 for v in mask.flat), name


def test_without_a_mask_all_planes_are_empty():
    found = count_planes(MaskedImage(np.zeros((3, 4), np.float32)))
    assert found.total == 12 and not any(found.counts.values())
    assert found.share("SAT") == 0.0 and PlaneCounts(0).share("SAT") == 0.0
    assert PlaneCounts(8, {"SAT": 2}).share("SAT") == 0.25


def test_it_can_be_stopped():
    stopped = Stoppable(lambda fraction, text: None)
    stopped.stop()
    mask = np.ones((4, 4), np.int32)
    image = MaskedImage(np.zeros((4, 4), np.float32), mask=mask, planes={"BAD": 0})
    with pytest.raises(Cancelled):
        count_planes(image, stopped)
