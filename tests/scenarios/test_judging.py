"""Judging a match with real events: tabs, the bin that is clicked, profiles, log."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtWidgets import QApplication

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.tasks.judge import chi_square, summarise_residuals
from tests.engine import twin_numbers as twin
from tests.scenarios.conftest import WAIT, current, in_memory, settle
from tests.scenarios.test_main_job import click, dialog, main, type_into  # noqa: F401

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("This plugin does not support"),
]

LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def noise(make_window, qtbot):
    """A window on two exposures of white noise and one with a star; a polynomial of order 2."""
    rng = np.random.default_rng(12)
    variance = np.full((300, 360), 9, np.float32)
    images = [rng.normal(100 + i, 3, (300, 360)).astype(np.float32) for i in range(3)]
    images[2][146:155, 206:215] += 3000
    exposures = [MaskedImage(i, None, variance, xy0=(40, 60)) for i in images]
    window = make_window(MatchConfig(bin_size=20, use_polynomial=True, order=2))
    window.session.use_stack(in_memory(exposures))
    qtbot.waitUntil(lambda: window.session.state.stack is not None, timeout=WAIT)
    window.session.set_reference(0)
    window.session.set_science(1)
    settle(qtbot, window)
    return window


def open_judge(qtbot, window, tab=None):
    """Show the dock by its entry in the View menu, and a tab by a click."""
    if not window.judge_dock.isVisible():
        window.judge_dock.toggleViewAction().trigger()
    qtbot.waitUntil(window.judge.isVisible)
    settle(qtbot, window)  # the panels have another size now
    if tab is not None:
        bar = window.judge.tabBar()
        at = bar.tabRect(window.judge.indexOf(tab)).center()
        qtbot.mouseClick(bar, LEFT, pos=at)
        qtbot.waitUntil(tab.isVisible)
    return tab


def screen(panel, x: float, y: float):
    """Where a parent position lies on a panel's canvas."""
    box = panel.canvas.getPlotItem().getViewBox()
    return panel.canvas.mapFromScene(box.mapViewToScene(QPointF(x, y)))


def click_at(qtbot, window, panel, x: float, y: float) -> None:
    """Click a parent position; the next click shall not count as the second of two."""
    at = screen(panel, x, y)
    qtbot.mouseMove(panel.canvas.viewport(), at)
    qtbot.mouseClick(panel.canvas.viewport(), LEFT, pos=at)
    qtbot.waitUntil(lambda: window.judge.bin.isVisible())


def plain(label) -> str:
    """Rich text as a person reads it."""
    from PyQt6.QtGui import QTextDocument

    document = QTextDocument()
    document.setHtml(label.text())
    return document.toPlainText().replace("\xa0", " ")


# ---------------------------------------------------------------- residuals and pulls


def test_residuals_and_pulls_of_white_noise(noise, qtbot):
    window = noise
    tab = open_judge(qtbot, window, window.judge.pulls)
    shown = current(window)
    chi = chi_square(shown.result)
    assert (chi.bins, chi.parameters) == (15 * 18, 6)
    text = plain(tab.words)
    assert "✓" in text and "264 = 270 bins − 6 parameters" in text
    counts = tab.columns.getData()[1]
    pulls = shown.result.bins.residuals / shown.result.bins.errors
    assert counts.sum() == pulls.size == 270
    assert abs(pulls.mean()) < 5 / math.sqrt(270)
    assert pulls.std() == pytest.approx(math.sqrt(264 / 270), abs=5 / math.sqrt(540))
    assert "(expected 0, about 0.99)" in plain(tab.words), "what six parameters leave of 1"
    peak = tab.curve.getData()[1].max()
    assert peak == pytest.approx(270 * 10 / len(counts) / math.sqrt(2 * math.pi))

    tab = open_judge(qtbot, window, window.judge.residuals)
    found = summarise_residuals(shown.result.bins.residuals)
    assert tab.columns.getData()[1].sum() == 270 and tab.curve.isVisible()
    text = plain(tab.words)
    for word in ("270", "rms", "scaled MAD", "outliers"):
        assert word in text
    assert f"{found.rms:.3f}"[:4] in text

    window.session.set_science(2)  # with a star
    settle(qtbot, window)
    qtbot.waitUntil(lambda: tab.shown is window.session.state.match.shown)
    outliers = summarise_residuals(current(window).result.bins.residuals).outliers
    assert outliers == 1 and plain(tab.words) != text
    open_judge(qtbot, window, window.judge.pulls)
    assert "▲" in plain(window.judge.pulls.words)


def test_a_spline_cannot_be_judged_by_its_own_cells(noise, qtbot):
    tab = open_judge(qtbot, noise, noise.judge.pulls)
    click(qtbot, main(noise, "use_polynomial"))
    settle(qtbot, noise)
    assert "A spline passes through every cell" in plain(tab.words)


def test_what_is_hidden_computes_nothing(noise, qtbot):
    window, judge = noise, noise.judge
    before = [tab.updates for tab in judge.judges]
    assert not judge.isVisible()
    type_into(qtbot, main(window, "order"), "1")
    settle(qtbot, window)
    assert [tab.updates for tab in judge.judges] == before
    open_judge(qtbot, window, judge.pulls)
    others = [t for t in judge.judges if t not in (judge.pulls, judge.residuals)]
    kept = [t.updates for t in others]
    type_into(qtbot, main(window, "order"), "3")
    settle(qtbot, window)
    assert [t.updates for t in others] == kept
    assert judge.pulls.shown is window.session.state.match.shown


# ---------------------------------------------------------------- the bin


def test_a_bin_spoilt_by_a_star_is_found_excluded_and_brought_back(noise, qtbot):
    window, judge = noise, noise.judge
    window.session.set_science(2)
    settle(qtbot, window)
    shown = current(window)
    click_at(qtbot, window, window.panels.residuals, 40 + 210, 60 + 150)
    assert window.judge_dock.isVisible(), "a click on a bin opens the dock"
    assert judge.bin.box == (200, 220, 140, 160)
    values = shown.result.difference.values[140:160, 200:220]
    expected = twin.describe(values.ravel())
    found = judge.bin.view.statistics
    assert (found.n, found.n_clipped) == (400, expected.n_clipped) and found.n_clipped >= 81
    for name in ("mean", "median", "meanclip"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-4)
    assert judge.bin.view.value == pytest.approx(expected.mean, rel=1e-5), "MEAN was asked for"
    text = plain(judge.bin.words)
    assert "Bin x 240 to 259, y 200 to 219" in judge.bin.heading.text()
    assert "400 good, 0 flagged" in text and f"{expected.n_clipped} clipped" in text
    assert judge.bin.all.getData()[1].sum() == 400
    assert judge.bin.kept.getData()[1].sum() == 400 - expected.n_clipped

    before, plan = shown, window.session.state.plan
    steps = window.history.steps.count()
    button = judge.bin.button
    assert button.text() == "Exclude this bin"
    click(qtbot, button)
    after = settle(qtbot, window)
    assert after.figures.fit_rms < before.figures.fit_rms / 3, "the fit is rid of the star"
    assert after.figures.bins_used == before.figures.bins_used - 1
    gone = ~np.isfinite(after.result.difference.values)
    assert gone.sum() == 400 and gone[140:160, 200:220].all()
    assert button.text() == "Include again" and "(excluded)" in judge.bin.heading.text()
    assert "nothing: excluded" in plain(judge.bin.words)
    assert "excluded here: 0 + 400" in plain(judge.bin.words)
    assert not judge.bin.plot.getPlotItem().getAxis("left").isVisible(), "no scale of nothing"
    assert window.history.steps.count() == steps + 1

    qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Z, CONTROL)
    back = settle(qtbot, window)
    assert window.session.state.plan == plan and button.text() == "Exclude this bin"
    assert judge.bin.plot.getPlotItem().getAxis("left").isVisible()
    assert back.figures == before.figures
    np.testing.assert_array_equal(back.result.difference.values, before.result.difference.values)
    np.testing.assert_array_equal(back.result.bins.model, before.result.bins.model)

    click(qtbot, button)
    settle(qtbot, window)
    click(qtbot, button)
    again = settle(qtbot, window)
    assert window.session.state.plan.regions == () and again.figures == before.figures


def test_a_ring_of_a_cell_in_the_model_chooses_the_bin_too(noise, qtbot):
    window = noise
    cells = window.panels.model.cells.getData()
    x, y = float(cells[0][40]), float(cells[1][40])
    click_at(qtbot, window, window.panels.model, x, y)
    left, right, bottom, top = window.judge.bin.box
    assert left <= x - 40 < right and bottom <= y - 60 < top
    frames = window.judge._frames
    assert all(f.isVisible() for f in frames)
    xs, ys = frames[0].getData()
    assert (min(xs), max(xs)) == (40 + left - 0.5, 40 + right - 0.5)
    assert (min(ys), max(ys)) == (60 + bottom - 0.5, 60 + top - 0.5)
    type_into(qtbot, main(window, "bin_size"), "30")
    settle(qtbot, window)
    assert window.judge.bin.box is None, "there is no such bin any more"
    assert not any(f.isVisible() for f in frames)
    assert not window.judge.bin.button.isEnabled()


def test_the_only_bins_may_be_excluded_and_come_back(make_window, qtbot):
    """A match that cannot be made any more leaves the way back open."""
    rng = np.random.default_rng(1)
    pair = [MaskedImage(rng.normal(9, 1, (40, 40)).astype(np.float32)) for _ in range(2)]
    window = make_window(MatchConfig(bin_size=40, use_polynomial=True, order=0))
    window.session.use_stack(in_memory(pair))
    settle(qtbot, window)
    click_at(qtbot, window, window.panels.residuals, 20, 20)
    button = window.judge.bin.button
    click(qtbot, button)
    qtbot.waitUntil(
        lambda: bool(window.session.state.match.withheld) and not window.session.busy, timeout=WAIT
    )
    assert button.isEnabled() and button.text() == "Include again"
    click(qtbot, button)
    assert settle(qtbot, window).figures.bins_used == 1


# ---------------------------------------------------------------- profiles


def test_profiles_follow_the_cursor(noise, qtbot):
    window = noise
    tab = open_judge(qtbot, window, window.judge.profiles)
    shown = current(window)
    panel = window.panels.third
    for x, y in ((40 + 100, 60 + 90), (40 + 250, 60 + 200)):
        at = screen(panel, x, y)
        point = panel.canvas.getPlotItem().getViewBox().mapSceneToView(panel.canvas.mapToScene(at))
        row = math.floor(point.y() + 0.5) - 60
        column = math.floor(point.x() + 0.5) - 40
        qtbot.mouseMove(panel.canvas.viewport(), at)
        wanted = f"y {60 + row - 16} to {60 + row + 16}"
        qtbot.waitUntil(lambda wanted=wanted: wanted in tab.titles[0].text(), timeout=WAIT)
        assert f"x {40 + column - 16} to {40 + column + 16}" in tab.titles[1].text()
        positions, values = tab.pairs[0].items["science"].getData()
        strip = shown.science.image[row - 16 : row + 17].astype(float).mean(axis=0)
        expected = strip.reshape(-1, 2).mean(axis=1)
        np.testing.assert_allclose(values, expected, rtol=1e-6)
        np.testing.assert_allclose(positions, 40.5 + np.arange(0, 360, 2))
        model = shown.result.model.render([row], np.arange(0, 360, 2) + 0.5).ravel()
        np.testing.assert_allclose(tab.pairs[0].items["model"].getData()[1], model, atol=1e-6)
        assert tab.pairs[0].marks[0].value() == pytest.approx(point.x())
    panel.canvas.left.emit()
    assert wanted in tab.titles[0].text(), "the last position stays"


# ---------------------------------------------------------------- log


def test_the_log_says_what_was_done(noise, qtbot):
    window = noise
    log = window.judge.log
    open_judge(qtbot, window, log)
    qtbot.waitUntil(lambda: any("fitRMS" in line for line in log.lines()), timeout=WAIT)
    text = "\n".join(log.lines())
    assert "loaded 3 exposures" in text and "matched" in text
    count = len(log.lines())
    type_into(qtbot, main(window, "order"), "1")
    shown = settle(qtbot, window)
    qtbot.waitUntil(lambda: len(log.lines()) > count, timeout=WAIT)
    new = log.lines()[count:]
    assert "order: 2 → 1" in new[0]
    assert sum("matched" in line for line in new) == 1
    assert "fitRMS" in new[-1] and "MSE/var" in new[-1]
    window.session.set_third("science")
    settle(qtbot, window)
    assert len(log.lines()) == count + len(new), "another view is no other match"
    window.session.exclude(2)
    assert f"excluded: {shown.stack.entries[2].name}" in log.lines()[count + len(new)]
    click(qtbot, log.copy)
    assert QApplication.clipboard().text() == log.text.toPlainText()


def test_a_drag_is_one_line_of_the_log(noise, qtbot):
    window = noise
    log = window.judge.log
    settle(qtbot, window)
    click(qtbot, log.copy)
    count = len(log.lines())
    log._rest.setInterval(3000)  # a busy machine must not make it two drags
    slider = window.config_panel.field("order").slider
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        qtbot.keyClick(slider, key)
        settle(qtbot, window)
    qtbot.waitUntil(lambda: len(log.lines()) > count, timeout=WAIT)
    new = log.lines()[count:]
    assert [line.split("  ")[1].split(" ")[0] for line in new if "adjusted" not in line] == [
        "order:",
        "matched",
    ]
    assert f"→ {window.session.state.config.order}" in new[0]
