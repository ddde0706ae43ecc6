"""Exports over earlier results that fail, are stopped, or whose inputs change meanwhile."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from bgviewer import MatchConfig, load_stack
from bgviewer.cli.outcomes import outcome_json
from bgviewer.engine.acceptance import AcceptanceLimits
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled, WriteError
from bgviewer.tasks import export as module
from bgviewer.tasks.export import ExportRequest, ExportStopped, check_targets, export, plan_export
from bgviewer.tasks.export_plan import check_writable
from tests.stacks import write_small_stack

OLD, NEW = MatchConfig(bin_size=60), MatchConfig(bin_size=40)
KINDS = ("matched", "background", "bgdiff")


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A stack and an export of it."""
    folder = tmp_path_factory.mktemp("first")
    write_small_stack(folder / "stack")
    stack = load_stack([folder / "stack"])
    export(ExportRequest(stack, OLD, 0, folder / "out", background_list="add"))
    return folder


@pytest.fixture
def again(first, tmp_path):
    """The request to export again, with other settings, over a copy of the first results."""
    for name in ("stack", "out"):
        shutil.copytree(first / name, tmp_path / name)
    stack = load_stack([tmp_path / "stack"])
    return ExportRequest(stack, NEW, 0, tmp_path / "out", overwrite=True, background_list="add")


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def settings_of(folder):
    """The binSize that each file records."""
    found = {}
    for path in folder.glob("*.fits"):
        with fits.open(path, checksum=True) as hdus:
            sizes = [h.header["BGVBIN"] for h in hdus if "BGVBIN" in h.header]
        if sizes:  # copies of side-cars record nothing
            found[path.name] = sizes[0]
    return found


def assert_agree(folder, report):
    """Every exposure is old or new as a whole, and table and outcomes say which."""
    found = settings_of(folder)
    table = Table.read(folder / "report.ecsv")
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    for outcome, row in zip(report.outcomes, table.filled(""), strict=True):
        own = {name: size for name, size in found.items() if name.startswith(outcome.name)}
        assert set(own.values()) == {NEW.bin_size if outcome.output else OLD.bin_size}
        assert row["output"] == str(outcome.output or "")
        kept = {path.name for path in outcome.earlier_files}
        assert kept == (set() if outcome.output else set(own))
        for name in kept:
            assert f"{name}" in row["warnings"] and "kept from an earlier run" in row["warnings"]
        told = outcome_json(outcome, AcceptanceLimits())
        assert [os.path.basename(p) for p in told["earlier_files"]] == [
            path.name for path in outcome.earlier_files
        ]


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("part", ["write_matched", "write_background", "write_background_list"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), MemoryError()])
def test_what_cannot_be_written_leaves_the_earlier_files(again, monkeypatch, jobs, part, error):
    before, real = bytes_of(again.directory), getattr(module, part)

    def fails(source, *arguments, **options):
        if source.name == "demo_03":
            try:
                raise error
            except OSError as exc:
                raise WriteError("x", "cannot be written: no space left on the device") from exc
        return real(source, *arguments, **options)

    monkeypatch.setattr(module, part, fails)
    report = export(again, jobs=jobs)
    assert [o.status for o in report.outcomes] == ["reference", "matched", "failed", "matched"]
    assert "no space" in report.outcomes[2].reason or "memory" in report.outcomes[2].reason
    after = bytes_of(again.directory)
    assert set(after) == set(before)
    assert {name for name in after if after[name] == before[name]} == {
        f"demo_03_{kind}.fits" for kind in KINDS
    }
    assert_agree(again.directory, report)


@pytest.mark.parametrize("jobs", [1, 3])
def test_stopped_at_any_step_every_exposure_is_old_or_new(again, jobs):
    before = bytes_of(again.directory)
    export(again)  # what is read once is kept in memory
    steps = Steps()
    export(again, steps, jobs=jobs)
    assert steps.count > 60
    for stop in np.linspace(1, steps.count - 3, 12).astype(int):
        for name, raw in before.items():
            (again.directory / name).write_bytes(raw)
        with pytest.raises(Cancelled) as caught:
            export(again, Steps(stop), jobs=jobs)
        if isinstance(caught.value, ExportStopped):
            report = caught.value.report
            assert report.stopped and report.n_written
            assert_agree(again.directory, report)
            reasons = [o.reason for o in report.outcomes if o.output is None]
            assert all("stopped" in reason for reason in reasons)
        else:  # nothing was written: the earlier report is still true
            assert bytes_of(again.directory) == before


class Steps:
    """Count the steps, and stop at one of them."""

    def __init__(self, stop=0):
        self.count, self.stop = 0, stop

    def step(self, fraction=None, text=None):
        self.count += 1
        if self.stop and self.count >= self.stop:
            raise Cancelled("stopped")


def test_report_and_settings_are_old_together(again, monkeypatch):
    before = bytes_of(again.directory)

    def full(*_arguments):
        raise WriteError("config.toml", "cannot be written: no space left on the device")

    monkeypatch.setattr(module, "write_text", full)
    report = export(again)
    assert "no space left" in report.problem and "earlier run were kept" in report.problem
    after = bytes_of(again.directory)
    assert all(after[name] == before[name] for name in ("report.ecsv", "config.toml"))
    assert report.n_written == 4


@pytest.mark.parametrize("when", ["after load", "while it is matched", "while it is written"])
@pytest.mark.parametrize("how", ["replaced", "touched", "gone", "side-car"])
def test_an_input_that_changes_fails_that_exposure(first, tmp_path, monkeypatch, when, how):
    shutil.copytree(first / "out", tmp_path / "out")
    folder = tmp_path / "stack"
    folder.mkdir()
    for path in (first / "stack").iterdir():
        fits.writeto(folder / path.name, fits.getdata(path, 1))
        flags = np.zeros((120, 150), "i4")
        fits.writeto(folder / f"{path.stem}_mask.fits", flags)
    stack = load_stack([folder])
    again = ExportRequest(stack, NEW, 0, tmp_path / "out", overwrite=True, background_list="add")
    path = folder / ("demo_03_mask.fits" if how == "side-car" else "demo_03.fits")
    assert path in (stack[2].path, *stack[2].info.companions)

    def change():
        if how == "replaced":
            shutil.copy(path, folder / "copy.fit_")
            os.replace(folder / "copy.fit_", path)
        elif how == "gone":
            path.unlink()
        else:
            os.utime(path, ns=(1, 1))

    if when == "after load":
        change()
    else:
        name = "match_entry" if when == "while it is matched" else "write_background_list"
        real = getattr(module, name)

        def changing(*arguments, **options):
            done = real(*arguments, **options)
            if arguments[when == "while it is matched"].name == "demo_03":
                change()
            return done

        monkeypatch.setattr(module, name, changing)
    report = export(again, jobs=1)
    assert [o.status for o in report.outcomes] == ["reference", "matched", "failed", "matched"]
    expected = "cannot be opened" if how == "gone" else "changed on disk since the stack was loaded"
    assert expected in report.outcomes[2].reason
    found = settings_of(again.directory)
    assert {found[f"demo_03_{kind}.fits"] for kind in KINDS} == {OLD.bin_size}


def test_a_reference_that_changes_is_said(again):
    reference = again.stack[0].path

    def change(outcome):
        if outcome.id == 1:
            os.utime(reference, ns=(1, 1))

    report = export(again, jobs=1, on_outcome=change)
    assert report.n_matched == 3
    assert "demo_01: the reference changed on disk during the run" in report.problem
    os.utime(reference, ns=(2, 2))
    with pytest.raises(Exception, match="changed on disk"):
        export(again)


def test_a_stale_file_of_other_options_is_said(again):
    report = export(replace(again, backgrounds=False, report_formats=("csv",)))
    kept = [[path.name for path in o.earlier_files] for o in report.outcomes]
    assert kept == [[], *([f"demo_0{n}_background.fits"] for n in (2, 3, 4))]
    assert report.notes == ("report.ecsv: kept from an earlier run; not of this match",)


def test_a_name_too_long_fails_that_exposure_before_it_is_matched(tmp_path, monkeypatch):
    paths = write_small_stack(tmp_path / "stack", n_exposures=3)
    long = paths[1].with_name("é" * 120 + ".fits")  # 245 bytes; "_background.fits" is too much
    paths[1].rename(long)
    stack = load_stack([paths[0], long, paths[2]])
    request = ExportRequest(stack, NEW, 0, tmp_path / "out")
    check_targets(request)
    assert set(plan_export(request).matched) == {0, 2}
    report = export(request)
    assert [o.status for o in report.outcomes] == ["reference", "failed", "matched"]
    assert "the name has 256 bytes, the file system takes 255" in report.outcomes[1].reason
    assert list(Table.read(tmp_path / "out" / "report.ecsv")["status"])[1] == "failed"
    alone = replace(request, include_reference=False)
    alone = replace(alone, stack=load_stack([paths[0], long]))
    with pytest.raises(WriteError, match="takes 255"):
        plan_export(alone)


def test_names_that_are_no_utf8_are_written_and_reported(tmp_path):
    paths = write_small_stack(tmp_path / "stack", n_exposures=2)
    odd = os.fsdecode(b"caf\xe9")
    try:
        paths[0].rename(paths[0].with_name(f"{odd}.fits"))
    except OSError:
        pytest.skip("the file system takes UTF-8 only")
    stack = load_stack([tmp_path / "stack"])
    assert [e.name for e in stack.entries] == [r"caf\xe9", "demo_02"]
    formats = ("ecsv", "fits", "csv")
    report = export(ExportRequest(stack, NEW, 0, tmp_path / "out", report_formats=formats))
    assert report.problem is None and report.n_matched == 1
    table = Table.read(tmp_path / "out" / "report.ecsv")
    assert table["output"][0].endswith(r"/caf\xe9_matched.fits")
    assert (tmp_path / "out" / f"{odd}_matched.fits").exists()
    assert r"caf\\xe9" in (tmp_path / "out" / "config.toml").read_text("utf-8")


@pytest.mark.parametrize("kind", ["file", "file in between", "itself", "nowhere", "long", "bytes"])
def test_a_folder_that_cannot_be_is_refused_in_one_sentence(tmp_path, first, kind):
    (tmp_path / "file").touch()
    (tmp_path / "itself").symlink_to("itself")
    (tmp_path / "nowhere").symlink_to("gone")
    target = {
        "file in between": tmp_path / "file" / "out",
        "long": tmp_path / ("x" * 300),
        "bytes": tmp_path / ("é" * 130) / "out",
    }.get(kind, tmp_path / kind)
    request = ExportRequest(load_stack([first / "stack"]), NEW, 0, target)
    for check in (plan_export, check_targets, export, lambda r: check_writable(r.directory)):
        with pytest.raises(WriteError) as caught:
            check(request)
        assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("existing", [True, False])
def test_a_folder_that_refuses_in_spite_of_its_permissions(again, monkeypatch, existing):
    """Such as an immutable one, for root."""
    request = again if existing else replace(again, directory=again.directory / "more")

    def refused(*_arguments, **_options):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(module, "match_entry", refused)
    monkeypatch.setattr(os, "open" if existing else "mkdir", refused)
    with pytest.raises(WriteError, match="the folder cannot be written to") as caught:
        check_writable(request.directory)
    assert caught.value.path == str(request.directory)


def test_temporary_files_of_a_killed_run_are_removed_and_said(again):
    left = again.directory / ".demo.bgviewer-00000000-1-0123456789ab-1.part"
    left.touch()
    report = export(again)
    assert left.exists() and report.notes == ()  # of another machine, and new
    left.rename(left.with_name(left.name.replace("00000000-1", f"{module_host()}-4000000")))
    report = export(again)
    assert "removed 1 temporary file of a killed run" in report.notes[0]
    assert not [path for path in again.directory.iterdir() if path.name.startswith(".")]


def module_host():
    from bgviewer.io.transaction import _host

    return _host()


def test_stop_before_anything_is_written_changes_nothing(again):
    before, stopped = bytes_of(again.directory), Stoppable()
    stopped.stop()
    with pytest.raises(Cancelled) as caught:
        export(again, stopped)
    assert not isinstance(caught.value, ExportStopped)
    assert bytes_of(again.directory) == before
