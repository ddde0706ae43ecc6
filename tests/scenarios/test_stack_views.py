"""Overview, co-add preview and comparison, driven through the real window."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
import pytest
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QApplication, QPushButton

import bgviewer
from bgviewer.engine.config import MatchConfig
from bgviewer.tasks.draw import THIRD_VIEWS
from bgviewer.tasks.picture import block_mean
from bgviewer.ui.compare import BLINK_INTERVAL
from tests.scenarios.conftest import WAIT, settle

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("propagateSizeHints"),
]
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def press(qtbot, window, key, modifiers=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(window, key, modifiers)


def choose_view(qtbot, window, view):
    digit = (THIRD_VIEWS.index(view) + 1) % 10
    press(qtbot, window, Qt.Key(Qt.Key.Key_0 + digit))


def match_all(qtbot, window):
    press(qtbot, window, Qt.Key.Key_M, CONTROL)
    settle(qtbot, window)


def edit_order(qtbot, window, order):
    spin = window.config_panel.field("order").main
    spin.setFocus()
    spin.selectAll()
    qtbot.keyClicks(spin, str(order))
    qtbot.keyClick(spin, Qt.Key.Key_Return)
    window.panels.third.canvas.setFocus()
    return settle(qtbot, window)


@pytest.fixture
def polynomial(make_window, qtbot, stack_folder):
    window = make_window(MatchConfig(bin_size=32, use_polynomial=True, order=1))
    window.load([str(stack_folder)])
    settle(qtbot, window)
    return window


@pytest.fixture
def pair(polynomial, qtbot):
    """A window with order 1 kept as A and order 3 as B."""
    press(qtbot, polynomial, Qt.Key.Key_A, CONTROL | SHIFT)
    edit_order(qtbot, polynomial, 3)
    press(qtbot, polynomial, Qt.Key.Key_B, CONTROL | SHIFT)
    settle(qtbot, polynomial)
    return polynomial


def drag(view, points):
    """Press at the first point, move over the others, release; the button is held meanwhile."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    kind = QEvent.Type
    steps = [
        (kind.MouseMove, points[0], none, none),
        (kind.MouseButtonPress, points[0], left, left),
    ]
    steps += [(kind.MouseMove, point, none, left) for point in points[1:]]
    steps += [(kind.MouseButtonRelease, points[-1], left, none)]
    for what, point, button, buttons in steps:
        place = QPointF(point)
        event = QMouseEvent(
            what,
            place,
            QPointF(view.mapToGlobal(point)),
            button,
            buttons,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(view, event)


# ---------------------------------------------------------------- overview


def open_overview(window):
    window.stack_views.overview_dock.toggleViewAction().trigger()
    return window.stack_views.overview


def test_the_overview_shows_all_exposures_the_worst_first(window, qtbot):
    assert not window.stack_views.overview.isVisible()
    assert window.stack_views.overview.tiles == (), "hidden, it does nothing"
    panel = open_overview(window)
    assert panel.isVisible()
    state = window.session.state
    others = [t for t in panel.tiles if t.state == "not matched"]
    assert len(others) == len(state.stack) - 2
    assert all("not matched yet" in panel.list.item(i).text() for i in range(2, 4))
    qtbot.mouseClick(panel.match_all, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    expected = [
        o
        for o in bgviewer.match_stack(state.stack.stack, state.config, state.reference)
        if o.status == "matched"
    ]
    expected.sort(key=lambda o: -o.fit_rms)
    assert [t.exposure for t in panel.tiles[:-1]] == [o.id for o in expected]
    assert panel.tiles[-1].state == "reference"
    for tile, outcome in zip(panel.tiles, expected, strict=False):
        assert tile.map.rms == pytest.approx(outcome.fit_rms)
        bins = outcome.bins
        for k in range(0, len(bins.values), 5):
            at = bins.bottom[k] // 32, bins.left[k] // 32
            assert tile.map.values[at] == np.float32(bins.residuals[k])
    assert "● matched" in panel.list.item(0).text()
    low, high = panel.bar.levels
    assert low == -high < 0


def test_a_click_on_a_map_shows_its_exposure(window, qtbot):
    panel = open_overview(window)
    match_all(qtbot, window)
    row = next(i for i, t in enumerate(panel.tiles) if t.exposure != window.session.state.science)
    wanted = panel.tiles[row].exposure
    item = panel.list.item(row)
    panel.list.scrollToItem(item)
    at = panel.list.visualItemRect(item).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert settle(qtbot, window).science_id == wanted
    assert panel.list.currentItem() is panel.list.item(row)


def test_maps_of_other_settings_are_called_outdated(window, qtbot):
    panel = open_overview(window)
    match_all(qtbot, window)
    window.session.edit_config("interp_style", "LINEAR")
    settle(qtbot, window)
    states = {t.exposure: t.state for t in panel.tiles}
    assert states[window.session.state.science] == "matched"
    assert list(states.values()).count("outdated") == len(states) - 2
    assert f"{len(states) - 2} pale" in panel.summary.text()


def test_the_toolbar_says_which_snapshots_are_kept_and_opens_what_differs(polynomial, qtbot):
    window, kept = polynomial, polynomial.kept
    assert not kept.isVisible()
    press(qtbot, window, Qt.Key.Key_A, CONTROL | SHIFT)
    qtbot.waitUntil(kept.isVisible)
    assert kept.text() == "A ●  B ○" and "order 1" in kept.toolTip()
    edit_order(qtbot, window, 3)
    press(qtbot, window, Qt.Key.Key_B, CONTROL | SHIFT)
    assert kept.text() == "A ●  B ●" and "order 3" in kept.toolTip()
    qtbot.mouseClick(kept, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(window.stack_views.differences.table.isVisible)
    window.session.stack_views.forget_snapshots()
    qtbot.waitUntil(lambda: not kept.isVisible())


def test_the_view_menu_marks_the_third_view(window, qtbot):
    state = window.session.state
    assert window.actions_[f"third_{state.third}"].isChecked()
    choose_view(qtbot, window, "matched")
    assert window.actions_["third_matched"].isChecked()
    assert not window.actions_[f"third_{state.third}"].isChecked()


# ---------------------------------------------------------------- co-add


def coadd_ready(qtbot, window):
    qtbot.waitUntil(
        lambda: (
            (p := window.panels.third.picture) is not None
            and p.kind.startswith("coadd")
            and not p.message
            and window.session.stack_views.coadd.current
        ),
        timeout=WAIT,
    )


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_the_coadd_before_and_after(window, qtbot, statistic):
    window.actions_[f"coadd_{statistic}"].trigger()
    choose_view(qtbot, window, "coadd_before")
    settle(qtbot, window)
    third = window.panels.third
    assert "Match all first" in third.message.text() and third.message.isVisible()
    match_all(qtbot, window)
    coadd_ready(qtbot, window)
    assert not third.message.isVisible()
    state = window.session.state
    stack = state.stack.stack
    outcomes = bgviewer.match_stack(stack, state.config, state.reference)
    at = window.session.stack_views.coadd.coadd.window
    combine = np.nanmean if statistic == "mean" else np.nanmedian
    raw, matched = [], []
    for outcome in outcomes:
        exposure = stack.read(outcome.id)
        empty = exposure.flagged(("NO_DATA",))
        image = exposure.image if empty is None else np.where(empty, np.nan, exposure.image)
        raw.append(block_mean(image.astype(np.float32), at))
        model = outcome.model
        matched.append(raw[-1] + (0 if model is None else model.render(at.rows, at.columns)))
    np.testing.assert_allclose(third.image.image, combine(raw, axis=0), rtol=1e-5, atol=1e-3)
    assert f"{statistic} of 5 exposures" in third.note.text()
    span = np.diff(third.levels)
    choose_view(qtbot, window, "coadd_after")
    settle(qtbot, window)
    np.testing.assert_allclose(third.image.image, combine(matched, axis=0), rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(np.diff(third.levels), span, rtol=1e-6)


def test_a_coadd_of_other_settings_says_so_and_is_made_anew_after_match_all(window, qtbot):
    match_all(qtbot, window)
    choose_view(qtbot, window, "coadd_after")
    coadd_ready(qtbot, window)
    first = window.session.stack_views.coadd.coadd
    window.session.edit_config("interp_style", "LINEAR")
    settle(qtbot, window)
    assert "outdated" in window.panels.third.note.text()
    match_all(qtbot, window)
    coadd_ready(qtbot, window)
    second = window.session.stack_views.coadd.coadd
    assert second is not first
    assert "outdated" not in window.panels.third.note.text()
    one = next(iter(first.blocks.values))
    assert second.blocks.values[one] is first.blocks.values[one], "pixels are not read again"


def test_a_coadd_that_is_stopped_is_not_begun_again_by_itself(window, qtbot, monkeypatch):
    match_all(qtbot, window)
    begun = []

    def slow(request, progress):
        begun.append(request)
        while True:
            progress.step(0.1)

    monkeypatch.setattr("bgviewer.session.stack_views.coadd", slow)
    choose_view(qtbot, window, "coadd_after")
    third = window.panels.third
    qtbot.waitUntil(lambda: "Making the co-add" in third.message.text(), timeout=WAIT)
    qtbot.waitUntil(lambda: len(begun) == 1, timeout=WAIT)
    press(qtbot, window, Qt.Key.Key_Escape)
    settle(qtbot, window)
    assert "not made" in third.message.text() and len(begun) == 1
    monkeypatch.undo()
    choose_view(qtbot, window, "science")
    settle(qtbot, window)
    choose_view(qtbot, window, "coadd_after")
    coadd_ready(qtbot, window)


# ---------------------------------------------------------------- compare


def test_space_toggles_the_snapshots_and_an_edit_ends_it(pair, qtbot):
    compare = pair.stack_views.compare
    a, b = (pair.session.stack_views.snapshot(s) for s in "ab")
    assert (a.config.order, b.config.order) == (1, 3)
    if a.result.difference is not b.result.difference:
        assert a.result.difference.values is b.result.difference.values, "shared, not copied"
    model = compare.overlays[0]
    press(qtbot, pair, Qt.Key.Key_Space)
    assert compare.mode == "toggle" and compare.slot == "a"
    assert [i.isVisible() for i in model.images] == [True, False]
    assert model.badge.text() == "A" and model.badge.isVisible()
    np.testing.assert_array_equal(model.images[0].image, a.base.model.values)
    press(qtbot, pair, Qt.Key.Key_Space)
    assert [i.isVisible() for i in model.images] == [False, True]
    np.testing.assert_array_equal(model.images[1].image, b.base.model.values)
    edit_order(qtbot, pair, 2)
    assert compare.mode == "" and not any(i.isVisible() for i in model.images)
    assert not model.badge.isVisible()


def test_blinking_swaps_preloaded_images_and_stops_on_any_edit(pair, qtbot):
    assert BLINK_INTERVAL >= 500
    compare = pair.stack_views.compare
    image = compare.overlays[0].images
    press(qtbot, pair, Qt.Key.Key_B)
    held = [i.qimage for i in image]
    slots = []
    compare.changed.connect(lambda: slots.append(compare.slot))
    qtbot.waitUntil(lambda: len(slots) >= 3, timeout=WAIT)
    assert slots[0] != slots[1] != slots[2]
    assert sum(i.isVisible() for i in image) == 1, "never none of them: no flash"
    assert all(i.qimage is q for i, q in zip(image, held, strict=True) if q is not None)
    window = pair
    window.session.edit_config("order", 2)
    assert compare.mode == "" and not compare._timer.isActive()
    settle(qtbot, window)


def test_the_split_line_is_dragged_over_the_panels(pair, qtbot, monkeypatch):
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", 0)  # every move counts
    compare = pair.stack_views.compare
    press(qtbot, pair, Qt.Key.Key_B, SHIFT)
    first, other = compare.overlays[0], compare.overlays[1]
    assert first.line.isVisible() and first.badge.text() == "A | B"
    assert first.images[0].part == (0.0, 0.5) and first.images[1].part == (0.5, 1.0)
    canvas = first.panel.canvas
    box = canvas.getPlotItem().getViewBox()
    left, bottom, width, height = pair.session.state.match.shown.base.model.box

    def at(share):
        point = QPointF(left + share * width, bottom + height / 2)
        return canvas.mapFromScene(box.mapViewToScene(point))

    drag(canvas.viewport(), [at(share) for share in (0.5, 0.48, 0.44, 0.4, 0.3)])
    place = first.images[0].part[1]
    assert place == pytest.approx(0.3, abs=0.05)
    assert other.images[1].part == (place, 1.0) and other.line.value() == first.line.value()
    press(qtbot, pair, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert first.images[0].part[1] == pytest.approx(place + 0.05)
    press(qtbot, pair, Qt.Key.Key_Backspace)
    assert compare.mode == "" and not first.line.isVisible()


def test_a_minus_b_is_the_difference_of_the_models(pair, qtbot):
    choose_view(qtbot, pair, "a_minus_b")
    settle(qtbot, pair)
    a, b = (pair.session.stack_views.snapshot(s).result for s in "ab")
    picture = pair.panels.third.picture
    at = pair.session.state.match.shown.base.window
    expected = a.model.render(at.rows, at.columns) - b.model.render(at.rows, at.columns)
    np.testing.assert_array_equal(picture.values, expected)
    assert "A brighter" in pair.panels.third.note.text()
    pair.session.stack_views.forget_snapshots()
    settle(qtbot, pair)
    assert "two snapshots" in pair.panels.third.message.text()


def test_the_list_of_what_differs(pair, qtbot):
    press(qtbot, pair, Qt.Key.Key_D, CONTROL | SHIFT)
    panel = pair.stack_views.differences
    qtbot.waitUntil(panel.table.isVisible)
    rows = {
        panel.table.item(i, 0).text(): tuple(panel.table.item(i, j).text() for j in (1, 2))
        for i in range(panel.table.rowCount())
    }
    assert rows["order"] == ("1", "3")
    assert "fitRMS" in rows and rows["fitRMS"][0] != rows["fitRMS"][1]
    assert "binSize" not in rows, "what is the same is not listed"


def test_the_keys_leave_editors_and_buttons_alone(pair, qtbot):
    compare = pair.stack_views.compare
    pair.stack_views.overview_dock.show()
    button = pair.stack_views.overview.match_all
    assert isinstance(button, QPushButton)
    button.setFocus()
    pressed = []
    button.clicked.connect(lambda: pressed.append(1))
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert pressed and compare.mode == ""
    settle(qtbot, pair)
    spin = pair.config_panel.field("order").main
    spin.setFocus()
    qtbot.keyClick(spin, Qt.Key.Key_B)
    qtbot.keyClick(spin, Qt.Key.Key_Space)
    assert compare.mode == ""


def test_without_snapshots_the_window_says_how_to_make_them(window, qtbot):
    press(qtbot, window, Qt.Key.Key_Space)
    assert "Ctrl+Shift+A" in window.notices.text.text()
    assert window.stack_views.compare.mode == ""
