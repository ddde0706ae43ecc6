"""Which settings do nothing at present, and which were not followed as asked."""

from __future__ import annotations

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.fitting import Adjustment

__all__ = ["adjusted_fields", "idle_fields"]

_FIELD_OF = {
    "order_reduced": "order",
    "interp_style_reduced": "interp_style",
    "lines_reduced": "interp_style",
    "weighting_off": "approx_weighting",
    "cells_skipped": "approx_weighting",
    "samples_per_axis_changed": "bin_size",
    "ill_conditioned": "order",
}


_OF_OTHERS = (
    "use_polynomial",
    "order",
    "interp_style",
    "undersample_style",
    "approx_weighting",
    "inverse_variance_weighting",
    "corrected_increase",
)


def idle_fields(config: MatchConfig) -> dict[str, str]:
    """Return field -> why it has no effect with the other settings as they are."""
    if config.model_kind == "smooth":
        reason = "Without effect while penalisedSpline is on: it belongs to another model."
        centred = "Without effect while penalisedSpline is on, which always does this."
        return dict.fromkeys(_OF_OTHERS, reason) | {"cell_centroids": centred}
    idle: dict[str, str] = {}
    reason = "Without effect while penalisedSpline is off: it shapes the P-spline."
    idle["smoothing_length"] = idle["penalty_order"] = reason
    if config.use_polynomial:
        idle["interp_style"] = "Without effect while usePolynomial is on: it shapes the spline."
    else:
        reason = "Without effect while usePolynomial is off: it belongs to the polynomial."
        idle["order"] = idle["approx_weighting"] = idle["grid_stdev_epsilon"] = reason
        idle["inverse_variance_weighting"] = idle["corrected_increase"] = reason
    if config.use_polynomial and not config.approx_weighting:
        idle["inverse_variance_weighting"] = "Without effect while approxWeighting is off."
        idle["grid_stdev_epsilon"] = "Without effect while approxWeighting is off."
    if config.use_polynomial and config.undersample_style != "INCREASE_NXNYSAMPLE":
        idle["corrected_increase"] = (
            "Without effect unless undersampleStyle is INCREASE_NXNYSAMPLE."
        )
    return idle


def adjusted_fields(adjustments: tuple[Adjustment, ...]) -> dict[str, Adjustment]:
    """Return field -> what was done instead of what it asks for."""
    found: dict[str, Adjustment] = {}
    for adjustment in adjustments:
        field = _FIELD_OF.get(adjustment.kind)
        if field is not None:
            found.setdefault(field, adjustment)
    return found
