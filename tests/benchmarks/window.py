"""The window: from an input event until the panels have painted the answer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import numpy as np

from tests.benchmarks.scenes import exposure
from tests.benchmarks.timing import Row

_LIMIT = 20_000  # ms; an answer that takes longer is a hang


class Driver:
    """Drives a window on a stack in memory and waits for what it paints."""

    def __init__(self, side: int, count: int) -> None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from bgviewer.app import build_window, make_application
        from bgviewer.io.stack import ExposureStack

        self.app = make_application()
        self.window = build_window()
        self.window.forget_layout((1600, 1000))
        self.window.show()
        images = [exposure(side, seed) for seed in range(1, count + 1)]
        names = [f"visit_{i:02d}" for i in range(count)]
        self.window.session.use_stack(ExposureStack.of(_as_exposures(images, names), names=names))
        self.wait(self._settled)

    def _settled(self) -> bool:
        state = self.window.session.state
        shown = state.match.shown
        return (
            state.job is None and shown is not None and shown.complete and not state.match.working
        )

    def wait(self, done: Callable[[], bool]) -> None:
        """Run the event loop until `done`, asked at every piece of news."""
        from PyQt6.QtCore import QEventLoop, QTimer

        if done():
            return
        loop = QEventLoop()
        session, panels = self.window.session, self.window.panels

        def ask(*_: object) -> None:
            if done():
                loop.quit()

        signals = [session.match_changed, session.job_changed, session.ranking_changed]
        signals += [panel.painted for panel in panels.all]
        for signal in signals:
            signal.connect(ask)
        timer = QTimer()
        timer.setSingleShot(True)
        timer.timeout.connect(loop.quit)
        timer.start(_LIMIT)
        loop.exec()
        for signal in signals:
            signal.disconnect(ask)
        if not timer.isActive():
            raise TimeoutError("the window gave no answer")

    def until_painted(self, act: Callable[[], None]) -> float:
        """Return seconds from the event to all panels painted with the answer to it."""
        session, panels = self.window.session, self.window.panels
        painted: set[int] = set()
        answered = False

        def news() -> None:
            nonlocal answered
            shown = session.state.match.shown
            if shown is not None and shown.result.config == session.state.config:
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
        self.wait(self._settled)
        return elapsed

    def key(self, widget: object, key: int) -> None:
        from PyQt6.QtTest import QTest

        QTest.keyClick(widget, key)

    def close(self) -> None:
        self.window.close()
        self.window.session.close()


def _as_exposures(images: list, names: list[str]) -> list:
    from bgviewer.engine.exposure import Exposure

    return [
        Exposure(image=i.image, mask=i.mask, variance=i.variance, planes=i.planes, name=n)
        for i, n in zip(images, names, strict=True)
    ]


def _p95(values: list[float]) -> float:
    return float(np.percentile(values, 95))


def run(quick: bool) -> Iterator[Row]:
    from PyQt6.QtCore import Qt
    from PyQt6.QtWidgets import QSpinBox

    side, count, times = (1024, 4, 10) if quick else (4096, 12, 20)
    driver = Driver(side, count)
    session = driver.window.session

    def row(name: str, values: list[float], target: float) -> Row:
        worst = _p95(values)
        return Row(
            "window",
            f"{name}, {count} × {side}²",
            worst,
            None,
            worst,
            target,
            peer_name="",
            unit="s (p95)",
        )

    def spin(name: str) -> QSpinBox:
        return driver.window.config_panel.field(name).spin

    try:
        session.edit_config("bin_size", side // 16)
        session.edit_config("order", 4)
        session.edit_config("use_polynomial", True)
        driver.wait(driver._settled)
        keys = [Qt.Key.Key_Up, Qt.Key.Key_Down]
        values = [
            driver.until_painted(lambda k=keys[i % 2]: driver.key(spin("order"), k))
            for i in range(times)
        ]
        yield row("order", values, 0.050)
        session.edit_config("use_polynomial", False)
        driver.wait(driver._settled)
        for statistic, target in (("MEAN", 0.120), ("MEANCLIP", 0.400), ("MEDIAN", 0.400)):
            session.edit_config("grid_statistic", statistic)
            driver.wait(driver._settled)
            values = [
                driver.until_painted(lambda k=keys[i % 2]: driver.key(spin("bin_size"), k))
                for i in range(max(6, times // 2))
            ]
            yield row(f"binSize, {statistic}", values, target)
        session.edit_config("grid_statistic", "MEAN")
        driver.wait(driver._settled)
        values = []
        for i in range(times):
            start = time.perf_counter()
            session.set_weights(0.4, 0.1 + 0.02 * i, 0.2)
            values.append(time.perf_counter() - start)
        yield row("ranking weight", values, 0.020)
    finally:
        driver.close()
