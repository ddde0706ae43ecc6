"""The plan in the session: exclusions, regions and own settings, live."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

import bgviewer
from bgviewer.__main__ import main
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.errors import ConfigError
from bgviewer.session.session import Session
from tests.session.test_session import WAIT, exposures, quiet
from tests.stacks import write_small_stack

HOLE = Region("box", (1040, 80, 24, 20, 0))


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


def settle(session, qtbot):
    qtbot.waitUntil(lambda: session.settled, timeout=WAIT)
    return session.state


def expected(state):
    """Match the shown pair by hand."""
    stack = state.stack.stack.with_regions(state.plan.regions)
    config = state.plan.config_for(stack[state.science].name, state.config)
    return bgviewer.match_backgrounds(
        stack.read(state.reference), stack.read(state.science), config
    )


def test_an_excluded_reference_gives_way_to_the_best_of_the_others(loaded, qtbot):
    before = loaded.state
    with qtbot.waitSignals([loaded.plan_changed, loaded.ranking_changed, loaded.pair_changed]):
        loaded.exclude(before.reference)
    state = settle(loaded, qtbot)
    assert state.stack.excluded == {before.reference}
    assert state.reference == state.stack.ranking.best != before.reference
    assert state.science not in (state.reference, None)
    assert np.isnan(state.stack.ranking.cost[before.reference])
    assert state.match.shown.reference_id == state.reference
    assert loaded.next_best() != before.reference
    loaded.exclude(before.reference, False)
    state = settle(loaded, qtbot)
    assert not state.stack.excluded and state.stack.ranking.best == before.reference


def test_an_excluded_exposure_cannot_become_the_reference(loaded, qtbot):
    state = loaded.state
    last = state.stack.ranking.order[-1]
    loaded.exclude(last)
    with qtbot.waitSignal(loaded.notice_raised) as raised:
        loaded.set_reference(last)
    assert "excluded" in raised.args[0].text
    assert loaded.state.reference == state.reference


def test_an_exclusion_elsewhere_leaves_the_shown_match(loaded, qtbot):
    result = loaded.state.match.shown.result
    loaded.exclude(loaded.state.stack.ranking.order[-1])
    assert settle(loaded, qtbot).match.shown.result is result


def test_all_excluded_is_no_crash(loaded, qtbot):
    for i in range(4):
        loaded.exclude(i)
    state = settle(loaded, qtbot)
    assert state.stack.ranking is None and state.reference is not None
    with qtbot.waitSignal(loaded.notice_raised, timeout=WAIT) as raised:
        loaded.match_all()
    assert "excluded" in raised.args[0].text


def test_a_region_is_matched_and_measured_anew(loaded, qtbot):
    before = loaded.state
    loaded.add_region(HOLE)
    state = settle(loaded, qtbot)
    shown = state.match.shown
    assert shown.stack is state.stack.stack is not before.stack.stack
    assert shown.figures.fit_rms == expected(state).fit_rms
    assert shown.figures.fit_rms != before.match.shown.figures.fit_rms
    for old, new in zip(before.stack.measurements, state.stack.measurements, strict=True):
        assert old.coverage - new.coverage == 25 * 21
    loaded.add_region(HOLE)
    assert loaded.settled and loaded.state.plan.regions == (HOLE,)
    loaded.remove_region(HOLE)
    state = settle(loaded, qtbot)
    assert state.stack.measurements == before.stack.measurements
    assert state.match.shown.figures.fit_rms == before.match.shown.figures.fit_rms


def test_only_what_changed_is_measured_anew(loaded, qtbot, monkeypatch):
    asked = []
    stack_type = type(loaded.state.stack.stack)
    read = stack_type.read
    monkeypatch.setattr(
        stack_type, "read", lambda self, id, **more: asked.append(id) or read(self, id, **more)
    )
    away = loaded.state.stack.ranking.order[-1]
    name = loaded.state.stack.stack[away].name
    before = loaded.state.stack.measurements
    loaded.add_region(replace(HOLE, exposure=name))
    after = settle(loaded, qtbot).stack.measurements
    assert asked.count(away) == 1
    assert sorted(set(asked) - {away}) == sorted({loaded.state.reference, loaded.state.science})
    assert [i for i in range(4) if before[i] != after[i]] == [away]


def test_the_last_of_several_wishes_is_what_is_measured(loaded, qtbot):
    before = loaded.state.stack.measurements
    planes = loaded.state.config.bad_mask_planes
    for _ in range(5):
        loaded.add_region(HOLE)
        loaded.edit_config("bad_mask_planes", ("SAT",))
        loaded.remove_region(HOLE)
        loaded.edit_config("bad_mask_planes", planes)
    assert settle(loaded, qtbot).stack.measurements == before
    loaded.add_region(HOLE)
    loaded.edit_config("bad_mask_planes", ("SAT",))
    after = settle(loaded, qtbot).stack.measurements
    assert all(a.coverage == b.coverage - 25 * 21 for a, b in zip(after, before, strict=True))


def test_a_reference_that_is_not_there_is_told(session, qtbot, tmp_path):
    write_small_stack(tmp_path / "stack")
    with qtbot.waitSignal(session.notice_raised, timeout=WAIT) as raised:
        session.load([tmp_path / "stack"], "nobody")
    assert "nobody" in raised.args[0].text
    assert settle(session, qtbot).reference is not None


def test_own_settings_are_used_for_their_exposure_alone(loaded, qtbot):
    state = loaded.state
    loaded.set_own(state.science, {"bin_size": 20})
    state = settle(loaded, qtbot)
    assert state.match.shown.config == state.config.replace(bin_size=20)
    assert state.match.shown.figures.fit_rms == expected(state).fit_rms
    assert loaded.effective_config() == state.match.shown.config
    assert loaded.outcome(state.science)[1]
    other = next(i for i in range(4) if i not in (state.reference, state.science))
    loaded.set_science(other)
    state = settle(loaded, qtbot)
    assert state.match.shown.config == state.config
    loaded.edit_config("order", 2)
    state = settle(loaded, qtbot)
    loaded.set_own(0, None)
    assert loaded.state.plan.own.keys() == state.plan.own.keys() - {"e0"}


def test_own_settings_that_are_not_allowed_change_nothing(loaded, qtbot):
    with qtbot.waitSignal(loaded.notice_raised) as raised:
        loaded.set_own(1, {"bin_size": -3})
    assert "e1: binSize = -3" in raised.args[0].text
    assert loaded.state.plan == StackPlan()
    with pytest.raises(ConfigError):
        loaded.set_plan(StackPlan(own={"e1": {"bin_size": -3}}))
    assert loaded.state.plan == StackPlan()


def test_outcomes_notice_what_was_changed_for_them(loaded, qtbot):
    loaded.match_all()
    state = settle(loaded, qtbot)
    science = [i for i in range(4) if i != state.reference]
    assert all(loaded.outcome(i)[1] for i in science)
    away = [i for i in science if i != state.science]
    first = away[0]
    name = state.stack.stack[first].name
    loaded.set_own(first, {"order": 1})
    assert [loaded.outcome(i)[1] for i in away] == [False, True]
    loaded.set_own(first, None)
    assert [loaded.outcome(i)[1] for i in away] == [True, True]
    loaded.add_region(replace(HOLE, exposure=name))
    assert [loaded.outcome(i)[1] for i in away] == [False, True]
    loaded.add_region(replace(HOLE, exposure=state.stack.stack[state.reference].name))
    assert [loaded.outcome(i)[1] for i in away] == [False, False]
    settle(loaded, qtbot)


def test_match_all_follows_the_plan(loaded, qtbot):
    state = loaded.state
    out, own = (i for i in range(4) if i not in (state.reference, state.science))
    loaded.exclude(out)
    loaded.set_own(own, {"bin_size": 20})
    loaded.add_region(HOLE)
    settle(loaded, qtbot)
    loaded.match_all()
    state = settle(loaded, qtbot)
    assert out not in state.outcomes
    assert loaded.outcome(own)[1]
    by_hand = expected(replace(state, science=own))
    assert state.outcomes[own].fit_rms == by_hand.fit_rms


def test_wishes_bring_the_plan_back(loaded, qtbot):
    wishes = loaded.state.wishes
    loaded.exclude(wishes.reference)
    loaded.add_region(HOLE)
    settle(loaded, qtbot)
    loaded.set_wishes(wishes)
    state = settle(loaded, qtbot)
    assert state.wishes == wishes and not state.stack.excluded


def test_a_plan_set_before_loading_counts_from_the_start(session, qtbot):
    plan = StackPlan(frozenset({"e0"}), (HOLE,), {"e2": {"order": 1}})
    session.set_plan(plan)
    session.use_stack(bgviewer.ExposureStack.of(exposures()))
    state = quiet(session, qtbot)
    assert state.plan == plan and state.stack.stack.regions == (HOLE,)
    assert state.stack.excluded == {0} and 0 not in (state.reference, state.science)
    assert all(m.coverage == 60 * 80 - 25 * 21 for m in state.stack.measurements)


def test_the_plan_stays_with_its_stack(loaded, qtbot):
    loaded.add_region(HOLE)
    settle(loaded, qtbot)
    loaded.use_stack(bgviewer.ExposureStack.of(exposures(3)))  # one exposure fewer
    qtbot.waitUntil(lambda: loaded.settled and len(loaded.state.stack) == 3, timeout=WAIT)
    assert loaded.state.plan.regions == (HOLE,)
    other = [replace(e, name=f"other_{e.name}") for e in exposures(3)]
    with qtbot.waitSignal(loaded.plan_changed, timeout=WAIT):
        loaded.use_stack(bgviewer.ExposureStack.of(other))
    state = settle(loaded, qtbot)
    assert state.plan == StackPlan() and state.stack.stack.regions == ()
    loaded.exclude(2)
    loaded.close_stack()
    assert loaded.state.plan == StackPlan()


def test_unknown_names_are_told(session, qtbot):
    session.set_plan(StackPlan(excluded=frozenset({"nobody"})))
    with qtbot.waitSignal(session.notice_raised, timeout=WAIT) as raised:
        session.use_stack(bgviewer.ExposureStack.of(exposures()))
    assert "nobody" in raised.args[0].text + raised.args[0].details
    settle(session, qtbot)


def planes_of(path):
    with fits.open(path) as hdus:
        return {h.name: np.array(h.data) for h in hdus if h.data is not None}


def test_the_command_line_reproduces_the_windows_pixels(session, qtbot, tmp_path):
    """Everything that was set in the session is in the exported settings."""
    write_small_stack(tmp_path / "stack", n_exposures=5)
    session.set_config(MatchConfig(bin_size=30, use_polynomial=True, order=3))
    session.load([tmp_path / "stack"])
    quiet(session, qtbot)
    first = session.state.reference
    session.exclude(first)
    x0, y0 = session.state.stack.stack.xy0
    free = [i for i in range(5) if i not in session.state.stack.excluded]
    session.set_reference(free[-1])
    names = [e.name for e in session.state.stack.stack.entries]
    session.add_region(
        Region("polygon", (x0 + 10, y0 + 8, x0 + 60.5, y0 + 20, x0 + 30, y0 + 55.25))
    )
    session.add_region(Region("ellipse", (x0 + 90, y0 + 70, 22, 9, 33.3), exposure=names[free[0]]))
    session.add_region(Region("box", (x0 + 44.5, y0 + 74.5, 30, 30, 0), names[free[1]], "bin"))
    session.set_own(free[1], {"bin_size": 40, "order": 2, "grid_statistic": "MEDIAN"})
    session.set_own(free[2], {"use_polynomial": False, "interp_style": "LINEAR"})
    settle(session, qtbot)
    window, again = tmp_path / "window", tmp_path / "again"
    request = session.export_request(
        window, overwrite=False, include_reference=True, backgrounds=True
    )
    with qtbot.waitSignal(session.exported, timeout=WAIT) as done:
        session.export(request)
    assert done.args[0].n_matched == 3 and done.args[0].n_failed == 0
    settle(session, qtbot)

    arguments = ["match", str(tmp_path / "stack"), "-o", str(again)]
    assert main([*arguments, "--config", str(window / "config.toml")]) == 0
    made = sorted(p.name for p in window.glob("*.fits"))
    assert made == sorted(p.name for p in again.glob("*.fits")) and len(made) == 7
    assert not [name for name in made if name.startswith(names[first])]
    for name in made:
        ours, theirs = planes_of(window / name), planes_of(again / name)
        assert ours.keys() == theirs.keys()
        for plane in ours:
            np.testing.assert_array_equal(ours[plane], theirs[plane], err_msg=f"{name} {plane}")
    text = (window / "config.toml").read_text()
    assert text == (again / "config.toml").read_text()

    # and what is on the screen is what was written
    shown = session.state.match.shown
    name = names[shown.science_id]
    written = planes_of(window / f"{name}_background.fits")["BGMODEL"]
    np.testing.assert_array_equal(shown.result.model.render().astype(np.float32), written)

    # the plan matters: without it other pixels come out
    plain = tmp_path / "plain"
    other = ["-c", "binSize=30", "-c", "usePolynomial=true", "-c", "order=3"]
    other += ["--reference", names[session.state.reference]]
    assert main([*arguments[:3], str(plain), *other]) == 0
    for i in free[:3]:
        path = f"{names[i]}_background.fits"
        one, two = (planes_of(folder / path)["BGMODEL"] for folder in (window, plain))
        assert not np.array_equal(one, two)
