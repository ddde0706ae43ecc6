"""The export dialog: what is written beside the exposures, chosen by mouse and keys."""

from __future__ import annotations

import pytest
from astropy.io import fits
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QAbstractButton, QComboBox, QLineEdit

from bgviewer.ui.export_dialog import ExportDialog
from bgviewer.ui.report_dialog import ReportDialog
from tests.scenarios.conftest import WAIT, settle

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("propagateSizeHints"),
]


@pytest.fixture
def asking(window, qtbot, tmp_path):
    """The dialog, about to write polynomials into a folder that is not there."""
    window.session.edit_config("use_polynomial", True)
    window.session.edit_config("order", 2)
    settle(qtbot, window)
    qtbot.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(ExportDialog)
    dialog.directory.setText(str(tmp_path / "out"))
    yield dialog
    if window.findChild(ExportDialog) is not None:
        window.findChild(ExportDialog).reject()


def click(qtbot, box) -> None:
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))


def export(window, qtbot, dialog, tmp_path) -> set[str]:
    """Export and return the names of what was written."""
    qtbot.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.findChild(ReportDialog) is not None, timeout=WAIT)
    window.findChild(ReportDialog).reject()
    return {path.name for path in (tmp_path / "out").iterdir()}


def test_as_it_opens_it_writes_what_it_wrote_before(window, asking, qtbot, tmp_path):
    names = export(window, qtbot, asking, tmp_path)
    assert {n for n in names if n.startswith("report")} == {"report.ecsv"}
    assert not any("bgdiff" in n or "skycorr" in n for n in names) and len(names) == 5 + 4 + 3
    with fits.open(tmp_path / "out" / "demo_02_background.fits") as hdus:
        assert "CHEBYSHEV" in hdus


def test_everything_else_that_can_be_chosen_is_written(window, asking, qtbot, tmp_path):
    fields = asking.fields
    sign = fields.choices["list_sign"]
    assert not sign.isEnabled(), "a sign without a list says nothing"
    click(qtbot, fields.switches["background_list"])
    assert sign.isEnabled() and "4 BackgroundLists" in asking.verdict.text()
    sign.setFocus()
    qtbot.keyClick(sign, Qt.Key.Key_Down)
    assert sign.currentData() == "subtract"
    click(qtbot, fields.switches["coefficients"])
    qtbot.keyClick(fields.choices["compress"], Qt.Key.Key_Down)
    click(qtbot, fields.formats["csv"])
    assert "report.ecsv, report.csv" in asking.verdict.text()
    names = export(window, qtbot, asking, tmp_path)
    assert {n for n in names if n.startswith("report")} == {"report.ecsv", "report.csv"}
    assert sum(n.endswith("_skycorr.fits") for n in names) == 4
    with fits.open(tmp_path / "out" / "demo_02_background.fits") as hdus:
        assert "CHEBYSHEV" not in hdus
    with fits.open(tmp_path / "out" / "demo_02_matched.fits") as hdus:
        assert any(isinstance(hdu, fits.CompImageHDU) for hdu in hdus)


def test_a_report_in_no_format_is_refused(asking, qtbot):
    click(qtbot, asking.fields.formats["ecsv"])
    assert not asking.export_button.isEnabled() and "at least one format" in asking.verdict.text()
    click(qtbot, asking.fields.formats["fits"])
    assert asking.export_button.isEnabled()
    assert asking.request.report_formats == ("fits",)


def test_coefficients_need_the_models_that_they_stand_in(asking, qtbot):
    click(qtbot, asking.backgrounds)
    assert not asking.fields.switches["coefficients"].isEnabled()
    click(qtbot, asking.backgrounds)
    assert asking.fields.switches["coefficients"].isEnabled()


def test_it_fits_a_small_screen_and_every_field_explains_itself(asking):
    assert asking.width() <= 1280 and asking.height() <= 620
    fields = asking.findChildren((QAbstractButton, QComboBox, QLineEdit))
    named = [f for f in fields if not f.objectName().startswith("qt_")]
    assert len(named) >= 13
    own = [
        f for f in named if f not in asking.buttons.buttons() and f.parent() is not asking.directory
    ]
    silent = [f for f in own if not f.whatsThis() or not (f.accessibleName() or f.text())]
    assert not silent
