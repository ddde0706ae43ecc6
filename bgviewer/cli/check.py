"""`bgviewer check`: diagnostics of every match, and the consistency of the stack."""

from __future__ import annotations

import argparse
import math

from bgviewer import __version__
from bgviewer.cli import exits
from bgviewer.cli.opening import stack_json
from bgviewer.cli.outcomes import verdicts_below
from bgviewer.cli.output import number, print_json, print_table, say
from bgviewer.cli.settings import Settings
from bgviewer.cli.signals import stoppable_progress
from bgviewer.engine.flux_loss import BOTH_EXPOSURES
from bgviewer.errors import NoReferenceError
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.check import Check, check, check_json
from bgviewer.tasks.consistency import ConsistencyRequest
from bgviewer.tasks.exposure_warnings import grouped_warnings
from bgviewer.tasks.flux_loss_view import flux_loss_text
from bgviewer.tasks.match import check_included, find_exposure

__all__ = ["check_stack"]

_DEPTH = {
    ("difference", "limiting_surface_brightness"): "3 sigma in 10″ × 10″, difference",
    ("matched", "limiting_surface_brightness"): "3 sigma in 10″ × 10″, matched",
}


def check_stack(arguments: argparse.Namespace, settings: Settings, stack: ExposureStack) -> int:
    """Check an opened stack and print what was found."""
    if len(stack.usable) < 2:
        say("fewer than two usable exposures: there is nothing to check")
        return exits.NO_INPUT
    assert stack.shape is not None
    problem = settings.config.problem(stack.shape)
    if problem is not None:
        raise problem
    reference = None if settings.reference is None else find_exposure(stack, settings.reference)
    if reference is not None:
        check_included(stack[reference], settings.plan)
        if (why := stack[reference].problem) is not None:
            reason = getattr(why, "reason", None) or why
            raise NoReferenceError(f"{stack[reference].name} cannot be the reference: {reason}")
    request = ConsistencyRequest(stack, settings.config, reference, plan=settings.plan)
    with stoppable_progress() as progress:
        found = check(request, progress)
    stack.notes += found.consistency.graph.warnings
    for line in (*found.consistency.graph.warnings, *grouped_warnings(found.warnings.items())):
        say(line)
    if arguments.json:
        config = settings.config.to_lsst()
        print_json(
            {"version": __version__, "config": config, **stack_json(stack), **check_json(found)}
        )
    else:
        _print(found)
    if not found.diagnoses:
        return exits.NONE_MATCHED
    left_out = {name for name, _ in found.consistency.closures[0].left_out}
    judged = (o.judged for o in found.outcomes.values() if o.status == "matched")
    if verdicts_below(judged, arguments.fail_unless):
        return exits.SOME_FAILED
    return exits.SOME_FAILED if left_out - settings.plan.excluded else exits.ALL_MATCHED


def _print(found: Check) -> None:
    graph, closures = found.consistency.graph, found.consistency.closures
    for name, reason in dict((*graph.left_out, *closures[0].left_out)).items():
        say(f"{name}: {reason}")
    for line in graph.advice():
        say(line)
    outcomes = found.outcomes
    for name, _ in found.diagnoses:
        if (told := outcomes[name].judged) is not None:
            say(f"{name}: {told.text} {told.advice}".rstrip())
    if any(d.flux_loss is not None for _, d in found.diagnoses):
        say(BOTH_EXPOSURES)
    for name, diagnosis in found.diagnoses:
        if diagnosis.flux_loss is not None:
            say(f"{name}: {flux_loss_text(diagnosis.flux_loss, diagnosis.scale)}")
    rows = [
        [name, told.sign, f"verdict: {told.state}", number(told.number), "", told.advice]
        for name, _ in found.diagnoses
        if (told := outcomes[name].judged) is not None
    ]
    rows += [
        [name, item.sign, item.name, item.figure, item.expected, item.advice]
        for name, diagnosis in found.diagnoses
        for item in diagnosis.items
    ]
    rows += [
        [name, "", _DEPTH[metric.of, metric.name], number(metric.value), metric.unit, metric.note]
        for name, metrics in found.metrics.items()
        for metric in metrics
        if (metric.of, metric.name) in _DEPTH
    ]
    rows += [
        ["stack", item.sign, item.name, item.figure, item.expected, item.advice]
        for item in found.consistency.items
    ]
    print_table(["exposure", "state", "diagnostic", "value", "expected", "what to try"], rows)
    for closure in closures:
        name = closure.names[closure.ids.index(closure.reference)]
        for pair in closure.worst_list(5):
            say(
                f"with {name} as the reference {pair.names[0]} and {pair.names[1]} differ by "
                f"{number(pair.left.smooth)} {closure.unit}, expected {number(pair.expected)}"
            )
        if not math.isnan(closure.typical):
            say(f"with {name} as the reference pairs typically differ by {number(closure.typical)}")
