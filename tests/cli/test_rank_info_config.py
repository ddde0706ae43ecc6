from __future__ import annotations

import gc
import subprocess
import sys

import numpy as np
import pytest

import bgviewer


def test_rank_equals_the_engine(run, stack):
    ran = run(
        "rank", stack, "--json", "-c", "bestRefWeightLevel=1", "-c", "bestRefWeightCoverage=0"
    )
    config = bgviewer.MatchConfig(best_ref_weight_level=1.0, best_ref_weight_coverage=0.0)
    exposures = [bgviewer.read(p) for p in sorted(stack.iterdir())]
    ranking = bgviewer.rank_exposures(
        [bgviewer.measure_exposure(e, config) for e in exposures], config
    )
    assert ran.code == 0
    assert np.array_equal([e["cost"] for e in ran.json["exposures"]], ranking.cost)
    assert ran.json["best"] == exposures[ranking.best].name
    ranks = [e["rank"] for e in ran.json["exposures"]]
    assert [ranks[i] for i in ranking.order] == [1, 2, 3, 4]


def test_rank_in_a_pipe_is_plain_text(run, stack):
    lines = run("rank", stack).out.splitlines()
    assert lines[0].split("\t")[:3] == ["rank", "exposure", "cost"]
    assert len(lines) == 5
    assert lines[1].startswith("*\t")
    costs = [float(line.split("\t")[2]) for line in lines[1:]]
    assert costs == sorted(costs)


def test_ranking_waits_for_nothing_it_does_not_need(stack):
    code = (
        "import sys\nfrom bgviewer.__main__ import main\n"
        f"code = main(['rank', {str(stack)!r}])\n"
        "slow = ('bgviewer.tasks.export', 'bgviewer.engine.sweeping', 'bgviewer.io.report',\n"
        "        'bgviewer.io.background_list', 'scipy', 'astropy.table', 'astropy.wcs')\n"
        "print([name for name in slow if name in sys.modules], file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "[]")


def test_the_interpreter_is_left_as_it_was(run, stack):
    before = gc.get_threshold()
    run("rank", stack)
    run("rank", stack / "nowhere")
    assert gc.get_threshold() == before


def test_info_counts_flagged_pixels(run, stack):
    path = sorted(stack.iterdir())[0]
    record = run("info", path, "--json").json["files"][0]
    exposure = bgviewer.read(path)
    assert record["outcome"] == "exposure"
    assert record["shape"] == [120, 150]
    assert record["variance_kind"] == "variance"
    assert record["xy0"] == [4000, 8000]
    assert record["unit"] == "nJy"
    assert record["has_wcs"] is True
    bit = exposure.planes["DETECTED"]
    assert record["planes"]["DETECTED"] == int(((exposure.mask >> bit) & 1).sum()) > 0


def test_info_of_a_bad_file(run, tmp_path):
    (tmp_path / "text.fits").write_text("hello\n")
    ran = run("info", tmp_path / "text.fits", "--json")
    assert ran.code == 4
    assert ran.json["files"][0]["outcome"] == "error"
    assert ran.json["files"][0]["error"]["id"] == "E_NOT_FITS"


def test_config_dump_can_be_read_back(run, tmp_path):
    path = tmp_path / "settings.toml"
    assert run("config", "dump", path, "-c", "order=5", "-c", "usePolynomial=true").code == 0
    ran = run("config", "check", path)
    assert (ran.code, "valid" in ran.out) == (0, True)
    text = path.read_text()
    for option in bgviewer.MatchConfig().to_lsst():
        assert f"{option} =" in text
    assert "order = 5" in text
    assert run("config", "dump", path).code == 2  # not over an existing file
    assert path.read_text() == text


def test_config_dump_prints(run):
    ran = run("config", "dump")
    assert ran.code == 0
    assert "binSize = 256" in ran.out


@pytest.mark.parametrize("arguments", [["--help"], ["match", "--help"], ["demo", "--help"]])
def test_help(run, arguments):
    ran = run(*arguments)
    assert ran.code == 0
    assert "exit codes" in ran.out


def test_version(run):
    assert run("--version").out.strip() == f"bgviewer {bgviewer.__version__}"


def test_commands_without_qt(stack, tmp_path):
    """A whole match in a fresh interpreter loads neither Qt nor pyqtgraph."""
    code = (
        "import sys\n"
        "from bgviewer.__main__ import main\n"
        f"assert main(['match', {str(stack)!r}, '-o', {str(tmp_path / 'o')!r},"
        " '-c', 'binSize=40']) == 0\n"
        f"assert main(['info', {str(stack)!r}]) == 0\n"
        "loaded = {m.split('.')[0] for m in sys.modules}\n"
        "assert not loaded & {'PyQt6', 'pyqtgraph', 'superqt'}, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
