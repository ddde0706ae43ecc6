"""Trying again what failed in an export, and the verdicts in its report."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from astropy.table import Table

from bgviewer import MatchConfig, load_stack
from bgviewer.engine.acceptance import AcceptanceLimits, criterion_of
from bgviewer.engine.plan import StackPlan
from bgviewer.tasks.export import ExportRequest, export
from bgviewer.tasks.html_report import match_report, render_html
from bgviewer.tasks.match import iterate_matches
from tests.stacks import write_small_stack

STRICT = StackPlan(acceptance=AcceptanceLimits(1.1, 1e-6))


@pytest.fixture
def request_(tmp_path):
    write_small_stack(tmp_path / "stack")
    stack = load_stack([tmp_path / "stack"])
    return ExportRequest(stack, MatchConfig(bin_size=40), 0, tmp_path / "out", plan=STRICT)


def files_of(folder):
    return {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}


@pytest.mark.parametrize("jobs", [1, 3])
def test_only_what_failed_is_tried_again(request_, jobs):
    spoilt = request_.stack.entries[2].path
    whole = spoilt.read_bytes()
    spoilt.write_bytes(whole[: len(whole) // 2])
    report = export(request_, jobs=jobs)
    assert [o.status for o in report.outcomes] == ["reference", "matched", "failed", "matched"]
    before = files_of(request_.directory)

    spoilt.write_bytes(whole)
    begun, told = [], []
    again = export(
        request_,
        earlier=report,
        on_begin=begun.append,
        on_outcome=lambda o: told.append(o.id),
        jobs=jobs,
    )
    assert begun == told == [2] and again.n_failed == 0 and again.n_matched == 3
    after = files_of(request_.directory)
    tables = {"report.ecsv", "config.toml", "metrics.json"}
    assert {n for n in before if n not in tables and before[n] != after[n]} == set()
    assert set(after) - set(before) == {"demo_03_matched.fits", "demo_03_background.fits"}
    table = Table.read(request_.directory / "report.ecsv")
    assert list(table["status"]) == ["reference", "matched", "matched", "matched"]


def test_the_report_tells_the_verdicts_and_the_limits(request_):
    report = export(request_)
    table = Table.read(request_.directory / "report.ecsv")
    limits = {"maxMatchResidualRatio": 1.1, "maxMatchResidualRMS": 1e-6, "minOverlap": 0.3}
    assert table.meta["acceptance"] == limits
    texts = list(table["lsst_criterion"].filled(""))
    assert texts[0] == "" and all(t.startswith("not met: ") for t in texts[1:])
    assert [o.verdict for o in report.outcomes] == [v or None for v in table["verdict"].filled("")]
    settings = tomllib.loads((request_.directory / "config.toml").read_text())
    assert settings["acceptance"]["maxMatchResidualRMS"] == 1e-6
    html = render_html(
        match_report(request_.stack, report.outcomes, 0, request_.config, request_.plan)
    )
    assert html.count("not met: ") == 3 and "maxMatchResidualRMS = 1e-06" in html

    easy = replace(request_, plan=StackPlan(acceptance=AcceptanceLimits(9, 9)), overwrite=True)
    export(easy)
    table = Table.read(request_.directory / "report.ecsv")
    assert list(table["lsst_criterion"].filled("")) == ["", "met", "met", "met"]


def test_a_failure_has_no_model(request_):
    steps = iterate_matches(request_.stack, request_.config, 0, only={1})
    (step,) = steps
    assert step.outcome.id == 1
    failed = replace(step.outcome, status="failed", reason="the disk is full")
    assert criterion_of(step.outcome) is not None and criterion_of(failed) is None
    assert (failed.verdict, failed.verdict_reason) == ("bad", "Failed: the disk is full.")


def test_match_says_which_it_begins(request_):
    begun = []
    steps = iterate_matches(request_.stack, request_.config, 0, on_begin=begun.append)
    for step in steps:
        assert step.outcome.id in (*begun, 0)
    assert begun == [1, 2, 3]
