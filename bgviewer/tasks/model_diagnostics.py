"""Diagnostics of a model: where it is carried, how well it is determined, what it takes away."""

from __future__ import annotations

import math

import numpy as np

from bgviewer.engine.chebyshev import FitSystem, term_count
from bgviewer.engine.curves import MINIMUM_POINTS
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.noise_expectations import Expectation
from bgviewer.engine.spline import SplineModel
from bgviewer.engine.uncertainty import UncertaintyMap
from bgviewer.errors import Remedy
from bgviewer.tasks.diagnostic import UNKNOWN, Diagnostic, bound, state_of, unknown
from bgviewer.tasks.remedies import follow_more, smaller_bins, stiffer
from bgviewer.tasks.support import support_of

__all__ = [
    "condition",
    "extrapolated",
    "overshoot",
    "uncertainty",
    "usable_cells",
]

_CONDITION, _CONDITION_UNDETERMINED = 1e6, 1e12
_EXTRA_GOOD = 0.05
_EXTRA_MOST = 0.9
"""Share that is never expected, however few cells there are."""
_OVERSHOOT, _OVERSHOOT_MOST = 0.1, 0.9
_LATTICE = 129


def extrapolated(result: MatchResult) -> Diagnostic:
    """Hold the share that no cell carries against that of the borders alone."""
    shape = result.difference.shape
    support = support_of(result.cells, result.difference.xy0)
    share = support.extrapolated(shape)
    full = type(support)(support.x, support.y, np.ones_like(support.known)).extrapolated(shape)
    # a bar at 100 % could not fail: a grid with one row or column of cells carries next to nothing
    limit = min(full + _EXTRA_GOOD * (1.0 - full), _EXTRA_MOST)
    above = share > limit
    advice = ""
    if above:
        advice = (
            "Do not trust the model there (the map of uncertainty and the overlay show where): a "
            "reference that covers more, a lower order or LINEAR runs away less."
        )
    if limit < full:
        rows, columns = support.known.shape
        advice = (
            f"{columns} × {rows} cells leave almost the whole image beyond the outermost centres: "
            "a smaller binSize gives more cells."
        )
    return Diagnostic(
        "extrapolated",
        "Extrapolated share",
        100.0 * share,
        "%",
        bound("≤", 100 * share, 100 * limit, "%"),
        state_of(above),
        "The share of the image where no cell carries the model.",
        f"The outer half of the border cells always belongs to it, {100 * full:.3g} % here.",
        advice,
        () if not above else smaller_bins(result) if limit < full else stiffer(result),
        limit=100.0 * limit,
    )


def overshoot(result: MatchResult, noise: Expectation | None) -> Diagnostic:
    """Hold the reach of the model beyond its cells against a steady slope and noise runs."""
    told = ("overshoot", "Overshoot")
    what = "How far the model goes beyond the values of the cells, in percent of their range."
    cells = result.cells
    known = cells.values[np.isfinite(cells.values)].astype(np.float64)
    ny, nx = result.difference.shape
    y, x = np.linspace(0, ny - 1, min(ny, _LATTICE)), np.linspace(0, nx - 1, min(nx, _LATTICE))
    model = result.model.render(y=y, x=x).astype(np.float64)
    model = model[np.isfinite(model)]
    if not model.size or not known.size:
        return unknown(*told, what, "It should be small.", "The model has no values.", "%")
    low, high = float(known.min()), float(known.max())
    span = high - low
    beyond = max(float(model.max()) - high, low - float(model.min()), 0.0)
    value = beyond / span if span > 0 else (math.inf if beyond > 1e-5 * abs(high) else 0.0)
    # A steady slope goes half a cell beyond at each border; a bent one twice as far.
    steady = min(max(_OVERSHOOT, 1.0 / max(1, min(cells.shape) - 1)), _OVERSHOOT_MOST)
    of_noise = noise.limit / span if noise is not None and span > 0 else 0.0
    limit = max(steady, of_noise)
    above = value > limit
    good = (
        f"A slope continued over the border cells gives {100 * steady:.0f} %, and noise alone "
        f"{100 * of_noise:.0f} % of this range; more means that the model runs away or rings."
    )
    advice = (
        "Try a lower order, LINEAR, or larger cells; look at the corners and at gaps."
        if above
        else ""
    )
    expected = bound("≤", 100.0 * value, 100.0 * limit, "%")
    remedies, most = stiffer(result) if advice else (), 100.0 * limit
    return Diagnostic(
        *told, 100.0 * value, "%", expected, state_of(above), what, good, advice, remedies, most
    )


def condition(result: MatchResult) -> Diagnostic:
    """Hold the condition number, and cells beside terms, against what determines a fit."""
    told = ("condition", "Condition of the fit")
    what = (
        "The condition number of the polynomial's equations: how much a small error of the cells "
        "may be blown up."
    )
    if result.model.kind == "smooth":
        why = "The penalty of a P-spline determines it wherever there are no data."
        return unknown(*told, what, "", why)
    if result.used_order is None:
        return unknown(*told, what, "", "A spline passes through its cells; nothing is solved.")
    needed, value = term_count(result.used_order), float(result.fit.condition or math.nan)
    cells = int(getattr(result.model, "n_fitted", result.cells.n_used))
    counted = f"{cells} cells for {needed} terms"
    good = f"It should be below {_CONDITION:.0e} with at least twice as many cells as terms."
    advice = ""
    above = True
    if cells <= needed or not value <= _CONDITION_UNDETERMINED:
        advice = (
            f"{counted}: the data do not determine the polynomial. Lower the order, or make the "
            "binSize smaller."
        )
    elif value > _CONDITION or cells < 2 * needed:
        advice = f"{counted}: a lower order would be safer."
    else:
        above = False
    expected = f"< {_CONDITION:.0e}, cells ≥ {2 * needed}"
    remedies = smaller_bins(result)[::-1] if advice else ()
    good = f"{good} There are {counted}."
    return Diagnostic(
        *told, value, "", expected, state_of(above), what, good, advice, remedies, _CONDITION
    )


def usable_cells(result: MatchResult) -> Diagnostic:
    """Hold the columns and rows with data against what the model needs."""
    cells = result.cells
    usable, lines = np.isfinite(cells.values), 0
    if result.used_order is not None:
        usable = FitSystem.of(
            cells, result.used_order, bool(result.used_weighting), result.difference.shape
        ).usable
        need = result.config.order + 1
        wanted = f"order {result.config.order}"
        comfortable = need + 1
    elif result.fit.smooth is not None:
        system = result.fit.smooth.system
        usable = system.weights > 0
        need = comfortable = system.order
        wanted = f"A penalty of order {need}"
    else:
        need = MINIMUM_POINTS[result.config.interp_style]
        wanted = result.config.interp_style
        comfortable = need
        assert isinstance(result.model, SplineModel)
        lines = result.model.n_reduced_lines
    columns, rows = (int(np.count_nonzero(usable.any(axis=a))) for a in (0, 1))
    usable_lines = min(columns, rows)
    value = max(comfortable - usable_lines, 0) or lines
    named = "tiles" if result.fit.smooth is not None else "cells"
    advice = ""
    if usable_lines < comfortable:
        advice = "Make the binSize smaller, or ask for less of the model."
    elif lines:
        advice = (
            f"{lines} columns of cells have gaps and get a simpler curve: a smaller binSize or "
            "fewer badMaskPlanes leave fewer gaps."
        )
    return Diagnostic(
        "missing_cells",
        "Missing lines of cells",
        float(value),
        "",
        "0",
        state_of(value > 0),
        f"Columns ({columns}) and rows ({rows}) of {named} with data: how many are wanting, or "
        "have gaps that make their curve a simpler one.",
        f"{wanted} needs {need}" + (f", better {comfortable}." if comfortable > need else "."),
        advice,
        smaller_bins(result) if advice else (),
    )


def uncertainty(
    result: MatchResult, errors: UncertaintyMap, noise: Expectation | None, unit: str
) -> Diagnostic:
    """Hold the standard error of the model against that of the same fit to noise alone."""
    how = (
        "from leaving out one fold of cells after the other"
        if errors.kind == "folds"
        else "from the covariance of the fit"
    )
    what = f"The standard error of the model {how}, as 95 % of the image have it at most."
    if errors.floor > 0:
        what += f" It is nowhere below the held-out rms, {errors.floor:.3g}."
    told = ("uncertainty", "Uncertainty of the model")
    value = errors.quantile(0.95)
    if math.isnan(value) or noise is None:
        why = "The cells have no errors to compare it with."
        return Diagnostic(*told, value, unit, "", UNKNOWN, what, "", why)
    good = (
        f"Noise alone gives {noise.mean:.3g} ± {noise.error:.2g}; the map shows where it is more."
    )
    above = value > noise.limit
    advice = (
        "The model is poorly constrained near edges, at missing cells and where it curves "
        "strongly: a lower order, LINEAR, larger cells, or a reference that covers more."
        if above
        else ""
    )
    if above and errors.floor > noise.limit:
        advice = (
            "The model is too stiff for the sky: a smaller binSize, a higher order or P-spline."
        )
    expected = bound("≤", value, noise.limit)
    remedies: tuple[Remedy, ...] = ()
    if above:
        remedies = follow_more(result) if errors.floor > noise.limit else stiffer(result)
    return Diagnostic(
        *told, value, unit, expected, state_of(above), what, good, advice, remedies, noise.limit
    )
