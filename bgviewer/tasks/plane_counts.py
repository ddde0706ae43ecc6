"""How many pixels of an exposure have each mask plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.progress import SILENT, Progress

__all__ = ["PlaneCounts", "count_planes"]

_BLOCK = 1 << 17  # pixels at a time: they stay in cache, and stopping is heard soon
_DIGIT = 16  # bits that are counted together


@dataclass(frozen=True)
class PlaneCounts:
    """Pixels per mask plane.

    Attributes
    ----------
    total : int
        Pixels of the exposure.
    counts : mapping of str to int
        Plane -> pixels that have it set; a pixel may have several.
    """

    total: int
    counts: Mapping[str, int] = field(default_factory=dict)

    def share(self, plane: str) -> float:
        """Share of the pixels, 0 to 1; an unknown plane has none."""
        return self.counts.get(plane, 0) / self.total if self.total else 0.0


def count_planes(image: MaskedImage, progress: Progress = SILENT) -> PlaneCounts:
    """Count the pixels of every plane in one pass over the mask.

    Raises
    ------
    Cancelled
        When the work is stopped.
    """
    ny, nx = image.shape
    planes = image.planes or {}
    if image.mask is None or not planes:
        return PlaneCounts(ny * nx, dict.fromkeys(planes, 0))
    flat = np.ascontiguousarray(image.mask).reshape(-1)
    flat = flat.view(f"u{flat.dtype.itemsize}")
    digits = range(0, 8 * flat.dtype.itemsize, _DIGIT)
    sums = {shift: np.zeros(1 << _DIGIT, np.int64) for shift in digits}
    for start in range(0, flat.size, _BLOCK):
        progress.step()
        block = flat[start : start + _BLOCK]
        for shift, found in sums.items():
            values = (block >> shift).astype(np.uint16) if shift else block.astype(np.uint16)
            if shift and not values.any():
                continue
            found += np.bincount(values, minlength=1 << _DIGIT)
    value = np.arange(1 << _DIGIT)
    counts = {}
    for name, bit in planes.items():
        shift = bit - bit % _DIGIT
        has = value >> (bit - shift) & 1
        counts[name] = int(sums[shift] @ has) if shift in sums else 0
    return PlaneCounts(ny * nx, counts)
