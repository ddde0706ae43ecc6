"""The public functions with exposures in memory, and with what is none."""

import io

import numpy as np
import pytest
from astropy.io import fits

import bgviewer

SKY = np.random.default_rng(1).normal(100, 3, (48, 64)).astype("f4")
CONFIG = bgviewer.MatchConfig(bin_size=16)


@pytest.mark.parametrize(
    "stack",
    [
        [SKY, SKY + 7],
        [bgviewer.MaskedImage(image=SKY), np.ma.MaskedArray(SKY + 7)],
        (image for image in (SKY, SKY + 7)),
    ],
    ids=["arrays", "mixed", "generator"],
)
def test_match_stack_takes_exposures_in_memory(stack):
    reference, science = bgviewer.match_stack(stack, CONFIG, reference=0)
    assert (reference.status, science.status) == ("reference", "matched")
    np.testing.assert_allclose(science.model.render(), -7, atol=1e-3)
    assert [reference.name, science.name] == ["exposure_1", "exposure_2"]


def test_match_stack_takes_paths(tmp_path):
    for name, image in (("a", SKY), ("b", SKY + 7)):
        fits.writeto(tmp_path / f"{name}.fits", image)
    outcomes = bgviewer.match_stack(tmp_path, CONFIG, reference="a")
    assert [o.status for o in outcomes] == ["reference", "matched"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: bgviewer.match_stack(7, CONFIG),
        lambda: bgviewer.match_stack([fits.PrimaryHDU(SKY)], CONFIG),
        lambda: bgviewer.read(fits.HDUList([fits.PrimaryHDU(SKY)])),
        lambda: bgviewer.read(io.BytesIO()),
        lambda: bgviewer.load_stack(None),
        lambda: bgviewer.load_stack([fits.HDUList()]),
        lambda: bgviewer.rank_exposures([bgviewer.MaskedImage(image=SKY)]),
        lambda: bgviewer.sweep(3),
        lambda: bgviewer.diagnose(SKY),
    ],
)
def test_other_types_get_an_error_that_says_what_to_do(call):
    with pytest.raises(bgviewer.BgviewerError) as caught:
        call()
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("xy0", [(1,), None, "ab", (float("nan"), 0), (1.5, 2)])
def test_positions_that_are_none_are_refused(xy0):
    with pytest.raises(bgviewer.ConfigError, match="two whole numbers"):
        bgviewer.MaskedImage(image=SKY, xy0=xy0)


@pytest.mark.parametrize("values", [{1: 2}, [1], None])
def test_settings_without_names_are_refused(values):
    with pytest.raises(bgviewer.ConfigError, match="must map LSST's names"):
        bgviewer.MatchConfig.from_lsst(values)


def test_units_of_exposures_in_memory_are_compared():
    images = [bgviewer.MaskedImage(image=SKY, unit=unit) for unit in ("nJy", "uJy")]
    told = bgviewer.match_stack(images, CONFIG, reference=0)[1].warnings
    assert "it is in uJy, the reference in nJy; the pixels are compared as they are" in told


def test_set_bits_without_a_name_are_warned_of():
    mask = np.zeros(SKY.shape, "u2")
    mask[:9] = 1 << 12
    with pytest.warns(bgviewer.BgviewerWarning, match="its flags do not count"):
        bgviewer.match_backgrounds(SKY, bgviewer.MaskedImage(image=SKY, mask=mask), CONFIG)
