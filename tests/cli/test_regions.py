"""``bgviewer match --regions``: the regions of a ds9 file are ignored, and written down."""

from __future__ import annotations

from bgviewer.engine.regions import Region
from bgviewer.io.region_file import read_regions
from bgviewer.io.region_frame import PixelFrame
from bgviewer.io.settings import load_settings
from bgviewer.io.stack import load_stack


def test_regions_of_a_ds9_file_are_ignored_and_kept_in_the_settings(run, stack, tmp_path):
    file, out = tmp_path / "stars.reg", tmp_path / "out"
    file.write_text("image\n-circle(41,31,9)\npoint(3,3)\n")
    ran = run("match", stack, "-o", out, "-c", "binSize=40", "--regions", file)
    assert ran.code == 0 and "line 3: point has no area" in ran.err
    *_, plan = load_settings(out / "config.toml")
    frame = PixelFrame.of(load_stack([stack]).read(0))
    assert plan.regions == read_regions(file, frame).regions
    x0, y0 = frame.xy0
    assert plan.regions == (Region("ellipse", (x0 + 40, y0 + 30, 9, 9, 0)),)


def test_a_bad_file_is_refused_by_line(run, stack, tmp_path):
    file = tmp_path / "bad.reg"
    file.write_text("image\ncircle(1,2\n")
    ran = run("match", stack, "-o", tmp_path / "out", "-c", "binSize=40", "--regions", file)
    assert ran.code != 0 and f"{file}: line 2" in ran.err
    assert not (tmp_path / "out").exists()
