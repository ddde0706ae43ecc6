"""P-spline: a smooth surface of many cubic B-splines, held by a penalty on its derivatives.

Eilers & Marx 1996 (Statistical Science 11, 89); smoothing chosen by restricted maximum likelihood,
Wood 2011 (J. R. Statist. Soc. B 73, 3).  Everything is a product of small dense matrices per axis:
the tiles lie on a grid, so the design matrix is a Kronecker product, and offsets of the good
pixels' centroids from the tiles' centres enter by the first derivative.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bgviewer.engine.products import matrix_product
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.rendering import RowRenderer, positions, render_rows
from bgviewer.engine.tiles import centroid_offsets, measure_tiles, tile_edges
from bgviewer.errors import FitError

__all__ = [
    "PSplineModel",
    "SmoothFit",
    "SmoothSystem",
    "TileData",
    "TileFitter",
    "fit_p_spline",
    "smooth_text",
    "smooth_tiles",
]

Array = NDArray[np.float64]

KNOT_SPACING = 28.0
"""Pixels between knots, about; the penalty and not the knots limits the resolution."""
TUKEY = 6.0
"""Biweights vanish beyond this many scaled MADs."""
_MOST_WEIGHT = 4.0
_LEAST_SHARE = 0.05  # of a tile's pixels that must be good
_TOLERANCE = 1e-5
_LOOSE, _UNSEEN = 1e-3, 1e-5  # relative error, and squares per tile, of the search for lambda
_ITERATIONS = 300
_SEARCH_LENGTH = 4.0 * KNOT_SPACING  # of the surface along which values are moved in the search
_EXACT = 1700  # coefficients up to which the covariance is factorised
_PROBES, _AT_ONCE, _SEED = 64, 8, 1996
_TO_SIGMA = 1.482602218505602


@dataclass(frozen=True, eq=False)
class TileData:
    """What a P-spline is fitted to: statistics of tiles on a regular grid.

    Attributes
    ----------
    values, errors : float64 arrays, shape (ny_tiles, nx_tiles)
        Statistic of the good pixels and its standard error, in the unit of the image; NaN where
        a tile has no data.
    y, x : float64 arrays, 1-D
        Centres of the tiles in local pixels.
    dy, dx : float64 arrays, shape (ny_tiles, nx_tiles), or None
        Offset of the good pixels' centroid from the tile's centre, in pixels.
    shape : (int, int)
        ``(ny, nx)`` of the image.
    counts : int array, shape (ny_tiles, nx_tiles), or None
        Good pixels.
    side : int
        About how many pixels wide the tiles are; 0 = not known.
    """

    values: Array
    errors: Array
    y: Array
    x: Array
    shape: tuple[int, int]
    dy: Array | None = None
    dx: Array | None = None
    counts: NDArray[np.int64] | None = None
    side: int = 0

    @property
    def edges(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Edges of the tiles along y and x, where their side is known."""
        return tile_edges(self.shape, self.side)

    @property
    def weights(self) -> Array:
        """Inverse squared errors, at most four times their median; 0 without data."""
        known = np.isfinite(self.values) & np.isfinite(self.errors)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            weights = np.where(known, 1.0 / (self.errors * self.errors), 0.0)
        scattering = np.isfinite(weights) & (weights > 0)
        if not scattering.any():  # noiseless data: every tile counts the same
            return known.astype(np.float64)
        return np.minimum(weights, _MOST_WEIGHT * float(np.median(weights[scattering])))


def smooth_text(length: float, chosen: bool) -> str:
    """Return a P-spline in words, such as "P-spline, smoothing length 412 px (REML)"."""
    digits = max(0, 2 - math.floor(math.log10(max(length, 1.0))))
    how = " (REML)" if chosen else ""
    return f"P-spline, smoothing length {length:.{digits}f} px{how}"


def smooth_tiles(
    values: NDArray[np.float32],
    side: int,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> TileData:
    """Measure the tiles that a P-spline is fitted to.

    Parameters
    ----------
    values : float32 array, shape (ny, nx)
        The difference; NaN where pixels are not good.
    side : int
        Of the tiles, in pixels.

    Returns
    -------
    TileData
        Clipped means with their standard errors, at the centroids of the good pixels.
    """
    y_edges, x_edges = tile_edges((values.shape[0], values.shape[1]), side)
    tiles = measure_tiles(values, y_edges, x_edges, 0, progress, threads=threads)
    known = tiles.known(_LEAST_SHARE)
    dy, dx = centroid_offsets(values, y_edges, x_edges, progress, threads=threads)
    return TileData(
        np.where(known, tiles.values, np.nan),
        tiles.errors(known),
        (y_edges[:-1] + y_edges[1:] - 1) * np.float64(0.5),
        (x_edges[:-1] + x_edges[1:] - 1) * np.float64(0.5),
        (values.shape[0], values.shape[1]),
        dy,
        dx,
        tiles.n,
        side,
    )


@dataclass(frozen=True, eq=False)
class _Axis:
    """B-splines along one side of the image, in units of `scale` pixels."""

    side: int
    knots: Array
    scale: float
    grams: tuple[Array, Array, Array, Array]

    @classmethod
    def of(cls, side: int, scale: float) -> _Axis:
        intervals = max(1, math.ceil(side / KNOT_SPACING))
        step = side / intervals
        knots = -0.5 + step * np.arange(-3, intervals + 4)
        at, weight = _quadrature(knots[3:-3])
        basis = _b_splines(knots, np.eye(intervals + 3))
        grams = []
        for order in range(4):
            rows = basis(at, nu=order) * scale**order
            grams.append((rows * (weight / scale)[:, None]).T @ rows)
        return cls(side, knots, scale, tuple(grams))  # type: ignore[arg-type]

    @property
    def count(self) -> int:
        return len(self.knots) - 4

    def design(self, at: Array, order: int = 0) -> Array:
        """Return the `order`-th derivative (per pixel) of every B-spline: [positions, count]."""
        return np.asarray(_b_splines(self.knots, np.eye(self.count))(at, nu=order))

    def legendre(self, degree: int) -> Array:
        """Return coefficients of polynomials up to `degree`, orthonormal over the side."""
        at, weight = _quadrature(self.knots[3:-3])
        unit = (at + 0.5) * (2.0 / self.side) - 1.0
        values = np.polynomial.legendre.legvander(unit, degree)
        rows = self.design(at)
        right = (rows * (weight / self.scale)[:, None]).T @ values
        coefficients = np.linalg.solve(self.grams[0], right)
        norm = np.einsum("ij,ik,kj->j", coefficients, self.grams[0], coefficients)
        return np.asarray(coefficients / np.sqrt(norm))


def _b_splines(knots: NDArray[Any], coefficients: Array) -> Any:
    """Return cubic splines, one per column; scipy is imported late, as few matches need it."""
    from scipy.interpolate import BSpline

    return BSpline(knots, coefficients, 3)


def _quadrature(breaks: NDArray[np.floating[Any]]) -> tuple[Array, Array]:
    """Return nodes and weights that are exact for products of cubics between the breaks."""
    nodes, weights = np.polynomial.legendre.leggauss(4)
    half = 0.5 * np.diff(breaks)[:, None]
    middle = 0.5 * (breaks[:-1] + breaks[1:])[:, None]
    return (middle + half * nodes).ravel(), (half * weights).ravel()


@dataclass(frozen=True, eq=False)
class _Geometry:
    """What depends on image size and penalty order alone.

    The equations are solved for the amplitudes of modes, products of one mode per axis. In them
    the penalty of even weights is nearly diagonal, and free polynomials have none to the last
    digit, however long the range of wavelengths is.

    Attributes
    ----------
    axes : (_Axis, _Axis)
    order : int
    modes : (float64 array, float64 array)
        B-spline coefficients of the modes of each axis, orthonormal over the side, one a column.
    energies : tuple of lists
        Of each axis the products of the modes' derivatives, by the order of the derivative.
    roughness : float64 array [ny modes, nx modes]
        Penalty of a product of two modes: the diagonal of P.
    """

    axes: tuple[_Axis, _Axis]
    order: int
    modes: tuple[Array, Array] = field(repr=False)
    energies: tuple[list[Array], list[Array]] = field(repr=False)
    roughness: Array = field(repr=False)

    def penalise(self, amplitudes: Array) -> Array:
        """Return P a: the integral of the squared derivatives of that order."""
        ey, ex = self.energies
        total = (np.diag(ey[self.order])[:, None] + np.diag(ex[self.order])) * amplitudes
        for k in range(1, self.order):
            part = matrix_product(matrix_product(ey[k], amplitudes), ex[self.order - k])
            total += math.comb(self.order, k) * part
        return total

    @cached_property
    def roots(self) -> list[tuple[Array, Array]]:
        """Pairs (L, R) of which the sum of (L x R)(L x R)^T over Kronecker products is P."""
        found = []
        for k in range(self.order + 1):
            left, right = (
                _root(e[j]) for e, j in zip(self.energies, (k, self.order - k), strict=True)
            )
            found.append((math.sqrt(math.comb(self.order, k)) * left, right))
        return found

    @property
    def null_dimension(self) -> int:
        """Number of surfaces without penalty: polynomials of a degree below the order."""
        return self.order * (self.order + 1) // 2


def _root(matrix: Array) -> Array:
    """Return R with R R^T the matrix, which has no negative eigenvalue but by rounding."""
    from scipy.linalg import eigh

    values, vectors = eigh(matrix)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


@lru_cache(maxsize=8)
def _geometry(shape: tuple[int, int], order: int) -> _Geometry:
    scale = float(max(shape))
    axes = (_Axis.of(shape[0], scale), _Axis.of(shape[1], scale))
    (vy, ey), (vx, ex) = (_modes(axis, order) for axis in axes)
    roughness = np.zeros((axes[0].count, axes[1].count))
    for k in range(order + 1):
        roughness += math.comb(order, k) * np.outer(np.diag(ey[k]), np.diag(ex[order - k]))
    return _Geometry(axes, order, (vy, vx), (ey, ex), roughness)


def _modes(axis: _Axis, order: int) -> tuple[Array, list[Array]]:
    """Return the modes of an axis and the products of their derivatives.

    They diagonalise the highest derivative. Those without any are Legendre polynomials in
    ascending degree, so that their lower derivatives are as separate as can be.
    """
    from scipy.linalg import eigh

    values, vectors = eigh(axis.grams[order], axis.grams[0])
    vectors[:, :order] = axis.legendre(order - 1)
    energies = [vectors.T @ gram @ vectors for gram in axis.grams[: order + 1]]
    energies[0] = np.eye(axis.count)
    values[:order] = 0.0
    energies[order] = np.diag(np.maximum(values, 0.0))
    for k in range(1, order):  # a polynomial of a degree below k has no k-th derivative
        energies[k][:k] = energies[k][:, :k] = 0.0
    return vectors, energies


class SmoothSystem:
    """The normal equations of a P-spline for one set of tiles.

    Parameters
    ----------
    data : TileData
    order : int
        Derivative that is penalised: 2 (planes are free) or 3 (quadratics are free).
    weights : float64 array, optional
        Instead of `data.weights`.

    Raises
    ------
    FitError
        Fewer tiles have data than there are unpenalised terms.
    """

    def __init__(self, data: TileData, order: int = 2, weights: Array | None = None) -> None:
        self.data, self.order = data, order
        self.weights = data.weights if weights is None else weights
        self.geometry = _geometry(data.shape, order)
        self.iterations = 0
        self.n = int(np.count_nonzero(self.weights))
        if self.n <= self.geometry.null_dimension:
            raise FitError(
                f"{self.n} tiles have data; a smooth model needs more than "
                f"{self.geometry.null_dimension}. Lower the binSize or flag fewer pixels."
            )
        (y, x), (vy, vx) = self.geometry.axes, self.geometry.modes
        self._y, self._x = y.design(data.y) @ vy, x.design(data.x) @ vx
        self._slopes = data.dy is not None and data.dx is not None
        if self._slopes:
            self._y1, self._x1 = y.design(data.y, 1) @ vy, x.design(data.x, 1) @ vx
            self._dy = np.where(self.weights > 0, data.dy, 0.0)  # type: ignore[arg-type]
            self._dx = np.where(self.weights > 0, data.dx, 0.0)  # type: ignore[arg-type]
        self.values = np.where(self.weights > 0, data.values, 0.0)
        tile = (data.shape[0] / len(data.y)) * (data.shape[1] / len(data.x))
        self.density = float(self.weights.sum()) / self.weights.size * y.scale * x.scale / tile
        self.right = self.transposed(self.weights * self.values)

    def coefficients(self, amplitudes: Array) -> Array:
        """Return the coefficients of the B-splines for amplitudes of the modes."""
        vy, vx = self.geometry.modes
        return matrix_product(matrix_product(vy, amplitudes), vx.T)

    def evaluated(self, amplitudes: Array) -> Array:
        """Return the surface at the centroids of the tiles."""
        out = matrix_product(matrix_product(self._y, amplitudes), self._x.T)
        if self._slopes:
            out += self._change(amplitudes)
        return np.asarray(out)

    def _change(self, amplitudes: Array) -> Array:
        """Return by how much the surface at the tiles' centroids differs from that at centres."""
        out = self._dx * matrix_product(matrix_product(self._y, amplitudes), self._x1.T)
        out += self._dy * matrix_product(matrix_product(self._y1, amplitudes), self._x.T)
        return np.asarray(out)

    def shifts(self, length: float, progress: Progress = SILENT) -> Array | None:
        """Return what brings the values from the tiles' centroids to their centres.

        Along a surface of this smoothing length in pixels; None where they are at the centres.
        """
        if not self._slopes:
            return None
        return -self._change(self.solve(self.smoothing_of(length), progress=progress))

    def at_middles(self, shifts: Array | None) -> SmoothSystem:
        """Return the system with values that such `shifts` brought to the centres.

        Its equations take a third of the time: enough to look for a lambda.
        """
        if shifts is None:
            return self
        data = replace(self.data, values=self.data.values + shifts, dy=None, dx=None)
        return SmoothSystem(data, self.order, self.weights)

    def transposed(self, tiles: Array) -> Array:
        """Return the design matrix, transposed, times one number per tile."""
        across = matrix_product(tiles, self._x)
        if self._slopes:
            across += matrix_product(self._dx * tiles, self._x1)
        out = matrix_product(self._y.T, across)
        if self._slopes:
            out += matrix_product(self._y1.T, matrix_product(self._dy * tiles, self._x))
        return np.asarray(out)

    def smoothing_of(self, length: float) -> float:
        """Return lambda for which structure of a wavelength of `length` pixels is halved."""
        wave = self.geometry.axes[0].scale * 2 * math.pi / length
        return self.density / wave ** (2 * self.order)

    def length_of(self, smoothing: float) -> float:
        """Return the wavelength in pixels of which lambda leaves half the amplitude."""
        wave = (self.density / smoothing) ** (0.5 / self.order)
        return float(self.geometry.axes[0].scale * 2 * math.pi / wave)

    def solve(
        self,
        smoothing: float,
        start: Array | None = None,
        right: Array | None = None,
        progress: Progress = SILENT,
        loose: bool = False,
    ) -> Array:
        """Return the amplitudes of the modes for a lambda, by conjugate gradients.

        The diagonal of the equations of even weights preconditions.

        Parameters
        ----------
        start : float64 array, optional
            Amplitudes to begin with.
        right : float64 array [..., ny modes, nx modes], optional
            Other right-hand sides; any number of them is solved for at once.
        loose : bool
            End where what is left changes no likelihood: squares of a hundred thousandth of the
            noise of the tiles, and a millionth of all at most.
        """
        diagonal = self.density + smoothing * self.geometry.roughness
        right = self.right if right is None else right

        def product(c: Array) -> Array:
            data = self.transposed(self.weights * self.evaluated(c))
            return data + smoothing * self.geometry.penalise(c)

        c = right / diagonal if start is None else start.copy()
        rest = right - product(c)
        direct = rest / diagonal
        going, size = direct, _dots(rest, direct)
        goal = _TOLERANCE**2 * np.maximum(_dots(right, right / diagonal), 1e-300)
        if loose:
            goal = np.maximum(goal, np.minimum(_LOOSE**2 / _TOLERANCE**2 * goal, _UNSEEN * self.n))
        for _ in range(_ITERATIONS):
            open_ = size > goal
            if not open_.any():
                break
            progress.step()
            self.iterations += 1
            image = product(going)
            with np.errstate(invalid="ignore", divide="ignore"):
                step = np.where(open_, size / _dots(going, image), 0.0)
                c += step * going
                rest -= step * image
                direct = rest / diagonal
                before, size = size, _dots(rest, direct)
                going = direct + np.where(open_, size / before, 0.0) * going
        return c

    def score(self, smoothing: float, coefficients: Array) -> float:
        """Return minus twice the restricted log likelihood, but for a constant.

        The log determinant is that of even weights (exact without holes).
        """
        residual = self.values - self.evaluated(coefficients)
        squares = float(np.sum(self.weights * residual**2))
        squares += smoothing * float(np.sum(coefficients * self.geometry.penalise(coefficients)))
        free = self.n - self.geometry.null_dimension
        rough = smoothing * self.geometry.roughness.ravel()
        penalised = rough > 0
        determinant = float(np.log1p(self.density / rough[penalised]).sum())
        return free * math.log(max(squares, 1e-300) / free) + determinant

    def noise_solutions(self, smoothing: float, noise: Array, progress: Progress = SILENT) -> Array:
        """Return what the fit would make of noise alone: linear, all draws at once.

        Parameters
        ----------
        smoothing : float
            Lambda; `SmoothFit.smoothing` is that of a match.
        noise : float64 array [draws, ny tiles, nx tiles]
            Values of the tiles, in the unit of the image; tiles without weight do not count.

        Returns
        -------
        float64 array [draws, ny modes, nx modes]
            Amplitudes; `evaluated` and `surfaces` read them.
        """
        counted = np.where(self.weights > 0, noise, 0.0)
        right = self.transposed(self.weights * counted)
        return self.solve(smoothing, right=right, progress=progress)

    def surfaces(self, amplitudes: Array, y: ArrayLike, x: ArrayLike) -> Array:
        """Return surfaces at local rows `y` and columns `x`: float64 [..., len(y), len(x)]."""
        (vy, vx), axes = self.geometry.modes, self.geometry.axes
        by, bx = (
            axis.design(np.atleast_1d(np.asarray(at, dtype=np.float64))) @ v
            for axis, at, v in zip(axes, (y, x), (vy, vx), strict=True)
        )
        return matrix_product(matrix_product(by, amplitudes), bx.T)

    def draws(
        self, smoothing: float, number: int, rng: np.random.Generator, progress: Progress = SILENT
    ) -> Array:
        """Draw amplitudes of the covariance (Bt W B + lambda P)^-1: [number, ...].

        The right-hand side of noise whose covariance is the matrix of the equations, solved.
        """
        tiles = np.sqrt(self.weights) * rng.standard_normal((number, *self.weights.shape))
        shape = self.geometry.roughness.shape
        right = self.transposed(tiles)
        for left, across in self.geometry.roots:
            right += math.sqrt(smoothing) * (
                matrix_product(
                    matrix_product(left, rng.standard_normal((number, *shape))), across.T
                )
            )
        return self.solve(smoothing, right=right, progress=progress)

    def probed_variance(
        self, smoothing: float, y: ArrayLike, x: ArrayLike, progress: Progress = SILENT
    ) -> Array:
        """Estimate the variance of the surface for tiles of unit scatter: [len(y), len(x)]."""
        rng = np.random.default_rng(_SEED)
        total, drawn = 0.0, 0
        while drawn < _PROBES:
            found = self.surfaces(self.draws(smoothing, _AT_ONCE, rng, progress), y, x)
            total, drawn = total + np.sum(found * found, axis=0), drawn + _AT_ONCE
        return np.asarray(total / drawn)

    def exact_variance(
        self, smoothing: float, y: ArrayLike, x: ArrayLike, progress: Progress = SILENT
    ) -> Array:
        """Return that variance from the Cholesky factor of the equations."""
        from scipy.linalg import cholesky, solve_triangular

        shape = self.geometry.roughness.shape
        count = shape[0] * shape[1]
        matrix = np.empty((count, count))
        for first in range(0, count, _AT_ONCE * 8):
            progress.step()
            units = np.eye(count)[first : first + _AT_ONCE * 8].reshape(-1, *shape)
            image = self.transposed(self.weights * self.evaluated(units))
            image += smoothing * self.geometry.penalise(units)
            matrix[first : first + len(units)] = image.reshape(len(units), count)
        factor = cholesky(matrix, lower=True)
        (vy, vx), axes = self.geometry.modes, self.geometry.axes
        by, bx = (
            axis.design(np.atleast_1d(np.asarray(at, dtype=np.float64))) @ v
            for axis, at, v in zip(axes, (y, x), (vy, vx), strict=True)
        )
        out = np.empty((len(by), len(bx)))
        for i, row in enumerate(by):
            progress.step()
            at = (row[:, None] * bx[:, None, :]).reshape(len(bx), count)
            out[i] = np.sum(solve_triangular(factor, at.T, lower=True) ** 2, axis=0)
        return out

    def scatter(self, coefficients: Array, smoothing: float) -> float:
        """Return the rms of residuals in units of the tiles' errors, freedom accounted for."""
        residual = self.values - self.evaluated(coefficients)
        left = max(self.n - self.freedom(smoothing), 1.0)
        return math.sqrt(float(np.sum(self.weights * residual**2)) / left)

    def freedom(self, smoothing: float) -> float:
        """Return the effective number of parameters of a lambda (exact for even weights)."""
        diagonal = self.density + smoothing * self.geometry.roughness
        return min(float((self.density / diagonal).sum()), float(self.n))


def _dots(a: Array, b: Array) -> Array:
    """Return the sums of products over the last two axes, which stay."""
    return np.asarray(np.einsum("...ij,...ij->...", a, b)[..., None, None])


@dataclass(frozen=True, eq=False)
class PSplineModel:
    """A penalised spline over the whole image.

    Attributes
    ----------
    coefficients : float64 array, shape (ny_splines, nx_splines)
    shape : (int, int)
        ``(ny, nx)`` of the image.
    smoothing_length : float
        Wavelength in pixels of which the model keeps half the amplitude, where all pixels are
        good.
    penalty_order : int
        Derivative that is penalised.
    n_fitted : int
        Tiles that took part.
    n_rejected : int
        Tiles that the robust pass gave no weight.
    """

    coefficients: Array
    shape: tuple[int, int]
    smoothing_length: float
    penalty_order: int
    n_fitted: int
    n_rejected: int = 0
    kind = "smooth"
    is_empty = False

    def render(
        self,
        y: ArrayLike | None = None,
        x: ArrayLike | None = None,
        *,
        progress: Progress = SILENT,
        threads: int | None = None,
    ) -> NDArray[np.float32]:
        """Return the model at rows `y` and columns `x`: float32 [len(y), len(x)]; default all."""
        return render_rows(self.rows(y, x), progress, threads)

    def rows(self, y: ArrayLike | None = None, x: ArrayLike | None = None) -> RowRenderer:
        """Return a renderer of any band of the rows `y`, all at columns `x`."""
        axes = _geometry(self.shape, self.penalty_order).axes
        at_y, at_x = (positions(p, n) for p, n in zip((y, x), self.shape, strict=True))
        spline = _b_splines(axes[1].knots, self.coefficients.T)
        across = np.ascontiguousarray(np.asarray(spline(at_x)).T)
        first, weights = _four(axes[0], at_y)

        def fill(a: int, b: int, out: NDArray[np.float32]) -> None:
            row = np.empty(across.shape[1])
            part = np.empty(across.shape[1])
            for i in range(a, b):
                k = first[i]
                np.multiply(across[k], weights[i, 0], out=row)
                for j in (1, 2, 3):
                    np.multiply(across[k + j], weights[i, j], out=part)
                    row += part
                out[i - a] = row

        return RowRenderer(len(at_y), len(at_x), fill)


def _four(axis: _Axis, at: Array) -> tuple[NDArray[np.intp], Array]:
    """Return the first of the four B-splines that are not zero at each position, and all four.

    Beyond the image the outermost pieces are continued.
    """
    step = axis.knots[1] - axis.knots[0]
    first = np.clip(np.floor((at - axis.knots[3]) / step), 0, axis.count - 4).astype(np.intp)
    t = (at - axis.knots[first + 3]) / step
    weights = np.stack(
        [
            (1 - t) ** 3,
            3 * t**3 - 6 * t**2 + 4,
            -3 * t**3 + 3 * t**2 + 3 * t + 1,
            t**3,
        ],
        axis=1,
    )
    return first, weights / 6.0


@dataclass(frozen=True, eq=False)
class SmoothFit:
    """A P-spline and the equations that it solves.

    Attributes
    ----------
    model : PSplineModel
    system : SmoothSystem
        With the weights of the robust pass.
    smoothing : float
        Lambda.
    amplitudes : float64 array
        Of the modes of the system: the solution.
    """

    model: PSplineModel
    system: SmoothSystem = field(repr=False)
    smoothing: float
    amplitudes: Array = field(repr=False)

    @property
    def freedom(self) -> float:
        """Effective number of parameters: the trace of the hat matrix, weights taken as even."""
        return self.system.freedom(self.smoothing)

    def error_at(
        self, y: ArrayLike, x: ArrayLike, progress: Progress = SILENT
    ) -> tuple[Array, float]:
        """Return the standard error of the surface at rows `y` and columns `x`.

        The root of diag(B (Bt W B + lambda P)^-1 Bt), times the scatter of the tiles about the
        surface in units of their errors.  Exact for up to `_EXACT` coefficients; larger systems
        are probed with `_PROBES` draws of that covariance, the same every time, which scatter by
        a tenth about it.

        Returns
        -------
        errors : float64 array [len(y), len(x)]
            In the unit of the image.
        scatter : float
        """
        scatter = self.system.scatter(self.amplitudes, self.smoothing)
        count = self.system.geometry.roughness.size
        if count <= _EXACT:
            variance = self.system.exact_variance(self.smoothing, y, x, progress)
        else:
            variance = self.system.probed_variance(self.smoothing, y, x, progress)
        return scatter * np.sqrt(variance), scatter


class TileFitter:
    """P-splines fitted to one set of tiles.

    What no smoothing length touches is found once per penalty order and kept: the length that
    REML chooses, and the weights of the robust pass about that surface.  Fits do not depend on
    what was fitted before.

    Parameters
    ----------
    data : TileData
    robust : bool
        Give outlying tiles less weight (one pass of Tukey's biweight).
    """

    def __init__(self, data: TileData, robust: bool = True) -> None:
        self.data, self.robust = data, robust
        self._chosen: dict[int, SmoothFit] = {}

    def fit(
        self, order: int = 2, length: float | None = None, progress: Progress = SILENT
    ) -> SmoothFit:
        """Return the fit for a smoothing length in pixels; None = that which REML chooses.

        Raises
        ------
        FitError
            Too few tiles have data.
        """
        chosen = self._chosen.get(order)
        if chosen is None:
            chosen = self._chosen[order] = self._choose(order, progress)
        if not length:
            return chosen
        system = chosen.system
        smoothing = system.smoothing_of(length)
        amplitudes = system.solve(smoothing, chosen.amplitudes, progress=progress)
        return _solution(system, smoothing, amplitudes, chosen.model.n_rejected)

    def _choose(self, order: int, progress: Progress) -> SmoothFit:
        system = SmoothSystem(self.data, order)
        shifts = system.shifts(_SEARCH_LENGTH, progress)
        smoothing, near = _by_likelihood(system.at_middles(shifts), None, progress)
        amplitudes = system.solve(smoothing, near, progress=progress)
        rejected = 0
        if self.robust:
            weights = system.weights * _biweights(system, amplitudes)
            lost = int(np.count_nonzero((weights == 0) & (system.weights > 0)))
            if np.count_nonzero(weights) > system.geometry.null_dimension:
                system, rejected = SmoothSystem(self.data, order, weights), lost
                middle, start = system.at_middles(shifts), (smoothing, amplitudes)
                smoothing, near = _by_likelihood(middle, start, progress)
                amplitudes = system.solve(smoothing, near, progress=progress)
        return _solution(system, smoothing, amplitudes, rejected)


def _solution(
    system: SmoothSystem, smoothing: float, amplitudes: Array, rejected: int
) -> SmoothFit:
    model = PSplineModel(
        system.coefficients(amplitudes),
        system.data.shape,
        system.length_of(smoothing),
        system.order,
        system.n,
        rejected,
    )
    return SmoothFit(model, system, smoothing, amplitudes)


def fit_p_spline(
    data: TileData,
    *,
    order: int = 2,
    length: float | None = None,
    robust: bool = True,
    progress: Progress = SILENT,
) -> PSplineModel:
    """Fit a P-spline to tiles.

    Parameters
    ----------
    data : TileData
    order : int
        Derivative that is penalised: 2 or 3.
    length : float, optional
        Smoothing length in pixels; None chooses it by restricted maximum likelihood.
    robust : bool
        Give outlying tiles less weight (one pass of Tukey's biweight).

    Raises
    ------
    FitError
        Too few tiles have data.
    """
    return TileFitter(data, robust).fit(order, length, progress).model


def _by_likelihood(
    system: SmoothSystem, near: tuple[float, Array] | None, progress: Progress
) -> tuple[float, Array]:
    """Return lambda and amplitudes; with `near` only lambdas around that one are tried."""
    start = None if near is None else near[1]
    longest = 8.0 * max(system.data.shape)
    shortest = 2.0 * KNOT_SPACING
    if near is None:
        lengths = np.geomspace(longest, shortest, 8)
    else:
        middle = system.length_of(near[0])
        lengths = middle * np.array([1.25, 1.0, 0.8])
    found = _tried(system, lengths, start, progress)
    if near is None:
        best = min(range(len(found)), key=lambda i: found[i][0])
        upper = lengths[max(best - 1, 0)]
        lower = lengths[min(best + 1, len(lengths) - 1)]
        between = np.geomspace(upper, lower, 5)[1:-1]
        found += _tried(system, between, found[best][2], progress)
    _, smoothing, coefficients = min(found, key=lambda item: item[0])
    return smoothing, coefficients


def _tried(
    system: SmoothSystem, lengths: Iterable[float], start: Array | None, progress: Progress
) -> list[tuple[float, float, Array]]:
    found = []
    for length in lengths:
        progress.step()
        smoothing = system.smoothing_of(float(length))
        start = system.solve(smoothing, start, progress=progress, loose=True)
        found.append((system.score(smoothing, start), smoothing, start))
    return found


def _biweights(system: SmoothSystem, coefficients: Array) -> Array:
    """Return Tukey's biweights of the residuals in units of their scaled MAD."""
    used = system.weights > 0
    pulls = np.sqrt(system.weights) * (system.values - system.evaluated(coefficients))
    scale = _TO_SIGMA * float(np.median(np.abs(pulls[used])))
    if not scale > 0:
        return used.astype(np.float64)
    u = pulls / (TUKEY * scale)
    return np.where(np.abs(u) < 1, (1 - u * u) ** 2, 0.0) * used
