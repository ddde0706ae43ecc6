"""Flux loss over a pair of a stack."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.flux_loss import flux_losses
from bgviewer.engine.matching import match_backgrounds
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.flux_loss import FluxLossRequest, flux_loss
from tests.engine.judged import pair

CONFIG = MatchConfig(bin_size=32)


def moved(image):
    return MaskedImage(image.image, image.mask, image.variance, image.planes, (1000, 2000))


@pytest.fixture(scope="module")
def stack():
    return ExposureStack.of([moved(e) for e in pair()])


def test_the_curve_rises_over_the_bin_size(stack):
    curve = flux_loss(FluxLossRequest(stack, 0, 1, CONFIG))
    assert curve.bin_size == 32 and not curve.rerun
    assert list(curve.radii) == sorted(curve.radii)
    assert curve.shares[0] < 0.1 < 0.9 < curve.shares[-1]
    half = curve.radius_at(0.5)
    assert half is not None and 8 < half < 32
    assert curve.radius_at(2.0) is None


def test_size_brightness_and_place_are_those_asked_for(stack):
    request = FluxLossRequest(stack, 0, 1, CONFIG, (40.0, 20.0), 0.01, (1100.0, 2050.0))
    curve = flux_loss(request)
    assert curve.radii == (20.0, 40.0)
    source = curve.losses[0].source
    assert (source.x, source.y, source.brightness) == (100.0, 50.0, 0.01)
    result = match_backgrounds(stack.read(0), stack.read(1), CONFIG)
    assert curve.losses == flux_losses(result, [loss.source for loss in curve.losses])
    again = flux_loss(replace(request, reuse=result))
    assert again == curve


@pytest.mark.parametrize("statistic", ["MEDIAN", "MEANCLIP"])
def test_other_statistics_are_run_again_and_tell_about_the_same(stack, statistic):
    radii = (10.0, 30.0)
    mean = flux_loss(FluxLossRequest(stack, 0, 1, CONFIG, radii))
    other = flux_loss(FluxLossRequest(stack, 0, 1, CONFIG.replace(grid_statistic=statistic), radii))
    assert other.rerun and other.shares == pytest.approx(mean.shares, abs=0.2)


def test_it_tells_where_it_is_and_can_be_stopped(stack):
    said = []
    config = CONFIG.replace(grid_statistic="MEDIAN")
    flux_loss(FluxLossRequest(stack, 0, 1, config), Stoppable(lambda f, t: said.append((f, t))))
    assert said[-1][0] == 1.0 and any(t and "faint light" in t for _, t in said)
    stopping = Stoppable(lambda f, t: stopping.stop())
    with pytest.raises(Cancelled):
        flux_loss(FluxLossRequest(stack, 0, 1, config), stopping)
