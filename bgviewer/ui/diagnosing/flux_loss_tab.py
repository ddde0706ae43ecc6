"""Flux loss: how much of an extended source's flux the match takes away."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QColor, QHideEvent, QShowEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from bgviewer.session.session import Session
from bgviewer.tasks.flux_loss_view import FluxLossQuery, FluxLossView
from bgviewer.ui.judging.plot import LineStyle, Plot
from bgviewer.ui.theme import current_colours

__all__ = ["FluxLossTab"]

_FLUX = LineStyle("#0072b2", "#6cb6ff")
_APERTURE = LineStyle("#b35900", "#ffb454", Qt.PenStyle.DashLine)
_DELAY = 250  # ms of rest before another source is tried


class FluxLossTab(QWidget):
    """Radius, brightness and place of a source; what is lost of it, and of other radii.

    Parameters
    ----------
    session : Session
        Whose match is looked at.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._source = session, session.diagnoser.flux_loss
        self._pointed: tuple[float, float] | None = None
        self._painted: FluxLossView | None = None
        self.updates = 0
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_DELAY)
        self._rest.timeout.connect(self._ask)
        self._build_controls()
        self._build_plot()
        self._place()
        self._source.changed.connect(self.refresh)

    def _build_controls(self) -> None:
        self.radius, self.brightness = QDoubleSpinBox(), QDoubleSpinBox()
        for spin, largest, decimals in ((self.radius, 1e5, 0), (self.brightness, 1e9, 4)):
            spin.setRange(0.0, largest)
            spin.setDecimals(decimals)
            spin.setSpecialValueText(self.tr("auto"))
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(self._rest.start)
        self.radius.setSuffix(self.tr(" px"))
        self.radius.setSingleStep(10.0)
        self.brightness.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.where = QComboBox()
        self.where.addItem(self.tr("middle of the image"), "middle")
        self.where.addItem(self.tr("where last pointed"), "cursor")
        self.where.currentIndexChanged.connect(self._rest.start)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _build_plot(self) -> None:
        self.plot = Plot(
            self.tr(
                "Share of the flux that is removed of light that one exposure has, over its "
                "half-light radius"
            )
        )
        self.flux, self.aperture = self.plot.add_line(_FLUX), self.plot.add_line(_APERTURE)
        self.flux.setSymbol("o")
        self.flux.setSymbolSize(4)
        self.bin = self.plot.add_mark()
        self.own = pg.ScatterPlotItem(symbol="d", size=11)
        self.own.setZValue(8)
        self.plot.addItem(self.own, ignoreBounds=True)
        self.plot.set_labels(self.tr("half-light radius [px]"), self.tr("removed [%]"))
        self.key = QLabel()
        self.key.setTextFormat(Qt.TextFormat.RichText)

    def _place(self) -> None:
        form = QGridLayout()
        form.setVerticalSpacing(4)
        rows = (
            (self.tr("Half-light radius"), self.radius),
            (self.tr("Brightness"), self.brightness),
            (self.tr("Where"), self.where),
        )
        for line, (text, field) in enumerate(rows):
            label = QLabel(text)
            label.setBuddy(field)
            form.addWidget(label, line, 0)
            form.addWidget(field, line, 1)
        left = QVBoxLayout()
        left.addLayout(form)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.words)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        left.addWidget(scroll, 1)
        side = QWidget()
        side.setLayout(left)
        left.setContentsMargins(0, 0, 0, 0)
        side.setFixedWidth(330)
        right = QVBoxLayout()
        right.setSpacing(2)
        right.addWidget(self.plot, 1)
        right.addWidget(self.key)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 4, 6, 4)
        row.setSpacing(10)
        row.addWidget(side)
        row.addLayout(right, 1)
        self.follow_palette()

    # ------------------------------------------------------------ wishes

    def point_at(self, at: tuple[float, float] | None) -> None:
        """Follow the cursor; the last position stays when it leaves."""
        if at is not None and at != self._pointed:
            self._pointed = at
            if self.isVisible() and self.where.currentData() == "cursor":
                self._rest.start()

    def _ask(self) -> None:
        at = self._pointed if self.where.currentData() == "cursor" else None
        radius, brightness = self.radius.value(), self.brightness.value()
        self._source.ask(FluxLossQuery(radius or None, brightness or None, at))

    # ------------------------------------------------------------ news

    def showEvent(self, event: QShowEvent | None) -> None:
        """Begin to follow the match."""
        super().showEvent(event)
        self._source.watch(True)
        self.refresh()

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Cease to follow it."""
        super().hideEvent(event)
        self._rest.stop()
        self._source.watch(False)

    def refresh(self) -> None:
        """Show what is known now."""
        if not self.isVisible():
            return
        self.updates += 1
        found: FluxLossView | None = self._source.value
        match, stack = self._session.state.match, self._session.state.stack
        if stack is None:
            self.words.setText(self.tr("Open exposures to see what their match removes."))
        elif match.withheld:
            self.words.setText(match.withheld)
        elif found is None:
            reason = "" if self._source.working else self._source.reason
            self.words.setText(reason or self.tr("Adding a faint source…"))
        else:
            text = "\n".join(found.words)
            if not self._source.current or self._source.working:
                text = self.tr("◌ Of an earlier match or source.") + f" {text}"
            self.words.setText(text)
        if found is not self._painted:
            self._paint(found)

    def _paint(self, found: FluxLossView | None) -> None:
        self._painted = found
        for item in (self.flux, self.aperture, self.bin, self.own):
            item.setVisible(found is not None)
        if found is None:
            return
        self.brightness.setSuffix(f" {found.unit}" if found.unit else "")
        curve = found.curve
        at = np.log10(np.array(curve.radii))
        flux = 100.0 * np.array(curve.shares)
        aperture = 100.0 * np.array([loss.aperture for loss in curve.losses])
        self.flux.setData(at, flux)
        self.aperture.setData(at, aperture)
        self.bin.setPos(math.log10(curve.bin_size))
        self.own.setData([math.log10(found.own.source.radius)], [100.0 * found.own.profile])
        self.plot.getPlotItem().getAxis("bottom").setTicks([_ticks(curve.radii)])
        low = min(0.0, float(flux.min()), float(aperture.min()))
        high = max(100.0, float(flux.max()), float(aperture.max()))
        self.plot.show_range((float(at[0]), float(at[-1])), (low, high + 4.0))
        self._tell_key()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.plot.follow_palette()
        dark = current_colours().dark
        flux = QColor(_FLUX.dark if dark else _FLUX.light)
        self.flux.setSymbolBrush(flux)
        self.flux.setSymbolPen(pg.mkPen(flux))
        self.own.setBrush(pg.mkBrush(self.palette().windowText().color()))
        self.own.setPen(pg.mkPen(QColor(current_colours().card)))
        self._tell_key()

    def _tell_key(self) -> None:
        dark = current_colours().dark
        parts = []
        for style, sign, name in (
            (_FLUX, "━●━", self.tr("weighted with the profile")),
            (_APERTURE, "╍╍╍", self.tr("within two radii")),
        ):
            colour = style.dark if dark else style.light
            parts.append(f'<span style="color:{colour}">{sign}</span> {name}')
        parts.append(self.tr("◆ the source on the left"))
        bin_size = "" if self._painted is None else f" {self._painted.curve.bin_size}"
        parts.append(self.tr("┆ binSize{}").format(bin_size))
        self.key.setText("&nbsp;&nbsp; ".join(parts))


def _ticks(radii: tuple[float, ...]) -> list[tuple[float, str]]:
    """Return powers of two within the radii."""
    first, last = math.ceil(math.log2(radii[0])), math.floor(math.log2(radii[-1]))
    return [(k * math.log10(2.0), str(2**k)) for k in range(first, last + 1)]
