"""Diagnostics of what is left over: residuals of bins, likeness of neighbours, held-out pixels."""

from __future__ import annotations

import math

import numpy as np

from bgviewer.engine.matching import MatchResult
from bgviewer.engine.probes import NoiseRuns, Probe
from bgviewer.engine.structure import Moran
from bgviewer.engine.uncertainty import UncertaintyMap
from bgviewer.errors import Remedy
from bgviewer.tasks.diagnostic import Diagnostic, bound, unknown
from bgviewer.tasks.held_out import HeldOut
from bgviewer.tasks.remedies import follow_more, larger_cells

__all__ = ["FEWEST_BLOCKS", "autocorrelation", "chi_square", "held_out_rms"]

FEWEST_BLOCKS = 9
"""Blocks with an error below which residuals are not judged."""
_SIGMAS = 3.0
_BLOCKS = {"bins": "bins", "quarters": "quarters of the cells", "tiles": "tiles"}
_CHI_FAIR = 3.0
_MORAN_FAIR = 0.3


def chi_square(result: MatchResult, probe: Probe | None, runs: NoiseRuns | None) -> Diagnostic:
    """Hold the mean square of the pulls against what noise alone gives at these settings."""
    blocks = "bins" if probe is None else _BLOCKS[probe.kind]
    what = (
        f"The mean square of (difference - model) over its error, in {blocks}: what is left after "
        "the match beside what pixel noise explains."
    )
    told = ("chi_square", "Chi-square of residuals")
    if probe is None or runs is None:
        return unknown(*told, what, "It should be about 1.", _why_no_blocks(probe))
    pulls = probe.pulls[np.isfinite(probe.pulls)]
    value = float(np.mean(pulls * pulls))
    away = (value - runs.chi_square) / runs.chi_square_error
    good = (
        f"Noise alone gives {_pm(runs.chi_square, runs.chi_square_error)} at these settings "
        "(below 1, because the fit takes some of the noise up)."
    )
    advice = ""
    remedies: tuple[Remedy, ...] = ()
    if away > _SIGMAS:
        state = "fair" if value <= _CHI_FAIR * runs.chi_square else "bad"
        remedies = follow_more(result)
        finer = {
            "chebyshev": "a higher order",
            "smooth": "a smaller smoothingLength",
        }.get(result.model.kind, "a smaller binSize")
        advice = (
            f"Either structure is left ({finer} follows it), or the errors are too small: faint "
            "unmasked sources, or resampled pixels whose noise is correlated. The likeness of "
            "neighbours tells which."
        )
    elif away < -_SIGMAS:
        state = "fair"
        advice = "Less is left than noise would leave: the errors are too large."
    else:
        state = "good"
    expected = _pm(runs.chi_square, runs.chi_square_error)
    return Diagnostic(*told, value, "", expected, state, what, good, advice, remedies)


def autocorrelation(
    result: MatchResult, likeness: Moran | None, runs: NoiseRuns | None
) -> Diagnostic:
    """Hold the likeness of neighbouring blocks against that of noise after the same fit."""
    what = (
        "Moran's I: how alike the residuals of neighbouring blocks are, from -1 (opposite) over "
        "0 to 1 (the same)."
    )
    told = ("autocorrelation", "Likeness of neighbours")
    if likeness is None or runs is None or math.isnan(likeness.value):
        why = "There are too few blocks with an error to tell."
        return unknown(*told, what, "Noise alone gives about 0.", why)
    expected = _pm(runs.moran, runs.moran_error)
    good = f"Noise alone gives {expected} after this fit."
    excess = likeness.value - runs.moran
    state, advice = "good", ""
    remedies: tuple[Remedy, ...] = ()
    if abs(excess) > _SIGMAS * runs.moran_error:
        state = "fair" if abs(excess) <= _MORAN_FAIR else "bad"
        remedies = follow_more(result)
        if excess < 0:
            remedies += larger_cells(result)
        advice = (
            "Hills and valleys are left over that the model does not follow: try a smaller "
            "binSize or a higher order, and look at where they are in the residuals."
            if excess > 0
            else "Neighbours differ more than noise makes them: structure hardly larger than a "
            "block is left (try a smaller binSize), or the model follows spoilt cells (try a "
            "larger one, or MEANCLIP)."
        )
    return Diagnostic(*told, likeness.value, "", expected, state, what, good, advice, remedies)


def held_out_rms(found: HeldOut, errors: UncertaintyMap, unit: str) -> Diagnostic:
    """Hold the held-out rms against the best of a sweep, or against the error of a cell."""
    what = "How far the model is off where it was not fitted: pixels held out, less their noise."
    told = ("held_out", "Held-out rms")
    if math.isnan(found.rms):
        good = "It should not be above the error of a cell."
        return unknown(*told, what, good, f"It could not be measured: {found.reason}.", unit)
    remedies: tuple[Remedy, ...] = ()
    if found.best is None:
        limit = errors.cell_error if errors.cell_error > 0 else math.nan
        good = "It should not be above the error of a cell; a sweep tells which setting is best."
        advice = "Run the sweep, which tells the setting with the smallest one."
    else:
        limit = max(1.15 * found.best, found.best + found.error)
        good = "It should be within one standard error, or 15 %, of the best in the sweep."
        advice = "Apply the setting that the sweep recommends."
        remedies = (found.remedy,) if found.remedy is not None else ()
    if math.isnan(limit):
        return Diagnostic(*told, found.rms, unit, "", "unknown", what, good)
    # what noise may make of it is no reason to worry
    limit = max(limit, found.error) if math.isfinite(found.error) else limit
    state = "good" if found.rms <= limit else "fair" if found.rms <= 2 * limit else "bad"
    if state == "good":
        advice, remedies = "", ()
    expected = bound("≤", found.rms, limit)
    return Diagnostic(*told, found.rms, unit, expected, state, what, good, advice, remedies, limit)


def _why_no_blocks(probe: Probe | None) -> str:
    if probe is None:
        return "The cells are too small to be halved."
    return f"Only {probe.n} blocks have an error; at least {FEWEST_BLOCKS} are wanted."


def _pm(value: float, error: float) -> str:
    digits = 0 if error >= 1 else min(4, 1 - math.floor(math.log10(error))) if error > 0 else 3
    return f"{value:.{digits}f} ± {error:.{digits}f}"
