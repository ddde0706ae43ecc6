"""What differs between two snapshots of a match, in settings and figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bgviewer.engine.config import OPTIONS
from bgviewer.io.units import squared
from bgviewer.tasks.show import Shown

__all__ = ["Difference", "differences"]

_FIGURES = (
    ("fitRMS", "fit_rms", 1),
    ("matchedMSE", "matched_mse", 2),
    ("diffImVar", "diff_im_var", 2),
    ("MSE/var", "ratio", 0),
    ("χ²/dof of bins (1 is expected)", "chi_square.reduced", 0),
    ("model", "kind", 0),
    ("order used", "used_order", 0),
    ("weighting used", "used_weighting", 0),
    ("style used", "used_interp_style", 0),
    ("smoothing length used", "used_smoothing_length", 0),
    ("cells with data", "cells_used", 0),
    ("cells", "cells_total", 0),
    ("bins", "bins_used", 0),
    ("bins dropped", "bins_dropped", 0),
    ("extrapolated share", "extrapolated", 0),
)


@dataclass(frozen=True)
class Difference:
    """One line of the comparison.

    Attributes
    ----------
    name : str
        LSST's name of an option, a figure's name, or the role of an exposure.
    a, b : object
        The two values.
    unit : str
        Of both, or an empty string.
    sort : {"exposure", "setting", "figure"}
    """

    name: str
    a: Any
    b: Any
    unit: str = ""
    sort: str = "setting"


def differences(a: Shown, b: Shown) -> tuple[Difference, ...]:
    """List what is not the same: exposures, then settings, then figures."""
    found = []
    for name, first, second in (
        ("reference", a.stack[a.reference_id].name, b.stack[b.reference_id].name),
        ("science", a.stack[a.science_id].name, b.stack[b.science_id].name),
    ):
        if first != second:
            found.append(Difference(name, first, second, sort="exposure"))
    for option in OPTIONS.values():
        first, second = getattr(a.config, option.name), getattr(b.config, option.name)
        if first != second:
            found.append(Difference(option.lsst_name, first, second, option.unit or ""))
    for name, field, power in _FIGURES:
        first, second = _figure(a, field), _figure(b, field)
        both_nan = first != first and second != second
        if first != second and not both_nan:
            unit = a.figures.unit if power else ""
            unit = squared(unit) if power == 2 else unit
            found.append(Difference(name, first, second, unit, "figure"))
    return tuple(found)


def _figure(shown: Shown, field: str) -> Any:
    """Return a figure; NaN where what it belongs to is not known."""
    value: Any = shown.figures
    for name in field.split("."):
        value = math.nan if value is None else getattr(value, name)
    return value
