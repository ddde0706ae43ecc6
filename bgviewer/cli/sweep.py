"""`bgviewer sweep`: which settings are right, per exposure and for the stack."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from bgviewer import __version__
from bgviewer.cli import exits
from bgviewer.cli.opening import say_exposure_warnings
from bgviewer.cli.output import number, plain, print_json, print_table, say
from bgviewer.cli.settings import Settings
from bgviewer.cli.signals import stoppable_progress
from bgviewer.cli.sweep_options import FILES
from bgviewer.engine.holdout import HoldOut
from bgviewer.engine.sweeping import SweepCell, SweepSpace
from bgviewer.errors import NoReferenceError, WriteError
from bgviewer.io.settings import dump_config
from bgviewer.io.stack import ExposureStack
from bgviewer.io.text import write_text
from bgviewer.io.transaction import OutputGroup, reason_of, recover
from bgviewer.io.write import check_target
from bgviewer.tasks.export_plan import check_writable
from bgviewer.tasks.match import check_included, choose_reference, find_exposure
from bgviewer.tasks.sweep import Sweep, SweepRequest, sweep_stack, with_choices
from bgviewer.tasks.sweep_report import sweep_json

__all__ = ["sweep_opened"]


def sweep_opened(arguments: argparse.Namespace, settings: Settings, stack: ExposureStack) -> int:
    """Sweep an opened stack and print what was found."""
    plan = settings.plan
    included = [i for i in stack.usable if stack[i].name not in plan.excluded]
    if len({stack[i].identity for i in included}) < 2:
        say("fewer than two usable exposures: there is nothing to match")
        return exits.NO_INPUT
    hold_out = HoldOut(tile=arguments.tile, folds=arguments.folds, mode=arguments.hold_out)
    assert stack.shape is not None
    space = _space(arguments, SweepSpace.for_shape(stack.shape, settings.config))
    if arguments.output:
        check_writable(Path(arguments.output))
    if arguments.output and os.path.exists(arguments.output):
        for name in FILES:
            check_target(Path(arguments.output) / name, overwrite=arguments.overwrite)
    with stoppable_progress() as progress:
        if settings.reference is None:
            reference, ranking = choose_reference(stack, settings.config, progress, plan=plan)
            stack.notes += ranking.warnings
        else:
            reference = find_exposure(stack, settings.reference)
            check_included(stack[reference], plan)
            if (why := stack[reference].problem) is not None:
                reason = getattr(why, "reason", None) or why
                raise NoReferenceError(f"{stack[reference].name} cannot be the reference: {reason}")
        request = SweepRequest(stack, reference, settings.config, space, hold_out, plan=plan)
        found = sweep_stack(request, progress)
    say_exposure_warnings(stack)
    try:
        if arguments.json:
            print_json({"version": __version__, **sweep_json(found)})
        else:
            _print(found)
    finally:  # also when nobody reads what is printed
        if arguments.output:
            _write(found, Path(arguments.output), arguments.overwrite)
    if not found.swept:
        return exits.NONE_MATCHED
    failed = any(e.status == "failed" for e in found.exposures)
    return exits.SOME_FAILED if failed else exits.ALL_MATCHED


def _space(arguments: argparse.Namespace, usual: SweepSpace) -> SweepSpace:
    def given(name: str, otherwise: tuple) -> tuple:
        value = getattr(arguments, name)
        return otherwise if value is None else value

    return SweepSpace(
        given("bin_sizes", usual.bin_sizes),
        given("orders", usual.orders),
        given("styles", usual.interp_styles),
        given("statistics", usual.grid_statistics),
        given("penalty_orders", usual.penalty_orders),
        usual.cell_centroids and not arguments.no_centroids,
        usual.also,
    )


def _row(name: str, what: str, cell: SweepCell | None) -> list[str]:
    if cell is None or cell.score is None or cell.training is None:
        return [name, what, "", "", "", "", "-", "-", "-", "-", "-"]
    c = cell.candidate
    return [
        name,
        what,
        str(c.bin_size),
        c.model,
        c.grid_statistic,
        "centroids" if c.cell_centroids else "middles",
        str(cell.freedom),
        number(cell.score.value),
        number(cell.score.error, 2),
        number(cell.error_rms),
        number(cell.training.value),
    ]


def _print(found: Sweep) -> None:
    """Print choice, best and runner-up of each exposure and of the stack."""
    rows = []
    for e in found.exposures:
        if e.status == "swept":
            rows += [
                _row(e.name, "choice", e.choice),
                _row(e.name, "best", e.best),
                _row(e.name, "runner-up", e.runner_up),
            ]
        elif e.status == "failed":
            say(f"{e.name}: {e.reason}")
    if found.swept:
        rows += [
            _row("all", "choice", found.choice),
            _row("all", "best", found.best),
            _row("all", "runner-up", found.runner_up),
        ]
    head = ["exposure", "", "binSize", "model", "statistic", "values at"]
    head += ["free numbers", "held-out score"]
    print_table([*head, "± ", "held-out error", "training score"], rows, numeric=(2, *range(6, 11)))
    for e in found.swept:
        if e.choice is not None and e.caution:
            say(f"{e.name}: {e.choice.candidate.text}: {e.caution}")
    if found.choice is not None:
        say(f"recommended for all: {found.choice.candidate.text}")
    say("score: mean squared error of the model on held-out tiles, their noise taken off, and over")
    say("masked pixels that both exposures cover by its distance from a P-spline")


def _write(found: Sweep, folder: Path, overwrite: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(folder, f"cannot be made: {reason_of(error)}") from error
    for note in recover(folder).notes:
        say(note)
    text = json.dumps(plain({"version": __version__, **sweep_json(found)}), indent=1)
    with OutputGroup() as group:
        write_text(folder / FILES[0], text + "\n", overwrite, group)
        for per, name in (("stack", FILES[1]), ("exposure", FILES[2])):
            config, plan = with_choices(found, per)
            write_text(folder / name, dump_config(config, plan=plan), overwrite, group)
    say(f"written to {folder}: {', '.join(FILES)}")
