"""What every test gets: no display needed, no threads or windows left behind, real data if told."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("default")


def _threads() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if t.is_alive() and not t.name.startswith("execnet")}


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    before = _threads()
    yield
    left = [t for t in _threads() - before if not t.name.startswith(("pytest_timeout", "Dummy"))]
    for thread in left:
        thread.join(timeout=5)
    still = [t.name for t in left if t.is_alive()]
    assert not still, f"threads left running: {still}"


@pytest.fixture(autouse=True)
def _no_window_left() -> Iterator[None]:
    yield
    widgets = sys.modules.get("PyQt6.QtWidgets")
    app = widgets.QApplication.instance() if widgets is not None else None
    if app is None:
        return
    gc.collect()
    visible = [w for w in widgets.QApplication.topLevelWidgets() if w.isVisible()]
    names = [f"{type(w).__name__} {w.windowTitle()!r}" for w in visible]
    for window in visible:
        window.close()
    assert not names, f"windows left open: {names}"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with stacks/, formats/ and goldens/ of real files; told by BGVIEWER_TEST_DATA."""
    folder = os.environ.get("BGVIEWER_TEST_DATA")
    if not folder:
        pytest.skip("no real exposures: BGVIEWER_TEST_DATA is not set")
    path = Path(folder)
    if not (path / "stacks").is_dir():
        pytest.skip(f"no real exposures: BGVIEWER_TEST_DATA={folder} has no stacks/")
    return path
