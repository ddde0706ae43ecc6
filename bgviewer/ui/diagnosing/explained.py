"""What the controls of the dock are for: a name and one worked sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QCoreApplication
from PyQt6.QtWidgets import QWidget

if TYPE_CHECKING:
    from bgviewer.ui.diagnosing.dock import DiagnosticsPanel

__all__ = ["explain"]

Texts = tuple[tuple[QWidget, str, str], ...]


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("Diagnosing", text)


def explain(panel: DiagnosticsPanel) -> None:
    """Give every control its name and one worked sentence."""
    for widget, name, text in (*_diagnosis(panel), *_flux_loss(panel), *_consistency(panel)):
        widget.setToolTip(f"<p>{text}</p>")
        widget.setWhatsThis(f"<p>{text}</p>")
        if name:
            widget.setAccessibleName(name)


def _diagnosis(panel: DiagnosticsPanel) -> Texts:
    tab = panel.diagnosis
    remedy = tr(
        "Applies this setting; Ctrl+Z brings the old one back. Example: Use binSize 64 where the "
        "residuals of neighbouring bins are alike."
    )
    return (
        (
            tab.table,
            "",
            tr(
                "Figures of the match in the panels with what noise alone gives after the same "
                "fit. Example: a residual autocorrelation of 0.6 where noise gives 0.0 ± 0.1 "
                "means that structure is left."
            ),
        ),
        (
            tab.map,
            "",
            tr(
                "The model's standard error over the image, bright where it is loose. Example: a "
                "bright corner without cells is extrapolated; do not trust the sky there."
            ),
        ),
        (
            tab.sweep,
            "",
            tr(
                "Opens the sweep, which tries many settings. Example: where the held-out rms is "
                "above expectation, it names the setting with the smallest one."
            ),
        ),
        *((button, tr("What to try"), remedy) for button in tab.buttons),
    )


def _flux_loss(panel: DiagnosticsPanel) -> Texts:
    tab = panel.flux_loss
    return (
        (
            tab.radius,
            tr("Half-light radius of the source"),
            tr(
                "Half-light radius of the source in pixels; auto = 50, or a twentieth of the "
                "shorter side. Example: 150 for a comet's coma of which half lies within 150."
            ),
        ),
        (
            tab.brightness,
            tr("Surface brightness of the source"),
            tr(
                "Surface brightness of its middle; auto = a tenth of the pixel noise. Example: "
                "with MEAN the share that is lost is the same for 0.1 and for 0.2."
            ),
        ),
        (
            tab.where,
            tr("Place of the source"),
            tr(
                "Middle of the image, or where the cursor last was over an image. Example: point "
                "at a corner to see how much less the border spares."
            ),
        ),
        (
            tab.plot,
            "",
            tr(
                "How much the match removes of light that one exposure alone has; light in both "
                "is not affected. Example: 10 % at 50 pixels and 90 % at 300: light wider than "
                "the cells is taken for sky."
            ),
        ),
    )


def _consistency(panel: DiagnosticsPanel) -> Texts:
    tab = panel.consistency
    return (
        (
            tab.start,
            "",
            tr(
                "Counts shared pixels, matches all to the reference and to another, and compares "
                "all pairs. Example: 8 exposures of 2048² take some seconds."
            ),
        ),
        (tab.stop, "", tr("Ends the check; the result of the one before stays. Example: Esc.")),
        (
            tab.other,
            tr("Second reference"),
            tr(
                "Which other reference the closure is held against. Example: 0.3 with this one "
                "and 0.9 with the other: exposures agree with each other better after this one. "
                "It does not tell which reference is flatter."
            ),
        ),
        (
            tab.take,
            tr("Use as the reference"),
            tr(
                "Makes the exposure that most others overlap the reference. Example: one in the "
                "middle of a dither; Ctrl+Z brings the old one back."
            ),
        ),
        (
            tab.which,
            tr("What the matrix shows"),
            tr(
                "Shared good pixels, or the smooth difference left between matched exposures. "
                "Example: a row of ↑ is an exposure that agrees with no other."
            ),
        ),
        (
            tab.matrix,
            tr("Pairs of exposures"),
            tr(
                "One cell for each pair; a click, or Return, shows its exposure. Example: 4 ↑ "
                "under Overlap: only 4 % of the good pixels are shared."
            ),
        ),
        (
            tab.worst,
            tr("Worst pairs"),
            tr(
                "Pairs by the smooth difference that is left; a click, or Return, goes there. "
                "Example: 2.1 left where 0.4 is expected: one of the two is extrapolated."
            ),
        ),
    )
