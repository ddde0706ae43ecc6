"""Pairs whose difference is known, for what judges a match."""

from __future__ import annotations

import numpy as np

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.matching import MatchResult, match_backgrounds


def pair(shape=(256, 320), smooth=0.0, noise=1.0, seed=0, holes=0.0, empty=None):
    """Reference and science whose difference is `smooth` and noise of deviation `noise`."""
    rng = np.random.default_rng(seed)
    image = np.broadcast_to(np.asarray(smooth, float), shape) + noise * rng.standard_normal(shape)
    mask = np.where(rng.random(shape) < holes, 1, 0)
    reference = image.astype(np.float32)
    if empty is not None:
        reference[empty] = np.nan
    zero = np.zeros(shape, np.float32)
    return MaskedImage(reference, mask), MaskedImage(zero)


def matched(config: MatchConfig | None = None, *, settings=None, **how) -> MatchResult:
    """Match such a pair."""
    config = config or MatchConfig(**(settings or {}))
    return match_backgrounds(*pair(**how), config, complete=False)


def positions(shape):
    """Return y [ny, 1] and x [1, nx] of the pixels, -1 to 1 over the image."""
    ny, nx = shape
    y = (np.arange(ny)[:, None] - 0.5 * (ny - 1)) * 2 / ny
    x = (np.arange(nx)[None, :] - 0.5 * (nx - 1)) * 2 / nx
    return y, x
