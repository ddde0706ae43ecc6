"""Whether the pixels of an image scatter as those of an exposure do, or are those of a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.blocks import BandLoader
from bgviewer.engine.masks import good_pixels
from bgviewer.engine.scratch import Scratch

__all__ = ["pixels_scatter"]

_ROWS, _FEWEST_ROWS = 96, 8
_PIXELS = 1 << 16
_EQUAL_SHARE = 0.9
"""Noise of a third of a count leaves 70 % of neighbours equal."""
_SMOOTH = 5e-3
"""White noise has sqrt(10), noise smoothed over 10 pixels 0.04, a wave of 100 pixels 0.004."""
_FEWEST = 64


def pixels_scatter(shape: tuple[int, int], load: BandLoader) -> bool:
    """Whether neighbouring good pixels differ, and not by a smooth change alone.

    Parameters
    ----------
    shape : (int, int)
    load : BandLoader
        Fetches rows; a sample of them is looked at.

    Returns
    -------
    bool
        False where more than 90 % of neighbours along x are equal, or where the third
        differences vanish beside the first ones. True below 64 runs of four good pixels.
    """
    ny, nx = shape
    wanted = min(ny, _ROWS, max(_FEWEST_ROWS, _PIXELS // max(1, nx)))
    rows = np.unique(np.linspace(0, ny - 1, wanted).astype(int)) if ny else ()
    scratch = Scratch()
    steps: list[NDArray[np.float64]] = []
    bends: list[NDArray[np.float64]] = []
    for row in rows:
        values, masked = load(slice(int(row), int(row) + 1), scratch)
        line = values[0].astype(np.float64)
        with np.errstate(invalid="ignore"):
            good = np.isfinite(line) & good_pixels(values, masked, slice(0, 1), scratch)[0]
            step = np.diff(line)
            bend = np.diff(step, 2)
        usable = good[:-3] & good[1:-2] & good[2:-1] & good[3:]
        steps.append(step[:-2][usable])
        bends.append(bend[usable])
    step, bend = (np.abs(np.concatenate(p)) if p else np.zeros(0) for p in (steps, bends))
    if step.size < _FEWEST:
        return True
    if np.count_nonzero(step == 0) > _EQUAL_SHARE * step.size:
        return False
    return bool(np.median(bend) > _SMOOTH * np.median(step))
