"""A picture of the window, taken when everything in it is there."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from PyQt6.QtCore import (
    QBuffer,
    QMessageLogContext,
    QObject,
    Qt,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PyQt6.QtWidgets import QApplication

from bgviewer.errors import WriteError
from bgviewer.io.transaction import atomic_output
from bgviewer.session.state import Notice
from bgviewer.ui.main_window import MainWindow

__all__ = ["take_screenshot"]

_WRITE_FAILED = 2
_NO_INPUT = 4
_BUG = 1
_LOOK = 250  # ms between two looks at the state, whether or not a signal came
_IDLE_LIMIT = 30.0  # seconds in which nothing works and nothing changes
_WORK_LIMIT = 600.0  # seconds in which work goes on without a change


class _Watcher(QObject):
    """Waits until the first match with all its figures is shown, then until every panel paints it.

    What counts is the state of the session and of the panels.  Signals only make it look at once:
    it looks every quarter of a second anyhow, and gives up when nothing changes any more.
    """

    def __init__(self, app: QApplication, window: MainWindow, path: str) -> None:
        super().__init__(window)
        self._app, self._window, self._path = app, window, path
        self._unpainted: set[int] | None = None
        self._rested = False
        self._errors: list[str] = []
        self._seen: tuple[object, ...] = ()
        self._changed = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self._on_timer)
        self._connect()
        for number, panel in enumerate(window.panels.all):
            panel.painted.connect(lambda n=number: self._on_painted(n))

    def _connect(self) -> None:
        session = self._window.session
        for signal in (
            session.match_changed,
            session.work_changed,
            session.job_changed,
            session.work_ended,
        ):
            signal.connect(self._on_news)
        self._window.panels.rested.connect(self._on_rest)
        session.notice_raised.connect(self._on_notice)
        session.bug_caught.connect(self._on_bug)

    def load(self, paths: list[str], reference: str | None) -> None:
        """Begin: load the exposures and wait."""
        self._window.session.load(paths, reference)
        self._changed = time.monotonic()
        self._timer.start()

    def _on_timer(self) -> None:
        if not self._limit_reached():
            self._on_rest()

    def _limit_reached(self) -> bool:
        """Give up when nothing has changed for too long."""
        session, panels = self._window.session, self._window.panels
        left = len(self._unpainted or ())
        # The state itself, not its id, which the next one may have.
        seen = (session.state, session.busy, panels.resting, left)
        now = time.monotonic()
        same = len(self._seen) == len(seen) and self._seen[0] is seen[0]
        if not same or self._seen[1:] != seen[1:]:
            self._seen, self._changed = seen, now
        limit = _WORK_LIMIT if session.busy else _IDLE_LIMIT
        if now - self._changed < limit:
            return False
        self._timer.stop()
        if self._unpainted:
            what = f"{left} of {len(panels.all)} panels were not painted"
        elif session.busy:
            what = "the work did not end"
        else:
            what = "the match was not shown"
        print(
            f"bgviewer: no picture was made: {what} and nothing changed for {limit:g} s. "
            "Try again when the computer is less busy",
            file=sys.stderr,
        )
        self._app.exit(_BUG)
        return True

    def _on_notice(self, notice: Notice) -> None:
        if notice.level == "error":
            self._errors.append(notice.text)

    def _on_bug(self, error: BaseException) -> None:
        print(f"bgviewer: {error!r}", file=sys.stderr)
        self._app.exit(_BUG)

    def _on_rest(self) -> None:
        """Size and zoom are told; if the session still has nothing to do, nothing will change."""
        self._rested = True
        self._on_news()

    def _on_news(self) -> None:
        rested, self._rested = self._rested, False
        state, panels = self._window.session.state, self._window.panels
        if not self._timer.isActive() or state.job is not None or self._unpainted is not None:
            return
        if state.stack is None or state.science is None:
            # The notice that says why comes with the same news, just after it.
            QTimer.singleShot(0, self._give_up)
        elif not self._window.session.settled:
            return
        elif not rested or not panels.resting:
            # What the news changed may change the layout, and the layout the fineness of the
            # pictures: look again when the window has come to rest.
            panels.settle()
        else:
            self._unpainted = set(range(len(panels.all)))
            panels.update()
            for panel in panels.all:
                panel.canvas.viewport().update()

    def _give_up(self) -> None:
        state = self._window.session.state
        if state.job is None and (state.stack is None or state.science is None):
            text = self._errors[-1] if self._errors else "nothing to show"
            print(f"bgviewer: {text}", file=sys.stderr)
            self._app.exit(_NO_INPUT)

    def _on_painted(self, number: int) -> None:
        if self._unpainted:
            self._unpainted.discard(number)
            if not self._unpainted:
                QTimer.singleShot(0, self._save)

    def _save(self) -> None:
        self._timer.stop()
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        self._window.grab().save(buffer, "PNG")
        try:
            with atomic_output(Path(self._path), overwrite=True) as (out, _):
                out.write(buffer.data().data())
        except WriteError as error:
            print(f"bgviewer: {error}", file=sys.stderr)
            self._app.exit(_WRITE_FAILED)
            return
        self._app.exit(0)


def _only_what_matters(kind: QtMsgType, where: QMessageLogContext, text: str | None) -> None:
    # The offscreen platform says for every window that it cannot pass on size limits.
    if text and "propagateSizeHints" not in text:
        print(text, file=sys.stderr)


def take_screenshot(
    app: QApplication,
    window: MainWindow,
    path: str,
    paths: list[str],
    size: tuple[int, int],
    reference: str | None = None,
    dark: bool = False,
) -> int:
    """Load `paths` into the window and save what it then looks like; return the exit code."""
    before = qInstallMessageHandler(_only_what_matters)
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen, app.platformName() != "offscreen")
    window.scheme.show_only("dark" if dark else "system")
    app.setCursorFlashTime(0)
    window.forget_layout(size)
    window.show()
    watcher = _Watcher(app, window, path)
    QTimer.singleShot(0, lambda: watcher.load(paths, reference))
    code = app.exec()
    watcher.deleteLater()
    qInstallMessageHandler(before)
    return code
