"""Held-out rms of one setting: fitted to part of the pixels, judged on the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.folds import smooth_predictions
from bgviewer.engine.holdout import HoldOut, lay_yardstick
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scores import Score, score_tiles
from bgviewer.engine.sweeping import (
    Candidate,
    PairSweep,
    SweepCell,
    SweepSpace,
    best_of,
    recommended_of,
)
from bgviewer.errors import BgviewerError, Remedy

__all__ = ["HeldOut", "held_out_in_sweep", "measure_held_out"]


@dataclass(frozen=True)
class HeldOut:
    """How far the model of these settings is off where it was not fitted, in the pixel unit.

    Attributes
    ----------
    rms, error : float
        Root of the held-out score (0 where noise explains it all), and its standard error; NaN
        where it is not known.
    best : float or None
        The smallest of the sweep; None = only this one setting was tried.
    reason : str
        Why it is not known.
    remedy : Remedy or None
        What a sweep recommends instead.
    score_error : float
        Standard error of the score, in unit squared; NaN where it is not known.
    """

    rms: float
    error: float
    best: float | None = None
    reason: str = ""
    remedy: Remedy | None = None
    score_error: float = math.nan


def measure_held_out(
    result: MatchResult,
    hold_out: HoldOut | None = None,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> HeldOut:
    """Fit the settings of a match to four fifths of its pixels, five times; judge on the rest."""
    if result.fit.smooth is not None:
        return _of_smooth(result, hold_out, progress, threads)
    wanted = Candidate.of(result.config)
    space = SweepSpace(
        (wanted.bin_size,),
        () if wanted.order is None else (wanted.order,),
        () if wanted.interp_style is None else (wanted.interp_style,),
        (wanted.grid_statistic,),
        cell_centroids=wanted.cell_centroids,
    )
    try:
        pair = PairSweep.prepare(
            result.difference, result.config, space, hold_out, progress, threads=threads
        )
        (cell,) = pair.run(progress)
    except BgviewerError as error:
        return HeldOut(math.nan, math.nan, reason=str(getattr(error, "reason", None) or error))
    return _of_cell(cell)


def _of_smooth(
    result: MatchResult, hold_out: HoldOut | None, progress: Progress, threads: int | None
) -> HeldOut:
    smooth, difference = result.fit.smooth, result.difference
    assert smooth is not None
    try:
        yardstick = lay_yardstick(difference, hold_out, progress, threads=threads)
        found = smooth_predictions(smooth, difference, yardstick, progress, threads=threads)
    except BgviewerError as error:
        return HeldOut(math.nan, math.nan, reason=str(getattr(error, "reason", None) or error))
    return _of_score(score_tiles(yardstick, found))


def held_out_in_sweep(cells: Sequence[SweepCell], config: MatchConfig) -> HeldOut | None:
    """Return what a sweep found for these settings beside its best; None where it did not try."""
    wanted = None if config.smoothing_length else Candidate.of(config)
    here = next((c for c in cells if c.candidate == wanted), None)
    best, choice = best_of(cells), recommended_of(cells)
    if here is None or best is None or choice is None:
        return None
    found, chosen = _of_cell(here), choice.candidate
    return HeldOut(
        found.rms,
        found.error,
        best.error_rms,
        found.reason,
        Remedy(f"Use {chosen.text}", tuple(chosen.changes().items())),
        found.score_error,
    )


def _of_cell(cell: SweepCell) -> HeldOut:
    if cell.score is None:
        return HeldOut(math.nan, math.nan, reason=cell.reason)
    return _of_score(cell.score)


def _of_score(score: Score) -> HeldOut:
    rms = math.sqrt(max(0.0, score.value))
    # The error of a root; near 0 the root of the error bounds it.
    error = min(score.error / (2.0 * rms) if rms > 0 else math.inf, math.sqrt(score.error))
    return HeldOut(rms, error, score_error=score.error)
