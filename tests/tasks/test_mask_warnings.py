"""Masks that flag most of an exposure, or nothing that counts, are reported everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.ranking import measure_exposure
from bgviewer.io.conventions import Choice
from bgviewer.io.read import read
from bgviewer.io.stack import ExposureStack, load_stack
from bgviewer.tasks.check import check
from bgviewer.tasks.consistency import ConsistencyRequest
from bgviewer.tasks.import_preview import preview_import
from bgviewer.tasks.inspect import inspect_file
from bgviewer.tasks.load import load
from bgviewer.tasks.match import match_pair, match_stack

SHAPE = (64, 100)
CONFIG = MatchConfig(bin_size=16)


def scene(number: int) -> np.ndarray:
    """Sky 100 + 10 n, noise 1; seven dead columns of 100 at 0."""
    image = np.random.default_rng(number).normal(100 + 10 * number, 1, SHAPE)
    image[:, 40:47] = 0
    return image.astype("f4")


def good() -> np.ndarray:
    """1 = good: 93 of 100 columns."""
    mask = np.ones(SHAPE, "u1")
    mask[:, 40:47] = 0
    return mask


def write_sidecars(folder: Path, mask: np.ndarray) -> list[Path]:
    paths = []
    for number in range(3):
        paths.append(folder / f"e{number}.fits")
        fits.PrimaryHDU(scene(number)).writeto(paths[-1])
        fits.PrimaryHDU(mask).writeto(folder / f"e{number}_mask.fits")
    return paths


def write_planes(folder: Path, mask: np.ndarray, **cards: int) -> list[Path]:
    paths = []
    for number in range(3):
        paths.append(folder / f"e{number}.fits")
        hdus = [fits.PrimaryHDU(), fits.ImageHDU(scene(number), name="IMAGE")]
        hdus.append(fits.ImageHDU(mask, name="MASK"))
        hdus[-1].header.update(cards)
        fits.HDUList(hdus).writeto(paths[-1])
    return paths


def write_lsst(folder: Path, mask: np.ndarray) -> list[Path]:
    """Planes that lie in the file as they are used: measured without being read whole."""
    paths = []
    for number in range(3):
        hdus = [fits.PrimaryHDU()]
        variance = np.ones(SHAPE, "f4")
        planes = (("IMAGE", scene(number)), ("MASK", mask.astype("i4")), ("VARIANCE", variance))
        for role, data in planes:
            hdus.append(fits.ImageHDU(data, name=role))
            hdus[-1].header["EXTTYPE"] = role
        hdus[2].header["MP_BAD"], hdus[2].header["MP_EDGE"] = 0, 4
        paths.append(folder / f"e{number}.fits")
        fits.HDUList(hdus).writeto(paths[-1])
    return paths


def told(texts, *words: str) -> bool:
    return any(all(word in text for word in words) for text in texts)


WRITERS = {"side-car": write_sidecars, "HDU": write_planes, "LSST": write_lsst}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_map_of_good_pixels_is_told_with_its_share(tmp_path, kind):
    paths = WRITERS[kind](tmp_path, good())
    label = "*_mask.fits" if kind == "side-car" else "HDU 2 MASK"
    words = ("93 % of the pixels are flagged", label, "BAD", "--mask-meaning positive")
    loaded = load(paths, CONFIG)
    assert all(told(texts, *words[:1]) for _, texts in loaded.warnings)
    assert told(loaded.warnings[0][1], *words)
    for outcome in match_stack(load_stack(paths), CONFIG, 1):
        assert told(outcome.warnings, words[0], words[3])
    found = check(ConsistencyRequest(load_stack(paths), CONFIG, 0))
    assert [name for name, texts in found.warnings.items() if told(texts, words[0])] == [
        "e0",
        "e1",
        "e2",
    ]
    assert told(inspect_file(paths[0])["warnings"], *words)
    assert told(preview_import(paths[0], Choice()).warnings, *words)


@pytest.mark.parametrize("kind", WRITERS)
def test_the_option_that_is_named_turns_the_meaning_round(tmp_path, kind):
    """Sky 100 in all matched exposures: a wrong meaning would match the dead columns alone."""
    paths = WRITERS[kind](tmp_path, good())
    choices = dict.fromkeys(paths, Choice(mask_meaning="positive"))
    stack = load_stack(paths, choices=choices)
    exposure = stack.read(0)
    np.testing.assert_array_equal(exposure.flagged(("NO_DATA",)), good() == 0)
    for number in (1, 2):
        matched = match_pair(stack, 0, number, CONFIG).matched.image
        assert matched[good() == 1].mean() == pytest.approx(100, abs=0.1)
    assert not any(told(outcome.warnings, "flagged") for outcome in match_stack(stack, CONFIG, 0))


@pytest.mark.parametrize("kind", WRITERS)
def test_all_pixels_flagged_is_a_failure_that_says_how_to_go_on(tmp_path, kind):
    paths = WRITERS[kind](tmp_path, np.ones(SHAPE, "u1"))
    for _, texts in load(paths, CONFIG).warnings:
        assert told(texts, "100 % of the pixels are flagged", "--mask-meaning positive")
    for outcome in match_stack(load_stack(paths), CONFIG, 0)[1:]:
        assert outcome.status == "failed"
        assert told(outcome.warnings, "100 %", "--mask-meaning positive")


def test_a_weight_without_positive_numbers_is_turned_round_the_other_way(tmp_path):
    paths = write_sidecars(tmp_path, 1 - good())
    loaded = load_stack(paths, choices=dict.fromkeys(paths, Choice(mask_meaning="positive")))
    outcome = match_stack(loaded, CONFIG, 0)[1]
    assert told(outcome.warnings, "93 %", "NO_DATA", "--mask-meaning nonzero")


def test_a_plane_that_is_not_among_the_bad_ones_is_named(tmp_path):
    mask = (1 - good()) * np.uint8(16)
    paths = write_lsst(tmp_path, mask)
    words = ("flags 7 % of the pixels", "EDGE is not in badMaskPlanes", "HDU 2 MASK")
    for texts in (
        *(texts for _, texts in load(paths, CONFIG).warnings),
        *(outcome.warnings for outcome in match_stack(load_stack(paths), CONFIG, 0)),
        inspect_file(paths[0])["warnings"],
    ):
        assert told(texts, *words)
    with_edge = CONFIG.replace(bad_mask_planes=("BAD", "EDGE"))
    assert not any(texts for _, texts in load(paths, with_edge).warnings)
    assert not any(outcome.warnings for outcome in match_stack(load_stack(paths), with_edge, 0))


@pytest.mark.parametrize("beside", [0, 1])
def test_bits_without_a_name_are_told_and_can_be_counted(tmp_path, beside):
    mask = (1 - good()).astype("i4") << 12
    mask[:8] |= beside  # BAD
    paths = write_lsst(tmp_path, mask)
    loaded = load(paths, CONFIG)
    for _, texts in loaded.warnings:
        assert told(texts, "bit 12", "7 %" if not beside else "bit 12", "--mask-meaning nonzero")
    choices = dict.fromkeys(paths, Choice(mask_meaning="nonzero"))
    exposure = load_stack(paths, choices=choices).read(0)
    np.testing.assert_array_equal(exposure.flagged(("BAD",)), mask != 0)


def test_a_mask_in_order_is_not_mentioned(tmp_path):
    paths = write_lsst(tmp_path, 1 - good())
    assert not any(texts for _, texts in load(paths, CONFIG).warnings)
    assert not any(outcome.warnings for outcome in match_stack(load_stack(paths), CONFIG, 0))


@pytest.mark.parametrize("value", [1, 16, 1 << 20])
def test_measuring_on_disk_says_the_same_as_reading(tmp_path, value):
    path = write_lsst(tmp_path, good().astype("i4") * value)[0]
    stack = load_stack([path])
    assert stack.measure(0, CONFIG).mask == measure_exposure(read(path), CONFIG).mask
    assert stack.measure(0, CONFIG).mask is not None


def test_exposures_in_memory_are_told_of_too():
    mask = np.full(SHAPE, 1 << 3, "i2")
    held = [Exposure(scene(n), mask=mask, planes={"BAD": 0}, name=f"m{n}") for n in range(2)]
    outcome = match_stack(ExposureStack.of(held), CONFIG, 0)[1]
    assert told(outcome.warnings, "100 %", "bit 3 has no name")
