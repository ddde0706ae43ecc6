"""Screen-sized arrays against plain loops; levels and sizes by closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from bgviewer.engine.exposure import MaskedImage
from bgviewer.tasks import picture as p
from bgviewer.tasks.levels import Levels


def blocks(image, window):
    """Every block as a plain slice."""
    for j in range(window.shape[0]):
        for i in range(window.shape[1]):
            y, x = window.y0 + j * window.step, window.x0 + i * window.step
            top, right = min(y + window.step, window.y1), min(x + window.step, window.x1)
            yield j, i, image[y:top, x:right]


@pytest.mark.parametrize("side", [7, 40, 64, 500])
@pytest.mark.parametrize("rectangle", [None, (3.2, 50.0, -9.0, 31.5)])
def test_block_mean_is_the_mean_of_the_finite_pixels(side, rectangle):
    rng = np.random.default_rng(4)
    image = rng.normal(100, 5, (83, 131)).astype(np.float32)
    image[rng.random(image.shape) < 0.3] = np.nan
    image[20:60, 10:70] = np.nan
    image[5, 5] = np.inf
    window = p.window_of(image.shape, rectangle, side)
    assert max(window.shape) <= side
    means = p.block_mean(image, window)
    for j, i, block in blocks(image, window):
        good = block[np.isfinite(block)]
        expected = good.astype(float).mean() if good.size else np.nan
        np.testing.assert_allclose(means[j, i], expected, rtol=2e-6, equal_nan=True)


def test_a_window_covers_the_image_and_its_middles_lie_inside():
    window = p.window_of((1500, 1300), None, 384)
    assert window.step == 4 and window.shape == (375, 325)
    assert window.rows[0] == 1 and window.rows[-1] < 1500
    assert window.box((100, 200)) == (99.5, 199.5, 1300.0, 1500.0)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32])
def test_block_planes_names_the_first_plane_of_the_list(kind):
    rng = np.random.default_rng(1)
    masks = [rng.choice([0, 0, 0, 1, 2, 4, 6], (30, 41)).astype(kind) for _ in range(2)]
    planes = ({"A": 0, "B": 1, "C": 2}, {"B": 0, "C": 1, "far": 60})
    pair = tuple(
        MaskedImage(np.zeros((30, 41)), m, planes=n) for m, n in zip(masks, planes, strict=True)
    )
    names = ("C", "far", "A", "B")
    window = p.window_of((30, 41), None, 12)
    found = p.block_planes(pair, names, window)
    for j, i, _ in blocks(masks[0], window):
        set_here = set()
        for mask, bits in zip(masks, planes, strict=True):
            block = next(b for y, x, b in blocks(mask, window) if (y, x) == (j, i))
            set_here |= {n for n, bit in bits.items() if bit < 8 and (block & (1 << bit)).any()}
        expected = next((k + 1 for k, n in enumerate(names) if n in set_here), 0)
        assert found[j, i] == expected


def test_a_picture_is_finite_and_says_where_nothing_is():
    values = np.array([[1.0, np.nan], [np.inf, 4.0]], np.float32)
    window = p.window_of((2, 2))
    made = p.make_picture("x", values, window, (0, 0), Levels(0, 5), "sky")
    assert np.isfinite(made.values).all()
    np.testing.assert_array_equal(made.hidden > 0, [[False, True], [True, False]])
    np.testing.assert_array_equal(made.values[[0, 1], [0, 1]], [1.0, 4.0])
    whole = p.make_picture("x", np.ones((2, 2), np.float32), window, (0, 0), Levels(0, 5), "sky")
    assert whole.hidden is None


def test_doubtful_values_are_hatched_thinly_and_keep_their_values():
    values = np.arange(400, dtype=np.float32).reshape(20, 20)
    values[0, 0] = np.nan
    doubtful = np.zeros((20, 20), bool)
    doubtful[:, 10:] = True
    made = p.make_picture(
        "x", values, p.window_of((20, 20)), (0, 0), Levels(0, 400), "sky", doubtful=doubtful
    )
    lines = made.hidden == 3
    assert lines[:, 10:].any() and not lines[:, :10].any()
    assert lines[:, 10:].mean() < 0.2, "the colours are seen through"
    assert made.hidden[0, 0] in (1, 2)
    np.testing.assert_array_equal(made.values[1:], values[1:])
