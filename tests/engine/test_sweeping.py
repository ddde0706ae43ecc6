"""What a sweep tries, what it recommends, and how it reads the pixels once for all of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.difference import Difference
from bgviewer.engine.folds import FoldSums, smooth_predictions
from bgviewer.engine.holdout import HoldOut, lay_yardstick
from bgviewer.engine.matching import grid_difference, match_images, smooth_tile
from bgviewer.engine.penalised_spline import TileFitter, smooth_tiles
from bgviewer.engine.scores import Score, score_tiles, with_hidden
from bgviewer.engine.sweeping import Candidate, PairSweep, SweepCell, SweepSpace, recommended_of
from bgviewer.errors import ConfigError
from tests.scenes import KINDS, Scene, make_pair, many_scenes, true_sky

SHAPE = (256, 320)


def difference(seed=1, sky=0.0, sigma=1.0, shape=SHAPE) -> Difference:
    rng = np.random.default_rng(seed)
    values = (sky + sigma * rng.standard_normal(shape)).astype(np.float32)
    return Difference(values, (0, 0), float("nan"), values.size)


def scored(candidate, *sums) -> SweepCell:
    score = Score(float(np.mean(sums)), 0.0, 1.0, np.array(sums, float), np.ones(len(sums)))
    return SweepCell(candidate, score=score, training=score, freedom=10)


def smooth(size, *sums, order=2, statistic="MEAN") -> SweepCell:
    return scored(Candidate(size, None, None, statistic, order, True), *sums)


# ------------------------------------------------------------------ what is tried


@pytest.mark.parametrize(
    ("side", "sizes"),
    [
        (4096, (512, 256, 128, 64, 32, 16)),
        (1000, (256, 128, 64, 32, 16)),
        (512, (256, 128, 64, 32, 16)),
        (200, (256, 64, 32, 16, 8)),
    ],
)
def test_bins_go_down_to_16_and_tiles_are_half_the_smallest(side, sizes):
    space = SweepSpace.for_shape((side, side))
    assert space.bin_sizes == sizes
    assert space.tile == max(4, sizes[-1] // 2)
    assert space.orders[0] == 0 and space.grid_statistics == ("MEAN", "MEANCLIP")
    assert space.penalty_orders == (2, 3) and space.cell_centroids
    assert Candidate.of(MatchConfig()) in space.candidates, "as LSST has it, without centroids"


def test_a_candidate_is_settings_and_back():
    for candidate in SweepSpace.for_shape((512, 512)).candidates:
        config = candidate.applied_to(MatchConfig(penalised_spline=True, smoothing_length=99.0))
        assert Candidate.of(config) == candidate
        if candidate.penalty_order is not None:
            assert config.smoothing_length == 0, "REML finds it"


def test_a_space_needs_a_model_and_knows_the_range_of_penalties():
    assert SweepSpace((64,), (), (), penalty_orders=(3,)).candidates == (
        Candidate(64, None, None, "MEAN", 3),
    )
    with pytest.raises(ConfigError):
        SweepSpace((64,), (), (), penalty_orders=(4,))


# ------------------------------------------------------------------ what is recommended


def test_a_p_spline_is_recommended_unless_a_simple_model_is_clearly_better():
    # against each other: 0.2 and a standard error of 0.18 or of 0.02
    order = Candidate(64, 1, None, "MEAN", None, True)
    close = scored(order, 0.6, 1.0, 0.6, 1.0)
    clear = scored(order, 0.8, 0.8, 0.8, 0.78)
    spline = smooth(256, 1.0, 1.0, 1.0, 1.0)
    assert recommended_of([spline, scored(order, 1.0, 0.4, 1.4, 1.1)]) is spline
    assert recommended_of([spline, clear]) is clear
    assert recommended_of([spline, close]) is close, "more than half a standard error"
    assert recommended_of([close]) is close and recommended_of([spline]) is spline


def test_the_p_spline_stands_at_the_binning_nearest_to_lssts():
    cells = [smooth(size, 1.0, 1.0) for size in (2048, 128, 64)]
    assert recommended_of(cells).candidate.bin_size == 128
    cells.append(smooth(256, 1.0, 1.0, statistic="MEANCLIP"))
    assert recommended_of(cells).candidate.bin_size == 256


def test_the_penalty_order_of_the_lower_score_is_taken():
    cells = [smooth(256, 1.0, 1.1), smooth(256, 0.9, 1.0, order=3)]
    assert recommended_of(cells).candidate.penalty_order == 3


def test_hidden_errors_count_by_their_share():
    score = Score(2.0, 0.1, 1.5, np.array([3.0, 1.0]), np.ones(2))
    found = with_hidden(score, 10.0, 0.25)
    assert found.value == pytest.approx(0.75 * 2 + 0.25 * 10)
    assert found.sums.sum() / found.weights.sum() == pytest.approx(found.value)
    assert with_hidden(score, 10.0, 0.0).value == score.value


# ------------------------------------------------------------------ pixels read once


def test_clipped_cells_of_a_fold_are_means_of_what_does_not_stand_out_of_its_tile():
    made = difference()
    rng = np.random.default_rng(7)
    rays = rng.random(SHAPE) < 0.01
    made.values[rays] += 200.0
    stick = lay_yardstick(made, HoldOut(tile=16))
    sums = FoldSums.take(made, stick, [64], clip=3.0)
    sums.pilot[...] = 0.0
    config = MatchConfig(bin_size=64)
    whole = grid_difference(made, config).cells
    for held in (None, 0, 3):
        got = sums.cells(config, whole, held)
        fold = np.kron(stick.fold, np.ones((16, 16)))
        kept = ~rays & (fold != held)
        for i, j in np.ndindex(*whole.shape):
            rows = slice(whole.y_edges[i], whole.y_edges[i + 1])
            columns = slice(whole.x_edges[j], whole.x_edges[j + 1])
            pixels = made.values[rows, columns][kept[rows, columns]]
            # rays add 2 to a mean of all; of noise alone 3 sigma leave out 0.3 % on both sides
            assert got.values[i, j] == pytest.approx(pixels.mean(), abs=0.03)
            assert got.counts[i, j] == pytest.approx(len(pixels), rel=0.01)


@pytest.mark.parametrize("holes", [False, True])
def test_a_p_spline_of_a_fold_is_that_of_tiles_measured_without_it(holes):
    y, x = np.indices(SHAPE)
    made = difference(sky=5 * np.sin(x / 40.0) + 0.02 * y)
    if holes:
        made.values[60:120, 100:130] = np.nan
        made.values[np.random.default_rng(2).random(SHAPE) < 0.2] = np.nan
    stick = lay_yardstick(made, HoldOut(tile=8))
    fit = TileFitter(smooth_tiles(made.values, smooth_tile(256))).fit(2)
    sums = FoldSums.take(made, stick, [64], smooth=16, clip=3.0)
    anew = smooth_predictions(fit, made, stick)
    once = smooth_predictions(fit, made, stick, sums=sums)
    assert score_tiles(stick, once).value == pytest.approx(
        score_tiles(stick, anew).value, abs=2 * score_tiles(stick, anew).error
    )
    on = stick.judged
    assert np.sqrt(np.mean((once - anew)[on] ** 2)) < 0.02, "pixels scatter by 1"


def test_on_large_images_some_rows_of_some_folds_are_judged():
    made = difference(shape=(2048, 2048))
    space = SweepSpace((64, 16), (1,), ())
    sweep = PairSweep.prepare(made, None, space)
    stick = sweep.yardstick
    assert stick.tile == 8 and stick.rounds == 2 and stick.hold_out.every == 1
    assert stick.n_judged == pytest.approx(0.4 * 256 * 256, rel=0.01)
    few = PairSweep.prepare(made, None, space, HoldOut(every=4, rounds=1)).yardstick
    assert set(np.nonzero(few.judged)[0] % 4) == {0} and set(few.fold[few.judged]) == {0}
    all_of_them = PairSweep.prepare(made, None, space, HoldOut(rounds=5)).yardstick
    assert all_of_them.n_judged > 2.4 * stick.n_judged
    cells = list(PairSweep.prepare(made, None, space, HoldOut(every=4, rounds=1)).run())
    assert all(c.valid for c in cells) and len(cells) == 2


# ------------------------------------------------------------------ scenes


def test_scenes_are_what_they_say():
    scenes = many_scenes(39)
    assert {s.kind for s in scenes} == set(KINDS)
    assert all(0.05 <= s.amplitude <= 30 for s in scenes)
    for kind in KINDS[1:]:
        sky = true_sky(Scene(kind, 2.0, 128))
        assert np.ptp(sky) == pytest.approx(2 * 2.0 * 10.0)
    assert np.ptp(true_sky(Scene("flat", 2.0, 128))) == 0
    made = make_pair(Scene("plane", 1.0, 256, "resampled", "both", "hole", seed=5))
    assert (made.unmasked <= made.covered).all() and made.covered.all()
    assert 0.05 < 1 - made.unmasked.mean() < 0.95
    plain = make_pair(Scene("plane", 1.0, 256, "white", "unmasked", seed=5))
    result = match_images(plain.reference, plain.science, MatchConfig(penalised_spline=True))
    off = result.model.render() - plain.truth
    assert np.sqrt(np.mean(off**2)) < 2.0, "sources and cosmic rays in noise of 10"
    same = replace(Scene("plane", 1.0, 256, "white", "unmasked"), seed=5)
    np.testing.assert_array_equal(make_pair(same).reference.image, plain.reference.image)
