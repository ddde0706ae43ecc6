"""Chebyshev polynomial through the cells (SPEC section 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from numpy.typing import ArrayLike, NDArray

from bgviewer.engine.cells import Cells
from bgviewer.engine.native import kernels
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.rendering import RowRenderer, positions, render_rows, small_product
from bgviewer.errors import FitError

__all__ = [
    "ChebyshevModel",
    "FitSystem",
    "along",
    "products",
    "summed_products",
    "term_count",
    "terms",
    "terms_at",
]

Array = NDArray[np.float64]

_PIECE = 200_000  # multiplications; OpenBLAS starts threads above 262 144
_PIECE_OF_A_COLUMN = 9_000  # above 9 216 for a single column
_NOTHING = 1e-12  # LSST's limit below which the normal equations count as empty


def terms(order: int) -> list[tuple[int, int]]:
    """Return (a, b) of the terms T_a(x) T_b(y) in LSST's order: by degree, x first."""
    return [(degree - b, b) for degree in range(order + 1) for b in range(degree + 1)]


def term_count(order: int) -> int:
    """Return how many coefficients a polynomial of this order has."""
    return (order + 1) * (order + 2) // 2


@dataclass(frozen=True, eq=False)
class FitSystem:
    """The least-squares problem of a fit: everything but the cells' values.

    Attributes
    ----------
    usable : bool array, shape of the grid
        Cells that take part.
    design : ndarray float64 [n_fitted, terms]
        The terms at their centres, or at the centroids of their good pixels.
    weighted : ndarray float64 [n_fitted, terms]
        The same times the cell's weight.
    """

    usable: NDArray[np.bool_]
    design: Array
    weighted: Array

    @classmethod
    def of(
        cls,
        cells: Cells,
        order: int,
        weighting: bool,
        shape: tuple[int, int],
        *,
        inverse_variance: bool = False,
    ) -> FitSystem:
        """Set it up (see `ChebyshevModel.fit` for the arguments)."""
        values = cells.values.astype(np.float64)
        errors = cells.errors.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = 1.0 / errors if weighting else np.ones_like(values)
            if weighting and inverse_variance:
                weights = weights * weights
            usable = np.isfinite(values + weights)
        rows, columns = np.nonzero(usable)
        if cells.dy is None or cells.dx is None:
            design = terms_at(order, shape, cells.y_local, cells.x_local)[rows, columns]
        else:
            y = cells.y_local[rows] + cells.dy[usable]
            x = cells.x_local[columns] + cells.dx[usable]
            a, b = (np.array(index) for index in zip(*terms(order), strict=True))
            design = along(order, shape[0], y)[:, b] * along(order, shape[1], x)[:, a]
        return cls(usable, design, design * weights[usable][:, None])

    @property
    def matrix(self) -> Array:
        """The normal equations' matrix."""
        return summed_products(self.weighted, self.design)


def summed_products(left: Array, right: Array) -> Array:
    """Return ``left.T @ right`` of two tall arrays, in pieces of a few dozen rows.

    A BLAS would start threads of its own for the whole, and where the processors have other work
    those wait for one another: 100 ms instead of one.  Pieces stay below what it does that for.
    """
    count, size = left.shape[1], left.shape[1] * right.shape[1]
    rows = max(1, min(_PIECE // max(1, size), _PIECE_OF_A_COLUMN // max(1, count)))
    pieces = len(left) // rows
    cut = pieces * rows
    first = left[:cut].reshape(pieces, rows, count).transpose(0, 2, 1)
    whole = np.matmul(first, right[:cut].reshape(pieces, rows, right.shape[1])).sum(axis=0)
    return np.asarray(whole + left[cut:].T @ right[cut:])


def terms_at(order: int, shape: tuple[int, int], y: ArrayLike, x: ArrayLike) -> Array:
    """Return every term at local rows `y` and columns `x`: float64 [len(y), len(x), terms]."""
    ny, nx = shape
    return products(order, along(order, ny, y), along(order, nx, x))


def along(order: int, side: int, positions: ArrayLike) -> Array:
    """Return T_0 to T_order at local positions of a side: float64 [positions, order + 1]."""
    at = np.atleast_1d(np.asarray(positions, dtype=np.float64))
    return np.asarray(chebvander(_unit(at, side), order))


def products(order: int, along_y: Array, along_x: Array) -> Array:
    """Return the terms from their factors along y and x: [rows, columns, terms]."""
    a, b = (np.array(index) for index in zip(*terms(order), strict=True))
    return np.asarray(along_y[:, None, b] * along_x[None, :, a])


@dataclass(frozen=True, eq=False)
class ChebyshevModel:
    """A polynomial surface over the whole image, half pixels included.

    Attributes
    ----------
    coefficients : ndarray float64, 1-D
        In the order of `terms`.
    order : int
        Highest total degree.
    shape : (int, int)
        ``(ny, nx)`` of the image: it is the domain.
    condition : float
        Condition number (1-norm) of the normal equations; inf when singular.
    n_fitted : int
        Cells that took part.
    """

    coefficients: Array
    order: int
    shape: tuple[int, int]
    condition: float
    n_fitted: int
    kind = "chebyshev"
    is_empty = False

    @classmethod
    def fit(
        cls,
        cells: Cells,
        order: int,
        weighting: bool,
        shape: tuple[int, int],
        *,
        inverse_variance: bool = False,
    ) -> ChebyshevModel:
        """Fit the cells.

        Parameters
        ----------
        weighting : bool
            Weight by 1/error of the cell (one power of the standard error, as LSST does).
        inverse_variance : bool
            With weighting: use 1/error^2 instead.

        Raises
        ------
        FitError
            When no cell can be used (or all weights are negligibly small).
        """
        system = FitSystem.of(cells, order, weighting, shape, inverse_variance=inverse_variance)
        values = cells.values.astype(np.float64)[system.usable]
        matrix = system.matrix
        right = summed_products(system.weighted, values[:, None])[:, 0]
        if not (np.abs(matrix) > _NOTHING).any():
            raise FitError(
                f"there is nothing to fit: {len(values)} of {cells.values.size} cells can be used"
                + (" with their weights" if weighting else "")
                + ". Choose a larger binSize or fewer badMaskPlanes."
            )
        coefficients, condition = _solve(matrix, right)
        return cls(coefficients, order, shape, condition, len(values))

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
        """
        return render_rows(self.rows(y, x), progress, threads)

    def rows(self, y: ArrayLike | None = None, x: ArrayLike | None = None) -> RowRenderer:
        """Return a renderer of any band of the rows `y`, all at columns `x`."""
        ny, nx = self.shape
        at_y, at_x = positions(y, ny), positions(x, nx)
        square = np.zeros((self.order + 1, self.order + 1))
        for value, (a, b) in zip(self.coefficients, terms(self.order), strict=True):
            square[b, a] = value
        left = np.ascontiguousarray(chebvander(_unit(at_y, ny), self.order) @ square)
        right = np.ascontiguousarray(chebvander(_unit(at_x, nx), self.order).T, dtype=np.float64)

        compiled = kernels()

        def fill(a: int, b: int, out: NDArray[np.float32]) -> None:
            if compiled is not None:
                compiled.products(left[a:b], right, out)
                return
            with np.errstate(over="ignore", invalid="ignore"):
                small_product(left[a:b], right, out)

        return RowRenderer(len(at_y), len(at_x), fill)


def _unit(positions: NDArray[np.generic], side: int) -> Array:
    """Map local pixel positions to -1..1 over the side with its half pixels."""
    out: Array = (np.asarray(positions, dtype=np.float64) - 0.5 * (side - 1)) * (2.0 / side)
    return out


def _solve(matrix: Array, right: Array) -> tuple[Array, float]:
    """LU with partial pivoting; the least-squares answer where that meets a zero pivot.

    LSST returns whatever the elimination gives there; nobody can depend on it.
    """
    try:
        solution = np.linalg.solve(matrix, right)
        condition = float(np.linalg.cond(matrix, 1))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0], dtype=np.float64), np.inf
    return np.asarray(solution), condition if np.isfinite(condition) else np.inf
