"""Held-out tiles: the yardstick, folds, scores and the choice."""

import math

import numpy as np
import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.difference import Difference
from bgviewer.engine.fitting import fit_model
from bgviewer.engine.folds import FoldModels, FoldSums, predict
from bgviewer.engine.gridding import form_cells
from bgviewer.engine.holdout import HoldOut, lay_yardstick
from bgviewer.engine.matching import grid_difference
from bgviewer.engine.scores import Score, excess, joined, joined_rows, score_tiles
from bgviewer.engine.sweeping import Candidate, PairSweep, SweepCell, SweepSpace, simplest_of
from bgviewer.errors import ConfigError, NoOverlapError


def difference(values) -> Difference:
    values = np.asarray(values, dtype=np.float32)
    return Difference(values, (0, 0), math.nan, int(np.isfinite(values).sum()))


def noise(shape=(256, 320), sigma=1.0, seed=1):
    return sigma * np.random.default_rng(seed).standard_normal(shape)


def plane(shape=(256, 320)):
    return 0.05 * np.arange(shape[1]) - 0.08 * np.arange(shape[0])[:, None] + 5.0


@pytest.mark.parametrize("folds", range(2, 11))
def test_no_two_tiles_of_a_fold_touch_along_a_side_and_folds_are_alike(folds):
    fold = HoldOut(folds=folds).fold_of(40, 60)
    assert (fold[:, 1:] != fold[:, :-1]).all() and (fold[1:] != fold[:-1]).all()
    counts = np.bincount(fold.ravel(), minlength=folds)
    assert counts.min() > 0.8 * counts.max()


def test_five_folds_never_take_two_tiles_of_a_square_of_four():
    fold = HoldOut().fold_of(20, 20)
    corners = [fold[:-1, :-1], fold[1:, :-1], fold[:-1, 1:], fold[1:, 1:]]
    for i in range(4):
        for j in range(i):
            assert (corners[i] != corners[j]).all()


def test_contiguous_blocks_are_left_out_whole():
    fold = HoldOut(mode="blocks", block=4).fold_of(16, 16)
    for y in range(0, 16, 4):
        for x in range(0, 16, 4):
            assert len(np.unique(fold[y : y + 4, x : x + 4])) == 1
    assert len(np.unique(fold)) == 5


@pytest.mark.parametrize(
    "wrong", [{"tile": 3}, {"folds": 1}, {"folds": 11}, {"mode": "x"}, {"block": 1}, {"margin": -1}]
)
def test_what_cannot_be_held_out_is_refused_by_name(wrong):
    with pytest.raises(ConfigError) as caught:
        HoldOut(**wrong)
    assert caught.value.field == next(iter(wrong))


def test_the_yardstick_of_white_noise():
    stick = lay_yardstick(difference(noise((512, 512), 3.0)))
    assert stick.tile == 16 and stick.values.shape == (32, 32) and stick.n_judged == 1024
    # 14 x 14 judged pixels; a clipped mean is a little noisier than a mean
    assert stick.noise == pytest.approx(3.0 / 14, rel=0.05)
    assert stick.values.std() == pytest.approx(stick.noise, rel=0.07)
    assert stick.noise_factor == 1.0 and stick.n_foreign == 0
    np.testing.assert_allclose(stick.x, np.arange(32) * 16 + 7.5)


def test_correlated_noise_is_noticed():
    from scipy.ndimage import gaussian_filter

    values = gaussian_filter(noise((512, 512)), 1.0, mode="wrap")
    stick = lay_yardstick(difference(values))
    assert stick.noise_factor > 3
    assert stick.values.std() == pytest.approx(stick.noise, rel=0.15)


def test_tiles_unlike_their_neighbours_and_tiles_without_pixels_are_not_judged():
    values = noise() + plane()
    values[64:80, 96:112] += 50.0
    values[:, 200:] = np.nan
    stick = lay_yardstick(difference(values))
    assert stick.n_foreign == 1 and stick.weights[4, 6] == 0
    assert not stick.judged[:, 13:].any() and stick.judged[:, :12].sum() == 16 * 12 - 1


def test_a_noiseless_difference_can_be_judged_too():
    stick = lay_yardstick(difference(np.full((128, 128), 2.5)))
    score = score_tiles(stick, np.full(stick.values.shape, 2.0))
    assert score.value == pytest.approx(0.25) and score.error == pytest.approx(0.0, abs=1e-12)


def test_nothing_to_judge_by_is_said():
    with pytest.raises(NoOverlapError):
        lay_yardstick(difference(np.full((128, 128), np.nan)))


def test_the_score_is_the_mean_squared_error_of_the_model():
    truth = plane((1024, 1024))
    stick = lay_yardstick(difference(truth + noise((1024, 1024), 2.0)))
    at = np.ix_(stick.y.astype(int), stick.x.astype(int))
    wave = 0.6 * np.sin(np.arange(64) / 3.0)
    score = score_tiles(stick, truth[at] + wave)
    assert abs(score.value - np.mean(wave**2)) < 4 * score.error
    assert score.error < 0.1 * np.mean(wave**2)
    above, error = excess(score, score_tiles(stick, truth[at]))
    assert abs(above - np.mean(wave**2)) < 4 * error


def test_shared_noise_cancels_in_the_difference_of_scores():
    stick = lay_yardstick(difference(noise((512, 512), 5.0)))
    zero = score_tiles(stick, np.zeros(stick.values.shape))
    near = score_tiles(stick, np.full(stick.values.shape, 0.01))
    _, error = excess(near, zero)
    assert error < 0.2 * zero.error


def test_joined_scores_count_every_exposure_alike():
    def one(level, weight):
        weights = np.full(8, float(weight))
        return Score(level, 0.1, 1.0, level * weights, weights)

    assert joined([one(1.0, 1), one(3.0, 100)]).value == pytest.approx(2.0)


def test_rows_of_scores_are_joined_one_by_one():
    rng = np.random.default_rng(2)
    weights = [rng.uniform(1, 5, n) for n in (8, 5, 11)]

    def one(w):
        return Score(0.0, 0.0, rng.uniform(1, 2), rng.normal(size=len(w)), w)

    rows = [[one(w) for w in weights] for _ in range(4)]
    for row, found in zip(rows, joined_rows(rows), strict=True):
        shares = np.concatenate([s.sums / s.weights.sum() for s in row])
        each = np.concatenate([s.weights / s.weights.sum() for s in row])
        assert found.value == pytest.approx(shares.sum() / 3)
        scatter = ((shares - found.value * each) ** 2).sum()
        assert found.error == pytest.approx(np.sqrt(24 / 23 * scatter) / 3)
        assert found.rms**2 == pytest.approx(np.mean([s.rms**2 for s in row]))
    assert joined_rows([]) == []


@pytest.fixture
def made():
    values = noise((250, 333)) + plane((250, 333))
    values[:40, 100:140] = np.nan
    return difference(values)


@pytest.mark.parametrize("statistic", ["MEAN", "MEDIAN", "MEANCLIP"])
@pytest.mark.parametrize("size", [32, 60])
def test_cells_of_a_fold_are_those_of_an_image_without_its_tiles(made, statistic, size):
    config = MatchConfig(bin_size=size, grid_statistic=statistic)
    stick = lay_yardstick(made)
    sums = FoldSums.take(made, stick, [60, 32])
    sums.pilot[...] = 0.0  # no shift to the cells' middle: plain statistics remain
    whole = grid_difference(made, config).cells
    for held in (0, 3):
        rest = sums.without(held)
        assert np.isnan(rest).sum() > np.isnan(made.values).sum()
        want = form_cells(rest, *whole.shape[::-1], statistic)
        got = sums.cells(config, whole, held, rest)
        np.testing.assert_array_equal(got.counts, want.counts)
        np.testing.assert_allclose(got.values, want.values, rtol=2e-6)
        np.testing.assert_allclose(got.errors, want.errors, rtol=2e-5)


def test_a_slope_does_not_move_cells_that_have_lost_tiles():
    made = difference(3.0 * plane((256, 256)))
    stick = lay_yardstick(made)
    sums = FoldSums.take(made, stick, [32])
    config = MatchConfig(bin_size=32)
    whole = grid_difference(made, config).cells
    for held in range(5):
        got = sums.cells(config, whole, held)
        np.testing.assert_allclose(got.values, whole.values, atol=2e-3)


@pytest.mark.parametrize("weighting", [True, False])
def test_every_order_is_solved_as_the_fit_itself_does(made, weighting):
    from bgviewer.engine.chebyshev import ChebyshevModel

    base = MatchConfig(bin_size=32, use_polynomial=True, approx_weighting=weighting)
    stick = lay_yardstick(made)
    sums = FoldSums.take(made, stick, [32])
    gridded = grid_difference(made, base.replace(order=4))
    cells = [sums.cells(base, gridded.cells, held) for held in range(5)]
    models = FoldModels(cells, made.shape, 4, gridded.cells)
    for order in (0, 2, 4):
        config = base.replace(order=order)
        whole = fit_model(gridded.cells, gridded.bins, config, made.shape)
        want = ChebyshevModel.fit(cells[2], order, weighting, made.shape)
        got = models.fit(2, config, whole)
        np.testing.assert_allclose(predict(got, stick), predict(want, stick), rtol=1e-5)


def test_held_out_scores_rise_with_needless_terms_while_training_scores_fall():
    truth = plane((512, 512))
    made = difference(truth + noise((512, 512), 4.0))
    space = SweepSpace((64, 32), (1, 4, 6), ("NATURAL_SPLINE",))
    cells = {c.candidate: c for c in PairSweep.prepare(made, None, space).run()}
    simple = cells[Candidate(32, 1, None, "MEAN")]
    rich = cells[Candidate(32, None, "NATURAL_SPLINE", "MEAN")]
    assert rich.score.value > simple.score.value + 3 * excess(rich.score, simple.score)[1]
    assert rich.training.value < simple.training.value
    assert simplest_of(list(cells.values())).candidate.order == 1


def test_the_held_out_score_is_the_true_error():
    shape = (1024, 1024)
    truth = 4 * np.sin(np.arange(1024) / 60.0) + plane(shape)
    made = difference(truth + noise(shape, 6.0))
    space = SweepSpace((128, 64, 32), (2,), ("NATURAL_SPLINE",))
    sweep = PairSweep.prepare(made, None, space)
    for cell in sweep.run():
        config = cell.candidate.applied_to(MatchConfig())
        gridded = grid_difference(made, config)
        model = fit_model(gridded.cells, gridded.bins, config, shape).model
        true = math.sqrt(np.mean((model.render() - truth) ** 2))
        assert cell.error_rms == pytest.approx(true, rel=0.3), cell.candidate.text


def test_threads_do_not_change_a_digit(made):
    space = SweepSpace((60, 32), (1, 2), ("AKIMA_SPLINE",), ("MEAN", "MEDIAN"))
    runs = [
        [c.score.value for c in PairSweep.prepare(made, None, space, threads=n).run()]
        for n in (1, 3)
    ]
    assert runs[0] == runs[1]


def test_what_cannot_be_judged_has_a_reason(made):
    space = SweepSpace((200, 60), (3, 30), ())
    for cell in PairSweep.prepare(made, None, space).run():
        assert cell.valid != bool(cell.reason)
        assert math.isnan(cell.error_rms) != cell.valid


def _cell(freedom, *sums):
    weights = np.ones(len(sums))
    score = Score(float(np.mean(sums)), 0.0, 1.0, np.array(sums, dtype=float), weights)
    return SweepCell(Candidate(32, freedom, None, "MEAN"), score=score, freedom=freedom)


def test_the_choice_is_the_simplest_within_one_standard_error():
    best = _cell(10, 1.0, 1.0, 1.0, 1.0)
    close = _cell(6, 1.0, 1.4, 0.9, 1.0)  # 0.075 above, error 0.11
    far = _cell(3, 1.3, 1.4, 1.3, 1.4)
    assert simplest_of([best, far, close]) is close
    assert simplest_of([best, far]) is best
    assert simplest_of([SweepCell(Candidate(8, 1, None, "MEAN"), "why")]) is None


def test_a_space_holds_the_settings_at_hand():
    config = MatchConfig(bin_size=100, use_polynomial=True, order=5, grid_statistic="MEDIAN")
    space = SweepSpace.for_shape((1024, 2048), config)
    assert Candidate(100, 5, None, "MEDIAN") in space.candidates
    usual = SweepSpace.for_shape((4096, 4096))
    assert len(usual.bin_sizes) >= 5 and len(usual.orders) + len(usual.interp_styles) >= 8
    with pytest.raises(ConfigError):
        SweepSpace((64,), (), ())
    with pytest.raises(ConfigError):
        SweepSpace((0,), (1,), ())
