"""Rectangles of the parent grid, and cutting exposures to what they share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.continued import ContinuedModel
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.extent import Extent, common_part, cut_out, laid_into
from bgviewer.engine.matching import match_backgrounds
from bgviewer.errors import NoOverlapError

sides = st.integers(1, 12)
places = st.integers(-9, 9)
extents = st.builds(Extent, places, places, sides, sides)


def pixels_of(extent: Extent) -> set[tuple[int, int]]:
    return {
        (x, y)
        for x in range(extent.x0, extent.x0 + extent.nx)
        for y in range(extent.y0, extent.y0 + extent.ny)
    }


def image_over(extent: Extent) -> MaskedImage:
    """Every pixel tells its own parent position."""
    y, x = np.mgrid[: extent.ny, : extent.nx]
    values = 1000.0 * (y + extent.y0) + (x + extent.x0)
    mask = np.asarray((x + extent.x0) % 2, np.int32)
    return MaskedImage(values, mask, values + 0.5, {"BAD": 0}, extent.xy0)


@given(extents, extents)
def test_the_overlap_is_that_of_the_sets(one, other):
    both = pixels_of(one) & pixels_of(other)
    found = one & other
    assert (pixels_of(found) if found.size else set()) == both
    assert found.size == len(both)
    assert one.outside(other) == pytest.approx(1 - len(both) / one.size)
    around = Extent.around([one, other])
    assert pixels_of(one) | pixels_of(other) <= pixels_of(around)


@given(extents, extents)
def test_common_parts_are_the_same_pixels(one, other):
    a, b = image_over(one), image_over(other)
    if not (one & other).size:
        with pytest.raises(NoOverlapError, match="no overlap"):
            common_part(a, b)
        return
    first, second = common_part(a, b)
    assert Extent.of(first) == Extent.of(second) == one & other
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.mask, second.mask)
    np.testing.assert_array_equal(first.variance, second.variance)


def test_equal_extents_are_not_touched():
    a, b = image_over(Extent(3, 4, 6, 5)), image_over(Extent(3, 4, 6, 5))
    assert common_part(a, b)[0] is a and common_part(a, b)[1] is b
    assert cut_out(a, Extent.of(a)) is a and laid_into(a, Extent.of(a)) is a


@given(extents, extents)
def test_laying_out_and_cutting_back_loses_nothing(one, other):
    frame = Extent.around([one, other])
    image = image_over(one)
    laid = laid_into(image, frame)
    assert Extent.of(laid) == frame
    assert np.isfinite(laid.image).sum() == one.size
    back = cut_out(laid, one)
    np.testing.assert_array_equal(back.image, image.image)
    np.testing.assert_array_equal(back.mask, image.mask)


@given(st.integers(-5000, 5000), st.integers(-5000, 5000))
def test_where_a_pair_lies_changes_no_pixel(dx, dy):
    """Shifting the XY0 of both is nothing but a shift of the cells' positions."""
    rng = np.random.default_rng(3)
    config = MatchConfig(bin_size=16)

    def pair(x, y):
        science = MaskedImage(rng_image[:40, 8:], xy0=(x + 8, y))
        reference = MaskedImage(rng_image[:, :40] * 0.5, xy0=(x, y))
        return match_backgrounds(*common_part(reference, science), config)

    rng_image = rng.normal(10, 1, (48, 48)).astype("f4")
    here, there = pair(0, 0), pair(dx, dy)
    np.testing.assert_array_equal(here.matched.image, there.matched.image)
    assert here.fit_rms == there.fit_rms and here.matched_mse == there.matched_mse
    np.testing.assert_array_equal(here.cells.x + dx, there.cells.x)


@pytest.mark.parametrize("polynomial", [False, True])
def test_a_continued_model_is_the_model_shifted(polynomial):
    rng = np.random.default_rng(4)
    config = MatchConfig(bin_size=16, use_polynomial=polynomial, order=2)
    part = rng.normal(0, 1, (64, 80)).astype("f4")
    model = match_backgrounds(MaskedImage(part), MaskedImage(part * 0 + 1), config).model
    whole = ContinuedModel(model, (90, 100), (12, 7))
    full = whole.render()
    assert full.shape == (90, 100) and whole.kind == model.kind and not whole.is_empty
    np.testing.assert_array_equal(full[7:71, 12:92], model.render())
    outside = model.render(np.arange(-7, 83), np.arange(-12, 88))
    np.testing.assert_array_equal(full, outside)
    rows = whole.rows()
    out = np.empty((rows.n_rows, rows.n_columns), np.float32)
    rows.fill(0, rows.n_rows, out)
    np.testing.assert_allclose(out, full, rtol=1e-6)
