"""Two thousand random actions: nothing breaks, nothing is left, memory stays flat.

``BGVIEWER_MONKEY_ACTIONS`` and ``BGVIEWER_MONKEY_SEED`` make longer and other runs.
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
import sys
import time
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path

import platformdirs
import pytest
from PyQt6 import sip
from PyQt6.QtCore import QAbstractAnimation, QCoreApplication, QEvent, QObject
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QApplication, QFileDialog, QGraphicsItem, QLabel

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.synthetic import make_stack
from bgviewer.session.state import Wishes
from bgviewer.tasks.show import match_key
from bgviewer.ui.canvas import Canvas
from tests.scenarios.monkey import Monkey, menu_actions
from tests.stacks import SMALL, write_small_stack

ACTIONS = int(os.environ.get("BGVIEWER_MONKEY_ACTIONS", "2000"))
SEED = int(os.environ.get("BGVIEWER_MONKEY_SEED", "4"))
REST_EVERY = 40
WAIT = 30_000
MEGABYTES = 48.0
"""Growth of the resident memory, after the warm-up, that is not yet a leak."""

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.qt_log_ignore("This plugin does not support"),
    pytest.mark.timeout(max(240, ACTIONS // 5)),
]


@pytest.fixture
def stacks(tmp_path: Path) -> list[Path]:
    """Two stacks of different shapes, one exposure alone, a folder with nothing in it."""
    first, second, empty = tmp_path / "first", tmp_path / "second", tmp_path / "empty"
    files = write_small_stack(first)
    write_small_stack(second, shape=(96, 130), n_exposures=3, seed=5)
    empty.mkdir()
    return [first, first, second, second, files[1], empty]


@pytest.fixture
def hands_off(monkeypatch, tmp_path, stacks) -> list[tuple[str, BaseException]]:
    """Answer file dialogs, keep off the person's own files, collect what goes wrong."""
    choose = random.Random(SEED)
    out = tmp_path / "out"
    out.mkdir()

    def opened(parent, title, start, filters="", *rest):
        files = [*out.glob("*.toml"), *out.glob("*.py"), *out.glob("*.reg"), out / "missing.toml"]
        return ("" if choose.random() < 0.3 else str(choose.choice(files))), filters.split(";;")[0]

    def several(parent, title, start, filters="", *rest):
        paths = [str(p) for p in sorted(choose.choice(stacks).parent.glob("*/*.fits"))[:3]]
        return ([] if choose.random() < 0.6 else paths), filters.split(";;")[0]

    def saved(parent, title, start, filters="", *rest):
        kind = choose.choice(filters.split(";;")) if filters else ""
        suffix = kind.split("*")[-1].rstrip(")") or ".txt"
        name = f"{choose.randrange(3)}{suffix}"
        return ("" if choose.random() < 0.4 else str(out / name)), kind

    def folder(parent, title, start, *rest):
        return "" if choose.random() < 0.6 else str(choose.choice(stacks))

    monkeypatch.setattr(QFileDialog, "getOpenFileName", opened)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", several)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", saved)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", folder)
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: True)
    monkeypatch.setattr(platformdirs, "user_config_dir", lambda name: str(tmp_path / name))
    monkeypatch.setattr("bgviewer.session.session.make_stack", lambda: make_stack(SMALL))
    wrong: list[tuple[str, BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: wrong.append(("slot", error)))
    return wrong


# ---------------------------------------------------------------- measures


def resident() -> float:
    """Megabytes of this process in memory."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # freed memory that the allocator holds is no leak
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return float(line.split()[1]) / 1024
    return float("nan")


def inside_label(child: QObject) -> bool:
    """Whether it is of the document a label makes for rich text when it is first seen."""
    parent = child.parent()
    return parent is not None and (isinstance(parent, QLabel) or inside_label(parent))


def alive(window) -> Counter[str]:
    """What Qt holds: objects of the window, items of the panels, windows; by type."""
    found: Counter[str] = Counter()
    for child in window.findChildren(QObject):
        if not (isinstance(child, QAbstractAnimation) or inside_label(child)):
            found[type(child).__name__] += 1  # Qt's styles let scroll bars fade
    for canvas in window.findChildren(Canvas):
        for item in canvas.scene().items():
            found[f"item {type(item).__name__}"] += 1
    for top in QApplication.topLevelWidgets():
        found[f"window {type(top).__name__}"] += 1
    wrapped = (o for o in gc.get_objects() if isinstance(o, sip.simplewrapper))
    kinds = (o for o in wrapped if isinstance(o, QGraphicsItem | QObject))
    kinds = (o for o in kinds if not isinstance(o, QAbstractAnimation))
    for held in kinds:
        found[f"held {type(held).__name__}"] += 1
    return found


def resting(session) -> bool:
    """Whether all that was asked for is done."""
    state = session.state
    if session.busy or state.job is not None or state.match.working:
        return False
    if None in (state.stack, state.reference, state.science):
        return True
    return session.settled or bool(state.match.withheld)


def assert_true_picture(window) -> None:
    """At rest, the panels show what the state asks for, or say why they do not."""
    state = window.session.state
    if None in (state.stack, state.reference, state.science) or state.match.withheld:
        return
    shown = state.match.shown
    assert shown is not None and shown.complete
    asked = (state.reference, state.science, match_key(window.session.effective_config()))
    assert asked == (shown.reference_id, shown.science_id, match_key(shown.config))
    assert shown.stack is state.stack.stack and shown.stack.regions == state.plan.regions


class Watch:
    """Notices at once what went wrong, and measures what is held."""

    def __init__(self, window, monkey: Monkey, qtbot, wrong, log, home: Path) -> None:
        self.window, self.monkey, self.qtbot = window, monkey, qtbot
        self.wrong, self.log, self.home = wrong, log, home
        window.session.bug_caught.connect(lambda error: wrong.append(("worker", error)))

    def check(self) -> None:
        """Fail on an exception or a warning of Qt."""
        said = [r.message for r in self.log.records if "This plugin does not" not in r.message]
        if self.wrong or said:
            traces = ["".join(traceback.format_exception(e)) for _, e in self.wrong]
            self.fail("\n".join([*said, *traces]))

    def fail(self, text: str) -> None:
        """Say how to come to this point again."""
        self.monkey.close()
        last = "\n  ".join(self.monkey.done)
        pytest.fail(f"seed {SEED}, last actions:\n  {last}\n{text}", pytrace=False)

    def rest(self) -> None:
        """Let all work end, and compare what is seen with what is asked for."""
        session = self.window.session
        try:
            self.qtbot.waitUntil(lambda: resting(session), timeout=WAIT)
        except TimeoutError:
            state = session.state
            tuner, desk = session._tuner, session._desk
            self.fail(
                f"never at rest: {state.match.working=} {state.match.withheld=} {state.job=} "
                f"{tuner.lane.busy=} {desk.lane.busy=} {tuner.settled=} {state.problems=}"
            )
        self.check()
        try:
            assert_true_picture(self.window)
        except AssertionError:
            self.fail(traceback.format_exc())

    def measure(self) -> tuple[float, Counter[str]]:
        """Bring the window to a known state; return memory and objects."""
        session = self.window.session
        self.monkey.close()
        self.window.load([str(self.home)])
        self.rest()
        session.set_wishes(Wishes(MatchConfig(bin_size=20), StackPlan(), session.state.reference))
        self.window.history.steps.clear()
        session.stack_views.forget_snapshots()
        self.window.resize(1024, 700)
        self.rest()
        self.qtbot.wait(50)  # what was put off till the next turn, deletion above all
        gc.collect()
        # On a slow machine what is to be deleted may still stand in the queue.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        self.monkey.rescue()
        return resident(), alive(self.window)


def test_two_thousand_random_actions(
    make_window, qtbot, qtlog, hands_off, stacks, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # an export of exposures without a folder goes where we stand
    window = make_window(MatchConfig(bin_size=20))
    window.resize(1024, 700)
    window.load([str(stacks[0])])
    monkey = Monkey(window, SEED, stacks)
    watch = Watch(window, monkey, qtbot, hands_off, qtlog, stacks[0])
    watch.rest()
    before: tuple[float, Counter[str]] | None = None
    trail = tmp_path / "actions.txt"  # read it where the whole process died
    for number in range(ACTIONS):
        with trail.open("a") as file:
            file.write(f"{time.monotonic():.2f} {monkey.done[-1] if monkey.done else ''}\n")
        try:
            monkey.act()
        except Exception:  # noqa: BLE001 - told with the way that leads here
            watch.fail(traceback.format_exc())
        watch.check()
        if number % REST_EVERY == REST_EVERY - 1:
            watch.rest()
        if number == ACTIONS // 4:
            before = watch.measure()
    after = watch.measure()
    monkey.close()
    watch.check()
    assert before is not None
    more = after[1] - before[1]
    # A few labels and lists make their parts when they are first shown; what every dialog or match
    # left behind would be far more.
    more = Counter({name: n for name, n in more.items() if n > max(12, before[1][name] // 10)})
    print(f"seed {SEED}: {before[0]:.0f} → {after[0]:.0f} MB; {dict(monkey.seen)}; more: {more}")
    assert not more, f"seed {SEED}: objects that piled up: {more}"
    assert after[0] - before[0] < MEGABYTES, f"seed {SEED}: memory grew"
    assert window.isVisible() and window.session.alive


def test_the_monkey_reaches_every_action(make_window, stacks):
    """New entries of the menus are covered without being named here."""
    window = make_window()
    names = {a.text() for a in menu_actions(window)}
    entries = {a.text() for n, a in window.actions_._by_name.items() if n != "quit"}
    assert entries <= names
