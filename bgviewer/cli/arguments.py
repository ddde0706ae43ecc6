"""What may stand on the command line."""

from __future__ import annotations

import argparse

from bgviewer.cli.exits import EXPLAINED
from bgviewer.cli.export_options import add_export_options
from bgviewer.cli.reading_options import add_reading_options
from bgviewer.cli.stack_options import (
    add_fail_unless,
    add_ignore_masked,
    add_min_overlap,
    add_stack_options,
)
from bgviewer.cli.sweep_options import add_sweep_options

__all__ = ["COMMANDS", "build_parser"]

COMMANDS = ("rank", "sweep", "match", "check", "info", "config", "demo")

_WINDOW_HELP = """\
Match the sky backgrounds of exposures of one field, and see what the match does.

  bgviewer [PATH|DIR|@LIST ...]       open the window
  bgviewer rank PATH...               which exposure should be the reference, and why
  bgviewer sweep PATH...              which settings are right, judged on held-out pixels
  bgviewer match PATH... -o DIR       match all exposures and write FITS files
  bgviewer check PATH...              how far the matches and the stack can be trusted
  bgviewer info PATH...               what was recognised in each file
  bgviewer config dump|check|convert  write, check or convert a configuration file
  bgviewer demo [-o DIR]              the whole job on a generated stack

Each command explains itself with --help.
"""


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """Return the parser of a command; None = the window."""
    if command is None:
        return _window_parser()
    parser = argparse.ArgumentParser(
        prog=f"bgviewer {command}",
        description=_ABOUT[command],
        epilog=EXPLAINED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _ADD[command](parser)
    return parser


def _window_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bgviewer",
        description=_WINDOW_HELP,
        epilog=EXPLAINED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_paths(parser, nargs="*")
    _add_settings(parser)
    parser.add_argument(
        "--screenshot",
        metavar="FILE",
        help="load PATHs, wait for the first match, save a picture of the window as PNG and exit; "
        "works without a display",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    return parser


def _add_paths(parser: argparse.ArgumentParser, nargs: str = "+") -> None:
    parser.add_argument(
        "paths",
        nargs=nargs,
        metavar="PATH",
        help="FITS file, folder of FITS files, or @LIST: a text file with one path per line",
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="settings: TOML (see: bgviewer config), a session, or LSST's config.py",
    )
    parser.add_argument(
        "-c",
        dest="assignments",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="one setting by its LSST name, such as -c binSize=128; may be repeated",
    )
    parser.add_argument(
        "--zero-point",
        metavar="auto|none|VALUE",
        help="photometric scaling in memory: auto = to the median zero point of the stack when "
        "all exposures carry one and they differ (default); none; or a zero point",
    )
    add_stack_options(parser)
    add_reading_options(parser)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def _add_rank(parser: argparse.ArgumentParser) -> None:
    _add_paths(parser)
    _add_settings(parser)
    _add_json(parser)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def _add_match(parser: argparse.ArgumentParser) -> None:
    _add_paths(parser)
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="folder to write to")
    parser.add_argument(
        "--reference",
        metavar="NAME|auto",
        help="reference exposure by name or path; auto (default) takes the best of the ranking",
    )
    _add_settings(parser)
    add_min_overlap(parser)
    add_fail_unless(parser)
    parser.add_argument(
        "--regions", metavar="FILE.reg", help="ignore the pixels in the regions of a ds9 file"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace existing output files")
    parser.add_argument(
        "--no-reference", action="store_true", help="do not write a copy of the reference"
    )
    add_export_options(parser)
    parser.add_argument(
        "--auto",
        choices=("exposure", "stack"),
        help="sweep first and take what it recommends (see bgviewer sweep), for each exposure or "
        "one setting for the stack; score and runner-up go into the headers and sweep.json",
    )
    add_ignore_masked(parser)
    parser.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="exposures worked on at the same time (default: the machine's cores, at most 4); "
        "the files do not depend on it",
    )
    parser.add_argument(
        "--report", metavar="FILE.html", help="write a report with pictures as one HTML file"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done and written, do nothing"
    )
    _add_json(parser)


def _add_check(parser: argparse.ArgumentParser) -> None:
    _add_paths(parser)
    parser.add_argument(
        "--reference",
        metavar="NAME|auto",
        help="reference exposure by name or path; auto (default) takes the one of lowest cost "
        "among those that overlap with most",
    )
    _add_settings(parser)
    add_min_overlap(parser)
    add_fail_unless(parser)
    _add_json(parser)


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    _add_paths(parser)
    add_sweep_options(parser)
    _add_settings(parser)
    add_min_overlap(parser)
    add_ignore_masked(parser)
    _add_json(parser)


def _add_info(parser: argparse.ArgumentParser) -> None:
    _add_paths(parser)
    parser.add_argument(
        "--config", metavar="FILE", help="settings or a session whose tables [[read]] shall count"
    )
    add_reading_options(parser)
    _add_json(parser)


def _add_config(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="dump|check|convert")
    dump = actions.add_parser("dump", help="print the settings with their explanation")
    dump.add_argument("file", nargs="?", metavar="FILE", help="write here instead of printing")
    dump.add_argument("--overwrite", action="store_true", help="replace an existing FILE")
    dump.add_argument("--config", metavar="FILE", help="start from these settings")
    dump.add_argument("-c", dest="assignments", metavar="KEY=VALUE", action="append", default=[])
    check = actions.add_parser("check", help="say whether a configuration file is valid")
    check.add_argument("file", metavar="FILE")
    convert = actions.add_parser(
        "convert", help="convert between TOML and LSST's config.py, which is never executed"
    )
    convert.add_argument("file", metavar="IN", help="settings (.toml), a session, or config.py")
    convert.add_argument("target", metavar="OUT", help="ends in .toml, or in .py for LSST's")
    convert.add_argument(
        "--modern", action="store_true", help="write the names of LSST's rewritten task (.py only)"
    )
    convert.add_argument("--overwrite", action="store_true", help="replace an existing OUT")


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="folder for the stack and the results"
    )
    parser.add_argument(
        "--headless", action="store_true", help="do the job without a window even on a display"
    )


_ABOUT = {
    "rank": "Rank exposures as background references: cost from variance, level and coverage.",
    "sweep": "Try binSize x (order | interpStyle) x gridStatistic on every exposure, judge each on "
    "pixels that were held out of the fit, and say which settings are right.",
    "match": "Match every exposure to the reference and write matched FITS files, the background "
    "models, a report (report.ecsv) and the settings (config.toml).",
    "check": "Match in memory and judge: the verdict of every match, its diagnostics beside what "
    "noise alone gives, flux loss and depth, which exposures overlap, and what is left between "
    "matched ones (structure of the reference cancels there). Nothing is written.",
    "info": "Say what was recognised in each file.",
    "config": "Write, check or convert a configuration file.",
    "demo": "Generate a stack with a known sky and do the whole job on it: in the window where "
    "there is a display, else without one, saving a picture of the window.",
}
_ADD = {
    "rank": _add_rank,
    "sweep": _add_sweep,
    "match": _add_match,
    "check": _add_check,
    "info": _add_info,
    "config": _add_config,
    "demo": _add_demo,
}
