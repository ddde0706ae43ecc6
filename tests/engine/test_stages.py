"""Stages are reused, stopped and spread over threads without changing a bit."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bgviewer
from bgviewer.errors import BgviewerError, Cancelled

from .adapters import masked_image
from .stage import STATISTICS, STYLES, UNDERSAMPLE, assert_same_result, pair

CONFIGS = st.fixed_dictionaries(
    {
        "bin_size": st.sampled_from([6, 9, 40]),
        "grid_statistic": st.sampled_from(STATISTICS),
        "interp_style": st.sampled_from(STYLES),
        "undersample_style": st.sampled_from(UNDERSAMPLE),
        "use_polynomial": st.booleans(),
        "order": st.integers(0, 5),
        "approx_weighting": st.booleans(),
        "num_iter": st.sampled_from([1, 2]),
        "num_sigma_clip": st.sampled_from([2, 3]),
        "bad_mask_planes": st.sampled_from([("DETECTED",), ("EDGE",)]),
        "grid_stdev_epsilon": st.sampled_from([1e-8, 3.0]),
        "corrected_increase": st.booleans(),
        "inverse_variance_weighting": st.booleans(),
    }
)


def images(seed=0, shape=(36, 44), coverage="whole"):
    return tuple(masked_image(p) for p in pair(seed, shape, coverage))


def attempt(ref, sci, config, **options):
    """The result, or the class and text of the error."""
    try:
        return bgviewer.match_backgrounds(ref, sci, config, **options)
    except BgviewerError as error:
        return type(error), str(error)


@settings(max_examples=60)
@given(CONFIGS, CONFIGS, st.sets(st.sampled_from(list(range(13)))))
def test_reused_stages_give_what_fresh_ones_give(first, second, changed):
    """From any settings to any other, with some or all of them changed."""
    second = {name: second[name] if k in changed else first[name] for k, name in enumerate(first)}
    ref, sci = images(coverage="half")
    earlier = attempt(ref, sci, bgviewer.MatchConfig(**first))
    config = bgviewer.MatchConfig(**second)
    fresh = attempt(ref, sci, config)
    if isinstance(earlier, tuple):
        return
    reused = attempt(ref, sci, config, reuse=earlier)
    if isinstance(fresh, tuple):
        assert reused == fresh
    else:
        assert reused.config == config
        assert_same_result(fresh, reused)


def test_only_what_changed_is_made_again():
    ref, sci = images()
    config = bgviewer.MatchConfig(bin_size=6)
    first = bgviewer.match_backgrounds(ref, sci, config)
    style = bgviewer.match_backgrounds(ref, sci, config.replace(interp_style="LINEAR"), reuse=first)
    assert style.gridded.cells is first.gridded.cells
    assert style.difference is first.difference
    size = bgviewer.match_backgrounds(ref, sci, config.replace(bin_size=9), reuse=style)
    assert size.difference is first.difference
    assert size.cells is not first.cells
    planes = config.replace(bad_mask_planes=("EDGE",))
    other = bgviewer.match_backgrounds(ref, sci, planes, reuse=size)
    assert other.difference is not first.difference


def test_cells_added_for_one_order_serve_no_other():
    """INCREASE_NXNYSAMPLE changes the grid; settings without it need the plain one again."""
    ref, sci = images(coverage="corner")
    plain = bgviewer.MatchConfig(bin_size=6)
    increased = plain.replace(use_polynomial=True, order=4, undersample_style="INCREASE_NXNYSAMPLE")
    first = bgviewer.match_backgrounds(ref, sci, increased)
    assert first.adjustments[0].kind == "samples_per_axis_changed"
    for config in (plain, increased.replace(order=1), increased.replace(order=5)):
        fresh = bgviewer.match_backgrounds(ref, sci, config)
        for earlier in (first, fresh):
            reused = bgviewer.match_backgrounds(ref, sci, config, reuse=earlier)
            assert_same_result(fresh, reused)
        back = bgviewer.match_backgrounds(ref, sci, increased, reuse=fresh)
        assert_same_result(first, back)


def test_another_pair_takes_nothing_over():
    config = bgviewer.MatchConfig(bin_size=6)
    first = bgviewer.match_backgrounds(*images(1), config)
    ref, sci = images(2)
    result = bgviewer.match_backgrounds(ref, sci, config, reuse=first)
    assert_same_result(result, bgviewer.match_backgrounds(ref, sci, config))


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize(
    "model", [{}, {"use_polynomial": True, "order": 4}], ids=["spline", "poly"]
)
def test_threads_do_not_change_a_bit(statistic, model):
    ref, sci = images(5, (620, 540))
    config = bgviewer.MatchConfig(bin_size=100, grid_statistic=statistic, **model)
    one = bgviewer.match_backgrounds(ref, sci, config, threads=1)
    for threads in (2, 5):
        assert_same_result(one, bgviewer.match_backgrounds(ref, sci, config, threads=threads))


def test_finishing_later_gives_the_same():
    ref, sci = images(6)
    config = bgviewer.MatchConfig(bin_size=6)
    at_once = bgviewer.match_backgrounds(ref, sci, config)
    later = bgviewer.match_backgrounds(ref, sci, config, complete=False)
    assert later.fit_rms == at_once.fit_rms
    assert_same_result(at_once, later)
    measured = bgviewer.match_backgrounds(ref, sci, config, complete=False).measure()
    assert measured.matched_mse == at_once.matched_mse


class StopAt:
    """Progress that stops the work at its n-th step."""

    def __init__(self, n=None):
        self.n, self.steps, self.fractions = n, 0, []

    def step(self, fraction=None, text=None):
        self.steps += 1
        if fraction is not None:
            self.fractions.append(fraction)
        if self.steps == self.n:
            raise Cancelled("stopped")


WORK = {
    "spline": lambda progress: bgviewer.match_backgrounds(
        *images(7, (300, 320)), bgviewer.MatchConfig(bin_size=50), progress=progress
    ),
    "polynomial, clipped": lambda progress: bgviewer.match_backgrounds(
        *images(7, (300, 320)),
        bgviewer.MatchConfig(bin_size=50, use_polynomial=True, order=3, grid_statistic="MEANCLIP"),
        progress=progress,
    ),
    "measuring": lambda progress: bgviewer.measure_exposure(
        images(7, (300, 320))[0], bgviewer.MatchConfig(), progress
    ),
}


@pytest.mark.parametrize("work", WORK)
def test_work_stops_at_any_step(work):
    count = StopAt()
    WORK[work](count)
    assert count.steps >= 3
    assert all(0 <= f <= 1 for f in count.fractions)
    picked = sorted({*range(1, 4), *np.linspace(1, count.steps, 12).astype(int)})
    for n in picked:
        progress = StopAt(n)
        with pytest.raises(Cancelled):
            WORK[work](progress)
        assert progress.steps == n, "no step is reported after the stop"


def test_stopped_work_leaves_no_trace():
    ref, sci = images(8)
    config = bgviewer.MatchConfig(bin_size=6)
    first = bgviewer.match_backgrounds(ref, sci, config)
    wanted = config.replace(bin_size=9)
    for n in itertools.count(1):
        try:
            result = bgviewer.match_backgrounds(ref, sci, wanted, progress=StopAt(n), reuse=first)
        except Cancelled:
            continue
        break
    assert n > 1
    assert_same_result(result, bgviewer.match_backgrounds(ref, sci, wanted))
    assert_same_result(first, bgviewer.match_backgrounds(ref, sci, config))
