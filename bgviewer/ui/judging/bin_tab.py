"""One bin looked at closely, and left out if it is spoilt."""

from __future__ import annotations

import math
from html import escape

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from bgviewer.engine.masks import IGNORED_PLANE
from bgviewer.tasks.bin import BinView, inspect_bin
from bgviewer.ui.format import NOTHING, count, number, with_unit
from bgviewer.ui.judging.plot import Plot
from bgviewer.ui.judging.tab import JudgeTab, rows_of

__all__ = ["BinTab"]


class BinTab(JudgeTab):
    """Histogram of a bin's pixels, its averages, its flags, and whether it takes part."""

    toggle_asked = pyqtSignal()
    """Leave the bin out, or take it back in."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box: tuple[int, int, int, int] | None = None
        self.view: BinView | None = None
        self._excluded = False
        self.plot = Plot(self.tr("Histogram of the pixels of the bin"))
        self.all = self.plot.add_columns("marked")
        self.kept = self.plot.add_columns("main")
        self.limits = (self.plot.add_mark(), self.plot.add_mark())
        self.button = QPushButton(self.tr("Exclude this bin"))
        self.button.setEnabled(False)
        self.button.setToolTip(
            self.tr(
                "Leaves the pixels of this bin out of the match of this science exposure; undo "
                "brings them back. Example: exclude a bin that a bright star spoils, and watch "
                "the residuals of its neighbours shrink."
            )
        )
        self.button.clicked.connect(self.toggle_asked)
        side = QVBoxLayout()
        area = QScrollArea()
        area.setWidget(self.words)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.heading = QLabel()
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setObjectName("heading")
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        head.addWidget(self.button)
        side.addLayout(head)
        side.addWidget(area, 1)
        self.row.addWidget(self.plot, 3)
        self.row.addLayout(side, 3)
        self.follow_palette()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.plot.follow_palette()

    def show_bin(self, box: tuple[int, int, int, int] | None) -> None:
        """Look at another bin, given by its local box."""
        self.box = box
        self.invalidate()

    def set_excluded(self, excluded: bool) -> None:
        """Say whether the bin is left out at present."""
        if excluded != self._excluded:
            self._excluded = excluded
            self.invalidate()
        text = self.tr("Include again") if excluded else self.tr("Exclude this bin")
        self.button.setText(text)

    def refresh(self) -> None:
        """Show the bin."""
        self.view = None
        if self.shown is not None and self.box is not None:
            self.view = inspect_bin(self.shown, self.box)
        # Where no match is left without this bin, it must be possible to take it back.
        self.button.setEnabled(self.view is not None or self._excluded)
        for item in (self.all, self.kept, *self.limits):
            item.setVisible(self.view is not None and self.view.statistics.n > 0)
        if self.view is None:
            text = self.tr("Click a bin in the residuals, or the ring of a cell in the model.")
            if self._excluded:
                text = self.tr("Without the bin that was excluded last there is no match.")
            self.heading.setText("")
            self.words.setText(text)
            return
        self._draw(self.view)
        some = self.view.statistics.n > 0
        self.plot.show_message("" if some else self.tr("No good pixel: there is nothing to draw."))
        self.heading.setText(self._heading(self.view))
        self.words.setText(self._text(self.view))

    def _draw(self, view: BinView) -> None:
        unit = self._unit()
        self.plot.set_labels(
            self.tr("reference − science") + (f" [{unit}]" if unit else ""), self.tr("pixels")
        )
        self.all.setData(view.edges, view.total)
        self.kept.setData(view.edges, view.kept)
        for mark, value in zip(self.limits, view.limits, strict=True):
            mark.setPos(value)
        self.plot.show_range((float(view.edges[0]), float(view.edges[-1])), (0.0, view.tallest))

    def _unit(self) -> str:
        return self.shown.figures.unit if self.shown is not None else ""

    def _text(self, view: BinView) -> str:
        unit, found = self._unit(), view.statistics

        def valued(value: float, error: float) -> str:
            if not math.isfinite(value):
                return NOTHING
            return escape(f"{number(value)} ± {with_unit(error, unit, 2)}")

        pairs = [
            (self.tr("mean"), valued(found.mean, found.mean_error)),
            (self.tr("median"), valued(found.median, found.median_error)),
            (self.tr("clipped mean"), valued(found.meanclip, found.meanclip_error)),
            (
                self.tr("used in the match"),
                self._outcome(view) if view.dropped else valued(view.value, view.error),
            ),
            (self.tr("model there"), escape(with_unit(view.model, unit))),
            (self.tr("pull"), number(view.pull, 3)),
        ]
        wide = [
            (
                self.tr("pixels"),
                self.tr("{} good, {} flagged, {} clipped (hatched)").format(
                    count(found.n), count(view.flagged), count(found.n_clipped)
                ),
            ),
        ]
        planes = "; ".join(
            self.tr("{}: {} + {}").format(escape(self._plane(name)), count(first), count(second))
            for name, first, second in view.planes
        )
        wide.append((self.tr("flags (reference + science)"), planes or NOTHING))
        key = escape(self.tr("Filled: pixels the clipped mean keeps, between the dashed lines."))
        note = f"<p>{key} {self._note(view)}</p>"
        return f"{rows_of(pairs, 2)}{rows_of(wide)}{note}"

    def _outcome(self, view: BinView) -> str:
        """Why the bin was not used."""
        if self._excluded:
            return self.tr("nothing: excluded")
        good = self.tr("no good pixel") if not view.statistics.n else self.tr("too few good pixels")
        return self.tr("nothing: {}").format(good)

    def _plane(self, name: str) -> str:
        return self.tr("excluded here") if name == IGNORED_PLANE else name

    def _heading(self, view: BinView) -> str:
        assert self.shown is not None
        x0, y0 = self.shown.result.difference.xy0
        left, right, bottom, top = view.box
        text = self.tr("Bin x {} to {}, y {} to {}").format(
            left + x0, right - 1 + x0, bottom + y0, top - 1 + y0
        )
        return text + (self.tr(" (excluded)") if self._excluded else "")

    def _note(self, view: BinView) -> str:
        if view.every == 1:
            return ""
        return escape(
            self.tr(
                "Averages, counts and histogram: of one pixel in {} × {}; what the match used is "
                "of all."
            ).format(view.every, view.every)
        )
