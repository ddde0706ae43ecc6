"""The commands that need no window: rank, match, info, config."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgviewer import __version__
from bgviewer.cli import exits
from bgviewer.cli.export_options import export_options
from bgviewer.cli.outcomes import outcome_json, print_outcomes
from bgviewer.cli.output import StderrProgress, number, print_json, print_table, say
from bgviewer.cli.reading_options import say_how_to_choose
from bgviewer.cli.recorded import refuse_second_match
from bgviewer.cli.regions import with_regions
from bgviewer.cli.settings import Settings, gather_settings
from bgviewer.engine.ranking import Ranking, rank_exposures
from bgviewer.engine.stability import stability_of
from bgviewer.errors import BgviewerError, ConfigError, NoReferenceError, ReadError
from bgviewer.io.config_file import read_any
from bgviewer.io.reading import READ
from bgviewer.io.settings import dump_config
from bgviewer.io.stack import ExposureStack, load_stack
from bgviewer.io.text import write_text
from bgviewer.tasks.export import (
    ExportReport,
    ExportRequest,
    check_targets,
    export,
    plan_export,
)
from bgviewer.tasks.load import LoadedStack, measure_stack
from bgviewer.tasks.match import check_included, find_exposure
from bgviewer.tasks.plan import plan_warnings
from bgviewer.tasks.reasons import stability_lines

if TYPE_CHECKING:
    from bgviewer.tasks.sweep import Sweep

__all__ = ["RUN", "match_and_export"]

# What a command alone needs is imported by it: others should not wait for it.


def _open(arguments: argparse.Namespace, settings: Settings) -> ExposureStack:
    """Open the stack (headers only) and say what a person should know of it."""
    progress = StderrProgress()
    try:
        stack = load_stack(
            arguments.paths,
            zero_point=settings.zero_point,
            config=settings.config,
            align=settings.align,
            progress=progress,
            choices=settings.reading,
        )
    finally:
        progress.close()
    for note in (*stack.notes, *plan_warnings(settings.plan, stack)):
        say(note)
    for entry in stack.entries:
        if entry.problem is not None:
            say(_told(entry.name, entry.problem))
    say_how_to_choose(entry.problem for entry in stack.entries)
    if not settings.align and stack.can_align:
        say("--align re-projects exposures of another pixel grid onto that of the reference")
    return stack.with_plan(settings.plan)


def _told(name: str, problem: BgviewerError) -> str:
    """Say what is wrong with an exposure; of a file that cannot be read with its whole path."""
    return str(problem) if isinstance(problem, ReadError) else f"{name}: {problem}"


def _measure(stack: ExposureStack, settings: Settings, keep: bool = True) -> LoadedStack:
    """Measure every exposure for the ranking."""
    progress = StderrProgress()
    try:
        measurements, reasons = measure_stack(
            stack, settings.config, progress, keep=keep, plan=settings.plan
        )
    finally:
        progress.close()
    for entry, reason in zip(stack.entries, reasons, strict=True):
        if reason is not None and entry.problem is None:
            say(f"{entry.name}: {reason}")
    return LoadedStack(stack, measurements, reasons, settings.config)


def run_rank(arguments: argparse.Namespace) -> int:
    """Print the ranking of a stack."""
    settings = gather_settings(arguments)
    loaded = _measure(_open(arguments, settings), settings, keep=False)
    ranking = rank_exposures(loaded.measurements, settings.config)
    for warning in ranking.warnings:
        say(warning)
    if arguments.json:
        print_json(_ranking_json(loaded, ranking))
    else:
        _print_ranking(loaded, ranking)
    failed = (
        measured is None and loaded.stack[i].name not in settings.plan.excluded
        for i, measured in enumerate(loaded.measurements)
    )
    return exits.SOME_FAILED if any(failed) else exits.ALL_MATCHED


def _print_ranking(loaded: LoadedStack, ranking: Ranking) -> None:
    rows = []
    for place, i in enumerate(ranking.order, 1):
        measured = loaded.measurements[i]
        variance, level, coverage = ranking.terms.weighted[i]
        rows.append(
            [
                "*" if i == ranking.best else str(place),
                loaded.stack[i].name,
                number(ranking.cost[i], 5),
                number(variance),
                number(level),
                number(coverage),
                number(None if measured is None else measured.pixel_variance, 5),
                number(None if measured is None else measured.level, 5),
                "-" if measured is None else f"{measured.coverage:.0f}",
                loaded.reasons[i] or "",
            ]
        )
    head = ["rank", "exposure", "cost", "variance", "level", "coverage"]
    head += ["pixel variance", "mean level", "good pixels", "state"]
    print_table(head, rows, numeric=range(2, 9))
    for line in stability_lines(stability_of(ranking), [e.name for e in loaded.stack.entries]):
        say(line)  # the table alone goes into a pipe


def _ranking_json(loaded: LoadedStack, ranking: Ranking) -> dict[str, Any]:
    stability = stability_of(ranking)
    exposures = []
    for entry, measured, reason in zip(
        loaded.stack.entries, loaded.measurements, loaded.reasons, strict=True
    ):
        variance, level, coverage = ranking.terms.weighted[entry.id]
        exposures.append(
            {
                "name": entry.name,
                "path": None if entry.path is None else str(entry.path),
                "rank": ranking.order.index(entry.id) + 1,
                "cost": ranking.cost[entry.id],
                "wins": float(stability.shares[entry.id]),
                "terms": {"variance": variance, "level": level, "coverage": coverage},
                "pixel_variance": None if measured is None else measured.pixel_variance,
                "level": None if measured is None else measured.level,
                "coverage": None if measured is None else measured.coverage,
                "reason": reason,
            }
        )
    return {
        "version": __version__,
        "best": loaded.stack[ranking.best].name,
        "stability": {"share": stability.share, "draws": stability.draws},
        "config": loaded.config.to_lsst(),
        "notes": list(loaded.stack.notes) + list(ranking.warnings),
        "exposures": exposures,
    }


def run_match(arguments: argparse.Namespace) -> int:
    """Match a stack and write it."""
    settings = gather_settings(arguments)
    return match_and_export(arguments, settings)


def match_and_export(arguments: argparse.Namespace, settings: Settings) -> int:
    """Load, choose the reference, match all, write, print the outcome.

    Everything that can be refused is refused before any pixel is read.
    """
    if not arguments.output:
        raise ConfigError("-o: name a folder to write to", field="output", value="")
    settings, stack = with_regions(arguments, settings, _open(arguments, settings))
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
    from bgviewer.cli.auto import check_auto, swept, write_sweep
    from bgviewer.cli.convert import check_report, write_report

    check_targets(request)
    check_report(arguments, request)
    auto = getattr(arguments, "auto", None)
    check_auto(request, auto)
    if given is None:
        loaded = _measure(stack, settings)
        if len(loaded.usable) < 2:
            return _too_few(len(loaded.usable), stack)
        ranking = rank_exposures(loaded.measurements, settings.config)
        for warning in ranking.warnings:
            say(warning)
        request = replace(request, reference=ranking.best)
    request, found = swept(request, auto)
    if arguments.dry_run:
        return _dry_run(request, arguments.json, found)
    report = _export(request, getattr(arguments, "jobs", None))
    write_sweep(request, found)
    write_report(arguments, request, report)
    if report.problem is not None:
        say(report.problem)
    if arguments.json:
        print_json(report_json(report, stack))
    else:
        print_outcomes(report)
    return exit_code(report)


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
    progress = StderrProgress()
    try:
        return export(request, progress, jobs=jobs)
    finally:
        progress.close()


def _dry_run(request: ExportRequest, as_json: bool, found: Sweep | None = None) -> int:
    from bgviewer.cli.auto import chosen_json, chosen_lines

    plan = plan_export(request)
    stack = request.stack
    if as_json:
        print_json(
            {
                "version": __version__,
                "reference": stack[request.reference].name,
                "config": request.config.to_lsst(),
                "would_write": [str(p) for p in plan.paths],
                **chosen_json(request, found),
            }
        )
        return exits.ALL_MATCHED
    print(f"reference: {stack[request.reference].name}")
    for line in ("settings:", *chosen_lines(request)) if found is not None else ():
        print(line)
    print("would write:")
    for path in plan.paths:
        print(f"  {path}")
    return exits.ALL_MATCHED


def exit_code(report: ExportReport) -> int:
    """Return the exit code that the outcomes deserve."""
    if report.n_matched == 0:
        # a stack of nothing but duplicates of the reference has nothing that could fail
        return exits.NONE_MATCHED if report.n_failed else exits.ALL_MATCHED
    return exits.SOME_FAILED if report.n_failed or report.problem else exits.ALL_MATCHED


def report_json(report: ExportReport, stack: ExposureStack) -> dict[str, Any]:
    """Return the outcome of a match as JSON-ready values."""
    return {
        "version": __version__,
        "reference": stack[report.reference].name,
        "config": report.config.to_lsst(),
        "notes": list(stack.notes),
        "exposures": [outcome_json(o, report.limits) for o in report.outcomes],
    }


def run_check(arguments: argparse.Namespace) -> int:
    """Judge every match of a stack, and how its exposures fit together."""
    settings = gather_settings(arguments)
    from bgviewer.cli.check import check_stack

    return check_stack(arguments, settings, _open(arguments, settings))


def run_sweep(arguments: argparse.Namespace) -> int:
    """Try many settings on a stack and say which are right."""
    settings = gather_settings(arguments)
    from bgviewer.cli.sweep import sweep_opened

    return sweep_opened(arguments, settings, _open(arguments, settings))


def run_config(arguments: argparse.Namespace) -> int:
    """Print, write or check a configuration file."""
    if arguments.action == "check":
        for note in read_any(arguments.file)[-1]:
            say(f"{arguments.file}: {note}")
        print(f"{arguments.file}: valid")
        return exits.ALL_MATCHED
    if arguments.action == "convert":
        from bgviewer.cli.convert import convert_config

        return convert_config(arguments)
    settings = gather_settings(arguments)
    extra = {READ: settings.reading.rules}
    text = dump_config(settings.config, extra, plan=settings.plan)
    if arguments.file is None:
        print(text, end="")
    else:
        write_text(arguments.file, text, overwrite=arguments.overwrite)
    return exits.ALL_MATCHED


RUN: dict[str, Callable[[argparse.Namespace], int]] = {
    "rank": run_rank,
    "sweep": run_sweep,
    "match": run_match,
    "check": run_check,
    "config": run_config,
}
