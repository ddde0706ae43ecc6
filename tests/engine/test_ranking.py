"""Choice of the reference (SPEC section 8)."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bgviewer
from bgviewer.engine.ranking import Measurement
from bgviewer.errors import NoReferenceError

from . import twin
from .adapters import masked_image
from .stage import COVERAGES, cover, exposure, same_bits
from .twin_numbers import BITS, NAN, Trouble

CONFIG = bgviewer.MatchConfig()
numbers = st.one_of(
    st.floats(-1e6, 1e6).map(lambda v: round(v, 3)), st.sampled_from([0.0, 1.0, math.nan])
)
measurements = st.lists(
    st.one_of(
        st.none(),
        st.builds(Measurement, numbers.map(abs), numbers, st.integers(0, 500).map(float)),
    ),
    min_size=1,
    max_size=7,
)
weights = st.tuples(*[st.sampled_from([0.0, 0.2, 0.4, 1.0])] * 3)


def config_of(variance=0.4, level=0.2, coverage=0.4, **more):
    return bgviewer.MatchConfig(
        best_ref_weight_variance=variance,
        best_ref_weight_level=level,
        best_ref_weight_coverage=coverage,
        **more,
    )


def stack(*triples):
    return [Measurement(*map(float, t)) for t in triples]


def test_cost_by_hand():
    ranking = bgviewer.rank_exposures(stack((4, 10, 50), (2, 20, 100)), CONFIG)
    # 0.4 * 4/4 + 0.2 * 10/20 + 0.4 * 50/50; 0.4 * 2/4 + 0.2 * 20/20 + 0.4 * 50/100
    np.testing.assert_allclose(ranking.cost, [0.9, 0.6], rtol=1e-15)
    assert ranking.best == 1
    assert ranking.order == (1, 0)
    assert ranking.cost.dtype == np.float64
    assert ranking.warnings == ()


def test_terms_are_the_three_ratios():
    terms = bgviewer.rank_exposures(stack((4, 10, 50), (2, 20, 100)), CONFIG).terms
    assert terms.variance.tolist() == [1.0, 0.5]
    assert terms.level.tolist() == [0.5, 1.0]
    assert terms.coverage.tolist() == [1.0, 0.5]
    np.testing.assert_allclose(terms.weighted, [[0.4, 0.1, 0.4], [0.2, 0.2, 0.2]])


@pytest.mark.parametrize(("which", "best"), [("variance", 0), ("level", 1), ("coverage", 2)])
def test_one_weight_alone_decides(which, best):
    choice = {"variance": 0.0, "level": 0.0, "coverage": 0.0, which: 1.0}
    measured = stack((1, 30, 50), (9, 10, 40), (5, 20, 90))
    assert bgviewer.rank_exposures(measured, config_of(**choice)).best == best


def test_first_of_equals_wins():
    ranking = bgviewer.rank_exposures(stack((1, 2, 3), (1, 2, 3), (1, 2, 3)), CONFIG)
    assert ranking.best == 0
    assert ranking.order == (0, 1, 2)


def test_what_cannot_be_measured_comes_last():
    ranking = bgviewer.rank_exposures([None, *stack((4, 10, 50), (2, 20, 100)), None], CONFIG)
    assert np.isnan(ranking.cost).tolist() == [True, False, False, True]
    assert ranking.best == 2
    assert ranking.order == (2, 1, 0, 3)
    np.testing.assert_allclose(ranking.cost[1:3], [0.9, 0.6])


@pytest.mark.parametrize(
    "measured",
    [
        [],
        [None, None],
        stack((0, 5, 10), (0, 5, 10)),  # constant exposures: 0 / 0 (SPEC 12, Q14)
        stack((NAN, 5, 1)),  # a single pixel has no variance
    ],
    ids=["none", "not measured", "constant", "one pixel"],
)
def test_no_reference(measured):
    with pytest.raises(NoReferenceError) as caught:
        bgviewer.rank_exposures(measured, CONFIG)
    assert len(str(caught.value).split()) > 4
    if measured:
        assert str(len(measured)) in str(caught.value)


def test_exposure_without_good_pixels_takes_the_coverage_term_from_all():
    """And a warning says so (SPEC 12, Q12)."""
    ranking = bgviewer.rank_exposures(stack((4, 10, 50), (NAN, NAN, 0), (2, 20, 90)), CONFIG)
    assert ranking.terms.coverage[[0, 2]].tolist() == [0.0, 0.0]
    assert math.isnan(ranking.cost[1])
    assert len(ranking.warnings) == 1


def test_negative_levels_are_rewarded_and_told():
    """SPEC 12, Q11; levelAboveMinimum mends it."""
    mixed = stack((1, -2, 9), (1, 0, 9), (1, 1, 9))
    ranking = bgviewer.rank_exposures(mixed, CONFIG)
    assert ranking.terms.level.tolist() == [-2.0, 0.0, 1.0]
    assert len(ranking.warnings) == 1
    mended = bgviewer.rank_exposures(mixed, config_of(level_above_minimum=True))
    np.testing.assert_allclose(mended.terms.level, [0, 2 / 3, 1])
    assert mended.warnings == ()


def test_all_levels_negative_inverts_the_term_and_is_told():
    ranking = bgviewer.rank_exposures(stack((1, -4, 9), (1, -2, 9)), CONFIG)
    assert ranking.terms.level.tolist() == [2.0, 1.0]
    assert len(ranking.warnings) == 1


def test_largest_level_zero_divides_by_zero_and_minus_infinity_wins():
    ranking = bgviewer.rank_exposures(stack((1, 0, 9), (1, -2, 9)), CONFIG)
    assert ranking.cost[1] == -math.inf
    assert math.isnan(ranking.cost[0])
    assert ranking.best == 1
    assert ranking.warnings


def test_infinite_cost_is_still_better_than_none():
    """A largest level of -0.0 makes the others' terms +inf; NaN is no cost (SPEC 8)."""
    ranking = bgviewer.rank_exposures([None, *stack((1, -1, 9), (2, -0.0, 9))], CONFIG)
    assert ranking.cost[1] == math.inf
    assert np.isnan(ranking.cost[[0, 2]]).all()
    assert ranking.best == ranking.order[0] == 1


@settings(max_examples=80)
@given(measurements, weights)
def test_equal_to_twin(measured, weight):
    config = config_of(*weight)
    slow = [
        (NAN, NAN, NAN) if m is None else (m.pixel_variance, m.level, m.coverage) for m in measured
    ]
    try:
        best, cost = twin.choose(slow, {**twin.DEFAULTS, **config.to_lsst()})
    except Trouble:
        with pytest.raises(NoReferenceError):
            bgviewer.rank_exposures(measured, config)
        return
    ranking = bgviewer.rank_exposures(measured, config)
    assert ranking.best == best == ranking.order[0]
    np.testing.assert_array_equal(ranking.cost, cost)
    ordered = ranking.cost[list(ranking.order)]
    assert sorted(ranking.order) == list(range(len(measured)))
    known = ordered[~np.isnan(ordered)]
    assert np.isnan(ordered[len(known) :]).all()
    assert (known[:-1] <= known[1:]).all()


@settings(max_examples=40)
@given(measurements, weights, st.randoms())
def test_ranking_follows_a_permuted_stack(measured, weight, random):
    config = config_of(*weight)
    order = list(range(len(measured)))
    random.shuffle(order)
    shuffled = [measured[i] for i in order]
    try:
        one = bgviewer.rank_exposures(measured, config)
    except NoReferenceError:
        with pytest.raises(NoReferenceError):
            bgviewer.rank_exposures(shuffled, config)
        return
    other = bgviewer.rank_exposures(shuffled, config)
    assert same_bits(other.cost, one.cost[order])
    assert same_bits(other.terms.weighted, one.terms.weighted[order])
    assert other.cost[other.best] == one.cost[one.best]
    assert set(other.warnings) == set(one.warnings)


# --- measuring ---


def test_measuring_by_hand():
    """Pixel VALUES count, not the variance plane (SPEC 12, Q13); bad and lost ones do not."""
    planes = {
        "image": np.array([[1, 2, 3], [4, 99, np.nan]], np.float32),
        "mask": np.array([[0, 0, BITS["EDGE"]], [0, BITS["SAT"], 0]], np.int32),
        "variance": np.full((2, 3), 1e6, np.float32),
    }
    m = bgviewer.measure_exposure(masked_image(planes), CONFIG)
    assert (m.level, m.coverage) == (2.5, 4)
    assert m.pixel_variance == pytest.approx(5 / 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_measuring_nothing(value):
    m = bgviewer.measure_exposure(bgviewer.MaskedImage(image=np.full((4, 4), value)), CONFIG)
    assert m.coverage == 0
    assert math.isnan(m.level)
    assert math.isnan(m.pixel_variance)


@pytest.mark.parametrize("coverage", COVERAGES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (600, 300)], ids=str)
def test_measuring_equals_twin(shape, coverage):
    planes = cover(exposure(np.random.default_rng(8), shape), coverage)
    m = bgviewer.measure_exposure(masked_image(planes), CONFIG)
    want = twin.measure(planes, twin.DEFAULTS)
    got = (m.pixel_variance, m.level, m.coverage)
    np.testing.assert_allclose(got, want, rtol=1e-10, equal_nan=True)


def test_measuring_a_scaled_exposure():
    planes = exposure(np.random.default_rng(9), (30, 40))
    one = bgviewer.measure_exposure(masked_image(planes), CONFIG)
    two = bgviewer.measure_exposure(masked_image(planes).scaled(2.0), CONFIG)
    assert two.level == 2 * one.level
    assert two.pixel_variance == pytest.approx(4 * one.pixel_variance)
    assert two.coverage == one.coverage


def test_threads_do_not_change_a_bit():
    image = masked_image(exposure(np.random.default_rng(10), (700, 500)))
    one = bgviewer.measure_exposure(image, CONFIG, threads=1)
    for threads in (2, 5):
        assert bgviewer.measure_exposure(image, CONFIG, threads=threads) == one
