"""The sweep with real events: start, watch it fill in, stop, apply by a click, undo, save."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication, QFileDialog

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.sweeping import Candidate, SweepSpace
from bgviewer.ui.sweeping.tried import TriedDialog
from tests.scenarios.conftest import WAIT, in_memory, settle
from tests.scenarios.test_main_job import click, dialog, main, type_into  # noqa: F401

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("This plugin does not support"),
]
LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def sky(make_window, qtbot):
    """A flat reference, a slope (order 1 is right) and a bowl (order 2); in noise."""
    x = np.linspace(-1, 1, 256)
    y = x[:, None]
    rng = np.random.default_rng(3)
    skies = (100 + 0 * x * y, 90 + 8 * x - 5 * y, 95 + 9 * x * x + 7 * y * y)
    exposures = [
        Exposure((s + 2 * rng.standard_normal(s.shape)).astype(np.float32), name=name)
        for s, name in zip(skies, ("flat", "slope", "bowl"), strict=True)
    ]
    window = make_window(MatchConfig(bin_size=32))
    window.session.use_stack(in_memory(exposures))
    qtbot.waitUntil(lambda: window.session.state.stack is not None, timeout=WAIT)
    window.session.set_reference(0)
    window.session.set_science(2)
    settle(qtbot, window)
    return window


def open_sweep(qtbot, window):
    """Open the dock by its key."""
    qtbot.keyClick(window, Qt.Key.Key_F, CONTROL)
    qtbot.waitUntil(window.sweep.panel.isVisible)
    settle(qtbot, window)
    return window.sweep.panel


def finish(qtbot, window):
    sweeper, panel = window.session.sweeper, window.sweep.panel
    qtbot.waitUntil(lambda: not sweeper.state.running, timeout=WAIT)
    qtbot.waitUntil(lambda: not panel._news.isActive(), timeout=WAIT)
    return panel


def swept(qtbot, window, everyone=False):
    """Sweep by the button, and wait until all is shown."""
    panel = open_sweep(qtbot, window)
    panel.scope.setCurrentIndex(int(everyone))
    qtbot.waitUntil(lambda: panel.start.isEnabled() and not panel._news.isActive())
    click(qtbot, panel.start)
    assert window.session.sweeper.state.running
    return finish(qtbot, window)


def where(panel, wanted):
    """The index of the cell of a combination."""
    heat = panel.map.heat
    for row, cells in enumerate(heat.map.cells):
        for column, cell in enumerate(cells):
            if wanted(cell):
                return heat.index(row, column)
    raise LookupError("no such cell")


def click_cell(qtbot, panel, index):
    panel.map.scrollTo(index)
    qtbot.mouseClick(panel.map.viewport(), LEFT, pos=panel.map.visualRect(index).center())


def test_a_sweep_says_what_is_right_and_a_click_applies_it(sky, qtbot):
    window, session = sky, sky.session
    panel = open_sweep(qtbot, window)
    assert panel.start.hasFocus() and not panel.stop.isEnabled() and not panel.apply.isEnabled()
    count = len(panel.usual().candidates)
    assert f"Start fits {count} settings" in panel.summary.text()
    assert panel.map.heat.data(panel.map.heat.index(0, 0)) == "…"
    qtbot.keyClick(panel.start, Qt.Key.Key_Space)
    panel = finish(qtbot, window)
    found = session.sweeper.found(2)
    choice = found.choice
    assert choice.candidate.order == 2 or choice.candidate.penalty_order == 3
    text = panel.summary.text()
    assert text.startswith(f"Recommended: {choice.candidate.text}; held-out error ")
    assert "LSST's default (binSize 128" in text or "LSST's default was not tried" in text

    index = where(panel, lambda c: c.choice)
    heat = panel.map.heat.cell(index)
    assert heat.candidate == choice.candidate and "✓" in panel.map.heat.data(index)
    tip = panel.map.heat.data(index, Qt.ItemDataRole.ToolTipRole)
    assert "±" in tip and "recommended" in tip and "apply" in tip
    now = where(panel, lambda c: c.current)
    assert "●" in panel.map.heat.data(now) and panel.map.heat.cell(now).candidate.bin_size == 32

    before, steps = session.state.config, window.history.steps.count()
    click_cell(qtbot, panel, index)
    settle(qtbot, window)
    assert Candidate.of(session.state.config) == choice.candidate
    assert window.history.steps.count() == steps + 1
    assert window.history.steps.undoText() == f"sweep: {choice.candidate.text}"
    qtbot.waitUntil(lambda: "It is set." in panel.summary.text())
    assert session.sweeper.current(2), "applying a cell does not make the sweep outdated"
    window.actions_["undo"].trigger()
    settle(qtbot, window)
    assert session.state.config == before

    panel.map.setCurrentIndex(index)
    panel.map.setFocus()
    qtbot.keyClick(panel.map, Qt.Key.Key_Return)
    assert Candidate.of(session.state.config) == choice.candidate, "keys do it too"


def test_cells_that_cannot_be_say_why_and_are_not_applied(sky, qtbot):
    window, session = sky, sky.session
    panel = swept(qtbot, window)
    index = where(panel, lambda c: c.swept is not None and not c.swept.valid)
    cell = panel.map.heat.cell(index)
    assert panel.map.heat.data(index) == "✕"
    story = panel.map.heat.data(index, Qt.ItemDataRole.AccessibleTextRole)
    assert cell.swept.reason and cell.swept.reason in story
    before = session.state.config
    click_cell(qtbot, panel, index)
    assert session.state.config == before


def test_a_cell_applies_to_the_exposure_alone_where_its_own_settings_are_edited(sky, qtbot):
    window, session = sky, sky.session
    panel = swept(qtbot, window)
    shared = session.state.config
    window.config_panel.own.set_alone(True)
    click(qtbot, panel.apply)
    settle_own = panel.choice.candidate
    assert session.state.config == shared
    assert Candidate.of(session.effective_config(2)) == settle_own
    assert Candidate.of(session.effective_config(1)) == Candidate.of(shared)
    window.actions_["undo"].trigger()
    assert session.state.plan.own == {}
    qtbot.waitUntil(lambda: session.settled, timeout=WAIT)


def test_the_whole_stack_one_choice_or_each_its_own_as_one_step(sky, qtbot):
    window, session = sky, sky.session
    panel = swept(qtbot, window, everyone=True)
    whole = session.sweeper.whole()
    assert panel.summary.text().startswith("2 of 2 exposures. Recommended: ")
    assert panel.choice.candidate == whole.choice.candidate and panel.each.isVisible()
    before, steps = session.state.wishes, window.history.steps.count()
    click(qtbot, panel.each)
    settle_all = [Candidate.of(session.effective_config(i)) for i in (1, 2)]
    assert settle_all == [session.sweeper.found(i).choice.candidate for i in (1, 2)]
    assert settle_all[0].order == 1 or settle_all[0].penalty_order == 2, "planes are free"
    assert settle_all[1].order == 2 or settle_all[1].penalty_order == 3, "and quadratics"
    assert window.history.steps.count() == steps + 1
    click(qtbot, panel.apply)
    assert session.state.plan.own == {}, "one choice for all"
    assert Candidate.of(session.state.config) == whole.choice.candidate
    window.actions_["undo"].trigger()
    window.actions_["undo"].trigger()
    assert session.state.wishes == before
    qtbot.waitUntil(lambda: session.settled, timeout=WAIT)


def test_it_fills_in_stops_and_goes_on_while_matching_lives(make_window, qtbot):
    rng = np.random.default_rng(8)
    noise = [rng.normal(90 + i, 2, (1024, 1024)).astype(np.float32) for i in range(2)]
    window = make_window(MatchConfig(bin_size=128))
    session = window.session
    session.use_stack(in_memory([Exposure(image) for image in noise]))
    qtbot.waitUntil(lambda: session.state.stack is not None, timeout=WAIT)
    settle(qtbot, window)
    panel = open_sweep(qtbot, window)
    panel._chosen = SweepSpace((128, 64, 32, 16), (1, 2, 3), ("NATURAL_SPLINE",), ("MEDIAN",))
    click(qtbot, panel.start)
    heat = panel.map.heat

    def filled() -> int:
        if heat.map is None:
            return 0
        return sum(c.swept is not None for row in heat.map.cells for c in row)

    qtbot.waitUntil(lambda: 0 < filled() < 16, timeout=WAIT)
    assert panel.stop.isEnabled() and panel.summary.text().startswith("So far: ")
    type_into(qtbot, main(window, "bin_size"), "40")
    if session.sweeper.state.running:
        click(qtbot, panel.stop)
    assert not session.sweeper.state.running
    qtbot.waitUntil(lambda: panel.start.isEnabled(), timeout=WAIT)
    qtbot.waitUntil(lambda: not session.sweeper.lane.busy, timeout=WAIT)
    settle(qtbot, window)
    assert session.state.match.shown.config.bin_size == 40


def test_outdated_results_stay_and_say_so(sky, qtbot):
    window, session = sky, sky.session
    panel = swept(qtbot, window)
    session.edit_config("approx_weighting", False)
    qtbot.waitUntil(lambda: panel.summary.text().startswith("◌ Outdated"))
    assert panel.map.heat.map is not None and panel.copy.isEnabled()
    session.set_science(1)
    qtbot.waitUntil(lambda: panel.summary.text().startswith("Start fits"))
    settle(qtbot, window)
    session.close_stack()
    qtbot.waitUntil(lambda: "Open exposures" in panel.summary.text())
    assert not panel.start.isEnabled() and not panel.apply.isEnabled()


def test_curves_follow_the_cell_under_the_cursor(sky, qtbot):
    window = sky
    panel = swept(qtbot, window)
    found = window.session.sweeper.found(2)
    index = where(panel, lambda c: c.candidate.order == 2 and c.swept.valid)
    panel.map.setCurrentIndex(index)
    qtbot.waitUntil(lambda: not panel._news.isActive())
    qtbot.waitUntil(lambda: panel.curves.curve.here is not None)
    line = [
        c
        for c in found.cells
        if (c.candidate.order, c.candidate.grid_statistic) == (2, "MEAN") and c.score is not None
    ]
    values = [np.sign(c.score.value) * abs(c.score.value) ** 0.5 for c in line]
    np.testing.assert_allclose(panel.curves.held.getData()[1], values)
    panel.along.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "order 2" in panel.curves.curve.names)


def test_what_is_tried_can_be_chosen(sky, qtbot):
    window = sky
    panel = open_sweep(qtbot, window)
    click(qtbot, panel.tried)
    chooser = panel.findChild(TriedDialog)
    qtbot.waitUntil(chooser.isVisible)
    chooser.sizes.setText("64, x")
    ok = chooser.buttons.button(chooser.buttons.StandardButton.Ok)
    assert not ok.isEnabled() and "whole numbers" in chooser.problem.text()
    chooser.sizes.setText("64 32")
    chooser.orders.setText("2")
    for box in (*chooser.styles, *chooser.smooth, *chooser.statistics[1:]):
        box.setChecked(False)
    assert ok.isEnabled() and chooser.problem.text() == "3 settings", "also what is set"
    click(qtbot, ok)
    qtbot.waitUntil(lambda: "Start fits 3 settings" in panel.summary.text())
    click(qtbot, panel.start)
    finish(qtbot, window)
    assert len(window.session.sweeper.found(2).cells) == 3


def test_copy_and_save_give_all_scores(sky, qtbot, tmp_path, monkeypatch):
    window = sky
    panel = swept(qtbot, window)
    click(qtbot, panel.copy)
    lines = QGuiApplication.clipboard().text().splitlines()
    found = window.session.sweeper.found(2)
    assert len(lines) == 1 + len(found.cells)
    assert {line.count("\t") for line in lines} == {9}
    path = tmp_path / "sweep.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), ""))
    click(qtbot, panel.save)
    qtbot.waitUntil(lambda: window.session.state.job is None and path.exists(), timeout=WAIT)
    written = json.loads(path.read_text())
    (exposure,) = written["exposures"]
    assert exposure["name"] == "bowl" and len(exposure["cells"]) == len(found.cells)
    assert exposure["choice"]["order"] == 2 and exposure["tiles_judged"] > 0


def test_hidden_it_computes_nothing(sky, qtbot):
    window, panel = sky, sky.sweep.panel
    window.session.sweeper.start(frozenset({2}))
    finish(qtbot, window)
    type_into(qtbot, main(window, "bin_size"), "40")
    settle(qtbot, window)
    assert panel.updates == 0
    open_sweep(qtbot, window)
    assert panel.updates > 0 and panel.summary.text().startswith("Recommended")


def test_the_window_may_be_closed_in_the_middle(sky, qtbot):
    window = sky
    panel = open_sweep(qtbot, window)
    panel._chosen = SweepSpace((64, 32, 16, 8), (1, 2, 3), ("NATURAL_SPLINE",), ("MEDIAN",))
    click(qtbot, panel.start)
    assert window.session.sweeper.state.running
    window.close()
    assert not window.session.alive
    QApplication.sendPostedEvents()
