"""Light and dark: one palette each, and the colours that palettes have no role for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication, QWidget

from bgviewer import resources

__all__ = [
    "COLOUR_MAPS",
    "TERM_COLOURS",
    "TERM_PATTERNS",
    "Colours",
    "FollowsPalette",
    "colour_table",
    "current_colours",
    "dress",
]

# Blue, orange and green that stay apart for colour-blind eyes; the pattern tells them apart too.
TERM_COLOURS = {"variance": "#2f7fc1", "level": "#e29a13", "coverage": "#1f9e77"}
TERM_PATTERNS = {
    "variance": Qt.BrushStyle.SolidPattern,
    "level": Qt.BrushStyle.Dense3Pattern,
    "coverage": Qt.BrushStyle.BDiagPattern,
}

COLOUR_MAPS = {
    "sequential": ("viridis", "cividis", "magma", "CET-CBL1"),
    "diverging": ("CET-D1A", "CET-D4", "CET-D9"),
    "sky": ("CET-L1", "cividis", "magma", "CET-CBL2"),
}
"""Perceptually even maps, the default first; all diverging ones go from blue to red."""
_PLANE_COLOURS = (
    "#d55e00",
    "#56b4e9",
    "#e69f00",
    "#cc79a7",
    "#009e73",
    "#f0e442",
    "#0072b2",
    "#b8b8b8",
    "#8a6fb0",
    "#7f5539",
    "#88ccaa",
    "#dd7788",
)


@dataclass(frozen=True)
class Colours:
    """What a palette does not name."""

    dark: bool
    canvas: str
    axis: str
    missing: str
    hatching: str
    good: str
    warning: str
    bad: str
    muted: str
    line: str
    card: str
    text: str


_LIGHT = Colours(
    dark=False,
    canvas="#e4e7eb",
    axis="#4a5461",
    missing="#bfc5cc",
    hatching="#a9b0b9",
    good="#1a7f4b",
    warning="#9a6200",
    bad="#b3261e",
    muted="#646e7b",
    line="#cfd5dc",
    card="#ffffff",
    text="#1b2128",
)
_DARK = Colours(
    dark=True,
    canvas="#0f1215",
    axis="#a7b0bb",
    missing="#363c44",
    hatching="#474e58",
    good="#57c98f",
    warning="#e9b44c",
    bad="#f28b82",
    muted="#98a2ae",
    line="#343b44",
    card="#1b1f24",
    text="#e2e6eb",
)

_ROLES = {
    QPalette.ColorRole.Window: ("#f2f4f6", "#22272d"),
    QPalette.ColorRole.WindowText: ("#1b2128", "#e2e6eb"),
    QPalette.ColorRole.Base: ("#ffffff", "#181c20"),
    QPalette.ColorRole.AlternateBase: ("#f6f8fa", "#1e2328"),
    QPalette.ColorRole.Text: ("#1b2128", "#e2e6eb"),
    QPalette.ColorRole.Button: ("#eceff2", "#2c3239"),
    QPalette.ColorRole.ButtonText: ("#1b2128", "#e2e6eb"),
    QPalette.ColorRole.BrightText: ("#ffffff", "#ffffff"),
    QPalette.ColorRole.ToolTipBase: ("#ffffff", "#2c3239"),
    QPalette.ColorRole.ToolTipText: ("#1b2128", "#e2e6eb"),
    QPalette.ColorRole.PlaceholderText: ("#7a8491", "#87919d"),
    QPalette.ColorRole.Highlight: ("#2f6fb3", "#3d7fc4"),
    QPalette.ColorRole.HighlightedText: ("#ffffff", "#ffffff"),
    QPalette.ColorRole.Link: ("#22619f", "#7db4ea"),
    QPalette.ColorRole.Light: ("#ffffff", "#3a424b"),
    QPalette.ColorRole.Midlight: ("#e6e9ed", "#333a42"),
    QPalette.ColorRole.Mid: ("#c3c9d1", "#454d57"),
    QPalette.ColorRole.Dark: ("#a3abb5", "#14171a"),
    QPalette.ColorRole.Shadow: ("#7b848f", "#000000"),
}
_DISABLED = {
    QPalette.ColorRole.WindowText: ("#626b76", "#939da9"),
    QPalette.ColorRole.Text: ("#626b76", "#939da9"),
    QPalette.ColorRole.ButtonText: ("#626b76", "#939da9"),
    QPalette.ColorRole.Highlight: ("#b9c2cc", "#3a424b"),
}

_STYLE = """
QToolTip {{ padding: 4px; border: 1px solid {line}; }}
QDockWidget::title {{ padding: 5px 8px; background: {window}; font-weight: 600; }}
QToolBar {{ spacing: 2px; padding: 3px 6px; border: 0; border-bottom: 1px solid {line}; }}
QStatusBar {{ border-top: 1px solid {line}; }}
QStatusBar::item {{ border: 0; }}
QTableView {{ border: 1px solid {line}; gridline-color: {line}; }}
QCheckBox::indicator, QListView::indicator {{ width: 13px; height: 13px; border-radius: 3px;
    border: 1px solid {edge}; background: {base}; }}
QCheckBox::indicator:checked, QListView::indicator:checked {{ background: {accent};
    border-color: {accent}; image: url("{check}"); }}
QCheckBox::indicator:disabled, QListView::indicator:disabled {{
    border-color: {line}; background: {window}; }}
QCheckBox::indicator:checked:disabled, QListView::indicator:checked:disabled {{
    background: {edge}; border-color: {edge}; }}
QScrollArea {{ border: 0; background: transparent; }}
QMainWindow::separator {{ background: {line}; width: 1px; height: 1px; margin: 1px; }}
"""


def _palette(column: int) -> QPalette:
    palette = QPalette()
    for role, names in _ROLES.items():
        palette.setColor(role, QColor(names[column]))
    for role, names in _DISABLED.items():
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(names[column]))
    return palette


def dress(app: QApplication, scheme: Qt.ColorScheme) -> None:
    """Give the application its palette and style for a colour scheme (unknown = light)."""
    dark = scheme == Qt.ColorScheme.Dark
    colours = _DARK if dark else _LIGHT
    palette = _palette(int(dark))
    app.setPalette(palette)
    app.setStyleSheet(
        _STYLE.format(
            line=colours.line,
            muted=colours.muted,
            edge=palette.color(QPalette.ColorRole.Dark if not dark else QPalette.ColorRole.Mid)
            .lighter(100 if not dark else 140)
            .name(),
            window=palette.color(QPalette.ColorRole.Window).name(),
            base=palette.color(QPalette.ColorRole.Base).name(),
            accent=palette.color(QPalette.ColorRole.Highlight).name(),
            check=resources.path("icons/check.svg").as_posix(),
        )
    )


def current_colours() -> Colours:
    """Return the colours that go with the palette of the application.

    The palette of a widget is no guide: a style sheet that sets its background changes it too.
    """
    dark = QApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128
    return _DARK if dark else _LIGHT


_DRESSING = (
    QEvent.Type.PaletteChange,
    QEvent.Type.ApplicationPaletteChange,
    QEvent.Type.StyleChange,
)

if TYPE_CHECKING:
    _Base = QWidget
else:
    _Base = object


class FollowsPalette(_Base):
    """Mixin for a widget with colours of its own: `follow_palette` is called when they change.

    The class stands before the Qt class among the bases and defines `follow_palette`.
    """

    _dressed: Colours | None = None

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        raise NotImplementedError

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the palette of the application."""
        super().changeEvent(event)
        if event is not None and event.type() in _DRESSING:
            colours = current_colours()
            if self._dressed is not None and self._dressed is not colours:
                self._dressed = colours
                self.follow_palette()

    def begin_following(self) -> None:
        """Take the colours now, and from now on; called once the widget is built."""
        self._dressed = current_colours()
        self.follow_palette()


def colour_table(scale: str, steps: int = 256, name: str = "") -> NDArray[np.uint8]:
    """Return uint8 [steps, 4] RGBA of a colour scale.

    Parameters
    ----------
    scale : {"sequential", "diverging", "sky", "planes"}
        For "planes" entry 0 is clear and entry i the colour of mask plane i; `steps` counts them.
    name : str
        One of `COLOUR_MAPS`; empty = the default.
    """
    if scale == "planes":
        names = [_PLANE_COLOURS[i % len(_PLANE_COLOURS)] for i in range(steps - 1)]
        return np.array([(0, 0, 0, 0), *(QColor(n).getRgb() for n in names)], np.uint8)
    table = pg.colormap.get(name or COLOUR_MAPS[scale][0]).getLookupTable(nPts=steps, alpha=True)
    return np.ascontiguousarray(table, dtype=np.uint8)
