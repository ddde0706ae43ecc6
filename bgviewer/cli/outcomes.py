"""What became of the exposures, as JSON and as a table."""

from __future__ import annotations

from typing import Any

from bgviewer.cli.output import number, print_table, say
from bgviewer.tasks.acceptance import AcceptanceLimits, judge_outcome
from bgviewer.tasks.export import ExportReport
from bgviewer.tasks.exposure_warnings import grouped_warnings
from bgviewer.tasks.match import MatchOutcome

__all__ = ["outcome_json", "print_outcomes", "say_warnings"]


def outcome_json(outcome: MatchOutcome, limits: AcceptanceLimits) -> dict[str, Any]:
    """Return an outcome as plain values."""
    verdict = judge_outcome(outcome, limits)
    return {
        "name": outcome.name,
        "path": None if outcome.path is None else str(outcome.path),
        "is_reference": outcome.is_reference,
        "status": outcome.status,
        "reason": outcome.reason,
        "fit_rms": outcome.fit_rms,
        "matched_mse": outcome.matched_mse,
        "diff_im_var": outcome.diff_im_var,
        "accepted": None if verdict is None else verdict.accepted,
        "not_accepted": "" if verdict is None else verdict.reason,
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
            number(o.fit_rms),
            number(o.matched_mse),
            number(o.diff_im_var),
            number(o.ratio),
            _accepted(o, report.limits),
            o.reason or "; ".join(_remarks(o)),
        ]
        for o in report.outcomes
    ]
    head = ["exposure", "status", "fitRMS", "matchedMSE", "diffImVar", "MSE/var", "accepted"]
    print_table([*head, "remarks"], rows, numeric=range(2, 6))
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


def _accepted(outcome: MatchOutcome, limits: AcceptanceLimits) -> str:
    verdict = judge_outcome(outcome, limits)
    if verdict is None:
        return ""
    return "yes" if verdict.accepted else "no"
