"""What of a mask counts: shares are counted by hand, in every integer type."""

from __future__ import annotations

import numpy as np
import pytest

from bgviewer.engine.exposure import MaskedImage, ignoring
from bgviewer.engine.mask_use import MaskUse, mask_use
from bgviewer.engine.ranking import measure_exposure

SIDE = 10
BAD = ("BAD", "SAT")


def image(mask, planes=None, values=None):
    pixels = np.ones((SIDE, SIDE), "f4") if values is None else values
    return MaskedImage(pixels, mask=mask, planes=planes)


def rows(count: int, value: int = 1, dtype: str = "i4") -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), dtype)
    mask[:count] = value
    return mask


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "u4", "i8", "?"])
@pytest.mark.parametrize(("count", "share"), [(0, None), (5, None), (6, 0.6), (10, 1.0)])
def test_more_than_half_is_remarkable(dtype, count, share):
    found = mask_use(image(rows(count, 1, dtype)), BAD)
    if share is None:
        assert found is None
    else:
        assert found == MaskUse(flagged=share, planes={"BAD": share}, counted=("BAD",))


def test_pixels_without_a_value_do_not_count():
    """A warp whose gaps are flagged too: 4 of 10 rows have data, one of them is bad."""
    values = np.ones((SIDE, SIDE), "f4")
    values[:6] = np.nan
    assert mask_use(image(rows(7), values=values), BAD) is None


@pytest.mark.parametrize("bit", [7, 15, 31])
def test_a_mask_of_which_nothing_counts(bit):
    dtype = {7: "i1", 15: "i2", 31: "i4"}[bit]
    value = -(1 << bit)  # the sign is a bit like any other
    found = mask_use(image(rows(2, value, dtype), {"BAD": 0, "EDGE": 4}), BAD)
    assert found == MaskUse(unnamed=(bit,), not_counted=0.2, unnamed_share=0.2)
    named = mask_use(image(rows(2, value, dtype), {"BAD": 0, "EDGE": bit}), BAD)
    assert named == MaskUse(planes={"EDGE": 0.2}, not_counted=0.2)


def test_bits_without_a_name_beside_some_that_count():
    mask = rows(2, 1) | rows(1, 1 << 12)
    found = mask_use(image(mask), BAD)
    assert found == MaskUse(planes={"BAD": 0.2}, counted=("BAD",), unnamed=(12,), unnamed_share=0.1)


def test_no_bad_planes_are_a_wish():
    assert mask_use(image(rows(2)), ()) is None


def test_regions_of_the_user_are_none_of_the_masks():
    ignored = ignoring(image(rows(0)), np.ones((SIDE, SIDE), bool))
    assert mask_use(ignored, BAD) is None
    alone = ignoring(MaskedImage(np.ones((SIDE, SIDE), "f4")), np.ones((SIDE, SIDE), bool))
    assert mask_use(alone, BAD) is None


def test_it_is_measured_with_the_good_pixels():
    assert measure_exposure(image(rows(6))).mask == mask_use(image(rows(6)), BAD)
    assert measure_exposure(image(rows(5))).mask is None
    assert measure_exposure(MaskedImage(np.ones((SIDE, SIDE), "f4"))).mask is None
