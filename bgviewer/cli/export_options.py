"""What may be said of the files a match writes: declared, checked and handed on in one place."""

from __future__ import annotations

import argparse
from typing import Any

from bgviewer.tasks.export_options import EXPORT_OPTIONS, export_fields

__all__ = ["add_export_options", "export_options"]


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of a command that writes matched exposures."""
    group = parser.add_argument_group("what is written")
    for option in EXPORT_OPTIONS.values():
        told: dict[str, Any] = {"dest": option.name, "help": option.help}
        if option.kind == "switch":
            told["action"] = "store_false" if option.default else "store_true"
        elif option.kind == "choice":
            told |= {"choices": tuple(option.allowed or ()), "default": option.default}
        else:
            told |= {"metavar": "LIST", "default": ",".join(option.default)}
        group.add_argument(option.flag, **told)
    group.add_argument(
        "--again",
        action="store_true",
        help="match exposures that bgviewer has matched before; without it they are refused",
    )


def export_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options as fields of an `ExportRequest`."""
    told: dict[str, Any] = {}
    for option in EXPORT_OPTIONS.values():
        value = getattr(arguments, option.name, option.default)
        if option.kind == "list" and isinstance(value, str):
            value = tuple(name.strip().lower() for name in value.split(",") if name.strip())
        told[option.name] = value
    return export_fields(**told)
