"""Bad input gets one clear sentence and the right exit code; nothing is written."""

from __future__ import annotations

import os

import pytest


def match(run, tmp_path, *arguments):
    out = tmp_path / "out"
    ran = run("match", *arguments, "-o", out)
    if ran.code in (2, 4):
        assert not out.exists()
    assert ran.says.startswith("bgviewer")
    return ran


def test_empty_folder(run, tmp_path):
    (tmp_path / "empty").mkdir()
    ran = match(run, tmp_path, tmp_path / "empty")
    assert (ran.code, "no FITS files" in ran.says) == (4, True)


def test_missing_file(run, tmp_path):
    ran = match(run, tmp_path, tmp_path / "nowhere.fits")
    assert (ran.code, "cannot be opened" in ran.says) == (4, True)


def test_text_file(run, tmp_path):
    (tmp_path / "text.fits").write_text("hello\n")
    ran = match(run, tmp_path, tmp_path / "text.fits")
    assert ran.code == 4
    assert "not a FITS file" in ran.err


def test_truncated_file(run, stack, tmp_path):
    whole = sorted(stack.iterdir())[0]
    cut = tmp_path / "cut.fits"
    cut.write_bytes(whole.read_bytes()[:40_000])
    ran = match(run, tmp_path, cut)
    assert ran.code == 4
    assert "truncated" in ran.err


def test_a_single_exposure(run, stack, tmp_path):
    ran = match(run, tmp_path, sorted(stack.iterdir())[0])
    assert (ran.code, "fewer than two usable exposures" in ran.says) == (4, True)


def test_only_one_with_data(run, stack, tmp_path):
    import numpy as np
    from astropy.io import fits

    first, second, *_ = sorted(stack.iterdir())
    with fits.open(second, mode="update") as hdus:
        hdus["IMAGE"].data[...] = np.nan
    ran = match(run, tmp_path, first, second)
    assert (ran.code, "fewer than two usable exposures (1 of 2)" in ran.says) == (4, True)


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("binSize=0", "binSize = 0: must be a whole number from 1"),
        ("binSize=big", "binSize"),
        ("gridStatistic=MEDIUM", "Did you mean MEDIAN?"),
        ("interpStyle=NONE", "choose one of"),
        ("binSiz=3", "Did you mean binSize?"),
        ("binSize", "binSize"),
    ],
)
def test_bad_settings(run, stack, tmp_path, assignment, said):
    ran = match(run, tmp_path, stack, "-c", assignment)
    assert ran.code == 2
    assert said in ran.says


def test_order_beyond_the_bins(run, stack, tmp_path):
    ran = match(run, tmp_path, stack, "-c", "usePolynomial=true", "-c", "binSize=40")
    assert ran.code == 2
    assert "order = 8" in ran.says
    assert "order 2 at most" in ran.says


def test_unknown_key_in_a_file(run, stack, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("binsiz = 64\n")
    ran = match(run, tmp_path, stack, "--config", settings)
    assert ran.code == 2
    assert "settings.toml" in ran.says
    assert "Did you mean binSize?" in ran.says


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_may_not_be_written(run, stack, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    ran = run("match", stack, "-o", locked / "out")
    assert (ran.code, "cannot be written" in ran.says) == (2, True)


def test_folder_that_no_one_can_write(run, stack):
    ran = run("match", stack, "-o", "/proc/bgviewer-out")
    assert ran.code == 2
    assert "/proc/bgviewer-out" in ran.says


def test_output_folder_is_a_file(run, stack, tmp_path):
    (tmp_path / "taken").write_text("x")
    ran = run("match", stack, "-o", tmp_path / "taken")
    assert (ran.code, "is a file" in ran.says) == (2, True)


def test_unknown_reference(run, stack, tmp_path):
    ran = match(run, tmp_path, stack, "--reference", "nobody")
    assert ran.code == 2
    assert "demo_01" in ran.says


def test_reference_that_cannot_be_used(run, stack, tmp_path):
    (stack / "text.fits").write_text("hello\n")
    ran = match(run, tmp_path, stack, "--reference", "text")
    assert ran.code == 4
    assert "text cannot be the reference: not a FITS file" in ran.says


def test_no_display(run, stack, monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    ran = run(stack)
    assert (ran.code, "no display" in ran.says) == (3, True)


def test_neither_file_nor_command(run):
    ran = run("frank")
    assert (ran.code, "no such file" in ran.says) == (4, True)


def test_bad_zero_point(run, stack, tmp_path):
    ran = match(run, tmp_path, stack, "--zero-point", "bright")
    assert (ran.code, "auto, none or a magnitude" in ran.says) == (2, True)


def test_a_picture_never_replaces_an_exposure(run, stack):
    path = sorted(stack.iterdir())[0]
    before = path.read_bytes()
    ran = run(stack, "--screenshot", path)
    assert (ran.code, ".png" in ran.says) == (2, True)
    disguised = path.rename(path.with_suffix(".png"))
    ran = run(stack, "--screenshot", disguised)
    assert (ran.code, "no picture" in ran.says) == (2, True)
    assert disguised.read_bytes() == before


def test_one_exposure_given_twice_is_one(run, stack, tmp_path):
    path = sorted(stack.iterdir())[0]
    ran = match(run, tmp_path, path, path)
    assert (ran.code, "fewer than two usable exposures (1 of 2)" in ran.says) == (4, True)


def test_empty_output_folder(run, stack):
    ran = run("match", stack, "-o", "")
    assert (ran.code, "name a folder" in ran.says) == (2, True)


def test_reference_of_another_stack(run, stack, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text('binSize = 40\n[stack]\nreference = "visit_7"\n')
    ran = match(run, tmp_path, stack, "--config", settings)
    assert ran.code == 2
    assert "settings.toml" in ran.says
    assert "--reference auto" in ran.says
    assert match(run, tmp_path, stack, "--config", settings, "--reference", "auto").code == 0


@pytest.mark.parametrize("command", ["match", "sweep"])
@pytest.mark.parametrize("place", ["itself", "file/out", "x" * 300, "é" * 130 + "/out"])
def test_an_output_folder_that_cannot_be(run, stack, tmp_path, monkeypatch, command, place):
    """Refused before any pixel is read."""
    (tmp_path / "file").touch()
    (tmp_path / "itself").symlink_to("itself")
    monkeypatch.setattr("bgviewer.io.stack.load_entry", None)
    monkeypatch.setattr("bgviewer.io.stack.measure_file", None)
    ran = run(command, stack, "-o", tmp_path / place)
    assert ran.code == 2 and place.split("/")[0] in ran.says and "/trial" not in ran.says


def test_names_that_no_file_system_takes(run, stack, tmp_path):
    long = "é" * 130
    ran = run("match", stack, "-o", tmp_path / "out", "--reference", long)
    assert ran.code == 2 and "no exposure is called" in ran.says
    ran = run("match", stack, "-o", tmp_path / "out", "--report", tmp_path / f"{long}.html")
    assert ran.code == 2 and "takes 255" in ran.says
    ran = run("--screenshot", tmp_path / f"{long}.png", stack)
    assert ran.code == 2 and "takes 255" in ran.says
    assert not (tmp_path / "out").exists()
