"""Flux loss as a task: a curve over the half-light radius of the source."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.flux_loss import (
    ExtendedSource,
    FluxLoss,
    default_radii,
    default_source,
    flux_losses,
)
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.match import match_pair

__all__ = [
    "ExtendedSource",
    "FluxLoss",
    "FluxLossCurve",
    "FluxLossRequest",
    "flux_loss",
    "flux_loss_curve",
]


@dataclass(frozen=True, eq=False)
class FluxLossRequest:
    """Which pair, and the loss of what light.

    Attributes
    ----------
    radii : tuple of float
        Half-light radii in pixels; empty = about the bin size, in even steps.
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
    radii: tuple[float, ...] = ()
    brightness: float | None = None
    at: tuple[float, float] | None = None
    reuse: MatchResult | None = field(default=None, repr=False)


@dataclass(frozen=True)
class FluxLossCurve:
    """What a match removes of faint sources that one exposure has, of several radii.

    Attributes
    ----------
    losses : tuple of FluxLoss
        By radius.
    bin_size : int
        The present one, to be marked.
    rerun : bool
        Whether every source was gridded again.
    """

    losses: tuple[FluxLoss, ...]
    bin_size: int
    rerun: bool

    @property
    def radii(self) -> tuple[float, ...]:
        """Half-light radii, in pixels."""
        return tuple(loss.source.radius for loss in self.losses)

    @property
    def shares(self) -> tuple[float, ...]:
        """Profile-weighted shares of the flux that are removed."""
        return tuple(loss.profile for loss in self.losses)

    def radius_at(self, share: float) -> float | None:
        """Return the radius at which this share is lost; None where the curve does not cross it."""
        for (s0, v0), (s1, v1) in pairwise(zip(self.radii, self.shares, strict=True)):
            if v0 <= share <= v1 and v1 > v0:
                return float(math.exp(math.log(s0) + (share - v0) / (v1 - v0) * math.log(s1 / s0)))
        return None


def flux_loss(request: FluxLossRequest, progress: Progress = SILENT) -> FluxLossCurve:
    """Match the pair (or take over an earlier match) and add sources to the science exposure.

    Raises
    ------
    BgviewerError
        When the pair cannot be read or matched, or the source lies outside the image.
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
    return flux_loss_curve(
        result, request.radii, brightness=request.brightness, at=at, progress=progress
    )


def flux_loss_curve(
    result: MatchResult,
    radii: tuple[float, ...] = (),
    *,
    brightness: float | None = None,
    at: tuple[float, float] | None = None,
    progress: Progress = SILENT,
) -> FluxLossCurve:
    """Return the curve of a match; `at` is the middle (x, y) in local pixels."""
    usual = default_source(result)
    x, y = (usual.x, usual.y) if at is None else at
    bright = usual.brightness if brightness is None else brightness
    wanted = sorted(radii or default_radii(result))
    sources = [replace(usual, radius=radius, brightness=bright, x=x, y=y) for radius in wanted]
    rerun = result.config.grid_statistic != "MEAN" or result.fit.smooth is not None
    if not rerun:
        losses = flux_losses(result, sources, progress)
    else:
        found: list[FluxLoss] = []
        for number, source in enumerate(sources):
            progress.step(number / len(sources), f"faint light of {source.radius:.0f} pixels")
            found += flux_losses(result, [source], progress)
        losses = tuple(found)
    progress.step(1.0)
    return FluxLossCurve(losses, result.config.bin_size, rerun)
