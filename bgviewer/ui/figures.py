"""Below the panels: the figures of the match and what to expect of them."""

from __future__ import annotations

from html import escape

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from bgviewer.engine.acceptance import AcceptanceLimits
from bgviewer.io.units import squared
from bgviewer.session.state import MatchState
from bgviewer.tasks.effective import effective_settings
from bgviewer.tasks.judge import ChiSquare, judge_chi_square
from bgviewer.tasks.show import Figures as Numbers
from bgviewer.tasks.show import Shown, judge_ratio
from bgviewer.ui.badges import Badges
from bgviewer.ui.format import NOTHING, number, share
from bgviewer.ui.histogram import HistogramView
from bgviewer.ui.labels import ElidedLabel
from bgviewer.ui.theme import current_colours

__all__ = ["FigureCard", "Figures"]

_ROOM_FOR_HISTOGRAM = 350
_STAY = 1500  # ms that the room of adjustments is kept after they are gone


class FigureCard(QFrame):
    """A caption, a number and a remark."""

    def __init__(self, caption: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setToolTip(tip)
        self.setAccessibleName(caption)
        self.caption = ElidedLabel(caption)
        self.value = ElidedLabel(NOTHING)
        self.remark = QLabel()
        self.remark.setWordWrap(True)
        self.remark.setTextFormat(Qt.TextFormat.PlainText)
        self.caption.setObjectName("caption")
        self.remark.setObjectName("remark")
        font = self.value.font()
        font.setPointSizeF(font.pointSizeF() * 1.28)
        font.setBold(True)
        self.value.setFont(font)
        small = self.remark.font()
        small.setPointSizeF(small.pointSizeF() * 0.88)
        for label in (self.caption, self.remark):
            label.setFont(small)
        column = QVBoxLayout(self)
        column.setContentsMargins(9, 5, 9, 5)
        column.setSpacing(1)
        column.addStretch(1)
        for label in (self.caption, self.value, self.remark):
            column.addWidget(label)
        column.addStretch(1)

    def show_text(self, value: str, remark: str = "", shorter: str = "") -> None:
        """Show a value and a remark; a shorter form of the value where there is no room."""
        self.value.set_texts(value, *filter(None, (shorter,)))
        self.remark.setText(remark)

    def set_verdict(self, verdict: str) -> None:
        """Colour the remark, which says the same in words, as "good", "high" or "low"."""
        if self.remark.property("verdict") == verdict:
            return
        self.remark.setProperty("verdict", verdict)
        style = self.remark.style()
        if style is not None:
            style.polish(self.remark)


class Figures(QWidget):
    """fitRMS, matchedMSE, diffImVar, their ratio, the model that was used, and what was changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._build_cards()
        self.histogram = HistogramView()
        self.histogram.hide()
        self._form = ""
        self._room = 0
        self._limits = AcceptanceLimits()
        self._numbers: Numbers | None = None
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        self.adjustments = QLabel()
        self.adjustments.setObjectName("adjustments")
        self.adjustments.setWordWrap(True)
        self.adjustments.setTextFormat(Qt.TextFormat.PlainText)
        self.adjustments.hide()
        self._stay = QTimer(self)
        self._stay.setSingleShot(True)
        self._stay.setInterval(_STAY)
        self._stay.timeout.connect(self._release_room)
        self.badges = Badges()
        self.line = QLabel()
        self.line.setTextFormat(Qt.TextFormat.RichText)
        self.line.setWordWrap(True)
        self.line.setAccessibleName(self.tr("Figures of the match"))
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 2, 6, 4)
        column.setSpacing(4)
        column.addLayout(self._grid, 1)
        column.addWidget(self.line)
        column.addWidget(self.badges)
        column.addWidget(self.adjustments)
        self.set_form("strip")
        self.follow_palette()

    def _build_cards(self) -> None:
        self.fit_rms = FigureCard(
            "fitRMS",
            self.tr(
                "Root mean square of bin value − model, over the bins, and the largest that is "
                "accepted for a co-add: set under Parameters, at the end."
            ),
        )
        self.matched_mse = FigureCard(
            "matchedMSE",
            self.tr("Mean square of reference − matched over the good pixels: what is left."),
        )
        self.diff_im_var = FigureCard(
            "diffImVar",
            self.tr(
                "Clipped mean of the difference's variance plane: what pixel noise alone would "
                "leave."
            ),
        )
        self.ratio = FigureCard(
            "MSE/var",
            self.tr(
                "matchedMSE / diffImVar: about 1 when little but pixel noise is left; more means "
                "structure is left. The noise of single pixels drowns faint structure, so 1.00 "
                "is no proof: look at the residuals and at reference − matched too."
            ),
        )
        self.model = FigureCard(
            self.tr("Model used"),
            self.tr(
                "What was fitted in the end, and how much of the image it is extrapolated to: "
                "beyond the outermost cells with data, or nearest to a cell without."
            ),
        )
        self.chi = FigureCard(
            self.tr("χ²/dof of bins"),
            self.tr(
                "Squared residuals of the bins in units of their errors, per degree of freedom: "
                "1 ± √(2/dof) when the model follows the background to within the noise. It sees "
                "faint structure that MSE/var cannot, because a bin averages the pixels' noise "
                "away. Example: 9.3 beside MSE/var 1.00 says that a higher order is needed."
            ),
        )
        self.cards = (
            self.fit_rms,
            self.matched_mse,
            self.diff_im_var,
            self.ratio,
            self.chi,
            self.model,
        )

    def set_form(self, form: str) -> None:
        """Arrange the cards as a "strip" of one row or a "block" of two columns, or as a "line"."""
        if form == self._form:
            return
        self._form = form
        self.badges.set_columns(2 if form == "block" else 4)
        self.line.setVisible(form == "line")
        block = form == "block"
        for card in self.cards:
            self._grid.removeWidget(card)
        for i, card in enumerate(self.cards):
            row, column = (i % 3, i // 3) if block else (0, i)
            self._grid.addWidget(card, row + 1, column)
            card.setVisible(form != "line")  # not before it has a parent: it would be a window
        for column in range(6):
            self._grid.setColumnStretch(column, int(column < (2 if block else 6)))
        self._grid.addWidget(self.histogram, 0, 0, 1, 2)
        for row in range(3):
            self._grid.setRowStretch(row + 1, int(row < (3 if block else 1)))
        self._fit_histogram()
        for card in self.cards:
            card.setMaximumHeight(92 if block else 16777215)

    def set_room(self, height: int) -> None:
        """Show the histogram where there is room for it, in a block that may be so high."""
        self._room = height
        self._fit_histogram()

    def _fit_histogram(self) -> None:
        room = self._form == "block" and self._room > _ROOM_FOR_HISTOGRAM
        self.histogram.setVisible(room)
        self._grid.setRowStretch(0, 3 if room else 0)

    def show_match(self, match: MatchState) -> None:
        """Show the figures of a match; dashes where there is none."""
        shown = match.shown
        for card in self.cards:
            card.setEnabled(not match.withheld)
        for part in (self.histogram, self.badges, self.line):
            part.setEnabled(not match.withheld)
        self._numbers = None if shown is None else shown.figures
        if shown is None:
            self.histogram.show_histogram(None, "")
            for card in self.cards:
                card.show_text(NOTHING)
                card.set_verdict("unknown")
            self._show_line("")
            self.badges.show_settings(())
            self.adjustments.hide()
            return
        self.histogram.show_histogram(shown.histogram, shown.figures.unit)
        self._show_figures(shown.figures)
        if shown.figures.chi_square is not None:
            self._show_chi(shown.figures.chi_square)
        unit = shown.figures.unit
        self._show_line(squared(unit))
        self.badges.show_settings(effective_settings(shown))
        self._show_adjustments(shown)

    def set_limits(self, limits: AcceptanceLimits) -> None:
        """Judge fitRMS and MSE/var by other limits."""
        if limits != self._limits:
            self._limits = limits
            if self._numbers is not None:
                self._show_figures(self._numbers)

    def _show_figures(self, figures: Numbers) -> None:
        unit = figures.unit
        square = squared(unit)
        if figures.bins_used == 1:
            self.fit_rms.show_text("0", self.tr("(one bin: nothing to test)"))
            self.fit_rms.set_verdict("unknown")
        else:
            limit, within = f"{self._limits.fit_rms:g}", figures.fit_rms <= self._limits.fit_rms
            remark = self.tr("✓ limit {}") if within else self.tr("▲ over the limit {}")
            self.fit_rms.show_text(_valued(figures.fit_rms, unit), remark.format(limit))
            # Within the limit is no praise: a spline's is small whatever it follows.
            self.fit_rms.set_verdict("unknown" if within else "high")
        waiting = figures.matched_mse is None
        self.matched_mse.show_text(
            "…" if waiting else _valued(figures.matched_mse, square), self.tr("what is left")
        )
        self.diff_im_var.show_text(
            _valued(figures.diff_im_var, square),
            self.tr("noise expected")
            if figures.diff_im_var == figures.diff_im_var
            else self.tr("no variance planes"),
        )
        verdict = judge_ratio(figures.ratio, self._limits.mse_ratio)
        remarks = {
            "good": self.tr("✓ about 1, as expected"),
            "high": self.tr("▲ structure left"),
            "low": self.tr("▼ variance too high?"),
            "unknown": self.tr("expected: about 1"),
        }
        self.ratio.show_text("…" if waiting else number(figures.ratio), remarks[verdict])
        self.ratio.set_verdict(verdict)
        self._show_model(figures)

    def _show_model(self, figures: Numbers) -> None:
        nx, ny = figures.grid
        if figures.kind == "chebyshev":
            name = self.tr("Chebyshev {}").format(figures.used_order)
            shorter = self.tr("order {}").format(figures.used_order)
            weighted = self.tr("weighted") if figures.used_weighting else self.tr("not weighted")
            remark = weighted
        elif figures.used_smoothing_length is not None:
            length = f"{figures.used_smoothing_length:.0f}"
            name = self.tr("P-spline {} px").format(length)
            shorter = self.tr("P-spline {}").format(length)
            remark = self.tr("by REML") if figures.smoothing_chosen else self.tr("as asked")
        else:
            name = (figures.used_interp_style or "").replace("_", " ").capitalize()
            shorter = name.removesuffix(" spline")
            remark = self.tr("{} × {} cells").format(nx, ny) if nx * ny > 1 else self.tr("1 cell")
        beyond = self.tr("{} extrapolated").format(share(figures.extrapolated))
        self.model.show_text(name, f"{beyond}, {remark}", shorter)

    def _show_chi(self, chi: ChiSquare) -> None:
        verdict = judge_chi_square(chi.reduced, chi.dof)
        expected = self.tr("expected {}").format(f"1±{number(chi.spread, 2)}")
        remarks = {
            "good": self.tr("✓ {}").format(expected),
            "high": self.tr("▲ {}").format(expected),
            "low": self.tr("▼ {}").format(expected),
            "unknown": self.tr("spline: not judged")
            if chi.kind == "spline"
            else self.tr("no bins to spare"),
        }
        self.chi.show_text(number(chi.reduced, 3), remarks[verdict])
        self.chi.set_verdict(verdict)

    def _show_line(self, unit: str) -> None:
        """The same figures as one line, for windows that are low."""
        signs = {"good": "&nbsp;✓", "high": "&nbsp;▲", "low": "&nbsp;▼"}
        parts = []
        for card in self.cards[:-1]:
            verdict = signs.get(card.remark.property("verdict") or "", "")
            short = card.caption.text().split(" ")[0]
            value = card.value.text().removesuffix(f" {unit}") if unit else card.value.text()
            if card is self.fit_rms:
                value = card.value.text()
            parts.append(f"{short}&nbsp;<b>{escape(value).replace(' ', '&nbsp;')}{verdict}</b>")
        self.line.setText(" &nbsp;".join(parts))
        told = (f"{c.caption.text()}: {c.value.text()} {c.remark.text()}" for c in self.cards)
        self.line.setToolTip("\n".join(told))

    def _show_adjustments(self, shown: Shown) -> None:
        texts = dict.fromkeys(a.text for a in shown.result.adjustments)
        text = self.tr("Adjusted: ") + "; ".join(texts) + "." if texts else ""
        if text == ("" if self.adjustments.isHidden() else self.adjustments.text()):
            return
        self._keep_room()
        if text:
            self.adjustments.setText(text)
        self.adjustments.setVisible(bool(text))

    def _keep_room(self) -> None:
        """Let the pictures keep their size while adjustments come and go in a drag."""
        if self.adjustments.isHidden() and not self._stay.isActive():
            return
        self.adjustments.setMinimumHeight(self.adjustments.height())
        _retain(self.adjustments, True)
        self._stay.start()

    def _release_room(self) -> None:
        self.adjustments.setMinimumHeight(0)
        _retain(self.adjustments, False)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = current_colours()
        self.badges.follow_palette()
        badge = "#fff3da" if not colours.dark else "#3a3120"
        self.setStyleSheet(
            f"#card {{ background: {colours.card}; border: 1px solid {colours.line};"
            " border-radius: 5px; }"
            f"#caption, #remark, #remark[verdict]:disabled {{ color: {colours.muted}; }}"
            f"#remark[verdict='good']:enabled {{ color: {colours.good}; }}"
            f"#remark[verdict='high']:enabled {{ color: {colours.bad}; }}"
            f"#remark[verdict='low']:enabled {{ color: {colours.warning}; }}"
            f"#adjustments {{ background: {badge}; border-left: 3px solid {colours.warning};"
            " padding: 4px 8px; }"
        )


def _retain(widget: QWidget, retain: bool) -> None:
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(retain)
    widget.setSizePolicy(policy)


def _valued(value: float | None, unit: str) -> str:
    text = number(value)
    return f"{text} {unit}" if unit and text != NOTHING else text
