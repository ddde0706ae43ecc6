"""Two tabs about the bins: residuals, and residuals in units of their errors."""

from __future__ import annotations

import math
from html import escape

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QWidget

from bgviewer.tasks.judge import (
    OUTLIER,
    ChiSquare,
    Counts,
    judge_chi_square,
    summarise_pulls,
    summarise_residuals,
)
from bgviewer.ui.format import NOTHING, count, number, with_unit
from bgviewer.ui.judging.plot import LineStyle, Plot
from bgviewer.ui.judging.tab import JudgeTab, rows_of

__all__ = ["PullsTab", "ResidualsTab"]

_GAUSSIAN = LineStyle("#b35900", "#ffb454", Qt.PenStyle.DashLine, 2.0)


class _HistogramTab(JudgeTab):
    """Columns with a Gaussian over them."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = Plot(name)
        self.columns = self.plot.add_columns("main")
        self.curve = self.plot.add_line(_GAUSSIAN)
        self.zero = self.plot.add_mark()
        self.row.addWidget(self.plot, 3)
        self.row.addWidget(self.words, 2)
        self.follow_palette()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.plot.follow_palette()

    def _show_counts(self, counts: Counts | None) -> None:
        drawn = counts is not None
        for item in (self.columns, self.curve, self.zero):
            item.setVisible(drawn)
        if counts is None:
            return
        self.columns.setData(counts.edges, counts.counts)
        self.curve.setData(counts.curve_x, counts.curve_y)
        top = max(float(np.max(counts.counts)), float(np.max(counts.curve_y)))
        ends = (float(counts.edges[0]), float(counts.edges[-1]))
        self.plot.show_range(ends, (0.0, 1.05 * top))


class ResidualsTab(_HistogramTab):
    """How far the bins lie from the model."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Histogram of the residuals of the bins"), parent)
        self.setToolTip(
            self.tr(
                "Bins by bin value − model. Example: rms 4 nJy but scaled MAD 1 nJy means that a "
                "few bins far out make the rms; they are counted as outliers. The outermost "
                "columns hold what lies beyond."
            )
        )

    def refresh(self) -> None:
        """Show the residuals."""
        if self.shown is None:
            self._show_counts(None)
            self.words.setText(self.tr("No match to judge yet."))
            return
        figures = self.shown.figures
        unit = figures.unit
        found = summarise_residuals(np.asarray(self.shown.result.bins.residuals), figures.floor)
        self.plot.set_labels(
            self.tr("bin − model") + (f" [{unit}]" if unit else ""), self.tr("bins")
        )
        self._show_counts(found.histogram)

        def value(x: float) -> str:
            return escape(with_unit(x, unit))

        pairs = [
            (self.tr("bins"), count(found.n)),
            (self.tr("rms (fitRMS)"), value(found.rms)),
            (self.tr("scaled MAD"), value(found.sigma)),
            (self.tr("median"), value(found.median)),
            (
                self.tr("outliers (beyond {} scaled MADs)").format(f"{OUTLIER:.0f}"),
                count(found.outliers),
            ),
        ]
        note = self.tr("Dashed curve: Gaussian as wide as the scaled MAD.")
        if found.histogram is None:
            note = self.tr("What is left is rounding, or one bin: there is nothing to draw.")
        self.words.setText(rows_of(pairs) + f"<p>{escape(note)}</p>")


class PullsTab(_HistogramTab):
    """Whether the residuals are as large as their errors say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Histogram of the pulls of the bins"), parent)
        self.plot.set_labels(self.tr("(bin − model) / error"), self.tr("bins"))
        self.setToolTip(
            self.tr(
                "Pull = (bin − model) / error of the bin. With a good model and right errors the "
                "pulls follow N(0, 1). Example: standard deviation 3 means residuals three times "
                "as large as the errors explain."
            )
        )

    def refresh(self) -> None:
        """Show the pulls and their chi-square."""
        if self.shown is None:
            self._show_counts(None)
            self.words.setText(self.tr("No match to judge yet."))
            return
        found = summarise_pulls(self.shown.result)
        self._show_counts(found.histogram)
        chi = found.chi_square
        parameters = (
            self.tr("{}: one per cell, a spline passes through each")
            if chi.kind == "spline"
            else self.tr("{}: terms of the polynomial")
        )
        pairs = [
            (
                self.tr("pulls: mean, st. dev."),
                f"{number(found.mean, 3)}, {number(found.stdev, 3)}" + self._expected(chi),
            ),
            (self.tr("χ²"), number(chi.value)),
            (
                self.tr("degrees of freedom"),
                self.tr("{} = {} bins − {} parameters").format(
                    count(chi.dof), count(chi.bins), count(chi.parameters)
                ),
            ),
            (self.tr("parameters"), parameters.format(count(chi.parameters))),
            (
                self.tr("χ²/dof"),
                number(chi.reduced, 3)
                + self.tr(" (expected 1 ± {})").format(number(chi.spread, 2)),
            ),
        ]
        if found.unknown:
            pairs.append((self.tr("bins without an error"), count(found.unknown)))
        self.words.setText(f"<p><b>{escape(self.verdict(chi))}</b></p>" + rows_of(pairs))

    def _expected(self, chi: ChiSquare) -> str:
        """Mean and standard deviation of good pulls: a fit brings its own bins nearer to it."""
        if not chi.dof:
            return ""
        width = number(math.sqrt(chi.dof / chi.bins), 2)
        return self.tr(" (expected 0, about {})").format(width)

    def verdict(self, chi: ChiSquare) -> str:
        """Return one sentence on what chi-square means."""
        sentences = {
            "good": self.tr("✓ The residuals are as large as their errors let one expect."),
            "high": self.tr(
                "▲ The residuals are {} times as large as their errors explain: structure is "
                "left, or the errors are too small."
            ),
            "low": self.tr(
                "▼ The residuals are {} times as large as their errors: the errors are too "
                "large, or the model follows noise."
            ),
            "unknown": self.tr("– There is no freedom left to judge this fit by its bins."),
        }
        if chi.kind == "spline" and not chi.dof:
            return self.tr(
                "– A spline passes through every cell, so its bins cannot judge it: compare "
                "reference − matched instead."
            )
        times = number(math.sqrt(chi.reduced), 2) if chi.dof else NOTHING
        return sentences[judge_chi_square(chi.reduced, chi.dof)].format(times)
