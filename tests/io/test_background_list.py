"""The model as a BackgroundList: what another reader makes of the file is our model."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.matching import match_backgrounds
from bgviewer.errors import ReadError, WriteError
from bgviewer.io.background_list import (
    list_entry,
    read_background_list,
    write_background_list,
)
from bgviewer.io.background_rules import ListEntry, largest_difference
from bgviewer.io.provenance import make_cards, read_cards
from tests.io.background_list_twin import centres, chebyshev, image_of


def pair(shape=(97, 131), hole=True, level=50.0):
    """Two exposures whose difference is a smooth field with noise."""
    ny, nx = shape
    y, x = np.mgrid[:ny, :nx] / 60.0
    rng = np.random.default_rng(5)
    science = rng.normal(level, 1.0, shape).astype("f4")
    field = 4 * np.sin(2.1 * x) * np.cos(1.3 * y) + 2 * x - y
    reference = (science + field + rng.normal(0, 0.3, shape)).astype("f4")
    mask = np.zeros(shape, "u4")
    if hole:
        mask[: ny // 3, nx // 4 : nx // 2] = 1
        mask[ny // 4 : ny - 5, nx // 3 : nx // 2 + 20] = 1
        mask[:, :16] = 1  # a whole column of cells without data
    variance = np.ones(shape, "f4")
    make = {"mask": mask, "variance": variance, "xy0": (300, -20), "unit": "nJy"}
    return Exposure(reference, **make), Exposure(science, **make)


def written(tmp_path, config, scale=1.0, sign="add", **options):
    reference, science = pair(**options)
    if scale != 1.0:
        reference, science = reference.scaled(scale), science.scaled(scale)
    result = match_backgrounds(reference, science, config)
    background = result.model.render() / np.float32(scale)
    cards = make_cards(config, reference="r.fits", scale=scale)
    done = write_background_list(
        science, result.model, background, tmp_path / "m_bgdiff.fits", cards,
        scale=scale, sign=sign,
    )  # fmt: skip
    return done, background


SPLINES = {
    "akima": MatchConfig(bin_size=16),
    "akima, holes": MatchConfig(bin_size=11),
    "natural": MatchConfig(bin_size=24, interp_style="NATURAL_SPLINE"),
    "linear": MatchConfig(bin_size=30, interp_style="LINEAR"),
    "steps": MatchConfig(bin_size=20, interp_style="CONSTANT"),
    "reduced": MatchConfig(bin_size=40),
    "one cell": MatchConfig(bin_size=500),
    "median": MatchConfig(bin_size=13, grid_statistic="MEDIAN"),
}


@pytest.mark.parametrize("length", [0.0, 90.0])
def test_a_p_spline_comes_back_within_the_figure_and_close(tmp_path, length):
    config = MatchConfig(bin_size=24, penalised_spline=True, smoothing_length=length)
    done, background = written(tmp_path, config, 0.37)
    theirs = image_of(done.path)
    apart = max(np.abs(theirs - background).max(), np.abs(theirs.astype("f4") - background).max())
    assert apart <= done.difference
    assert done.difference <= 2e-3 * np.ptp(background)


@pytest.mark.parametrize("scale", [1.0, 0.37])
@pytest.mark.parametrize("name", SPLINES)
def test_splines_come_back_within_the_figure(tmp_path, name, scale):
    done, background = written(tmp_path, SPLINES[name], scale)
    theirs = image_of(done.path)
    apart = max(np.abs(theirs - background).max(), np.abs(theirs.astype("f4") - background).max())
    assert apart <= done.difference
    assert done.difference <= 1e-6 * np.abs(background).max()
    with fits.open(done.path) as hdus:
        assert hdus[0].header["BGVBLDIF"] == pytest.approx(done.difference)


@pytest.mark.parametrize("scale", [1.0, 251.3])
@pytest.mark.parametrize("order", [0, 1, 2, 5, 8, 11])
def test_polynomials_come_back(tmp_path, order, scale):
    config = MatchConfig(use_polynomial=True, order=order, bin_size=8)
    done, background = written(tmp_path, config, scale)
    theirs = image_of(done.path)
    largest = np.abs(background).max()
    assert np.abs(theirs - background).max() <= 2.5e-7 * largest
    assert np.abs(theirs.astype("f4") - background).max() <= 2.5e-7 * largest
    assert np.abs(theirs - background).max() <= done.difference


def test_a_tiny_image_and_an_order_it_hardly_carries(tmp_path):
    config = MatchConfig(use_polynomial=True, order=8, bin_size=2)
    done, background = written(tmp_path, config, shape=(18, 19), hole=False)
    assert np.abs(image_of(done.path) - background).max() <= 2.5e-7 * np.abs(background).max()
    assert done.difference <= 2.5e-7 * np.abs(background).max()


def test_what_lsst_reads_is_there(tmp_path):
    done, _ = written(tmp_path, SPLINES["akima"])
    with fits.open(done.path) as hdus:
        assert [h.header["BITPIX"] for h in hdus] == [-32, 32, -32]
        assert {h.data.shape for h in hdus} == {(7, 9)}
        for hdu in hdus:
            cards = hdu.header
            assert cards["INTERPSTYLE"] == 5
            assert cards["UNDERSAMPLESTYLE"] == 1
            assert (cards["APPROXSTYLE"], cards["APPROXORDERX"], cards["APPROXORDERY"]) == (
                -1,
                0,
                0,
            )
            assert cards["APPROXWEIGHTING"] is False
            place = [cards[f"BKGD_{name}"] for name in ("X0", "Y0", "WIDTH", "HEIGHT")]
            assert place == [300, -20, 131, 97]
            assert (cards["CRVAL1A"], cards["CRVAL2A"], cards["CRPIX1A"]) == (0.0, 0.0, 1.0)
            assert cards["BGVSIGN"] == "ADD"
            assert "EXTNAME" not in cards
        assert hdus[1].header["MP_NO_DATA"] == 8
        assert not hdus[1].data.any()
        assert np.isnan(hdus[0].data[:, 0]).all()
        record = read_cards(hdus[0].header)
    assert record["config"] == SPLINES["akima"]
    assert record["kind"] == "background"
    assert record["reference"] == "r.fits"


def test_our_own_reader_agrees_with_what_was_written(tmp_path):
    for config in (SPLINES["akima, holes"], MatchConfig(use_polynomial=True, order=3, bin_size=20)):
        reference, science = pair()
        result = match_backgrounds(reference, science, config)
        path = tmp_path / f"{config.use_polynomial}.fits"
        write_background_list(science, result.model, result.model.render(), path)
        (entry,) = read_background_list(path)
        meant, _ = list_entry(result.model, result.model.render(), xy0=(300, -20))
        assert np.array_equal(entry.values, meant.values, equal_nan=True)
        assert np.array_equal(entry.errors, meant.errors, equal_nan=True)
        same = ("shape", "xy0", "interp_style", "order", "weighting", "undersample_style")
        assert [getattr(entry, n) for n in same] == [getattr(meant, n) for n in same]


def test_to_be_subtracted(tmp_path):
    done, background = written(tmp_path, SPLINES["akima"], sign="subtract")
    assert np.abs(image_of(done.path) + background).max() <= done.difference
    with fits.open(done.path) as hdus:
        assert {h.header["BGVSIGN"] for h in hdus} == {"SUBTRACT"}


def test_a_level_far_above_its_structure_keeps_its_digits(tmp_path):
    config = MatchConfig(use_polynomial=True, order=4, bin_size=16)
    done, background = written(tmp_path, config, scale=1e-6, level=1e5)
    assert np.abs(image_of(done.path) - background).max() <= 2.5e-7 * np.abs(background).max()


@pytest.mark.parametrize("weighting", [False, True])
def test_a_list_of_others_with_holes_and_weights(tmp_path, weighting):
    """Not what we write: a polynomial through cells of which some are missing."""
    rng = np.random.default_rng(3)
    values = rng.normal(10, 1, (9, 8)).astype("f4")
    values[2, 3:6] = np.nan
    errors = rng.uniform(0.1, 3, (9, 8)).astype("f4")
    errors[4, 4] = 0
    entry = ListEntry(values, errors, (61, 77), order=3, weighting=weighting)
    theirs = chebyshev(values, errors, centres(77, 8), centres(61, 9), 77, 61, 3, weighting)
    assert largest_difference(entry, theirs.astype("f4")) < 3e-6


def test_no_numbers_no_file(tmp_path):
    reference, science = pair()
    result = match_backgrounds(reference, science, MatchConfig(bin_size=16))
    background = result.model.render()
    background[3, 4] = np.nan
    with pytest.raises(WriteError, match="no numbers"):
        write_background_list(science, result.model, background, tmp_path / "b.fits")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "id"),
    [
        (lambda hdus: hdus.pop(), "E_BGLIST_HDUS"),
        (lambda hdus: hdus[0].header.remove("BKGD_WIDTH"), "E_BGLIST_KEY"),
        (lambda hdus: hdus[0].header.set("INTERPSTYLE", 99), "E_BGLIST_KEY"),
        (lambda hdus: hdus[0].header.set("BKGD_HEIGHT", 0), "E_BGLIST_BBOX"),
        (lambda hdus: setattr(hdus[2], "data", hdus[2].data[1:]), "E_BGLIST_DIMS"),
    ],
)
def test_damaged_lists_are_refused(tmp_path, change, id):
    done, _ = written(tmp_path, SPLINES["akima"])
    with fits.open(done.path, memmap=False) as hdus:
        hdus.readall()
        change(hdus)
        hdus.writeto(tmp_path / "bad.fits")
    with pytest.raises(ReadError) as caught:
        read_background_list(tmp_path / "bad.fits")
    assert caught.value.id == id


@pytest.mark.skipif(shutil.which("fitsverify") is None, reason="fitsverify is not installed")
def test_fitsverify_has_nothing_to_say(tmp_path):
    done, _ = written(tmp_path, SPLINES["akima"])
    ran = subprocess.run(
        ["fitsverify", str(done.path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
