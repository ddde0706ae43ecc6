"""What the window shows of the flux loss: the curve, and one source in words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bgviewer.engine.flux_loss import BOTH_EXPOSURES, FluxLoss, default_radii, default_source
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.tasks.flux_loss import FluxLossCurve, flux_loss_curve
from bgviewer.tasks.photometric_scale import PhotometricScale

__all__ = ["FluxLossQuery", "FluxLossView", "flux_loss_text", "flux_loss_view"]


@dataclass(frozen=True)
class FluxLossQuery:
    """Which faint source is asked about.

    Attributes
    ----------
    radius : float or None
        Half-light radius in pixels; None = 50, or a twentieth of the shorter side.
    brightness : float or None
        Surface brightness of its middle in the pixel unit; None = a tenth of the pixel noise.
    at : (float, float) or None
        Its middle (x, y) in parent pixels; None = on a cell in the middle of those with data.
    """

    radius: float | None = None
    brightness: float | None = None
    at: tuple[float, float] | None = None


@dataclass(frozen=True)
class FluxLossView:
    """What the match removes of sources at one place.

    Attributes
    ----------
    curve : FluxLossCurve
        Over radii, the one that was asked about among them.
    own : FluxLoss
        Of the source that was asked about.
    at : (float, float)
        Its middle, in parent pixels.
    scale : PhotometricScale
        Of the pixels.
    """

    curve: FluxLossCurve
    own: FluxLoss
    at: tuple[float, float]
    scale: PhotometricScale = field(default_factory=PhotometricScale)

    @property
    def unit(self) -> str:
        """Pixel unit."""
        return self.scale.unit

    @property
    def words(self) -> tuple[str, ...]:
        """The same in plain sentences."""
        x, y = self.at
        said = [
            BOTH_EXPOSURES,
            f"{flux_loss_text(self.own, self.scale)} It is at x = {x:.0f}, y = {y:.0f}.",
        ]
        half = self.curve.radius_at(0.5)
        if half is not None:
            said.append(f"Half of the flux goes at a half-light radius of {half:.0f} pixels.")
        elif max(self.curve.shares) < 0.5:
            said.append(f"Up to {self.curve.radii[-1]:.0f} pixels less than half goes.")
        return tuple(said)


def flux_loss_text(loss: FluxLoss, scale: PhotometricScale) -> str:
    """Return what a match removes of light that only the science exposure has, in words."""
    source = loss.source
    radius = f"{source.radius:.3g} pixels"
    if scale.arcsec is not None:
        radius = f"{source.radius * scale.arcsec:.3g}″ ({radius})"
    return (
        f"Light in one exposure only (comet, variable, ghost, trail): of a faint source of "
        f"half-light radius {radius} and {scale.text(source.brightness)} in its middle the match "
        f"removes {100 * loss.profile:.1f} % of the flux weighted with its profile, "
        f"{100 * loss.aperture:.1f} % of that within two half-light radii and "
        f"{100 * loss.total:.0f} % of all of it."
    )


def flux_loss_view(
    result: MatchResult,
    query: FluxLossQuery,
    unit: str | None = None,
    progress: Progress = SILENT,
) -> FluxLossView:
    """Add sources to the science exposure in memory and see what the match makes of them.

    A place outside the image counts as none.

    Raises
    ------
    FitError
        When no cell has a value.
    """
    usual = default_source(result, query.radius)
    (ny, nx), (x0, y0) = result.difference.shape, result.difference.xy0
    x, y = usual.x, usual.y
    if query.at is not None and 0 <= query.at[0] - x0 < nx and 0 <= query.at[1] - y0 < ny:
        x, y = query.at[0] - x0, query.at[1] - y0
    brightness = usual.brightness if query.brightness is None else query.brightness
    source = replace(usual, brightness=brightness, x=x, y=y)
    radii = tuple({*default_radii(result), source.radius})
    curve = flux_loss_curve(result, radii, brightness=brightness, at=(x, y), progress=progress)
    own = next(loss for loss in curve.losses if loss.source.radius == source.radius)
    return FluxLossView(curve, own, (x + x0, y + y0), PhotometricScale.of(result.science, unit))
