"""Snapshots, co-add and tiles without a window."""

from __future__ import annotations

import numpy as np
import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.io.stack import ExposureStack
from bgviewer.session.session import Session

WAIT = 30_000


@pytest.fixture
def session(qtbot):
    rng = np.random.default_rng(4)
    images = [rng.normal(9 + i, 1, (96, 96)).astype(np.float32) for i in range(4)]
    images[3][:] = np.nan
    session = Session(MatchConfig(bin_size=16))
    session.use_stack(ExposureStack.of([MaskedImage(i) for i in images]))
    qtbot.waitUntil(lambda: session.settled and session.state.match.shown is not None, timeout=WAIT)
    yield session
    session.close()


def settle(qtbot, session):
    qtbot.waitUntil(lambda: session.settled and session.state.job is None, timeout=WAIT)


def test_at_most_two_snapshots_are_held_and_go_with_the_stack(session):
    views = session.stack_views
    assert views.keep("a") and views.keep("b") and views.keep("a")
    assert views.snapshot("a") is session.state.match.shown
    with pytest.raises(ValueError, match="no such snapshot"):
        views.keep("c")
    session.close_stack()
    assert views.snapshot("a") is None and views.snapshot("b") is None
    assert not views.keep("a") and views.tiles() == ()


def test_what_the_settings_forbid_is_not_kept(session, qtbot):
    session.edit_config("bin_size", 48)
    session.edit_config("use_polynomial", True)
    session.edit_config("order", 8)
    qtbot.waitUntil(lambda: bool(session.state.match.withheld), timeout=WAIT)
    notices = []
    session.notice_raised.connect(notices.append)
    assert not session.stack_views.keep("a")
    assert notices[-1].level == "warning"


def test_the_coadd_waits_for_match_all_and_names_what_is_left_out(session, qtbot):
    views = session.stack_views
    session.set_third("coadd_after")
    settle(qtbot, session)
    assert views.coadd.coadd is None
    assert "Match all" in session.state.match.shown.base.third.message
    session.match_all()
    qtbot.waitUntil(lambda: views.coadd.current, timeout=WAIT)
    settle(qtbot, session)
    made = views.coadd.coadd
    assert len(made.names) == 3
    ((name, reason),) = made.left_out
    assert name == session.state.stack.stack[3].name and reason
    assert np.nanstd(made.after) < np.nanstd(made.before) * 1.2
    views.set_statistic("median")
    qtbot.waitUntil(lambda: views.coadd.current, timeout=WAIT)
    assert views.coadd.coadd.statistic == "median"
    with pytest.raises(ValueError, match="no such statistic"):
        views.set_statistic("mode")


def test_nothing_is_combined_while_another_view_is_shown(session, qtbot):
    session.match_all()
    settle(qtbot, session)
    assert session.stack_views.coadd.coadd is None


def test_an_excluded_exposure_is_in_no_coadd(session, qtbot):
    session.match_all()
    settle(qtbot, session)
    outside = next(i for i in range(3) if i not in (session.state.reference, session.state.science))
    session.exclude(outside)
    session.set_third("coadd_before")
    qtbot.waitUntil(lambda: session.stack_views.coadd.current, timeout=WAIT)
    made = session.stack_views.coadd.coadd
    name = session.state.stack.stack[outside].name
    assert name not in made.names and dict(made.left_out)[name] == "excluded"
    tile = next(t for t in session.stack_views.tiles() if t.exposure == outside)
    assert tile.state == "excluded"
