"""`bgviewer demo`: the whole job, with a window, without one, without a picture."""

from __future__ import annotations

import pytest

from bgviewer.cli.run import WindowRequest, run_command
from bgviewer.engine.synthetic import Recipe
from bgviewer.tasks import demo
from tests.stacks import SMALL


@pytest.fixture(autouse=True)
def small_demo(monkeypatch):
    real = demo.write_demo_stack

    def write(directory, recipe=None, progress=demo.SILENT):
        shape: Recipe = SMALL
        return real(directory, Recipe(**{**vars(shape), "odd_one": True}), progress)

    monkeypatch.setattr("bgviewer.cli.demo.write_demo_stack", write)
    monkeypatch.setattr("bgviewer.cli.demo.DEMO_CONFIG", demo.DEMO_CONFIG.replace(bin_size=40))


class FakeWindow:
    def __init__(self, code: int) -> None:
        self.code = code
        self.requests: list[WindowRequest] = []

    def __call__(self, request: WindowRequest) -> int:
        self.requests.append(request)
        return self.code


def test_without_a_display_everything_is_done_and_a_picture_asked_for(tmp_path, capsys):
    window = FakeWindow(0)
    assert run_command("demo", ["-o", str(tmp_path / "d")], window=window) == 0
    assert [r.screenshot for r in window.requests] == [str(tmp_path / "d" / "demo.png")]
    names = {p.name for p in (tmp_path / "d" / "matched").iterdir()}
    assert {"report.ecsv", "config.toml"} < names
    assert sum(n.endswith("_matched.fits") for n in names) == 4
    printed = capsys.readouterr()
    assert str(tmp_path / "d" / "matched") in printed.out


def test_without_qt_the_job_is_still_done(tmp_path, capsys):
    assert run_command("demo", ["-o", str(tmp_path / "d")], window=FakeWindow(3)) == 0
    assert (tmp_path / "d" / "matched" / "report.ecsv").is_file()
    assert "but the picture" in capsys.readouterr().err


def test_on_a_display_the_window_opens_on_the_stack(tmp_path, monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    window = FakeWindow(0)
    assert run_command("demo", ["-o", str(tmp_path / "d")], window=window) == 0
    assert [r.screenshot for r in window.requests] == [None]
    assert window.requests[0].paths == (str(tmp_path / "d" / "stack"),)
    assert not (tmp_path / "d" / "matched").exists()


def test_a_display_that_cannot_be_used_falls_back(tmp_path, monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    window = FakeWindow(3)
    assert run_command("demo", ["-o", str(tmp_path / "d")], window=window) == 0
    assert [r.screenshot is None for r in window.requests] == [True, False]
    assert (tmp_path / "d" / "matched").is_dir()


def test_folder_that_cannot_be_made(capsys):
    assert run_command("demo", ["-o", "/proc/nowhere"], window=FakeWindow(0)) == 2
    assert "/proc/nowhere" in capsys.readouterr().err


def test_demo_can_be_repeated(tmp_path):
    for _ in range(2):
        assert run_command("demo", ["-o", str(tmp_path / "d")], window=FakeWindow(0)) == 0
