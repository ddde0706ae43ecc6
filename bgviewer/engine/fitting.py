"""Cells -> model -> judged bins: the third stage of a match, fast enough for a slider."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bgviewer.engine.bins import Bins, JudgedBins
from bgviewer.engine.cells import Cells
from bgviewer.engine.chebyshev import ChebyshevModel, term_count
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.curves import MINIMUM_POINTS, best_style
from bgviewer.engine.penalised_spline import SmoothFit, TileFitter
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.rendering import RowRenderer
from bgviewer.engine.spline import SplineModel
from bgviewer.errors import FitError

__all__ = ["Adjustment", "Fit", "Model", "fit_model"]

_ILL_CONDITIONED = 1e12


@dataclass(frozen=True)
class Adjustment:
    """Something that was not done as asked; part of the result, never only a log line.

    Attributes
    ----------
    kind : str
        ``order_reduced``, ``samples_per_axis_changed``, ``interp_style_reduced``,
        ``lines_reduced``, ``weighting_off``, ``cells_skipped`` or ``ill_conditioned``.
    asked, used : object
        Before and after.
    text : str
        The sentence for people.
    """

    kind: str
    asked: Any
    used: Any
    text: str


class Model(Protocol):
    """A background model that can be evaluated anywhere on the image."""

    @property
    def kind(self) -> str:
        """What it is made of: "spline", "chebyshev" or "smooth" (a P-spline)."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """``(ny, nx)`` of the image."""
        ...

    @property
    def is_empty(self) -> bool:
        """Whether the model is NaN everywhere (no overlap)."""
        ...

    def render(
        self,
        y: ArrayLike | None = None,
        x: ArrayLike | None = None,
        *,
        progress: Progress = SILENT,
        threads: int | None = None,
    ) -> NDArray[np.float32]:
        """Return float32 [len(y), len(x)] at local pixel positions; default all."""
        ...

    def rows(self, y: ArrayLike | None = None, x: ArrayLike | None = None) -> RowRenderer:
        """Return a renderer of any band of the rows `y`, all at columns `x`."""
        ...


@dataclass(frozen=True, eq=False)
class Fit:
    """A model and how it stands to the bins.

    Attributes
    ----------
    model : Model
    bins : JudgedBins
    used_order : int or None
        Polynomial order after all changes; None for splines.
    used_weighting : bool or None
        None for splines.
    used_interp_style : str or None
        Style after the global reduction; None but for a spline through the cells.
    adjustments : tuple of Adjustment
    condition : float or None
        Condition number of a polynomial's normal equations.
    smooth : SmoothFit or None
        Equations and solution of a P-spline; None for the others.
    """

    model: Model
    bins: JudgedBins
    used_order: int | None
    used_weighting: bool | None
    used_interp_style: str | None
    adjustments: tuple[Adjustment, ...]
    condition: float | None = None
    smooth: SmoothFit | None = None

    @property
    def used_smoothing_length(self) -> float | None:
        """Smoothing length of a P-spline in pixels, asked for or chosen; None for the others."""
        return None if self.smooth is None else self.smooth.model.smoothing_length

    @cached_property
    def fit_rms(self) -> float:
        """Root mean square of the bins' residuals that are not NaN; NaN when there is none."""
        return _rms(self.bins.residuals)

    @cached_property
    def fit_rms_centred(self) -> float:
        """The same with the model read at the bins' true centres (half a pixel matters: Q4)."""
        x, y = self.bins.read_out(centred=True)
        return _rms(self.bins.values - _read(self.model, x, y))


def _rms(residuals: NDArray[np.float64]) -> float:
    known = residuals[residuals == residuals]
    return math.sqrt(float(np.mean(known * known))) if known.size else math.nan


def _read(model: Model, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read the model at scattered positions that lie on few rows and columns."""
    rows, row_of = np.unique(y, return_inverse=True)
    columns, column_of = np.unique(x, return_inverse=True)
    if not len(rows):
        return np.empty(0)
    return model.render(y=rows, x=columns)[row_of, column_of].astype(np.float64)


def fit_model(
    cells: Cells,
    bins: Bins,
    config: MatchConfig,
    shape: tuple[int, int],
    *,
    tiles: TileFitter | None = None,
    read: bool = True,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Fit:
    """Fit the model to the cells and read it at the bins (SPEC sections 4, 5, 6.5, 6.8).

    Parameters
    ----------
    tiles : TileFitter, optional
        What a P-spline is fitted to; `Gridded.tiles` has it.
    read : bool
        Whether the model is read at the bins; without, their model values are NaN.

    Raises
    ------
    UndersampledError, FitError
        When the model cannot be made.
    """
    made: Model
    order, weighting, style, condition, smooth = None, None, None, None, None
    adjustments: list[Adjustment] = []
    if config.model_kind == "smooth":
        if tiles is None:
            raise FitError("a P-spline is fitted to tiles, and none were measured")
        smooth = tiles.fit(config.penalty_order, config.smoothing_length or None, progress)
        made = smooth.model
    elif config.model_kind == "chebyshev":
        made, order, weighting, adjustments = _polynomial(cells, bins, config, shape)
        condition = made.condition
    else:
        made, adjustments = _spline(cells, config, shape)
        style = made.style
    judged = JudgedBins(
        **{name: getattr(bins, name) for name in Bins.__dataclass_fields__},
        model=_read(made, *bins.read_out()) if read else np.full(len(bins.x), np.nan),
    )
    return Fit(made, judged, order, weighting, style, tuple(adjustments), condition, smooth)


def _spline(
    cells: Cells, config: MatchConfig, shape: tuple[int, int]
) -> tuple[SplineModel, list[Adjustment]]:
    asked = config.interp_style
    model = SplineModel.fit(cells, asked, config.undersample_style, shape)
    adjustments = []
    if model.style != asked:
        ny, nx = cells.shape
        adjustments.append(
            Adjustment(
                "interp_style_reduced",
                asked,
                model.style,
                f"{nx} × {ny} cells are too few for {asked}: {model.style} used",
            )
        )
    if model.n_reduced_lines:
        adjustments.append(
            Adjustment(
                "lines_reduced",
                model.style,
                model.n_reduced_lines,
                f"too few cells with data in {_columns(model.n_reduced_lines)} for "
                f"{model.style}: a simpler curve used there",
            )
        )
    if 0 < model.n_columns < MINIMUM_POINTS[model.style]:
        simpler = best_style(model.n_columns)
        adjustments.append(
            Adjustment(
                "lines_reduced",
                model.style,
                simpler,
                f"cells with data in {_columns(model.n_columns)} only: {simpler} used along x "
                f"instead of {model.style}",
            )
        )
    return model, adjustments


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _polynomial(
    cells: Cells, bins: Bins, config: MatchConfig, shape: tuple[int, int]
) -> tuple[ChebyshevModel, int, bool, list[Adjustment]]:
    adjustments = []
    order = config.order
    carried = min(bins.columns_with_data, bins.rows_with_data)
    if carried <= order and config.undersample_style == "REDUCE_INTERP_ORDER":
        order = carried - 1
        adjustments.append(
            Adjustment(
                "order_reduced",
                config.order,
                order,
                f"only {carried} rows or columns of bins have data: order {order} used "
                f"instead of {config.order}",
            )
        )
    uniform = not bool((bins.errors > config.grid_stdev_epsilon).any())
    weighting = config.approx_weighting and not uniform
    if config.approx_weighting and uniform:
        adjustments.append(
            Adjustment(
                "weighting_off",
                True,
                False,
                "no bin scatters more than gridStdevEpsilon: the fit is not weighted",
            )
        )
    model = ChebyshevModel.fit(
        cells, order, weighting, shape, inverse_variance=config.inverse_variance_weighting
    )
    adjustments.extend(_fit_warnings(model, cells, order))
    return model, order, weighting, adjustments


def _fit_warnings(model: ChebyshevModel, cells: Cells, order: int) -> list[Adjustment]:
    found = []
    with_value = cells.n_used
    if model.n_fitted < with_value:
        found.append(
            Adjustment(
                "cells_skipped",
                with_value,
                model.n_fitted,
                f"{with_value - model.n_fitted} cells have no usable error and take no part in "
                "the weighted fit",
            )
        )
    needed = term_count(order)
    if model.n_fitted < needed or model.condition > _ILL_CONDITIONED:
        found.append(
            Adjustment(
                "ill_conditioned",
                needed,
                model.n_fitted,
                f"{model.n_fitted} cells for {needed} terms, condition number "
                f"{model.condition:.1e}: the polynomial is not determined by the data; "
                "lower the order or the binSize",
            )
        )
    return found
