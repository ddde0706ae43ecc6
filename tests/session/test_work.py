"""What a change of the settings makes the program do, counted: no more than it touches."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from bgviewer.engine import gridding, matching
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.errors import ConfigError
from bgviewer.io.layout import FitsFile
from bgviewer.session.lane import Lane
from bgviewer.session.session import Session
from bgviewer.session.state import Wishes
from bgviewer.tasks import show as show_module
from tests.session.test_session import quiet
from tests.stacks import write_small_stack


@pytest.fixture
def session(qapp, qtbot, tmp_path):
    """A session on a stack of files, with its first match complete."""
    session = Session(MatchConfig(bin_size=20, use_polynomial=True, order=3))
    session.load([tmp_path / "stack" for _ in [write_small_stack(tmp_path / "stack")]])
    quiet(session, qtbot)
    qtbot.waitUntil(lambda: not session.busy)  # the pixels of the mask planes are counted last
    yield session
    session.close()


@pytest.fixture
def work(session, monkeypatch):
    """Counts from now on: files opened, differences, binnings, fits and jobs."""
    counted = Counter()

    def count(owner, name, what):
        real = getattr(owner, name)

        def counting(*args, **options):
            counted[what] += 1
            return real(*args, **options)

        monkeypatch.setattr(owner, name, counting)

    count(FitsFile, "__init__", "files opened")
    count(matching, "form_difference", "differences")
    count(matching, "variance_level", "variances")
    count(gridding, "block_moments", "binnings")
    count(gridding, "ordered_blocks", "sortings")
    count(matching, "fit_model", "fits")
    count(Lane, "submit", "jobs")
    return counted


def after(session, qtbot, work, **changes):
    """Change settings, wait for the answer, return what was done."""
    shown = session.state.match.shown
    work.clear()
    for name, value in changes.items():
        session.edit_config(name, value)
    quiet(session, qtbot)
    assert session.state.match.shown is not shown
    return dict(work)


@pytest.mark.parametrize(
    "change",
    [{"order": 2}, {"approx_weighting": False}, {"use_polynomial": False}],
    ids=lambda change: next(iter(change)),
)
def test_a_change_of_the_model_bins_and_reads_nothing(session, qtbot, work, change):
    assert after(session, qtbot, work, **change) == {"fits": 1, "jobs": 1}


def test_a_change_of_the_spline_bins_and_reads_nothing(session, qtbot, work):
    after(session, qtbot, work, use_polynomial=False)
    assert after(session, qtbot, work, interp_style="LINEAR") == {"fits": 1, "jobs": 1}


def test_a_change_of_the_bin_size_reads_nothing(session, qtbot, work):
    assert after(session, qtbot, work, bin_size=24) == {"binnings": 1, "fits": 1, "jobs": 1}


def test_a_change_of_the_statistic_reads_nothing(session, qtbot, work):
    done = after(session, qtbot, work, grid_statistic="MEDIAN")
    assert done.pop("sortings") in (1, 2)
    assert done == {"binnings": 1, "fits": 1, "jobs": 1}


def test_another_clipping_reads_nothing_and_bins_only_what_it_clips(session, qtbot, work):
    assert after(session, qtbot, work, num_sigma_clip=4) == {"variances": 1, "fits": 1, "jobs": 1}
    after(session, qtbot, work, grid_statistic="MEANCLIP")
    done = after(session, qtbot, work, num_sigma_clip=3)
    assert done.pop("sortings") in (1, 2)
    assert done == {"variances": 1, "binnings": 1, "fits": 1, "jobs": 1}


def test_other_mask_planes_read_nothing(session, qtbot, work):
    done = after(session, qtbot, work, bad_mask_planes=("NO_DATA",))
    assert done["differences"] == 1 and "variances" not in done
    assert "files opened" not in done


def test_a_weight_starts_no_job(session, work):
    session.set_weights(0.1, 0.2, 0.3)
    assert not work and not session.busy


def test_a_view_of_the_same_match_computes_nothing_of_it(session, qtbot, work):
    work.clear()
    session.set_third("science")
    quiet(session, qtbot)
    assert session.state.match.shown.base.third.kind == "science"
    assert dict(work) == {"jobs": 1}


def test_the_map_of_the_overview_is_not_made_in_the_windows_thread(session, qtbot, monkeypatch):
    made = []
    real = show_module.residual_map

    def noting(*args):
        made.append(threading.current_thread())
        return real(*args)

    monkeypatch.setattr(show_module, "residual_map", noting)
    session.edit_config("order", 2)
    quiet(session, qtbot)
    session.set_third("science")
    state = quiet(session, qtbot)
    assert len(made) == 1, "another view of the same match has the same map"
    assert made[0] is not threading.main_thread()
    assert state.outcomes[state.science].residuals is state.match.shown.residual_map


def test_wishes_come_back_as_one_change_and_one_job(session, qtbot, work):
    wishes = session.state.wishes
    entries = session.state.stack.stack.entries
    region = Region("box", (30.0, 30.0, 20.0, 10.0, 5.0), None, "a ghost")
    session.edit_config("bin_size", 24)
    session.set_plan(StackPlan(frozenset({entries[wishes.reference].name}), (region,)))
    quiet(session, qtbot)
    qtbot.waitUntil(lambda: not session.busy)
    assert session.state.reference != wishes.reference
    work.clear()
    heard: Counter[str] = Counter()
    seen = []
    for name in ("config_changed", "plan_changed", "pair_changed", "ranking_changed"):
        signal = getattr(session, name)
        signal.connect(lambda name=name: heard.update([name]))
        signal.connect(lambda: seen.append(session.state.wishes))
    session.set_wishes(wishes)
    assert set(heard.values()) == {1} and len(heard) == 4
    assert all(w == wishes for w in seen), "nobody sees what is half done"
    assert work["jobs"] == 2, "one match, one measurement"
    quiet(session, qtbot)


def test_wishes_that_are_not_allowed_change_nothing(session):
    before = session.state
    name = before.stack.stack.entries[0].name
    bad = StackPlan(frozenset(), (), {name: {"order": -5}})
    with pytest.raises(ConfigError):
        session.set_wishes(Wishes(MatchConfig(bin_size=77), bad, before.reference))
    assert session.state is before


def test_work_goes_on_until_the_newest_answer_is_there(session, qtbot):
    """The lane is idle a moment before its last answer is heard: not settled till then."""
    untrue = []

    def look():
        state = session.state
        if session.settled and state.match.shown.config.order != state.config.order:
            untrue.append((state.match.shown.config.order, state.config.order))

    session.match_changed.connect(look)
    session.work_changed.connect(look)
    for order in (2, 1, 3, 2, 1, 3) * 4:
        session.edit_config("order", order)
        qtbot.wait(3)
    quiet(session, qtbot)
    assert not untrue


def test_an_edit_paints_nothing_before_it_is_answered(session, qtbot):
    """Whoever repaints at `match_changed` must not do so for a match that is only on its way."""
    seen, asked = [], []
    session.match_changed.connect(lambda: seen.append(session.state.match.shown.config.order))
    session.work_changed.connect(lambda: asked.append(session.state.match.working))
    order = 2 if session.state.config.order != 2 else 3
    session.edit_config("order", order)
    assert asked == [True] and not seen
    quiet(session, qtbot)
    assert seen and set(seen) == {order}
