"""Looking: stretch, limits, colour maps, the visible lock, with real events."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, QSettings, Qt
from PyQt6.QtGui import QContextMenuEvent, QMouseEvent
from PyQt6.QtWidgets import QApplication, QMenu

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.session.state import Wishes
from bgviewer.tasks.judge import chi_square
from bgviewer.ui.format import number
from bgviewer.ui.limits_dialog import LimitsDialog
from tests.scenarios.conftest import WAIT, settle

pytestmark = [pytest.mark.scenario, pytest.mark.qt_log_ignore("This plugin does not support")]


def submenu(menu: QMenu, title: str) -> QMenu:
    """The menu below another, by the text people read."""
    found = [a.menu() for a in menu.actions() if a.menu() and a.text().replace("&", "") == title]
    assert len(found) == 1, title
    return found[0]


def choose(qtbot, menu: QMenu, text: str) -> None:
    """Open a menu and press the key that chooses an entry."""
    action = next(a for a in menu.actions() if a.text().replace("&", "").startswith(text))
    menu.popup(QPoint(50, 50))
    menu.setActiveAction(action)
    qtbot.keyClick(menu, Qt.Key.Key_Return)
    menu.hide()


def show(qtbot, window, kind: str) -> None:
    window.actions_[f"third_{kind}"].trigger()
    settle(qtbot, window)


def painted(item) -> np.ndarray:
    item.render()
    return np.array(item._colours)


def test_a_stretch_moves_colours_and_never_values(window, qtbot):
    show(qtbot, window, "science")
    panel = window.panels.third
    values = np.array(panel.image.image)
    before = painted(panel.image)
    view = window.actions_.menus["&View"]
    choose(qtbot, submenu(submenu(view, "Stretch"), "Third view"), "asinh")
    np.testing.assert_array_equal(panel.image.image, values)
    after = painted(panel.image)
    assert (after != before).mean() > 0.5
    # asinh lifts what is faint: nothing becomes darker (grey map, blue byte)
    assert (after & 255).astype(int).sum() > (before & 255).astype(int).sum()


def test_ticks_under_asinh_stand_at_the_colour_of_their_value(window, qtbot):
    show(qtbot, window, "science")
    panel = window.panels.third
    panel.looks.stretches["asinh"].trigger()
    low, high = panel.levels
    bar = panel.bar
    labels = bar.labels()
    assert len(labels) >= 4
    picture = bar.grab().toImage()
    ratio = picture.devicePixelRatio()
    x = int((bar._bar().left() + 2) * ratio)
    for value, text in labels:
        assert float(text.replace("−", "-")) == pytest.approx(value, abs=1e-4 * (high - low) + 1e-9)
        y = bar.place_of(value)
        if not bar._bar().top() + 3 < y < bar._bar().bottom() - 3:
            continue
        expected = np.arcsinh(10 * (value - low) / (high - low)) / np.arcsinh(10)
        seen = (bar._bar().bottom() - y) / bar._bar().height()
        assert seen == pytest.approx(expected, abs=1e-6)
        entry = int((value - low) / (high - low) * len(panel.table))
        colour = picture.pixelColor(x, int(y * ratio)).getRgb()[:3]
        assert np.abs(np.subtract(colour, panel.table[entry][:3].astype(int))).max() <= 8
    places = [bar.place_of(v) for v, _ in labels]
    assert min(np.abs(np.diff(places))) >= bar.fontMetrics().height(), "numbers do not overlap"


def test_about_zero_both_signs_are_stretched_alike(window, qtbot):
    panel = window.panels.residuals
    assert not panel.looks.stretches["log"].isEnabled()
    panel.looks.stretches["sqrt"].trigger()
    low, high = panel.levels
    assert low == -high
    bar = panel.bar
    middle = bar.place_of(0.0)
    for share in (0.1, 0.5, 0.9):
        assert middle - bar.place_of(share * high) == pytest.approx(
            bar.place_of(-share * high) - middle
        )
    assert any(value == 0 for value, _ in bar.labels())
    panel.looks.limits["minmax"].trigger()
    low, high = panel.levels
    values = np.asarray(window.session.state.match.shown.result.bins.residuals)
    assert -low == high == pytest.approx(np.abs(values).max(), rel=1e-5)


def test_limits_by_rule_from_the_menu_of_the_colour_bar(window, qtbot):
    show(qtbot, window, "science")
    panel = window.panels.third
    at = QPoint(20, 60)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, panel.bar.mapToGlobal(at))
    QApplication.sendEvent(panel.bar, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    menu.hide()
    shown = (
        panel.picture.values[panel.picture.hidden == 0]
        if panel.picture.hidden is not None
        else panel.picture.values
    )
    choose(qtbot, menu, "Minimum")
    assert panel.levels == pytest.approx((shown.min(), shown.max()))
    choose(qtbot, menu, "Percentiles")
    assert 0.002 < (shown < panel.levels[0]).mean() < 0.009
    assert 0.002 < (shown > panel.levels[1]).mean() < 0.009
    choose(qtbot, menu, "zscale")
    assert shown.min() <= panel.levels[0] < np.median(shown) < panel.levels[1] <= shown.max()
    choose(qtbot, menu, "By hand")
    qtbot.waitUntil(lambda: panel.findChild(LimitsDialog) is not None, timeout=WAIT)
    dialog = panel.findChild(LimitsDialog)
    for field, text in ((dialog.low, "-3.5"), (dialog.high, "12")):
        field.selectAll()
        qtbot.keyClicks(field, text)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert panel.levels == (-3.5, 12.0)
    assert panel.looks.limits["manual"].isChecked()
    show(qtbot, window, "variance")
    assert panel.looks.limits["automatic"].isChecked(), "each kind of view has its own"
    show(qtbot, window, "science")
    assert panel.levels == (-3.5, 12.0)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_A)
    assert panel.levels == (panel.picture.levels.low, panel.picture.levels.high)


def test_dragging_the_bar_sets_the_end_by_hand(window, qtbot):
    panel = window.panels.model
    low, high = panel.levels
    bar = panel.bar

    def mouse(kind, y):
        position = QPointF(bar._bar().center().x(), y)
        left = Qt.MouseButton.LeftButton
        at = bar.mapToGlobal(position)
        QApplication.sendEvent(
            bar, QMouseEvent(kind, position, at, left, left, Qt.KeyboardModifier.NoModifier)
        )

    top = bar._bar().top() + 10
    mouse(QMouseEvent.Type.MouseButtonPress, top)
    mouse(QMouseEvent.Type.MouseMove, top + 30)
    mouse(QMouseEvent.Type.MouseButtonRelease, top + 30)
    assert panel.levels[0] == low and panel.levels[1] < high
    assert panel.looks.limits["manual"].isChecked()


def test_the_lock_is_seen_and_told(window, qtbot):
    bars = [panel.bar for panel in window.panels.all]
    before = [bar.grab().toImage() for bar in bars]
    qtbot.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    for bar, was in zip(bars, before, strict=True):
        assert bar.locked and "Locked" in bar.toolTip()
        assert bar.grab().toImage() != was
    qtbot.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    assert not any(bar.locked or "Locked" in bar.toolTip() for bar in bars)


def test_a_colour_map_is_remembered_and_reaches_the_cells(window, qtbot, make_window):
    panel = window.panels.model
    before = painted(panel.image)
    brush = panel.cells.points()[0].brush().color().name()
    menu = submenu(window.actions_.menus["&View"], "Colour map")
    choose(qtbot, menu, "magma")
    assert (painted(panel.image) != before).any()
    assert panel.cells.points()[0].brush().color().name() != brush
    assert QSettings().value("looks/map_sequential") == "magma"
    assert make_window().panels.model.looks.maps["sequential"] == "magma"


def test_the_histogram_counts_the_values_between_the_ends(window, qtbot):
    show(qtbot, window, "science")
    bar = window.panels.third.bar
    bar.grab()
    heights = np.array(bar._heights)
    assert heights.max() == 1 and np.count_nonzero(heights) > 10
    window.panels.third.looks.stretches["sqrt"].trigger()
    bar.grab()
    assert not np.array_equal(heights, bar._heights)


# ---------------------------------------------------------------- overlays


def test_m_lays_the_bad_planes_over_the_pictures_with_their_share(window, qtbot):
    layers = window.panels.layers
    assert not any(layer.mask.isVisible() for layer in layers)
    qtbot.keyClick(window, Qt.Key.Key_M)
    shown = settle(qtbot, window)
    assert all(layer.mask.isVisible() for layer in layers)
    overlay = shown.overlays.mask
    pair = (shown.reference, shown.science)
    flagged = pair[0].flagged(shown.config.bad_mask_planes) | pair[1].flagged(
        shown.config.bad_mask_planes
    )
    step = shown.base.window.step
    assert step == 1
    np.testing.assert_array_equal(overlay.codes > 0, flagged)
    kinds = len(overlay.legend)
    assert set(np.unique(overlay.codes)) - set(range(2 * kinds + 1)) == set()
    assert (overlay.codes > kinds).any() and (overlay.codes[flagged] <= kinds).any(), "hatched"
    for name, share in overlay.legend:
        expected = np.mean(pair[0].flagged((name,)) | pair[1].flagged((name,)))
        assert share == pytest.approx(expected)
        assert (name in layers[0].legend.text()) == (share > 0), "what is not there needs no key"
    assert layers[0].legend.isVisible() and "%" in layers[0].legend.text()
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert settle(qtbot, window).overlays is None
    assert not any(layer.mask.isVisible() for layer in layers)


def test_d_shows_where_there_is_no_data(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_D)
    shown = settle(qtbot, window)
    layer = shown.overlays.coverage
    none = [~np.isfinite(e.image) for e in (shown.reference, shown.science)]
    for exposure, lacking in zip((shown.reference, shown.science), none, strict=True):
        if "NO_DATA" in (exposure.planes or {}):
            lacking |= exposure.flagged(("NO_DATA",))
    np.testing.assert_array_equal(layer.codes > 0, none[0] | none[1])
    assert [share for _, share in layer.legend[:2]] == [n.mean() for n in none]
    assert layer.legend[2][1] == (none[0] & none[1]).mean()


def test_o_outlines_the_bins_where_they_can_be_told_apart(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_O)
    shown = settle(qtbot, window)
    outlines = window.panels.layers[1].outlines
    window.panels.residuals.canvas.grab()
    bins = shown.result.bins
    columns, rows = len(set(bins.left)), len(set(bins.bottom))
    # Neighbours share their lines; around a bin that was dropped they are broken.
    assert columns + rows + 2 <= outlines.drawn <= columns + rows + 2 + 4 * bins.n_dropped
    window.panels.view.zoom(4.0)
    window.panels.view.zoom(4.0)
    assert 32 / window.panels.view.scale(*window.panels.residuals.view_size()) > 6
    qtbot.keyClick(window, Qt.Key.Key_O)
    assert settle(qtbot, window).overlays is None and not outlines.isVisible()


def test_the_scale_bar_is_as_long_as_it_says(window, qtbot):
    shown = settle(qtbot, window)
    bar = window.panels.model.scale_bar
    assert bar.isVisible()
    wcs = shown.science.wcs
    corners = wcs.wcs_pix2world([[100, 100], [101, 100]], 0)
    step = np.diff(corners, axis=0)[0] * (np.cos(np.radians(corners[0, 1])), 1)
    arcsec = 3600 * np.hypot(*step)
    said = float(bar.text[:-1]) * {"″": 1, "′": 60}[bar.text[-1]]
    per_pixel = window.panels.view.scale(*window.panels.model.view_size())
    assert bar.length * per_pixel * arcsec == pytest.approx(said, rel=1e-2)
    assert bar.bin_text.startswith("binSize 32 px = ")
    assert bar.bin_length * per_pixel == pytest.approx(32)
    before = bar.length / float(bar.text[:-1])
    qtbot.keyClick(window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert bar.bin_length == pytest.approx(1.4 * 32 / per_pixel, rel=1e-6)
    assert bar.length / float(bar.text[:-1]) != before


def test_a_pixel_without_data_says_so(window, qtbot):
    shown = settle(qtbot, window)
    x0, y0 = shown.science.xy0
    empty = np.argwhere(~np.isfinite(shown.science.image) | ~np.isfinite(shown.reference.image))
    assert len(empty), "the stack has pixels without data"
    row, column = (int(v) for v in empty[0])
    window.panels.hovered.emit((x0 + column, y0 + row))
    assert "no data" in window.status.plain_readout()
    assert "no data" in window.status.readout.text()


def test_a_low_window_keeps_the_figures_in_one_line(window, qtbot):
    settle(qtbot, window)
    figures = window.panels.figures
    window.resize(1280, 900)
    assert figures.line.isHidden() and figures.fit_rms.isVisible()
    window.resize(1280, 720)
    window.judge_dock.show()
    qtbot.waitUntil(lambda: window.panels.height() < 430, timeout=WAIT)
    assert figures.line.isVisible() and not figures.fit_rms.isVisible()
    assert figures.fit_rms.value.text() in figures.line.text().replace("&nbsp;", " ")
    # Side by side, once the layout has been gone through.
    qtbot.waitUntil(lambda: len({panel.y() for panel in window.panels.all}) == 1, timeout=WAIT)


def test_the_sensitive_figure_stands_beside_the_other(window, qtbot):
    shown = settle(qtbot, window)
    chi = chi_square(shown.result)
    card = window.panels.figures.chi
    if chi.dof:
        assert float(card.value.text()) == pytest.approx(chi.reduced, rel=1e-2)
    else:
        assert card.value.text() == "–" and card.remark.text()
    badges = window.panels.figures.badges.badges
    assert badges["cells"].text().endswith("cells") and "asked: " in badges["cells"].toolTip()


def test_a_scale_that_changed_much_says_so_until_it_is_locked(window, qtbot):
    """Order 1 and order 8 would look alike: the colours follow the residuals."""
    panel = window.panels.residuals
    session = window.session
    config = MatchConfig(bin_size=20, use_polynomial=True, order=1)
    session.set_wishes(Wishes(config, StackPlan(), session.state.reference))
    settle(qtbot, window)
    assert "than before" not in panel.note.text()
    panel._rest.setInterval(0)
    session.edit_config("bin_size", 21)
    settle(qtbot, window)
    wide = panel.levels[1]
    panel._rest.setInterval(60_000)
    session.edit_config("order", 8)
    settle(qtbot, window)
    ratio = wide / panel.levels[1]
    assert ratio > 3 and f"scale {number(ratio, 2)} × finer than before" in panel.note.text()
    assert "Lock scales" in panel.note.toolTip()
    session.edit_config("order", 1)
    settle(qtbot, window)
    assert "than before" not in panel.note.text(), "as when it was looked at last"
    window.actions_["lock_levels"].trigger()
    session.edit_config("order", 8)
    settle(qtbot, window)
    assert "than before" not in panel.note.text()
