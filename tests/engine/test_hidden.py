"""What masks hide from judgement: its share, what is expected there, and who runs away."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.difference import form_difference
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.hidden import HiddenArea, steady_of
from bgviewer.engine.holdout import HoldOut, lay_yardstick
from bgviewer.engine.penalised_spline import TileFitter, smooth_tiles
from bgviewer.engine.sweeping import Candidate, PairSweep, SweepCell, SweepSpace, recommended_of
from bgviewer.engine.tiles import covered_shares
from tests.benchmarks.truth import true_errors
from tests.scenes import Scene, make_pair
from tests.tasks.test_sweep_view import cell as swept_cell

DETECTED, NO_DATA = 1 << 5, 1 << 8
SHAPE = (256, 256)


def pair(hole=(slice(64, 192), slice(96, 160)), sky=0.0, noise=1.0, bit=DETECTED, gone=None):
    """Reference and science; the hole is masked in one of them, `gone` is NaN in the other."""
    rng = np.random.default_rng(3)
    image = (np.broadcast_to(sky, SHAPE) + noise * rng.standard_normal(SHAPE)).astype(np.float32)
    mask, other = np.zeros(SHAPE, np.int32), np.zeros(SHAPE, np.float32)
    mask[hole] = bit
    if gone is not None:
        other[gone] = np.nan
    return MaskedImage(image, mask), MaskedImage(other, np.zeros(SHAPE, np.int32))


def area_of(reference, science):
    difference = form_difference(reference, science, MatchConfig())
    yardstick = lay_yardstick(difference, HoldOut(tile=16))
    covered = covered_shares(reference, science, yardstick.y_edges, yardstick.x_edges)
    fit = TileFitter(smooth_tiles(difference.values, 16)).fit(2)
    return yardstick, covered, HiddenArea.of(yardstick, covered, fit)


def test_masked_pixels_are_covered_and_hidden():
    yardstick, covered, area = area_of(*pair())
    assert (covered == 1).all()
    assert area.share == pytest.approx(128 * 64 / 256**2)
    hidden = area.weights > 0
    assert hidden[4:12, 6:10].all() and np.count_nonzero(hidden) == 8 * 4
    assert not np.isfinite(yardstick.errors[hidden]).any()


@pytest.mark.parametrize("how", ["flag", "number"])
def test_what_has_no_data_is_not_covered(how):
    hole = (slice(64, 192), slice(96, 160))
    if how == "flag":
        reference, science = pair(bit=NO_DATA)
    else:
        reference, science = pair((slice(0, 0), slice(0, 0)), gone=hole)
    _, covered, area = area_of(reference, science)
    assert covered[4:12, 6:10].max() == 0 and covered.sum() == 16 * 16 - 8 * 4
    assert area.share == 0 and area.error(np.full((16, 16), 1e9)) == 0


def test_the_error_there_is_the_distance_from_the_p_spline_and_at_least_its_own():
    _, _, area = area_of(*pair())
    assert area.error(area.surface) == area.variance
    assert area.error(area.surface + 0.5 * math.sqrt(area.variance)) == area.variance
    assert area.error(area.surface + 7.0) == pytest.approx(49.0)
    off = area.surface.copy()
    off[area.weights == 0] += 7.0  # where tiles judge
    assert area.error(off) == area.variance


def test_a_quadratic_sky_is_continued_as_one_and_waves_as_a_plane():
    y, x = (np.linspace(-1, 1, 256)[:, None], np.linspace(-1, 1, 256))
    rng = np.random.default_rng(4)
    believed = []
    for sky in (40 * x * x - 30 * y * y, 20 * np.sin(14 * x + 3 * y)):
        values = (sky + rng.standard_normal(SHAPE)).astype(np.float32)
        values[80:200, 90:180] = np.nan
        fitter = TileFitter(smooth_tiles(values, 16))
        believed.append(steady_of([fitter.fit(2), fitter.fit(3)]).system.order)
    assert believed == [3, 2]
    assert steady_of([]) is None


def test_hidden_rows_count_though_nothing_is_judged_in_them():
    _, _, area = area_of(*pair((slice(64, 192), slice(0, 256))))
    assert area.share == pytest.approx(0.5) and area.error(area.surface + 9) == pytest.approx(81)


def test_the_p_splines_own_error_there_is_that_of_many_skies():
    """Planes are free: of noise alone the true error over the hole is that of a fitted plane."""
    rng, errors, expected = np.random.default_rng(8), [], []
    reference, science = pair()
    for _ in range(12):
        noisy = replace(reference, image=rng.standard_normal(SHAPE).astype(np.float32))
        _, _, area = area_of(noisy, science)
        errors.append(np.average(area.surface**2, weights=area.weights))
        expected.append(area.variance)
    assert math.sqrt(np.mean(expected)) == pytest.approx(math.sqrt(np.mean(errors)), rel=0.5)


def test_overshoot_is_in_units_of_the_range_of_the_tiles():
    ramp = np.broadcast_to(np.linspace(0, 1000, 256), SHAPE)
    yardstick, _, area = area_of(*pair(sky=ramp, noise=0.1))
    low, high = float(np.nanmin(yardstick.values)), float(np.nanmax(yardstick.values))
    surface = np.full(area.weights.shape, 0.5 * (low + high))
    surface[0, 0] = 1e6  # is judged, so the score sees it
    assert area.overshoot(surface) == 0 and not area.runs_away(surface)
    surface[6, 7] = high + 2 * (high - low)
    assert area.overshoot(surface) == pytest.approx(2, rel=1e-6) and area.runs_away(surface)
    surface[6, 7] = high + 0.4 * (high - low)
    assert not area.runs_away(surface)


def test_a_polynomial_that_is_wild_in_a_hole_is_not_recommended():
    made = make_pair(Scene("arc", 1.0, 512, layout="hole", seed=6))
    exposures = made.reference, made.science
    difference = form_difference(*exposures, MatchConfig())
    space = SweepSpace((64, 32), (1, 8), (), penalty_orders=(2,))
    swept = []
    for given in (exposures, None):
        sweep = PairSweep.prepare(difference, None, space, exposures=given)
        swept.append(list(sweep.run()))
    chosen = true_errors(sweep, recommended_of(swept[0]).candidate, made)
    wild = Candidate(32, 8, None, "MEAN")
    assert chosen.covered < true_errors(sweep, wild, made).covered / 5
    veto = {c.candidate: c.veto for c in swept[0]}
    assert veto[wild].startswith("runs away over masked pixels")
    assert all(math.isnan(c.hidden) and not c.veto for c in swept[1])
    assert all(c.hidden > 0 for c in swept[0] if c.valid)


def test_a_veto_goes_before_the_score():
    wild = replace(swept_cell(64, 3, 1.0, 3), veto="runs away")
    tame = swept_cell(64, 1, 9.0, 3)
    assert recommended_of([wild, tame]) is tame
    assert recommended_of([wild]) is wild, "nothing else was tried"
    assert recommended_of([SweepCell(tame.candidate, "no")]) is None
