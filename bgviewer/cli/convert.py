"""What commands write beside the exposures: settings in other formats, the HTML report."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from bgviewer.cli import exits
from bgviewer.cli.output import say
from bgviewer.errors import BgviewerError, WriteError
from bgviewer.io.config_file import dump_any, format_of, read_any
from bgviewer.io.text import write_text
from bgviewer.io.transaction import recover
from bgviewer.io.write import check_name, check_target
from bgviewer.tasks.export import ExportReport, ExportRequest, check_writable

__all__ = ["check_report", "convert_config", "write_report"]


def convert_config(arguments: argparse.Namespace) -> int:
    """Convert settings between TOML and LSST's override files."""
    config, extra, plan, notes = read_any(arguments.file)
    for note in notes:
        say(f"{arguments.file}: {note}")
    format = format_of(arguments.target)
    if format == "lsst" and arguments.modern:
        format = "lsst-modern"
    text, losses = dump_any(config, extra, plan, format=format)
    for loss in losses:
        say(f"not written: {loss}")
    write_text(arguments.target, text, overwrite=arguments.overwrite)
    return exits.ALL_MATCHED


def check_report(arguments: argparse.Namespace, request: ExportRequest) -> None:
    """Refuse a report that cannot be written before any work is done.

    Raises
    ------
    WriteError
        For a name that does not end in .html, a file that exists, an input.
    """
    path = getattr(arguments, "report", None)
    if path is None:
        return
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise WriteError(target, "a report must be called .html")
    if target.parent == Path(request.directory) and not os.path.exists(target.parent):
        check_name(target)  # the folder is made by the match
        return
    check_target(target, overwrite=request.overwrite)
    check_writable(target.parent)


def write_report(
    arguments: argparse.Namespace, request: ExportRequest, report: ExportReport
) -> None:
    """Write the HTML report that was asked for; a failure is said, the exposures are there."""
    path = getattr(arguments, "report", None)
    if path is None:
        return
    from bgviewer.tasks.html_report import match_report, write_html  # pictures are dear to import

    stack = request.stack.with_plan(request.plan)
    for note in recover(Path(path).parent).notes:
        say(note)
    try:
        html = match_report(
            stack,
            report.outcomes,
            report.reference,
            request.config,
            request.plan,
            request.choices,
            stack.notes,
        )
        write_html(path, html, request.overwrite)
    except BgviewerError as error:
        say(f"the report could not be written: {error}")
