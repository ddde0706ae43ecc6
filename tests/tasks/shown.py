"""Matches made for the tests of what is told about them."""

from __future__ import annotations

from typing import Any

import numpy as np

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.show import Shown, ShowRequest, show

__all__ = ["NAMES", "match_pair", "noise_pair"]

NAMES = {"BAD": 0, "SAT": 1, "DETECTED": 5, "NO_DATA": 8}


def match_pair(reference: MaskedImage, science: MaskedImage, **settings: Any) -> Shown:
    """Match two exposures as the window does."""
    stack = ExposureStack.of([reference, science])
    return show(ShowRequest(stack, 0, 1, MatchConfig(**settings)))


def noise_pair(
    shape: tuple[int, int] = (90, 120),
    sky: Any = 0.0,
    seed: int = 1,
    xy0: tuple[int, int] = (0, 0),
    masks: tuple[Any, Any] = (None, None),
    sigma: float = 3.0,
) -> tuple[MaskedImage, MaskedImage]:
    """Two exposures of white noise; `sky` is added to the science exposure."""
    rng = np.random.default_rng(seed)
    made = []
    for level, mask in zip((0.0, sky), masks, strict=True):
        image = (rng.normal(50, sigma, shape) + level).astype(np.float32)
        variance = np.full(shape, sigma**2, np.float32)
        planes = None if mask is None else NAMES
        made.append(MaskedImage(image, mask, variance, planes=planes, xy0=xy0))
    return made[0], made[1]
