"""The held-out rms of one setting."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.sweeping import PairSweep, SweepSpace
from bgviewer.tasks.held_out import held_out_in_sweep, measure_held_out
from tests.engine.judged import matched, positions

SHAPE = (256, 256)
Y, X = positions(SHAPE)


def test_of_a_constant_on_a_slope_it_is_the_slope():
    # a constant misses 6 x by 6 sqrt(1/3) in the root mean square, wherever it was fitted
    config = MatchConfig(bin_size=32, use_polynomial=True, order=0, approx_weighting=False)
    found = measure_held_out(matched(config, shape=SHAPE, smooth=6 * X, noise=0.1))
    assert found.rms == pytest.approx(6 / math.sqrt(3), rel=0.02)
    assert 0 < found.error < found.rms and found.best is None and not found.reason


def test_what_the_model_follows_leaves_no_more_than_noise():
    config = MatchConfig(bin_size=32, use_polynomial=True, order=1)
    found = measure_held_out(matched(config, shape=SHAPE, smooth=6 * X, noise=1.0))
    assert found.rms < 0.05


def test_it_is_what_a_sweep_finds_for_the_same_setting():
    config = MatchConfig(bin_size=32, use_polynomial=True, order=1, approx_weighting=False)
    result = matched(config, shape=SHAPE, smooth=4 * np.sin(3 * X), noise=1.0)
    space = SweepSpace((64, 32), (1, 3), ("NATURAL_SPLINE",))
    cells = tuple(PairSweep.prepare(result.difference, config, space).run())
    found = held_out_in_sweep(cells, config)
    alone = measure_held_out(result)
    assert found.rms == pytest.approx(alone.rms, rel=1e-6)
    assert found.best < 0.5 * found.rms
    changed = config.replace(**dict(found.remedy.changes))
    assert changed.order == 3 or not changed.use_polynomial
    assert held_out_in_sweep(cells, config.replace(bin_size=128)) is None
    assert held_out_in_sweep((), config) is None


def test_why_it_is_not_known():
    config = MatchConfig(bin_size=4, interp_style="CONSTANT")
    nothing = measure_held_out(matched(config, shape=(6, 6)))
    assert math.isnan(nothing.rms) and nothing.reason
