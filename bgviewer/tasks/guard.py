"""The faint-light guard as a task: a curve of losses over the size of the blob."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.guard import Blob, Loss, faint_light_losses, usual_blob, usual_sizes
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.match import match_pair

__all__ = ["Blob", "GuardCurve", "GuardRequest", "Loss", "guard", "guard_curve"]


@dataclass(frozen=True, eq=False)
class GuardRequest:
    """Which pair to guard, and against the loss of what.

    Attributes
    ----------
    sizes : tuple of float
        Full widths at half maximum in pixels; empty = about the bin size, in even steps.
    brightness : float or None
        Surface brightness of the middle; None = a tenth of the pixel noise.
    at : (float, float) or None
        Middle (x, y) in parent pixels; None = on a cell in the middle of those with data.
    reuse : MatchResult or None
        An earlier match of the same pair.
    """

    stack: ExposureStack = field(repr=False)
    reference_id: int
    science_id: int
    config: MatchConfig
    sizes: tuple[float, ...] = ()
    brightness: float | None = None
    at: tuple[float, float] | None = None
    reuse: MatchResult | None = field(default=None, repr=False)


@dataclass(frozen=True)
class GuardCurve:
    """What a match removes of faint blobs of several sizes.

    Attributes
    ----------
    losses : tuple of Loss
        By size.
    bin_size : int
        The present one, to be marked.
    rerun : bool
        Whether every blob was gridded again.
    """

    losses: tuple[Loss, ...]
    bin_size: int
    rerun: bool

    @property
    def sizes(self) -> tuple[float, ...]:
        """Full widths at half maximum, in pixels."""
        return tuple(loss.blob.size for loss in self.losses)

    @property
    def shares(self) -> tuple[float, ...]:
        """Shares of the flux that are removed."""
        return tuple(loss.share for loss in self.losses)

    def size_at(self, share: float) -> float | None:
        """Return the size at which this share is lost; None where the curve does not cross it."""
        for (s0, v0), (s1, v1) in pairwise(zip(self.sizes, self.shares, strict=True)):
            if v0 <= share <= v1 and v1 > v0:
                return float(math.exp(math.log(s0) + (share - v0) / (v1 - v0) * math.log(s1 / s0)))
        return None


def guard(request: GuardRequest, progress: Progress = SILENT) -> GuardCurve:
    """Match the pair (or take over an earlier match) and add blobs to the science exposure.

    Raises
    ------
    BgviewerError
        When the pair cannot be read or matched, or the blob lies outside the image.
    """
    result = match_pair(
        request.stack,
        request.reference_id,
        request.science_id,
        request.config,
        reuse=request.reuse,
        complete=False,
        progress=progress,
    )
    at = None
    if request.at is not None:
        x0, y0 = result.difference.xy0
        at = (request.at[0] - x0, request.at[1] - y0)
    return guard_curve(
        result, request.sizes, brightness=request.brightness, at=at, progress=progress
    )


def guard_curve(
    result: MatchResult,
    sizes: tuple[float, ...] = (),
    *,
    brightness: float | None = None,
    at: tuple[float, float] | None = None,
    progress: Progress = SILENT,
) -> GuardCurve:
    """Return the curve of a match; `at` is the middle (x, y) in local pixels."""
    usual = usual_blob(result)
    x, y = (usual.x, usual.y) if at is None else at
    bright = usual.brightness if brightness is None else brightness
    wanted = sorted(sizes or usual_sizes(result))
    blobs = [replace(usual, size=size, brightness=bright, x=x, y=y) for size in wanted]
    rerun = result.config.grid_statistic != "MEAN"
    if not rerun:
        losses = faint_light_losses(result, blobs, progress)
    else:
        found: list[Loss] = []
        for number, blob in enumerate(blobs):
            progress.step(number / len(blobs), f"faint light of {blob.size:.0f} pixels")
            found += faint_light_losses(result, [blob], progress)
        losses = tuple(found)
    progress.step(1.0)
    return GuardCurve(losses, result.config.bin_size, rerun)
