"""Drives a real window with input events and watches what it paints."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LIMIT = 60_000  # ms; an answer that takes longer is a hang
_BEAT = 1  # ms between two heartbeats of the event loop


class Driver:
    """A window on a stack that lies on disk."""

    def __init__(self) -> None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from bgviewer.app import build_window, favour_window, make_application

        self.app = make_application()
        self.window = build_window()
        favour_window()
        self.window.forget_layout((1600, 1000))
        self.window.show()
        self.session, self.panels = self.window.session, self.window.panels

    def load(self, folder: Path) -> None:
        """Load a folder and wait until the first match is complete."""
        self.session.load([folder])
        self.wait(self.settled)

    def close(self) -> None:
        self.window.close()
        self.session.close()

    # ------------------------------------------------------------ waiting

    def settled(self) -> bool:
        """Whether nothing runs and what is shown is complete."""
        state = self.session.state
        shown = state.match.shown
        ready = shown is not None and shown.complete and not state.match.working
        return state.job is None and ready

    def idle(self) -> bool:
        """Whether nothing runs."""
        return not self.session.busy and self.session.state.job is None

    def wait(self, done: Callable[[], bool], limit: int = _LIMIT) -> None:
        """Run the event loop until `done`, asked at every piece of news."""
        from PyQt6.QtCore import QEventLoop, QTimer

        if done():
            return
        loop = QEventLoop()

        def ask(*_: object) -> None:
            if done():
                loop.quit()

        signals = [self.session.match_changed, self.session.work_changed, self.session.job_changed]
        signals += [self.session.ranking_changed, *(panel.painted for panel in self.panels.all)]
        for signal in signals:
            signal.connect(ask)
        timer = QTimer()
        timer.setSingleShot(True)
        timer.timeout.connect(loop.quit)
        timer.start(limit)
        poll = QTimer()  # quiet jobs (pixel counts of the mask planes) end without news
        poll.timeout.connect(ask)
        poll.start(25)
        loop.exec()
        poll.stop()
        for signal in signals:
            signal.disconnect(ask)
        if not timer.isActive():
            raise TimeoutError("the window gave no answer")

    def rest(self, milliseconds: int) -> None:
        """Run the event loop for a while."""
        from PyQt6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def until_painted(self, act: Callable[[], None]) -> float:
        """Return seconds from the event to all panels painted with the answer to it."""
        session, panels = self.session, self.panels
        painted: set[int] = set()
        answered = False

        def news() -> None:
            nonlocal answered
            state = session.state
            shown = state.match.shown
            if (
                not answered
                and shown is not None
                and shown.result.config == state.config
                and shown.science_id == state.science
            ):
                answered = True
                painted.clear()

        def paint(number: int) -> Callable[[], None]:
            return lambda: painted.add(number) if answered else None

        slots = [paint(i) for i in range(len(panels.all))]
        session.match_changed.connect(news)
        for panel, slot in zip(panels.all, slots, strict=True):
            panel.painted.connect(slot)
        start = time.perf_counter()
        act()
        # a panel whose picture did not change is not painted again: two of three tell enough
        self.wait(lambda: answered and len(painted) >= len(panels.all) - 1)
        elapsed = time.perf_counter() - start
        session.match_changed.disconnect(news)
        for panel, slot in zip(panels.all, slots, strict=True):
            panel.painted.disconnect(slot)
        self.wait(self.settled)
        return elapsed

    def until_repainted(self, widget: Any, act: Callable[[], None]) -> float:
        """Return seconds from the event until the widget was painted again."""
        from PyQt6.QtCore import QEvent, QEventLoop, QObject

        loop = QEventLoop()

        class Watch(QObject):
            def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
                if event is not None and event.type() == QEvent.Type.Paint:
                    # what comes after this paint event comes after the picture
                    loop.quit()
                return False

        watch = Watch()
        widget.installEventFilter(watch)
        start = time.perf_counter()
        act()
        loop.exec()
        elapsed = time.perf_counter() - start
        widget.removeEventFilter(watch)
        return elapsed

    # ------------------------------------------------------------ watching

    @contextmanager
    def stalls(self) -> Iterator[list[float]]:
        """Collect the pauses of the event loop, in seconds."""
        from PyQt6.QtCore import Qt, QTimer

        gaps: list[float] = []
        last = time.perf_counter()

        def beat() -> None:
            nonlocal last
            now = time.perf_counter()
            gaps.append(max(0.0, now - last - _BEAT / 1000))
            last = now

        timer = QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(beat)
        timer.start(_BEAT)
        try:
            yield gaps
        finally:
            beat()
            timer.stop()

    @contextmanager
    def pictures(self) -> Iterator[list[object]]:
        """Collect the different matches that reach the screen."""
        seen: list[object] = []
        panel = self.panels.model

        def painted() -> None:
            shown = self.session.state.match.shown
            picture = panel.picture
            if shown is not None and picture is not None and picture is not (seen or [None])[-1]:
                seen.append(picture)

        panel.painted.connect(painted)
        try:
            yield seen
        finally:
            panel.painted.disconnect(painted)

    # ------------------------------------------------------------ input

    def key(self, widget: Any, key: Any) -> None:
        from PyQt6.QtTest import QTest

        QTest.keyClick(widget, key)

    def mouse(self, widget: Any, kind: str, x: float, y: float) -> None:
        """Send a mouse event with the left button, at a place of the widget."""
        from PyQt6.QtCore import QCoreApplication, QEvent, QPointF, Qt
        from PyQt6.QtGui import QMouseEvent

        event, button, buttons = {
            "press": (QEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton, True),
            "move": (QEvent.Type.MouseMove, Qt.MouseButton.NoButton, True),
            "release": (QEvent.Type.MouseButtonRelease, Qt.MouseButton.LeftButton, False),
        }[kind]
        at = QPointF(x, y)
        held = Qt.MouseButton.LeftButton if buttons else Qt.MouseButton.NoButton
        QCoreApplication.sendEvent(
            widget,
            QMouseEvent(
                event,
                at,
                QPointF(widget.mapToGlobal(at)),
                button,
                held,
                Qt.KeyboardModifier.NoModifier,
            ),
        )

    def wheel(self, widget: Any, steps: int) -> None:
        """Turn the wheel over the middle of the widget."""
        from PyQt6.QtCore import QCoreApplication, QPoint, QPointF, Qt
        from PyQt6.QtGui import QWheelEvent

        at = QPointF(widget.rect().center())
        QCoreApplication.sendEvent(
            widget,
            QWheelEvent(
                at,
                QPointF(widget.mapToGlobal(at)),
                QPoint(),
                QPoint(0, 120 * steps),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            ),
        )

    def handle_of(self, slider: Any) -> tuple[float, float]:
        """Where the handle of a horizontal slider is."""
        from PyQt6.QtWidgets import QStyle, QStyleOptionSlider

        option = QStyleOptionSlider()
        option.initFrom(slider)
        option.orientation = slider.orientation()
        option.minimum, option.maximum = slider.minimum(), slider.maximum()
        option.sliderPosition = option.sliderValue = slider.value()
        option.subControls = QStyle.SubControl.SC_SliderHandle
        style = slider.style()
        box = style.subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, slider
        )
        return box.center().x(), box.center().y()

    def drag(self, slider: Any, seconds: float, pause: int = 16) -> None:
        """Drag a slider's handle to and fro, a mouse event every `pause` milliseconds."""
        from PyQt6.QtCore import QEventLoop, Qt, QTimer

        x, y = self.handle_of(slider)
        self.mouse(slider, "press", x, y)
        low, high = 6.0, slider.width() - 6.0
        at, step = x, max(2.0, (high - low) / 20)
        loop, timer, end = QEventLoop(), QTimer(), time.perf_counter() + seconds

        def move() -> None:
            nonlocal at, step
            if time.perf_counter() > end:
                loop.quit()
                return
            if not low <= at + step <= high:
                step = -step
            at += step
            self.mouse(slider, "move", at, y)

        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(move)
        timer.start(pause)
        loop.exec()
        timer.stop()
        self.mouse(slider, "release", at, y)

    def frames(self, act: Callable[[int], None], seconds: float) -> float:
        """Return paintings of the first panel per second while `act` comes after each."""
        from PyQt6.QtCore import QEventLoop, QTimer

        loop, count, start = QEventLoop(), 0, time.perf_counter()

        def painted() -> None:
            nonlocal count
            count += 1
            if time.perf_counter() - start > seconds:
                loop.quit()
            else:
                QTimer.singleShot(0, lambda: act(count))

        self.panels.model.painted.connect(painted)
        QTimer.singleShot(0, lambda: act(0))
        QTimer.singleShot(int(4000 * seconds), loop.quit)
        loop.exec()
        self.panels.model.painted.disconnect(painted)
        return count / (time.perf_counter() - start)
