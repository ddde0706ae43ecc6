"""A standard output that cannot be written is told in one sentence, not taken for a bug."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from bgviewer.errors import WriteError

__all__ = ["checked_stdout"]


class _Checked:
    """Stands for the stream; what goes wrong in it becomes a `WriteError`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: WriteError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write; raises `WriteError`."""
        try:
            return self._stream.write(text)
        except OSError as exc:
            raise self._error(exc) from exc

    def flush(self) -> None:
        """Send what waits; raises `WriteError`."""
        try:
            self._stream.flush()
        except OSError as exc:
            raise self._error(exc) from exc

    def _error(self, exc: OSError) -> WriteError:
        gone = isinstance(exc, BrokenPipeError)
        why = "who read it went away" if gone else exc.strerror or str(exc)
        self.error = WriteError("standard output", f"cannot be written: {why}")
        return self.error


@contextmanager
def checked_stdout() -> Iterator[None]:
    """Raise `WriteError` where standard output cannot take what is printed in the block.

    A full disk shows only when the last words are sent, so these are sent at its end.
    """
    stream = sys.stdout
    if stream is None:  # a program without a console
        yield
        return
    checked = _Checked(stream)
    sys.stdout = cast(TextIO, checked)
    try:
        yield
        if checked.error is None:
            checked.flush()
    except SystemExit:  # argparse has printed its help, or could not
        if checked.error is None:
            checked.flush()
        if checked.error is not None:
            raise checked.error from None
        raise
    finally:
        sys.stdout = stream
        if checked.error is not None:
            _discard(stream)


def _discard(stream: TextIO) -> None:
    """Let what still waits go nowhere: the interpreter would complain of it when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
