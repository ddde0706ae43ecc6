"""What a match writes beside the exposures, and matching what was matched."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from tests.io.background_list_twin import image_of


@pytest.fixture
def matched(run, stack, tmp_path):
    out = tmp_path / "out"
    wish = ("--background-list", "--report-format", "ecsv,fits")
    assert run("match", stack, "-o", out, "-c", "binSize=40", *wish).code == 0
    return out


def test_lists_are_written_and_told(run, stack, tmp_path):
    out = tmp_path / "out"
    ran = run(
        "match", stack, "-o", out, "-c", "binSize=40", "--background-list", "--list-sign",
        "subtract", "--report-format", "csv,fits", "--json",
    )  # fmt: skip
    assert ran.code == 0
    assert (out / "report.csv").is_file()
    assert (out / "report.fits").is_file()
    assert not (out / "report.ecsv").exists()
    for exposure in ran.json["exposures"]:
        if exposure["is_reference"]:
            assert exposure["background_list"] is None
            continue
        assert exposure["background_list"].endswith("_skycorr.fits")
        background = fits.getdata(exposure["background"])
        apart = np.abs(image_of(exposure["background_list"]) + background).max()
        assert apart <= exposure["background_list_difference"]


def test_an_unknown_format_is_refused(run, stack, tmp_path):
    ran = run("match", stack, "-o", tmp_path / "out", "--report-format", "xls")
    assert ran.code == 2
    assert "known are ecsv, fits, csv" in ran.says
    assert not (tmp_path / "out").exists()


def test_info_shows_what_made_a_file(run, matched):
    files = sorted(matched.glob("*_matched.fits"))
    record = run("info", files[1], "--json").json["files"][0]
    assert record["settings"]["config"]["binSize"] == 40
    assert record["settings"]["kind"] in ("matched", "reference")
    told = run("info", *files).out
    assert "binSize=40" in told
    assert "matched by bgviewer" in told


def test_matching_again_is_asked_for(run, matched, tmp_path):
    files = sorted(matched.glob("*_matched.fits"))
    ran = run("match", *files, "-o", tmp_path / "two")
    assert ran.code == 2
    assert "matched already" in ran.says
    assert "--again" in ran.says
    assert not (tmp_path / "two").exists()
    assert run("match", *files, "-o", tmp_path / "two", "--again", "-c", "binSize=40").code == 0


def test_the_folder_of_outputs_can_be_opened(run, matched, stack):
    """Models, lists and reports in it are no exposures that fail."""
    ran = run("rank", matched, stack, "--json")
    assert ran.code == 0, ran.err
    assert all(e["reason"] is None for e in ran.json["exposures"])
