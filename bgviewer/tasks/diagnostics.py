"""Diagnostics of one match: figures with what they should be, in plain sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from bgviewer.engine.chebyshev import FitSystem, term_count
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.curves import MINIMUM_POINTS
from bgviewer.engine.guard import faint_light_losses, usual_blob
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.probes import NoiseRuns, Probe, form_probe, noise_runs
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.spline import SplineModel
from bgviewer.engine.structure import Moran, moran
from bgviewer.engine.uncertainty import UncertaintyMap, uncertainty_map
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.diagnostic import Diagnostic, worst_state
from bgviewer.tasks.match import match_pair
from bgviewer.tasks.support import support_of

__all__ = ["Diagnosis", "HeldOut", "diagnose", "diagnose_pair"]

_SIGMAS = 3.0
_CHI_FAIR = 3.0
_MORAN_FAIR = 0.3
_CONDITION_GOOD, _CONDITION_FAIR = 1e6, 1e12
_FEWEST_BLOCKS = 9
_EXTRA_GOOD, _EXTRA_FAIR = 0.05, 0.25
_OVERSHOOT_GOOD, _OVERSHOOT_FAIR = 0.1, 0.5
_ERROR_GOOD, _ERROR_FAIR = 3.0, 8.0
_LOSS_GOOD, _LOSS_FAIR = 0.1, 0.3
_LATTICE = 129


@dataclass(frozen=True)
class HeldOut:
    """What a sweep found for these settings, in the pixel unit.

    Attributes
    ----------
    rms, error : float
        Root of the held-out score, and its standard error.
    best : float or None
        The smallest of the sweep; None = only this one setting was tried.
    """

    rms: float
    error: float
    best: float | None = None


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """All diagnostics of one match, and what they were made from.

    Attributes
    ----------
    items : tuple of Diagnostic
    uncertainty : UncertaintyMap or None
        None without any cell.
    probe : Probe or None
        Blocks that judge the fit.
    noise : NoiseRuns or None
        What pure noise would do to them.
    moran : Moran or None
        Likeness of neighbours; its own expectation is that of values in random order.
    """

    items: tuple[Diagnostic, ...]
    uncertainty: UncertaintyMap | None = field(default=None, repr=False)
    probe: Probe | None = field(default=None, repr=False)
    noise: NoiseRuns | None = None
    moran: Moran | None = None

    def __getitem__(self, key: str) -> Diagnostic:
        return next(d for d in self.items if d.key == key)

    @property
    def state(self) -> str:
        """The worst state of all."""
        return worst_state(tuple(d.state for d in self.items))


def diagnose(
    result: MatchResult,
    *,
    unit: str | None = None,
    held_out: HeldOut | None = None,
    blob_size: float | None = None,
    progress: Progress = SILENT,
) -> Diagnosis:
    """Judge a match by more than its residuals.

    Parameters
    ----------
    result : MatchResult
        From `match_backgrounds`.
    unit : str, optional
        Of the pixels; by default what the science exposure says.
    held_out : HeldOut, optional
        From a sweep; without it that diagnostic stays unknown.
    blob_size : float, optional
        Full width at half maximum, in pixels, of the faint light to be spared (default 100, or a
        tenth of the shorter side).

    Returns
    -------
    Diagnosis
    """
    unit = str(getattr(result.science, "unit", None) or "") if unit is None else unit
    if result.model.is_empty:
        return Diagnosis((_usable_cells(result), _extrapolated(result)))
    progress.step(0.0, "reading the residuals")
    probe = form_probe(result, progress)
    runs = likeness = None
    if probe is not None and probe.n >= _FEWEST_BLOCKS:
        likeness = moran(probe.pulls)
        runs = noise_runs(result, probe, progress)
    progress.step(0.6, "mapping the model's error")
    errors = uncertainty_map(result, progress)
    progress.step(0.8, "adding faint light")
    items = (
        _chi_square(result, probe, runs),
        _autocorrelation(likeness, runs),
        _held_out(held_out, errors, unit),
        _extrapolated(result),
        _overshoot(result, errors.cell_error),
        _condition(result),
        _usable_cells(result),
        _uncertainty(errors, unit),
        _faint_light(result, blob_size, progress),
    )
    progress.step(1.0)
    return Diagnosis(items, errors, probe, runs, likeness)


def diagnose_pair(
    stack: ExposureStack,
    reference_id: int,
    science_id: int,
    config: MatchConfig,
    *,
    reuse: MatchResult | None = None,
    held_out: HeldOut | None = None,
    blob_size: float | None = None,
    progress: Progress = SILENT,
) -> Diagnosis:
    """Match a pair of a stack (or take over `reuse`) and diagnose it.

    Raises
    ------
    BgviewerError
        When the pair cannot be read or matched.
    """
    result = match_pair(
        stack, reference_id, science_id, config, reuse=reuse, complete=False, progress=progress
    )
    return diagnose(result, held_out=held_out, blob_size=blob_size, progress=progress)


def _chi_square(result: MatchResult, probe: Probe | None, runs: NoiseRuns | None) -> Diagnostic:
    blocks = "bins" if probe is None or probe.kind == "bins" else "quarters of the cells"
    what = (
        f"The mean square of (difference - model) over its error, in {blocks}: what is left after "
        "the match beside what pixel noise explains."
    )
    told = ("chi_square", "Chi-square of residuals")
    if probe is None or runs is None:
        return _unknown(*told, what, "It should be about 1.", _why_no_blocks(probe))
    pulls = probe.pulls[np.isfinite(probe.pulls)]
    value = float(np.mean(pulls * pulls))
    away = (value - runs.chi_square) / runs.chi_square_error
    good = (
        f"Noise alone gives {_pm(runs.chi_square, runs.chi_square_error)} at these settings "
        "(below 1, because the fit takes some of the noise up)."
    )
    advice = ""
    if away > _SIGMAS:
        state = "fair" if value <= _CHI_FAIR * runs.chi_square else "bad"
        finer = "a higher order" if result.used_order is not None else "a smaller binSize"
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
    return Diagnostic(*told, value, "", expected, state, what, good, advice)


def _autocorrelation(likeness: Moran | None, runs: NoiseRuns | None) -> Diagnostic:
    what = (
        "Moran's I: how alike the residuals of neighbouring blocks are, from -1 (opposite) over "
        "0 to 1 (the same)."
    )
    told = ("autocorrelation", "Likeness of neighbours")
    if likeness is None or runs is None or math.isnan(likeness.value):
        why = "There are too few blocks with an error to tell."
        return _unknown(*told, what, "Noise alone gives about 0.", why)
    expected = _pm(runs.moran, runs.moran_error)
    good = f"Noise alone gives {expected} after this fit."
    excess = likeness.value - runs.moran
    state, advice = "good", ""
    if abs(excess) > _SIGMAS * runs.moran_error:
        state = "fair" if abs(excess) <= _MORAN_FAIR else "bad"
        advice = (
            "Hills and valleys are left over that the model does not follow: try a smaller "
            "binSize or a higher order, and look at where they are in the residuals."
            if excess > 0
            else "Neighbours differ more than noise makes them: structure hardly larger than a "
            "block is left (try a smaller binSize), or the model follows spoilt cells (try a "
            "larger one, or MEANCLIP)."
        )
    return Diagnostic(*told, likeness.value, "", expected, state, what, good, advice)


def _held_out(found: HeldOut | None, errors: UncertaintyMap, unit: str) -> Diagnostic:
    what = "How far the model is off where it was not fitted: pixels held out, less their noise."
    told = ("held_out", "Held-out rms")
    if found is None or math.isnan(found.rms):
        return _unknown(
            *told, what, "The smallest of a sweep is the best.", "Run the sweep to learn it.", unit
        )
    best = found.rms if found.best is None else found.best
    if found.best is None:
        limit = errors.cell_error if errors.cell_error > 0 else math.nan
        good = "It should not be above the error of a cell."
    else:
        limit = max(1.15 * best, best + found.error)
        good = "It should be within one standard error, or 15 %, of the best in the sweep."
    if math.isnan(limit):
        return Diagnostic(*told, found.rms, unit, "", "unknown", what, good)
    state = "good" if found.rms <= limit else "fair" if found.rms <= 2 * limit else "bad"
    advice = "" if state == "good" else "Apply the setting that the sweep recommends."
    return Diagnostic(*told, found.rms, unit, f"≤ {limit:.3g}", state, what, good, advice)


def _extrapolated(result: MatchResult) -> Diagnostic:
    shape = result.difference.shape
    support = support_of(result.cells, result.difference.xy0)
    share = support.extrapolated(shape)
    full = type(support)(support.x, support.y, np.ones_like(support.known)).extrapolated(shape)
    excess = (share - full) / (1.0 - full) if full < 1 else share
    state = "good" if excess <= _EXTRA_GOOD else "fair" if excess <= _EXTRA_FAIR else "bad"
    limit = full + _EXTRA_GOOD * (1.0 - full)
    return Diagnostic(
        "extrapolated",
        "Extrapolated share",
        100.0 * share,
        "%",
        f"≤ {100 * limit:.0f} %",
        state,
        "The share of the image where no cell carries the model.",
        f"The outer half of the border cells always belongs to it, {100 * full:.0f} % here.",
        ""
        if state == "good"
        else "Do not trust the model there (the map of uncertainty and the overlay show where): "
        "a reference that covers more, a lower order or LINEAR runs away less.",
    )


def _overshoot(result: MatchResult, cell_error: float) -> Diagnostic:
    told = ("overshoot", "Overshoot")
    what = "How far the model goes beyond the values of the cells, in percent of their range."
    cells = result.cells
    known = cells.values[np.isfinite(cells.values)].astype(np.float64)
    ny, nx = result.difference.shape
    y, x = np.linspace(0, ny - 1, min(ny, _LATTICE)), np.linspace(0, nx - 1, min(nx, _LATTICE))
    model = result.model.render(y=y, x=x).astype(np.float64)
    model = model[np.isfinite(model)]
    if not model.size or not known.size:
        return _unknown(*told, what, "It should be small.", "The model has no values.", "%")
    low, high = float(known.min()), float(known.max())
    noise = 6.0 * cell_error if cell_error > 0 else 0.0
    span = max(high - low, noise)
    beyond = max(float(model.max()) - high, low - float(model.min()), 0.0)
    value = beyond / span if span > 0 else (math.inf if beyond > 1e-5 * abs(high) else 0.0)
    # A steady slope goes half a cell beyond at each border; a bent one twice as far.
    steady = 1.0 / max(1, min(cells.shape) - 1)
    limit = max(_OVERSHOOT_GOOD, steady)
    state = "good" if value <= limit else "fair" if value <= _OVERSHOOT_FAIR + limit else "bad"
    good = (
        f"Up to {100 * limit:.0f} % is what a slope continued over the border cells gives; more "
        "means that the model runs away or rings."
    )
    advice = (
        ""
        if state == "good"
        else "Try a lower order, LINEAR, or larger cells; look at the corners and at gaps."
    )
    expected = f"≤ {100 * limit:.0f} %"
    return Diagnostic(*told, 100.0 * value, "%", expected, state, what, good, advice)


def _condition(result: MatchResult) -> Diagnostic:
    told = ("condition", "Condition of the fit")
    what = (
        "The condition number of the polynomial's equations: how much a small error of the cells "
        "may be blown up."
    )
    if result.used_order is None:
        return _unknown(*told, what, "", "A spline passes through its cells; nothing is solved.")
    needed, value = term_count(result.used_order), float(result.fit.condition or math.nan)
    cells = int(getattr(result.model, "n_fitted", result.cells.n_used))
    counted = f"{cells} cells for {needed} terms"
    good = f"It should be below {_CONDITION_GOOD:.0e} with at least twice as many cells as terms."
    advice = ""
    if cells <= needed or not value <= _CONDITION_FAIR:
        state = "bad"
        advice = (
            f"{counted}: the data do not determine the polynomial. Lower the order, or make the "
            "binSize smaller."
        )
    elif value > _CONDITION_GOOD or cells < 2 * needed:
        state = "fair"
        advice = f"{counted}: a lower order would be safer."
    else:
        state = "good"
    expected = f"< {_CONDITION_GOOD:.0e}, cells ≥ {2 * needed}"
    return Diagnostic(
        *told, value, "", expected, state, what, f"{good} There are {counted}.", advice
    )


def _usable_cells(result: MatchResult) -> Diagnostic:
    cells = result.cells
    usable, lines = np.isfinite(cells.values), 0
    if result.used_order is not None:
        usable = FitSystem.of(
            cells, result.used_order, bool(result.used_weighting), result.difference.shape
        ).usable
        need = result.config.order + 1
        wanted = f"order {result.config.order}"
        comfortable = need + 1
    else:
        need = MINIMUM_POINTS[result.config.interp_style]
        wanted = result.config.interp_style
        comfortable = need
        assert isinstance(result.model, SplineModel)
        lines = result.model.n_reduced_lines
    columns, rows = (int(np.count_nonzero(usable.any(axis=a))) for a in (0, 1))
    value = min(columns, rows)
    state = "good" if value >= comfortable and not lines else "fair" if value >= need else "bad"
    advice = ""
    if value < comfortable:
        advice = "Make the binSize smaller, or ask for less of the model."
    elif lines:
        advice = (
            f"{lines} columns of cells have gaps and get a simpler curve: a smaller binSize or "
            "fewer badMaskPlanes leave fewer gaps."
        )
    return Diagnostic(
        "usable_cells",
        "Usable cells per axis",
        float(value),
        "",
        f"≥ {comfortable}",
        state,
        f"Columns ({columns}) and rows ({rows}) of cells with data; the smaller counts.",
        f"{wanted} needs {need}" + (f", better {comfortable}." if comfortable > need else "."),
        advice,
    )


def _uncertainty(errors: UncertaintyMap, unit: str) -> Diagnostic:
    how = (
        "from the covariance of the fit"
        if errors.kind == "covariance"
        else "from leaving out one fold of cells after the other"
    )
    what = f"The standard error of the model {how}, as 95 % of the image have it at most."
    told = ("uncertainty", "Uncertainty of the model")
    value = errors.quantile(0.95)
    good = (
        f"Up to {_ERROR_GOOD:g} times the error of one cell ({errors.cell_error:.3g}) is fine; "
        "the map shows where it is more."
    )
    if math.isnan(value) or not errors.cell_error > 0:
        why = "The cells have no errors to compare it with."
        return Diagnostic(*told, value, unit, "", "unknown", what, "", why)
    ratio = value / errors.cell_error
    state = "good" if ratio <= _ERROR_GOOD else "fair" if ratio <= _ERROR_FAIR else "bad"
    advice = (
        ""
        if state == "good"
        else "The model is loose at borders, where cells are missing or where they bend sharply: a "
        "lower order, LINEAR, larger cells, or a reference that covers more."
    )
    expected = f"≤ {_ERROR_GOOD * errors.cell_error:.3g}"
    return Diagnostic(*told, value, unit, expected, state, what, good, advice)


def _faint_light(result: MatchResult, size: float | None, progress: Progress) -> Diagnostic:
    blob = usual_blob(result, size)
    loss = faint_light_losses(result, [blob], progress)[0]
    value = loss.share
    state = "good" if value <= _LOSS_GOOD else "fair" if value <= _LOSS_FAIR else "bad"
    return Diagnostic(
        "faint_light",
        "Faint light removed",
        100.0 * value,
        "%",
        f"≤ {100 * _LOSS_GOOD:.0f} %",
        state,
        f"The share of the flux of a faint smooth blob of {blob.size:.0f} pixels (full width at "
        "half maximum) that the match removes with the sky.",
        "As little as possible; light smoother than the cells is always taken for sky.",
        ""
        if state == "good"
        else "A larger binSize or a lower order spares it; or mask what shall stay.",
    )


def _unknown(key: str, name: str, what: str, good: str, advice: str, unit: str = "") -> Diagnostic:
    return Diagnostic(key, name, math.nan, unit, "", "unknown", what, good, advice)


def _why_no_blocks(probe: Probe | None) -> str:
    if probe is None:
        return "The cells are too small to be halved."
    return f"Only {probe.n} blocks have an error; at least {_FEWEST_BLOCKS} are wanted."


def _pm(value: float, error: float) -> str:
    digits = 0 if error >= 1 else min(4, 1 - math.floor(math.log10(error))) if error > 0 else 3
    return f"{value:.{digits}f} ± {error:.{digits}f}"
