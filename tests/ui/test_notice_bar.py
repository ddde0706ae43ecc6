"""The notice bar: the worst on top, nothing hidden, nothing gone before it was seen."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel

from bgviewer.session.state import Notice
from bgviewer.ui.notice_bar import NoticeBar
from bgviewer.ui.theme import dress

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def bar(qtbot) -> NoticeBar:
    bar = NoticeBar()
    qtbot.addWidget(bar)
    return bar


def texts(bar: NoticeBar) -> list[str]:
    return [notice.text for notice in bar.held]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_the_worst_is_on_top_whatever_came_first(bar, order):
    notices = [Notice("error", "E"), Notice("warning", "W"), Notice("info", "I")]
    for i in order:
        bar.show_notice(notices[i])
    assert texts(bar) == ["E", "W", "I"]
    assert bar.notice.level == "error" and bar.text.text().startswith("E")
    newest = notices[order[-1]].text
    assert newest in bar.text.text(), "what was just said can be read too"


def test_what_does_not_fit_is_one_click_away(bar, qtbot):
    for name in ("first", "second", "third"):
        bar.show_notice(Notice("warning", name, details=f"why {name}"))
    assert bar.more.text() == "2 more" and "first" not in bar.text.text()
    qtbot.mouseClick(bar.more, LEFT)
    for name in ("first", "second", "third"):
        assert name in bar.text.text() and f"why {name}" in bar.text.text()


def test_warnings_stay_until_they_are_dismissed(bar, qtbot):
    bar.show_notice(Notice("warning", "W"))
    bar.show_notice(Notice("info", "old news"))
    bar.show_notice(Notice("info", "news"))
    assert texts(bar) == ["W", "news"], "of plain remarks only the newest is kept"
    bar.clear_news()
    assert texts(bar) == ["W"]
    bar.show_notice(Notice("warning", "another"))
    qtbot.mouseClick(bar.dismiss, LEFT)
    assert texts(bar) == ["W"] and bar.isVisibleTo(None)
    qtbot.mouseClick(bar.dismiss, LEFT)
    assert bar.notice is None and bar.isHidden()


def test_a_newer_notice_replaces_those_of_its_topic(bar):
    bar.show_notice(Notice("warning", "1 failed", action="retry_failed", topic="match_all"))
    bar.show_notice(Notice("warning", "other"))
    bar.show_notice(Notice("info", "all matched", topic="match_all"))
    assert texts(bar) == ["other", "all matched"]
    bar.show_notice(Notice("warning", "other"))
    assert texts(bar) == ["other", "all matched"], "the same sentence is not repeated"


def test_the_button_belongs_to_a_notice_that_can_be_read(bar, qtbot):
    asked = []
    bar.action_asked.connect(asked.append)
    bar.show_notice(Notice("error", "E"))
    bar.show_notice(Notice("warning", "W", action="reload"))
    assert bar.mend.text() == "Reload" and not bar.mend.isHidden()
    qtbot.mouseClick(bar.mend, LEFT)
    assert asked == ["reload"]


@pytest.mark.parametrize("news", [True, False])
def test_notices_of_another_stack_go(bar, qtbot, news):
    bar.show_notice(Notice("warning", "old"))
    bar.outdate()
    if news:
        bar.show_notice(Notice("info", "new"))
        assert texts(bar) == ["new"]
    bar.clear_news()
    qtbot.waitUntil(lambda: texts(bar) == [])


def test_its_text_can_be_read_in_light_and_dark(bar, qapp, qtbot):
    bar.show_notice(Notice("warning", "Changed on disk"))
    bar.resize(600, 40)
    bar.show()
    try:
        for scheme in (Qt.ColorScheme.Light, Qt.ColorScheme.Dark, Qt.ColorScheme.Light):
            dress(qapp, scheme)
            dark = scheme == Qt.ColorScheme.Dark
            image = bar.grab().toImage()
            ground = image.pixelColor(image.width() // 2, image.height() - 6).lightness()
            assert (ground < 80) == dark and (ground > 220) == (not dark)
            ink = bar.text.palette().windowText().color().lightness()
            assert abs(ink - ground) > 150
            assert isinstance(bar.text, QLabel)
    finally:
        dress(qapp, Qt.ColorScheme.Light)
