"""The faint-light guard over a pair of a stack."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.guard import faint_light_losses
from bgviewer.engine.matching import match_backgrounds
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.guard import GuardRequest, guard
from tests.engine.judged import pair

CONFIG = MatchConfig(bin_size=32)


def moved(image):
    return MaskedImage(image.image, image.mask, image.variance, image.planes, (1000, 2000))


@pytest.fixture(scope="module")
def stack():
    return ExposureStack.of([moved(e) for e in pair()])


def test_the_curve_rises_over_the_bin_size(stack):
    curve = guard(GuardRequest(stack, 0, 1, CONFIG))
    assert curve.bin_size == 32 and not curve.rerun
    assert list(curve.sizes) == sorted(curve.sizes)
    assert curve.shares[0] < 0.1 < 0.9 < curve.shares[-1]
    half = curve.size_at(0.5)
    assert half is not None and 16 < half < 64
    assert curve.size_at(2.0) is None


def test_size_brightness_and_place_are_those_asked_for(stack):
    request = GuardRequest(stack, 0, 1, CONFIG, (40.0, 20.0), 0.01, (1100.0, 2050.0))
    curve = guard(request)
    assert curve.sizes == (20.0, 40.0)
    blob = curve.losses[0].blob
    assert (blob.x, blob.y, blob.brightness) == (100.0, 50.0, 0.01)
    result = match_backgrounds(stack.read(0), stack.read(1), CONFIG)
    assert curve.losses == faint_light_losses(result, [loss.blob for loss in curve.losses])
    again = guard(replace(request, reuse=result))
    assert again == curve


@pytest.mark.parametrize("statistic", ["MEDIAN", "MEANCLIP"])
def test_other_statistics_are_run_again_and_tell_about_the_same(stack, statistic):
    sizes = (20.0, 60.0)
    mean = guard(GuardRequest(stack, 0, 1, CONFIG, sizes))
    other = guard(GuardRequest(stack, 0, 1, CONFIG.replace(grid_statistic=statistic), sizes))
    assert other.rerun and other.shares == pytest.approx(mean.shares, abs=0.2)


def test_it_tells_where_it_is_and_can_be_stopped(stack):
    said = []
    config = CONFIG.replace(grid_statistic="MEDIAN")
    guard(GuardRequest(stack, 0, 1, config), Stoppable(lambda f, t: said.append((f, t))))
    assert said[-1][0] == 1.0 and any(t and "faint light" in t for _, t in said)
    stopping = Stoppable(lambda f, t: stopping.stop())
    with pytest.raises(Cancelled):
        guard(GuardRequest(stack, 0, 1, config), stopping)
