"""The sentence over the map: what a sweep says, in plain words."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication

from bgviewer.engine.sweeping import SweepCell
from bgviewer.io.units import squared
from bgviewer.tasks.sweep_view import Summary, expected_error
from bgviewer.ui.format import number, with_unit

__all__ = ["sentence"]


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("Sweep", text)


def _error(cell: SweepCell, unit: str) -> str:
    if cell.score is None:
        return tr("not possible ({})").format(cell.reason)
    error, is_limit = expected_error(cell.score)
    text = with_unit(error, unit, 3)
    return tr("below {}").format(text) if is_limit else text


def sentence(summary: Summary, unit: str, running: bool) -> str:
    """Return what is recommended, and what to hold it against."""
    choice, best, default = summary.choice, summary.best, summary.default
    if choice is None or choice.score is None or best is None:
        return tr("None of the settings tried so far could be judged.")
    square = squared(unit)
    begin = tr("So far: ") if running else tr("Recommended: ")
    score = f"{number(choice.score.value, 3)} ± {with_unit(choice.score.error, square, 2)}"
    parts = [
        begin
        + tr("{}; held-out error {} (score {}).").format(
            choice.candidate.text, _error(choice, unit), score
        )
    ]
    if best.score is not None and best.score.value == choice.score.value:
        parts.append(tr("It is the best of all."))
    else:
        text = tr("Best: {}, {}; the simplest within one standard error of it is recommended.")
        if choice.candidate.penalty_order is not None:
            text = tr(
                "Lowest: {}, {}; the simplest as good is not clearly better than the P-spline."
            )
        parts.append(text.format(best.candidate.text, _error(best, unit)))
    if default is None:
        parts.append(tr("LSST's default was not tried."))
    elif default is not choice:
        parts.append(
            tr("LSST's default ({}): {}.").format(default.candidate.text, _error(default, unit))
        )
    else:
        parts.append(tr("It is LSST's default."))
    if summary.current is choice:
        parts.append(tr("It is set."))
    return " ".join(parts)
