"""bgviewer sweep."""

import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from bgviewer.cli import exits
from bgviewer.io.config_file import read_any
from tests.scenes import Scene, make_pair

QUICK = ("--bin-sizes", "60,30", "--orders", "1", "--styles", "NATURAL_SPLINE")


def test_the_table_names_choice_best_and_runner_up(run, stack):
    ran = run("sweep", stack, *QUICK)
    assert ran.code == exits.ALL_MATCHED
    lines = [line.split("\t") for line in ran.out.splitlines()]
    assert lines[0][:6] == ["exposure", "", "binSize", "model", "statistic", "values at"]
    assert {line[5] for line in lines[1:]} == {"centroids"}
    assert [line[1] for line in lines[1:4]] == ["choice", "best", "runner-up"]
    assert lines[-1][0] == "all" and len(lines) == 1 + 3 * 4
    assert "recommended for all: binSize" in ran.err


def test_json_holds_every_cell(run, stack):
    ran = run("sweep", stack, *QUICK, "--statistics", "mean,median", "--json")
    found = ran.json
    assert len(found["cells"]) == 2 * (2 + 2) * 2 and found["choice"]["valid"]
    hold_out = {"mode": "tiles", "folds": 5, "margin": 1, "block": 8, "ignore_masked": False}
    assert found["hold_out"] == hold_out
    assert {c["gridStatistic"] for c in found["cells"]} == {"MEAN", "MEDIAN"}
    assert {c["penaltyOrder"] for c in found["cells"]} == {None, 2, 3}
    assert all(c["cellCentroids"] for c in found["cells"])
    assert [e["status"] for e in found["exposures"]].count("reference") == 1


def test_files_are_settings_that_can_be_used(run, stack, tmp_path):
    out = tmp_path / "out"
    ran = run("sweep", stack, *QUICK, "-o", out, "--json")
    assert ran.code == exits.ALL_MATCHED
    written = json.loads((out / "sweep.json").read_text())
    assert written["choice"] == ran.json["choice"]
    config, _, plan, _ = read_any(out / "config-stack.toml")
    assert config.bin_size == written["choice"]["binSize"] and not plan.own
    config, _, plan, _ = read_any(out / "config-exposures.toml")
    for e in written["exposures"]:
        if e["status"] == "swept":
            mine = plan.config_for(e["name"], config)
            assert mine.bin_size == e["choice"]["binSize"]
            assert mine.use_polynomial == e["choice"]["usePolynomial"]
    assert run("sweep", stack, *QUICK, "-o", out).code == exits.USAGE
    assert run("sweep", stack, *QUICK, "-o", out, "--overwrite").code == exits.ALL_MATCHED


def test_blocks_tiles_and_folds_can_be_chosen(run, stack):
    ran = run("sweep", stack, *QUICK, "--hold-out", "blocks", "--tile", 6, "--folds", 4, "--json")
    assert ran.json["hold_out"]["mode"] == "blocks" and ran.json["hold_out"]["folds"] == 4
    assert ran.json["exposures"][-1]["tile"] in (6, None)


def test_what_makes_no_sense_is_refused(run, stack, tmp_path):
    for wrong in (
        ("--bin-sizes", "0"),
        ("--bin-sizes", "x"),
        ("--orders", "", "--styles", "", "--penalty-orders", ""),
        ("--penalty-orders", "4"),
        ("--styles", "WAVY"),
        ("--statistics", "MODE"),
        ("--tile", 2),
        ("--folds", 1),
        ("--hold-out", "rows"),
        ("--reference", "nobody"),
    ):
        ran = run("sweep", stack, *wrong)
        assert ran.code == exits.USAGE, wrong
    assert run("sweep", tmp_path / "none").code == exits.NO_INPUT


@pytest.mark.parametrize("per", ["exposure", "stack"])
def test_match_takes_what_the_sweep_recommends_and_records_it(run, stack, tmp_path, per):
    out = tmp_path / "out"
    ran = run("match", stack, "-o", out, "--auto", per, "--json")
    assert ran.code == exits.ALL_MATCHED
    scores = {e["name"]: e for e in json.loads((out / "sweep.json").read_text())["exposures"]}
    chosen = json.loads((out / "sweep.json").read_text())["choice"]
    assert ran.json["config"]["binSize"] == chosen["binSize"]
    for outcome in ran.json["exposures"]:
        if outcome["is_reference"]:
            continue
        mine = scores[outcome["name"]]
        choice = mine["choice"] if per == "exposure" else chosen
        with fits.open(outcome["output"]) as hdus:
            headers = [h.header for h in hdus if "BGVSSET" in h.header]
            assert headers, "no card tells the choice"
            header = headers[0]
            assert header["BGVBIN"] == choice["binSize"]
            assert header["BGVPOLY"] == choice["usePolynomial"]
            assert header["BGVSSET"].startswith(f"binSize {choice['binSize']},")
            assert "BGVUSCOR" in header
        if per == "exposure":
            assert header["BGVSSCOR"] == pytest.approx(choice["held_out"]["score"])


@pytest.mark.parametrize("per", ["exposure", "stack"])
def test_reports_tell_choice_and_runner_up(run, stack, tmp_path, per):
    out, page = tmp_path / "out", tmp_path / "report.html"
    ran = run("match", stack, "-o", out, "--auto", per, "--report", page, "--json")
    assert ran.code == exits.ALL_MATCHED
    scores = {e["name"]: e for e in json.loads((out / "sweep.json").read_text())["exposures"]}
    table = Table.read(out / "report.ecsv", format="ascii.ecsv")
    html = page.read_text()
    assert "Settings that the sweep chose" in html
    for row in table:
        mine = scores[row["name"]]
        if row["is_reference"]:
            assert not row["sweep_setting"] and np.isnan(row["sweep_score"])
            continue
        cells = {f"binSize {c['binSize']}, " for c in mine["cells"]}
        assert any(row["sweep_setting"].startswith(c) for c in cells)
        assert row["sweep_setting"] in html and row["sweep_runner_up"] in html
        assert row["sweep_runner_up"] and row["sweep_runner_up"] != row["sweep_setting"]
        if per == "exposure":
            assert row["sweep_score"] == pytest.approx(mine["choice"]["held_out"]["score"])
            assert row["sweep_score_error"] == pytest.approx(mine["choice"]["held_out"]["error"])
            runner = mine["runner_up"]["held_out"]["score"]
            assert row["sweep_runner_up_score"] == pytest.approx(runner)


def test_a_match_without_a_sweep_has_no_such_columns(run, stack, tmp_path):
    out = tmp_path / "out"
    assert run("match", stack, "-o", out, "-c", "binSize=40").code == exits.ALL_MATCHED
    names = Table.read(out / "report.ecsv", format="ascii.ecsv").colnames
    assert not [n for n in names if n.startswith("sweep")]


def test_a_dry_run_says_what_would_be_chosen_and_writes_nothing(run, stack, tmp_path):
    out = tmp_path / "out"
    ran = run("match", stack, "-o", out, "--auto", "exposure", "--dry-run", "--json")
    assert ran.code == exits.ALL_MATCHED and not out.exists()
    choices = ran.json["sweep"]["choices"]
    assert choices and all(c["setting"].startswith("binSize") for c in choices.values())
    assert ran.json["would_write"]
    ran = run("match", stack, "-o", out, "--auto", "exposure", "--dry-run")
    for name, chosen in choices.items():
        assert f"{name}: {chosen['setting']}, score " in ran.out
    assert not out.exists()


def test_the_space_can_be_cut_to_lssts_models(run, stack):
    lsst = ("--penalty-orders", "", "--no-centroids", "--statistics", "mean")
    found = run("sweep", stack, *QUICK, *lsst, "--json").json
    assert len(found["cells"]) == 2 * 2
    assert not any(c["penalisedSpline"] or c["cellCentroids"] for c in found["cells"])


def write_scene(folder, scene):
    """Write a scene as two files; return what is true of it."""
    made = make_pair(scene)
    folder.mkdir()
    for name, one in (("reference", made.reference), ("science", made.science)):
        mask = fits.ImageHDU(one.mask, name="MASK")
        for plane, bit in (one.planes or {}).items():
            mask.header[f"HIERARCH MP_{plane}"] = bit
        hdus = [fits.PrimaryHDU(), fits.ImageHDU(one.image, name="IMAGE"), mask]
        hdus.append(fits.ImageHDU(one.variance, name="VARIANCE"))
        for hdu in hdus[1:]:
            hdu.header["EXTTYPE"] = hdu.name
        fits.HDUList(hdus).writeto(folder / f"{name}.fits")
    return made


def background_error(path, made):
    """Return the rms of a written background - truth over unmasked and covered pixels."""
    with fits.open(path) as hdus:
        image = next(h.data for h in hdus if h.data is not None and h.data.ndim == 2)
    off = image.astype(float) - made.truth
    return [float(np.sqrt(np.mean(off[area] ** 2))) for area in (made.unmasked, made.covered)]


def test_what_auto_writes_is_near_the_truth_also_under_a_masked_galaxy(run, tmp_path):
    made = write_scene(tmp_path / "stack", Scene("arc", 1.0, 512, layout="hole", seed=6))
    errors = {}
    for name, how in {
        "auto": ("--auto", "exposure"),
        "default": (),
        "order 8": ("-c", "usePolynomial=true", "-c", "binSize=32"),
    }.items():
        out = tmp_path / name
        told = ("-o", out, "--reference", "reference", "--json")
        ran = run("match", tmp_path / "stack", *told, *how)
        assert ran.code == exits.ALL_MATCHED
        errors[name] = background_error(out / "science_background.fits", made)
        if name == "auto":
            choice = ran.json["sweep"]["choices"]["science"]
            assert choice["setting"] and choice["caution"] == ""
    assert errors["auto"][0] < errors["default"][0] / 5
    assert errors["auto"][1] < min(errors["default"][1], errors["order 8"][1] / 5)


def test_what_nothing_determines_is_told_and_recorded(run, tmp_path):
    """A steep sky behind a large galaxy: every setting is off there, and the best one says so."""
    scene = Scene("ring ghost", 14.0, 512, layout="hole", seed=4)
    write_scene(tmp_path / "stack", scene)
    out, page = tmp_path / "out", tmp_path / "report.html"
    words = ("match", tmp_path / "stack", "-o", out, "--reference", "reference", "--overwrite")
    ran = run(*words, "--auto", "exposure", "--report", page, "--json")
    caution = ran.json["sweep"]["choices"]["science"]["caution"]
    assert caution.startswith("over masked pixels, ") and "it may be off by" in caution
    assert caution in ran.err and caution in page.read_text()
    swept = json.loads((out / "sweep.json").read_text())["exposures"][-1]
    assert swept["caution"] == caution and 0.1 < swept["masked_share"] < 0.9
    with fits.open(out / "science_matched.fits") as hdus:
        history = "".join(str(line) for h in hdus for line in h.header.get("HISTORY", []))
    assert "bgviewer sweep: over masked pixels" in history
    table = Table.read(out / "report.ecsv", format="ascii.ecsv")
    assert caution in list(table["sweep_caution"])

    found = run(
        "sweep", tmp_path / "stack", "--reference", "reference", "--ignore-masked", "--json"
    )
    assert found.json["hold_out"]["ignore_masked"]
    blind = found.json["exposures"][-1]
    assert blind["caution"] == "" and blind["masked_share"] == 0
    assert all(c["expected_error_masked"] is None for c in blind["cells"])
