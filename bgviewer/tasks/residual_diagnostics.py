"""Diagnostics of what is left over: residuals of bins, likeness of neighbours, held-out pixels."""

from __future__ import annotations

import math

import numpy as np

from bgviewer.engine.matching import MatchResult
from bgviewer.engine.noise_expectations import LIMIT, CorrelatedNoise, Expectation
from bgviewer.engine.probes import NoiseRuns, Probe
from bgviewer.engine.structure import Moran
from bgviewer.errors import Remedy
from bgviewer.tasks.diagnostic import UNKNOWN, Diagnostic, bound, state_of, unknown
from bgviewer.tasks.held_out import HeldOut
from bgviewer.tasks.remedies import follow_more, larger_cells

__all__ = ["FEWEST_BLOCKS", "autocorrelation", "chi_square", "held_out_rms", "is_measured"]

FEWEST_BLOCKS = 9
"""Blocks with an error below which residuals are not judged."""
_BLOCKS = {"bins": "bins", "quarters": "quarters of the cells", "tiles": "tiles"}


def chi_square(
    result: MatchResult,
    probe: Probe | None,
    runs: NoiseRuns | None,
    correlated: CorrelatedNoise,
) -> Diagnostic:
    """Hold the mean square of the pulls against what noise alone gives at these settings."""
    blocks = "bins" if probe is None else _BLOCKS[probe.kind]
    what = (
        f"The mean square of (difference - model) over its error, in {blocks}: what is left after "
        "the match beside what the noise of independent pixels explains."
    )
    told = ("chi_square", "Chi-square of residuals")
    if probe is None or runs is None:
        return unknown(*told, what, "It should be about 1.", _why_no_blocks(probe))
    pulls = probe.pulls[np.isfinite(probe.pulls)]
    value = float(np.mean(pulls * pulls))
    factor = correlated.at(_side(probe))
    mean = factor * runs.chi_square
    error = math.hypot(factor * runs.chi_square_error, mean * correlated.relative_error)
    good = (
        f"Noise alone gives {_pm(mean, error)} at these settings; the fit takes some of the noise "
        "up"
        + (f", and correlated pixels make it {factor:.2f} times larger." if factor > 1 else ".")
    )
    advice = ""
    remedies: tuple[Remedy, ...] = ()
    above = value > mean + LIMIT * error
    if above:
        remedies = follow_more(result)
        finer = {
            "chebyshev": "a higher order",
            "smooth": "a smaller smoothingLength",
        }.get(result.model.kind, "a smaller binSize")
        advice = (
            f"Either structure is left ({finer} follows it), or the errors are too small: faint "
            "unmasked sources. The autocorrelation of the residuals tells which."
        )
    elif value < mean - LIMIT * error:
        good += " Less is left than noise would leave: the errors are too large."
    limit = mean + LIMIT * error
    return Diagnostic(
        *told, value, "", _pm(mean, error), state_of(above), what, good, advice, remedies, limit
    )


def autocorrelation(
    result: MatchResult,
    probe: Probe | None,
    likeness: Moran | None,
    runs: NoiseRuns | None,
    correlated: CorrelatedNoise,
) -> Diagnostic:
    """Hold the likeness of neighbouring blocks against that of noise after the same fit."""
    what = (
        "Moran's I: how alike the residuals of neighbouring blocks are, from -1 (opposite) over "
        "0 to 1 (the same)."
    )
    told = ("autocorrelation", "Residual autocorrelation")
    if probe is None or likeness is None or runs is None or math.isnan(likeness.value):
        why = "There are too few blocks with an error to tell."
        return unknown(*told, what, "Noise alone gives about 0.", why)
    shared = correlated.neighbours(_side(probe))
    mean = runs.moran + shared
    error = math.hypot(runs.moran_error, 0.5 * shared)
    expected = _pm(mean, error)
    good = f"Noise alone gives {expected} after this fit; the distance from it counts."
    excess = likeness.value - mean
    above = abs(excess) > LIMIT * error
    advice = ""
    remedies: tuple[Remedy, ...] = ()
    if above:
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
    return Diagnostic(
        *told, likeness.value, "", expected, state_of(above), what, good, advice, remedies
    )


def held_out_rms(found: HeldOut, noise: Expectation | None, unit: str) -> Diagnostic:
    """Hold the held-out rms against what the same fit gives when there is only noise."""
    what = "How far the model is off where it was not fitted: pixels held out, less their noise."
    told = ("held_out", "Held-out rms")
    good = "Noise alone makes a model wrong by some of it."
    if math.isnan(found.rms):
        return unknown(*told, what, good, f"It could not be measured: {found.reason}.", unit)
    if noise is None:
        return Diagnostic(*told, found.rms, unit, "", UNKNOWN, what, good, "Cells have no errors.")
    limit = math.sqrt(max(noise.mean + LIMIT * _score_error(found, noise), 0.0))
    usual = math.sqrt(max(noise.mean, 0.0))
    above = found.rms > limit
    good = (
        f"Noise alone gives {usual:.3g} at these settings, and less than {limit:.3g} as exactly as "
        "it can be measured."
    )
    advice = ""
    remedies: tuple[Remedy, ...] = ()
    if above:
        advice = "The sweep finds the setting with the smallest one."
        if found.remedy is not None:
            advice, remedies = "Apply the setting that the sweep recommends.", (found.remedy,)
    if found.best is not None:
        good += f" The best setting of the sweep has {found.best:.3g}."
    expected = bound("≤", found.rms, limit)
    return Diagnostic(
        *told, found.rms, unit, expected, state_of(above), what, good, advice, remedies, limit
    )


def is_measured(found: HeldOut, noise: Expectation | None) -> bool:
    """Whether the held-out rms is above what noise gives by a standard error of its square."""
    if noise is None or math.isnan(found.rms):
        return False
    return found.rms**2 > noise.mean + _score_error(found, noise)


def _score_error(found: HeldOut, noise: Expectation) -> float:
    """Return the error of a score of noise: structure that is left makes its own scatter larger."""
    measured = found.score_error if math.isfinite(found.score_error) else noise.scatter
    return math.hypot(min(measured, noise.scatter), noise.error)


def _side(probe: Probe) -> float:
    """Return the side of its blocks, in pixels."""
    sides = (float(np.median(np.diff(edges))) for edges in (probe.y_edges, probe.x_edges))
    return math.sqrt(math.prod(sides))


def _why_no_blocks(probe: Probe | None) -> str:
    if probe is None:
        return "The cells are too small to be halved."
    return f"Only {probe.n} blocks have an error; at least {FEWEST_BLOCKS} are wanted."


def _pm(value: float, error: float) -> str:
    digits = 0 if error >= 1 else min(4, 1 - math.floor(math.log10(error))) if error > 0 else 3
    return f"{value:.{digits}f} ± {error:.{digits}f}"
