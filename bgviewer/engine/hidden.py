"""What no tile can judge: pixels that both exposures cover but a mask hides.

Held-out tiles say nothing of what a model does over a masked galaxy.  There its error is estimated
by how far it goes from a P-spline of the same data: one of penalty order 2, which continues the sky
as a plane, or of order 3 where that does with less than half as many effective parameters, for then
the sky is a quadratic.  Within what the P-spline itself may be off by its own covariance no
distance counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.holdout import Yardstick
from bgviewer.engine.penalised_spline import SmoothFit
from bgviewer.engine.progress import SILENT, Progress

__all__ = ["RUNAWAY", "SIMPLER", "HiddenArea", "steady_of"]

Array = NDArray[np.float64]

RUNAWAY = 0.5
"""Times the range of the tiles by which a model runs away: farther beyond it than the P-spline."""
SIMPLER = 0.5
"""Share of the effective parameters of penalty order 2 below which order 3 is believed."""
_LEAST_SHARE = 0.002  # hidden pixels over covered ones below which they are of no account
_FEWEST_SIGMA = 6.0  # noise of a tile that counts as a range where nothing else differs
_DRAWS, _SEED = 8, 1898


@dataclass(frozen=True, eq=False)
class HiddenArea:
    """Tiles that are covered but cannot be judged, and what is expected there.

    Attributes
    ----------
    weights : ndarray float64 [ty, tx]
        Covered pixels of tiles that cannot be judged; 0 elsewhere, and in rows of tiles that
        models are not read in.
    share : float
        Theirs of all covered pixels, 0 to 1; 0 where they are too few to matter.
    surface : ndarray float64 [ty, tx] or None
        The P-spline at the middles of the tiles; None where nothing is hidden.
    variance : float
        Its mean squared error over the hidden pixels by its own covariance.
    low, high : float
        What the values of the tiles range between, or at least six times their noise.
    """

    weights: Array
    share: float
    surface: Array | None
    variance: float
    low: float
    high: float

    @classmethod
    def of(
        cls,
        yardstick: Yardstick,
        covered: Array | None,
        fit: SmoothFit | None,
        progress: Progress = SILENT,
    ) -> HiddenArea:
        """Find the hidden tiles.

        Parameters
        ----------
        covered : ndarray float64 [ty, tx] or None
            Share of each tile that both exposures cover (`covered_shares`); None = nothing but
            what can be judged counts.
        fit : SmoothFit or None
            P-spline of the same difference; without one nothing counts as hidden.
        """
        known = np.isfinite(yardstick.errors)
        values = yardstick.values[known]
        low, high = float(values.min()), float(values.max())
        more = 0.5 * max(_FEWEST_SIGMA * yardstick.noise - (high - low), 0.0)
        sizes = np.diff(yardstick.y_edges)[:, None] * np.diff(yardstick.x_edges)
        weights = np.zeros(known.shape)
        share, variance, surface = 0.0, 0.0, None
        if covered is not None and fit is not None:
            area = covered * sizes
            weights = np.where(known, 0.0, area)
            share = float(weights.sum() / area.sum()) if area.any() else 0.0
            weights[~np.isin(np.arange(len(weights)), yardstick.rows)] = 0.0
            share = share if share >= _LEAST_SHARE and weights.any() else 0.0
        if share > 0 and fit is not None:
            variance = _variance(fit, yardstick, weights, progress)
            surface = fit.system.surfaces(fit.amplitudes, yardstick.y, yardstick.x)
        return cls(weights, share, surface, variance, low - more, high + more)

    def error(self, surface: Array) -> float:
        """Return the mean squared error to expect of a model over the hidden pixels.

        That of the P-spline, or the mean squared distance from it where that is more.

        Parameters
        ----------
        surface : ndarray float64 [ty, tx]
            The model at the middles of the tiles.
        """
        if self.surface is None:
            return 0.0
        places = np.flatnonzero(self.weights)
        off = surface.ravel()[places] - self.surface.ravel()[places]
        away = float(np.average(off * off, weights=self.weights.ravel()[places]))
        return max(self.variance, away)

    def overshoot(self, surface: Array) -> float:
        """Return how far a model goes beyond the range of the tiles' values, in units of it."""
        if self.surface is None or not self.high > self.low:
            return 0.0
        hidden = surface[self.weights > 0]
        beyond = max(float(hidden.max()) - self.high, self.low - float(hidden.min()), 0.0)
        return beyond / (self.high - self.low)

    def runs_away(self, surface: Array) -> bool:
        """Tell whether a model goes much farther beyond that range than the P-spline does."""
        if self.surface is None:
            return False
        return self.overshoot(surface) > RUNAWAY + self.overshoot(self.surface)


def steady_of(fits: Sequence[SmoothFit]) -> SmoothFit | None:
    """Return the P-spline that is believed over hidden pixels; None without any.

    Parameters
    ----------
    fits : sequence of SmoothFit
        In ascending order of their penalty.
    """
    if not fits:
        return None
    first, last = fits[0], fits[-1]
    return last if last.freedom < SIMPLER * first.freedom else first


def _variance(fit: SmoothFit, yardstick: Yardstick, weights: Array, progress: Progress) -> float:
    """Return the mean variance of a P-spline over the hidden pixels, of a few draws."""
    system, rng = fit.system, np.random.default_rng(_SEED)
    drawn = system.draws(fit.smoothing, _DRAWS, rng, progress)
    squares = np.mean(system.surfaces(drawn, yardstick.y, yardstick.x) ** 2, axis=0)
    scatter = system.scatter(fit.amplitudes, fit.smoothing)
    return float(np.average(squares, weights=weights)) * scatter**2
