from __future__ import annotations

import numpy as np
import pytest

import bgviewer
from bgviewer import MatchConfig, ReadError, measure_exposure
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled
from bgviewer.tasks.inspect import inspect_file
from bgviewer.tasks.load import load
from tests.stacks import write_small_stack


def test_load_measures_every_exposure(tmp_path):
    paths = write_small_stack(tmp_path / "stack")
    loaded = load([tmp_path / "stack"])
    assert loaded.reasons == (None,) * 4
    assert loaded.usable == (0, 1, 2, 3)
    for path, measured in zip(paths, loaded.measurements, strict=True):
        assert measured == measure_exposure(bgviewer.read(path), MatchConfig())


def test_bad_files_are_rows_with_a_reason(tmp_path):
    write_small_stack(tmp_path / "stack")
    (tmp_path / "stack" / "aaa.fits").write_text("not FITS")
    loaded = load([tmp_path / "stack"])
    assert loaded.measurements[0] is None
    assert "not a FITS file" in loaded.reasons[0]
    assert loaded.usable == (1, 2, 3, 4)


def test_no_good_pixel_is_said(tmp_path):
    write_small_stack(tmp_path / "stack")
    config = MatchConfig(bad_mask_planes=("DETECTED", "NO_DATA"))
    loaded = load([tmp_path / "stack"], config)
    counts = [m.coverage for m in loaded.measurements]
    assert counts == [
        float(np.isfinite(e.image)[(e.mask & e.bits(config.bad_mask_planes)) == 0].sum())
        for e in (loaded.stack.read(i) for i in range(4))
    ]


def test_nothing_to_load(tmp_path):
    with pytest.raises(ReadError, match="cannot be opened"):
        load([tmp_path / "nowhere"])


def test_loading_can_be_stopped(tmp_path):
    write_small_stack(tmp_path / "stack")
    texts = []

    def stop_when_measuring(_, text):
        texts.append(text)
        if text and text.startswith("measuring"):
            progress.stop()

    progress = Stoppable(stop_when_measuring)
    with pytest.raises(Cancelled):
        load([tmp_path / "stack"], progress=progress)
    assert any(t.startswith("opening") for t in texts if t)


def test_demo_has_one_exposure_that_cannot_match(tmp_path):
    write_small_stack(tmp_path / "stack", odd_one=True)
    loaded = load([tmp_path / "stack"])
    assert loaded.usable == (0, 1, 2, 3)
    assert "75 x 60 pixels, the other exposures are 150 x 120" in loaded.reasons[4]
    assert "pixels off (WCS)" in loaded.reasons[4]


def test_inspect_never_raises_for_a_bad_file(tmp_path):
    (tmp_path / "empty.fits").touch()
    record = inspect_file(tmp_path / "empty.fits")
    assert record["outcome"] == "error"
    assert record["error"]["id"] == "E_EMPTY"
    assert "0 bytes" in record["error"]["text"]
