"""An exposure that does not fit into memory fails; the others and the report do not."""

from __future__ import annotations

import numpy as np
import pytest

import bgviewer
from bgviewer.engine import matching
from bgviewer.errors import ResourceError
from bgviewer.io import loading
from bgviewer.tasks import pair as pairs
from bgviewer.tasks.export import ExportRequest, export
from bgviewer.tasks.load import measure_stack
from bgviewer.tasks.match import match_stack
from tests.stacks import write_small_stack

CONFIG = bgviewer.MatchConfig(bin_size=32)


@pytest.fixture
def stack(tmp_path):
    return bgviewer.load_stack(write_small_stack(tmp_path / "in"))


def _refuse(monkeypatch, *names):
    """Let reading of the named exposures run out of memory."""
    read = loading.read

    def reading(path, **options):
        if path.stem in names:
            raise MemoryError
        return read(path, **options)

    monkeypatch.setattr(loading, "read", reading)


def test_one_exposure_fails_and_the_others_are_written(stack, tmp_path, monkeypatch):
    _refuse(monkeypatch, stack[2].path.stem)
    report = export(ExportRequest(stack, CONFIG, 0, tmp_path / "out"))
    assert [o.status for o in report.outcomes] == ["reference", "matched", "failed", "matched"]
    assert "not enough memory" in report.outcomes[2].reason
    assert (tmp_path / "out" / "report.ecsv").exists()


def test_a_reference_that_does_not_fit_still_gives_a_report(stack, tmp_path, monkeypatch):
    _refuse(monkeypatch, stack[0].path.stem)
    report = export(ExportRequest(stack, CONFIG, 0, tmp_path / "out"))
    assert [o.status for o in report.outcomes] == ["failed"] * 4
    assert f"the reference {stack[0].name}" in report.outcomes[1].reason
    assert (tmp_path / "out" / "report.ecsv").exists()


def test_a_match_that_runs_out_of_threads_fails_alone(stack, monkeypatch):
    match, seen = pairs.PairPart.match, []

    def matching_part(part, *args, **options):
        seen.append(part)
        if len(seen) == 1:
            raise RuntimeError("can't start new thread")
        return match(part, *args, **options)

    monkeypatch.setattr(pairs.PairPart, "match", matching_part)
    outcomes = match_stack(stack, CONFIG, 0)
    assert [o.status for o in outcomes] == ["reference", "failed", "matched", "matched"]
    assert "threads" in outcomes[1].reason


def test_measuring_falls_back_to_bands(stack, monkeypatch):
    """Reading whole exposures needs more memory than measuring them does."""
    expected = measure_stack(stack, CONFIG)[0]
    stack.forget()
    _refuse(monkeypatch, *(e.path.stem for e in stack.entries))
    measured, reasons = measure_stack(stack, CONFIG)
    assert reasons == (None,) * 4
    assert [m.coverage for m in measured] == [m.coverage for m in expected]


def test_the_api_raises_its_own_error(stack, monkeypatch):
    _refuse(monkeypatch, *(e.path.stem for e in stack.entries))
    with pytest.raises(ResourceError):
        stack.read(0)

    def refuse(*args, **options):
        raise MemoryError

    monkeypatch.setattr(matching, "form_difference", refuse)
    plain = bgviewer.MaskedImage(np.ones((64, 64), "f4"))
    with pytest.raises(ResourceError, match="not enough memory"):
        bgviewer.match_backgrounds(plain, plain, CONFIG)
