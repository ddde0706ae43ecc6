"""Profiles along rows and columns: of a plane, of holes, against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bgviewer.engine.exposure import MaskedImage
from bgviewer.tasks.profiles import LINES, profiles_at
from tests.tasks.shown import match_pair, noise_pair

XY0 = (500, -20)


@pytest.fixture(scope="module")
def plane():
    """No noise: reference 100 everywhere, science 100 + 0.5 x − 0.25 y, in local pixels."""
    y, x = np.mgrid[:90, :120].astype(np.float64)
    science = 100 + 0.5 * x - 0.25 * y
    pair = (MaskedImage(i.astype(np.float32), xy0=XY0) for i in (np.full((90, 120), 100), science))
    return match_pair(*pair, bin_size=20, use_polynomial=True, order=1)


def test_of_a_plane(plane):
    row, column = profiles_at(plane, XY0[0] + 30, XY0[1] + 60, width=11)
    assert (row.along, column.along) == ("row", "column")
    assert (row.width, row.step, row.at) == (11, 1, XY0[1] + 60)
    assert (column.width, column.at) == (11, XY0[0] + 30)
    x, y = row.positions - XY0[0], column.positions - XY0[1]
    np.testing.assert_array_equal(x, np.arange(120))
    np.testing.assert_array_equal(y, np.arange(90))
    for profile, science in ((row, 100 + 0.5 * x - 0.25 * 60), (column, 115 - 0.25 * y)):
        assert tuple(profile.lines) == LINES
        np.testing.assert_allclose(profile.lines["reference"], 100)
        np.testing.assert_allclose(profile.lines["science"], science, rtol=1e-6)
        np.testing.assert_allclose(profile.lines["model"], 100 - science, atol=1e-3)
        np.testing.assert_allclose(profile.lines["matched"], 100, rtol=1e-5)
        low, high = profile.model_range
        assert (low, high) == (profile.lines["model"].min(), profile.lines["model"].max())


@pytest.mark.parametrize(
    ("at", "middle"),
    [
        ((None, None), (60, 45)),
        ((XY0[0] - 0.4, XY0[1] + 0.4), (5, 5)),  # the strip ends where the image does
        ((XY0[0] + 1e9, XY0[1] - 1e9), (114, 5)),
        ((XY0[0] + 30.49, XY0[1] + 30.51), (30, 31)),
    ],
)
def test_the_strip_stays_inside(plane, at, middle):
    row, column = profiles_at(plane, *at, width=11)
    assert (column.at - XY0[0], row.at - XY0[1]) == middle
    known = row.lines["science"][40]
    assert known == pytest.approx(100 + 20 - 0.25 * middle[1])


def test_a_strip_is_no_wider_than_the_image(plane):
    row, column = profiles_at(plane, width=1000)
    assert (row.width, column.width) == (90, 120)
    assert row.at == XY0[1] + 44.5
    assert row.lines["science"][0] == pytest.approx(100 - 0.25 * 44.5)


def test_only_pixels_good_in_both_count_and_gaps_have_no_value():
    reference, science = noise_pair((60, 80), sky=4.0)
    image, other = science.image.copy(), reference.image.copy()
    image[20:40, 10] = np.nan
    other[25:28, 30] = 1e6
    other[25:28, 30] = np.nan
    image[:, 50:52] = np.nan
    image[33, 60] = np.inf
    pair = MaskedImage(other), MaskedImage(image)
    shown = match_pair(*pair, bin_size=20, use_polynomial=True, order=1)
    row, column = profiles_at(shown, 50, 29, width=7)
    good = np.isfinite(shown.result.difference.values)
    for j in range(80):
        rows = [i for i in range(26, 33) if good[i, j]]
        for name, pixels in (("reference", other), ("science", image)):
            value = row.lines[name][j]
            if rows:
                expected = math.fsum(float(pixels[i, j]) for i in rows) / len(rows)
                assert value == pytest.approx(expected, rel=1e-6)
            else:
                assert math.isnan(value)
    assert np.flatnonzero(np.isnan(row.lines["science"])).tolist() == [10, 50, 51]
    assert np.isfinite(row.lines["model"]).all()
    np.testing.assert_allclose(
        row.lines["matched"], row.lines["science"] + row.lines["model"], equal_nan=True
    )
    assert all(math.isfinite(v) for v in (*row.image_range, *column.image_range))


def test_long_strips_are_averaged_and_the_last_block_may_be_shorter():
    reference, science = noise_pair((40, 700), sky=1.0)
    shown = match_pair(reference, science, bin_size=20, use_polynomial=True, order=1)
    row, column = profiles_at(shown, 350, 20, width=9)
    assert row.step == 3 and column.step == 1
    strip = science.image[16:25].astype(float).mean(axis=0)
    expected = [strip[i : i + 3].mean() for i in range(0, 700, 3)]
    np.testing.assert_allclose(row.lines["science"], expected, rtol=1e-6)
    middles = [np.arange(i, min(i + 3, 700)).mean() for i in range(0, 700, 3)]
    np.testing.assert_allclose(row.positions, middles)
    assert len(row.positions) <= 256


def test_where_nothing_is_good_there_is_no_range_of_the_images():
    reference, science = noise_pair((60, 60))
    image = science.image.copy()
    image[:30] = np.nan
    shown = match_pair(reference, MaskedImage(image), bin_size=20, use_polynomial=True, order=0)
    row, column = profiles_at(shown, 30, 5, width=5)
    assert all(math.isnan(v) for v in row.image_range)
    assert np.isnan(row.lines["matched"]).all() and math.isfinite(row.model_range[0])
    assert np.isnan(column.lines["science"][:30]).all()
    assert np.isfinite(column.lines["science"][30:]).all()


def test_a_bright_star_does_not_hide_the_sky():
    reference, science = noise_pair((60, 400), sigma=1.0)
    image = reference.image.copy()
    image[28:33, 100:103] += 50_000
    shown = match_pair(MaskedImage(image), science, bin_size=20, grid_statistic="MEDIAN")
    row, _ = profiles_at(shown, 200, 30, width=5)
    low, high = row.image_range
    assert row.lines["reference"].max() > 40_000 and high < 60 and low > 40
