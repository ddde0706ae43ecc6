"""Layout of the centre: badges, scale bar, room for the pictures."""

from __future__ import annotations

from PyQt6.QtCore import QRectF

from bgviewer.tasks.effective import Effective
from bgviewer.ui.badges import Badges
from bgviewer.ui.colour_bar import ColourBar
from bgviewer.ui.image_panel import ImagePanel
from bgviewer.ui.scale_bar import ScaleBarLabel
from bgviewer.ui.view_state import ViewState


def test_a_badge_says_by_a_sign_what_is_not_as_asked(qtbot):
    badges = Badges()
    qtbot.addWidget(badges)
    badges.show_settings(
        (
            Effective("model", "order 4", "order = 6", True, ("too few cells",)),
            Effective("bins", "0 bins dropped", "binSize = 32: 9 bins", False),
        )
    )
    model, bins = badges.badges["model"], badges.badges["bins"]
    assert model.text() == "≠ order 4" and bins.text() == "0 bins dropped"
    assert {"asked: order = 6", "used: order 4", "too few cells"} <= set(
        model.toolTip().split("\n")
    )
    assert model.property("changed") and not bins.property("changed")
    assert badges.badges["weighting"].isHidden(), "a spline has none"
    badges.show_settings(())
    assert all(badge.isHidden() for badge in badges.badges.values())


def scale_bar(qtbot, bin_size: int) -> ScaleBarLabel:
    bar = ScaleBarLabel(None)
    qtbot.addWidget(bar)
    bar._bin_size, bar.bin_text = bin_size, f"binSize {bin_size} px"
    return bar


def test_the_scale_bar_leaves_out_what_does_not_fit(qtbot):
    bar = scale_bar(qtbot, 256)
    bar.place(QRectF(0, 0, 600, 600), 4.0)
    assert bar.square_drawn and bar.words_drawn
    bar.place(QRectF(0, 0, 120, 120), 12.0)
    assert bar.square_drawn and not bar.words_drawn
    bar.place(QRectF(0, 0, 120, 120), 4.0)
    assert not bar.square_drawn, "64 of 120 screen pixels: half the picture"
    assert bar.length <= 0.25 * 120


def test_a_small_panel_gives_its_room_to_the_picture(qtbot):
    view = ViewState()
    view.set_box((-0.5, -0.5, 100.0, 100.0))
    panel = ImagePanel("small", view)
    qtbot.addWidget(panel)
    panel.bar.hide()
    panel.resize(260, 280)
    panel.show()
    assert panel.bare
    qtbot.waitUntil(lambda: min(panel.view_size()) > 240)
    panel.resize(600, 600)
    assert not panel.bare and all(axis.isVisible() for axis in panel._axes.values())
    panel.resize(260, 280)
    assert panel.bare and not any(axis.isVisible() for axis in panel._axes.values())


def test_a_compact_colour_bar_is_narrower(qtbot):
    bar = ColourBar()
    qtbot.addWidget(bar)
    bar.resize(60, 300)
    before = bar.sizeHint().width()
    bar.set_compact(True)
    assert bar.sizeHint().width() < before
    bar.set_compact(False)
    assert bar.sizeHint().width() == before
