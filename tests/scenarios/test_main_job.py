"""The main job, driven through the real window and compared with the engine called directly."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QApplication, QCheckBox, QComboBox, QSlider, QSpinBox

import bgviewer
from bgviewer.engine.exposure import MaskedImage
from bgviewer.errors import BgviewerError
from bgviewer.tasks.show import THIRD_VIEWS
from bgviewer.ui.bug_dialog import BugDialog
from bgviewer.ui.export_dialog import ExportDialog
from bgviewer.ui.help import AboutDialog, KeysDialog
from bgviewer.ui.report_dialog import ReportDialog
from tests.scenarios.conftest import WAIT, current, in_memory, means, settle

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("propagateSizeHints"),
]


# ---------------------------------------------------------------- the engine, called directly


def direct(window):
    """The engine's own answer to what the window is asked for."""
    state = window.session.state
    stack = state.stack.stack
    reference, science = stack.read(state.reference), stack.read(state.science)
    return bgviewer.match_backgrounds(reference, science, state.config)


def agree(window, qtbot):
    """Assert that panels, figures and table show the engine's numbers."""
    shown = settle(qtbot, window)
    expected = direct(window)
    panels, step = window.panels, shown.base.window.step
    rows, columns = shown.base.window.rows, shown.base.window.columns

    model = expected.model.render()[np.ix_(rows, columns)]
    np.testing.assert_array_equal(panels.model.image.image, model)
    markers = shown.markers
    known = np.isfinite(expected.cells.values)
    np.testing.assert_array_equal(markers.values, expected.cells.values[known])
    drawn = panels.model.cells.getData()
    np.testing.assert_allclose(drawn[0], np.meshgrid(expected.cells.x, expected.cells.y)[0][known])
    assert len(panels.model.empty.getData()[0]) == np.count_nonzero(~known)

    residual = panels.residuals.image.image
    bins = expected.bins
    for k in range(0, len(bins.values), 7):
        j = np.flatnonzero((rows >= bins.bottom[k]) & (rows < bins.top[k]))
        i = np.flatnonzero((columns >= bins.left[k]) & (columns < bins.right[k]))
        area = residual[np.ix_(j, i)]
        assert area.size and (area == np.float32(bins.values[k] - bins.model[k])).all()
    if shown.base.third.kind == "reference_minus_matched":
        left = means(expected.difference.values, step) - model
        seen = panels.third.image.image
        finite = np.isfinite(left)
        np.testing.assert_allclose(seen[finite], left[finite], rtol=1e-4, atol=1e-3)
        hidden = panels.third.hidden
        assert hidden.isVisible() == (not finite.all())
        if not finite.all():
            np.testing.assert_array_equal(hidden.image > 0, ~finite)

    assert figure(panels.figures.fit_rms) == pytest.approx(expected.fit_rms, rel=1e-3)
    for name in ("matched_mse", "diff_im_var", "ratio"):
        seen = figure(getattr(panels.figures, name))
        assert seen == pytest.approx(getattr(expected, name), rel=1e-3, nan_ok=True), name
    assert cell(window, window.session.state.science, "fit_rms") == pytest.approx(
        expected.fit_rms, rel=1e-2
    )
    adjusted = panels.figures.adjustments
    assert adjusted.isVisible() == bool(expected.adjustments)
    for adjustment in expected.adjustments:
        assert adjustment.text in adjusted.text()
    return expected


def figure(card) -> float:
    text = card.value.text()
    return float("nan") if text == "–" else number(text.split(" ")[0])


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def cell(window, exposure: int, column: str):
    """What the table shows for an exposure, found by its row on the screen."""
    from bgviewer.ui.ranking_model import COLUMNS

    panel = window.stack_panel
    index = panel.proxy.mapFromSource(panel.model.index(exposure, COLUMNS.index(column)))
    text = index.data()
    return number(text) if column in ("cost", "fit_rms", "ratio") and text != "–" else text


def order_on_screen(window) -> list[str]:
    proxy = window.stack_panel.proxy
    return [proxy.index(row, 0).data().removeprefix("★ ") for row in range(proxy.rowCount())]


# ---------------------------------------------------------------- a hand on the controls


def type_into(qtbot, spin: QSpinBox, text: str) -> None:
    spin.setFocus()
    spin.selectAll()
    qtbot.keyClicks(spin, text)
    qtbot.keyClick(spin, Qt.Key.Key_Return)


def choose(qtbot, box: QComboBox, text: str) -> None:
    """Choose with the keyboard, as a person does."""
    box.setFocus()
    while box.currentText() != text:
        down = box.findText(text) > box.currentIndex()
        qtbot.keyClick(box, Qt.Key.Key_Down if down else Qt.Key.Key_Up)


def click(qtbot, widget) -> None:
    at = widget.rect().center()
    if isinstance(widget, QCheckBox):
        at.setX(9)
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at)


def click_row(qtbot, window, row: int) -> None:
    table = window.stack_panel.table
    at = table.visualRect(window.stack_panel.proxy.index(row, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def slide(qtbot, slider: QSlider, key: Qt.Key, times: int = 1) -> None:
    slider.setFocus()
    for _ in range(times):
        qtbot.keyClick(slider, key)


def dialog(qtbot, kind):
    """The dialog of a kind, when it is open."""

    def find():
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]

    qtbot.waitUntil(lambda: bool(find()), timeout=WAIT)
    return find()[0]


def main(window, name):
    return window.config_panel.field(name).main


# ---------------------------------------------------------------- load


def test_the_first_match_is_the_engines(window, qtbot):
    agree(window, qtbot)
    state = window.session.state
    ranking = bgviewer.rank_exposures(state.stack.measurements, state.config)
    assert state.reference == ranking.best
    assert state.science == ranking.order[1]
    names = [e.name for e in state.stack.stack.entries]
    assert order_on_screen(window) == [names[i] for i in ranking.order]
    assert cell(window, ranking.best, "name").startswith("★ ")
    for i, cost in enumerate(ranking.cost):
        assert cell(window, i, "cost") == pytest.approx(cost, rel=1e-2)


def test_an_empty_window_offers_ways_in_and_takes_a_drop(make_window, qtbot, stack_folder):
    window = make_window()
    assert window.pages.currentWidget() is window.empty
    assert all(b.isVisible() for b in (window.empty.files, window.empty.folder, window.empty.demo))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(stack_folder))])
    how = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(200, 200), Qt.DropAction.CopyAction, *how)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    drop = QDropEvent(QPointF(200, 200), Qt.DropAction.CopyAction, *how)
    QApplication.sendEvent(window, drop)
    settle(qtbot, window)
    assert window.panels.isVisible() and not window.empty.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert window.pages.currentWidget() is window.empty
    assert window.panels.model.picture is None


def test_the_demo_button_makes_a_stack(make_window, qtbot):
    window = make_window()
    click(qtbot, window.empty.demo)
    settle(qtbot, window)
    assert len(window.session.state.stack) > 3
    assert window.session.state.config.bin_size == 128


def test_a_load_can_be_stopped(make_window, qtbot, stack_folder, monkeypatch):
    window = make_window()
    began, reading = threading.Event(), bgviewer.ExposureStack.read

    def slow(self, exposure, **how):
        began.set()
        # As long as nobody stops it: the progress object ends this wait.
        while not stop_seen.wait(0.01):
            pass
        return reading(self, exposure, **how)

    stop_seen = threading.Event()
    monkeypatch.setattr(bgviewer.ExposureStack, "read", slow)
    window.load([str(stack_folder)])
    assert began.wait(10)
    qtbot.waitUntil(lambda: window.status.stop.isVisible())
    assert not window.actions_["match_all"].isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    stop_seen.set()
    qtbot.waitUntil(lambda: window.session.state.job is None, timeout=WAIT)
    assert window.session.state.stack is None
    assert "stopped" in window.notices.text.text()
    assert not window.status.stop.isVisible()


def test_what_cannot_be_loaded_is_one_notice(make_window, qtbot, tmp_path):
    window = make_window()
    window.load([str(tmp_path / "nowhere.fits")])
    qtbot.waitUntil(lambda: window.notices.isVisible(), timeout=WAIT)
    assert "nowhere.fits" in window.notices.text.text()
    assert window.notices.notice.level == "error"
    click(qtbot, window.notices.dismiss)
    assert not window.notices.isVisible()


# ---------------------------------------------------------------- rank and choose


def test_weights_rank_anew_at_once(window, qtbot):
    before = window.session.state.match.shown
    sliders = window.stack_panel.weights.sliders
    slide(qtbot, sliders["variance"], Qt.Key.Key_Home)
    slide(qtbot, sliders["coverage"], Qt.Key.Key_Home)
    slide(qtbot, sliders["level"], Qt.Key.Key_End)
    state = window.session.state
    assert (state.config.best_ref_weight_variance, state.config.best_ref_weight_level) == (0, 1)
    expected = bgviewer.rank_exposures(state.stack.measurements, state.config)
    names = [e.name for e in state.stack.stack.entries]
    assert order_on_screen(window) == [names[i] for i in expected.order]
    weighted = window.stack_panel.model.weighted(expected.best)
    np.testing.assert_allclose(weighted, expected.terms.weighted[expected.best])
    assert names[expected.best] in window.stack_panel.best.text()
    assert state.match.shown is before, "a weight changes no match"


@pytest.mark.parametrize("how", ["key", "button", "menu"])
def test_the_reference_is_changed(window, qtbot, how):
    old = window.session.state.reference
    click_row(qtbot, window, 2)
    chosen = window.session.state.science
    assert chosen not in (None, old)
    settle(qtbot, window)
    if how == "key":
        qtbot.keyClick(window, Qt.Key.Key_R)
    elif how == "button":
        click(qtbot, window.stack_panel.reference_button)
    else:
        window.actions_["reference"].trigger()
    assert window.session.state.reference == chosen
    assert window.session.state.science == old
    agree(window, qtbot)
    assert cell(window, chosen, "name").startswith("★ ")
    assert not cell(window, old, "name").startswith("★ ")


def test_another_exposure_is_shown(window, qtbot):
    click_row(qtbot, window, 3)
    agree(window, qtbot)
    qtbot.keyClick(window, Qt.Key.Key_PageUp)
    agree(window, qtbot)
    names = order_on_screen(window)
    entries = window.session.state.stack.stack.entries
    assert entries[window.session.state.science].name == names[2]
    click_row(qtbot, window, 0)
    assert "reference itself" in window.panels.obstacle.text.text()
    assert window.panels.obstacle.isVisible()


# ---------------------------------------------------------------- tune


def test_bin_size_by_keyboard_and_slider(window, qtbot):
    type_into(qtbot, main(window, "bin_size"), "20")
    assert window.session.state.config.bin_size == 20
    agree(window, qtbot)
    slide(qtbot, window.config_panel.field("bin_size").slider, Qt.Key.Key_Right, 2)
    assert window.session.state.config.bin_size > 20
    agree(window, qtbot)


@pytest.mark.parametrize("style", ["LINEAR", "NATURAL_SPLINE", "CONSTANT"])
def test_style(window, qtbot, style):
    choose(qtbot, main(window, "interp_style"), style)
    assert agree(window, qtbot).used_interp_style == style


@pytest.mark.parametrize("statistic", ["MEDIAN", "MEANCLIP"])
def test_statistic(window, qtbot, statistic):
    choose(qtbot, main(window, "grid_statistic"), statistic)
    assert agree(window, qtbot).config.grid_statistic == statistic


def test_order_and_the_remedy_for_one_that_is_too_high(window, qtbot):
    """order 8 is beyond 200 pixels in bins of 32: the window says so and mends it."""
    click(qtbot, main(window, "use_polynomial"))
    row = window.config_panel.rows["order"]
    assert "enough for order 6" in row.problem
    assert window.panels.model.dimmed and window.panels.model.message.isVisible()
    buttons = row.remedy_buttons()
    assert [b.text() for b in buttons] == ["Use order 6", "Use binSize 24", "Use the spline"]
    click(qtbot, buttons[0])
    assert row.problem == "" and window.session.state.config.order == 6
    assert agree(window, qtbot).used_order == 6
    assert not window.panels.model.dimmed
    type_into(qtbot, main(window, "order"), "2")
    assert agree(window, qtbot).used_order == 2
    assert main(window, "interp_style").isEnabled() is False


def test_settings_that_clash_from_the_start_are_one_card_with_remedies(
    make_window, qtbot, stack_folder
):
    window = make_window(bgviewer.MatchConfig(bin_size=32, use_polynomial=True, order=8))
    window.load([str(stack_folder)])
    panels = window.panels
    qtbot.waitUntil(
        lambda: window.session.settled and panels.third.picture is not None, timeout=WAIT
    )
    assert "enough for order 6" in panels.obstacle.text.text() and panels.obstacle.isVisible()
    assert panels.model.picture is None and panels.residuals.picture is None
    assert not panels.model.message.isVisible() and window.status.zoom.text() == ""
    # What needs no match is shown: the difference in place of what does, named as such.
    assert panels.third.picture.kind == "difference"
    assert "reference − science" in panels.third.note.text()
    state = window.session.state
    assert "settings" in cell(window, state.science, "state")
    qtbot.keyClick(window, Qt.Key(Qt.Key.Key_1 + THIRD_VIEWS.index("science")))
    qtbot.waitUntil(
        lambda: panels.third.picture is not None and panels.third.picture.kind == "science",
        timeout=WAIT,
    )
    assert panels.obstacle.buttons[0].text() == "Use order 6"
    click(qtbot, panels.obstacle.buttons[0])
    assert agree(window, qtbot).used_order == 6
    assert not panels.obstacle.isVisible()


def test_the_extrapolated_share_is_told(window, qtbot):
    shown = settle(qtbot, window)
    share = shown.figures.extrapolated
    assert 0 < share < 1
    assert f"{100 * share:.0f} % extrapolated" in window.panels.figures.model.remark.text()
    assert window.panels.model.hidden.isVisible()


def test_mask_planes(window, qtbot):
    planes = main(window, "bad_mask_planes")
    names = [planes.item(i).text() for i in range(planes.count())]
    row = names.index("DETECTED")
    planes.setCurrentRow(row)
    planes.setFocus()
    qtbot.keyClick(planes, Qt.Key.Key_Space)
    assert "DETECTED" not in window.session.state.config.bad_mask_planes
    agree(window, qtbot)
    state = window.session.state
    for i, measured in enumerate(state.stack.measurements):
        exposure = state.stack.stack.read(i)
        assert measured == bgviewer.measure_exposure(exposure, state.config), "measured anew"


def test_what_was_adjusted_is_shown(window, qtbot):
    """3 x 3 cells carry no Akima spline: the field says what was used instead."""
    type_into(qtbot, main(window, "bin_size"), "80")
    result = agree(window, qtbot)
    assert result.adjustments
    row = window.config_panel.rows["interp_style"]
    assert row.badge.isVisible() and "AKIMA_SPLINE" in row.badge.text()
    assert result.used_interp_style in row.badge.text()


def test_nothing_jumps_while_adjustments_come_and_go(window, qtbot):
    figures = window.panels.figures
    type_into(qtbot, main(window, "bin_size"), "80")
    agree(window, qtbot)
    beside = figures.badges.y()
    type_into(qtbot, main(window, "bin_size"), "32")
    agree(window, qtbot)
    assert figures.adjustments.isHidden() and figures.badges.y() == beside
    qtbot.waitUntil(lambda: figures.badges.y() > beside, timeout=WAIT)


def test_many_quick_edits_end_at_the_last(window, qtbot):
    slider = window.config_panel.field("bin_size").slider
    slide(qtbot, slider, Qt.Key.Key_Left, 25)
    slide(qtbot, slider, Qt.Key.Key_Right, 9)
    agree(window, qtbot)


# ---------------------------------------------------------------- look


@pytest.mark.parametrize("view", THIRD_VIEWS)
def test_third_view(window, qtbot, view):
    digit = (THIRD_VIEWS.index(view) + 1) % 10
    qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0 + digit))
    shown = settle(qtbot, window)
    assert window.panels.third.chooser.currentData() == view
    picture, step = window.panels.third.image.image, shown.base.window.step
    result = direct(window)
    pair = [shown.reference, shown.science]
    exact = {
        "difference": result.difference.values,
        "science": pair[1].image,
        "reference": pair[0].image,
        "matched": result.matched.image,
        "variance": pair[0].variance + pair[1].variance,
    }
    if view in exact:
        expected = means(exact[view], step)
        good = np.isfinite(expected)
        np.testing.assert_allclose(picture[good], expected[good], rtol=2e-4, atol=2e-2)
    elif view == "mask":
        names = shown.base.third.legend
        flagged = sum(e.flagged(names[:1]).astype(int) for e in pair) > 0
        np.testing.assert_array_equal(picture == 1, means(flagged.astype(float), step) > 0)
    assert np.isfinite(picture).all()


def test_pan_and_zoom_are_shared_and_bring_detail(window, qtbot):
    panels = window.panels
    for _ in range(6):
        qtbot.keyClick(window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    view = panels.residuals.canvas.getPlotItem().getViewBox()
    view.translateBy(x=15, y=-10)
    view.sigRangeChangedManually.emit([True, True])
    centres = []
    for panel in panels.all:
        (x0, x1), (y0, y1) = panel.canvas.getPlotItem().getViewBox().viewRange()
        centres.append(((x0 + x1) / 2, (y0 + y1) / 2))
        assert (x1 - x0) / (y1 - y0) == pytest.approx(
            panel.view_size()[0] / panel.view_size()[1], rel=0.02
        )
    np.testing.assert_allclose(centres, [centres[0]] * 3, atol=1e-6)
    settle(qtbot, window)
    qtbot.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert panels.view.fitted


def test_a_large_image_is_sharp_when_zoomed_into(make_window, qtbot):
    rng = np.random.default_rng(3)
    pair = [MaskedImage(rng.normal(9, 1, (1500, 1500)).astype(np.float32)) for _ in range(2)]
    window = make_window()
    window.session.use_stack(in_memory(pair))
    shown = settle(qtbot, window)
    assert shown.base.window.step > 1 and shown.detail is None
    for _ in range(7):
        window.panels.view.zoom(0.7)
    qtbot.waitUntil(
        lambda: (now := current(window)) is not None and now.detail is not None, timeout=WAIT
    )
    detail = window.session.state.match.shown.detail
    assert detail.window.step == 1
    assert window.panels.third.detail.isVisible()
    at = detail.window
    expected = direct(window).model.render(at.rows, at.columns)
    np.testing.assert_array_equal(window.panels.model.detail.image, expected)


def test_the_read_out_tells_every_image_at_a_pixel(window, qtbot):
    shown = settle(qtbot, window)
    x0, y0 = shown.science.xy0
    row, column = 101, 57
    panel = window.panels.third
    box = panel.canvas.getPlotItem().getViewBox()
    at = panel.canvas.mapFromScene(box.mapViewToScene(QPointF(x0 + column, y0 + row)))
    qtbot.mouseMove(panel.canvas.viewport(), at)
    qtbot.waitUntil(lambda: window.status.plain_readout() != "")
    point = box.mapSceneToView(panel.canvas.mapToScene(at))
    i, j = round(point.x() - x0), round(point.y() - y0)
    result = direct(window)
    text = window.status.plain_readout()
    seen = dict(part.rsplit(" ", 1) for part in text.split("\t") if part and ":" not in part)
    assert number(seen["science"]) == pytest.approx(shown.science.image[j, i], rel=1e-5)
    assert number(seen["reference"]) == pytest.approx(shown.reference.image[j, i], rel=1e-5)
    assert number(seen["model"]) == pytest.approx(result.model.render([j], [i])[0, 0], rel=1e-5)
    assert number(seen["matched"]) == pytest.approx(result.matched.image[j, i], rel=1e-5)
    sky = shown.science.wcs.wcs_pix2world(point.x() - x0, point.y() - y0, 0)
    hours, minutes, seconds = text.split("\t")[2].split(" ")[0].split(":")
    degrees = 15 * (int(hours) + int(minutes) / 60 + float(seconds) / 3600)
    assert degrees == pytest.approx(float(sky[0]), abs=1e-4)
    window.panels.third.canvas.left.emit()
    assert window.status.readout.text() == ""


# ---------------------------------------------------------------- all, export, failures


def test_match_all_fills_the_table(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, window)
    state = window.session.state
    expected = bgviewer.match_stack(state.stack.stack, state.config, state.reference)
    for outcome in expected:
        if outcome.is_reference:
            assert "reference" in cell(window, outcome.id, "state")
        else:
            assert "matched" in cell(window, outcome.id, "state")
            assert cell(window, outcome.id, "fit_rms") == pytest.approx(outcome.fit_rms, rel=1e-2)
            assert cell(window, outcome.id, "ratio") == pytest.approx(outcome.ratio, rel=1e-2)
    choose(qtbot, main(window, "interp_style"), "LINEAR")
    settle(qtbot, window)
    others = [o.id for o in expected if not o.is_reference and o.id != state.science]
    assert all("outdated" in cell(window, i, "state") for i in others)


def test_export(window, qtbot, tmp_path):
    target = tmp_path / "out"
    qtbot.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    asking = dialog(qtbot, ExportDialog)
    asking.directory.selectAll()
    qtbot.keyClicks(asking.directory, str(target))
    assert "5 exposures, 4 background models" in asking.verdict.text()
    assert "present settings" in asking.explanation.text()
    click(qtbot, asking.export_button)
    report = dialog(qtbot, ReportDialog)
    assert report.table.rowCount() == 5
    written = sorted(os.listdir(target))
    assert len(written) == 12
    stack = bgviewer.load_stack([target / n for n in written if n.endswith("_matched.fits")])
    expected = direct(window).matched.image
    state = window.session.state
    name = state.stack.stack.entries[state.science].output_stem
    entry = next(e for e in stack.entries if e.path.name == f"{name}_matched.fits")
    np.testing.assert_allclose(stack.read(entry.id).image, expected, rtol=1e-6, atol=1e-3)
    report.reject()

    window.actions_["export"].trigger()
    again = dialog(qtbot, ExportDialog)
    again.directory.setText(str(target))
    assert not again.export_button.isEnabled(), "files exist already"
    click(qtbot, again.overwrite)
    assert again.export_button.isEnabled()
    again.directory.setText("")
    assert not again.export_button.isEnabled()
    again.reject()


def test_an_exposure_that_fails_says_why_and_stops_nothing(make_window, qtbot):
    rng = np.random.default_rng(5)
    image = [rng.normal(20 + i, 1, (96, 96)).astype(np.float32) for i in range(3)]
    image[0][:, 40:] = np.nan
    image[1][:, :50] = np.nan
    stack = in_memory([*(MaskedImage(i) for i in image), None, MaskedImage(np.ones((50, 96)))])
    window = make_window(bgviewer.MatchConfig(bin_size=16))
    window.session.use_stack(stack)
    qtbot.waitUntil(lambda: window.session.state.stack is not None, timeout=WAIT)
    window.session.set_reference(0)
    window.session.set_science(2)
    agree(window, qtbot)
    for exposure, word in ((1, "no pixel is good in both"), (3, "cannot be read"), (4, "96")):
        window.session.set_science(exposure)
        qtbot.waitUntil(
            lambda: (
                bool(window.session.state.match.withheld) and not window.session.state.match.working
            ),
            timeout=WAIT,
        )
        assert word in window.panels.obstacle.text.text()
        assert cell(window, exposure, "state").startswith("✕")
    window.session.set_science(2)
    agree(window, qtbot)
    window.session.set_reference(3)
    assert "cannot be the reference" in window.notices.text.text()
    assert window.session.state.reference == 0


def test_a_bug_opens_a_dialog_and_the_window_lives_on(window, qtbot, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("a bug on purpose")

    with monkeypatch.context() as patch:
        patch.setattr("bgviewer.tasks.show.match_images", broken)
        choose(qtbot, main(window, "interp_style"), "LINEAR")
        bug = dialog(qtbot, BugDialog)
        assert "a bug on purpose" in bug.details.toPlainText()
        click(qtbot, bug.copy_button)
        assert "ZeroDivisionError" in QApplication.clipboard().text()
        bug.reject()
    choose(qtbot, main(window, "interp_style"), "NATURAL_SPLINE")
    agree(window, qtbot)


def test_an_exception_in_the_window_itself_reaches_the_same_dialog(window, qtbot):
    from bgviewer.app import _install_hooks

    remove = _install_hooks(window)
    try:
        import sys

        error = BgviewerError("slipped through")
        sys.excepthook(type(error), error, None)
        bug = dialog(qtbot, BugDialog)
        assert "slipped through" in bug.details.toPlainText()
        bug.reject()
    finally:
        remove()


def test_closing_in_the_middle_of_work_leaves_nothing(make_window, qtbot, stack_folder):
    window = make_window()
    window.load([str(stack_folder)])
    qtbot.waitUntil(lambda: window.session.state.job is not None)
    window.close()
    assert not window.session.alive


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_light_and_dark_change_the_panels_too(window, qtbot, scheme):
    window.actions_[f"scheme_{scheme}"].trigger()
    lightness = window.panels.model.canvas.backgroundBrush().color().lightness()
    assert (lightness < 100) == (scheme == "dark")
    assert (window.palette().window().color().lightness() < 128) == (scheme == "dark")


def test_the_keyboard_list_and_about_open_without_stopping_the_work(window, qtbot):
    for name, kind in (("keys", KeysDialog), ("about", AboutDialog)):
        window.actions_[name].trigger()
        box = dialog(qtbot, kind)
        assert box.isVisible() and window.session.alive
        box.reject()
