"""Diagnostics, flux loss and consistency with real events."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtWidgets import QApplication

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.tasks.diagnostic import ABOVE, EXPECTED, UNKNOWN
from bgviewer.tasks.diagnostics import diagnose
from tests.scenarios.conftest import WAIT, in_memory, settle
from tests.scenarios.test_main_job import choose, click, main, type_into

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("This plugin does not support"),
]
LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
SIDE = 256


def sky_stack(boxes=(None, None, None, None)):
    """Flat, slope, bowl and another bowl, in noise; `boxes` says which columns have data."""
    x = np.linspace(-1, 1, SIDE)
    y = x[:, None]
    skies = (100 + 0 * x * y, 90 + 8 * x - 5 * y, 95 + 9 * x * x + 7 * y * y, 80 + 5 * x * x + y)
    rng = np.random.default_rng(3)
    made = []
    for sky, box, name in zip(skies, boxes, ("flat", "slope", "bowl", "dish"), strict=True):
        image = (sky + 2 * rng.standard_normal(sky.shape)).astype(np.float32)
        if box is not None:
            image[:, : box[0]] = image[:, box[1] :] = np.nan
        made.append(Exposure(image, name=name))
    return in_memory(made)


@pytest.fixture
def open_stack(make_window, qtbot):
    def make(stack, config, science=2):
        window = make_window(config)
        window.session.use_stack(stack)
        qtbot.waitUntil(lambda: window.session.state.stack is not None, timeout=WAIT)
        window.session.set_reference(0)
        window.session.set_science(science)
        settle(qtbot, window)
        return window

    return make


@pytest.fixture
def sky(open_stack):
    config = MatchConfig(bin_size=16, use_polynomial=True, order=1, approx_weighting=False)
    return open_stack(sky_stack(), config)


def open_dock(qtbot, window, tab="diagnosis"):
    """Open the dock by its key, and bring a tab in front by a click."""
    qtbot.keyClick(window, Qt.Key.Key_D, CONTROL)
    panel = window.diagnostics.panel
    qtbot.waitUntil(panel.isVisible)
    wanted = getattr(panel, tab)
    bar = panel.tabBar()
    qtbot.mouseClick(bar, LEFT, pos=bar.tabRect(panel.indexOf(wanted)).center())
    qtbot.waitUntil(wanted.isVisible)
    told(qtbot, window)
    return wanted


def told(qtbot, window):
    """Wait until the match is on the screen, and what is said about it is about it."""
    settle(qtbot, window)
    source = window.session.diagnoser
    parts = [p for p in (source.diagnosis, source.flux_loss) if p._watched]
    qtbot.waitUntil(lambda: all(p.current and not p.working for p in parts), timeout=WAIT)


def row_of(table, name):
    for row in range(table.rowCount()):
        if table.item(row, 1).text() == name:
            return row
    raise LookupError(name)


def click_item(qtbot, table, row, column=1):
    table.scrollToItem(table.item(row, column))
    at = table.visualItemRect(table.item(row, column)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=at)


def test_the_table_says_what_is_bad_and_a_remedy_mends_it(sky, qtbot):
    window = sky
    tab = open_dock(qtbot, window)
    shown = window.session.state.match.shown
    expected = diagnose(shown.result, unit=shown.figures.unit)
    seen = [[tab.table.item(r, c).text() for c in range(4)] for r in range(tab.table.rowCount())]
    words = {EXPECTED: "≈ as expected", ABOVE: "↑ above expectation", UNKNOWN: "– unknown"}
    assert seen == [[words[d.state], d.name, d.figure, d.expected or "–"] for d in expected.items]
    assert tab.line.text().startswith("bowl: ") and "↑ above expectation" in tab.line.text()
    assert tab.map.picture is not None and "error" in tab.map.words

    row = row_of(tab.table, "Chi-square of residuals")
    click_item(qtbot, tab.table, row)
    assert seen[row][0] == "↑ above expectation" and "What to try" in tab.detail.text()
    (button,) = [b for b in tab.buttons if b.isVisible() and b.text() == "Use order 2"]
    click(qtbot, button)
    told(qtbot, window)
    assert window.session.state.config.order == 2 == main(window, "order").value()
    assert tab.table.item(row, 0).text() == "≈ as expected"
    assert tab.table.currentRow() == row and "Chi-square" in tab.detail.text()
    qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL)
    told(qtbot, window)
    assert window.session.state.config.order == 1
    assert tab.table.item(row, 0).text() == "↑ above expectation"


def test_the_keys_walk_the_table_and_the_detail_follows(sky, qtbot):
    tab = open_dock(qtbot, sky)
    tab.table.setFocus()
    for row in range(tab.table.rowCount()):
        tab.table.setCurrentCell(0, 0)
        for _ in range(row):
            qtbot.keyClick(tab.table, Qt.Key.Key_Down)
        assert tab.table.item(row, 1).text() in tab.detail.text()


def test_hidden_it_computes_and_holds_nothing(sky, qtbot):
    window = sky
    panel, source = window.diagnostics.panel, window.session.diagnoser
    type_into(qtbot, main(window, "bin_size"), "40")
    settle(qtbot, window)
    assert panel.diagnosis.updates == panel.flux_loss.updates == panel.consistency.updates == 0
    assert source.diagnosis.value is source.flux_loss.value is None and not source.lane.busy
    tab = open_dock(qtbot, window)
    assert tab.table.rowCount() == 8 and source.flux_loss.value is None
    window.diagnostics.dock.hide()
    assert tab.table.rowCount() == 0 and tab.map.picture is None
    type_into(qtbot, main(window, "bin_size"), "32")
    settle(qtbot, window)
    assert source.diagnosis.value is None


def test_without_a_match_it_says_why(sky, qtbot):
    window = sky
    tab = open_dock(qtbot, window)
    window.session.set_science(0)
    qtbot.waitUntil(lambda: tab.table.rowCount() == 0)
    assert "reference itself" in tab.line.text()
    window.session.set_science(1)
    told(qtbot, window)
    assert tab.line.text().startswith("slope")
    window.session.close_stack()
    assert tab.table.rowCount() == 0 and "Open exposures" in tab.line.text()


def test_the_guard_follows_size_place_and_settings(sky, qtbot):
    window, source = sky, sky.session.diagnoser.flux_loss
    tab = open_dock(qtbot, window, "flux_loss")
    first = source.value
    assert f"{first.own.source.radius:.3g} pixels" in tab.words.text()
    assert tab.bin.isVisible() and tab.bin.value() == pytest.approx(np.log10(16))
    type_into(qtbot, tab.radius, "120")
    qtbot.waitUntil(
        lambda: source.value.own.source.radius == 120 and not source.working, timeout=WAIT
    )
    second = source.value
    assert second.own.profile > first.own.profile and "120 pixels" in tab.words.text()
    assert tab.own.data["x"][0] == pytest.approx(np.log10(120))
    assert tab.own.data["y"][0] == pytest.approx(100 * second.own.profile)
    type_into(qtbot, tab.brightness, "0.5")
    qtbot.waitUntil(lambda: source.value.own.source.brightness == 0.5, timeout=WAIT)
    assert source.value.own.profile == pytest.approx(second.own.profile, rel=1e-6)

    choose(qtbot, tab.where, "where last pointed")
    canvas = window.panels.model.canvas
    box = canvas.getPlotItem().getViewBox()
    at = canvas.mapFromScene(box.mapViewToScene(QPointF(40.0, 60.0)))
    qtbot.mouseMove(canvas.viewport(), QPoint(at.x() + 3, at.y() + 3))
    qtbot.mouseMove(canvas.viewport(), at)
    near = pytest.approx((40.0, 60.0), abs=4)
    qtbot.waitUntil(lambda: source.value is not None and source.value.at == near, timeout=WAIT)

    type_into(qtbot, main(window, "order"), "5")
    told(qtbot, window)
    assert source.value.own.profile > second.own.profile


def finish_check(qtbot, window):
    checker = window.session.checker
    qtbot.waitUntil(lambda: checker.found is not None and not checker.running, timeout=WAIT)
    settle(qtbot, window)


def test_the_check_shows_matrix_and_worst_list_and_a_click_goes_there(sky, qtbot):
    window, session = sky, sky.session
    tab = open_dock(qtbot, window, "consistency")
    assert tab.start.isEnabled() and not tab.stop.isEnabled() and not tab.which.isEnabled()
    choose(qtbot, tab.other, "slope")
    click(qtbot, tab.start)
    assert session.checker.running and tab.stop.isEnabled() and not tab.start.isEnabled()
    finish_check(qtbot, window)
    assert tab.which.count() == 3 and tab.which.itemText(2).startswith("Closure with slope")
    assert [tab.matrix.pairs.index(0, c).data() for c in range(4)] == ["", "100", "100", "100"]
    choose(qtbot, tab.which, tab.which.itemText(1))
    found = session.checker.found.closures[0]
    texts = [tab.matrix.pairs.index(0, c).data() or "" for c in range(4)]
    for text, value in list(zip(texts, found.matrix[0], strict=True))[1:]:
        assert text.startswith(f"{value:.2g}")
    assert tab.worst.item(0, 1).text() == " - ".join(found.pairs[0].names)

    index = tab.matrix.pairs.index(0, 3)  # flat and dish: flat is the reference
    qtbot.mouseClick(tab.matrix.viewport(), LEFT, pos=tab.matrix.visualRect(index).center())
    assert session.state.science == 3
    settle(qtbot, window)
    click_item(qtbot, tab.worst, tab.worst.rowCount() - 1)
    last = found.pairs[tab.worst.rowCount() - 1]
    assert session.state.science in (last.first, last.second)
    settle(qtbot, window)

    type_into(qtbot, main(window, "order"), "2")
    settle(qtbot, window)
    assert tab.line.text().startswith("◌ Outdated")
    click(qtbot, tab.start)
    finish_check(qtbot, window)
    assert not tab.line.text().startswith("◌")
    assert session.checker.found.closures[0].typical < 0.2 * found.typical


def test_groups_and_a_better_reference_are_named(open_stack, qtbot):
    boxes = [(0, 80), (60, 200), (180, 256), None]
    config = MatchConfig(bin_size=32, use_polynomial=True, order=0)
    window = open_stack(sky_stack(boxes), config, science=3)
    tab = open_dock(qtbot, window, "consistency")
    click(qtbot, tab.start)
    finish_check(qtbot, window)
    assert "dish recommends itself" in tab.advice.text()
    assert tab.matrix.pairs.index(0, 2).data() == "0 ↑"
    assert tab.take.isVisible() and "dish" in tab.take.text()
    click(qtbot, tab.take)
    settle(qtbot, window)
    assert window.session.state.reference == 3 and not tab.take.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL)
    settle(qtbot, window)
    assert window.session.state.reference == 0 and tab.take.isVisible()


def test_the_check_is_stopped_and_the_window_closed_in_the_middle(sky, qtbot):
    window = sky
    tab = open_dock(qtbot, window, "consistency")
    tab.start.setFocus()
    qtbot.keyClick(tab.start, Qt.Key.Key_Space)
    click(qtbot, tab.stop)
    qtbot.waitUntil(lambda: not window.session.checker.running, timeout=WAIT)
    assert window.session.checker.found is None and tab.start.isEnabled()
    open_dock(qtbot, window)
    type_into(qtbot, main(window, "bin_size"), "24")
    window.close()
    assert not window.session.alive
    QApplication.sendPostedEvents()
