"""A real window on generated exposures, with its own settings and no thread left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QSettings

from bgviewer import app as application
from bgviewer.engine.config import MatchConfig
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.show import match_key
from bgviewer.ui.main_window import MainWindow
from tests.stacks import write_small_stack

WAIT = 30_000


@pytest.fixture
def own_settings(tmp_path: Path) -> None:
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "qs"))


@pytest.fixture
def make_window(qtbot, qapp, own_settings) -> Iterator[Callable[..., MainWindow]]:
    made: list[MainWindow] = []

    def make(config: MatchConfig | None = None) -> MainWindow:
        application.make_application()
        window = application.build_window(config)
        qtbot.addWidget(window)
        window.forget_layout((1600, 1000))
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        made.append(window)
        return window

    yield make
    for window in made:
        window.close()
        assert not window.session.alive


@pytest.fixture
def stack_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "night"
    write_small_stack(folder, shape=(230, 200), n_exposures=5)
    return folder


@pytest.fixture
def window(make_window, qtbot, stack_folder) -> MainWindow:
    """A window with the stack loaded and its first match complete."""
    window = make_window(MatchConfig(bin_size=32))
    window.load([str(stack_folder)])
    settle(qtbot, window)
    return window


def current(window: MainWindow):
    """What is shown, when it is what the settings and the pair ask for; else None."""
    state = window.session.state
    shown = state.match.shown
    if shown is None or not shown.complete or state.match.working or state.match.withheld:
        return None
    asked = (state.reference, state.science, match_key(state.config), state.third)
    given = (
        shown.reference_id,
        shown.science_id,
        match_key(shown.config),
        shown.base.third.kind,
    )
    return shown if asked == given else None


def settle(qtbot, window: MainWindow):
    """Wait until the panels show what is asked for, all work is done, and the size is known."""
    qtbot.waitUntil(
        lambda: (
            current(window) is not None
            and window.session.state.job is None
            and window.panels.resting
            and window.judge.resting
        ),
        timeout=WAIT,
    )
    return current(window)


def in_memory(exposures) -> ExposureStack:
    return ExposureStack.of(exposures)


def means(image: np.ndarray, step: int) -> np.ndarray:
    """Means of the finite pixels over blocks, by plain loops."""
    ny, nx = image.shape
    out = np.full((-(-ny // step), -(-nx // step)), np.nan)
    for j in range(out.shape[0]):
        for i in range(out.shape[1]):
            block = image[j * step : (j + 1) * step, i * step : (i + 1) * step]
            good = block[np.isfinite(block)].astype(float)
            if good.size:
                out[j, i] = good.mean()
    return out
