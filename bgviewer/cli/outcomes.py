"""What became of the exposures, as JSON and as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bgviewer.cli.output import number, print_table, say
from bgviewer.engine.verdict import STATES, Verdict
from bgviewer.tasks.acceptance import AcceptanceLimits, criterion_of
from bgviewer.tasks.export import ExportReport
from bgviewer.tasks.exposure_warnings import grouped_warnings
from bgviewer.tasks.match import MatchOutcome, verdict_json

__all__ = ["outcome_json", "print_outcomes", "say_warnings", "verdicts_below"]


def outcome_json(outcome: MatchOutcome, limits: AcceptanceLimits) -> dict[str, Any]:
    """Return an outcome as plain values."""
    criterion = criterion_of(outcome, limits)
    return {
        "name": outcome.name,
        "path": None if outcome.path is None else str(outcome.path),
        "is_reference": outcome.is_reference,
        "status": outcome.status,
        "reason": outcome.reason,
        "fit_rms": outcome.fit_rms,
        "matched_mse": outcome.matched_mse,
        "diff_im_var": outcome.diff_im_var,
        **verdict_json(outcome.judged),
        "lsst_criterion": None if criterion is None else criterion.text,
        "scale": outcome.scale,
        "own_settings": outcome.own_settings,
        "regions": outcome.regions,
        "detected": outcome.detected,
        "aligned": outcome.aligned,
        "overlap": outcome.overlap,
        "extrapolated": outcome.extrapolated,
        "warnings": list(outcome.warnings),
        "adjustments": [
            {"kind": a.kind, "asked": a.asked, "used": a.used, "text": a.text}
            for a in outcome.adjustments
        ],
        "output": None if outcome.output is None else str(outcome.output),
        "background": (
            None if outcome.background_output is None else str(outcome.background_output)
        ),
        "background_list": (
            None if outcome.background_list is None else str(outcome.background_list)
        ),
        "background_list_difference": outcome.background_list_difference,
        "earlier_files": [str(path) for path in outcome.earlier_files],
    }


def print_outcomes(report: ExportReport) -> None:
    """Print the table of a run and its sum."""
    rows = [
        [
            o.name,
            o.status,
            o.verdict or "",
            number(o.verdict_number),
            number(o.fit_rms),
            number(o.matched_mse),
            number(o.diff_im_var),
            number(o.ratio),
            _criterion(o, report.limits),
            o.reason or "; ".join(_remarks(o)),
        ]
        for o in report.outcomes
    ]
    head = ["exposure", "status", "verdict", "error", "fitRMS", "matchedMSE", "diffImVar"]
    print_table([*head, "MSE/var", "LSST's criterion", "remarks"], rows, numeric=range(3, 8))
    for outcome in report.outcomes:
        if outcome.judged is not None and outcome.status == "matched" and outcome.judged.advice:
            judged = outcome.judged
            say(f"{outcome.name}: {judged.state}. {judged.reason} {judged.advice}")
    excluded = sum(o.status == "excluded" for o in report.outcomes)
    also = f", {excluded} excluded" if excluded else ""
    say_warnings(report)
    say(
        f"{report.n_matched} matched, {report.n_failed} failed{also}; written to {report.directory}"
    )


def say_warnings(report: ExportReport) -> None:
    """Print on stderr what the user is told about single exposures, each warning once."""
    for note in report.notes:
        say(note)
    for line in grouped_warnings((o.name, o.warnings) for o in report.outcomes):
        say(line)


def _remarks(outcome: MatchOutcome) -> list[str]:
    own = [f"own settings {outcome.own_settings}"] if outcome.own_settings else []
    ignored = [f"{outcome.regions} regions ignored"] if outcome.regions else []
    marks = {"sources detected by bgviewer": outcome.detected, "aligned": outcome.aligned}
    done = [text for text, yes in marks.items() if yes]
    return [*own, *ignored, *done, *(a.text for a in outcome.adjustments)]


def _criterion(outcome: MatchOutcome, limits: AcceptanceLimits) -> str:
    criterion = criterion_of(outcome, limits)
    if criterion is None:
        return ""
    return "met" if criterion.met else "not met"


def verdicts_below(verdicts: Iterable[Verdict | None], least: str | None) -> int:
    """Return how many verdicts are worse than `least`; none where it is None."""
    if least is None:
        return 0
    return sum(v is not None and v.rank > STATES.index(least) for v in verdicts)
