"""SIGTERM and SIGHUP wake Qt up, and what was set before is put back."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from bgviewer.ui.signals import EndSignals

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_arrives_while_qt_waits(qapp, qtbot, name, code):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with EndSignals() as signals:
        with qtbot.waitSignal(signals.arrived) as caught:
            os.kill(os.getpid(), number)
        assert caught.args == [number] and signals.caught == number
        assert (signals.name, signals.exit_code) == (name, code)
    assert signal.getsignal(number) == before


def test_what_the_parent_ignores_stays_ignored(qapp):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with EndSignals():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
