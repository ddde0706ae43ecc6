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
    name : {"model", "weighting", "cells", "bins"}
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
    else:
        model = (_style(figures.used_interp_style or ""), f"interpStyle = {config.interp_style}")
    found.append(Effective("model", *model, bool(why["model"]), why["model"]))
    if figures.used_weighting is not None:
        used = "weighted" if figures.used_weighting else "not weighted"
        asked = f"approxWeighting = {'on' if config.approx_weighting else 'off'}"
        found.append(Effective("weighting", used, asked, bool(why["weighting"]), why["weighting"]))
    nx, ny = figures.grid
    fitted = int(getattr(shown.result.model, "n_fitted", figures.cells_used))
    cells = f"{fitted} of {figures.cells_total} cells"
    asked = f"binSize = {config.bin_size}: {nx} × {ny} cells"
    if why["cells"]:
        asked = f"binSize = {config.bin_size}"
    changed = bool(why["cells"]) or fitted < figures.cells_total
    found.append(Effective("cells", cells, asked, changed, why["cells"]))
    bins = f"{figures.bins_dropped} bins dropped"
    if figures.bins_dropped == 1:
        bins = "1 bin dropped"
    total = figures.bins_used + figures.bins_dropped
    asked = f"binSize = {config.bin_size}: {total} bins"
    found.append(Effective("bins", bins, asked, figures.bins_dropped > 0))
    return tuple(found)


def _style(name: str) -> str:
    return name.replace("_", " ").capitalize()
