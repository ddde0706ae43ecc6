"""A configuration with a plan on the command line."""

from __future__ import annotations

import tomllib

import pytest

from bgviewer.engine.acceptance import AcceptanceLimits
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.io.settings import dump_config

CONFIG = MatchConfig(bin_size=30)
HOLE = Region("box", (4050, 8040, 30, 30, 0))


@pytest.fixture
def settings(tmp_path):
    def write(plan, extra=None):
        path = tmp_path / "settings.toml"
        path.write_text(dump_config(CONFIG, extra, plan), encoding="utf-8")
        return path

    return write


PLAN = StackPlan(frozenset({"demo_02"}), (HOLE,), {"demo_04": {"bin_size": 40}})


def test_match_honours_the_plan(run, stack, settings, tmp_path):
    out = tmp_path / "out"
    ran = run(
        "match", stack, "-o", out, "--config", settings(PLAN, {"reference": "demo_01"}), "--json"
    )
    assert ran.code == 0
    found = {e["name"]: e for e in ran.json["exposures"]}
    assert found["demo_02"]["status"] == "excluded" and found["demo_02"]["output"] is None
    assert found["demo_04"]["own_settings"] == "binSize=40"
    assert [e["regions"] for e in found.values()] == [1, 0, 1, 1]
    assert not list(out.glob("demo_02*"))


def test_the_table_says_it_too(run, stack, settings, tmp_path):
    ran = run("match", stack, "-o", tmp_path / "out", "--config", settings(PLAN))
    assert ran.code == 0
    assert "own settings binSize=40" in ran.out and "excluded" in ran.out
    assert "2 matched, 0 failed, 1 excluded" in ran.err


def test_rank_leaves_them_out(run, stack, settings):
    plain = run("rank", stack, "-c", "binSize=30", "--json").json
    path = settings(StackPlan(excluded=frozenset({plain["best"]})))
    ran = run("rank", stack, "--config", path, "--json")
    assert ran.code == 0 and ran.json["best"] != plain["best"]
    costs = {e["name"]: e["cost"] for e in ran.json["exposures"]}
    assert costs[plain["best"]] is None and sum(c is not None for c in costs.values()) == 3


def test_unknown_names_are_told_and_stop_nothing(run, stack, settings, tmp_path):
    plan = StackPlan(excluded=frozenset({"demo_2"}))
    ran = run("match", stack, "-o", tmp_path / "out", "--config", settings(plan))
    assert ran.code == 0 and "no exposure is called demo_2" in ran.err


def test_an_excluded_reference_is_refused(run, stack, settings, tmp_path):
    out = tmp_path / "out"
    ran = run("match", stack, "-o", out, "--config", settings(PLAN), "--reference", "demo_02")
    assert ran.code != 0 and "demo_02 cannot be the reference: excluded" in ran.says
    assert not out.exists()


def test_too_few_are_left(run, stack, settings, tmp_path):
    plan = StackPlan(excluded=frozenset({"demo_01", "demo_02", "demo_03"}))
    ran = run("match", stack, "-o", tmp_path / "out", "--config", settings(plan))
    assert ran.code != 0 and "fewer than two" in ran.says


def test_errors_name_the_table(run, stack, tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('[exposures."demo_01"]\nbinSize = 0\n')
    ran = run("match", stack, "-o", tmp_path / "out", "--config", path)
    assert ran.code == 2 and '[exposures."demo_01"]: binSize = 0' in ran.says
    assert run("config", "check", path).code == 2


def test_config_dump_carries_the_plan_on(run, settings):
    ran = run("config", "dump", "--config", settings(PLAN))
    values = tomllib.loads(ran.out)
    assert values["stack"]["excluded"] == ["demo_02"]
    assert values["exposures"] == {"demo_04": {"binSize": 40}}
    assert values["regions"] == [{"shape": "box", "numbers": [4050, 8040, 30, 30, 0]}]


def test_match_judges_by_the_limits_of_the_settings(run, stack, settings, tmp_path):
    for limits, accepted in ((AcceptanceLimits(9, 9), True), (AcceptanceLimits(1e-3, 9), False)):
        path = settings(StackPlan(acceptance=limits), {"reference": "demo_01"})
        ran = run("match", stack, "-o", tmp_path / str(accepted), "--config", path, "--json")
        first, *others = [e["lsst_criterion"] for e in ran.json["exposures"]]
        assert first is None
        assert all((text == "met") == accepted for text in others)
        assert all(("MSE/var" in text) != accepted for text in others)
        written = tomllib.loads((tmp_path / str(accepted) / "config.toml").read_text())
        assert written["acceptance"]["maxMatchResidualRatio"] == limits.mse_ratio
