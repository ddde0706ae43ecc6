"""Exclusions, regions and own settings in matching, loading and writing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

import bgviewer
from bgviewer import ExposureStack, MaskedImage, MatchConfig, NoReferenceError, load_stack
from bgviewer.engine.exposure import IGNORED_PLANE
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.io.provenance import read_cards
from bgviewer.io.settings import load_settings
from bgviewer.tasks.export import ExportRequest, export, plan_export
from bgviewer.tasks.load import EXCLUDED, load
from bgviewer.tasks.match import choose_reference, iterate_matches, match_stack
from bgviewer.tasks.plan import own_text, plan_warnings
from tests.stacks import write_small_stack

CONFIG = MatchConfig(bin_size=30)
HOLE = Region("box", (4050, 8040, 30, 30, 0), note="bin")
OWN_HOLE = Region("ellipse", (4100, 8080, 20, 12, 20), exposure="demo_03")
PLAN = StackPlan(
    frozenset({"demo_02"}), (HOLE, OWN_HOLE), {"demo_04": {"bin_size": 40, "order": 2}}
)


@pytest.fixture
def stack(tmp_path):
    write_small_stack(tmp_path / "stack")
    return load_stack(tmp_path / "stack")


def test_excluded_are_outcomes_and_the_others_are_as_ever(stack):
    plan = StackPlan(excluded=frozenset({"demo_02"}))
    outcomes = match_stack(stack, CONFIG, 0, plan=plan)
    assert [o.status for o in outcomes] == ["reference", "excluded", "matched", "matched"]
    assert outcomes[1].reason == EXCLUDED and outcomes[1].model is None
    plain = match_stack(stack, CONFIG, 0)
    assert [o.fit_rms for o in outcomes[2:]] == [o.fit_rms for o in plain[2:]]


def test_own_settings_and_regions_reach_the_engine(stack):
    outcomes = match_stack(stack, CONFIG, 0, plan=PLAN)
    ignoring = stack.with_regions(PLAN.regions)
    for i, config in ((2, CONFIG), (3, CONFIG.replace(bin_size=40, order=2))):
        result = bgviewer.match_backgrounds(ignoring.read(0), ignoring.read(i), config)
        assert outcomes[i].fit_rms == result.fit_rms
    assert [o.own_settings for o in outcomes] == ["", "", "", "binSize=40; order=2"]
    assert [o.regions for o in outcomes] == [1, 0, 2, 1]
    plain = match_stack(stack, CONFIG, 0)
    assert outcomes[2].fit_rms != plain[2].fit_rms and outcomes[3].fit_rms != plain[3].fit_rms


def test_excluded_are_no_candidates_and_not_read(stack):
    best, ranking = choose_reference(stack, CONFIG)
    plan = StackPlan(excluded=frozenset({stack[best].name}))
    other, without = choose_reference(stack, CONFIG, plan=plan)
    assert other != best and np.isnan(without.cost[best])
    expected = match_stack(stack, CONFIG, plan=plan)
    assert [o.status for o in expected].count("excluded") == 1
    assert expected[other].is_reference
    loaded = load([str(e.path) for e in stack.entries], CONFIG, plan=plan)
    assert loaded.measurements[best] is None and loaded.reasons[best] == EXCLUDED
    assert len(loaded.usable) == 3
    assert ranking.best == best


def test_regions_change_what_is_measured(stack):
    _, plain = choose_reference(stack, CONFIG)
    _, ranking = choose_reference(stack, CONFIG, plan=StackPlan(regions=(OWN_HOLE,)))
    assert ranking.cost[2] != plain.cost[2]


def test_an_excluded_reference_is_refused(stack, tmp_path):
    with pytest.raises(NoReferenceError, match="demo_02 cannot be the reference: excluded"):
        match_stack(stack, CONFIG, "demo_02", plan=PLAN)
    with pytest.raises(NoReferenceError, match="excluded"):
        export(ExportRequest(stack, CONFIG, 1, tmp_path / "out", plan=PLAN))
    assert not (tmp_path / "out").exists()


def test_own_settings_that_cannot_be_met_fail_that_exposure_alone(stack):
    plan = StackPlan(own={"demo_03": {"bin_size": 400}})
    plan_bad = StackPlan(own={"demo_03": {"bin_size": -1}})
    config = CONFIG.replace(undersample_style="THROW_EXCEPTION", interp_style="LINEAR")
    for wrong in (plan, plan_bad):
        statuses = [o.status for o in match_stack(stack, config, 0, plan=wrong)]
        assert statuses == ["reference", "matched", "failed", "matched"]


def test_without_a_plan_the_stacks_own_regions_count(stack):
    ignoring = stack.with_regions([HOLE])
    found = [step.outcome.regions for step in iterate_matches(ignoring, CONFIG, 0)]
    assert found == [1] * 4
    found = [s.outcome.regions for s in iterate_matches(ignoring, CONFIG, 0, plan=StackPlan())]
    assert found == [0] * 4


@pytest.fixture
def exported(stack, tmp_path):
    request = ExportRequest(stack, CONFIG, 0, tmp_path / "out", plan=PLAN)
    return request, export(request)


def test_excluded_are_not_written(exported):
    request, report = exported
    assert [p.name for p in plan_export(replace(request, overwrite=True)).matched.values()] == [
        "demo_01_matched.fits",
        "demo_03_matched.fits",
        "demo_04_matched.fits",
    ]
    assert not list(request.directory.glob("demo_02*"))
    assert (report.n_matched, report.n_failed) == (2, 0)


def test_files_say_what_was_done_and_keep_their_masks(exported):
    request, _ = exported
    for name, regions in (("demo_01", 1), ("demo_03", 2), ("demo_04", 1)):
        own = request.directory / f"{name}_matched.fits"
        with fits.open(own) as after, fits.open(request.stack[int(name[-1]) - 1].path) as before:
            cards = read_cards(after[0].header) or read_cards(after[1].header)
            np.testing.assert_array_equal(after["MASK"].data, before["MASK"].data)
            assert not [k for h in after for k in h.header if IGNORED_PLANE in k]
        assert cards["regions"] == regions
        assert cards["config"] == PLAN.config_for(name, CONFIG)


def test_report_tells_own_settings_and_exclusion(exported):
    request, _ = exported
    table = Table.read(request.directory / "report.ecsv", format="ascii.ecsv")
    assert list(table["status"]) == ["reference", "excluded", "matched", "matched"]
    rows = {row["name"]: row for row in table}
    assert rows["demo_04"]["own_settings"] == "binSize=40; order=2"
    assert [rows[f"demo_0{i}"]["regions"] for i in range(1, 5)] == [1, 0, 2, 1]


def test_settings_carry_the_plan(exported):
    request, _ = exported
    assert load_settings(request.directory / "config.toml")[2] == PLAN


def test_exposures_in_memory_are_written_without_the_plane(tmp_path):
    rng = np.random.default_rng(0)
    images = [MaskedImage(rng.normal(10 * i, 1, (60, 60))) for i in range(2)]
    stack = ExposureStack.of(images, names=["a", "b"])
    plan = StackPlan(regions=(Region("box", (30, 30, 20, 20, 0)),))
    report = export(ExportRequest(stack, CONFIG, 0, tmp_path / "out", plan=plan))
    assert report.n_matched == 1
    with fits.open(tmp_path / "out" / "b_matched.fits") as hdus:
        assert [h.name for h in hdus[1:]] == ["IMAGE"]


def test_unknown_names_are_warnings(stack):
    plan = StackPlan(frozenset({"demo_2"}), (replace(HOLE, exposure="visit"),), {"visit": {}})
    found = plan_warnings(plan, stack)
    assert len(found) == 2
    assert "demo_2 (in the settings: excluded); did you mean demo_02?" in found[0]
    assert "visit (in the settings: a region, own settings)" in found[1]
    assert plan_warnings(PLAN, stack) == ()
    outcomes = match_stack(stack, CONFIG, 0, plan=plan)
    assert [o.status for o in outcomes] == ["reference", "matched", "matched", "matched"]


def test_own_settings_in_words():
    own = {"bad_mask_planes": ("SAT", "CR"), "use_polynomial": False, "order": 3}
    text = own_text(StackPlan(own={"a": own}), "a")
    assert text == "badMaskPlanes=SAT,CR; usePolynomial=false; order=3"
    assert own_text(StackPlan(), "a") == ""
