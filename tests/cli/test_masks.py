"""Misread masks on the command line: every command says so, and the option it names helps."""

from __future__ import annotations

import html

import numpy as np
import pytest
from astropy.io import fits

SHAPE = (64, 100)
SHARE = "93 % of the pixels are flagged"


@pytest.fixture
def folder(tmp_path):
    """Skies 100, 110, 120; a map with 1 = good beside each, 0 in seven dead columns."""
    inputs = tmp_path / "in"
    inputs.mkdir()
    for number in range(3):
        image = np.random.default_rng(number).normal(100 + 10 * number, 1, SHAPE).astype("f4")
        mask = np.ones(SHAPE, "u1")
        image[:, 40:47] -= 100
        mask[:, 40:47] = 0
        fits.PrimaryHDU(image).writeto(inputs / f"e{number}.fits")
        fits.PrimaryHDU(mask).writeto(inputs / f"e{number}_mask.fits")
    return inputs


def warnings_of(ran) -> list[str]:
    return [text for exposure in ran.json["exposures"] for text in exposure["warnings"]]


def test_rank_match_check_and_info_say_what_is_flagged(run, folder, tmp_path):
    told = ("--json", "-c", "binSize=16")
    for ran in (
        run("rank", folder, *told),
        run("match", folder, "-o", tmp_path / "out", *told),
        run("match", folder, "-o", tmp_path / "other", *told, "--reference", "e0"),
    ):
        # one line for all of them
        assert ran.err.count(SHARE) == 1 and "--mask-meaning positive" in ran.err
        assert sum(SHARE in text for text in warnings_of(ran)) == 3
    checked = run("check", folder, *told)
    assert SHARE in checked.err
    assert len(checked.json["warnings"]) == 3
    (record,) = run("info", "--json", folder / "e0.fits").json["files"]
    assert any(SHARE in text for text in record["warnings"])


def test_where_no_exposure_has_a_good_pixel_left_the_way_out_is_said(run, folder, tmp_path):
    for path in folder.glob("*_mask.fits"):
        fits.PrimaryHDU(np.ones(SHAPE, "u1")).writeto(path, overwrite=True)
    for ran in (run("rank", folder), run("match", folder, "-o", tmp_path / "out")):
        assert ran.code != 0
        assert "100 % of the pixels are flagged" in ran.err
        assert "--mask-meaning positive" in ran.err


@pytest.mark.parametrize("way", ["option", "file"])
def test_the_meaning_is_turned_round(run, folder, tmp_path, way):
    options = ["--mask-meaning", "positive"]
    if way == "file":
        path = tmp_path / "settings.toml"
        path.write_text('[[read]]\nfiles = "*.fits"\nmaskMeaning = "positive"\n')
        options = ["--config", path]
    told = ("--json", "-c", "binSize=16", "--reference", "e0")
    ran = run("match", folder, "-o", tmp_path / "out", *told, *options)
    assert ran.code == 0 and SHARE not in ran.err
    for number in (1, 2):
        matched = fits.getdata(tmp_path / "out" / f"e{number}_matched.fits")
        assert np.delete(matched, range(40, 47), 1).mean() == pytest.approx(100, abs=0.1)


def test_unused_planes_reach_every_output(run, tmp_path):
    inputs = tmp_path / "in"
    inputs.mkdir()
    for number in range(2):
        names = ("IMAGE", "VARIANCE", "LEFTOVER")
        noise = np.random.default_rng(number).normal(0, 1, (3, *SHAPE)).astype("f4")
        data = (noise[0] + 100, np.ones(SHAPE, "f4"), noise[2])
        hdus = [fits.ImageHDU(d, name=n) for n, d in zip(names, data, strict=True)]
        fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(inputs / f"e{number}.fits")
    text = "HDU 3 LEFTOVER has the image's shape and is not used"
    told = ("--json", "-c", "binSize=16")
    page = tmp_path / "report.html"
    match = run("match", inputs, "-o", tmp_path / "out", *told, "--report", page)
    rank = run("rank", inputs, *told)
    for ran in (match, rank):
        assert text in ran.err
        assert warnings_of(ran).count(text) == 2
    (report,) = (tmp_path / "out").glob("*.ecsv")
    assert report.read_text().count(text) == 2
    assert f"e0, e1: {text}" in html.unescape(page.read_text())
    info = run("info", inputs)
    assert info.out.count(text) == 2
    (first, _) = run("info", "--json", inputs).json["files"]
    assert first["unused"] == ["HDU 3 LEFTOVER"]
