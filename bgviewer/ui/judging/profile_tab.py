"""Profiles along a row and a column of the image."""

from __future__ import annotations

import pyqtgraph as pg
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QGridLayout, QLabel, QWidget

from bgviewer.tasks.profiles import Profile, profiles_at
from bgviewer.ui.judging.plot import LineStyle, Plot
from bgviewer.ui.judging.tab import JudgeTab
from bgviewer.ui.plain_text import plain_label
from bgviewer.ui.theme import current_colours

__all__ = ["ProfilesTab"]

STYLES = {
    "reference": LineStyle("#0072b2", "#6cb6ff", Qt.PenStyle.SolidLine, 1.4),
    "science": LineStyle("#b35900", "#ffb454", Qt.PenStyle.DotLine, 1.8),
    "matched": LineStyle("#117a55", "#57c98f", Qt.PenStyle.DashLine, 1.6),
    "model": LineStyle("#8a4f9e", "#d3a4e6", Qt.PenStyle.DashDotLine, 1.8),
}
_DASHES = {"reference": "———", "science": "· · · ·", "matched": "– – –", "model": "– · – ·"}
_DELAY = 40  # milliseconds between two profiles under a moving cursor


class _Pair:
    """The plot of one direction: images above, the model on its own scale below."""

    def __init__(self, name: str, model_name: str) -> None:
        self.images, self.model = Plot(name), Plot(model_name)
        self.model.setMinimumHeight(54)
        self.items: dict[str, pg.PlotDataItem] = {}
        for key, style in STYLES.items():
            plot = self.model if key == "model" else self.images
            self.items[key] = plot.add_line(style)
        self.marks = [plot.add_mark() for plot in (self.images, self.model)]
        for plot in (self.images, self.model):
            plot.getPlotItem().getAxis("left").setWidth(62)


class ProfilesTab(JudgeTab):
    """Reference, science, matched and model along the row and the column under the cursor."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._at: tuple[float, float] | None = None
        self.pairs = (
            _Pair(self.tr("Profile along the row"), self.tr("Model along the row")),
            _Pair(self.tr("Profile along the column"), self.tr("Model along the column")),
        )
        self.titles = (QLabel(), QLabel())
        for title in self.titles:
            plain_label(title)
        self.key = QLabel()
        self.key.setTextFormat(Qt.TextFormat.RichText)
        grid = QGridLayout()
        grid.setSpacing(2)
        grid.addWidget(self.key, 0, 0, 1, 2)
        for column, (title, pair) in enumerate(zip(self.titles, self.pairs, strict=True)):
            grid.addWidget(title, 1, column)
            grid.addWidget(pair.images, 2, column)
            grid.addWidget(pair.model, 3, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(2, 3)
        grid.setRowStretch(3, 2)
        self.row.addLayout(grid, 1)
        self.words.hide()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_DELAY)
        self._rest.timeout.connect(self.invalidate)
        self.setToolTip(
            self.tr(
                "Averages over some rows (columns) through the position last pointed at, over "
                "pixels that are good in both exposures. Example: after a good match the dashed "
                "line (matched) lies on the solid one (reference) from edge to edge."
            )
        )
        self.follow_palette()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        dark = current_colours().dark
        parts = []
        names = {
            "reference": self.tr("reference"),
            "science": self.tr("science"),
            "matched": self.tr("matched"),
            "model": self.tr("model (lower plot, own scale)"),
        }
        for key, name in names.items():
            colour = QColor(STYLES[key].dark if dark else STYLES[key].light).name()
            parts.append(f"<span style='color:{colour}'><b>{_DASHES[key]}</b> {name}</span>")
        self.key.setText("&nbsp;&nbsp;&nbsp;".join(parts))
        for pair in self.pairs:
            pair.images.follow_palette()
            pair.model.follow_palette()

    def point_at(self, at: tuple[float, float] | None) -> None:
        """Follow the cursor; the last position stays when it leaves."""
        if at is not None and at != self._at:
            self._at = at
            if self.isVisible():
                if not self._rest.isActive():
                    self._rest.start()
            else:
                self._stale = True

    def refresh(self) -> None:
        """Draw the profiles."""
        shown = self.shown
        found: tuple[Profile | None, Profile | None] = (None, None)
        if shown is not None:
            found = profiles_at(shown, *(self._at or (None, None)))
        unit = shown.figures.unit if shown is not None else ""
        for title, pair, profile in zip(self.titles, self.pairs, found, strict=True):
            for item in (*pair.items.values(), *pair.marks):
                item.setVisible(profile is not None)
            if profile is None:
                title.setText("")
            else:
                title.setText(self._title(profile))
                self._draw(pair, profile, unit)

    def _title(self, profile: Profile) -> str:
        low, high = profile.at - 0.5 * (profile.width - 1), profile.at + 0.5 * (profile.width - 1)
        text = (
            self.tr("Row: mean of {} rows, y {:.0f} to {:.0f}")
            if profile.along == "row"
            else self.tr("Column: mean of {} columns, x {:.0f} to {:.0f}")
        )
        return text.format(profile.width, low, high)

    def _draw(self, pair: _Pair, profile: Profile, unit: str) -> None:
        for name, item in pair.items.items():
            item.setData(profile.positions, profile.lines[name], connect="finite")
        suffix = f" [{unit}]" if unit else ""
        pair.images.set_labels("", self.tr("value") + suffix)
        axis = "x [pix]" if profile.along == "row" else "y [pix]"
        pair.model.set_labels(axis, self.tr("model") + suffix)
        ends = (float(profile.positions[0]), float(profile.positions[-1]))
        pair.images.show_range(ends, profile.image_range)
        pair.model.show_range(ends, profile.model_range)
        if self._at is not None:
            for mark in pair.marks:
                mark.setPos(self._at[0] if profile.along == "row" else self._at[1])
        for mark in pair.marks:
            mark.setVisible(self._at is not None)
