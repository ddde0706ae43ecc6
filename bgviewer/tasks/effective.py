"""What a match really used, beside what was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from bgviewer.tasks.show import Shown

__all__ = ["Effective", "effective_settings"]

_KINDS = {
    "model": ("order_reduced", "interp_style_reduced", "lines_reduced", "ill_conditioned"),
    "weighting": ("weighting_off",),
    "cells": ("samples_per_axis_changed", "cells_skipped"),
}


@dataclass(frozen=True)
class Effective:
    """One setting as it took effect.

    Attributes
    ----------
    name : {"model", "weighting", "cells", "tiles", "bins"}
    used, asked : str
    changed : bool
        Whether something was not done as asked.
    why : tuple of str
        Sentences of the match on it.
    """

    name: str
    used: str
    asked: str
    changed: bool
    why: tuple[str, ...] = ()


def effective_settings(shown: Shown) -> tuple[Effective, ...]:
    """Return what a match used: model (order or style), weighting, cells, bins."""
    config, figures = shown.result.config, shown.figures
    why = {
        name: tuple(dict.fromkeys(a.text for a in shown.result.adjustments if a.kind in kinds))
        for name, kinds in _KINDS.items()
    }
    found = []
    if figures.used_order is not None:
        model = (f"order {figures.used_order}", f"order = {config.order}")
    elif figures.used_smoothing_length is not None:
        asked_length = config.smoothing_length
        model = (shown.result.model_text, f"smoothingLength = {asked_length:g}")
    else:
        model = (_style(figures.used_interp_style or ""), f"interpStyle = {config.interp_style}")
    found.append(Effective("model", *model, bool(why["model"]), why["model"]))
    if figures.used_weighting is not None:
        used = "weighted" if figures.used_weighting else "not weighted"
        asked = f"approxWeighting = {'on' if config.approx_weighting else 'off'}"
        found.append(Effective("weighting", used, asked, bool(why["weighting"]), why["weighting"]))
    if figures.used_smoothing_length is not None:
        found.append(_tiles(shown))
    nx, ny = figures.grid
    fitted = int(getattr(shown.result.model, "n_fitted", figures.cells_used))
    cells = f"{fitted} of {figures.cells_total} cells"
    asked = f"binSize = {config.bin_size}: {nx} × {ny} cells"
    if why["cells"]:
        asked = f"binSize = {config.bin_size}"
    changed = bool(why["cells"]) or fitted < figures.cells_total
    if figures.used_smoothing_length is None:
        found.append(Effective("cells", cells, asked, changed, why["cells"]))
    bins = f"{figures.bins_dropped} bins dropped"
    if figures.bins_dropped == 1:
        bins = "1 bin dropped"
    total = figures.bins_used + figures.bins_dropped
    asked = f"binSize = {config.bin_size}: {total} bins"
    found.append(Effective("bins", bins, asked, figures.bins_dropped > 0))
    return tuple(found)


def _tiles(shown: Shown) -> Effective:
    """Return what a P-spline was fitted to."""
    carriers, model = shown.result.carriers, shown.result.model
    ny, nx = carriers.shape
    fitted, lost = int(getattr(model, "n_fitted", 0)), int(getattr(model, "n_rejected", 0))
    why = (f"{lost} tiles unlike the surface around them have no weight",) if lost else ()
    asked = f"binSize = {shown.config.bin_size}: {nx} × {ny} tiles"
    return Effective("tiles", f"{fitted} of {nx * ny} tiles", asked, fitted < nx * ny, why)


def _style(name: str) -> str:
    return name.replace("_", " ").capitalize()
