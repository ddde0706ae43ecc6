"""What was chosen for files counts from the next load on; the lane looks, the window waits."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from astropy.io import fits
from PyQt6.QtCore import Qt

from bgviewer.engine.config import MatchConfig
from bgviewer.errors import ChooseError
from bgviewer.io.conventions import NO_CHOICE, Choice
from bgviewer.io.reading import Reading, ReadRule
from bgviewer.io.remembered import load_memory
from bgviewer.session.session import Session
from bgviewer.ui.ranking_model import RankingModel
from tests.raw_files import LEVELS, write_chips
from tests.session.test_session import quiet


@pytest.fixture
def paths(tmp_path):
    return write_chips(tmp_path / "chips")


@pytest.fixture
def session(qapp, tmp_path):
    session = Session(MatchConfig(bin_size=32))
    session.file_reading.memory_file = tmp_path / "own" / "remembered.toml"
    yield session
    session.close()


def load(session, qtbot, paths):
    before = session.state.stack
    session.load([str(p) for p in paths])
    qtbot.waitUntil(lambda: session.state.stack is not before and not session.busy, timeout=20000)
    return session.state.stack.stack


def looked(session, qtbot, path):
    found = []
    session.file_reading.look(path, found.append)
    qtbot.waitUntil(lambda: bool(found))
    return found[0]


def level(stack, number):
    return float(np.median(stack.read(number).image))


def test_what_is_chosen_counts_from_the_next_load_on(session, qtbot, paths):
    heard = []
    session.notice_raised.connect(heard.append)
    stack = load(session, qtbot, paths)
    assert all(isinstance(e.problem, ChooseError) for e in stack.entries)
    assert heard[-1].action == "choose_image" and "holds 2 images" in heard[-1].text
    found = looked(session, qtbot, paths[0])
    session.file_reading.choose(paths[0], Choice(hdu=2), found.same)
    stack = load(session, qtbot, paths)
    quiet(session, qtbot)
    assert [round(level(stack, i), -1) for i in range(3)] == [LEVELS[2]] * 3
    session.file_reading.choose(paths[1], Choice(hdu=1))
    assert [round(level(load(session, qtbot, paths), i), -1) for i in (0, 1)] == [500, 100]


def test_memory_is_told_and_can_be_forgotten(session, qtbot, paths):
    who = looked(session, qtbot, paths[0]).who
    assert session.file_reading.remember(who, paths[0], Choice(hdu=1))
    today = datetime.date.today().isoformat()
    stack = load(session, qtbot, paths)
    assert f"3 files read as you chose for TESTCAM on {today}" in stack.notes
    assert looked(session, qtbot, paths[0]).remembered.choice == Choice(hdu=1)
    session.file_reading.choose(paths[0], NO_CHOICE)  # as recognised, whatever is remembered
    assert isinstance(load(session, qtbot, paths)[0].problem, ChooseError)
    assert session.file_reading.forget(who)
    assert load_memory(session.file_reading.memory_file).entries == ()
    assert isinstance(load(session, qtbot, paths)[1].problem, ChooseError)


def test_a_damaged_memory_is_left_out_and_told(session, qtbot, paths):
    session.file_reading.memory_file.parent.mkdir()
    session.file_reading.memory_file.write_text("x = [")
    stack = load(session, qtbot, paths)
    assert any("what was remembered of instruments is left out" in n for n in stack.notes)


def test_without_a_memory_file_nothing_is_kept(session, qtbot, paths):
    session.file_reading.memory_file = None
    who = looked(session, qtbot, paths[0]).who
    assert not session.file_reading.remember(who, paths[0], Choice(hdu=1))
    assert isinstance(load(session, qtbot, paths)[0].problem, ChooseError)


def test_a_memory_that_cannot_be_written_is_told(session, qtbot, paths, tmp_path):
    heard = []
    session.notice_raised.connect(heard.append)
    (tmp_path / "own").write_text("a file where the folder should be")
    who = looked(session, qtbot, paths[0]).who
    assert not session.file_reading.remember(who, paths[0], Choice(hdu=1))
    assert heard[-1].level == "error"


def test_rules_of_a_session_take_the_place_of_single_choices(session, qtbot, paths):
    session.file_reading.choose(paths[0], Choice(hdu=1))
    rules = (ReadRule(Choice(hdu=2), ("raw_*",)),)
    assert session.file_reading.set_rules(rules)
    assert not session.file_reading.set_rules(rules)
    stack = load(session, qtbot, paths)
    assert [round(level(stack, i), -1) for i in range(3)] == [500] * 3


def test_a_preview_is_made_in_the_lane(session, qtbot, paths):
    found = []
    session.file_reading.preview(paths[0], Choice(hdu=2), found.append)
    assert found == [], "the answer comes later, through the lane"
    qtbot.waitUntil(lambda: bool(found))
    assert found[0].level == pytest.approx(LEVELS[2], abs=2)


def test_another_stack_is_free_of_a_sessions_rules_and_keeps_the_command_lines(
    session, qtbot, paths
):
    reading = session.file_reading
    reading.begin_with(Reading(options=Choice(hdu=1)))
    reading.set_rules((ReadRule(Choice(zero_point=20.0), ("raw_*",)),))
    reading.choose(paths[2], Choice(hdu=2))
    stack = load(session, qtbot, paths)
    assert stack.notes[0] == "3 files read as chosen, not as recognised"
    assert stack[0].info.choice == Choice(hdu=1, zero_point=20.0)
    reading.begin_anew()
    stack = load(session, qtbot, paths)
    assert [e.info.choice for e in stack.entries] == [Choice(hdu=n) for n in (1, 1, 2)]


def test_a_misread_mask_is_a_notice_and_in_the_tool_tip_of_the_row(session, qtbot, tmp_path):
    paths = []
    for number in range(2):
        paths.append(tmp_path / f"e{number}.fits")
        sky = np.random.default_rng(number).normal(100, 1, (64, 64)).astype("f4")
        mask = np.ones((64, 64), "u1")  # 1 = good
        mask[:16] = 0
        fits.PrimaryHDU(sky).writeto(paths[-1])
        fits.PrimaryHDU(mask).writeto(tmp_path / f"e{number}_mask.fits")
    heard = []
    session.notice_raised.connect(heard.append)
    load(session, qtbot, paths)
    share = "75 % of the pixels are flagged"
    shown = next(n for n in heard if share in n.text + n.details)
    assert shown.level == "warning" and "bad where not above 0" in shown.text + shown.details
    model = RankingModel(session)
    for row in range(2):
        tip = model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole)
        assert share in tip
