"""The commands that need no window: rank, match, info, config."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from bgviewer import __version__
from bgviewer.cli import exits
from bgviewer.cli.opening import measure, open_stack, stack_json
from bgviewer.cli.output import number, print_json, print_line, print_table, say
from bgviewer.cli.settings import gather_settings
from bgviewer.engine.ranking import Ranking
from bgviewer.engine.stability import stability_of
from bgviewer.io.config_file import read_any
from bgviewer.io.reading import READ
from bgviewer.io.settings import dump_config
from bgviewer.io.text import write_text
from bgviewer.tasks.exposure_warnings import grouped_warnings
from bgviewer.tasks.load import LoadedStack
from bgviewer.tasks.ranking import rank_candidates
from bgviewer.tasks.reasons import stability_lines

__all__ = ["RUN"]

# What a command alone needs is imported by it: others should not wait for it.


def run_rank(arguments: argparse.Namespace) -> int:
    """Print the ranking of a stack."""
    settings = gather_settings(arguments)
    loaded = measure(open_stack(arguments, settings), settings, keep=False)
    # first: where no exposure can be ranked they say why
    for line in grouped_warnings(loaded.warnings):
        say(line)
    ranking = rank_candidates(loaded.measurements, settings.config)
    loaded.stack.notes += ranking.warnings
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
    told = dict(loaded.warnings)
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
                "warnings": list(told[entry.name]),
            }
        )
    return {
        "version": __version__,
        "best": loaded.stack[ranking.best].name,
        "stability": {"share": stability.share, "draws": stability.draws},
        "config": loaded.config.to_lsst(),
        **stack_json(loaded.stack),
        "exposures": exposures,
    }


def run_match(arguments: argparse.Namespace) -> int:
    """Match a stack and write it."""
    from bgviewer.cli.matching import match_and_export

    return match_and_export(arguments, gather_settings(arguments))


def run_check(arguments: argparse.Namespace) -> int:
    """Judge every match of a stack, and how its exposures fit together."""
    settings = gather_settings(arguments)
    from bgviewer.cli.check import check_stack

    return check_stack(arguments, settings, open_stack(arguments, settings))


def run_sweep(arguments: argparse.Namespace) -> int:
    """Try many settings on a stack and say which are right."""
    settings = gather_settings(arguments)
    from bgviewer.cli.sweep import sweep_opened

    return sweep_opened(arguments, settings, open_stack(arguments, settings))


def run_config(arguments: argparse.Namespace) -> int:
    """Print, write or check a configuration file."""
    if arguments.action == "check":
        for note in read_any(arguments.file)[-1]:
            say(f"{arguments.file}: {note}")
        print_line(f"{arguments.file}: valid")
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
