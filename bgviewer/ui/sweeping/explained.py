"""What the controls of the sweep are for: a name and one worked sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QCoreApplication
from PyQt6.QtWidgets import QWidget

from bgviewer.ui.sweeping.heat_map import SIGNS

if TYPE_CHECKING:
    from bgviewer.ui.sweeping.panel import SweepPanel

__all__ = ["explain"]


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("Sweep", text)


def explain(panel: SweepPanel) -> None:
    """Give every control its name and one worked sentence."""
    for widget, name, text in _texts(panel):
        widget.setToolTip(f"<p>{text}</p>")
        widget.setWhatsThis(f"<p>{text}</p>")
        if name:
            widget.setAccessibleName(name)
    panel.map.setToolTip("")  # each cell has its own
    panel.legend.setText("   ".join((
        tr("{} recommended").format(SIGNS["choice"]),
        tr("{} lowest").format(SIGNS["best"]),
        tr("{} set").format(SIGNS["current"]),
        tr("✕ not possible"),
    )))  # fmt: skip


def _texts(panel: SweepPanel) -> tuple[tuple[QWidget, str, str], ...]:
    return (
        (
            panel.scope,
            tr("What is swept"),
            tr(
                "The exposure in the panels, or all of them. Example: All exposures finds one "
                "setting for the whole stack, and the best for each."
            ),
        ),
        (
            panel.tried,
            "",
            tr(
                "Which bin sizes, models and statistics are tried, all combinations. Example: "
                "6 bin sizes × 11 models × 2 statistics = 132 settings."
            ),
        ),
        (
            panel.mode,
            tr("What the settings are judged on"),
            tr(
                "Which pixels are held out and judged. Interleaved tiles answer which setting is "
                "best where data are; contiguous blocks of 8 × 8 tiles judge how well models "
                "bridge gaps, and favour stiffer ones."
            ),
        ),
        (
            panel.tile,
            tr("Side of the tiles"),
            tr(
                "Side of the held-out tiles in pixels. It should be larger than stars and the "
                "correlation of the noise, and at most half the smallest binSize: 8 for "
                "binSize 16, which is what auto takes."
            ),
        ),
        (
            panel.masked,
            "",
            tr(
                "Judges unmasked pixels only. Without it a setting must also behave over masked "
                "pixels that both exposures cover. Example: on for a galaxy that is masked because "
                "nobody needs its surroundings."
            ),
        ),
        (
            panel.start,
            "",
            tr(
                "Fits every setting to part of the pixels and judges it on the rest. Example: 130 "
                "settings for a 2048² pair take some seconds; matching goes on meanwhile."
            ),
        ),
        (
            panel.stop,
            "",
            tr(
                "Ends the sweep; exposures that are finished stay. Example: stop after 5 of 20, "
                "and Start goes on with the sixth."
            ),
        ),
        (
            panel.map,
            "",
            tr(
                "Expected error of the model for each binSize and model; dark = small. A click "
                "applies a cell: take order 3 at binSize 256 if it is as good as a spline."
            ),
        ),
        (
            panel.curves,
            "",
            tr(
                "Roots of the scores: held out with standard errors, and training, which falls "
                "with every finer model. Where the solid line rises again, noise is followed."
            ),
        ),
        (
            panel.along,
            tr("Curves"),
            tr(
                "Along which side of the map the curves go, through the cell under the cursor. "
                "Example: against binSize at order 3."
            ),
        ),
        (
            panel.apply,
            "",
            tr(
                "Sets the recommended binSize, model and statistic; for All exposures one choice "
                "for all. One step: Ctrl+Z brings the old ones back."
            ),
        ),
        (
            panel.each,
            "",
            tr(
                "Gives every exposure that was swept its own recommended settings, as one step. "
                "Example: order 3 for the one with moonlight, order 1 for the others."
            ),
        ),
        (
            panel.copy,
            "",
            tr("Copies all scores as a table with tabs, for a spreadsheet: one line a setting."),
        ),
        (
            panel.save,
            "",
            tr(
                "Writes every score of all exposures that were swept into a file, as the command "
                "bgviewer sweep -o does."
            ),
        ),
    )
