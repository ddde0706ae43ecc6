"""The command line; works without a display and never imports Qt."""

from bgviewer.cli.arguments import COMMANDS, build_parser
from bgviewer.cli.run import run_command

__all__ = ["COMMANDS", "build_parser", "run_command"]
