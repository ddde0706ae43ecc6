"""How files are read: options of all commands that take exposures."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from bgviewer.cli.output import say
from bgviewer.errors import ChooseError, ConfigError
from bgviewer.io.config_file import read_any
from bgviewer.io.conventions import NO_CHOICE, Choice
from bgviewer.io.reading import READ, Reading
from bgviewer.io.reading_options import READING_OPTIONS
from bgviewer.io.remembered import NOTHING_REMEMBERED, load_memory

__all__ = ["add_reading_options", "gather_reading", "say_how_to_choose"]


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of a command that reads exposures."""
    group = parser.add_argument_group(
        "how files are read", "For all files of this run, where what is recognised is not right."
    )
    for option in READING_OPTIONS.values():
        group.add_argument(
            option.flag,
            dest=f"read_{option.name}",
            metavar=option.metavar or "|".join(option.allowed).replace(" ", "-"),
            help=option.help,
        )
    group.add_argument(
        "--remembered",
        action="store_true",
        help="read files as was chosen for their instrument in the window; without it a command "
        "gives the same on every machine",
    )


def gather_reading(arguments: argparse.Namespace, extra: dict[str, Any] | None = None) -> Reading:
    """Return how files shall be read.

    Parameters
    ----------
    extra : dict, optional
        What the settings file says beside the settings; without it the file is read.

    Raises
    ------
    ConfigError
        For an option that is not valid, naming it, or a settings file that cannot be read.
    """
    if extra is None:
        named = getattr(arguments, "config", None)
        extra = read_any(named)[1] if named else {}
    remembered = getattr(arguments, "remembered", False)
    return Reading(
        rules=tuple(extra.get(READ, ())),
        options=_options(arguments),
        memory=load_memory() if remembered else NOTHING_REMEMBERED,
    )


def say_how_to_choose(problems: Iterable[Exception | None]) -> None:
    """Tell the option that answers a file which holds several images."""
    asked = {problem.id for problem in problems if isinstance(problem, ChooseError)}
    if "E_CHOOSE" in asked:
        say("choose an image with --hdu N")
    if "E_DIMS" in asked:
        say("choose a plane of the cube with --layer N, counted from 0")


def _options(arguments: argparse.Namespace) -> Choice:
    told: dict[str, Any] = {}
    for name, option in READING_OPTIONS.items():
        word = getattr(arguments, f"read_{name}", None)
        if word is None:
            continue
        try:
            word = word.replace("-", " ") if option.kind == "choice" else word
            told[name] = option.parse(word)
        except ConfigError as error:
            text = f"{option.flag} {word!r}: must be {option.rule}"
            raise ConfigError(text, field=name, value=word) from error
    return Choice(**told) if told else NO_CHOICE
