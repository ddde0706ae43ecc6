"""Diagnostics of a model: where it is carried, how well it is determined, what it takes away."""

from __future__ import annotations

import math

import numpy as np

from bgviewer.engine.chebyshev import FitSystem, term_count
from bgviewer.engine.curves import MINIMUM_POINTS
from bgviewer.engine.guard import faint_light_losses, usual_blob
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.progress import Progress
from bgviewer.engine.spline import SplineModel
from bgviewer.engine.uncertainty import UncertaintyMap
from bgviewer.tasks.diagnostic import Diagnostic, bound, unknown
from bgviewer.tasks.remedies import follow_less, smaller_bins, stiffer
from bgviewer.tasks.support import support_of

__all__ = [
    "condition",
    "extrapolated",
    "faint_light",
    "overshoot",
    "uncertainty",
    "usable_cells",
]

_CONDITION_GOOD, _CONDITION_FAIR = 1e6, 1e12
_EXTRA_GOOD, _EXTRA_FAIR = 0.05, 0.25
_EXTRA_MOST = 0.9
"""Share that is never good, however few cells there are."""
_OVERSHOOT_GOOD, _OVERSHOOT_FAIR = 0.1, 0.5
_OVERSHOOT_MOST = 0.9
_ERROR_GOOD, _ERROR_FAIR = 3.0, 8.0
_LOSS_GOOD, _LOSS_FAIR = 0.1, 0.3
_LATTICE = 129


def extrapolated(result: MatchResult) -> Diagnostic:
    """Hold the share that no cell carries against that of the borders alone."""
    shape = result.difference.shape
    support = support_of(result.cells, result.difference.xy0)
    share = support.extrapolated(shape)
    full = type(support)(support.x, support.y, np.ones_like(support.known)).extrapolated(shape)
    # a bar at 100 % could not fail: a grid with one row or column of cells carries next to nothing
    limit = min(full + _EXTRA_GOOD * (1.0 - full), _EXTRA_MOST)
    excess = (share - full) / (1.0 - full) if full < 1 else share
    state = "good" if share <= limit else "fair" if excess <= _EXTRA_FAIR else "bad"
    advice = ""
    if state != "good":
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
        state,
        "The share of the image where no cell carries the model.",
        f"The outer half of the border cells always belongs to it, {100 * full:.3g} % here.",
        advice,
        () if state == "good" else smaller_bins(result) if limit < full else stiffer(result),
        limit=100.0 * limit,
    )


def overshoot(result: MatchResult, cell_error: float) -> Diagnostic:
    """Hold the reach of the model beyond its cells against that of a steady slope."""
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
    noise = 6.0 * cell_error if cell_error > 0 else 0.0
    span = max(high - low, noise)
    beyond = max(float(model.max()) - high, low - float(model.min()), 0.0)
    value = beyond / span if span > 0 else (math.inf if beyond > 1e-5 * abs(high) else 0.0)
    # A steady slope goes half a cell beyond at each border; a bent one twice as far.
    steady = 1.0 / max(1, min(cells.shape) - 1)
    limit = min(max(_OVERSHOOT_GOOD, steady), _OVERSHOOT_MOST)
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
    expected = bound("≤", 100.0 * value, 100.0 * limit, "%")
    remedies, most = stiffer(result) if advice else (), 100.0 * limit
    return Diagnostic(
        *told, 100.0 * value, "%", expected, state, what, good, advice, remedies, most
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
    remedies = smaller_bins(result)[::-1] if advice else ()
    good = f"{good} There are {counted}."
    return Diagnostic(
        *told, value, "", expected, state, what, good, advice, remedies, _CONDITION_GOOD
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
    value = min(columns, rows)
    state = "good" if value >= comfortable and not lines else "fair" if value >= need else "bad"
    named = "tiles" if result.fit.smooth is not None else "cells"
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
        f"Columns ({columns}) and rows ({rows}) of {named} with data; the smaller counts.",
        f"{wanted} needs {need}" + (f", better {comfortable}." if comfortable > need else "."),
        advice,
        smaller_bins(result) if advice else (),
    )


def uncertainty(result: MatchResult, errors: UncertaintyMap, unit: str) -> Diagnostic:
    """Hold the standard error of the model against that of one cell."""
    how = (
        "from leaving out one fold of cells after the other"
        if errors.kind == "folds"
        else "from the covariance of the fit"
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
    limit = _ERROR_GOOD * errors.cell_error
    expected = bound("≤", value, limit)
    remedies = stiffer(result) if advice else ()
    return Diagnostic(*told, value, unit, expected, state, what, good, advice, remedies, limit)


def faint_light(result: MatchResult, size: float | None, progress: Progress) -> Diagnostic:
    """Say how much of a faint blob of the usual size the match removes."""
    blob = usual_blob(result, size)
    loss = faint_light_losses(result, [blob], progress)[0]
    value = loss.share
    state = "good" if value <= _LOSS_GOOD else "fair" if value <= _LOSS_FAIR else "bad"
    return Diagnostic(
        "faint_light",
        "Faint light removed",
        100.0 * value,
        "%",
        bound("≤", 100.0 * value, 100.0 * _LOSS_GOOD, "%"),
        state,
        f"The share of the flux of a faint smooth blob of {blob.size:.0f} pixels (full width at "
        "half maximum) that the match removes with the sky.",
        "As little as possible; light smoother than the cells is always taken for sky.",
        ""
        if state == "good"
        else "A larger binSize or a lower order spares it; or mask what shall stay.",
        () if state == "good" else follow_less(result),
        limit=100.0 * _LOSS_GOOD,
    )
