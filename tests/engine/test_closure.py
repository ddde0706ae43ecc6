"""What is left between two images, where one knows it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bgviewer.engine.closure import good_image, left_over, step_for
from bgviewer.engine.exposure import MaskedImage

SHAPE = (192, 256)
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)


def image(values, **how):
    return good_image(MaskedImage(np.asarray(values, np.float32)), ("BAD",), **how)


@pytest.mark.parametrize("step", [1, 2, 4])
def test_a_plane_and_an_offset(step):
    slope, offset, block = 0.02, 3.0, 32
    plane = offset + slope * (X - X.mean())
    found = left_over(image(plane, step=step), image(0 * plane, step=step), block, step)
    # Means of blocks about the middle: offset^2 + slope^2 block^2 (n^2 - 1) / 12; what a plane
    # scatters within a block counts as noise.
    n = SHAPE[1] // block
    square = offset**2 + slope**2 * block**2 * (n * n - 1) / 12
    assert found.offset == pytest.approx(offset, rel=1e-4)
    assert found.smooth == pytest.approx(math.sqrt(square - found.noise**2), rel=1e-4)
    assert found.pixels == SHAPE[0] * SHAPE[1] and found.blocks == 48
    assert found.worst == pytest.approx(offset + slope * 0.5 * block * (n - 1), rel=1e-4)
    assert (found.worst_x, found.worst_y) == (239.5, 15.5)


def test_noise_alone_leaves_next_to_nothing():
    rng = np.random.default_rng(4)
    a, b = (rng.standard_normal(SHAPE) for _ in range(2))
    found = left_over(image(a), image(b), 16)
    assert found.noise == pytest.approx(math.sqrt(2) / 16, rel=0.02)
    assert found.smooth < 0.4 * found.noise
    faint = left_over(image(a + 0.1 * np.sin(X / 40)), image(b), 16)
    assert faint.smooth == pytest.approx(0.07, rel=0.15), "below the noise of a single block"


def test_only_pixels_that_both_have_count():
    a, b = np.zeros(SHAPE), np.full(SHAPE, 2.0)
    a[:, :100] = np.nan
    b[:, 200:] = 777.0
    mask = np.zeros(SHAPE, int)
    mask[:, 200:] = 1
    second = good_image(MaskedImage(b.astype(np.float32), mask), ("BAD",))
    found = left_over(image(a), second, 32)
    assert found.pixels == 100 * SHAPE[0]
    assert found.offset == found.worst == -2.0 and found.smooth == pytest.approx(2.0)
    nothing = left_over(image(a), image(np.full(SHAPE, np.nan)), 32)
    assert nothing.blocks == 0 and math.isnan(nothing.smooth)


def test_squares_count_when_half_of_them_is_good():
    values = np.ones(SHAPE)
    values[:, 0] = np.nan
    values[0, 4:8] = np.nan
    values[1, 4:8] = np.nan
    values[2, 4] = np.nan
    small = image(values, step=4)
    assert small.shape == (48, 64)
    assert small[0, 0] == 1.0 and np.isnan(small[0, 1]) and small[0, 2] == 1.0


def test_large_stacks_are_made_smaller():
    assert step_for((4096, 4096), 8) == 1
    assert step_for((4096, 4096), 100) == 3
