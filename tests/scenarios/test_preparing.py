"""Detecting sources and aligning exposures in the window; exposures of different extent."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QDoubleSpinBox

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.detection import Detection
from tests.extents import header
from tests.scenarios.conftest import WAIT, settle
from tests.stars import field

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("propagateSizeHints", "support raise", "grabbing the keyboard"),
]
_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def plain_folder(tmp_path: Path) -> Path:
    """Plain images without masks: two whole, one cut, one a bit beside the pixels of the others."""
    folder = tmp_path / "plain"
    folder.mkdir()
    for k, (name, x0) in enumerate((("a", 0.0), ("b", 0.0), ("d", 20.4))):
        fits.PrimaryHDU(field(seed=k) + np.float32(9 * k), header(x0, 0, None)).writeto(
            folder / f"{name}.fits"
        )
    cut = field(seed=7)[40:180, 60:260]
    fits.PrimaryHDU(cut, header(60, 40, None)).writeto(folder / "c.fits")
    return folder


@pytest.fixture
def plain(make_window, qtbot, plain_folder):
    window = make_window(MatchConfig(bin_size=50))
    window.load([str(plain_folder)])
    settle(qtbot, window)
    return window


def names(window) -> list[str]:
    return [e.name for e in window.session.state.stack.stack.entries]


def press(window, button) -> None:
    window.config_panel.ensure_shown(window.detection)
    QTest.mouseClick(button, _LEFT)


def detected(window):
    shown = window.session.state.match.shown
    return None if shown is None else shown.science.detection


def test_sources_are_found_when_asked_and_not_before(plain, qtbot):
    pytest.importorskip("sep")
    group = plain.detection
    assert detected(plain) is None and group.said.text().startswith("Off")
    assert not group.remove.isEnabled()
    plain.actions_["detect"].trigger()
    spin = group.rows["sigma"].field.main
    assert isinstance(spin, QDoubleSpinBox)
    qtbot.waitUntil(spin.hasFocus)
    spin.selectAll()
    QTest.keyClicks(spin, "5")
    QTest.keyClick(spin, Qt.Key.Key_Return)
    assert detected(plain) is None
    press(plain, group.detect)
    qtbot.waitUntil(lambda: detected(plain) == Detection(sigma=5), timeout=WAIT)
    settle(qtbot, plain)
    assert plain.session.state.plan.detection == Detection(sigma=5)
    assert "DETECTED made by bgviewer: 5 sigma" in group.said.text()
    assert "Sources detected in 3 of 3 exposures" in plain.notices.text.text()
    planes = plain.config_panel.field("bad_mask_planes").list
    texts = [planes.item(i).text() for i in range(planes.count())]
    assert "DETECTED (made by bgviewer)" in texts
    plain.actions_["overlay_mask"].trigger()
    qtbot.waitUntil(
        lambda: (
            plain.session.state.match.shown.overlays is not None
            and plain.session.state.match.shown.overlays.mask is not None
        ),
        timeout=WAIT,
    )
    legend = plain.session.state.match.shown.overlays.mask.legend
    assert [name for name, _ in legend] == ["DETECTED (by bgviewer)"]


def test_detection_is_one_step_back(plain, qtbot):
    pytest.importorskip("sep")
    press(plain, plain.detection.detect)
    qtbot.waitUntil(lambda: detected(plain) == Detection(), timeout=WAIT)
    settle(qtbot, plain)
    before = plain.session.state.match.shown
    assert plain.actions_["undo"].text() == "&Undo source detection"
    plain.actions_["undo"].trigger()
    qtbot.waitUntil(
        lambda: plain.session.state.match.shown is not before and detected(plain) is None,
        timeout=WAIT,
    )
    plain.actions_["redo"].trigger()
    qtbot.waitUntil(lambda: detected(plain) == Detection(), timeout=WAIT)
    settle(qtbot, plain)
    press(plain, plain.detection.remove)
    qtbot.waitUntil(lambda: detected(plain) is None, timeout=WAIT)
    settle(qtbot, plain)
    assert plain.session.state.plan.detection is None


def test_the_cut_exposure_is_matched_on_its_overlap(plain, qtbot):
    session = plain.session
    session.set_science(names(plain).index("c"))
    settle(qtbot, plain)
    shown = session.state.match.shown
    assert shown.science.shape == shown.reference.shape == (140, 200)
    assert shown.result.difference.xy0 == (60, 40)
    assert "all that the exposure covers" in plain.panels.figures.adjustments.text()


def test_another_grid_is_told_and_aligned_by_the_button(plain, qtbot):
    pytest.importorskip("reproject")
    session, notices = plain.session, plain.notices
    reference = names(plain)[session.state.reference]
    assert "20.4 pixels off" in notices.text.text()
    assert notices.mend.isVisible() and notices.mend.text() == "Align"
    assert plain.actions_["align"].isEnabled()
    before = session.state.stack
    QTest.mouseClick(notices.mend, _LEFT)
    qtbot.waitUntil(lambda: session.state.stack is not before, timeout=WAIT)
    settle(qtbot, plain)
    assert not plain.actions_["align"].isEnabled()
    assert names(plain)[session.state.reference] == reference
    session.set_science(names(plain).index("d"))
    settle(qtbot, plain)
    shown = session.state.match.shown
    assert shown.science.shape == (200, 300)
    assert np.isnan(shown.science.image[:, :20]).all()
    # read again, it stays aligned
    plain.carrying.reload()
    qtbot.waitUntil(lambda: session.state.stack.stack.align is True, timeout=WAIT)
    settle(qtbot, plain)
    assert session.state.stack.stack.usable == (0, 1, 2, 3)


def test_a_saved_session_is_aligned_and_detected_again(plain, qtbot, tmp_path):
    pytest.importorskip("reproject")
    pytest.importorskip("sep")
    from bgviewer.io.session_file import read_session

    before = plain.session.state.stack
    plain.actions_["align"].trigger()
    qtbot.waitUntil(lambda: plain.session.state.stack is not before, timeout=WAIT)
    settle(qtbot, plain)
    press(plain, plain.detection.detect)
    qtbot.waitUntil(lambda: detected(plain) == Detection(), timeout=WAIT)
    settle(qtbot, plain)
    target = tmp_path / "night.bgv.toml"
    plain.carrying._save_to(target) if hasattr(plain.carrying, "_save_to") else None
    if target.exists():
        saved = read_session(target).saved
        assert saved.align and saved.plan.detection == Detection()


def test_missing_packages_are_said_in_the_notice_bar(plain, qtbot, monkeypatch):
    monkeypatch.setitem(sys.modules, "sep", None)
    monkeypatch.setitem(sys.modules, "reproject", None)
    press(plain, plain.detection.detect)
    assert "bgviewer[detect]" in plain.notices.text.text()
    plain.actions_["align"].trigger()
    assert "bgviewer[align]" in plain.notices.text.text()
    assert plain.session.state.plan.detection is None
