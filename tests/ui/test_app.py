"""The composition root: what is missing is told, and a picture of the window is made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bgviewer import app
from tests.stacks import write_small_stack


def test_missing_libraries_become_the_line_that_installs_them(monkeypatch):
    if not sys.platform.startswith("linux"):
        pytest.skip("the wheels bring everything along here")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert app.missing_system_libraries(lambda name: True) is None
    line = app.missing_system_libraries(lambda name: "EGL" not in name and "xcb" not in name)
    assert line is not None and line.endswith("apt-get install -y libegl1")
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    line = app.missing_system_libraries(lambda name: "cursor" not in name)
    assert line is not None and line.endswith("libxcb-cursor0")


def environment(tmp_path: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept.pop("QT_QPA_PLATFORM", None)
    return kept | {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def screenshot(tmp_path: Path, *paths: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; from bgviewer import app; from bgviewer.engine.config import MatchConfig;"
        "sys.exit(app.run_screenshot(sys.argv[1], sys.argv[2:], MatchConfig(bin_size=32)))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "shot.png"), *paths],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=90,
    )


def test_a_screenshot_needs_no_display(tmp_path, qapp):
    from PyQt6.QtGui import QImage

    folder = tmp_path / "stack"
    write_small_stack(folder)
    done = screenshot(tmp_path, str(folder))
    assert done.returncode == 0, done.stderr
    image = QImage(str(tmp_path / "shot.png"))
    assert (image.width(), image.height()) == (1600, 1000)
    # The panels are painted: viridis and the diverging map give many saturated colours.
    colours = {
        image.pixelColor(x, y).rgb()
        for x in range(500, 1200, 5)
        for y in range(120, 900, 5)
        if image.pixelColor(x, y).saturation() > 90
    }
    assert len(colours) > 60


def test_the_same_command_gives_the_same_picture(tmp_path, qapp):
    """Large enough that the fineness of the pictures depends on the size of the panels."""
    from PyQt6.QtGui import QImage

    folder = tmp_path / "stack"
    write_small_stack(folder, shape=(900, 800), n_exposures=2)
    pictures = []
    for _ in range(4):
        done = screenshot(tmp_path, str(folder))
        assert done.returncode == 0, done.stderr
        pictures.append(QImage(str(tmp_path / "shot.png")).copy())
    assert all(picture == pictures[0] for picture in pictures)


def test_a_screenshot_of_nothing_says_so(tmp_path):
    done = screenshot(tmp_path, str(tmp_path / "nowhere"))
    assert done.returncode == 4
    assert "nowhere" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "shot.png").exists()


def test_without_fonts_the_package_is_named(tmp_path, monkeypatch, capsys, qapp):
    monkeypatch.setattr(app, "_has_fonts", lambda: False)
    assert app.run_screenshot(str(tmp_path / "x.png"), [str(tmp_path)]) == 3
    assert "fonts-dejavu-core" in capsys.readouterr().err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has X servers")
def test_a_display_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":4711")
    told = app.unreachable_display()
    assert told is not None
    assert ":4711" in told
