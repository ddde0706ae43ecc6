"""Start: a sub-command goes to the command line, everything else to the window."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bgviewer.cli.run import WindowRequest

_MANY = 50_000  # new objects
_USUAL = gc.get_threshold()
_NEEDED = 225_000_000  # bytes that libraries take for a small stack
_NO_MEMORY = 6  # as a run in which no exposure could be matched
_NOT_LOADED = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run bgviewer and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments == ["--version"]:
            return _version()
        if not _has_memory():
            return _NO_MEMORY
        with _rarer_collections():
            return _run(arguments)
    except KeyboardInterrupt as stop:  # while modules are imported
        return _interrupted(stop)
    finally:
        # The program ends: what the interpreter has left to do is not worth a traceback.
        if argv is None and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupted(stop: KeyboardInterrupt) -> int:
    _complain(str(stop) or "interrupted")
    return int(getattr(stop, "exit_code", 130))


@contextmanager
def _rarer_collections() -> Iterator[None]:
    """Look for garbage seldom while modules are imported: what they make stays.

    That takes a tenth off the start.  The window has a rhythm of its own.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(_MANY, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _has_memory() -> bool:
    """Prepare for a limit of memory; say so where it is too low for the program itself.

    Libraries that find no memory while they are loaded end the process in ways of their own.
    """
    from bgviewer.engine.system_limits import memory_left

    left = memory_left()
    if left is None:
        return True
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each has 30 MB of its own
    if left >= _NEEDED:
        return True
    _complain(
        f"the limit of memory leaves {left / 1e6:.0f} MB; bgviewer needs {_NEEDED / 1e6:.0f} MB "
        "and what the exposures take. Raise the limit (ulimit -v)"
    )
    return False


def _complain(text: str) -> None:
    """Print one sentence before there is anything else to print with."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            print(f"bgviewer: {text}", file=sys.stderr)


def _run(arguments: list[str]) -> int:
    from bgviewer.signals import raise_on_signals

    with raise_on_signals() as restore:

        def window(request: WindowRequest) -> int:
            restore()  # Qt's loop runs no handlers of Python; the window has its own
            return _window(request)

        return _run_command(arguments, window)


def _run_command(arguments: list[str], window: Callable[[WindowRequest], int]) -> int:
    try:
        from bgviewer.cli import COMMANDS, run_command
        from bgviewer.cli.exits import USAGE
        from bgviewer.cli.memory import hold_libraries
        from bgviewer.cli.output import say
        from bgviewer.cli.stdout import checked_streams
        from bgviewer.errors import ResourceError, WriteError

        hold_libraries()
    except (ImportError, MemoryError, OSError, SystemError) as error:
        _complain(f"cannot be loaded here: {error or 'not enough memory'}".split("\n")[0])
        return _NO_MEMORY if isinstance(error, MemoryError) else _NOT_LOADED

    command = arguments[0] if arguments and arguments[0] in COMMANDS else None
    previous = sys.excepthook
    sys.excepthook = _report_bug
    try:
        with checked_streams():
            if command is None:
                return run_command(None, arguments, window=window)
            return run_command(command, arguments[1:], window=window)
    except WriteError as error:  # the last words could not be printed
        say(str(error))
        return USAGE
    except ResourceError as error:
        say(str(error))
        return _NO_MEMORY
    finally:
        if sys.exc_info()[0] is None:
            sys.excepthook = previous


def _version() -> int:
    """Print the version; nothing else is imported for that."""
    from bgviewer import __version__

    try:
        print(f"bgviewer {__version__}", flush=True)
    except OSError as error:
        _complain(f"standard output: cannot be written: {error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    return 0


def _report_bug(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Say in one sentence that this is a bug, then give what a report needs."""
    import traceback

    from bgviewer import __version__
    from bgviewer.cli.text import printable

    if sys.stderr is None:
        return
    first = f"bgviewer: this is a bug in bgviewer {__version__}: {kind.__name__}: {error}"
    lines = "".join(traceback.format_exception(kind, error, trace))
    text = f"{first}\nPlease report it with the lines below.\n{lines}"
    print(printable(text), end="", file=sys.stderr)


def _window(request: WindowRequest) -> int:
    """Open the window (or draw it into a file); the only door to Qt."""
    from bgviewer import app

    gc.set_threshold(*_USUAL)
    return app.run(request)


if __name__ == "__main__":
    sys.exit(main())
