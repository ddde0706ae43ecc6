"""How much of an exposure the reference covers: a sliver is a failure, and scripts see it."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from bgviewer import MatchConfig, load_stack, match_stack
from bgviewer.cli import exits
from bgviewer.engine.acceptance import AcceptanceLimits, overlap_problem
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.overlap import pair_overlap
from bgviewer.engine.plan import StackPlan
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.show import ShowRequest, show
from tests.extents import NX, NY, WHOLE, noise, write_part

SHARES = {"half": 64, "third": 40, "fifth": 25, "sliver": 4}
"""Columns that the neighbours have in common with the reference, which has 128."""


@pytest.fixture
def patches(tmp_path):
    """A reference and neighbours of its size that share less and less of it."""
    folder = tmp_path / "in"
    write_part(folder / "a.fits", 0, WHOLE, image=noise(0, (NY, NX)))
    for seed, (name, columns) in enumerate(SHARES.items(), 1):
        part = (NX - columns, 2 * NX - columns, 0, NY)
        write_part(folder / f"{name}.fits", 0, part, image=noise(seed, (NY, NX)))
    return folder


def matched(run, folder, tmp_path, *more):
    out = tmp_path / f"out{len(more)}"
    command = ("match", folder, "-o", out, "--reference", "a", "-c", "binSize=16", "--json")
    ran = run(*command, *more)
    return ran, {e["name"]: e for e in ran.json["exposures"]}, out


def test_less_than_thirty_percent_has_failed(run, patches, tmp_path):
    ran, found, out = matched(run, patches, tmp_path)
    assert ran.code == exits.SOME_FAILED
    for name, columns in SHARES.items():
        assert found[name]["overlap"] == pytest.approx(columns / NX)
        enough = columns / NX >= 0.3
        assert found[name]["status"] == ("matched" if enough else "failed")
        assert (found[name]["output"] is not None) == enough
        assert (out / f"{name}_matched.fits").exists() == enough
        if not enough:
            assert "--min-overlap" in found[name]["reason"]
            assert found[name]["verdict"] == "bad" and "overlap" in found[name]["verdict_reason"]
    assert found["half"]["extrapolated"] > 0.5, "half of it lies outside, and the border cells"
    table = Table.read(out / "report.ecsv", format="ascii.ecsv")
    row = table[list(table["name"]).index("sliver")]
    assert row["overlap"] == pytest.approx(4 / NX) and row["status"] == "failed"
    assert table.meta["acceptance"]["minOverlap"] == 0.3


@pytest.mark.parametrize("text", ["0.15", "15%", "15"])
def test_the_user_may_say_otherwise(run, patches, tmp_path, text):
    ran, found, _ = matched(run, patches, tmp_path, "--min-overlap", text)
    assert ran.code == exits.SOME_FAILED
    statuses = {name: found[name]["status"] for name in SHARES}
    assert statuses == dict.fromkeys(SHARES, "matched") | {"sliver": "failed"}
    ran, found, _ = matched(run, patches, tmp_path, "--min-overlap", "0", "--overwrite")
    assert ran.code == 0 and found["sliver"]["status"] == "matched"


@pytest.mark.parametrize("text", ["-0.1", "101", "much", "nan"])
def test_what_is_no_share_is_refused(run, patches, tmp_path, text):
    ran = run("match", patches, "-o", tmp_path / "out", f"--min-overlap={text}")
    assert ran.code == 2 and "--min-overlap" in ran.says and not (tmp_path / "out").exists()


def test_check_and_sweep_fail_it_too(run, patches):
    ran = run("check", patches, "--reference", "a", "-c", "binSize=16", "--json")
    assert ran.code == exits.SOME_FAILED
    left_out = {e["name"]: e for e in ran.json["left_out"]}
    assert set(left_out) == {"fifth", "sliver"}
    assert left_out["sliver"]["overlap"] == pytest.approx(4 / NX)
    options = ("--bin-sizes", "16", "--orders", "1", "--styles", "")
    ran = run("sweep", patches, "--reference", "a", *options, "--json")
    assert ran.code == exits.SOME_FAILED
    found = {e["name"]: e for e in ran.json["exposures"]}
    assert found["sliver"]["status"] == "failed" and "--min-overlap" in found["sliver"]["reason"]
    assert found["half"]["overlap"] == pytest.approx(0.5)


def test_masks_that_leave_a_sliver(tmp_path):
    """Both have 96 x 128 pixels; of the science's 80 good columns 16 are good in the reference."""
    exposures = []
    for seed, bad in ((1, slice(64, None)), (2, slice(0, 48))):
        mask = np.zeros((NY, NX), np.int32)
        mask[:, bad] = 1
        image = noise(seed, (NY, NX)).astype("f4")
        exposures.append(MaskedImage(image=image, mask=mask, planes={"BAD": 0}))
    config = MatchConfig(bin_size=8)
    stack = ExposureStack.of(exposures)
    outcome = match_stack(stack, config, reference=0)[1]
    assert outcome.overlap == pytest.approx(16 / 80) and outcome.status == "failed"
    plan = StackPlan(acceptance=AcceptanceLimits(min_overlap=0.2))
    assert match_stack(stack, config, reference=0, plan=plan)[1].status == "matched"
    # its own good pixels count: all that a small exposure has may lie on the reference
    assert pair_overlap(*exposures[::-1], ("BAD",)).share == pytest.approx(16 / 64)
    whole = MaskedImage(image=exposures[0].image)
    assert pair_overlap(whole, exposures[1], ("BAD",)).share == 1.0


def test_the_reference_s_own_neighbours_are_recognised(run, tmp_path):
    field = noise(7, (NY, 2 * NX))
    write_part(tmp_path / "in/a.fits", 0, WHOLE, image=field[:, :NX])
    write_part(tmp_path / "in/b.fits", 0, (48, 48 + NX, 0, NY), image=field[:, 48 : 48 + NX])
    write_part(tmp_path / "in/c.fits", 0, (48, 48 + NX, 0, NY), image=noise(8, (NY, NX)))
    ran, found, _ = matched(run, tmp_path / "in", tmp_path)
    assert any("part of the same exposure" in text for text in found["b"]["warnings"])
    assert found["c"]["warnings"] == []
    assert "part of the same exposure" in ran.err


def test_the_window_keeps_the_model_and_the_share(patches):
    stack = load_stack([patches / "a.fits", patches / "sliver.fits"])
    shown = show(ShowRequest(stack, 0, 1, MatchConfig(bin_size=16)))
    assert shown.figures.overlap == pytest.approx(4 / NX)


def test_the_reason_is_true_as_printed():
    assert overlap_problem(0.29999, AcceptanceLimits()).startswith("only 29.999 %")
    assert overlap_problem(0.3, AcceptanceLimits()) == ""
    assert overlap_problem(float("nan"), AcceptanceLimits()) == ""


def test_the_limit_is_kept_in_settings(run, patches, tmp_path):
    _, _, out = matched(run, patches, tmp_path, "--min-overlap", "0.15")
    assert "minOverlap = 0.15" in (out / "config.toml").read_text()
    with fits.open(out / "half_matched.fits") as hdus:
        assert hdus[1].data.shape == (NY, NX)
