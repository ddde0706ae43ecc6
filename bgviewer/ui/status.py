"""The status bar: values under the cursor on the left, work and Stop on the right."""

from __future__ import annotations

from html import escape

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QLabel, QProgressBar, QSizePolicy, QStatusBar, QToolButton, QWidget

from bgviewer.session.state import JobState, Readout
from bgviewer.ui.format import number
from bgviewer.ui.icons import icon
from bgviewer.ui.plain_text import plain_label
from bgviewer.ui.theme import FollowsPalette, current_colours

__all__ = ["StatusBar"]


class StatusBar(FollowsPalette, QStatusBar):
    """Cursor read-out, zoom, progress."""

    stop_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.readout = QLabel()
        self.readout.setTextFormat(Qt.TextFormat.RichText)
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.readout.setAccessibleName(self.tr("Values under the cursor"))
        self.zoom = QLabel()
        self.zoom.setContentsMargins(4, 0, 8, 0)
        self.zoom.setToolTip(
            self.tr("Screen pixels per image pixel: at 100 % each has one of its own")
        )
        self.job = QLabel()
        plain_label(self.job)
        self.progress = QProgressBar()
        self.progress.setFixedWidth(150)
        self.progress.setMaximumHeight(14)
        self.progress.setTextVisible(False)
        self.stop = QToolButton()
        self.stop.setIcon(icon("stop"))
        self.stop.setText(self.tr("Stop"))
        self.stop.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.stop.setAutoRaise(True)
        self.stop.setToolTip(self.tr("Stop this work (Esc)"))
        self.stop.clicked.connect(self.stop_asked)
        self.addWidget(self.readout, 1)
        for widget in (self.zoom, self.job, self.progress, self.stop):
            self.addPermanentWidget(widget)
        self._plain = ""
        self.show_job(None)
        self.show_readout(None)
        self.begin_following()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.show_readout(self._at)

    def show_job(self, job: JobState | None) -> None:
        """Show what work goes on."""
        for widget in (self.job, self.progress, self.stop):
            widget.setVisible(job is not None)
        if job is None:
            return
        told = "" if job.pace is None else job.pace.text
        self.job.setText(": ".join(filter(None, (job.title, told or job.text))))
        self.job.setToolTip(job.text)
        if job.fraction is None:
            self.progress.setRange(0, 0)
        else:
            self.progress.setRange(0, 1000)
            self.progress.setValue(round(job.fraction * 1000))

    def show_zoom(self, percent: float | None) -> None:
        """Show the zoom of the panels."""
        self.zoom.setText("" if percent is None else self.tr("zoom {:.0f} %").format(percent))

    def plain_readout(self) -> str:
        """The values under the cursor as plain text."""
        return self._plain

    def show_readout(self, at: Readout | None) -> None:
        """Show the values at a pixel of all images at once."""
        self._at = at
        if at is None:
            self.readout.setText("")
            return
        muted = current_colours().muted

        def pair(name: str, value: str) -> str:
            return f"<span style='color:{muted}'>{name}</span>&nbsp;{value}"

        parts = [pair("x", f"{at.x:.1f}") + "&nbsp; " + pair("y", f"{at.y:.1f}")]
        if at.sky:
            both = zip(at.sky.names, at.sky.values, strict=True)
            text = "&nbsp; ".join(pair(name, value) for name, value in both)
            parts.append(f"{text} ({escape(at.sky.frame)})" if at.sky.frame else text)
        values = (
            (self.tr("reference"), at.reference),
            (self.tr("science"), at.science),
            (self.tr("difference"), at.difference),
            (self.tr("model"), at.model),
            (self.tr("matched"), at.matched),
            (self.tr("residual"), at.residual),
        )
        no_data = self.tr("no data")

        def figure(value: float | None, digits: int) -> str:
            return no_data if value is None else number(value, digits)

        parts.append("&nbsp; ".join(pair(name, figure(value, 5)) for name, value in values))
        if at.planes:
            parts.append(pair(self.tr("mask"), escape(", ".join(at.planes))))
        self.readout.setText("&nbsp;&nbsp; ".join(parts))
        self._plain = "\t".join(
            [f"x {at.x:.1f}", f"y {at.y:.1f}", at.sky.text if at.sky else ""]
            + [f"{name} {figure(value, 7)}" for name, value in values]
            + ([f"mask {','.join(at.planes)}"] if at.planes else [])
        )
