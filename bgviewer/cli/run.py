"""Run a command: parse, do, print; errors become one sentence and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bgviewer.cli import exits
from bgviewer.cli.arguments import build_parser
from bgviewer.cli.output import say
from bgviewer.cli.signals import SignalStop
from bgviewer.errors import (
    BgviewerError,
    Cancelled,
    ConfigError,
    NoReferenceError,
    ReadError,
    ShapeMismatchError,
    WriteError,
    resource_errors,
)

if TYPE_CHECKING:
    from bgviewer.engine.config import MatchConfig
    from bgviewer.engine.plan import StackPlan
    from bgviewer.io.reading import Reading

__all__ = ["WindowRequest", "run_command"]


@dataclass(frozen=True)
class WindowRequest:
    """What the window shall open with.

    Attributes
    ----------
    paths : tuple of str
    config : MatchConfig or None
        None = the defaults (or what the window remembers).
    zero_point : str or float
    reference : str or None
        From the configuration file.
    screenshot : str or None
        Save a picture here and exit instead of showing the window.
    plan : StackPlan or None
        Exclusions, regions and single exposures' settings of the configuration file.
    reading : Reading or None
        How files are to be read.
    """

    paths: tuple[str, ...] = ()
    config: MatchConfig | None = None
    zero_point: str | float = "auto"
    reference: str | None = None
    screenshot: str | None = None
    plan: StackPlan | None = None
    reading: Reading | None = None
    align: bool | str = False


Window = Callable[[WindowRequest], int]


def run_command(command: str | None, argv: Sequence[str], *, window: Window) -> int:
    """Run `command` (None = the window) with its arguments and return the exit code.

    Parameters
    ----------
    window : callable
        Opens the window; the command line itself knows no Qt.
    """
    arguments = build_parser(command).parse_args(argv)
    try:
        with resource_errors():
            return _dispatch(command, arguments, window)
    except Cancelled:
        say("stopped")
        return exits.INTERRUPTED
    except SignalStop as stop:
        say(str(stop))
        return stop.exit_code
    except KeyboardInterrupt:
        say("interrupted")
        return exits.INTERRUPTED
    except (ConfigError, WriteError) as error:
        say(str(error))
        return exits.USAGE
    except (ReadError, NoReferenceError, ShapeMismatchError) as error:
        say(str(error))
        return exits.NO_INPUT
    except BgviewerError as error:
        say(str(error))
        return exits.NONE_MATCHED
    except OSError as error:
        if error.errno is None:  # not of the system
            raise
        where = f"{error.filename}: " if error.filename else ""
        say(f"{where}{error.strerror}")
        return exits.NO_INPUT


def _dispatch(command: str | None, arguments: argparse.Namespace, window: Window) -> int:
    if command is None:
        return _window(arguments, window)
    if command == "demo":
        from bgviewer.cli.demo import run_demo

        return run_demo(arguments, window)
    if command == "info":
        from bgviewer.cli.info import run_info

        return run_info(arguments)
    from bgviewer.cli import commands

    return commands.RUN[command](arguments)


def _window(arguments: argparse.Namespace, window: Window) -> int:
    if arguments.version:
        from bgviewer import __version__

        print(f"bgviewer {__version__}")
        return exits.ALL_MATCHED
    from bgviewer.cli.settings import gather_settings

    settings = gather_settings(arguments)
    if arguments.screenshot:  # bad input is refused in one sentence
        if not arguments.paths:
            say("--screenshot needs files or a folder to show")
            return exits.USAGE
        _check_picture(Path(arguments.screenshot))
        from bgviewer.tasks.load import load_stack

        load_stack(arguments.paths, config=settings.config, choices=settings.reading)
    elif missing := [p for p in arguments.paths if p[:1] != "@" and not os.path.exists(p)]:
        say(f"{missing[0]}: no such file, folder or command (see bgviewer --help)")
        return exits.NO_INPUT
    elif not has_display():
        say(
            "there is no display to open the window on. Use bgviewer match, rank or info, or "
            "bgviewer --screenshot FILE PATH..."
        )
        return exits.NO_DISPLAY
    return window(
        WindowRequest(
            paths=tuple(arguments.paths),
            config=settings.config,
            zero_point=settings.zero_point,
            reference=settings.reference,
            screenshot=arguments.screenshot,
            plan=settings.plan,
            reading=settings.reading,
            align=settings.align,
        )
    )


def _check_picture(path: Path) -> None:
    """Refuse to draw over anything but an earlier picture."""
    from bgviewer.io.write import check_target

    if path.suffix.lower() != ".png":
        raise WriteError(path, "a picture must be called .png")
    check_target(path, overwrite=True)
    if not os.path.lexists(path):
        return
    if not path.is_file():  # a pipe would never answer
        raise WriteError(path, "is no regular file")
    try:
        with path.open("rb") as held:
            is_picture = held.read(8) == b"\x89PNG\r\n\x1a\n"
    except OSError as exc:
        raise WriteError(path, f"cannot be replaced: {exc.strerror or exc}") from exc
    if not is_picture:
        raise WriteError(path, "exists already and is no picture; it is left as it is")


def has_display() -> bool:
    """Whether a window can be expected to be seen."""
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform:
        return platform not in ("offscreen", "minimal", "minimalegl", "vnc")
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
