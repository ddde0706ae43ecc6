"""--detect and --align from the command line to the cards of the files."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from bgviewer.__main__ import main
from tests.extents import NX, NY, PLANES, header
from tests.io.test_write import fitsverify
from tests.stars import field

DATA = os.environ.get("BGVIEWER_TEST_DATA", "")


@pytest.fixture
def run_command():
    """Run a command in this process and return its exit code; what it prints is for capsys."""

    def call(command: str, words: list[str]) -> int:
        try:
            return main([command, *words])
        except SystemExit as exit_:
            return int(exit_.code or 0)

    return call


@pytest.fixture
def plain(tmp_path) -> Path:
    """Three plain images of one field without mask: the sky of each is a constant."""
    folder = tmp_path / "in"
    folder.mkdir()
    cards = header(0, 0, None)
    for k, name in enumerate("abc"):
        fits.PrimaryHDU(field(seed=k) + np.float32(10 * k), cards).writeto(folder / f"{name}.fits")
    return folder


def match(run_command, folder, out, *more: str) -> int:
    words = [str(folder), "-o", str(out), "--reference", "a", "-c", "binSize=50", *more]
    return run_command("match", words)


def test_without_the_option_nothing_is_detected(run_command, plain, tmp_path):
    assert match(run_command, plain, tmp_path / "out") == 0
    head = fits.getheader(tmp_path / "out" / "b_matched.fits")
    assert not [k for k in head if k.startswith("BGVDET")]
    assert not Table.read(tmp_path / "out" / "report.ecsv")["detected"].any()


def test_detection_is_said_everywhere(run_command, plain, tmp_path, capsys):
    pytest.importorskip("sep")
    out = tmp_path / "out"
    assert match(run_command, plain, out, "--detect", "4", "--detect-grow", "2", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [e["detected"] for e in found["exposures"]] == [True, True, True]
    for name in "bc":
        head = fits.getheader(out / f"{name}_matched.fits")
        assert head["BGVDETBY"] == "bgviewer (sep)"
        assert (head["BGVDETS"], head["BGVDETA"], head["BGVDETG"]) == (4.0, 5, 2)
        assert fitsverify(out / f"{name}_matched.fits")[0] == 0
        with fits.open(out / f"{name}_matched.fits") as hdus:
            assert len(hdus) == 1  # the plane is ours and stays with us
    assert Table.read(out / "report.ecsv")["detected"].all()
    written = tomllib.loads((out / "config.toml").read_text())
    assert written["detection"] == {"detectSigma": 4.0, "detectMinArea": 5, "detectGrow": 2}
    # the settings give the same match
    again = tmp_path / "again"
    assert match(run_command, plain, again, "--config", str(out / "config.toml")) == 0
    np.testing.assert_array_equal(
        fits.getdata(again / "b_matched.fits"), fits.getdata(out / "b_matched.fits")
    )
    assert match(run_command, plain, tmp_path / "off", "--config", str(out / "config.toml"),
                 "--no-detect") == 0  # fmt: skip
    assert "BGVDETS" not in fits.getheader(tmp_path / "off" / "b_matched.fits")
    run_command("info", [str(out / "b_matched.fits")])
    assert "sources detected: 4 sigma" in capsys.readouterr().out


def test_detection_keeps_stars_out_of_the_model(run_command, plain, tmp_path):
    """A star that only one exposure has pulls the mean of its cell; detected, it does not."""
    pytest.importorskip("sep")
    moved = field(stars=((60, 80), (150, 250), (25, 125)), seed=9, flux=3000) + np.float32(7)
    fits.PrimaryHDU(moved, header(0, 0, None)).writeto(plain / "d.fits")
    for name, more in (("with", ["--detect"]), ("without", [])):
        assert match(run_command, plain, tmp_path / name, *more) == 0
    models = [fits.getdata(tmp_path / n / "d_background.fits") for n in ("with", "without")]
    assert abs(models[0][25, 125] + 7) < 1.5
    assert abs(models[1][25, 125] + 7) > 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--detect", "0"], "detectSigma"),
        (["--detect", "many"], "detectSigma"),
        (["--detect", "--detect-min-area", "0"], "detectMinArea"),
        (["--detect-grow", "3"], "--detect-grow needs --detect"),
    ],
)
def test_wrong_values_are_refused(run_command, plain, tmp_path, capsys, words, said):
    assert match(run_command, plain, tmp_path / "out", *words) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_missing_packages_are_said(run_command, plain, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sep", None)
    monkeypatch.setitem(sys.modules, "reproject", None)
    assert match(run_command, plain, tmp_path / "out", "--detect") == 2
    assert 'pip install "bgviewer[detect]"' in capsys.readouterr().err
    fits.PrimaryHDU(field(seed=5), header(3.4, 0, None)).writeto(plain / "e.fits")
    assert match(run_command, plain, tmp_path / "out", "--align") == 2
    assert 'pip install "bgviewer[align]"' in capsys.readouterr().err


@pytest.fixture
def dithered(tmp_path) -> Path:
    """Two exposures of one grid and one that lies half a pixel beside it, all with planes."""
    folder = tmp_path / "in"
    folder.mkdir()
    for k, (name, x0) in enumerate((("a", 0.0), ("b", 0.0), ("c", 20.5))):
        cards = header(x0, 0, None)
        y, x = np.mgrid[:NY, :NX].astype(float)
        image = 50.0 * (k + 1) + 0.25 * (x + x0) + 0.5 * y
        mask = np.zeros((NY, NX), "i4")
        mask[30:33, 60:63] = 2
        hdus = [fits.PrimaryHDU()]
        for role, data in (("IMAGE", image), ("MASK", mask), ("VARIANCE", image * 0 + 3)):
            kind = "i4" if role == "MASK" else "f4"
            hdu = fits.ImageHDU(data.astype(kind), cards)
            hdu.header["EXTTYPE"], hdu.header["INHERIT"] = role, True
            if role == "MASK":
                for plane, bit in PLANES.items():
                    key = f"HIERARCH MP_{plane}" if len(plane) > 5 else f"MP_{plane}"
                    hdu.header[key] = bit
            hdus.append(hdu)
        fits.HDUList(hdus).writeto(folder / f"{name}.fits")
    return folder


def test_another_grid_is_told_with_how_far(run_command, dithered, tmp_path, capsys):
    assert match(run_command, dithered, tmp_path / "out") == 5
    said = capsys.readouterr()
    assert "not on the pixel grid of the others: 20.5 pixels off" in said.err + said.out
    assert "--align" in said.err + said.out


def test_aligned_exposures_are_matched_and_marked(run_command, dithered, tmp_path, capsys):
    pytest.importorskip("reproject")
    before = (dithered / "c.fits").read_bytes()
    out = tmp_path / "out"
    assert match(run_command, dithered, out, "--align", "-c", "interpStyle=LINEAR") == 0
    said = capsys.readouterr()
    assert "1 of 3 exposures re-projected" in said.err and "aligned" in said.out
    assert (dithered / "c.fits").read_bytes() == before
    with fits.open(out / "c_matched.fits") as hdus:
        assert [h.header.get("EXTTYPE") for h in hdus] == [None, "IMAGE", "MASK", "VARIANCE"]
        assert hdus[0].header["BGVALIGN"] == "bilinear"
        assert hdus[0].header["BGVHASH"]
        image, mask, variance = (h.data for h in hdus[1:])
        head = hdus[1].header
    assert head["CRPIX1"] == header(0, 0, None)["CRPIX1"]
    empty = np.isnan(image)
    assert empty[:, :20].all() and not empty[:, 22:].any()
    bit = next(v for k, v in fits.getheader(out / "c_matched.fits", 2).items() if "NO_DATA" in k)
    np.testing.assert_array_equal((mask >> bit) & 1 == 1, empty)
    y, x = np.mgrid[:NY, :NX].astype(float)
    np.testing.assert_allclose(image[~empty], (50 + 0.25 * x + 0.5 * y)[~empty], atol=0.05)
    np.testing.assert_allclose(variance[~empty], 1.5, rtol=1e-4)  # two halves: 3 (1/4 + 1/4)
    assert fitsverify(out / "c_matched.fits")[0] == 0
    assert "BGVALIGN" not in fits.getheader(out / "b_matched.fits")
    assert tomllib.loads((out / "config.toml").read_text())["stack"]["align"] is True
    report = Table.read(out / "report.ecsv")
    assert list(report["aligned"]) == [False, False, True]
    # what was aligned is an exposure of the stack's grid now
    assert run_command("match", [str(out / "b_matched.fits"), str(out / "c_matched.fits"),
                                 "-o", str(tmp_path / "second"), "--again"]) == 0  # fmt: skip


def test_align_goes_to_the_grid_of_a_named_reference(run_command, dithered, tmp_path):
    pytest.importorskip("reproject")
    words = [str(dithered), "-o", str(tmp_path / "out"), "--reference", "c", "--align"]
    assert run_command("match", [*words, "-c", "binSize=50"]) == 0
    head = fits.getheader(tmp_path / "out" / "a_matched.fits", 1)
    assert head["CRPIX1"] == header(20.5, 0, None)["CRPIX1"]
    assert "BGVALIGN" not in fits.getheader(tmp_path / "out" / "c_matched.fits")


@pytest.mark.skipif(not DATA, reason="BGVIEWER_TEST_DATA is not set")
@pytest.mark.parametrize("name", ["decam_tiny", "bok_mosaic_tiny", "decam_i_10exp"])
def test_real_stacks_are_matched_and_exported(run_command, name, tmp_path):
    stack, out = Path(DATA) / "stacks" / name, tmp_path / "out"
    words = [str(stack), "-o", str(out), "-c", "binSize=32"]
    if name == "decam_i_10exp":
        pytest.importorskip("sep")
        words.append("--detect")
    assert run_command("match", words) == 0
    report = Table.read(out / "report.ecsv")
    assert set(report["status"]) == {"matched", "reference"}
    assert report["detected"].all() == (name == "decam_i_10exp")
    for path, output in zip(report["path"], report["output"], strict=True):
        before, after = fitsverify(Path(path)), fitsverify(Path(output))
        assert after[0] == 0 and after[1] <= max(before[1], 0)
        with fits.open(path) as old, fits.open(output) as new:
            assert [h.shape for h in old] == [h.shape for h in new]
            for was, now in zip(old[2:], new[2:], strict=True):
                np.testing.assert_array_equal(was.data, now.data)  # real mask and weight


@pytest.mark.skipif(not DATA, reason="BGVIEWER_TEST_DATA is not set")
def test_a_real_exposure_cut_to_a_part(run_command, tmp_path):
    from bgviewer import MatchConfig, load_stack
    from bgviewer.tasks.match import match_pair

    folder = tmp_path / "in"
    folder.mkdir()
    source = Path(DATA) / "stacks" / "vircam_h_video_small"
    paths = sorted(source.glob("*.fits"))[:3]
    for path in paths[:2]:
        (folder / path.name).write_bytes(path.read_bytes())
    y0, y1, x0, x1 = 64, 256, 32, 224
    with fits.open(paths[2]) as hdus:
        for hdu in hdus:
            if hdu.data is None or hdu.data.ndim != 2:
                continue
            hdu.data = hdu.data[y0:y1, x0:x1]
            if "CRPIX1" in hdu.header:
                hdu.header["CRPIX1"] -= x0
                hdu.header["CRPIX2"] -= y0
        hdus.writeto(folder / "cut.fits", output_verify="fix")
    words = [str(folder), "-o", str(tmp_path / "out"), "--reference", paths[0].stem]
    assert run_command("match", [*words, "-c", "binSize=64"]) == 0
    cut = fits.open(tmp_path / "out" / "cut_matched.fits")
    with cut:
        image = next(h for h in cut if h.data is not None)
        assert image.data.shape == (y1 - y0, x1 - x0)
    # the same pixels cut out of a match of the whole: cells are the same where bins coincide
    whole = load_stack([paths[0], paths[2]])
    config = MatchConfig(bin_size=64)
    mixed = load_stack([folder])
    index = {e.name: e.id for e in mixed.entries}
    part = match_pair(mixed, index[paths[0].stem], index["cut"], config)
    full = match_pair(whole, 0, 1, config)
    np.testing.assert_array_equal(part.difference.values, full.difference.values[y0:y1, x0:x1])
