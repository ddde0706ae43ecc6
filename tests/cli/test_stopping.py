"""Signals during a command: one line, the usual code, whole files and an honest report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from astropy.table import Table

import bgviewer.__main__ as program
import bgviewer.cli.matching as matching
from bgviewer.cli.output import StderrProgress
from bgviewer.io import transaction
from bgviewer.signals import SignalStop, handled_by, raise_on_signals

STOPS = [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)]


def handlers():
    return [signal.getsignal(getattr(signal, name)) for name, _ in STOPS]


@pytest.fixture(autouse=True)
def usual_handlers():
    """What a program starts with; and nothing of ours stays."""
    usual = (signal.SIG_DFL, signal.SIG_DFL, signal.default_int_handler)
    before = [
        signal.signal(getattr(signal, name), handler)
        for (name, _), handler in zip(STOPS, usual, strict=True)
    ]
    yield
    left = handlers()
    for (name, _), handler in zip(STOPS, before, strict=True):
        signal.signal(getattr(signal, name), handler)
    assert left == list(usual)


def stop_after(monkeypatch, number, written):
    """Send this process a signal when so many exposures are written."""
    real, seen = matching.export, []

    def export(request, progress, *, jobs=None):
        def count(outcome):
            seen.append(outcome)
            if len(seen) == written:
                os.kill(os.getpid(), number)

        return real(request, progress, jobs=jobs, on_outcome=count)

    monkeypatch.setattr(matching, "export", export)


@pytest.mark.parametrize(("name", "code"), STOPS)
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_signal_stops_the_run_and_says_how_far_it_came(
    run, stack, tmp_path, monkeypatch, name, code, jobs
):
    out = tmp_path / "out"
    assert run("match", stack, "-o", out, "-c", "binSize=60").code == 0
    stop_after(monkeypatch, getattr(signal, name), 2)
    ran = run(
        "match", stack, "-o", out, "-c", "binSize=40", "--overwrite", "--jobs", jobs, "--json"
    )
    assert ran.code == code
    table = Table.read(out / "report.ecsv")
    new = [bool(output) for output in table["output"].filled("")]
    assert ran.says == f"bgviewer: stopped by {name}; {sum(new)} of 4 exposures written"
    assert new[:2] == [True, True] and (jobs > 1 or not any(new[2:]))
    assert table.meta["config"]["binSize"] == 40
    assert ran.json["stopped"] is True
    assert [e["output"] is not None for e in ran.json["exposures"]] == new
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(("name", "code"), STOPS)
def test_a_signal_while_exposures_are_measured(run, stack, monkeypatch, name, code):
    step = StderrProgress.step

    def stopping(self, fraction=None, text=None):
        if text and text.startswith("measuring"):
            os.kill(os.getpid(), getattr(signal, name))
        step(self, fraction, text)

    monkeypatch.setattr(StderrProgress, "step", stopping)
    ran = run("rank", stack)
    assert (ran.code, ran.out, ran.says) == (code, "", f"bgviewer: stopped by {name}")


def test_a_second_signal_ends_the_work_at_once():
    from bgviewer.cli.signals import stoppable_progress

    with pytest.raises(SignalStop) as caught, stoppable_progress() as progress:
        signal.raise_signal(signal.SIGTERM)  # work that does not look at its progress
        with pytest.raises(Exception, match="stopped"):
            progress.step()
        signal.raise_signal(signal.SIGHUP)
    assert caught.value.exit_code == 129


def test_ignored_signals_stay_ignored():
    """As nohup has it."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with raise_on_signals() as restore:
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        signal.raise_signal(signal.SIGHUP)
        restore()
        assert handlers()[0] is signal.SIG_DFL and handlers()[2] is signal.default_int_handler
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def test_other_threads_leave_the_signals_alone():
    from concurrent.futures import ThreadPoolExecutor

    def work():
        with handled_by(lambda number, frame: None):
            return handlers()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() == handlers()


def test_the_window_has_its_own_handlers(run, monkeypatch, stack):
    seen = []
    monkeypatch.setattr(program, "_window", lambda request: seen.append(handlers()) or 0)
    monkeypatch.setattr("bgviewer.cli.run.has_display", lambda: True)
    assert run(stack).code == 0
    assert seen == [handlers()]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SignalStop(signal.SIGTERM)])
def test_stopped_while_modules_are_imported(monkeypatch, capsys, error):
    def importing(*_arguments):
        raise error

    monkeypatch.setattr(program, "_run_command", importing)
    word, code = ("stopped by SIGTERM", 143) if str(error) else ("interrupted", 130)
    assert program.main(["rank"]) == code
    assert capsys.readouterr().err == f"bgviewer: {word}\n"


@pytest.mark.parametrize(("name", "code"), STOPS)
def test_stopped_at_the_start_of_the_program(name, code):
    """A process of its own, stopped while it imports what the command line needs."""
    usual = "signal.default_int_handler" if code == 130 else "signal.SIG_DFL"
    start = (
        "import builtins, os, signal, sys\n"
        "real = builtins.__import__\n"
        "def stopping(name, *rest):\n"
        "    if name == 'bgviewer.cli':\n"
        f"        os.kill(os.getpid(), signal.{name})\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = stopping\n"
        f"signal.signal(signal.{name}, {usual})\n"
        "from bgviewer.__main__ import main\n"
        "sys.exit(main())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", start, "rank", "."],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (code, f"bgviewer: stopped by {name}\n")


def test_what_a_killed_run_left_is_removed_and_said_also_by_a_refused_run(run, stack, tmp_path):
    out = tmp_path / "out"
    assert run("match", stack, "-o", out, "-c", "binSize=40").code == 0
    for more, code in (((), 2), (("--overwrite", "--json"), 0)):
        left = out / f".demo.bgviewer-{transaction._host()}-4000000-0123456789ab-1.part"
        left.touch()
        assert run("match", stack, "-o", out, "--dry-run", "--overwrite").code == 0
        assert left.exists()
        ran = run("match", stack, "-o", out, "-c", "binSize=40", *more)
        assert ran.code == code and not left.exists()
        said = f"removed 1 temporary file of a killed run: {left.name}"
        assert ran.err.count(said) == 1
        assert code or said in ran.json["notes"]


def test_json_escapes_names_that_are_no_utf8(capsys):
    from bgviewer.cli.output import print_json

    name = os.fsdecode(b"caf\xe9 \xc3\xa9")
    print_json({"name": name})
    printed = capsys.readouterr().out
    assert printed.encode("utf-8") and json.loads(printed) == {"name": name}
