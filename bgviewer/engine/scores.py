"""How well predictions fit the judged tiles, with standard errors from the scatter of groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.holdout import Yardstick

__all__ = ["Score", "excess", "joined", "joined_rows", "score_tiles", "with_hidden"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Score:
    """How well predictions fit the judged tiles.

    Attributes
    ----------
    value : float
        Weighted mean of (tile - prediction)^2 - error^2: the mean squared error of the model
        where it was not fitted, in unit squared; may come out slightly negative.
    error : float
        Its standard error, from the scatter between groups of tiles.
    rms : float
        Root of the mean of (tile - prediction)^2, noise included.
    sums, weights : ndarray float64, 1-D
        The same sums group by group; `value` = sum(sums) / sum(weights).
    """

    value: float
    error: float
    rms: float
    sums: Array
    weights: Array


def score_tiles(yardstick: Yardstick, predictions: Array) -> Score:
    """Judge predictions [ty, tx] of the tiles' means; NaN where a judged tile has none."""
    places, values, noise, weights = yardstick.picked
    squares = (values - predictions.ravel()[places]) ** 2
    member, totals = yardstick.groups
    sums = np.bincount(member, weights * (squares - noise)).astype(np.float64)
    value, error = _ratio(sums, totals)
    rms = math.sqrt(float(np.sum(weights * squares)) / float(totals.sum()))
    return Score(value, error, rms, sums, totals)


def with_hidden(score: Score, hidden: float, share: float) -> Score:
    """Return the score over more than the tiles: a share of the area has another squared error.

    Parameters
    ----------
    hidden : float
        Mean squared error expected there, in unit squared.
    share : float
        Of the whole area, 0 to 1.
    """
    sums = (1.0 - share) * score.sums + share * hidden * score.weights
    value = (1.0 - share) * score.value + share * hidden
    return Score(value, (1.0 - share) * score.error, score.rms, sums, score.weights)


def excess(score: Score, best: Score) -> tuple[float, float]:
    """Return by how much a score is above another on the same tiles, and the standard error.

    Noise of the tiles that both share cancels group by group, which makes this far sharper than
    the error of either.
    """
    return _ratio(score.sums - best.sums, best.weights)


def joined(scores: Sequence[Score]) -> Score:
    """Return the mean of scores on different tiles, each counting alike."""
    return joined_rows([scores])[0]


def joined_rows(rows: Sequence[Sequence[Score]]) -> list[Score]:
    """Return the mean of each row's scores; as `joined` of each, and much faster.

    Scores in one column are of the same tiles.
    """
    if not rows:
        return []
    shares, weights = [], []
    for column in zip(*rows, strict=True):
        total = float(column[0].weights.sum())
        shares.append(np.stack([s.sums for s in column]) / total)
        weights.append(column[0].weights / total)
    sums: Array = np.concatenate(shares, axis=1)
    weight: Array = np.concatenate(weights)
    rms = np.sqrt(np.mean([[s.rms**2 for s in row] for row in rows], axis=1))
    return [Score(*_ratio(m, weight), float(r), m, weight) for m, r in zip(sums, rms, strict=True)]


def _ratio(sums: Array, weights: Array) -> tuple[float, float]:
    """Return sum(sums) / sum(weights) and its standard error over the groups."""
    total, count = float(weights.sum()), len(sums)
    value = float(sums.sum()) / total
    if count < 2:
        return value, math.nan
    off = sums - value * weights
    return value, math.sqrt(count / (count - 1) * float(off @ off)) / total
