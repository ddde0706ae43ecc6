"""Numbers as text, ticks, one shared view, editors."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QPalette, QWheelEvent
from PyQt6.QtWidgets import QApplication

from bgviewer import resources
from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.ui.canvas import PixelAxis
from bgviewer.ui.colour_bar import ColourBar
from bgviewer.ui.fields import SlidingField, make_field
from bgviewer.ui.format import counted, number, share
from bgviewer.ui.icons import icon
from bgviewer.ui.planes_field import PlanesField
from bgviewer.ui.theme import colour_table, dress
from bgviewer.ui.ticks import tick_labels, ticks_between
from bgviewer.ui.view_state import ViewState
from bgviewer.ui.whats_this import help_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.83412, "0.8341"),
        (3087.7, "3088"),
        (-12.5, "−12.50"),
        (0.0, "0"),
        (None, "–"),
        (float("nan"), "–"),
        (1.5e9, "1.50e9"),
        (3e-7, "3.00e−7"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-17.3, 240.0), (1e-7, 3e-7), (5e8, 9e8)])
def test_ticks_are_round_and_inside(low, high):
    ticks = ticks_between(low, high, 6)
    assert 2 <= len(ticks) <= 7
    assert all(low - 1e-12 * abs(low) <= t <= high * (1 + 1e-12) for t in ticks)
    assert len(set(tick_labels(ticks))) == len(ticks)
    assert ticks_between(1.0, 1.0, 5) == []


def test_every_panel_gives_back_what_it_was_given():
    """No drift: what one view shows, taken over and asked for again, is the same."""
    view = ViewState()
    view.set_box((99.5, -0.5, 2000.0, 1000.0))
    for size in ((300, 500), (640, 200), (333, 333)):
        view.zoom(0.37)
        before = view.range_for(*size)
        for other in ((300, 500), (640, 200), (333, 333)):
            view.take(view.range_for(*other), *other)
        np.testing.assert_allclose(view.range_for(*size), before, rtol=1e-12)
        x0, x1, y0, y1 = before
        assert (x1 - x0) / (y1 - y0) == pytest.approx(size[0] / size[1])


def test_fitting_shows_all_of_the_image():
    view = ViewState()
    view.set_box((-0.5, -0.5, 2000.0, 1000.0))
    x0, x1, y0, y1 = view.range_for(200, 400)
    assert x0 < -0.5 and x1 > 1999.5 and y0 < -0.5 and y1 > 999.5
    view.set_scale(1.0, 200, 400)
    x0, x1, _, _ = view.range_for(200, 400)
    assert x1 - x0 == pytest.approx(200)


@pytest.mark.parametrize("name", OPTIONS)
def test_an_editor_shows_its_value_without_editing_it(qtbot, name):
    option = OPTIONS[name]
    field = make_field(option)
    qtbot.addWidget(field)
    said = []
    field.edited.connect(said.append)
    field.set_value(getattr(MatchConfig(), name))
    assert said == []
    assert field.main.accessibleName() == option.lsst_name
    for part in (option.help, option.allowed):
        assert part in help_text(option).replace("&#x27;", "'")


def test_slider_and_spin_box_agree(qtbot):
    field = make_field(OPTIONS["bin_size"])
    qtbot.addWidget(field)
    assert isinstance(field, SlidingField)
    said = []
    field.edited.connect(said.append)
    field.set_value(256)
    field.slider.setValue(0)
    assert said == [8] and field.spin.value() == 8
    field.slider.setValue(field.slider.maximum())
    assert field.spin.value() == 2048
    field.spin.setValue(5000)
    assert said[-1] == 5000 and field.slider.value() == field.slider.maximum()
    field.set_reach(10_000)
    assert field.spin.value() == 5000 and field.slider.value() < field.slider.maximum()


def test_the_wheel_does_not_change_an_editor_that_is_scrolled_over(qtbot):
    field = make_field(OPTIONS["num_iter"])
    qtbot.addWidget(field)
    field.set_value(2)
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(field.main, event)
    assert field.main.value() == 2


def test_planes_that_the_files_lack_are_kept_and_named(qtbot):
    field = make_field(OPTIONS["bad_mask_planes"])
    qtbot.addWidget(field)
    assert isinstance(field, PlanesField)
    field.set_value(("SAT", "GHOST"))
    field.set_known(("BAD", "SAT"))
    items = [field.list.item(i) for i in range(field.list.count())]
    assert [i.text() for i in items] == ["BAD", "SAT", "GHOST (not in these files)"]
    said = []
    field.edited.connect(said.append)
    items[0].setCheckState(Qt.CheckState.Checked)
    assert said == [("SAT", "GHOST", "BAD")]
    items[1].setCheckState(Qt.CheckState.Unchecked)
    assert said[-1] == ("GHOST", "BAD") or said[-1] == ("GHOST",)


def test_dragging_the_colour_scale_moves_one_end(qtbot):
    bar = ColourBar()
    qtbot.addWidget(bar)
    bar.resize(70, 220)
    bar.set_scale(colour_table("sky"))
    bar.set_levels(0.0, 100.0)
    moved = []
    bar.levels_dragged.connect(lambda low, high: moved.append((low, high)))
    bar.show()
    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(8, 40))
    qtbot.mouseMove(bar, QPoint(8, 60))
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(8, 60))
    assert moved and moved[-1][0] == 0.0 and 80 < moved[-1][1] < 99
    with qtbot.waitSignal(bar.reset_asked):
        qtbot.mouseDClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(8, 40))


@pytest.mark.parametrize("scale", ["sequential", "diverging", "sky"])
def test_colour_tables_are_opaque_and_the_diverging_one_is_balanced(scale):
    table = colour_table(scale).astype(int)
    assert table.shape == (256, 4) and (table[:, 3] == 255).all()
    if scale == "diverging":
        light = table[:, :3].sum(axis=1)
        assert abs(int(light.argmax()) - 128) < 12
    else:
        light = table[:, :3] @ np.array([0.299, 0.587, 0.114])
        assert (np.diff(light) > -1).all(), "lightness only grows"


def test_every_icon_draws_something(qapp):
    for path in resources.path("icons/open.svg").parent.glob("*.svg"):
        image = icon(path.stem).pixmap(24, 24).toImage()
        alpha = [image.pixelColor(x, y).alpha() for x in range(24) for y in range(24)]
        assert max(alpha) > 100, path.name


@pytest.mark.parametrize("levels", [(-1.13e-4, 1.13e-4), (-15.0, 33.0), (0.0, 2.5e6)])
@pytest.mark.parametrize("height", [90, 220, 500])
def test_no_digit_of_a_colour_bar_is_cut(qtbot, levels, height):
    bar = ColourBar()
    qtbot.addWidget(bar)
    bar.set_scale(colour_table("sky"))
    bar.set_caption("nJy", None)
    bar.resize(20, height)
    bar.set_levels(*levels)
    bar.show()
    bar.resize(bar.sizeHint().width(), height)
    assert len(bar.labels()) >= 2
    widest = max(bar.fontMetrics().horizontalAdvance(text) for _, text in bar.labels())
    # Bar, tick, at least 4 pixels between tick and number, number.
    assert bar.sizeHint().width() >= 1 + 13 + 4 + 4 + widest


def test_an_image_of_one_value_has_one_label(qtbot):
    bar = ColourBar()
    qtbot.addWidget(bar)
    bar.set_scale(colour_table("sky"))
    bar.resize(60, 300)
    bar.set_levels(6.9, 7.1)
    assert len(bar.labels()) > 1
    bar.set_caption("", 7.0)
    assert bar.labels() == [(7.0, "7.000")]


def luminance(colour) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("scheme", [Qt.ColorScheme.Light, Qt.ColorScheme.Dark])
def test_disabled_labels_can_be_read(qapp, scheme):
    before = qapp.palette(), qapp.styleSheet()
    try:
        dress(qapp, scheme)
        palette = qapp.palette()
        off, on = QPalette.ColorGroup.Disabled, QPalette.ColorGroup.Active
        for text, ground in (
            (QPalette.ColorRole.WindowText, QPalette.ColorRole.Window),
            (QPalette.ColorRole.Text, QPalette.ColorRole.Base),
            (QPalette.ColorRole.ButtonText, QPalette.ColorRole.Button),
        ):
            a = luminance(palette.color(off, text).getRgbF()[:3])
            b = luminance(palette.color(on, ground).getRgbF()[:3])
            assert (max(a, b) + 0.05) / (min(a, b) + 0.05) >= 4.5
    finally:
        qapp.setPalette(before[0])
        qapp.setStyleSheet(before[1])


def test_axes_have_ticks_only_on_the_image(qapp):
    axis = PixelAxis("bottom")
    everywhere = [v for _, values in axis.tickValues(-200, 900, 300) for v in values]
    axis.set_bounds(-0.5, 499.5)
    on_image = [v for _, values in axis.tickValues(-200, 900, 300) for v in values]
    assert min(everywhere) < 0 and max(everywhere) > 500
    assert on_image == [v for v in everywhere if -0.5 <= v <= 499.5] and len(on_image) > 3


def test_counts_have_their_word():
    assert counted(1, "bin", "bins") == "1 bin" and counted(0, "bin", "bins") == "0 bins"
    assert [share(v) for v in (0, 0.001, 0.304, 1)] == ["0 %", "< 1 %", "30 %", "100 %"]
