"""Groups of output files: all of them get their names or none does, whatever happens."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bgviewer.errors import Cancelled, WriteError
from bgviewer.io import transaction
from bgviewer.io.transaction import OutputGroup, atomic_output, recover

NAMES = ("a.fits", "b.fits", "c.fits", "new.fits")
OLD = {name: f"old {name}" for name in NAMES[:3]}
NEW = {name: f"new {name}" for name in NAMES}


def fill(folder: Path) -> None:
    for name, text in OLD.items():
        (folder / name).write_text(text)


def held(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def write(folder: Path, names=NAMES, overwrite=True) -> None:
    with OutputGroup() as group:
        for name in names:
            with atomic_output(folder / name, overwrite, group) as (out, temporary):
                out.write(NEW[name].encode())
            assert temporary.exists()


def failing(real, at, error):
    calls = []

    def call(*arguments, **options):
        calls.append(arguments)
        if len(calls) == at:
            raise error
        return real(*arguments, **options)

    return call


@pytest.mark.parametrize("names", [NAMES, NAMES[:1], NAMES[3:]])
def test_all_files_get_their_names_and_nothing_else_is_left(tmp_path, names):
    fill(tmp_path)
    write(tmp_path, names)
    assert held(tmp_path) == OLD | {name: NEW[name] for name in names}


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), KeyboardInterrupt()])
def test_a_rename_that_fails_brings_all_earlier_files_back(tmp_path, monkeypatch, links, at, error):
    fill(tmp_path)
    if not links:
        refused = OSError(errno.EPERM, "no hard links here")
        monkeypatch.setattr(os, "link", lambda *a, **o: (_ for _ in ()).throw(refused))
    monkeypatch.setattr(os, "replace", failing(os.replace, at, error))
    with pytest.raises(WriteError if isinstance(error, OSError) else KeyboardInterrupt):
        write(tmp_path)
    assert held(tmp_path) == OLD


@pytest.mark.parametrize("error", [Cancelled("stopped"), KeyboardInterrupt(), MemoryError()])
def test_a_block_that_ends_early_leaves_the_earlier_files(tmp_path, error):
    fill(tmp_path)
    wanted = WriteError if isinstance(error, MemoryError) else type(error)
    with pytest.raises(wanted), OutputGroup() as group:
        with group.open(tmp_path / "a.fits", True) as (out, _):
            out.write(b"new")
        with group.open(tmp_path / "b.fits", True):
            raise error
    assert held(tmp_path) == OLD


@pytest.mark.parametrize("function", ["open", "fsync", "link", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EPERM])
@pytest.mark.parametrize("at", [3, 5])  # the fifth file is the journal
def test_a_full_or_refusing_disk_is_one_sentence(tmp_path, monkeypatch, function, number, at):
    fill(tmp_path)
    refused = OSError(number, os.strerror(number))
    at = min(at, {"link": 3, "replace": 4}.get(function, at))
    monkeypatch.setattr(os, function, failing(getattr(os, function), at, refused))
    if function == "link":  # the fallback for systems without links is refused too
        monkeypatch.setattr(os, "rename", failing(os.rename, 1, refused))
    with pytest.raises(WriteError, match=r"fits: cannot be written: (no space|the folder)"):
        write(tmp_path)
    assert held(tmp_path) == OLD


def test_a_file_that_appears_meanwhile_is_kept(tmp_path):
    with pytest.raises(WriteError, match="exists already"), OutputGroup() as group:
        for name in ("a", "b"):
            with group.open(tmp_path / name) as (out, _):
                out.write(b"new")
        (tmp_path / "b").write_text("mine")
    assert held(tmp_path) == {"b": "mine"}


def test_an_equal_shared_file_that_appears_meanwhile_serves(tmp_path):
    with OutputGroup() as one, OutputGroup() as two:
        for group, name in ((one, "a"), (two, "b")):
            for target, shared in ((name, False), ("mask", True)):
                with group.open(tmp_path / target, shared=shared) as (out, _):
                    out.write(b"text")
    assert held(tmp_path) == dict.fromkeys(("a", "b", "mask"), "text")


def test_long_names_of_many_bytes_have_short_temporary_ones(tmp_path):
    name = "é" * 127
    with atomic_output(tmp_path / name, False) as (out, temporary):
        out.write(b"text")
        assert len(os.fsencode(temporary.name)) < 143
    assert held(tmp_path) == {name: "text"}
    too_long = atomic_output(tmp_path / ("é" * 128), False)
    with pytest.raises(WriteError, match="the name is too long"), too_long:
        pass


_KILLED = """
import os, sys
from pathlib import Path
from bgviewer.io.transaction import OutputGroup

top, links = Path(sys.argv[1]), sys.argv[2] == "links"
calls = at = 0

def dying(name):
    real = getattr(os, name)
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == at:
            os._exit(9)
        return real(*arguments, **options)
    setattr(os, name, call)

def refused(*arguments, **options):
    raise PermissionError(1, "no links")

def work(folder):
    for name in ("open", "fsync", "link", "replace", "rename", "unlink"):
        dying(name)
    if not links:
        os.link = refused
    with OutputGroup() as group:
        for name in ("a.fits", "b.fits", "c.fits", "new.fits"):
            with group.open(folder / name, True) as (out, _):
                out.write(b"new " + name.encode())
    os._exit(0)

code = 9
while code == 9:
    at += 1
    folder = top / f"{at:03d}"
    folder.mkdir()
    for name in ("a.fits", "b.fits", "c.fits"):
        (folder / name).write_text("old " + name)
    child = os.fork()
    if not child:
        work(folder)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.exit(code)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("links", ["links", "no links"])
def test_killed_at_any_call_the_next_run_makes_it_whole(tmp_path, links):
    """All old or all new, nothing left; new only from the moment when all of it was written."""
    program = [sys.executable, "-c", _KILLED, str(tmp_path), links]
    subprocess.run(program, cwd=Path(__file__).parents[2], check=True)
    states = []
    for folder in sorted(tmp_path.iterdir()):
        hidden = {name for name in held(folder) if name.startswith(".")}
        recovered = recover(folder)
        states.append(held(folder))
        assert states[-1] in (OLD, NEW)
        assert set(recovered.removed) <= hidden
        assert bool(recovered.notes) == bool(recovered.removed or recovered.completed)
        assert recover(folder) == transaction.Recovered()
    assert states[0] == OLD and states[-1] == NEW
    first = states.index(NEW)
    assert 5 < first < len(states) - 5 and states[first:] == [NEW] * (len(states) - first)


def test_what_is_still_written_or_of_others_is_left_alone(tmp_path):
    others = {".a.fits.0123456789ab.part": "", ".bgviewer-x.part": "", "bgviewer.part": ""}
    for name in others:
        (tmp_path / name).touch()
    with OutputGroup() as group:
        with group.open(tmp_path / "a") as (out, temporary):
            out.write(b"text")
            assert recover(tmp_path) == transaction.Recovered() and temporary.exists()
        assert recover(tmp_path) == transaction.Recovered() and temporary.exists()
    assert held(tmp_path) == others | {"a": "text"}


def leftover(folder: Path, host: str, pid: int, kind: str = "part") -> Path:
    path = folder / f".a.bgviewer-{host}-{pid}-0123456789ab-1.{kind}"
    path.write_text("text")
    return path


@pytest.mark.parametrize(
    ("own_host", "pid_runs", "age", "removed"),
    [
        (True, False, 0, True),
        (True, True, 0, False),  # being made just now, or a pid that is used again
        (True, True, 120, True),
        (False, False, 120, False),  # of another machine: only its age is known
        (False, False, 7200, True),
    ],
)
def test_a_writer_is_gone_when_process_and_lock_are(
    tmp_path, monkeypatch, own_host, pid_runs, age, removed
):
    host = transaction._host() if own_host else "00000000"
    monkeypatch.setattr(transaction, "_runs", lambda pid: pid_runs)
    path = leftover(tmp_path, host, 4_000_000)
    later = path.stat().st_ctime + age
    monkeypatch.setattr(transaction.time, "time", lambda: later)
    assert (recover(tmp_path).removed == (path.name,)) == removed
    assert path.exists() != removed


def test_a_journal_that_names_other_files_does_nothing(tmp_path):
    path = leftover(tmp_path, transaction._host(), 4_000_000)
    mine = tmp_path / "mine"
    mine.write_text("mine")
    journal = tmp_path / f".bgviewer-{transaction._host()}-4000000-0123456789ab.commit"
    for record in ([["mine", "a", "mine", True]], [[path.name, "../a", path.name, True]], 3, "{"):
        journal.write_text(record if isinstance(record, str) else json.dumps(record))
        recover(tmp_path)
        assert held(tmp_path) == {"mine": "mine"}
        path.write_text("text")


def test_a_folder_that_is_not_there_has_nothing_left(tmp_path):
    assert recover(tmp_path / "no").notes == ()
