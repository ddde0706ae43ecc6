"""Splines through the cells (SPEC section 4): one-dimensional curves and the two-pass surface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bgviewer.engine.cells import Cells
from bgviewer.engine.curves import MINIMUM_POINTS, best_style, curves
from bgviewer.engine.native import kernels
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.rendering import RowRenderer, positions, render_rows
from bgviewer.errors import UndersampledError

__all__ = ["SplineModel", "interpolate", "reduce_style"]

Array = NDArray[np.float64]

_ROUNDS = 2
_FLAT = 0.02  # spread of the centroids along a direction, over the largest, that tells a slope


def interpolate(style: str, x: ArrayLike, y: ArrayLike, at: ArrayLike) -> Array:
    """Return the curve of `style` through nodes (x, y) at positions `at`.

    Parameters
    ----------
    style : {"CONSTANT", "LINEAR", "NATURAL_SPLINE", "CUBIC_SPLINE", "AKIMA_SPLINE"}
    x : array_like, shape (n,)
        Nodes, strictly ascending (for CONSTANT, ascending).
    y : array_like, shape (n,)
        Values, finite.
    at : array_like, shape (m,)
        Positions, any order; NaN gives NaN (but CONSTANT the last value).

    Raises
    ------
    UndersampledError
        When there are fewer nodes than the style needs.
    """
    nodes = np.asarray(x, dtype=np.float64)
    if len(nodes) < MINIMUM_POINTS[style]:
        raise UndersampledError(
            f"{style} needs {MINIMUM_POINTS[style]} points, there are {len(nodes)}"
        )
    if style != "CONSTANT" and not (np.diff(nodes) > 0).all():
        raise UndersampledError(f"{style}: positions of the nodes must ascend")
    positions = np.asarray(at, dtype=np.float64)
    order = np.argsort(positions, kind="stable")
    values = np.asarray(y, dtype=np.float64)[None, :]
    out = np.empty(len(positions))
    out[order] = curves(style, nodes, values).evaluate(positions[order])[0]
    if style != "CONSTANT":  # steps give NaN positions the last value, as LSST does
        out[np.isnan(positions)] = np.nan
    return out


def reduce_style(style: str, undersample_style: str, nx: int, ny: int) -> str:
    """Return the style that a grid of nx x ny cells carries (SPEC 4.1).

    Raises
    ------
    UndersampledError
        When the cells are too few and may not be reduced for.
    """
    need = MINIMUM_POINTS[style]
    if nx >= need and ny >= need:
        return style
    if undersample_style != "REDUCE_INTERP_ORDER":
        raise UndersampledError(
            f"interpStyle = {style} needs {need} cells along each axis; there are {nx} x {ny}. "
            "Choose a smaller binSize, a simpler interpStyle, or REDUCE_INTERP_ORDER"
            + ("; more cells are made for polynomials only." if "INC" in undersample_style else ".")
        )
    return best_style(nx if nx < ny else ny)


@dataclass(frozen=True, eq=False)
class SplineModel:
    """A surface through the cells: splines along y, then along x for each row.

    Attributes
    ----------
    cells : Cells
        The grid; NaN cells are left out line by line.
    style : str
        Style after the global reduction.
    undersample_style : str
        What to do on lines with too few cells.
    shape : (int, int)
        ``(ny, nx)`` of the image.
    n_reduced_lines : int
        Grid columns with some but too few cells for `style`, interpolated by a simpler one.
    n_columns : int
        Grid columns with any cell; where they are too few for `style`, every pixel row is
        interpolated by a simpler one.
    """

    cells: Cells
    style: str
    undersample_style: str
    shape: tuple[int, int]
    n_reduced_lines: int = 0
    n_columns: int = 0
    kind = "spline"

    @classmethod
    def fit(
        cls, cells: Cells, style: str, undersample_style: str, shape: tuple[int, int]
    ) -> SplineModel:
        """Choose the style that the cells carry and check every line.

        Raises
        ------
        UndersampledError
            Too few cells, unless the undersample style is REDUCE_INTERP_ORDER.
        """
        ny, nx = cells.shape
        used = reduce_style(style, undersample_style, nx, ny)
        need = MINIMUM_POINTS[used]
        points = np.count_nonzero(cells.values == cells.values, axis=0)
        if undersample_style != "REDUCE_INTERP_ORDER" and (points < need).any():
            column = int(np.argmax(points < need))
            raise UndersampledError(
                f"column {column} of the grid has {points[column]} of {ny} cells with data; "
                f"{used} needs {need}. Choose a smaller binSize, a simpler interpStyle, or "
                "REDUCE_INTERP_ORDER."
            )
        lines = int(np.count_nonzero((points < need) & (points > 0)))
        columns = int(np.count_nonzero(points))
        model = cls(cells, used, undersample_style, shape, lines, columns)
        return model if cells.dy is None else model.through_centroids()

    def through_centroids(self) -> SplineModel:
        """Return the surface that takes the cells' values at the centroids of their good pixels.

        Curves need their nodes on a grid, so the values are brought to the cells' middles: along
        the plane that fits them best, and along the surface through what that plane leaves, which
        is made `_ROUNDS` times.  A plane is so reproduced without error.

        Notes
        -----
        A cell whose good pixels all lie at one side says little of its middle; the correction is
        first and second order in the offset and grows with the noise of its neighbours there.
        """
        cells = self.cells
        if cells.dy is None or cells.dx is None:
            return self
        values = cells.values.astype(np.float64)
        known = np.isfinite(values)
        plane = _plane(values, known, cells, self.shape)
        left = values - plane(cells.dy, cells.dx)
        moved = left
        for _ in range(_ROUNDS):
            surface = replace(self, cells=_at_middles(cells, moved))
            moved = left - surface._change(cells.dy, cells.dx)
        moved = (moved + plane(0.0, 0.0)).astype(cells.values.dtype)
        return replace(self, cells=_at_middles(cells, moved))

    def _change(self, dy: Array, dx: Array) -> Array:
        """Return by how much the surface differs from each cell's middle at offsets from it."""
        total = np.zeros(dy.shape)
        for axis, (edges, offsets) in enumerate(
            ((self.cells.y_edges, dy), (self.cells.x_edges, dx))
        ):
            step = 0.25 * np.diff(edges)
            middles = self.cells.y_local if axis == 0 else self.cells.x_local
            places = (middles + step * np.array([-1, 0, 1])[:, None]).T.ravel()  # ascending
            y, x = (
                places if axis == k else at
                for k, at in enumerate((self.cells.y_local, self.cells.x_local))
            )
            read = self.render(y, x, threads=1).astype(np.float64)
            below, at, above = (read[k::3] if axis == 0 else read[:, k::3] for k in range(3))
            part = offsets / (step[:, None] if axis == 0 else step)
            total += 0.5 * part * (above - below) + 0.5 * part**2 * (above - 2 * at + below)
        return total

    @property
    def is_empty(self) -> bool:
        """Whether no cell has a value, so that the model is NaN everywhere."""
        return self.cells.n_used == 0

    def render(
        self,
        y: ArrayLike | None = None,
        x: ArrayLike | None = None,
        *,
        progress: Progress = SILENT,
        threads: int | None = None,
    ) -> NDArray[np.float32]:
        """Return the model at rows `y` and columns `x`.

        Parameters
        ----------
        y, x : array_like, optional
            Local pixel positions (need not be whole numbers), any subset; default all.

        Returns
        -------
        ndarray float32 [len(y), len(x)]
            NaN everywhere when no cell has a value.
        """
        return render_rows(self.rows(y, x), progress, threads)

    def rows(self, y: ArrayLike | None = None, x: ArrayLike | None = None) -> RowRenderer:
        """Return a renderer of any band of the rows `y`, all at columns `x`."""
        at_y, at_x = positions(y, self.shape[0]), positions(x, self.shape[1])
        used, knots = self._along_y(at_y)
        if not used.any():
            return RowRenderer(len(at_y), len(at_x), lambda a, b, out: out.fill(np.nan))
        nodes = self.cells.x_local[used]
        style = self._line_style(len(nodes))
        order = np.argsort(at_x, kind="stable")
        ascending = bool((order == np.arange(len(order))).all())
        fill_sorted = _line_filler(style, nodes, knots, at_x[order])

        def fill(a: int, b: int, out: NDArray[np.float32]) -> None:
            with np.errstate(over="ignore", invalid="ignore"):
                if ascending:
                    fill_sorted(a, b, out)
                else:
                    unsorted = np.empty((b - a, len(order)), dtype=np.float32)
                    fill_sorted(a, b, unsorted)
                    out[:, order] = unsorted

        return RowRenderer(len(at_y), len(at_x), fill)

    def _line_style(self, n: int) -> str:
        return self.style if n >= MINIMUM_POINTS[self.style] else best_style(n)

    def _along_y(self, rows: Array) -> tuple[NDArray[np.bool_], Array]:
        """Interpolate every grid column at the rows; columns without cells are told apart.

        A column with at least one cell has a value in every row (SPEC 4.2), so the same
        columns serve all rows.
        """
        values = self.cells.values.astype(np.float64)
        has = values == values
        used = has.any(axis=0)
        nodes = self.cells.y_local
        order = np.argsort(rows, kind="stable")
        sorted_rows = rows[order]
        out = np.empty((len(rows), values.shape[1]))
        packed = np.ascontiguousarray(np.packbits(has, axis=0).T)  # a column's cells as bytes
        keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
        _, first, member = np.unique(keys, return_index=True, return_inverse=True)
        patterns = has[:, first]
        for index in range(patterns.shape[1]):
            keep = patterns[:, index]
            columns = np.flatnonzero(member == index)
            n = int(np.count_nonzero(keep))
            if n == 0:
                continue
            part = curves(self._line_style(n), nodes[keep], values[np.ix_(keep, columns)].T)
            out[np.ix_(order, columns)] = part.evaluate(sorted_rows).T
        return used, np.ascontiguousarray(out[:, used])


def _at_middles(cells: Cells, values: NDArray[np.floating[Any]]) -> Cells:
    return replace(cells, values=values, dy=None, dx=None)


def _plane(
    values: Array, known: NDArray[np.bool_], cells: Cells, shape: tuple[int, int]
) -> Callable[[Array | float, Array | float], Array]:
    """Return the best plane through the cells' centroids, read at offsets from their middles."""
    assert cells.dy is not None and cells.dx is not None
    y, x = cells.y_local[:, None], cells.x_local[None, :]
    at = np.stack([(y + cells.dy)[known] / shape[0], (x + cells.dx)[known] / shape[1]], axis=1)
    if not known.any():
        return lambda dy, dx: np.zeros(values.shape)
    middle, level = at.mean(axis=0), float(values[known].mean())
    slope = np.linalg.lstsq(at - middle, values[known] - level, rcond=_FLAT)[0]

    def read(dy: Array | float, dx: Array | float) -> Array:
        along_y = slope[0] * ((y + dy) / shape[0] - middle[0])
        return np.asarray(level + along_y + slope[1] * ((x + dx) / shape[1] - middle[1]))

    return read


def _line_filler(
    style: str, nodes: Array, knots: Array, at: Array
) -> Callable[[int, int, NDArray[np.float32]], None]:
    """Return what fills lines a to b at ascending positions; knots are the nodes' values."""
    first, compiled = curves(style, nodes, knots[:1]), kernels()
    if compiled is None:
        layout = first.layout(at)
        return lambda a, b, out: curves(style, nodes, knots[a:b]).fill(layout, out)
    cuts, t = first.places(at)
    if style == "AKIMA_SPLINE":
        return lambda a, b, out: compiled.akima_rows(nodes, knots[a:b], cuts, t, out)
    return lambda a, b, out: compiled.cubics(
        curves(style, nodes, knots[a:b]).stacked(), cuts, t, out
    )
