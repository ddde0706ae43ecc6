"""The table of a run."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.table import Table

from bgviewer.engine.config import MatchConfig
from bgviewer.errors import WriteError
from bgviewer.io.choices import REPORT_FORMATS
from bgviewer.io.provenance import read_cards
from bgviewer.io.report import write_report


def outcomes():
    adjusted = SimpleNamespace(kind="order", asked=8, used=5, text="order 8 -> 5")
    matched = SimpleNamespace(
        id=0, name="a", path=Path("/x/a.fits"), is_reference=False, status="matched", reason=None,
        scale=2.0, fit_rms=1.25, matched_mse=9.5, diff_im_var=float("nan"),
        bins=SimpleNamespace(values=np.zeros(7)), adjustments=(adjusted,), output=Path("a_m.fits"),
    )  # fmt: skip
    failed = SimpleNamespace(
        id=1, name="b", path=None, is_reference=False, status="failed", reason="no\noverlap, \"x\"",
        scale=None, fit_rms=None, matched_mse=None, diff_im_var=None, bins=None, adjustments=(),
        output=None,
    )  # fmt: skip
    return [matched, failed]


def test_the_table_reads_back(tmp_path):
    path = tmp_path / "report.ecsv"
    config = MatchConfig(bin_size=64, bad_mask_planes=("BAD", "SAT"))
    written = write_report(
        outcomes(),
        path,
        config=config,
        version="9",
        reference="c",
        zero_points={0: 25.0},
        unit="adu",
    )
    assert written == path
    table = Table.read(path, format="ascii.ecsv")
    assert table.colnames == [
        "name", "path", "status", "reason", "is_reference", "zero_point", "scale", "fit_rms",
        "matched_mse", "diff_im_var", "n_bins", "adjustments", "output",
        "own_settings", "regions", "verdict", "verdict_reason", "verdict_number", "lsst_criterion",
        "background_list", "background_list_difference", "detected", "aligned", "warnings",
        "overlap", "extrapolated",
    ]  # fmt: skip
    assert list(table["status"]) == ["matched", "failed"]
    assert table["reason"][1] == 'no overlap, "x"'
    assert table["fit_rms"][0] == 1.25
    assert np.isnan(table["fit_rms"][1])
    assert np.isnan(table["diff_im_var"][0])
    assert table["n_bins"][0] == 7
    assert table["adjustments"][0] == "order 8 -> 5"
    assert table["output"][0] == "a_m.fits"
    assert table["zero_point"][0] == 25.0
    assert table["zero_point"].unit == units.mag
    assert table["fit_rms"].unit == units.adu
    assert table["matched_mse"].unit == units.adu**2
    assert (table.meta["version"], table.meta["reference"]) == ("9", "c")
    assert MatchConfig.from_lsst(dict(table.meta["config"])) == config


@pytest.mark.parametrize("unit", [None, "counts per blob", "nJy"])
def test_any_unit_will_do(tmp_path, unit):
    path = write_report(outcomes(), tmp_path / "r.ecsv", config=MatchConfig(), unit=unit)
    assert Table.read(path, format="ascii.ecsv").meta.get("pixel_unit") == unit


def test_generators_and_empty_runs(tmp_path):
    path = write_report(iter(outcomes()), tmp_path / "r.ecsv", config=MatchConfig(), zero_points={})
    assert len(Table.read(path, format="ascii.ecsv")) == 2
    path = write_report([], tmp_path / "e.ecsv", config=MatchConfig())
    assert len(Table.read(path, format="ascii.ecsv")) == 0


def test_the_same_as_a_fits_table(tmp_path):
    config = MatchConfig(bin_size=64)
    path = write_report(
        outcomes(), tmp_path / "r.fits", config=config, version="9", reference="réf", unit="adu"
    )
    with fits.open(path, checksum=True) as hdus:
        table = hdus["REPORT"]
        assert list(table.data["status"]) == ["matched", "failed"]
        assert table.data["reason"][1] == 'no overlap, "x"'
        assert table.data["fit_rms"][0] == 1.25
        assert np.isnan(table.data["fit_rms"][1])
        units_ = {c.name: c.unit for c in table.columns if c.unit}
        assert units_["matched_mse"] == "adu2"
        record = read_cards(table.header)
    assert (record["config"], record["kind"], record["reference"]) == (config, "report", "réf")
    if shutil.which("fitsverify"):
        ran = subprocess.run(["fitsverify", str(path)], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout


def test_the_same_as_csv(tmp_path):
    path = write_report(outcomes(), tmp_path / "r.csv", config=MatchConfig())
    data = path.read_bytes()
    assert data.count(b"\r\n") == 3
    rows = list(csv.DictReader(data.decode().splitlines()))
    assert [row["name"] for row in rows] == ["a", "b"]
    assert rows[1]["reason"] == 'no overlap, "x"'
    assert rows[0]["fit_rms"] == "1.25"
    assert rows[1]["fit_rms"] == ""


@pytest.mark.parametrize("name", [f"r.{ending}" for ending in REPORT_FORMATS])
def test_empty_runs_in_any_format(tmp_path, name):
    path = write_report([], tmp_path / name, config=MatchConfig(), unit="counts per blob")
    format = {"r.ecsv": "ascii.ecsv", "r.csv": "ascii.csv", "r.fits": "fits"}[name]
    assert len(Table.read(path, format=format)) == 0


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(WriteError, match=r"must end in \.ecsv"):
        write_report(outcomes(), tmp_path / "r.txt", config=MatchConfig())
    assert not list(tmp_path.iterdir())


def test_an_existing_report_is_kept(tmp_path):
    path = tmp_path / "report.ecsv"
    path.write_text("mine")
    with pytest.raises(WriteError, match="exists already"):
        write_report(outcomes(), path, config=MatchConfig())
    assert path.read_text() == "mine"
    write_report(outcomes(), path, config=MatchConfig(), overwrite=True)
    assert list(tmp_path.iterdir()) == [path]
