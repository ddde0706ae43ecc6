from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

import bgviewer
from bgviewer.io.settings import load_config


def planes(path: Path) -> dict[str, np.ndarray]:
    with fits.open(path) as hdus:
        return {h.name: np.array(h.data) for h in hdus if h.data is not None}


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_writes_a_complete_matched_stack(run, stack, tmp_path):
    out = tmp_path / "out"
    ran = run("match", stack, "-o", out, "-c", "binSize=40", "--json")
    assert ran.code == 0
    result = ran.json
    assert result["version"] == bgviewer.__version__
    assert result["config"]["binSize"] == 40
    statuses = {e["name"]: e["status"] for e in result["exposures"]}
    assert statuses[result["reference"]] == "reference"
    assert sorted(statuses.values()) == ["matched"] * 3 + ["reference"]
    expected = {"report.ecsv", "config.toml", "metrics.json"}
    for name, status in statuses.items():
        expected.add(f"{name}_matched.fits")
        if status == "matched":
            expected.add(f"{name}_background.fits")
    assert {p.name for p in out.iterdir()} == expected


def test_metrics_hold_every_match_and_the_mean(run, stack, tmp_path):
    out = tmp_path / "out"
    ran = run("match", stack, "-o", out, "-c", "binSize=40", "--json")
    found = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    matched = [e["name"] for e in ran.json["exposures"] if e["status"] == "matched"]
    assert [e["name"] for e in found["exposures"]] == matched
    assert found["reference"] == ran.json["reference"]
    first = {(m["of"], m["name"]): m for m in found["exposures"][0]["metrics"]}
    assert first["settings", "bin_size"]["value"] == 40
    coadd = {m["name"]: m for m in found["coadd"]}
    assert coadd["exposures"]["value"] == len(matched) + 1
    # a mean of four is quieter than any of them
    assert coadd["pixel_sigma"]["value"] < first["matched", "pixel_sigma"]["value"]
    again = tmp_path / "again"
    assert run("match", stack, "-o", again, "--no-metrics").code == 0
    assert not (again / "metrics.json").exists()


def test_matched_minus_science_is_the_background_and_nothing_else_changes(run, stack, tmp_path):
    out = tmp_path / "out"
    ran = run("match", stack, "-o", out, "-c", "binSize=40", "--json")
    for exposure in ran.json["exposures"]:
        before, after = planes(Path(exposure["path"])), planes(Path(exposure["output"]))
        assert np.array_equal(before["MASK"], after["MASK"])
        assert np.array_equal(before["VARIANCE"], after["VARIANCE"], equal_nan=True)
        if exposure["is_reference"]:
            assert np.array_equal(before["IMAGE"], after["IMAGE"], equal_nan=True)
            continue
        background = planes(Path(exposure["background"]))["BGMODEL"]
        assert background.dtype.kind == "f"
        assert np.isfinite(background).all()
        want = before["IMAGE"].astype("f4") + background.astype("f4")
        assert np.array_equal(after["IMAGE"], want, equal_nan=True)


def test_figures_equal_those_of_the_engine(run, stack, tmp_path):
    ran = run("match", stack, "-o", tmp_path / "out", "-c", "binSize=40", "--json")
    by_name = {e["name"]: e for e in ran.json["exposures"]}
    config = bgviewer.MatchConfig(bin_size=40)
    reference = bgviewer.read(by_name[ran.json["reference"]]["path"])
    for exposure in by_name.values():
        if exposure["is_reference"]:
            assert exposure["fit_rms"] == 0.0
            assert exposure["matched_mse"] is None
            continue
        result = bgviewer.match_backgrounds(reference, bgviewer.read(exposure["path"]), config)
        assert exposure["fit_rms"] == result.fit_rms
        assert exposure["matched_mse"] == pytest.approx(result.matched_mse, rel=1e-12)
        assert exposure["diff_im_var"] == result.diff_im_var


def test_config_of_a_run_repeats_it(run, stack, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    settings = ["-c", "binSize=30", "-c", "gridStatistic=MEDIAN", "--reference", "demo_02"]
    assert run("match", stack, "-o", first, *settings).code == 0
    config, extra = load_config(first / "config.toml")
    assert config == bgviewer.MatchConfig(bin_size=30, grid_statistic="MEDIAN")
    assert extra["reference"] == "demo_02"
    ran = run("match", stack, "-o", second, "--config", first / "config.toml", "--json")
    assert ran.json["reference"] == "demo_02"
    for path in first.glob("*_background.fits"):
        again = planes(second / path.name)["BGMODEL"]
        assert np.array_equal(planes(path)["BGMODEL"], again)


def test_report_has_a_row_per_exposure(run, stack, tmp_path):
    ran = run("match", stack, "-o", tmp_path / "out", "-c", "binSize=40", "--json")
    table = Table.read(tmp_path / "out" / "report.ecsv", format="ascii.ecsv")
    assert list(table["name"]) == [e["name"] for e in ran.json["exposures"]]
    for row, exposure in zip(table, ran.json["exposures"], strict=True):
        assert row["status"] == exposure["status"]
        if exposure["matched_mse"] is None:
            assert math.isnan(row["matched_mse"])
        else:
            assert row["matched_mse"] == exposure["matched_mse"]
            assert row["n_bins"] > 0


def test_existing_output_is_refused_before_any_work(run, stack, tmp_path):
    out = tmp_path / "out"
    assert run("match", stack, "-o", out, "-c", "binSize=40").code == 0
    before = digests(out)
    ran = run("match", stack, "-o", out, "-c", "binSize=50")
    assert ran.code == 2
    assert "exists already" in ran.says
    assert digests(out) == before
    assert run("match", stack, "-o", out, "-c", "binSize=50", "--overwrite").code == 0
    assert digests(out) != before


def test_inputs_are_never_written(run, stack, tmp_path):
    before = digests(stack)
    # demo_01.fits called so that its own output name is the input's
    for path in list(stack.iterdir()):
        path.rename(path.with_name(path.stem + "_matched.fits"))
    other = tmp_path / "other"
    other.mkdir()
    for path in stack.iterdir():
        (other / path.name.replace("_matched", "")).symlink_to(path)
    ran = run("match", *sorted(other.iterdir()), "-o", stack, "-c", "binSize=40", "--overwrite")
    assert ran.code == 2
    assert "never written" in ran.says
    assert sorted(digests(stack).values()) == sorted(before.values())


def test_no_reference_leaves_it_out(run, stack, tmp_path):
    out = tmp_path / "out"
    ran = run("match", stack, "-o", out, "-c", "binSize=40", "--no-reference", "--json")
    reference = next(e for e in ran.json["exposures"] if e["is_reference"])
    assert reference["output"] is None
    assert not (out / f"{reference['name']}_matched.fits").exists()


def test_dry_run_writes_nothing(run, stack, tmp_path):
    out = tmp_path / "out"
    ran = run("match", stack, "-o", out, "-c", "binSize=40", "--dry-run")
    assert ran.code == 0
    assert "config.toml" in ran.out
    assert not out.exists()


def test_own_outputs_in_a_folder_are_left_out(run, stack):
    assert run("match", stack, "-o", stack, "-c", "binSize=40").code == 0
    ran = run("rank", stack, "--json")
    assert len(ran.json["exposures"]) == 4
    assert any("written by bgviewer" in note for note in ran.json["notes"])


def test_a_bad_file_among_good_ones_fails_alone(run, stack, tmp_path):
    (stack / "text.fits").write_text("no FITS at all\n")
    ran = run("match", stack, "-o", tmp_path / "out", "-c", "binSize=40", "--json")
    assert ran.code == 5
    failed = [e for e in ran.json["exposures"] if e["status"] == "failed"]
    assert [e["name"] for e in failed] == ["text"]
    assert "not a FITS file" in failed[0]["reason"]
    assert failed[0]["fit_rms"] is None
    assert sum(e["status"] == "matched" for e in ran.json["exposures"]) == 3


def test_another_shape_fails_alone(run, stack, tmp_path):
    from tests.stacks import write_small_stack

    odd = write_small_stack(tmp_path / "odd", shape=(100, 150), n_exposures=1)
    ran = run("match", stack, odd[0], "-o", tmp_path / "out", "-c", "binSize=40", "--json")
    assert ran.code == 5
    failed = next(e for e in ran.json["exposures"] if e["status"] == "failed")
    assert "150 x 100" in failed["reason"]


def test_an_exposure_without_data_fails_alone(run, stack, tmp_path):
    path = sorted(stack.iterdir())[1]
    with fits.open(path, mode="update") as hdus:
        hdus["IMAGE"].data[...] = np.nan
    ran = run("match", stack, "-o", tmp_path / "out", "-c", "binSize=40", "--json")
    assert ran.code == 5
    failed = next(e for e in ran.json["exposures"] if e["status"] == "failed")
    assert failed["path"] == str(path)
    assert "no overlap" in failed["reason"]
    assert failed["output"] is None


def test_none_matched(run, stack, tmp_path):
    first, second, *rest = sorted(stack.iterdir())
    for path in rest:
        path.unlink()
    # two halves that share no pixel
    for path, half in ((first, np.s_[:, :80]), (second, np.s_[:, 80:])):
        with fits.open(path, mode="update") as hdus:
            hdus["IMAGE"].data[half] = np.nan
    ran = run("match", first, second, "-o", tmp_path / "out", "-c", "binSize=40")
    assert ran.code == 6


def test_zero_points_scale_in_memory_only(run, stack, tmp_path):
    """Figures are in the scaled unit, files in the exposure's own."""
    paths = sorted(stack.iterdir())
    for path in paths:
        with fits.open(path, mode="update") as hdus:
            for hdu in hdus:
                hdu.header.pop("BUNIT", None)
            hdus[0].header["MAGZERO"] = 27.0
    factor = 10 ** (0.4 * 2.0)  # two magnitudes: a factor of 6.31
    with fits.open(paths[2], mode="update") as hdus:
        hdus["IMAGE"].data = (hdus["IMAGE"].data / factor).astype(">f4")
        hdus["VARIANCE"].data = (hdus["VARIANCE"].data / factor**2).astype(">f4")
        hdus[0].header["MAGZERO"] = 25.0
    arguments = ("-c", "binSize=40", "--reference", "demo_01", "--json")
    ran = run("match", stack, "-o", tmp_path / "scaled", *arguments)
    scaled = ran.json["exposures"][2]
    assert scaled["scale"] == pytest.approx(factor, rel=1e-6)
    background = planes(Path(scaled["background"]))["BGMODEL"].astype(float)
    image = planes(Path(scaled["output"]))["IMAGE"].astype(float)
    reference = planes(paths[0])["IMAGE"].astype(float)
    # matched, brought to the common unit, lies at the reference's level
    level = np.nanmedian(image * factor - reference)
    assert abs(level) < 0.03 * np.nanmedian(reference)
    assert np.allclose(image, planes(paths[2])["IMAGE"] + background, equal_nan=True, rtol=1e-6)
    unscaled = run("match", stack, "-o", tmp_path / "none", *arguments, "--zero-point", "none")
    assert unscaled.json["exposures"][2]["scale"] == 1.0


@pytest.mark.parametrize("name", ["vircam_h_video_small", "decam_tiny", "bok_mosaic_tiny"])
def test_real_stacks(run, real_data, tmp_path, name):
    folder = real_data / "stacks" / name
    ran = run("match", folder, "-o", tmp_path / "out", "-c", "binSize=16", "--json")
    assert ran.code == 0
    for exposure in ran.json["exposures"]:
        if not exposure["is_reference"]:
            before, after = planes(Path(exposure["path"])), planes(Path(exposure["output"]))
            background = planes(Path(exposure["background"]))["BGMODEL"]
            assert np.array_equal(after["IMAGE"], before["IMAGE"] + background, equal_nan=True)
