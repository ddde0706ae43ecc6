"""Standard output and error with any encoding, without control characters, also closed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from bgviewer.cli.text import encodable, printable
from bgviewer.errors import WriteError

__all__ = ["checked_streams"]


class _Checked:
    """Stands for a stream; what it cannot encode, or a terminal would obey, is written escaped."""

    keep = "\n\t"

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write; return the number of characters of `text`."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._attempt(self._stream.write, encodable(printable(text, self.keep), encoding))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Send what waits."""
        self._attempt(self._stream.flush)

    def _attempt(self, do: Any, *arguments: Any) -> None:
        raise NotImplementedError


class _CheckedOutput(_Checked):
    """Standard output; what goes wrong in it becomes a `WriteError`."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.error: WriteError | None = None

    def _attempt(self, do: Any, *arguments: Any) -> None:
        try:
            do(*arguments)
        except OSError as exc:
            gone = isinstance(exc, BrokenPipeError)
            why = "who read it went away" if gone else exc.strerror or str(exc)
            self.error = WriteError("standard output", f"cannot be written: {why}")
            raise self.error from exc


class _CheckedError(_Checked):
    """Standard error; what cannot be written there is lost and the work goes on."""

    keep = "\n\t\r"  # progress rewrites its line

    def _attempt(self, do: Any, *arguments: Any) -> None:
        try:
            do(*arguments)
        except (OSError, ValueError):
            _discard(self._stream)


@contextmanager
def checked_streams() -> Iterator[None]:
    """Raise `WriteError` where standard output cannot take what is printed in the block.

    A full disk shows only when the last words are sent, so these are sent at its end.
    """
    output, error = sys.stdout, sys.stderr
    with _three_descriptors(output, error) as nowhere:
        checked = None if output is None else _CheckedOutput(output)
        # Without a standard error print() would write to standard output.
        sys.stderr = cast(TextIO, _CheckedError(error or nowhere))
        if checked is not None:  # None: a program without a console
            sys.stdout = cast(TextIO, checked)
        try:
            yield
            _finish(checked)
        except SystemExit:  # argparse has printed its help, or could not
            _finish(checked)
            if checked is not None and checked.error is not None:
                raise checked.error from None
            raise
        finally:
            sys.stderr.flush()
            sys.stdout, sys.stderr = output, error
            if checked is not None and checked.error is not None:
                _discard(output)


def _finish(checked: _CheckedOutput | None) -> None:
    if checked is not None and checked.error is None:
        checked.flush()


@contextmanager
def _three_descriptors(output: TextIO | None, error: TextIO | None) -> Iterator[TextIO]:
    """Take the places of streams that are closed, else a file that is written would get them.

    Yields a stream into nowhere.
    """
    opened: list[int] = []
    if output is None or error is None:
        with suppress(OSError):
            while (number := os.open(os.devnull, os.O_RDWR)) <= _LAST:
                opened.append(number)
            os.close(number)
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            yield nowhere
    finally:
        for number in opened:
            with suppress(OSError):
                os.close(number)


_LAST = 2
"""Number of standard error."""


def _discard(stream: TextIO) -> None:
    """Let what still waits go nowhere: the interpreter would complain of it when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
