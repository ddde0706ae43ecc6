"""The command that matches a stack and writes it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgviewer import __version__
from bgviewer.cli import exits
from bgviewer.cli.auto import check_auto, chosen_json, chosen_lines, swept, write_sweep
from bgviewer.cli.convert import check_report, write_report
from bgviewer.cli.export_options import export_options
from bgviewer.cli.opening import measure, open_stack, say_exposure_warnings, stack_json
from bgviewer.cli.outcomes import outcome_json, print_outcomes, say_warnings, verdicts_below
from bgviewer.cli.output import print_json, print_line, say
from bgviewer.cli.recorded import refuse_second_match
from bgviewer.cli.regions import with_regions
from bgviewer.cli.settings import Settings
from bgviewer.cli.signals import SignalStop, stoppable_progress
from bgviewer.errors import ConfigError, NoReferenceError
from bgviewer.io.stack import ExposureStack, StackEntry
from bgviewer.io.transaction import recover
from bgviewer.tasks.export import (
    ExportReport,
    ExportRequest,
    ExportStopped,
    check_targets,
    check_writable,
    export,
    plan_export,
)
from bgviewer.tasks.exposure_warnings import exposure_warnings, grouped_warnings
from bgviewer.tasks.match import check_included, find_exposure
from bgviewer.tasks.ranking import rank_candidates

if TYPE_CHECKING:
    from bgviewer.tasks.load import LoadedStack
    from bgviewer.tasks.sweep import Sweep

__all__ = ["match_and_export"]


def match_and_export(arguments: argparse.Namespace, settings: Settings) -> int:
    """Load, choose the reference, match all, write, print the outcome.

    Everything that can be refused is refused before any pixel is read.
    """
    if not arguments.output:
        raise ConfigError("-o: name a folder to write to", field="output", value="")
    settings, stack = with_regions(arguments, settings, open_stack(arguments, settings))
    excluded = settings.plan.excluded
    refuse_second_match(stack, excluded, getattr(arguments, "again", False))
    included = [i for i in stack.usable if stack[i].name not in excluded]
    different = len({stack[i].identity for i in included})
    if different < 2:
        return _too_few(different, stack)
    assert stack.shape is not None
    problem = settings.config.problem(stack.shape)
    if problem is not None:
        raise problem
    given = _given_reference(stack, arguments, settings)
    if given is not None and (why := stack[given].problem) is not None:
        reason = getattr(why, "reason", None) or why
        raise NoReferenceError(f"{stack[given].name} cannot be the reference: {reason}")
    if given is not None:
        check_included(stack[given], settings.plan)
    request = ExportRequest(
        stack=stack,
        config=settings.config,
        reference=included[0] if given is None else given,
        directory=Path(arguments.output),
        overwrite=arguments.overwrite,
        include_reference=not arguments.no_reference,
        zero_point=settings.zero_point,
        plan=settings.plan,
        **export_options(arguments),
    )
    recovered = () if arguments.dry_run else recover(request.directory).notes
    for note in recovered:
        say(note)
    check_targets(request)
    if not arguments.dry_run:
        check_writable(request.directory)
    check_report(arguments, request)
    auto = getattr(arguments, "auto", None)
    check_auto(request, auto)
    if given is None:
        loaded = measure(stack, settings)
        if len(loaded.usable) >= 2:
            request = _with_best_reference(request, loaded)
        elif not loaded.short_of_memory:
            for line in grouped_warnings(loaded.warnings):
                say(line)
            return _too_few(len(loaded.usable), stack)
        # Without memory to measure, the report still says what failed and why.
    request, found = swept(request, auto)
    if arguments.dry_run:
        return _dry_run(request, arguments.json, found)
    try:
        report = _export(request, getattr(arguments, "jobs", None))
    except SignalStop as stop:
        if arguments.json and stop.report is not None:
            print_json(report_json(stop.report, request.stack, recovered))
        raise
    write_sweep(request, found)
    write_report(arguments, request, report)
    if report.problem is not None:
        say(report.problem)
    if arguments.json:
        say_warnings(report)
        told = report_json(report, request.stack, recovered)
        print_json({**told, **chosen_json(request, found)})
    else:
        print_outcomes(report)
    return exit_code(report, getattr(arguments, "fail_unless", None))


def _with_best_reference(request: ExportRequest, loaded: LoadedStack) -> ExportRequest:
    """Return the request with the best exposure of the ranking as its reference."""
    try:
        ranking = rank_candidates(loaded.measurements, request.config)
    except NoReferenceError:
        for line in grouped_warnings(loaded.warnings):
            say(line)
        raise
    request.stack.notes += ranking.warnings
    for warning in ranking.warnings:
        say(warning)
    return replace(request, reference=ranking.best)


def _given_reference(
    stack: ExposureStack, arguments: argparse.Namespace, settings: Settings
) -> int | None:
    if settings.reference is None:
        return None
    try:
        return find_exposure(stack, settings.reference)
    except ConfigError as error:
        if getattr(arguments, "reference", None):
            raise
        raise ConfigError(
            f"{error} The name comes from {arguments.config}; --reference auto chooses anew.",
            field="reference",
            value=settings.reference,
        ) from error


def _too_few(count: int, stack: ExposureStack) -> int:
    say(f"fewer than two usable exposures ({count} of {len(stack)}): there is nothing to match")
    return exits.NO_INPUT


def _export(request: ExportRequest, jobs: int | None) -> ExportReport:
    """Export; a stop says how much was written.

    Raises
    ------
    SignalStop
        With the report of what was done.
    """
    report = None
    try:
        with stoppable_progress() as progress:
            report = export(request, progress, jobs=jobs)
    except SignalStop as stop:
        if isinstance(stop.__cause__, ExportStopped):
            report = stop.__cause__.report
        wanted = len(plan_export(replace(request, overwrite=True)).matched)
        written = 0 if report is None else report.n_written
        stop.detail, stop.report = f"{written} of {wanted} exposures written", report
        raise
    return report


def _dry_run(request: ExportRequest, as_json: bool, found: Sweep | None = None) -> int:
    plan = plan_export(request)
    stack = request.stack
    if as_json:
        print_json(
            {
                "version": __version__,
                "reference": stack[request.reference].name,
                "config": request.config.to_lsst(),
                **stack_json(stack),
                "exposures": [_planned_json(entry, request) for entry in stack.entries],
                "would_write": [str(p) for p in plan.paths],
                **chosen_json(request, found),
            }
        )
        return exits.ALL_MATCHED
    say_exposure_warnings(stack)
    print_line(f"reference: {stack[request.reference].name}")
    for line in ("settings:", *chosen_lines(request)) if found is not None else ():
        print(line)
    print("would write:")
    for path in plan.paths:
        print_line(f"  {path}")
    return exits.ALL_MATCHED


def _planned_json(entry: StackEntry, request: ExportRequest) -> dict[str, Any]:
    """Return what is known of an exposure before its pixels are read."""
    problem = entry.problem
    return {
        "name": entry.name,
        "path": None if entry.path is None else str(entry.path),
        "excluded": entry.name in request.plan.excluded,
        "reason": None if problem is None else str(getattr(problem, "reason", None) or problem),
        "warnings": list(exposure_warnings(entry)),
    }


def exit_code(report: ExportReport, least: str | None = None) -> int:
    """Return the exit code that the outcomes deserve; verdicts must be `least` at least."""
    if report.n_matched == 0:
        # a stack of nothing but duplicates of the reference has nothing that could fail
        return exits.NONE_MATCHED if report.n_failed else exits.ALL_MATCHED
    below = verdicts_below((o.judged for o in report.outcomes), least)
    return exits.SOME_FAILED if report.n_failed or report.problem or below else exits.ALL_MATCHED


def report_json(
    report: ExportReport, stack: ExposureStack, notes: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the outcome of a match as JSON-ready values; `notes` are said besides its own."""
    return {
        "version": __version__,
        "reference": stack[report.reference].name,
        "config": report.config.to_lsst(),
        **stack_json(stack),
        "notes": [*stack.notes, *notes, *report.notes],
        "problem": report.problem,
        "stopped": report.stopped,
        "exposures": [outcome_json(o, report.limits) for o in report.outcomes],
    }
