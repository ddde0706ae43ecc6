"""Side-cars and maps in the folder of a stack: never exposures, never the best reference."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.tasks.ranking import NO_SCATTER

SHAPE = (96, 128)
BLOCK = (slice(20, 60), slice(30, 80))


def _write(path, pixels, dtype="f4"):
    path.parent.mkdir(exist_ok=True)
    fits.PrimaryHDU(np.asarray(pixels).astype(dtype)).writeto(path)


def _sky(seed, level=100.0):
    return np.random.default_rng(seed).normal(level, 3, SHAPE)


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        ("KiDS_{}_r_{}", ("sci", "wei", "msk")),
        ("{1}_{0}_r", ("fitim", "sigma", "mskim", "segim")),
        ("{}p257-w3-{}-3", ("int", "unc", "msk", "cov")),
        ("field{}.{}.r", ("image", "var", "flag", "nexp")),
    ],
)
def test_a_mask_beside_the_exposure_counts(run, tmp_path, names, kinds):
    for i in (0, 1):
        pixels, mask = _sky(i, 100 + 10 * i), np.zeros(SHAPE)
        if i:
            pixels[BLOCK], mask[BLOCK] = 30000, 16384
        science, noise, flags, *others = kinds
        stem = tmp_path / "in"
        _write(stem / (names.format(i, science) + ".fits"), pixels)
        _write(stem / (names.format(i, noise) + ".fits.gz"), np.full(SHAPE, 3))
        _write(stem / (names.format(i, flags) + ".fits"), mask, "i2")
        for other in others:
            _write(stem / (names.format(i, other) + ".fits"), np.full(SHAPE, 12), "i2")
    first, second = (names.format(i, kinds[0]) for i in (0, 1))
    out = tmp_path / "out"
    done = run(
        "match", tmp_path / "in", "-o", out, "--json", "-c", "binSize=32", "--reference", first
    )
    assert [e["name"] for e in done.json["exposures"]] == [first, second]
    assert done.code == 0
    matched = fits.getdata(out / f"{second}_matched.fits").astype("f8")
    good = np.ones(SHAPE, bool)
    good[BLOCK] = False
    assert abs(matched[good].mean() - 100) < 0.3
    again = run("info", out / f"{second}_matched.fits", "--json")
    assert names.format(1, kinds[2]) in str(again.json)


def test_a_map_is_pointed_out_and_does_not_win(run, tmp_path):
    for name, pixels in (("a", _sky(0)), ("b", _sky(1)), ("xyz", np.full(SHAPE, 12))):
        _write(tmp_path / "in" / f"{name}.fits", pixels)
    done = run("rank", tmp_path / "in", "--json")
    found = {e["name"]: e for e in done.json["exposures"]}
    assert done.json["best"] in ("a", "b")
    assert found["xyz"]["rank"] == 3
    assert found["xyz"]["reason"] == NO_SCATTER
    assert NO_SCATTER in found["xyz"]["warnings"]
    assert f"xyz: {NO_SCATTER}" in run("rank", tmp_path / "in").err
    options = ("--json", "-c", "binSize=32")
    done = run("match", tmp_path / "in", "-o", tmp_path / "out", *options)
    assert done.json["reference"] in ("a", "b")
    given = ("--reference", "xyz", "-o", tmp_path / "given")
    done = run("match", tmp_path / "in", *given, *options)
    assert done.json["reference"] == "xyz"
    assert any(NO_SCATTER in e["warnings"] for e in done.json["exposures"])
    done = run("check", tmp_path / "in", "--json", "-c", "binSize=32")
    assert done.json["candidates"][-1] == "xyz"
