"""What may be said of the files a match writes: declared, checked and handed on in one place."""

from __future__ import annotations

import argparse
from typing import Any

from bgviewer.io.background_list import SIGNS
from bgviewer.io.compression import COMPRESSIONS
from bgviewer.io.report import REPORT_FORMATS

__all__ = ["add_export_options", "export_options"]


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of a command that writes matched exposures."""
    group = parser.add_argument_group("what is written")
    group.add_argument(
        "--background-list",
        action="store_true",
        help="write each model as LSST's BackgroundList too (NAME_bgdiff.fits), with the largest "
        "difference between the model and what that list gives in the report",
    )
    group.add_argument(
        "--list-sign",
        choices=tuple(SIGNS),
        default="add",
        help="how a pipeline shall use the list: add it to the exposure as the match does "
        "(default), or subtract it like a skyCorr (NAME_skycorr.fits)",
    )
    group.add_argument(
        "--compress",
        choices=COMPRESSIONS,
        default="none",
        help="compress image, mask and variance: gzip loses nothing; rice rounds the image (alone) "
        "to a sixteenth of its noise (default: none)",
    )
    group.add_argument(
        "--again",
        action="store_true",
        help="match exposures that bgviewer has matched before; without it they are refused",
    )
    group.add_argument(
        "--report-format",
        metavar="LIST",
        default="ecsv",
        help=f"formats of the report with commas: {','.join(REPORT_FORMATS)} (default: ecsv)",
    )


def export_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options as fields of an `ExportRequest`."""
    wanted = getattr(arguments, "background_list", False)
    formats = getattr(arguments, "report_format", "ecsv").split(",")
    return {
        "background_list": getattr(arguments, "list_sign", "add") if wanted else None,
        "compress": getattr(arguments, "compress", "none"),
        "report_formats": tuple(name.strip().lower() for name in formats if name.strip()),
    }
