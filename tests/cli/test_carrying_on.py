"""Settings in other formats, and the report, on the command line."""

from __future__ import annotations

from bgviewer.engine.config import MatchConfig
from bgviewer.io.settings import load_config


def test_lsst_settings_are_taken_and_what_is_left_out_is_said(run, stack, tmp_path):
    path = tmp_path / "config.py"
    path.write_text("config.binSize = 40\nconfig.doFrob = 3\n")
    out = tmp_path / "out"
    ran = run("match", stack, "-o", out, "--config", path)
    assert ran.code == 0
    assert "line 2: config.doFrob" in ran.err
    assert load_config(out / "config.toml")[0] == MatchConfig(bin_size=40)


def test_settings_are_converted_there_and_back(run, tmp_path):
    first, second, third = (tmp_path / n for n in ("a.py", "b.toml", "c.py"))
    first.write_text("config.binSize = 40\nconfig.order=3\n")
    assert run("config", "convert", first, second).code == 0
    assert load_config(second)[0] == MatchConfig(bin_size=40, order=3)
    assert run("config", "convert", second, third).code == 0
    assert "config.binSize = 40\n" in third.read_text()
    ran = run("config", "convert", second, third)
    assert ran.code == 2 and "exists" in ran.err
    ran = run("config", "convert", second, third, "--modern", "--overwrite")
    assert ran.code == 0 and "config.tractBgModel.xBin = 40.0\n" in third.read_text()
    assert "not written: bestRefWeightLevel" in ran.err
    ran = run("config", "convert", second, tmp_path / "c.txt")
    assert ran.code == 2 and ".toml" in ran.err


def test_code_in_a_config_is_refused(run, stack, tmp_path):
    path = tmp_path / "config.py"
    path.write_text(f"config.binSize = 40\nopen({str(tmp_path / 'trace')!r}, 'w')\n")
    for arguments in (("config", "check", path), ("rank", stack, "--config", path)):
        ran = run(*arguments)
        assert ran.code == 2 and "line 2" in ran.says
    assert not (tmp_path / "trace").exists()


def test_the_report_holds_every_exposure_and_the_worst_match(run, stack, tmp_path):
    report = tmp_path / "r.html"
    ran = run("match", stack, "-o", tmp_path / "out", "-c", "binSize=40", "--report", report)
    assert ran.code == 0
    text = report.read_text()
    assert text.count('alt="Model of reference') == 1 and "<script" not in text
    for path in stack.glob("*.fits"):
        assert f"<td>{path.stem}</td>" in text


def test_the_report_may_go_into_the_folder_that_the_match_makes(run, stack, tmp_path):
    out = tmp_path / "out"
    ran = run("match", stack, "-o", out, "-c", "binSize=40", "--report", out / "r.html")
    assert ran.code == 0 and (out / "r.html").read_text().startswith("<!DOCTYPE html>")


def test_a_report_that_cannot_be_written_is_refused_before_any_work(run, stack, tmp_path):
    held = tmp_path / "r.html"
    held.write_text("mine")
    for path in (held, tmp_path / "no" / "r.html", tmp_path / "r.txt", next(stack.glob("*.fits"))):
        ran = run("match", stack, "-o", tmp_path / "out", "-c", "binSize=40", "--report", path)
        assert ran.code == 2
        assert not (tmp_path / "out").exists()
    assert held.read_text() == "mine"
