"""Sweeps beside everything else: kept per exposure, outdated, superseded, stopped."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.holdout import HoldOut
from bgviewer.engine.regions import Region
from bgviewer.engine.sweeping import SweepSpace
from bgviewer.io.stack import ExposureStack
from bgviewer.session.session import Session
from bgviewer.tasks.sweep import SweepRequest, sweep_stack

WAIT = 30_000
SPACE = SweepSpace((64, 32), (1, 2), ("NATURAL_SPLINE",))


def exposures(side: int = 256, count: int = 3) -> ExposureStack:
    """A flat reference, a slope and bowls, in noise."""
    x = np.linspace(-1, 1, side)
    y = x[:, None]
    skies = [100 + 0 * x * y, 90 + 8 * x - 5 * y] + [95 + 9 * x * x + 7 * y * y] * (count - 2)
    rng = np.random.default_rng(5)
    made = [
        Exposure((sky + 2 * rng.standard_normal((side, side))).astype(np.float32), name=f"e{i}")
        for i, sky in enumerate(skies)
    ]
    return ExposureStack.of(made)


def load(qtbot, stack: ExposureStack, config: MatchConfig) -> Session:
    session = Session(config)
    session.use_stack(stack)
    qtbot.waitUntil(lambda: session.settled and session.state.match.shown is not None, timeout=WAIT)
    session.set_reference(0)
    qtbot.waitUntil(lambda: session.settled, timeout=WAIT)
    return session


@pytest.fixture
def session(qtbot):
    session = load(qtbot, exposures(), MatchConfig(bin_size=32))
    yield session
    session.close()


def run(qtbot, session, only=None, space=SPACE, hold_out=None) -> None:
    session.sweeper.start(only, space, hold_out)
    assert session.sweeper.state.running and session.busy
    qtbot.waitUntil(lambda: not session.sweeper.state.running, timeout=WAIT)


def test_it_finds_what_the_task_finds(session, qtbot):
    sweeper = session.sweeper
    assert sweeper.subjects() == (1, 2) and sweeper.whole() is None
    run(qtbot, session)
    state = session.state
    request = SweepRequest(state.stack.stack, 0, state.config, SPACE, threads=1)
    expected = sweep_stack(request)
    for exposure, twin in ((1, expected.exposures[1]), (2, expected.exposures[2])):
        found = sweeper.found(exposure)
        assert sweeper.current(exposure) and found.status == "swept"
        assert [c.candidate for c in found.cells] == [c.candidate for c in twin.cells]
        assert [c.score.value for c in found.cells] == [c.score.value for c in twin.cells]
        assert found.tiles == twin.tiles
    assert sweeper.found(1).choice.candidate.order == 1
    assert sweeper.found(2).choice.candidate.order == 2
    assert sweeper.whole().choice.candidate == expected.choice.candidate
    assert (sweeper.state.done, sweeper.state.total, sweeper.state.ended) == (2, 2, "")


def test_results_are_kept_for_each_exposure_and_known_to_be_outdated(session, qtbot):
    sweeper = session.sweeper
    run(qtbot, session, frozenset({1}))
    assert sweeper.found(2) is None and len(sweeper.whole().exposures) == 1
    first = sweeper.found(1)
    session.set_config(MatchConfig(bin_size=64, use_polynomial=True, order=2))
    assert sweeper.current(1), "what a sweep varies does not make it outdated"
    session.edit_config("num_sigma_clip", 2.5)
    assert sweeper.current(1), "nothing was clipped"
    session.edit_config("approx_weighting", False)
    assert not sweeper.current(1) and sweeper.found(1) is first and sweeper.whole() is None
    session.edit_config("approx_weighting", True)
    assert sweeper.current(1), "undone"
    session.add_region(Region("ellipse", (50.0, 50.0, 9.0, 9.0, 0.0), "e2"))
    assert sweeper.current(1), "a region of another exposure"
    session.add_region(Region("ellipse", (50.0, 50.0, 9.0, 9.0, 0.0), "e1"))
    assert not sweeper.current(1)


def test_a_second_start_goes_on_with_what_is_missing(session, qtbot):
    sweeper = session.sweeper
    run(qtbot, session, frozenset({1}))
    first = sweeper.found(1)
    run(qtbot, session)
    assert sweeper.state.total == 1 and sweeper.found(1) is first
    assert len(sweeper.whole().exposures) == 2
    run(qtbot, session)
    assert sweeper.state.total == 2 and sweeper.found(1) is not first, "all are there: anew"
    run(qtbot, session, frozenset({1}), hold_out=HoldOut(mode="blocks", block=2))
    assert len(sweeper.whole().exposures) == 1, "scores of other tiles are not comparable"


def test_another_reference_or_stack_ends_it(session, qtbot):
    sweeper = session.sweeper
    run(qtbot, session, frozenset({2}))
    sweeper.start(None, SPACE)
    session.set_reference(1)
    assert not sweeper.state.running and "reference" in sweeper.state.ended
    assert not sweeper.current(2)
    session.set_reference(0)
    assert sweeper.current(2)
    sweeper.start(None, SPACE)
    session.close_stack()
    assert not sweeper.state.running and sweeper.found(2) is None and sweeper.subjects() == ()
    sweeper.start(None, SPACE)
    assert not sweeper.state.running
    qtbot.waitUntil(lambda: not session.busy, timeout=WAIT)


def test_a_failed_exposure_does_not_stop_the_others(session, qtbot):
    run(qtbot, session, space=SweepSpace((256,), (1,), ()), hold_out=HoldOut(tile=200))
    assert session.sweeper.found(1).status == "failed" == session.sweeper.found(2).status
    assert "tiles" in session.sweeper.found(1).reason
    assert not session.sweeper.whole().swept


def test_stop_is_quick_keeps_what_is_whole_and_lets_live_matching_go_on(qtbot):
    session = load(qtbot, exposures(1024, 4), MatchConfig(bin_size=128))
    try:
        sweeper = session.sweeper
        space = SweepSpace((128, 64, 32), (1, 2, 3, 4, 6, 8), ("NATURAL_SPLINE",), ("MEDIAN",))
        sweeper.start(None, space)
        qtbot.waitUntil(lambda: sweeper.state.done >= 1, timeout=WAIT)
        session.edit_config("bin_size", 64)
        qtbot.waitUntil(
            lambda: session.settled and session.state.match.shown.config.bin_size == 64,
            timeout=WAIT,
        )
        assert sweeper.state.running
        start = perf_counter()
        sweeper.stop()
        assert not sweeper.state.running and sweeper.state.ended
        qtbot.waitUntil(lambda: not sweeper.lane.busy, timeout=WAIT)
        assert perf_counter() - start < 3, "300 ms are measured by the benchmark"
        assert sweeper.found(1).status == "swept" and sweeper.current(1)
        assert sweeper.found(3) is None
    finally:
        session.close()
    assert not session.alive


def test_a_session_may_be_closed_in_the_middle(qtbot):
    session = load(qtbot, exposures(512), MatchConfig(bin_size=64))
    session.sweeper.start()
    session.close()
    assert not session.alive


def test_ignoring_what_is_masked_makes_a_sweep_outdated_and_no_match(session, qtbot):
    run(qtbot, session, frozenset({1}))
    shown = session.state.match.shown
    assert session.sweeper.current(1)
    session.set_plan(replace(session.state.plan, ignore_masked=True))
    assert not session.sweeper.current(1)
    qtbot.waitUntil(lambda: session.settled, timeout=WAIT)
    assert session.state.match.shown is shown
    session.set_plan(replace(session.state.plan, ignore_masked=False))
    assert session.sweeper.current(1)
