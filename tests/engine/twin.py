"""The twin: matching one pair, choosing a reference, running a list.

Plain loops over SPEC.md sections 1 and 6 to 9; see ``twin_numbers.py`` for what a twin is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .twin_models import Polynomial, Surface, render
from .twin_numbers import BITS, NAN, Trouble, chosen, describe, divide, good_pixels, make_grid

DEFAULTS = {
    "usePolynomial": False,
    "order": 8,
    "badMaskPlanes": ["NO_DATA", "DETECTED", "DETECTED_NEGATIVE", "SAT", "BAD", "INTRP", "CR"],
    "gridStatistic": "MEAN",
    "undersampleStyle": "REDUCE_INTERP_ORDER",
    "binSize": 256,
    "interpStyle": "AKIMA_SPLINE",
    "numSigmaClip": 3,
    "numIter": 2,
    "bestRefWeightCoverage": 0.4,
    "bestRefWeightVariance": 0.4,
    "bestRefWeightLevel": 0.2,
    "approxWeighting": True,
    "gridStdevEpsilon": 1e-8,
}  # SPEC 10


def bad_bits(config):
    """The configured bad planes as one number (SPEC 1)."""
    return sum(BITS[name] for name in set(config["badMaskPlanes"]))


def scaled(planes, factor):
    """Apply a photometric factor in float32 (SPEC 1)."""
    if factor is None:
        return planes
    if factor == "fail":
        raise Trouble("scaler_failed")
    f = np.float32(float(factor))
    with np.errstate(all="ignore"):
        return {**planes, "image": planes["image"] * f, "variance": planes["variance"] * (f * f)}


# --- SPEC 7: diagnostic bins ------------------------------------------------------------------


@dataclass
class Bins:
    x: list = field(default_factory=list)
    y: list = field(default_factory=list)
    values: list = field(default_factory=list)
    errors: list = field(default_factory=list)


def make_bins(image, mask, bits, config, xy0):
    """Bins of fixed size, row by row, with at least two good pixels (SPEC 7)."""
    (h, w), size, bins = image.shape, config["binSize"], Bins()
    for bottom in range(0, h, size):
        top = min(bottom + size, h)
        for left in range(0, w, size):
            right = min(left + size, w)
            box = slice(bottom, top), slice(left, right)
            pixels = good_pixels(image[box], mask[box], bits)
            if len(pixels) < 2:
                continue
            s = describe(pixels, config["numSigmaClip"], config["numIter"])
            stdev = (
                s.stdev
                if not s.stdev < config["gridStdevEpsilon"]
                else (config["gridStdevEpsilon"])
            )
            bins.x.append(0.5 * (2 * xy0[0] + left + right))
            bins.y.append(0.5 * (2 * xy0[1] + bottom + top))
            bins.values.append(chosen(s, config["gridStatistic"])[0])
            bins.errors.append(stdev / math.sqrt(len(pixels)))
    return bins


# --- SPEC 6: one pair -------------------------------------------------------------------------


@dataclass
class Match:
    grid: object
    bins: Bins
    bin_model: list
    model: object
    image: np.ndarray  # the whole model, float32
    style: str | None
    order: int | None
    weighted: bool | None
    warnings: list
    fit_rms: float
    matched_mse: float
    diff_im_var: float


def early_checks(sci, config):
    """SPEC 6 step 1."""
    size = config["binSize"]
    if config["usePolynomial"]:
        if size == 0:
            raise Trouble("division_by_zero")
        side = min(sci["image"].shape)
        if side < size:
            raise Trouble("bin_size_exceeds_short_side")
        if config["order"] > math.ceil(side / size) - 1:
            raise Trouble("order_exceeds_points")


def polynomial_settings(bins, config):
    """SPEC 6 step 5: order, weighting, cells per axis (None = as they are), warnings."""
    order, size = config["order"], config["binSize"]
    if not bins.x:
        raise Trouble("no_overlap")
    g = min(len(set(bins.x)), len(set(bins.y)))
    cells, warnings = None, []
    if g <= order:
        if config["undersampleStyle"] == "THROW_EXCEPTION":
            raise Trouble("insufficient_coverage")
        if config["undersampleStyle"] == "REDUCE_INTERP_ORDER":
            order = g - 1
            warnings.append("order_reduced")
        else:
            cells = g * size // (order + 1)
            warnings.append("samples_per_axis_changed")
            if cells <= 0:
                raise Trouble("non_positive_samples")
    weighted = config["approxWeighting"] and any(
        e > config["gridStdevEpsilon"] for e in bins.errors
    )
    return order, weighted, cells, warnings


def match(ref, sci, config, xy0=(0, 0)):
    """Match one pair (SPEC 6)."""
    config = {**DEFAULTS, **config}
    early_checks(sci, config)
    if ref["image"].shape != sci["image"].shape:
        raise Trouble("shape_mismatch")
    k, passes, size = config["numSigmaClip"], config["numIter"], config["binSize"]
    if k <= 0 or passes <= 0:
        raise Trouble("non_positive_clip_parameter")
    with np.errstate(all="ignore"):
        image = ref["image"] - sci["image"]
        variance = ref["variance"] + sci["variance"]
    mask, bits, (h, w) = ref["mask"] | sci["mask"], bad_bits(config), image.shape
    if size == 0:
        raise Trouble("division_by_zero")
    if size < 0:
        raise Trouble("non_positive_samples")
    if config["interpStyle"] == "NONE":
        raise Trouble("unknown_interp_style")

    def gridded(nx, ny):
        return make_grid(image, mask, bits, nx, ny, config["gridStatistic"], k, passes)

    grid = gridded(math.ceil(w / size), math.ceil(h / size))
    bins = make_bins(image, mask, bits, config, xy0)
    order = weighted = style = None
    warnings = []
    if config["usePolynomial"]:
        order, weighted, cells, warnings = polynomial_settings(bins, config)
        if cells is not None:
            grid = gridded(cells, cells)
        model = Polynomial(grid, order, weighted)
    else:
        model = Surface(grid, config["interpStyle"], config["undersampleStyle"])
        style = model.style
    full = render(model, range(h), range(w))
    read = [
        float(full[int(y - xy0[1]), int(x - xy0[0])]) for x, y in zip(bins.x, bins.y, strict=True)
    ]
    squares = [
        (z - m) ** 2 for z, m in zip(bins.values, read, strict=True) if not math.isnan(z - m)
    ]
    fit_rms = math.sqrt(math.fsum(squares) / len(squares)) if squares else NAN
    with np.errstate(all="ignore"):
        left_over = image - full
    return Match(
        grid,
        bins,
        read,
        model,
        full,
        style,
        order,
        weighted,
        warnings,
        fit_rms,
        matched_mse=describe(good_pixels(left_over, mask, bits), k, passes).meansquare,
        diff_im_var=describe(good_pixels(variance, mask, bits), k, passes).meanclip,
    )


# --- SPEC 8: the reference --------------------------------------------------------------------


def measure(planes, config):
    """Scatter, level and coverage of one exposure (SPEC 8)."""
    s = describe(good_pixels(planes["image"], planes["mask"], bad_bits(config)))
    return s.variance, s.mean, float(s.n)


def costs(measured, config):
    """Cost of every candidate; a measurement is a triple, (NaN, NaN, NaN) for none."""

    def extreme(index, pick):
        known = [m[index] for m in measured if not math.isnan(m[index])]
        return pick(known) if known else NAN

    most_variance, most_level, least = extreme(0, max), extreme(1, max), extreme(2, min)
    return [
        config["bestRefWeightVariance"] * divide(v, most_variance)
        + config["bestRefWeightLevel"] * divide(level, most_level)
        + config["bestRefWeightCoverage"] * divide(least, n)
        for v, level, n in measured
    ]


def choose(measured, config):
    """Index of the smallest cost, and the costs (SPEC 8)."""
    if not measured:
        raise Trouble("no_candidates")
    cost = costs(measured, config)
    usable = [c for c in cost if not math.isnan(c)]
    if not usable:
        raise Trouble("all_costs_nan")
    return cost.index(min(usable)), cost


# --- SPEC 9: a whole list ---------------------------------------------------------------------


@dataclass
class Outcome:
    is_reference: bool
    fit_rms: float | None = None
    matched_mse: float | None = None
    diff_im_var: float | None = None
    failure: str | None = None


def run(exposures, keys, scalers, ref_key, ref_scaler, config, *, skip_unreadable=False):
    """SPEC 9; an exposure that is None cannot be read.

    `skip_unreadable` is the correction recommended in SPEC 12, Q15: such a candidate is no
    candidate instead of the end of everything.
    """
    config = {**DEFAULTS, **config}
    if not exposures:
        raise Trouble("no_exposures")
    if scalers is not None and len(scalers) != len(exposures):
        raise Trouble("length_mismatch")
    scalers = scalers or [None] * len(exposures)

    def load(i, factor):
        if exposures[i] is None:
            raise Trouble("load_failed")
        return scaled(exposures[i], factor)

    chosen_index = None
    if ref_key is None:
        measured = []
        for i, factor in enumerate(scalers):
            try:
                measured.append(measure(load(i, factor), config))
            except Trouble as trouble:
                if trouble.kind == "load_failed" and not skip_unreadable:
                    raise
                measured.append((NAN, NAN, NAN))
        chosen_index, _ = choose(measured, config)
        ref_key, ref_scaler = keys[chosen_index], scalers[chosen_index]
    reference = load(keys.index(ref_key), ref_scaler)
    outcomes = []
    for i, key in enumerate(keys):
        if key == ref_key:
            outcomes.append(Outcome(True, fit_rms=0.0))
            continue
        try:
            m = match(reference, load(i, scalers[i]), config)
            outcomes.append(Outcome(False, m.fit_rms, m.matched_mse, m.diff_im_var))
        except Trouble as trouble:
            outcomes.append(Outcome(False, failure=trouble.kind))
    return chosen_index, outcomes
