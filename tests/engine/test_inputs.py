"""What a caller may pass where pixels are expected."""

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData, InverseVariance, NDData, StdDevUncertainty, VarianceUncertainty
from astropy.utils.masked import Masked

import bgviewer
from bgviewer.errors import BgviewerWarning, ConfigError, NoOverlapError, ShapeMismatchError

RAMP = np.linspace(0, 20, 64, dtype="f4")[None, :].repeat(48, 0)
BLOCK = np.zeros((48, 64), bool)
BLOCK[10:30, 20:40] = True
SPOILT = np.where(BLOCK, 60000, RAMP).astype("f4")
CONFIG = bgviewer.MatchConfig(bin_size=16)

MASKED = {
    "numpy": np.ma.MaskedArray(SPOILT, BLOCK),
    "CCDData": CCDData(SPOILT, unit="adu", mask=BLOCK),
    "NDData": NDData(SPOILT, mask=BLOCK.astype("i2") * 4),
    "Masked Quantity": Masked(SPOILT * u.adu, mask=BLOCK),
    "Masked array": Masked(SPOILT, mask=BLOCK),
}


@pytest.mark.parametrize("given", MASKED.values(), ids=MASKED)
@pytest.mark.parametrize("planes", [("BAD",), ("NONE_SUCH",), ()])
def test_the_mask_of_the_array_counts_whatever_the_bad_planes_are(given, planes):
    config = bgviewer.MatchConfig(bin_size=16, bad_mask_planes=planes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)  # NONE_SUCH exists in neither
        result = bgviewer.match_backgrounds(np.zeros_like(RAMP), given, config)
    # the sky of the reference is 0; the block, if it counted, would pull the model by thousands
    assert np.abs(result.matched.image[~BLOCK]).max() < 3
    image = bgviewer.MaskedImage(image=given)
    assert image.plane_counts() == {"IGNORED": int(BLOCK.sum())}
    np.testing.assert_array_equal(image.image, SPOILT)


def test_a_mask_of_bits_and_that_of_the_array_are_joined():
    bits = np.zeros(RAMP.shape, "u2")
    bits[0, :5] = 1 << 9
    given = np.ma.MaskedArray(SPOILT, BLOCK)
    image = bgviewer.MaskedImage(image=given, mask=bits, planes={"SAT": 9})
    assert image.plane_counts() == {"SAT": 5, "IGNORED": int(BLOCK.sum())}


def test_masked_array_without_a_masked_pixel_has_no_mask():
    for given in (np.ma.MaskedArray(RAMP), np.ma.MaskedArray(RAMP, np.zeros_like(BLOCK))):
        assert bgviewer.MaskedImage(image=given).mask is None


@pytest.mark.parametrize(
    "uncertainty",
    [
        StdDevUncertainty(np.full(RAMP.shape, 3.0)),
        VarianceUncertainty(np.full(RAMP.shape, 9.0)),
        InverseVariance(np.full(RAMP.shape, 1 / 9)),
    ],
    ids=["std", "var", "ivar"],
)
def test_uncertainty_becomes_the_variance(uncertainty):
    image = bgviewer.Exposure(image=CCDData(RAMP, unit="adu", uncertainty=uncertainty))
    np.testing.assert_allclose(image.variance, 9.0, rtol=1e-6)
    assert image.unit == "adu"
    own = bgviewer.MaskedImage(
        image=CCDData(RAMP, unit="adu", uncertainty=uncertainty), variance=np.ones(RAMP.shape)
    )
    assert float(own.variance.max()) == 1.0, "what is passed goes before the object's own"


def test_units_are_carried_and_checked():
    assert bgviewer.MaskedImage(image=RAMP * u.nJy).unit == "nJy"
    assert bgviewer.MaskedImage(image=RAMP, unit="adu").unit == "adu"
    image = bgviewer.MaskedImage(image=RAMP * u.mJy, variance=np.ones(RAMP.shape) * u.uJy**2)
    np.testing.assert_allclose(image.variance, 1e-6, rtol=1e-6)
    with pytest.raises(ShapeMismatchError, match="square of the image's unit adu"):
        bgviewer.MaskedImage(image=RAMP * u.adu, variance=np.ones(RAMP.shape) * u.adu)
    with pytest.raises(ConfigError, match="'nJy'"):
        bgviewer.MaskedImage(image=RAMP * u.adu, unit="nJy")
    with pytest.warns(BgviewerWarning, match="reference is in adu, the science exposure in nJy"):
        result = bgviewer.match_backgrounds(RAMP * u.adu, RAMP * u.nJy, CONFIG)
    assert result.matched.unit == "nJy"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("visit.fits", "bgviewer.read"),
        (None, "NoneType"),
        (fits.PrimaryHDU(RAMP), "PrimaryHDU"),
        ([[1, 2], [3]], "list"),
        ({"image": RAMP}, "dict"),
        (RAMP[None], "(1, 48, 64)"),
        (RAMP.astype(complex), "complex"),
    ],
    ids=["path", "None", "HDU", "ragged", "dict", "cube", "complex"],
)
def test_what_is_no_exposure_is_refused_with_a_sentence(given, words):
    for call in (
        lambda: bgviewer.match_backgrounds(RAMP, given, CONFIG),
        lambda: bgviewer.match_backgrounds(given, RAMP, CONFIG),
        lambda: bgviewer.measure_exposure(given),
    ):
        with pytest.raises(ShapeMismatchError) as caught:
            call()
        assert words in str(caught.value)


@pytest.mark.parametrize("planes", [{"BAD": 99}, {"BAD": -1}, {"BAD": 1.5}, {"BAD": True}, {3: 0}])
def test_bits_that_no_mask_has_are_refused(planes):
    with pytest.raises(ConfigError, match="bit number from 0 to 63"):
        bgviewer.MaskedImage(image=RAMP, mask=BLOCK, planes=planes)


def test_masked_array_is_no_mask():
    with pytest.raises(ShapeMismatchError, match="as image= and its mask counts"):
        bgviewer.MaskedImage(image=RAMP, mask=np.ma.MaskedArray(BLOCK, BLOCK))


def test_flags_that_do_not_count_are_warned_of():
    science = bgviewer.MaskedImage(image=SPOILT, mask=BLOCK, planes={"bad": 0})
    with pytest.warns(BgviewerWarning, match=r"none of its planes \(bad\) is in bad_mask_planes"):
        bgviewer.match_backgrounds(RAMP, science, CONFIG)


def test_bad_plane_that_neither_exposure_has_is_warned_of():
    science = bgviewer.MaskedImage(image=SPOILT, mask=BLOCK, planes={"BAD": 0})
    config = bgviewer.MatchConfig(bin_size=16, bad_mask_planes=("BAD", "SATT"))
    with pytest.warns(BgviewerWarning, match="bad mask plane SATT; it counts as empty"):
        bgviewer.match_backgrounds(RAMP, science, config)


@pytest.mark.parametrize("statistic", ["MEAN", "MEDIAN", "MEANCLIP"])
def test_pair_without_a_common_good_pixel_is_a_failure(statistic):
    left = np.where(np.arange(64) < 32, RAMP, np.nan)
    right = np.where(np.arange(64) < 32, np.nan, RAMP)
    config = bgviewer.MatchConfig(bin_size=16, grid_statistic=statistic)
    with pytest.raises(NoOverlapError, match="no pixel is good in both"):
        bgviewer.match_backgrounds(left, right, config)


def test_settings_of_another_type_are_refused():
    with pytest.raises(ConfigError, match="not dict"):
        bgviewer.match_backgrounds(RAMP, RAMP, {"binSize": 16})


def test_the_mask_of_the_variance_counts_too():
    variance = np.ma.MaskedArray(np.ones(RAMP.shape), BLOCK)
    image = bgviewer.MaskedImage(image=SPOILT, variance=variance)
    assert image.plane_counts() == {"IGNORED": int(BLOCK.sum())}
