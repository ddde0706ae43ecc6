"""SIGTERM and SIGHUP end the window as Stop and Quit do: running work is stopped and cleaned up."""

from __future__ import annotations

import signal
import socket
from types import FrameType

from PyQt6.QtCore import QObject, QSocketNotifier, pyqtSignal
from PyQt6.sip import voidptr

__all__ = ["EndSignals"]

_NAMES = ("SIGTERM", "SIGHUP")


class EndSignals(QObject):
    """Turns signals of the operating system into a Qt signal; use it as a context.

    Python runs a signal handler only between two of its own instructions, and Qt waits outside of
    Python: the interpreter writes the number into a socket, which wakes Qt up.  Ctrl-C is noticed
    at once for the same reason.  A signal that the parent process ignores, as under nohup, stays
    ignored.

    Attributes
    ----------
    caught : int or None
        Number of the signal that came first.
    """

    arrived = pyqtSignal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.caught: int | None = None

    def __enter__(self) -> EndSignals:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        kind = QSocketNotifier.Type.Read
        self._notifier = QSocketNotifier(voidptr(self._reader.fileno()), kind, self)
        self._notifier.activated.connect(self._on_readable)
        self._before_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._before = {}
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before_fd)
        self._notifier.setEnabled(False)
        self._reader.close()
        self._writer.close()

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.caught is None:
            self.caught = number

    def _on_readable(self) -> None:
        try:
            self._reader.recv(4096)
        except BlockingIOError:
            return
        if self.caught is not None:
            self.arrived.emit(self.caught)

    @property
    def name(self) -> str:
        """Name of the signal that was caught, or an empty text."""
        return "" if self.caught is None else signal.Signals(self.caught).name

    @property
    def exit_code(self) -> int:
        """128 plus the number of the signal, as shells have it."""
        return 0 if self.caught is None else 128 + self.caught
