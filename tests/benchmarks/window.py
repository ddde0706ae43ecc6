"""The window: from an input event until the panels have painted the answer."""

from __future__ import annotations

import math
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.driver import Driver
from tests.benchmarks.scenes import write_stack
from tests.benchmarks.timing import Row

_DRAGS = 3  # whose median counts: one pause of the machine is not one of the program
_ROUNDS = 3  # of answers, the same


class _Case:
    """The rows of one stack."""

    def __init__(self, driver: Driver, folder: Path, side: int, count: int, times: int) -> None:
        from PyQt6.QtCore import Qt

        self.driver, self.session, self.folder = driver, driver.session, folder
        self.side, self.times = side, times
        self.name = f"{count} × {side}²"
        self.keys = (Qt.Key.Key_Up, Qt.Key.Key_Down)
        self.drag_seconds = 5.0 if side > 2000 else 1.5

    def row(
        self, name: str, value: float, target: float, unit: str = "s", at_least: bool = False
    ) -> Row:
        return Row(
            "window",
            f"{name}, {self.name}",
            value,
            None,
            value,
            target,
            unit=unit,
            peer_name="",
            at_least=at_least,
        )

    def p95(self, name: str, values: list[float], target: float) -> Row:
        """The 95th percentile; of several rounds the median one counts."""
        rounds = np.array_split(values, max(1, len(values) // self.times))
        value = statistics.median(float(np.percentile(part, 95)) for part in rounds)
        return self.row(name, value, target, unit="s (p95)")

    def set(self, **changes: Any) -> None:
        for name, value in changes.items():
            self.session.edit_config(name, value)
        self.driver.wait(self.driver.settled)

    def field(self, name: str) -> Any:
        return self.driver.window.config_panel.field(name)

    # ------------------------------------------------------------ answers

    def answers(self, widget: Any, times: int | None = None) -> list[float]:
        """Seconds until painted, of arrow keys up and down in turn."""
        self.driver.until_painted(lambda: self.driver.key(widget, self.keys[0]))
        self.driver.until_painted(lambda: self.driver.key(widget, self.keys[1]))
        return [
            self.driver.until_painted(lambda k=self.keys[i % 2]: self.driver.key(widget, k))
            for i in range(times or _ROUNDS * self.times)
        ]

    def settings(self) -> Iterator[Row]:
        from PyQt6.QtCore import Qt

        self.set(bin_size=self.side // 16, order=4, use_polynomial=True)
        yield self.p95("order", self.answers(self.field("order").spin), 0.050)
        box = self.field("approx_weighting").main
        values = [
            self.driver.until_painted(lambda: self.driver.key(box, Qt.Key.Key_Space))
            for _ in range(_ROUNDS * self.times)
        ]
        yield self.p95("weighting", values, 0.050)
        self.set(use_polynomial=False, interp_style="NATURAL_SPLINE")
        yield self.p95("interpStyle", self.answers(self.field("interp_style").main), 0.050)
        self.set(interp_style="AKIMA_SPLINE")
        for statistic, target in (("MEAN", 0.120), ("MEANCLIP", 0.400), ("MEDIAN", 0.400)):
            self.set(grid_statistic=statistic)
            spin = self.field("bin_size").spin
            yield self.p95(f"binSize, {statistic}", self.answers(spin), target)
        self.set(grid_statistic="MEANCLIP")
        spin = self.field("num_sigma_clip").main
        yield self.p95("numSigmaClip, MEANCLIP", self.answers(spin), 0.400)
        self.set(grid_statistic="MEAN")

    def weights(self) -> Iterator[Row]:
        from PyQt6.QtCore import Qt

        slider = next(iter(self.driver.window.stack_panel.weights.sliders.values()))
        table = self.driver.window.stack_panel.table.viewport()
        keys = (Qt.Key.Key_Left, Qt.Key.Key_Right)
        values = [
            self.driver.until_repainted(table, lambda k=keys[i % 2]: self.driver.key(slider, k))
            for i in range(_ROUNDS * self.times)
        ]
        yield self.p95("ranking weight", values, 0.020)

    def exposures(self) -> Iterator[Row]:
        usable = self.session.state.stack.stack.usable
        others = [i for i in usable if i not in (self.session.state.reference,)]
        paths = [self.session.state.stack.stack[i].path for i in others]
        few = others[:3]
        for i in few:
            if i != self.session.state.science:
                self.driver.until_painted(lambda i=i: self.session.set_science(i))
        values = [
            self.driver.until_painted(lambda i=i: self.session.set_science(i))
            for i in few * max(1, self.times // 3)
        ]
        yield self.p95("another science exposure, cached", values, 0.300)
        if self.session.state.stack.stack.fits_in_cache:
            return  # then none is read again
        values = []
        for i, path in list(zip(others, paths, strict=True))[3:]:
            _forget(path)
            values.append(self.driver.until_painted(lambda i=i: self.session.set_science(i)))
        yield self.p95("another science exposure, from disk", values, 1.5)

    def switch_on(self) -> None:
        """Open and lay over the pictures what can be: all of it follows the answers."""
        window = self.driver.window
        for name in ("overlay_bins", "overlay_mask", "overlay_coverage"):
            window.actions_[name].setChecked(True)
        window.judge_dock.show()
        window.judge.setCurrentWidget(window.judge.residuals)
        self.driver.wait(self.driver.idle)
        self.driver.rest(500)
        self.name += ", all on"

    # ------------------------------------------------------------ drags and long work

    def drags(self) -> Iterator[Row]:
        yield from self._drag("order", 15, {"use_polynomial": True})
        yield from self._drag("bin_size", 6, {"use_polynomial": False})
        yield from self._drag("bin_size", 0, {"grid_statistic": "MEANCLIP"}, " MEANCLIP")
        self.set(grid_statistic="MEAN", bin_size=self.side // 16)
        worst = [
            self._longest(lambda s=slider: self.driver.drag(s, self.drag_seconds / 2))
            for slider in self.driver.window.stack_panel.weights.sliders.values()
        ]
        yield self.row("longest stall, drag of the weights", statistics.median(worst), 0.050)

    def _longest(self, act: Callable[[], None]) -> float:
        """The longest pause of the event loop meanwhile."""
        with self.driver.stalls() as gaps:
            act()
        return max(gaps)

    def _drag(
        self, name: str, target: float, changes: dict[str, Any], more: str = ""
    ) -> Iterator[Row]:
        self.set(order=4, bin_size=self.side // 16, **changes)
        label = {"order": "order", "bin_size": "binSize"}[name] + more
        slider = self.field(name).slider
        rates, worst = [], []
        for _ in range(_DRAGS):
            with self.driver.pictures() as seen:
                worst.append(self._longest(lambda: self.driver.drag(slider, self.drag_seconds)))
            rates.append(len(seen) / self.drag_seconds)
            self.driver.wait(self.driver.idle)
        if target:
            rate = statistics.median(rates)
            yield self.row(f"pictures, drag of {label}", rate, target, "/ s", at_least=True)
        yield self.row(f"longest stall, drag of {label}", statistics.median(worst), 0.050)

    def long_work(self) -> Iterator[Row]:
        driver, session = self.driver, self.session
        out = self.folder.parent / "out"
        for name, start in (
            ("load", lambda: driver.load(self.folder)),
            ("match all", session.match_all),
            ("export", lambda: self._export(out)),
        ):
            worst = []
            for _ in range(_DRAGS):
                worst.append(self._longest(lambda s=start: (s(), driver.wait(driver.idle))))
            yield self.row(f"longest stall, {name}", statistics.median(worst), 0.050)
        values = []
        begin: tuple[Callable[[], None], ...] = (
            session.match_all,
            lambda: self._export(out),
            lambda: session.load([self.folder]),
        )
        for start in begin * 2:
            start()
            driver.rest(250)
            if session.state.job is not None:  # else it was done before anybody could click
                clicked = time.perf_counter()
                driver.window.status.stop.click()
                driver.wait(lambda: session.state.job is None)
                values.append(time.perf_counter() - clicked)
            driver.wait(driver.idle)
            driver.window.notices.clear()
        if values:
            yield self.row("Stop until idle", max(values), 0.300)

    def sweeping(self) -> Iterator[Row]:
        """The live answers while a sweep of all exposures goes on, and how soon it stops."""
        driver, sweeper = self.driver, self.session.sweeper
        self.set(bin_size=self.side // 16, order=4, use_polynomial=True, grid_statistic="MEAN")
        driver.window.sweep.find_settings()
        driver.rest(300)
        driver.wait(driver.settled)
        waits, worst = [], []
        for name, target in (("order", 0.050), ("bin_size", 0.120)):
            label = {"order": "order", "bin_size": "binSize, MEAN"}[name]
            spin = self.field(name).spin
            self._restart_sweep()
            values = []
            while len(values) < self.times:
                values += self.answers(spin, min(4, self.times - len(values)))
                driver.wait(driver.settled)
                if not sweeper.state.running:
                    self._restart_sweep()
            yield self.p95(f"{label}, during a sweep", values, target)
            worst.append(self._longest(lambda: driver.rest(1500)))
            if sweeper.state.running:
                asked = time.perf_counter()
                sweeper.stop()
                driver.wait(lambda: not sweeper.lane.busy)
                waits.append(time.perf_counter() - asked)
        yield self.row("longest stall, sweep", statistics.median(worst), 0.050)
        if waits:
            yield self.row("Stop of a sweep until idle", max(waits), 0.300)
        driver.wait(driver.idle)
        driver.window.sweep.dock.hide()

    def _restart_sweep(self) -> None:
        self.session.sweeper.start(frozenset(self.session.sweeper.subjects()))
        self.driver.rest(150)

    def _export(self, out: Path) -> None:
        request = self.session.export_request(
            out, overwrite=True, include_reference=True, backgrounds=True
        )
        assert request is not None
        self.session.export(request)

    # ------------------------------------------------------------ looking

    def looking(self) -> Iterator[Row]:
        driver = self.driver
        canvas = driver.panels.model.canvas.viewport()
        driver.wheel(canvas, 5)
        driver.rest(400)
        driver.wait(driver.settled)
        x, y = canvas.width() / 2, canvas.height() / 2
        driver.mouse(canvas, "press", x, y)
        rate = driver.frames(
            lambda n: driver.mouse(
                canvas, "move", x + 40 * math.sin(n / 7), y + 40 * math.cos(n / 9)
            ),
            self.drag_seconds / 2,
        )
        driver.mouse(canvas, "release", x, y)
        yield self.row("pan", rate, 30, "/ s", at_least=True)
        rate = driver.frames(
            lambda n: driver.wheel(canvas, 1 if n // 6 % 2 else -1), self.drag_seconds / 2
        )
        yield self.row("zoom", rate, 30, "/ s", at_least=True)
        driver.panels.view.fit()
        driver.rest(300)
        bar = driver.panels.model.bar
        x, y = (bar.width() / 4, 5.0) if bar.lying else (5.0, bar.height() / 4)
        driver.mouse(bar, "press", x, y)

        def drag(n: int) -> None:
            away = 20 * math.sin(n / 5)
            driver.mouse(bar, "move", x + away * bar.lying, y + away * (not bar.lying))

        rate = driver.frames(drag, self.drag_seconds / 2)
        driver.mouse(bar, "release", x, y)
        yield self.row("levels", rate, 30, "/ s", at_least=True)


def _forget(path: Path) -> None:
    """Make the system forget what it holds of a file, so that it comes from the disk."""
    if hasattr(os, "posix_fadvise"):
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def run(quick: bool) -> Iterator[Row]:
    side, count, times = (1024, 4, 10) if quick else (4096, 12, 20)
    folder = Path(tempfile.mkdtemp(prefix="bgviewer-bench-"))
    driver = Driver()
    try:
        write_stack(folder / "stack", side, count)
        case = _Case(driver, folder / "stack", side, count, times)
        driver.load(folder / "stack")
        for rows in (case.settings, case.weights, case.exposures, case.drags, case.looking):
            yield from rows()
        yield from case.sweeping()
        yield from case.long_work()
        case.switch_on()
        for rows in (case.settings, case.weights, case.exposures, case.drags, case.looking):
            yield from rows()
    finally:
        driver.close()
        shutil.rmtree(folder, ignore_errors=True)
