"""A small field of stars over a flat sky, for source detection."""

from __future__ import annotations

import numpy as np


def field(shape=(200, 300), stars=((60, 80), (150, 250)), flux=400.0, seed=7) -> np.ndarray:
    """Sky of 100 that scatters by 5, with round stars of known place."""
    rng = np.random.default_rng(seed)
    image = rng.normal(100, 5, shape)
    y, x = np.indices(shape)
    for row, column in stars:
        image += flux * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 2.5**2))
    return image.astype("f4")
