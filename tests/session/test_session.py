"""Wishes in, states out: without any window."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import bgviewer
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure, MaskedImage
from bgviewer.errors import Remedy
from bgviewer.session.effects import adjusted_fields, idle_fields
from bgviewer.session.readout import format_sky
from bgviewer.session.session import Session
from bgviewer.session.state import State

WAIT = 20_000


def exposures(n=4, shape=(60, 80), seed=2):
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, shape[1])
    found = []
    for i in range(n):
        image = rng.normal(100 + 10 * i + 5 * i * x, 1 + 0.2 * i, shape).astype(np.float32)
        variance = np.full(shape, (1 + 0.2 * i) ** 2, np.float32)
        found.append(Exposure(image, variance=variance, name=f"e{i}", unit="adu", xy0=(1000, 50)))
    return found


@pytest.fixture
def session(qapp):
    session = Session(MatchConfig(bin_size=10))
    yield session
    session.close()
    assert not session.alive


@pytest.fixture
def loaded(session, qtbot):
    session.use_stack(bgviewer.ExposureStack.of(exposures()))
    quiet(session, qtbot)
    return session


def quiet(session, qtbot):
    def done():
        match = session.state.match
        settled = (match.shown is not None and match.shown.complete) or match.withheld
        return bool(session.state.job is None and not match.working and settled)

    qtbot.waitUntil(done, timeout=WAIT)
    return session.state


def test_a_loaded_stack_begins_with_the_best_and_the_next(loaded):
    state = loaded.state
    ranking = bgviewer.rank_exposures(state.stack.measurements, state.config)
    assert (state.reference, state.science) == (ranking.best, ranking.order[1])
    assert state.match.shown.figures.fit_rms == pytest.approx(
        bgviewer.match_backgrounds(
            state.match.shown.reference, state.match.shown.science, state.config
        ).fit_rms
    )


def test_states_are_frozen(loaded):
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.state.science = 3
    assert isinstance(loaded.state, State)


def test_an_edit_reuses_what_it_does_not_touch(loaded, qtbot):
    before = loaded.state.match.shown.result
    loaded.edit_config("interp_style", "LINEAR")
    after = quiet(loaded, qtbot).match.shown.result
    assert after is not before and after.gridded is before.gridded
    loaded.edit_config("bin_size", 12)
    binned = quiet(loaded, qtbot).match.shown.result
    assert binned.gridded is not after.gridded and binned.difference is after.difference


def test_weights_need_no_job(loaded, qtbot):
    qtbot.waitUntil(lambda: not loaded.busy)  # the planes of the masks are counted quietly
    shown = loaded.state.match.shown
    with qtbot.waitSignal(loaded.ranking_changed):
        loaded.set_weights(0.0, 0.0, 1.0)
    state = loaded.state
    assert not loaded.busy and state.match.shown is shown
    level = [m.level for m in state.stack.measurements]
    assert state.stack.ranking.best == int(np.argmin(level))


def test_a_value_out_of_range_marks_its_field_and_changes_nothing(loaded, qtbot):
    config = loaded.state.config
    loaded.edit_config("bin_size", 0)
    state = loaded.state
    assert state.config is config and "binSize = 0" in str(state.problems["bin_size"])
    assert state.match.shown is not None and "binSize = 0" in state.match.withheld
    loaded.edit_config("bin_size", 20)
    state = quiet(loaded, qtbot)
    assert not state.problems and not state.match.withheld and state.config.bin_size == 20


def test_a_clash_with_the_image_is_withheld_until_mended(loaded, qtbot):
    """60 pixels in bins of 10 carry order 5."""
    loaded.edit_config("use_polynomial", True)
    state = loaded.state
    assert "order 5 at most" in str(state.problems["order"])
    assert state.match.withheld
    remedy = state.problems["order"].remedies[0]
    assert remedy.changes == (("order", 5),)
    loaded.apply_remedy(remedy)
    state = quiet(loaded, qtbot)
    assert not state.problems and state.match.shown.result.used_order == 5


def test_a_remedy_is_applied_at_once(loaded, qtbot):
    changes = (("use_polynomial", True), ("order", 1))
    seen = []
    loaded.config_changed.connect(lambda: seen.append(dict(loaded.state.problems)))
    loaded.apply_remedy(Remedy("x", changes))
    assert seen == [{}], "never through a state in which half of it is done"
    assert quiet(loaded, qtbot).match.shown.result.used_order == 1


def test_the_reference_and_its_duplicates_are_not_matched(session, qtbot):
    same = exposures(3)
    stack = bgviewer.ExposureStack.of(same, identities=["a", "b", "a"])
    session.use_stack(stack)
    quiet(session, qtbot)
    session.set_reference(0)
    session.set_science(2)
    state = quiet(session, qtbot)
    assert session.is_reference(2) and "reference itself" in state.match.withheld
    assert session.outcome(2) == (None, False)


def test_another_reference_swaps_with_the_old_one(loaded, qtbot):
    old, new = loaded.state.reference, loaded.state.science
    loaded.set_reference(new)
    state = quiet(loaded, qtbot)
    assert (state.reference, state.science) == (new, old)
    assert (state.match.shown.reference_id, state.match.shown.science_id) == (new, old)


def test_outcomes_become_stale_with_the_settings(loaded, qtbot):
    science = loaded.state.science
    assert loaded.outcome(science)[1] is True
    other = next(i for i in range(4) if i not in (science, loaded.state.reference))
    loaded.set_science(other)
    quiet(loaded, qtbot)
    loaded.edit_config("bin_size", 15)
    quiet(loaded, qtbot)
    assert loaded.outcome(science)[1] is False and loaded.outcome(other)[1] is True
    loaded.edit_config("bin_size", 10)
    quiet(loaded, qtbot)
    assert loaded.outcome(science)[1] is True, "the same settings again"


def test_one_usable_exposure_is_told(session, qtbot):
    notices = []
    session.notice_raised.connect(notices.append)
    session.use_stack(bgviewer.ExposureStack.of([exposures(1)[0], None]))
    qtbot.waitUntil(lambda: bool(notices), timeout=WAIT)
    assert "at least two exposures" in notices[0].text and notices[0].level == "error"
    assert session.state.science is None


def test_no_usable_exposure_is_told(session, qtbot):
    notices = []
    session.notice_raised.connect(notices.append)
    blind = MaskedImage(np.full((40, 40), np.nan, np.float32))
    session.use_stack(bgviewer.ExposureStack.of([blind, blind]))
    qtbot.waitUntil(lambda: bool(notices), timeout=WAIT)
    assert notices[0].level == "error" and session.state.reference is None


def test_closing_the_stack_forgets_it(loaded, qtbot):
    loaded.edit_config("bin_size", 11)
    loaded.close_stack()
    state = loaded.state
    assert state.stack is None and state.match.shown is None and not state.outcomes
    qtbot.waitUntil(lambda: not loaded.busy, timeout=WAIT)
    qtbot.wait(1)
    assert loaded.state.match.shown is None, "a late answer is not taken"


def test_the_readout_belongs_to_the_nearest_pixel(loaded):
    shown = loaded.state.match.shown
    at = loaded.readout(1012.4, 69.6)
    assert at.science == shown.science.image[20, 12]
    assert at.reference == shown.reference.image[20, 12]
    assert at.model == shown.result.model.render([20], [12])[0, 0]
    assert at.matched == at.science + at.model
    assert at.difference == shown.result.difference.values[20, 12]
    k = np.flatnonzero((shown.result.bins.left == 10) & (shown.result.bins.bottom == 20))[0]
    assert at.residual == shown.result.bins.values[k] - shown.result.bins.model[k]
    assert loaded.readout(999.4, 60) is None and loaded.readout(1080, 60) is None
    assert loaded.readout(999.5, 49.5) is not None


@pytest.mark.parametrize(
    ("degrees", "text"),
    [
        ((150.051250, 2.186083), "10:00:12.30 +02:11:09.9"),
        ((0.0, -0.5), "00:00:00.00 −00:30:00.0"),
        ((359.9999999, 89.99999999), "00:00:00.00 +90:00:00.0"),
        ((15.0, -1e-9), "01:00:00.00 +00:00:00.0"),
    ],
)
def test_sky_positions_never_show_sixty_seconds(degrees, text):
    assert format_sky(*degrees) == text


def test_fields_without_effect_say_why():
    spline = idle_fields(MatchConfig())
    assert {"order", "approx_weighting"} <= set(spline) and "interp_style" not in spline
    polynomial = idle_fields(MatchConfig(use_polynomial=True, order=2))
    assert "interp_style" in polynomial and "order" not in polynomial
    assert "corrected_increase" in polynomial


def test_adjustments_find_their_field(loaded, qtbot):
    loaded.edit_config("bin_size", 25)
    shown = quiet(loaded, qtbot).match.shown
    found = adjusted_fields(shown.result.adjustments)
    assert found["interp_style"].asked == "AKIMA_SPLINE"


def test_a_size_told_while_the_first_match_is_made_is_not_lost(session, qtbot):
    """Else the same command would give finer or coarser pictures, as the threads happen to run."""
    told = []

    def tell():
        if session.state.match.working and not told:
            told.append(True)
            session.set_side(64)

    session.work_changed.connect(tell)
    session.use_stack(bgviewer.ExposureStack.of(exposures(shape=(200, 300))))
    qtbot.waitUntil(lambda: bool(told) and session.settled, timeout=WAIT)
    assert max(session.state.match.shown.base.window.shape) <= 64


def test_a_pair_that_cannot_be_matched_is_still_shown(session, qtbot):
    session.set_config(MatchConfig(bin_size=40, use_polynomial=True, order=4))
    pair = exposures()
    session.use_stack(bgviewer.ExposureStack.of(pair))
    qtbot.waitUntil(lambda: session.settled and session.state.match.preview is not None)
    match = session.state.match
    assert match.shown is None and match.withheld and match.remedies
    assert match.preview.kind == "difference"
    state = session.state
    expected = pair[state.reference].image - pair[state.science].image
    np.testing.assert_allclose(match.preview.values, expected, rtol=1e-5)
    session.apply_remedy(match.remedies[0])
    qtbot.waitUntil(lambda: session.settled and session.state.match.shown is not None)
    assert session.state.match.preview is None and not session.state.match.withheld
