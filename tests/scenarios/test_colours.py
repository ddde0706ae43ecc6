"""Dark and light: every text can be read, dialogs follow, the choice is kept."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import QPoint, QRect, QSettings, QSize, Qt
from PyQt6.QtWidgets import QLabel

from bgviewer import app as application
from bgviewer.ui.docks import first_size
from bgviewer.ui.export_dialog import ExportDialog
from tests.scenarios.conftest import settle

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("This plugin does not support"),
    pytest.mark.qt_log_ignore("propagateSizeHints"),
]


@pytest.fixture(autouse=True)
def light_again(qapp):
    yield
    application.make_application()


def unreadable(window, dark: bool) -> list[str]:
    """Labels whose ground or ink is of the other scheme."""
    picture = window.grab().toImage()
    ratio = picture.devicePixelRatio()
    found = []
    for label in window.findChildren(QLabel):
        if not (label.isVisible() and label.text() and label.window() is window):
            continue
        if label.objectName() in ("legend", "overlayBadge") or label.visibleRegion().isEmpty():
            continue
        corner = label.mapTo(window, QPoint(0, 0))
        box = QRect(corner * ratio, label.size() * ratio).intersected(picture.rect())
        lights = sorted(
            picture.pixelColor(x, y).lightness()
            for x in range(box.left(), box.right() + 1)
            for y in range(box.top(), box.bottom() + 1)
        )
        if not lights:
            continue
        ground = lights[len(lights) // 2]
        contrast = max(lights[-1] - ground, ground - lights[0])
        if (ground < 128) != dark or contrast < 60:
            found.append(f"{label.objectName()} {label.text()[:40]!r}: {ground} {contrast}")
    return found


def test_every_message_can_be_read_in_dark_and_in_light(window, qtbot):
    window.session.notice("warning", "A warning that stays", "and its details")
    window.session.notice("error", "An error")
    window.first_steps.begin()
    for dark in (True, False, True):
        window.actions_["scheme_dark" if dark else "scheme_light"].trigger()
        settle(qtbot, window)
        assert unreadable(window, dark) == []


def test_a_dialog_follows_too(window, qtbot):
    window.actions_["scheme_dark"].trigger()
    dialog = ExportDialog(window.session, window)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.directory.setText("")
    assert unreadable(dialog, True) == []
    window.actions_["scheme_light"].trigger()
    assert unreadable(dialog, False) == []


def test_the_scheme_is_kept_and_a_picture_leaves_it_alone(make_window, qapp):
    first = make_window()
    first.actions_["scheme_dark"].trigger()
    first.close()
    application.make_application()
    second = make_window()
    assert second.actions_["scheme_dark"].isChecked()
    assert second.palette().window().color().lightness() < 128
    second.scheme.show_only("light")
    assert second.palette().window().color().lightness() > 128
    assert QSettings().value("window/scheme") == "dark"


class Screen:
    """A screen of a size."""

    def __init__(self, width: int, height: int) -> None:
        self._room = QRect(0, 0, width, height)

    def availableGeometry(self) -> QRect:
        return self._room


@pytest.mark.parametrize("size", [(1280, 720), (1366, 768), (1024, 600), (2560, 1440)])
def test_the_first_window_fits_the_screen(size):
    first = first_size(Screen(*size))
    assert first.width() < size[0] and first.height() < size[1]
    if size == (2560, 1440):
        assert first == QSize(1440, 900)


def test_the_window_can_be_as_small_as_a_small_screen(make_window, qtbot):
    window = make_window()
    least = window.minimumSizeHint().expandedTo(window.minimumSize())
    assert least.width() <= 1264 and least.height() <= 680
    window.resize(1264, 680)
    qtbot.waitUntil(lambda: window.size() == QSize(1264, 680))
    assert Qt.WindowState.WindowNoState == window.windowState()
