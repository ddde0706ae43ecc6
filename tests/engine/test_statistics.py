"""Statistics: closed forms, properties, and the twin (SPEC section 2)."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgviewer.engine.statistics import describe

from . import twin_numbers

FIELDS = (
    "mean",
    "mean_error",
    "variance",
    "stdev",
    "median",
    "median_error",
    "iqr",
    "meanclip",
    "meanclip_error",
    "varianceclip",
    "meansquare",
)
pixels = st.floats(-1e6, 1e6, width=32)


def sample(*values):
    return np.array(values, np.float32)


ROOT_OF = {
    "stdev": "variance",
    "mean_error": "variance",
    "median_error": "variance",
    "meanclip_error": "varianceclip",
}


def clipping_hangs_on_rounding(values, k, passes, top):
    """Whether a pass before the last left equal pixels away from its centre.

    Their variance is then rounding of either sign, and whether the next pass keeps all of them
    or none is chance (in LSST's code too).
    """
    before = [twin_numbers.describe(values, k, n).varianceclip for n in range(1, passes)]
    return any(abs(v) <= 1e-14 * top**2 for v in before)


def assert_equal_to_twin(values, k=3, passes=2):
    ours, slow = describe(values, k, passes), twin_numbers.describe(values, k, passes)
    top = float(np.abs(values).max(initial=0))
    assert ours.n == slow.n
    by_rounding = clipping_hangs_on_rounding(values, k, passes, top)
    assert by_rounding or ours.n_clipped == slow.n_clipped
    for name in FIELDS:
        if by_rounding and "clip" in name:
            continue
        square = "variance" in name or name == "meansquare"
        floor = 1e-14 * top**2 if square else 1e-12 * top
        # equal pixels away from the centre: the variance is rounding of either sign, and so
        # its root is next to 0 or NaN
        if name in ROOT_OF and abs(getattr(slow, ROOT_OF[name])) <= 1e-14 * top**2:
            continue
        want = pytest.approx(getattr(slow, name), rel=1e-9, abs=floor, nan_ok=True)
        assert getattr(ours, name) == want, name


@pytest.mark.parametrize("n", [2, 3, 4, 5, 10, 101])
def test_whole_numbers_one_to_n(n):
    s = describe(np.arange(1, n + 1, dtype=np.float32))
    assert s.n == n
    assert s.mean == s.median == (n + 1) / 2
    assert s.variance == pytest.approx(n * (n + 1) / 12, rel=1e-14)
    assert s.stdev == pytest.approx(math.sqrt(n * (n + 1) / 12))
    assert s.iqr == (n - 1) / 2  # positions f (n-1), linear between neighbours
    assert s.mean_error == pytest.approx(math.sqrt((n + 1) / 12))
    assert s.median_error == pytest.approx(math.sqrt(math.pi / 2 * (n + 1) / 12))
    assert s.meansquare == pytest.approx((n + 1) * (2 * n + 1) / 6)


def test_one_pixel():
    s = describe(sample(7.25))
    assert (s.n, s.mean, s.median, s.iqr, s.meanclip, s.n_clipped) == (1, 7.25, 7.25, 0, 7.25, 0)
    undefined = (s.variance, s.stdev, s.mean_error, s.median_error, s.varianceclip)
    assert all(math.isnan(v) for v in (*undefined, s.meanclip_error, s.meansquare))


def test_no_pixels():
    s = describe(sample())
    assert (s.n, s.n_clipped) == (0, 0)
    assert all(math.isnan(getattr(s, name)) for name in FIELDS)


def test_constant_pixels_have_no_scatter_at_all():
    s = describe(np.full(97, 0.1, np.float32))  # 0.1 is no binary fraction
    assert s.mean == s.median == s.meanclip == float(np.float32(0.1))
    assert s.variance == s.varianceclip == s.iqr == s.mean_error == s.meanclip_error == 0.0


def test_clipping_drops_a_far_pixel():
    s = describe(sample(1, 2, 3, 4, 5, 6, 7, 8, 9, 1000), 3, 2)
    assert s.n_clipped == 1
    assert s.meanclip == 5
    assert s.varianceclip == pytest.approx(7.5)
    assert s.meanclip_error == pytest.approx(math.sqrt(7.5 / 9))
    assert s.mean == pytest.approx(104.5)


def test_every_pass_starts_from_all_pixels():
    """A pixel dropped by the first pass comes back when the second is wider."""
    values = sample(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 9)
    first, second = describe(values, 1, 1), describe(values, 1, 2)
    assert_equal_to_twin(values, 1, 1)
    assert_equal_to_twin(values, 1, 2)
    assert first.n_clipped != second.n_clipped


def test_most_values_equal_keeps_only_those():
    s = describe(sample(5, 5, 5, 5, 5, 5, 5, 4, 6, 99), 3, 3)  # IQR 0: half width 0
    assert (s.meanclip, s.varianceclip, s.n_clipped) == (5, 0, 3)


def test_single_survivor_makes_the_next_pass_undefined():
    values = sample(0, 10, 10.001, 20)
    narrow = 1e-4
    assert_equal_to_twin(values, narrow, 1)
    assert math.isnan(describe(sample(0, 10, 20), narrow, 2).meanclip)
    assert describe(sample(0, 10, 20), narrow, 1).meanclip == 10


def test_levels_far_above_the_scatter_keep_their_digits():
    values = np.float32(2**23) + np.arange(64, dtype=np.float32)
    assert describe(values).variance == pytest.approx(64 * 65 / 12, rel=1e-12)


@settings(max_examples=60)
@given(
    st.lists(pixels, max_size=60),
    st.sampled_from([1, 2, 3, 5]),
    st.sampled_from([1, 2, 3, 10]),
)
def test_equal_to_twin(values, k, passes):
    assert_equal_to_twin(np.round(np.array(values, np.float32), 2), k, passes)


@pytest.mark.parametrize("n", [8191, 8192, 131072, 131073, 300001])
def test_many_pixels_equal_to_twin(n):
    rng = np.random.default_rng(n)
    values = (50 + 3 * rng.standard_normal(n)).astype(np.float32)
    values[: n // 50] += 1000
    assert_equal_to_twin(values)


@settings(max_examples=30)
@given(st.lists(st.integers(-(10**5), 10**5), min_size=1, max_size=40), st.randoms())
def test_order_of_pixels_does_not_matter(values, random):
    shuffled = values[:]
    random.shuffle(shuffled)
    one, other = describe(sample(*values)), describe(sample(*shuffled))
    for name in FIELDS:
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-12, nan_ok=True)


@settings(max_examples=30)
@given(st.lists(st.integers(-1000, 1000), min_size=3, max_size=40), st.integers(-500, 500))
def test_shift_moves_places_and_keeps_widths(values, shift):
    one, other = describe(sample(*values)), describe(sample(*values) + np.float32(shift))
    for name in ("mean", "median", "meanclip"):
        assert getattr(other, name) == pytest.approx(
            getattr(one, name) + shift, rel=1e-12, abs=1e-9, nan_ok=True
        )
    for name in ("variance", "iqr", "varianceclip"):
        assert getattr(other, name) == pytest.approx(
            getattr(one, name), rel=1e-9, abs=1e-9, nan_ok=True
        )


def test_the_pixels_are_left_as_they_were():
    values = sample(3, 1, 2, 9, 5)
    describe(values)
    assert values.tolist() == [3, 1, 2, 9, 5]


def test_threads_do_not_change_a_bit():
    values = np.random.default_rng(5).normal(1e4, 7, 500_000).astype(np.float32)
    one = describe(values, threads=1)
    for threads in (2, 5):
        assert describe(values, threads=threads) == one
