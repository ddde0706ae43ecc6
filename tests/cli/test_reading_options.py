"""What a command line may say about how files are read, and what it obeys."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from bgviewer.cli.arguments import build_parser
from bgviewer.cli.settings import gather_settings
from bgviewer.io.conventions import Choice
from bgviewer.io.instrument import identify
from bgviewer.io.layout import FitsFile
from bgviewer.io.read import read
from bgviewer.io.reading_options import READING_OPTIONS
from bgviewer.io.remembered import Memory, memory_path, save_memory
from tests.raw_files import LEVELS, SIGMA, write_chips, write_pairs

NOISE = ("--noise", "u-{stem}-spread.fits", "--noise-kind", "sigma")


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """A person's own folder of settings, in which DECam-like files are remembered."""
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_config_dir", lambda name: str(tmp_path / "own" / name))
    return memory_path


@pytest.fixture
def chips(tmp_path):
    write_chips(tmp_path / "chips")
    return tmp_path / "chips"


def first(ran):
    return ran.json["files"][0]


def test_every_command_that_reads_exposures_has_every_option():
    for command in (None, "rank", "sweep", "match", "check", "info"):
        text = build_parser(command).format_help()
        for option in READING_OPTIONS.values():
            assert f"{option.flag} " in text, (command, option.flag)
        assert "--remembered" in text


def test_info_obeys_each_option(run, chips, tmp_path):
    asked = run("info", "--json", chips / "raw_0.fits")
    assert first(asked)["outcome"] == "choose"
    answer = first(run("info", "--json", chips / "raw_0.fits", "--hdu", 2))
    assert (answer["outcome"], answer["variance_kind"]) == ("exposure", "none")
    path = write_pairs(tmp_path / "pairs", 1)[0]
    assert first(run("info", "--json", path))["variance_kind"] == "none"
    told = first(run("info", "--json", path, *NOISE, "--file-zero-point", 25.5))
    assert (told["variance_kind"], told["zero_point"]) == ("sigma", 25.5)
    beside = ("--mask", "u-img_0-spread.fits", "--mask-meaning", "positive")
    assert first(run("info", "--json", path, *beside))["planes"] == {"NO_DATA": 0}
    assert first(run("info", "--json", path, *beside[:2]))["planes"] == {"BAD": 80 * 96}


def test_match_and_rank_obey_them_and_the_settings_record_it(run, chips, tmp_path):
    refused = run("rank", chips)
    assert refused.code == 4, "nothing can be used without a choice"
    assert refused.err.count("choose an image with --hdu N") == 1
    ranked = run("rank", "--json", chips, "--hdu", 2)
    assert ranked.code == 0
    levels = [e["level"] for e in ranked.json["exposures"]]
    assert np.allclose(levels, LEVELS[2], atol=3)
    out = tmp_path / "out"
    assert run("match", chips, "-o", out, "-c", "binSize=32", "--hdu", 2).code == 0
    image = read(out / "raw_1_matched.fits", choice=Choice(hdu=2)).image
    assert abs(np.median(image) - LEVELS[2]) < 3
    rule = tomllib.loads((out / "config.toml").read_text())["read"]
    assert rule == [{"files": ["raw_0.fits", "raw_1.fits", "raw_2.fits"], "hdu": 2}]
    # what was written makes the same run again, with nothing said
    again = run("match", chips, "-o", tmp_path / "again", "--config", out / "config.toml")
    assert again.code == 0
    same = read(tmp_path / "again" / "raw_1_matched.fits", choice=Choice(hdu=2)).image
    assert np.array_equal(same, image)


def test_rules_of_a_settings_file_count_and_options_win(run, chips, tmp_path):
    config = tmp_path / "c.toml"
    config.write_text("[[read]]\ninstrument = 'testcam'\nhdu = 1\nfileZeroPoint = 27\n")
    answer = first(run("info", "--json", chips, "--config", config))
    assert answer["zero_point"] == 27
    ranked = run("rank", "--json", chips, "--config", config, "--hdu", 2).json
    assert np.allclose([e["level"] for e in ranked["exposures"]], LEVELS[2], atol=3)
    assert "27" in run("config", "dump", "--config", config).out


def test_noise_beside_the_image_reaches_the_figures(run, tmp_path):
    write_pairs(tmp_path / "pairs")
    paths = sorted((tmp_path / "pairs").glob("img_*.fits"))
    ran = run("match", *paths, "-o", tmp_path / "out", "-c", "binSize=32", "--json", *NOISE)
    figures = [e["diff_im_var"] for e in ran.json["exposures"] if e["status"] == "matched"]
    assert np.allclose(figures, 2 * SIGMA**2)


def test_memory_counts_only_when_asked_for(run, chips, own_folder):
    with FitsFile(chips / "raw_0.fits") as file:
        who = identify(file)
    save_memory(Memory().having(who, Choice(hdu=2), "2026-03-01"), own_folder())
    assert first(run("info", "--json", chips))["outcome"] == "choose"
    answer = first(run("info", "--json", chips, "--remembered"))
    assert "read as you chose for TESTCAM on 2026-03-01" in answer["warnings"]
    ranked = run("rank", chips, "--remembered")
    assert ranked.code == 0 and "3 files read as you chose for TESTCAM" in ranked.err
    own_folder().write_text("damaged = [")
    ran = run("rank", chips, "--remembered")
    assert ran.code == 2 and "remembered.toml" in ran.says
    assert run("rank", chips, "--hdu", 1).code == 0, "what is not asked for is not read"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--hdu", "x"), "--hdu 'x': must be a whole number from 0 up"),
        (("--mask", "../m.fits"), "without a folder"),
        (("--mask-meaning", "bit"), "must be one of bits, codes"),
        (("--file-zero-point", "bright"), "must be a number"),
        (("--noise-kind", "rms"), "must be one of variance, sigma"),
    ],
)
def test_what_cannot_be_understood_is_one_sentence(run, chips, words, says):
    ran = run("info", chips, *words)
    assert ran.code == 2 and says in ran.says


def test_kinds_of_two_words_may_have_a_hyphen():
    line = ["x", "--noise-kind", "inverse-variance", "--mask", "[3]"]
    settings = gather_settings(build_parser("rank").parse_args(line))
    assert settings.reading.options == Choice(noise_kind="inverse variance", mask="3")
