"""How much the choice of the reference depends on the weights of the cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from bgviewer.engine.ranking import Ranking

__all__ = ["DRAWS", "Stability", "stability_of"]

DRAWS = 2000
"""Random weights; a share is then known to about one percent."""
_SEED = 20140
_AT_ONCE = 100  # draws whose costs stay in the cache, of many exposures too


@dataclass(frozen=True, eq=False)
class Stability:
    """Who wins under random weights.

    Attributes
    ----------
    shares : ndarray float64, shape (n,)
        Share of the draws in which each exposure has the lowest cost, 0..1.
    best : int
        The exposure that wins with the present weights.
    runner_up : int or None
        The other exposure that wins most often; None where no other ever does.
    draws : int
    """

    shares: NDArray[np.float64]
    best: int
    runner_up: int | None
    draws: int

    @property
    def share(self) -> float:
        """Share of the draws that the present best wins."""
        return float(self.shares[self.best])


def stability_of(ranking: Ranking, *, draws: int = DRAWS, seed: int = _SEED) -> Stability:
    """Rank anew with weights drawn evenly from all triples that sum to 1.

    Exposures without a cost never win; of equal costs the first wins, as in `rank_exposures`.
    """
    terms = ranking.terms
    ratios = np.stack([terms.variance, terms.level, terms.coverage])
    weights = default_rng(seed).dirichlet(np.ones(3), draws)
    known = ~np.isnan(ranking.cost)
    wins = np.zeros(len(ranking.cost), np.intp)
    for first in range(0, draws, _AT_ONCE):
        with np.errstate(all="ignore"):
            costs = weights[first : first + _AT_ONCE] @ ratios
        np.copyto(costs, np.inf, where=~known | np.isnan(costs))
        wins += np.bincount(costs.argmin(axis=1), minlength=len(wins))
    others = wins.copy()
    others[ranking.best] = 0
    second = int(others.argmax())
    return Stability(
        shares=wins / draws,
        best=ranking.best,
        runner_up=second if others[second] > 0 else None,
        draws=draws,
    )
