"""What the window shows of the faint-light guard: the curve, and one blob in words."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bgviewer.engine.guard import Loss, usual_blob, usual_sizes
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.tasks.guard import GuardCurve, guard_curve

__all__ = ["GuardView", "GuardWish", "guard_view"]


@dataclass(frozen=True)
class GuardWish:
    """Which faint blob is asked about.

    Attributes
    ----------
    size : float or None
        Full width at half maximum in pixels; None = 100, or a tenth of the shorter side.
    brightness : float or None
        Surface brightness of its middle in the pixel unit; None = a tenth of the pixel noise.
    at : (float, float) or None
        Its middle (x, y) in parent pixels; None = on a cell in the middle of those with data.
    """

    size: float | None = None
    brightness: float | None = None
    at: tuple[float, float] | None = None


@dataclass(frozen=True)
class GuardView:
    """What the match removes of blobs at one place.

    Attributes
    ----------
    curve : GuardCurve
        Over sizes, the one that was asked about among them.
    own : Loss
        Of the blob that was asked about.
    at : (float, float)
        Its middle, in parent pixels.
    unit : str
        Of its brightness.
    """

    curve: GuardCurve
    own: Loss
    at: tuple[float, float]
    unit: str

    @property
    def words(self) -> tuple[str, ...]:
        """The same in plain sentences."""
        blob, (x, y) = self.own.blob, self.at
        said = [
            f"Of a faint blob of {blob.size:.0f} pixels (full width at half maximum) and "
            f"{blob.brightness:.3g} {self.unit}".rstrip()
            + f" at x = {x:.0f}, y = {y:.0f} the match removes "
            f"{100 * self.own.share:.1f} % of the flux and {100 * self.own.peak:.1f} % of the peak."
        ]
        half = self.curve.size_at(0.5)
        if half is not None:
            said.append(f"Half of the flux goes at {half:.0f} pixels.")
        elif max(self.curve.shares) < 0.5:
            said.append(f"Up to {self.curve.sizes[-1]:.0f} pixels less than half goes.")
        if self.own.share > 0.1:
            said.append("A larger binSize or a lower order spares it; or mask what shall stay.")
        return tuple(said)


def guard_view(
    result: MatchResult, wish: GuardWish, unit: str = "", progress: Progress = SILENT
) -> GuardView:
    """Add blobs to the science exposure in memory and see what the match makes of them.

    A place outside the image counts as none.

    Raises
    ------
    FitError
        When no cell has a value.
    """
    usual = usual_blob(result, wish.size)
    (ny, nx), (x0, y0) = result.difference.shape, result.difference.xy0
    x, y = usual.x, usual.y
    if wish.at is not None and 0 <= wish.at[0] - x0 < nx and 0 <= wish.at[1] - y0 < ny:
        x, y = wish.at[0] - x0, wish.at[1] - y0
    brightness = usual.brightness if wish.brightness is None else wish.brightness
    blob = replace(usual, brightness=brightness, x=x, y=y)
    sizes = tuple({*usual_sizes(result), blob.size})
    curve = guard_curve(result, sizes, brightness=brightness, at=(x, y), progress=progress)
    own = next(loss for loss in curve.losses if loss.blob.size == blob.size)
    return GuardView(curve, own, (x + x0, y + y0), unit)
