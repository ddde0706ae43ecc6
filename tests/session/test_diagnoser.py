"""Diagnostics, flux loss and the check of the stack beside everything else."""

from __future__ import annotations

import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.sweeping import SweepSpace
from bgviewer.tasks.diagnostic import ABOVE, EXPECTED
from bgviewer.tasks.diagnostics import diagnose
from bgviewer.tasks.flux_loss_view import FluxLossQuery, flux_loss_view
from tests.session.test_sweeper import WAIT, exposures, load


@pytest.fixture
def session(qtbot):
    session = load(qtbot, exposures(), MatchConfig(bin_size=32))
    yield session
    session.close()


def settle(qtbot, session):
    source = session.diagnoser
    parts = [p for p in (source.diagnosis, source.flux_loss) if p._watched]
    qtbot.waitUntil(
        lambda: session.settled and all(p.current and not p.working for p in parts), timeout=WAIT
    )


def test_nothing_is_made_before_anybody_looks(session, qtbot):
    diagnosis = session.diagnoser.diagnosis
    session.edit_config("bin_size", 40)
    qtbot.waitUntil(lambda: session.settled, timeout=WAIT)
    assert diagnosis.value is None and not diagnosis.working and not session.diagnoser.lane.busy


def test_it_follows_the_match_and_is_what_the_task_finds(session, qtbot):
    diagnosis = session.diagnoser.diagnosis
    diagnosis.watch(True)
    settle(qtbot, session)
    first = diagnosis.value
    expected = diagnose(
        session.state.match.shown.result, unit=session.state.match.shown.figures.unit
    )
    assert [d.figure for d in first.items] == [d.figure for d in expected.items]
    session.set_third("mask")
    settle(qtbot, session)
    assert diagnosis.value is first, "another view is no other match"
    session.edit_config("bin_size", 64)
    settle(qtbot, session)
    assert diagnosis.value is not first
    assert diagnosis.shown.config.bin_size == 64
    diagnosis.watch(False)
    session.edit_config("bin_size", 40)
    qtbot.waitUntil(lambda: session.settled, timeout=WAIT)
    assert diagnosis.value is None and not session.diagnoser.lane.busy


def test_what_stands_in_the_way_empties_it(session, qtbot):
    diagnosis = session.diagnoser.diagnosis
    diagnosis.watch(True)
    settle(qtbot, session)
    session.set_science(0)  # the reference itself
    assert diagnosis.value is None and not diagnosis.working
    session.set_science(2)
    settle(qtbot, session)
    assert diagnosis.value is not None
    session.close_stack()
    assert diagnosis.value is None and diagnosis.shown is None


def test_a_sweep_tells_how_the_settings_do_beside_others(session, qtbot):
    session.set_config(MatchConfig(bin_size=64, use_polynomial=True, order=1))
    session.set_science(2)
    diagnosis = session.diagnoser.diagnosis
    diagnosis.watch(True)
    settle(qtbot, session)
    assert "best setting" not in diagnosis.value["held_out"].good
    session.sweeper.start(frozenset({2}), SweepSpace((64, 32), (1, 2), ()))
    qtbot.waitUntil(lambda: not session.sweeper.state.running, timeout=WAIT)
    settle(qtbot, session)
    item = diagnosis.value["held_out"]
    assert item.state == ABOVE and dict(item.remedies[0].changes)["order"] == 2
    session.apply_remedy(item.remedies[0])
    settle(qtbot, session)
    assert diagnosis.value["held_out"].state == EXPECTED


def test_the_guard_follows_match_and_wish(session, qtbot):
    flux_loss = session.diagnoser.flux_loss
    flux_loss.watch(True)
    settle(qtbot, session)
    first = flux_loss.value
    wish = FluxLossQuery(40.0, None, (60.0, 60.0))
    flux_loss.ask(wish)
    qtbot.waitUntil(lambda: flux_loss.value is not first and not flux_loss.working, timeout=WAIT)
    assert (
        flux_loss.value.own.profile
        == flux_loss_view(session.state.match.shown.result, wish).own.profile
    )
    assert flux_loss.value.at == (60.0, 60.0)
    again = flux_loss.value
    flux_loss.ask(wish)
    assert not flux_loss.working and flux_loss.value is again


def test_the_check_runs_on_demand_and_knows_when_it_is_outdated(session, qtbot):
    checker = session.checker
    assert checker.ready and checker.found is None
    checker.start()
    assert checker.running and not checker.ready
    qtbot.waitUntil(lambda: checker.found is not None and not checker.running, timeout=WAIT)
    assert checker.current and checker.found.closures[0].reference == 0
    assert len(checker.found.closures) == 2
    session.edit_config("bin_size", 64)
    assert not checker.current
    session.edit_config("bin_size", 32)
    assert checker.current
    qtbot.waitUntil(lambda: session.settled, timeout=WAIT)
    checker.start(2)
    qtbot.waitUntil(
        lambda: checker.found.closures[1].reference == 2 and not checker.running, timeout=WAIT
    )
    session.close_stack()
    assert checker.found is None and not checker.ready


def test_the_check_can_be_stopped_and_the_session_closed_in_the_middle(qtbot):
    session = load(qtbot, exposures(512, 4), MatchConfig(bin_size=32))
    try:
        session.checker.start()
        session.stop()
        qtbot.waitUntil(lambda: not session.checker.running, timeout=WAIT)
        assert session.checker.found is None
        session.diagnoser.diagnosis.watch(True)
        session.checker.start()
    finally:
        session.close()
    assert not session.alive
