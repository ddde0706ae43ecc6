"""What is known of stack and exposures is in JSON and report, not on stderr alone."""

from __future__ import annotations

import pytest
from astropy.io import fits
from astropy.table import Table

from tests.extents import WHOLE, noise, write_part

PAIR = ("--reference", "a", "-c", "binSize=16")


@pytest.fixture
def stack(tmp_path):
    """Two bands, a header whose grid is 0.3 pixels off, an unreadable file."""
    folder = tmp_path / "in"
    for seed, name in enumerate("abc"):
        path = write_part(folder / f"{name}.fits", 0, WHOLE, image=noise(seed), plain=True)
        with fits.open(path, mode="update") as hdus:
            hdus[0].header["FILTER"] = "gz"[seed % 2]
            if name == "c":
                hdus[0].header["CRPIX1"] += 0.3
    (folder / "broken.fits").write_bytes(b"SIMPLE")
    return folder


def check_notes(found, err):
    assert any("different bands" in note for note in found["notes"])
    for note in found["notes"]:
        assert note in err
    assert found["zero_point"] is None


def test_match(run, stack, tmp_path):
    out = tmp_path / "out"
    ran = run("match", stack, "-o", out, *PAIR, "--json", "--report", tmp_path / "r.html")
    found = ran.json
    check_notes(found, ran.err)
    exposures = {e["name"]: e for e in found["exposures"]}
    assert "by 0.30 pixels" in exposures["c"]["warnings"][0]
    assert exposures["broken"]["status"] == "failed" and exposures["broken"]["reason"]
    assert exposures["b"]["overlap"] == 1.0 and 0 < exposures["b"]["extrapolated"] < 0.5
    table = Table.read(out / "report.ecsv", format="ascii.ecsv")
    assert table.meta["notes"] == found["notes"]
    row = table[list(table["name"]).index("c")]
    assert "by 0.30 pixels" in row["warnings"] and row["overlap"] == 1.0
    html = (tmp_path / "r.html").read_text()
    assert "different bands" in html and "by 0.30 pixels" in html


def test_dry_run(run, stack, tmp_path):
    ran = run("match", stack, "-o", tmp_path / "out", *PAIR, "--dry-run", "--json")
    check_notes(ran.json, ran.err)
    exposures = {e["name"]: e for e in ran.json["exposures"]}
    assert "by 0.30 pixels" in exposures["c"]["warnings"][0]
    assert exposures["broken"]["reason"] and exposures["a"]["reason"] is None


def test_check(run, stack):
    ran = run("check", stack, *PAIR, "--json")
    check_notes(ran.json, ran.err)
    exposures = {e["name"]: e for e in ran.json["exposures"]}
    assert "by 0.30 pixels" in exposures["c"]["warnings"][0]
    assert exposures["c"]["overlap"] == 1.0
    assert [e["name"] for e in ran.json["left_out"]] == ["broken"]
    assert "by 0.30 pixels" in ran.err


def test_rank_and_sweep(run, stack):
    for command in (
        ("rank", stack),
        ("sweep", stack, *PAIR, "--bin-sizes", "16", "--orders", "1", "--styles", ""),
    ):
        ran = run(*command, "--json")
        check_notes(ran.json, ran.err)
        exposures = {e["name"]: e for e in ran.json["exposures"]}
        assert "by 0.30 pixels" in exposures["c"]["warnings"][0]
        assert exposures["broken"]["reason"]


def test_what_settings_miss_is_a_note(run, stack, tmp_path):
    config = tmp_path / "own.toml"
    dumped = run("config", "dump").out
    config.write_text(dumped + "\n[exposures.zz]\nbinSize = 32\n")
    ran = run("rank", stack, "--config", config, "--json")
    assert any("no exposure is called zz" in note for note in ran.json["notes"])


def test_the_warnings_of_the_ranking(run, stack, tmp_path):
    for name in "abc":
        with fits.open(stack / f"{name}.fits", mode="update") as hdus:
            hdus[0].data -= 100.0 if name != "a" else 200.0
    ran = run("rank", stack, "--json")
    said = [note for note in ran.json["notes"] if "level" in note]
    ran = run("match", stack, "-o", tmp_path / "out", "-c", "binSize=16", "--json")
    assert said and set(said) <= set(ran.json["notes"])
    table = Table.read(tmp_path / "out/report.ecsv", format="ascii.ecsv")
    assert set(said) <= set(table.meta["notes"])
