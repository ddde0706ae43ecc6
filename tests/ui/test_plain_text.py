"""Names of files and values of headers are shown as they are, never as HTML."""

from __future__ import annotations

import pytest
from astropy.io import fits
from PyQt6.QtCore import QModelIndex, Qt
from PyQt6.QtGui import QTextDocument
from PyQt6.QtWidgets import QLabel, QToolTip

from bgviewer import app as composition
from bgviewer.engine.config import MatchConfig
from bgviewer.ui.labels import ElidedLabel
from bgviewer.ui.plain_text import plain_tip
from tests.stacks import write_small_stack

HTML = "<b>x<img src=a>"
WAIT = 30_000


def _seen(tip: str) -> str:
    """Return what a tool tip shows."""
    if not Qt.mightBeRichText(tip):
        return tip
    document = QTextDocument()
    document.setHtml(tip)
    return document.toPlainText()


@pytest.mark.parametrize("text", [HTML, "plain", "<p>two\nlines</p>", "a < b", "", "&amp;<i>"])
def test_a_tip_shows_its_text(qapp, text):
    assert _seen(plain_tip(text)) == text


def test_a_label_that_is_cut_short_has_a_plain_tip(qapp):
    label = ElidedLabel(f"{HTML} and much more that does not fit")
    label.resize(40, 20)
    label.grab()
    assert _seen(label.toolTip()) == label.text()


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    paths = write_small_stack(tmp_path)
    for number, path in enumerate(paths):
        with fits.open(path, mode="update") as hdus:
            hdus[1].header["BUNIT"] = "<i>adu"
        path.rename(tmp_path / f"<u>{number}.fits")
    (tmp_path / "<i>bad.fits").write_bytes(b"no FITS")
    window = composition.build_window(MatchConfig(bin_size=32))
    window.show()
    window.load([str(tmp_path)])
    qtbot.waitUntil(
        lambda: window.session.settled and window.session.state.match.shown is not None,
        timeout=WAIT,
    )
    yield window
    window.close()
    window.session.close()
    window.deleteLater()


def _cells(model):
    for row in range(model.rowCount(QModelIndex())):
        for column in range(model.columnCount(QModelIndex())):
            yield model.index(row, column).data(Qt.ItemDataRole.ToolTipRole) or ""


def test_the_window_shows_names_literally(window):
    QToolTip.hideText()
    panel = window.stack_panel
    tips = list(_cells(panel.proxy))
    assert any("<u>0" in _seen(tip) for tip in tips)
    assert any("<i>bad" in _seen(tip) for tip in tips)
    assert "<u>" in _seen(panel.best.toolTip())
    rich = (Qt.TextFormat.AutoText, Qt.TextFormat.RichText, Qt.TextFormat.MarkdownText)
    for label in window.findChildren(QLabel):
        if label.textFormat() in rich and Qt.mightBeRichText(label.text()):
            for name in ("<u>", "<i>bad", "<i>adu"):
                assert name not in label.text(), label.text()
