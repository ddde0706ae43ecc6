"""Two pictures over a panel that can be swapped without a flash: both are painted beforehand."""

from __future__ import annotations

import pyqtgraph as pg
from PyQt6.QtCore import QObject, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QPainter
from PyQt6.QtWidgets import QLabel

from bgviewer.tasks.picture import Picture
from bgviewer.ui.canvas import SmoothImage, put_picture
from bgviewer.ui.image_panel import ImagePanel

__all__ = ["Overlay"]

_ABOVE = 14  # the pictures of the panel lie below, the cross-hair above


class _PartImage(SmoothImage):
    """An image of which only the part between two shares of its width is painted."""

    part = (0.0, 1.0)

    def set_part(self, left: float, right: float) -> None:
        """Paint from `left` to `right`, as shares of the width."""
        if (left, right) != self.part:
            self.part = (left, right)
            self.update()

    def paint(self, painter: QPainter | None, *args: object) -> None:
        """Paint the part."""
        if painter is None or self.part == (0.0, 1.0):
            super().paint(painter, *args)
            return
        whole = self.boundingRect()
        left, right = self.part
        area = QRectF(
            whole.left() + left * whole.width(),
            whole.top(),
            (right - left) * whole.width(),
            whole.height(),
        )
        painter.save()
        painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
        super().paint(painter, *args)
        painter.restore()


class Overlay(QObject):
    """Snapshots A and B over one panel.

    Parameters
    ----------
    panel : ImagePanel
        Its colour scale counts for both.
    """

    moved = pyqtSignal(float)
    """The split line was dragged: its place as a share of the width."""

    def __init__(self, panel: ImagePanel) -> None:
        super().__init__(panel)
        self.panel = panel
        self._box = (-0.5, -0.5, 1.0, 1.0)
        self._ready = False
        self.images = (_PartImage(), _PartImage())
        self.hidden = (_PartImage(), _PartImage())
        self._missing = [False, False]
        for i, item in enumerate((*self.images, *self.hidden)):
            item.setOpts(axisOrder="row-major")
            item.setZValue(_ABOVE + i // 2)
            item.setVisible(False)
            panel.canvas.addItem(item, ignoreBounds=True)
        self.line = pg.InfiniteLine(
            angle=90, movable=True, pen=pg.mkPen("w", width=2), hoverPen=pg.mkPen("y", width=3)
        )
        self.line.setZValue(_ABOVE + 4)
        self.line.setVisible(False)
        self.line.sigDragged.connect(self._on_dragged)
        panel.canvas.addItem(self.line, ignoreBounds=True)
        self.badge = QLabel(panel.canvas)
        self.badge.setTextFormat(Qt.TextFormat.PlainText)
        self.badge.setMargin(4)
        font = self.badge.font()
        font.setBold(True)
        self.badge.setFont(font)
        self.badge.hide()
        panel.bar.levels_dragged.connect(self.follow_levels)
        panel.bar.reset_asked.connect(self.follow_levels)
        panel.looks.changed.connect(self.follow_levels)
        panel.looks.limits_changed.connect(self.follow_levels)

    def load(self, a: Picture, b: Picture) -> None:
        """Take the pictures; nothing is seen of them yet."""
        present = self.panel.picture
        kinds = {a.kind, b.kind, present.kind if present is not None else ""}
        self._ready = len(kinds) == 1 and not (a.message or b.message) and a.box == b.box
        if self._ready:
            self._box = a.box
            for i, picture in enumerate((a, b)):
                self.hidden[i].setLookupTable(self.panel.hidden.lut)
                self.hidden[i].setLevels(self.panel.hidden.levels)
                put_picture(self.images[i], self.hidden[i], picture)
                self._missing[i] = picture.hidden is not None
            self.follow_levels()
        for item in (*self.images, *self.hidden):
            item.setVisible(False)

    def follow_levels(self, *_: object) -> None:
        """Take the panel's colour scale: colours and ends."""
        for item in self.images:
            if item.image is not None:
                item.setLookupTable(self.panel.image.lut)
                item.setLevels(self.panel.levels)

    def show(self, slot: int) -> None:
        """Show A (0) or B (1) alone."""
        self._show((slot == 0, slot == 1), "AB"[slot], None)

    def show_split(self, share: float) -> None:
        """Show A left and B right of a line."""
        self._show((True, True), self.tr("A | B"), share)

    def hide(self) -> None:
        """Show the panel itself."""
        self._show((False, False), "", None)

    def _show(self, wanted: tuple[bool, bool], badge: str, share: float | None) -> None:
        cut = 1.0 if share is None else share
        for i, (part, seen) in enumerate(
            zip(((0.0, cut), (0.0 if share is None else cut, 1.0)), wanted, strict=True)
        ):
            for item in (self.images[i], self.hidden[i]):
                item.set_part(*part)
            self.images[i].setVisible(self._ready and seen)
            self.hidden[i].setVisible(self._ready and seen and self._missing[i])
        self.line.setVisible(self._ready and share is not None)
        if share is not None:
            left, _, width, _ = self._box
            self.line.setBounds((left, left + width))
            self.line.setPos(left + share * width)
        self.badge.setText(badge if self._ready else self.tr("present"))
        self.badge.setToolTip("" if self._ready else self.tr("A and B hold another view than this"))
        present = self.panel.picture
        is_difference = present is not None and present.kind == "a_minus_b"  # it is of both
        self.badge.setVisible(bool(badge) and not is_difference)
        self._place_badge()

    def _place_badge(self) -> None:
        palette = self.panel.palette()
        self.badge.setStyleSheet(
            f"background: {palette.highlight().color().name()};"
            f"color: {palette.highlightedText().color().name()}; border-radius: 3px;"
        )
        self.badge.adjustSize()
        area = self.panel.canvas.getPlotItem().getViewBox().sceneBoundingRect()
        self.badge.move(int(area.left()) + 6, int(area.top()) + 6)

    def _on_dragged(self) -> None:
        left, _, width, _ = self._box
        self.moved.emit(min(max((self.line.value() - left) / width, 0.0), 1.0))
