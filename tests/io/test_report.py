"""The table of a run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from astropy import units
from astropy.table import Table

from bgviewer.engine.config import MatchConfig
from bgviewer.errors import WriteError
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
        "own_settings", "regions",
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


def test_an_existing_report_is_kept(tmp_path):
    path = tmp_path / "report.ecsv"
    path.write_text("mine")
    with pytest.raises(WriteError, match="exists already"):
        write_report(outcomes(), path, config=MatchConfig())
    assert path.read_text() == "mine"
    write_report(outcomes(), path, config=MatchConfig(), overwrite=True)
    assert list(tmp_path.iterdir()) == [path]
