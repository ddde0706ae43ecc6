"""A matched file says how it was made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from bgviewer import MatchConfig, load_stack
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.io.recorded import region_cards, settings_of
from bgviewer.tasks.export import ExportRequest, export
from tests.stacks import write_small_stack

CONFIG = MatchConfig(bin_size=40, grid_statistic="MEDIAN", bad_mask_planes=("SAT", "BAD"))
BOX = Region("box", (60.5, 40.0, 20.0, 10.0, 30.0))
ROUND = Region("ellipse", (100.1, 70.2, 9.0, 5.0, 0.0), "demo_02", note="a galaxy")


@pytest.fixture
def written(tmp_path):
    write_small_stack(tmp_path / "stack")
    stack = load_stack([tmp_path / "stack"])
    plan = StackPlan(regions=(BOX, ROUND), own={"demo_03": {"bin_size": 30}})
    request = ExportRequest(
        stack, CONFIG, 0, tmp_path / "out", plan=plan, background_list="add", zero_point="none"
    )
    export(request)
    return request.directory


def test_settings_come_back(written):
    found = settings_of(written / "demo_02_matched.fits")
    assert found.config == CONFIG
    assert (found.kind, found.is_matched, found.sign) == ("matched", True, "ADD")
    assert found.extra == {"reference": "demo_01.fits", "zeroPoint": "none"}
    own = replace(ROUND, exposure="demo_02_matched", note="")
    assert found.plan.regions == (BOX, own)
    assert found.regions == 2
    assert found.figures["fit_rms"] > 0
    assert len(found.source_hash) == 16


def test_single_settings_and_other_products(written):
    assert settings_of(written / "demo_03_matched.fits").config == CONFIG.replace(bin_size=30)
    assert settings_of(written / "demo_03_matched.fits").plan.regions == (BOX,)
    assert not settings_of(written / "demo_01_matched.fits").is_matched
    for kind in ("background", "bgdiff"):
        found = settings_of(written / f"demo_02_{kind}.fits")
        assert (found.kind, found.config) == ("background", CONFIG)
    assert settings_of(written.parent / "stack" / "demo_01.fits") is None


def test_a_second_match_replaces_what_the_first_recorded(written, tmp_path):
    paths = [written / f"demo_0{n}_matched.fits" for n in (1, 2, 3, 4)]
    again = export(ExportRequest(load_stack(paths), MatchConfig(bin_size=50), 0, tmp_path / "two"))
    found = settings_of(again.outcomes[1].output)
    assert found.config == MatchConfig(bin_size=50)
    assert found.plan.regions == ()
    assert found.extra["zeroPoint"] == "auto"
    header = fits.getheader(again.outcomes[1].output)
    assert sum("background matched" in line for line in header["HISTORY"]) == 2


def test_damaged_cards_cost_only_what_they_held(written):
    path = written / "demo_02_matched.fits"
    with fits.open(path, mode="update") as hdus:
        holder = next(h for h in hdus if "BGVVERS" in h.header)
        holder.header["BGVR0001"] = "all box 1 2 x"
        holder.header["BGVBIN"] = -4
        holder.header["BGVZP"] = "bright"
    found = settings_of(path)
    assert found.config is None
    assert found.plan.regions == ()
    assert found.regions == 2
    assert found.extra == {"reference": "demo_01.fits"}


def test_many_corners_need_many_cards():
    corners = tuple(np.random.default_rng(1).uniform(0, 4000, 400).tolist())
    assert 90 < len(region_cards([Region("polygon", corners)])) < 200
    assert region_cards([Region("polygon", corners)] * 12) == []
    assert region_cards([]) == []
