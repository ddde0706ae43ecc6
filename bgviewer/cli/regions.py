"""Regions to ignore that are named on the command line."""

from __future__ import annotations

import argparse
from dataclasses import replace

from bgviewer.cli.output import say
from bgviewer.cli.settings import Settings
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.regions import add_regions, import_regions

__all__ = ["with_regions"]


def with_regions(
    arguments: argparse.Namespace, settings: Settings, stack: ExposureStack
) -> tuple[Settings, ExposureStack]:
    """Return settings and stack with the regions of ``--regions`` beside those of the settings.

    Raises
    ------
    ReadError, ConfigError
        When the file cannot be read or understood.
    """
    path = getattr(arguments, "regions", None)
    if path is None:
        return settings, stack
    found = import_regions(path, stack)
    for note in found.notes:
        say(f"{path}: {note}")
    plan = add_regions(settings.plan, found.regions)
    return replace(settings, plan=plan), stack.with_plan(plan)
