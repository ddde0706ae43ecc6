"""MaskedImage: planes as one checked object (SPEC section 1)."""

import numpy as np
import pytest

import bgviewer
from bgviewer.engine.exposure import CANONICAL_PLANES
from bgviewer.errors import ShapeMismatchError

from .twin_numbers import BITS

IMAGE = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_classical_planes():
    assert {name: 1 << bit for name, bit in CANONICAL_PLANES.items()} == BITS
    image = bgviewer.MaskedImage(image=IMAGE, mask=np.zeros((3, 4), int))
    assert image.bits(bgviewer.MatchConfig().bad_mask_planes) == 0x16F  # SPEC 1


@pytest.mark.parametrize("dtype", [np.float64, ">f4", ">f8", np.int16, ">i2", np.uint8, bool])
def test_image_becomes_native_float32(dtype):
    values = (IMAGE % 2).astype(dtype)
    image = bgviewer.MaskedImage(image=values, variance=values)
    for plane in (image.image, image.variance):
        assert plane.dtype == np.float32
        assert plane.dtype.isnative
        np.testing.assert_array_equal(plane, IMAGE % 2)
    assert image.shape == (3, 4)


def test_planes_are_read_only():
    image = bgviewer.MaskedImage(image=IMAGE, mask=np.zeros((3, 4), int), variance=IMAGE)
    for plane in (image.image, image.mask, image.variance):
        with pytest.raises(ValueError, match="read-only"):
            plane[0, 0] = 1
    assert IMAGE.flags.writeable, "the caller's own array stays as it was"


@pytest.mark.parametrize(
    ("planes", "words"),
    [
        ({"image": np.zeros(5)}, "(5,)"),
        ({"image": np.zeros((2, 3, 4))}, "(2, 3, 4)"),
        ({"image": np.zeros((0, 4))}, "(0, 4)"),
        ({"image": np.zeros((2, 2), complex)}, "complex"),
        ({"image": np.array([["a", "b"]])}, "<U1"),
        ({"image": IMAGE, "mask": np.zeros((4, 3), int)}, "3 x 4"),
        ({"image": IMAGE, "variance": np.zeros((3, 5))}, "5 x 3"),
        ({"image": IMAGE, "mask": np.zeros((3, 4))}, "float64"),
        ({"image": IMAGE, "mask": np.zeros(12, int)}, "(12,)"),
    ],
)
def test_planes_that_do_not_fit(planes, words):
    with pytest.raises(ShapeMismatchError) as caught:
        bgviewer.MaskedImage(**planes)
    assert words in str(caught.value)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", ">u2", ">i4", "i8", "u8"])
def test_masks_of_any_width(dtype):
    bit = 8 * np.dtype(dtype).itemsize - 1  # the highest, which is the sign of signed ones
    mask = np.zeros((3, 4), dtype)
    mask[1, 2] = np.array(1 << bit, f"u{np.dtype(dtype).itemsize}").astype(dtype)
    mask[0, 0] = 1
    image = bgviewer.MaskedImage(image=IMAGE, mask=mask, planes={"LOW": 0, "TOP": bit, "OFF": 62})
    assert np.argwhere(image.flagged(["TOP"])).tolist() == [[1, 2]]
    assert np.argwhere(image.flagged(["TOP", "LOW"])).tolist() == [[0, 0], [1, 2]]
    assert not np.any(image.flagged(["OFF"]))
    assert image.plane_counts() == {"LOW": 1, "TOP": 1, "OFF": 0}


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", ">u2", ">i4", "i8"])
def test_match_sees_the_highest_bit(dtype):
    bit = 8 * np.dtype(dtype).itemsize - 1
    mask = np.zeros((6, 6), dtype)
    mask[:, 3:] = np.array(1 << bit, f"u{np.dtype(dtype).itemsize}").astype(dtype)
    values = np.where(mask != 0, 9.0, 2.0)
    ref = bgviewer.MaskedImage(image=values, mask=mask, planes={"MINE": bit})
    sci = bgviewer.MaskedImage(image=np.zeros((6, 6)))
    config = bgviewer.MatchConfig(bin_size=6, interp_style="CONSTANT", bad_mask_planes=("MINE",))
    assert bgviewer.match_backgrounds(ref, sci, config).cells.values[0, 0] == 2.0
    assert bgviewer.match_backgrounds(sci, ref, config).cells.values[0, 0] == -2.0
    assert bgviewer.measure_exposure(ref, config).level == 2.0


def test_no_mask_flags_nothing():
    image = bgviewer.MaskedImage(image=IMAGE)
    assert image.flagged(["SAT"]) is None
    assert image.bits(["SAT"]) == 0


def test_boolean_mask():
    image = bgviewer.MaskedImage(image=IMAGE, mask=IMAGE > 9, planes={"BAD": 0})
    assert image.plane_counts() == {"BAD": 2}


def test_scaling():
    """Image times s, variance times s squared, all in float32 (SPEC 1)."""
    image = bgviewer.MaskedImage(image=IMAGE, mask=np.ones((3, 4), int), variance=IMAGE + 1)
    s = np.float32(1.7)
    scaled = image.scaled(1.7)
    np.testing.assert_array_equal(scaled.image, IMAGE * s)
    np.testing.assert_array_equal(scaled.variance, (IMAGE + 1) * (s * s))
    np.testing.assert_array_equal(scaled.mask, image.mask)
    assert scaled.image.dtype == scaled.variance.dtype == np.float32
    assert image.scaled(1.0) is image
    np.testing.assert_array_equal(image.image, IMAGE)


def test_exposure_remembers_its_scale():
    exposure = bgviewer.Exposure(image=IMAGE, name="one", unit="adu")
    twice = exposure.scaled(2.0).scaled(0.25)
    assert twice.scale == 0.5
    assert (twice.name, twice.unit) == ("one", "adu")
    assert exposure.scale == 1.0
