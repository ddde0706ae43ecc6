"""LSST's override files: understood as text, never executed."""

from __future__ import annotations

import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.errors import ConfigError
from bgviewer.io.lsst_config import dump_lsst_config, load_lsst_config, parse_lsst_config


def test_plain_assignments_are_understood():
    text = (
        '"""About."""\n# a comment\nconfig.binSize = 128\nconfig.usePolynomial=True\n'
        "config.order = 3\nconfig.badMaskPlanes=['SAT', 'CR']\nconfig.gridStdevEpsilon = 1e-6\n"
    )
    read = parse_lsst_config(text)
    assert read.config == MatchConfig(
        bin_size=128,
        use_polynomial=True,
        order=3,
        bad_mask_planes=("SAT", "CR"),
        grid_stdev_epsilon=1e-6,
    )
    assert (read.dialect, read.notes) == ("old", ())


def test_the_task_is_found_in_a_pipelines_file_and_others_are_told():
    text = (
        "import lsst.x\nassert type(config)==int\nconfig.detection.background.binSize = 32\n"
        "config.matchBackgrounds.binSize = 100\nconfig.matchBackgrounds.doFrob = True\n"
    )
    read = parse_lsst_config(text)
    assert read.config.bin_size == 100
    assert [note.split(":")[0] for note in read.notes] == ["line 1", "line 2", "line 3", "line 5"]
    assert "doFrob" in read.notes[-1]


def test_modern_names_come_with_modern_defaults():
    text = "config.tractBgModel.xBin = 64.0\nconfig.reference.bestRefWeightGlobalCoverage=0.5\n"
    read = parse_lsst_config(text + "config.refWarpVisit = 1234\n")
    assert read.dialect == "modern"
    config = read.config
    assert (config.bin_size, config.best_ref_weight_coverage) == (64, 0.5)
    assert (config.grid_statistic, config.num_iter, config.use_polynomial) == ("MEANCLIP", 3, False)
    assert "refWarpVisit" in read.notes[0]


@pytest.mark.parametrize(
    "line",
    [
        "__import__('os').system('touch {path}')",
        "config.binSize = open('{path}', 'w').write('x')",
        "config.badMaskPlanes += ['A']",
        "for i in [1]: config.binSize = 3",
        "config.badMaskPlanes.append('A')",
        "x = 3",
        "config['binSize'] = 3",
        "config.binSize = config.order = 3",
        "exec('1')",
    ],
)
def test_code_is_refused_by_line_and_never_runs(line, tmp_path):
    path = tmp_path / "trace"
    file = tmp_path / "config.py"
    file.write_text("config.binSize = 128\n\n" + line.format(path=path) + "\n")
    with pytest.raises(ConfigError, match=r"config\.py: line 3: .*never executed"):
        load_lsst_config(file)
    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("config.binSize = 2.5", "line 1: binSize = 2.5: must be"),
        ("\nconfig.gridStatistic = 'MEDIUM'", "line 2: .*MEDIAN"),
        ("config.binSize = ", "line 1: is not valid Python"),
        ("config.other = 3", "sets nothing"),
        ("", "sets nothing"),
        ("config.order = True", "line 1: order"),
    ],
)
def test_bad_values_are_refused_with_their_line(text, says):
    with pytest.raises(ConfigError, match=says):
        parse_lsst_config(text)


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no\.py: cannot be opened"):
        load_lsst_config(tmp_path / "no.py")
    (tmp_path / "b.py").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigError, match=r"b\.py: is not a text file"):
        load_lsst_config(tmp_path / "b.py")


CHANGED = MatchConfig(
    bin_size=77,
    order=3,
    bad_mask_planes=("SAT", "é"),
    interp_style="LINEAR",
    grid_statistic="MEDIAN",
    best_ref_weight_coverage=0.25,
    best_ref_weight_variance=0.75,
)


def test_the_old_dialect_comes_back_whole():
    text, losses = dump_lsst_config(CHANGED)
    assert losses == () and "assert" not in text and text.isascii()
    assert parse_lsst_config(text).config == CHANGED


def test_the_modern_dialect_comes_back_and_says_what_it_cannot_hold():
    spline = CHANGED.replace(use_polynomial=False, order=MatchConfig().order)
    text, losses = dump_lsst_config(spline, "modern")
    read = parse_lsst_config(text)
    assert read.config == spline and read.notes == ()
    assert [loss.split(" ")[0] for loss in losses] == ["bestRefWeightLevel"]
    _, losses = dump_lsst_config(CHANGED.replace(use_polynomial=True), "modern")
    assert {"usePolynomial", "order"} <= {loss.split(" ")[0] for loss in losses}


def test_corrections_are_comments():
    text, losses = dump_lsst_config(MatchConfig(corrected_increase=True))
    assert "\n# correctedIncrease = True" in text and len(losses) == 1
    assert parse_lsst_config(text).config == MatchConfig()


def test_what_the_modern_task_has_no_more_is_a_comment():
    text, losses = dump_lsst_config(
        MatchConfig(undersample_style="INCREASE_NXNYSAMPLE", use_polynomial=False), "modern"
    )
    assert "\nconfig.undersampleStyle" not in text
    assert any(loss.startswith("undersampleStyle") for loss in losses)
