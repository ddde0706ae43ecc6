"""Opening a stack for a command, and telling what a person should know of it."""

from __future__ import annotations

import argparse
from typing import Any

from bgviewer.cli.output import say
from bgviewer.cli.reading_options import say_how_to_choose
from bgviewer.cli.settings import Settings
from bgviewer.cli.signals import stoppable_progress
from bgviewer.errors import BgviewerError, ReadError
from bgviewer.io.stack import ExposureStack, load_stack
from bgviewer.tasks.exposure_warnings import exposure_warnings, grouped_warnings
from bgviewer.tasks.load import LoadedStack, measure_stack
from bgviewer.tasks.plan import plan_warnings

__all__ = ["measure", "open_stack", "say_exposure_warnings", "stack_json"]


def open_stack(arguments: argparse.Namespace, settings: Settings) -> ExposureStack:
    """Open the stack (headers only) and say what a person should know of it."""
    with stoppable_progress() as progress:
        stack = load_stack(
            arguments.paths,
            zero_point=settings.zero_point,
            config=settings.config,
            align=settings.align,
            progress=progress,
            choices=settings.reading,
        )
    stack.notes = (*stack.notes, *plan_warnings(settings.plan, stack))
    for note in stack.notes:
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


def stack_json(stack: ExposureStack) -> dict[str, Any]:
    """Return what every command reports of the stack as a whole."""
    return {"zero_point": stack.zero_point, "notes": list(stack.notes)}


def say_exposure_warnings(stack: ExposureStack) -> None:
    """Print the warnings that headers and stack give for single exposures, each once."""
    for line in grouped_warnings((e.name, exposure_warnings(e)) for e in stack.entries):
        say(line)


def measure(stack: ExposureStack, settings: Settings, keep: bool = True) -> LoadedStack:
    """Measure every exposure for the ranking."""
    with stoppable_progress() as progress:
        measurements, reasons = measure_stack(
            stack, settings.config, progress, keep=keep, plan=settings.plan
        )
    for entry, reason in zip(stack.entries, reasons, strict=True):
        if reason is not None and entry.problem is None:
            say(f"{entry.name}: {reason}")
    return LoadedStack(stack, measurements, reasons, settings.config)
