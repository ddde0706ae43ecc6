"""What LSST's BackgroundList gives for an image: its rules, from the numbers in the file alone.

Written apart from the engine's splines and polynomials, so that a comparison with them means
something.  Source: FORMATS 2.2 (Background.cc, Interpolate.cc and Approximate.cc of LSST's afw).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.polynomial.chebyshev import chebval, chebvander
from numpy.typing import NDArray

__all__ = ["INTERP_STYLES", "UNDERSAMPLE_STYLES", "ListEntry", "cell_centres", "largest_difference"]

Array = NDArray[np.float64]
Float32 = NDArray[np.float32]

INTERP_STYLES = (
    "CONSTANT",
    "LINEAR",
    "NATURAL_SPLINE",
    "CUBIC_SPLINE",
    "CUBIC_SPLINE_PERIODIC",
    "AKIMA_SPLINE",
    "AKIMA_SPLINE_PERIODIC",
)
"""By the number that the card INTERPSTYLE has."""

UNDERSAMPLE_STYLES = ("THROW_EXCEPTION", "REDUCE_INTERP_ORDER", "INCREASE_NXNYSAMPLE")
"""By the number that the card UNDERSAMPLESTYLE has."""

_MINIMUM = {"CONSTANT": 1, "LINEAR": 2, "NATURAL_SPLINE": 3, "CUBIC_SPLINE": 3, "AKIMA_SPLINE": 5}
_BAND_PIXELS = 1 << 18


def cell_centres(side: int, count: int) -> Array:
    """Return the centres of `count` cells along a side, local pixels, as LSST divides it."""
    stops = [min(((i + 1) * side + count // 2) // count, side) for i in range(count)]
    starts = [0, *stops[:-1]]
    return np.array([a + 0.5 * (b - a) - 0.5 for a, b in zip(starts, stops, strict=True)])


@dataclass(frozen=True, eq=False)
class ListEntry:
    """One background of a list, as its three HDUs hold it.

    Attributes
    ----------
    values, errors : float32 array [ny_cells, nx_cells]
        Statistic of each cell and its standard error.
    shape : (int, int)
        ``(ny, nx)`` of the image.
    xy0 : (int, int)
        Parent position of the image.
    interp_style : str
        Spline through the cells, where `order` is None.
    order : int or None
        Order of the Chebyshev polynomial that is fitted to the cells; None = interpolate.
    weighting : bool
        Whether that fit is weighted by 1/errors.
    undersample_style : str
    """

    values: Float32
    errors: Float32
    shape: tuple[int, int]
    xy0: tuple[int, int] = (0, 0)
    interp_style: str = "AKIMA_SPLINE"
    order: int | None = None
    weighting: bool = False
    undersample_style: str = "REDUCE_INTERP_ORDER"
    _ready: dict[str, Array] = field(default_factory=dict, repr=False)

    @property
    def centres(self) -> tuple[Array, Array]:
        """Centres (y, x) of the cells in local pixels."""
        (ny, nx), (height, width) = self.values.shape, self.shape
        return cell_centres(height, ny), cell_centres(width, nx)

    def rows(self, first: int, last: int) -> Array:
        """Return the background of the rows `first` to before `last`, not yet made float32."""
        if self.order is not None:
            return self._polynomial(first, last)
        return self._spline(first, last)

    def _polynomial(self, first: int, last: int) -> Array:
        height, width = self.shape
        if "square" not in self._ready:
            self._ready["square"] = self._fit(self.order or 0)
        along_x = chebval(_unit(np.arange(width), width), self._ready["square"].T)  # [b, x]
        y = _unit(np.arange(first, last), height)
        return np.asarray(chebval(y, along_x, tensor=True), dtype=np.float64).T

    def _fit(self, order: int) -> Array:
        """Solve the normal equations; return the coefficients [degree of y, degree of x]."""
        y, x = self.centres
        pairs = [(b, a) for b in range(order + 1) for a in range(order + 1 - b)]
        at_y = chebvander(_unit(y, self.shape[0]), order)
        at_x = chebvander(_unit(x, self.shape[1]), order)
        degree_y, degree_x = (np.array(part) for part in zip(*pairs, strict=True))
        square = np.zeros((order + 1, order + 1))
        if not self.weighting and np.isfinite(self.values).all():
            # a full grid of equal weights: the sums over x and y part
            gram_x, gram_y = at_x.T @ at_x, at_y.T @ at_y
            matrix = gram_x[np.ix_(degree_x, degree_x)] * gram_y[np.ix_(degree_y, degree_y)]
            right = (at_y.T @ self.values.astype(float) @ at_x)[degree_y, degree_x]
            square[degree_y, degree_x] = np.linalg.solve(matrix, right)
            return square
        matrix, right = np.zeros((len(pairs),) * 2), np.zeros(len(pairs))
        for line, values, errors in zip(at_y, self.values, self.errors, strict=True):
            with np.errstate(divide="ignore"):
                weights = 1.0 / errors.astype(float) if self.weighting else np.ones(len(values))
            used = np.isfinite(values + weights)
            terms = at_x[np.ix_(used, degree_x)] * line[degree_y]
            weighted = terms.T * weights[used]
            matrix += weighted @ terms
            right += weighted @ values[used].astype(float)
        square[degree_y, degree_x] = np.linalg.solve(matrix, right)
        return square

    def _spline(self, first: int, last: int) -> Array:
        height, width = self.shape
        y, x = self.centres
        if "knots" not in self._ready:
            self._ready["knots"] = self._columns(y, np.arange(height, dtype=float))
        knots = self._ready["knots"][first:last]
        used = np.isfinite(self.values).any(axis=0)
        if not used.any():
            return np.full((last - first, width), np.nan)
        style = self._carried(int(used.sum()))
        return _curves(style, x[used], knots[:, used], np.arange(width, dtype=float))

    def _columns(self, y: Array, rows: Array) -> Array:
        """Interpolate every column of cells at the rows; NaN for a column without values."""
        out = np.full((len(rows), self.values.shape[1]), np.nan)
        for column, values in enumerate(self.values.T.astype(float)):
            there = np.isfinite(values)
            if there.any():
                style = self._carried(int(there.sum()))
                out[:, column] = _curves(style, y[there], values[there][None, :], rows)[0]
        return out

    def _carried(self, points: int) -> str:
        """Return the style of the whole grid, or what so many points of one line carry."""
        ny, nx = self.values.shape
        style = self.interp_style
        if min(nx, ny) < _MINIMUM[style]:
            style = _richest(min(nx, ny))
        return style if points >= _MINIMUM[style] else _richest(points)


def _unit(positions: NDArray[np.generic], side: int) -> Array:
    """Map -0.5 .. side - 0.5 to -1 .. 1."""
    return (2.0 * np.asarray(positions, dtype=float) + 1.0 - side) / side


def _richest(points: int) -> str:
    return ("CONSTANT", "LINEAR", "CUBIC_SPLINE", "CUBIC_SPLINE", "AKIMA_SPLINE")[
        min(points, 5) - 1
    ]


def _curves(style: str, x: Array, y: Array, at: Array) -> Array:
    """Return [lines, positions]: the curves through nodes x with values y [lines, nodes]."""
    if style == "CONSTANT":
        return _steps(x, y, at)
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    t = at - x[piece]
    h = np.diff(x)
    slope = np.diff(y, axis=1) / h
    if style == "LINEAR":
        return y[:, piece] + t * slope[:, piece]
    b, c, d = _akima(h, slope) if style == "AKIMA_SPLINE" else _natural(h, slope)
    out = d[:, piece] * t
    out += c[:, piece]
    out *= t
    out += b[:, piece]
    out *= t
    out += y[:, piece]
    left, right = at < x[0], at >= x[-1]
    if left.any():  # the parabola of value, slope and curvature at the first centre
        t0 = at[left] - x[0]
        out[:, left] = y[:, :1] + t0 * (b[:, :1] + t0 * c[:, :1])
    if right.any():
        t1, last = at[right] - x[-1], h[-1]
        end = b[:, -1:] + last * (2 * c[:, -1:] + last * 3 * d[:, -1:])
        bend = c[:, -1:] + last * 3 * d[:, -1:]
        out[:, right] = y[:, -1:] + t1 * (end + t1 * bend)
    return out


def _steps(x: Array, y: Array, at: Array) -> Array:
    if len(x) == 1:
        return np.repeat(y, len(at), axis=1)
    between = np.append((x[1:] + x[:-1]) / 2, x[-1] + (x[-1] - x[-2]) / 2)
    levels = np.concatenate((y[:, :1], (y[:, 1:] + y[:, :-1]) / 2, y[:, -1:]), axis=1)
    return levels[:, np.searchsorted(between, at, side="right")]


def _natural(h: Array, slope: Array) -> tuple[Array, Array, Array]:
    """Slope, half the second and a sixth of the third derivative of a natural cubic spline."""
    n = len(h) + 1
    matrix = np.zeros((n, n))
    matrix[0, 0] = matrix[-1, -1] = 1.0
    right = np.zeros((n, len(slope)))
    for i in range(1, n - 1):
        matrix[i, i - 1 : i + 2] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
        right[i] = 3 * (slope[:, i] - slope[:, i - 1])
    c = np.asarray(np.linalg.solve(matrix, right).T, dtype=np.float64)
    b = slope - h * (2 * c[:, :-1] + c[:, 1:]) / 3
    d = (c[:, 1:] - c[:, :-1]) / (3 * h)
    return b, c[:, :-1], d


def _akima(h: Array, slope: Array) -> tuple[Array, Array, Array]:
    first, second = slope[:, :1], slope[:, 1:2]
    last, before = slope[:, -1:], slope[:, -2:-1]
    m = np.hstack(
        (
            3 * first - 2 * second,
            2 * first - second,
            slope,
            2 * last - before,
            3 * last - 2 * before,
        )
    )
    change = np.abs(np.diff(m, axis=1))
    left, right = change[:, :-2], change[:, 2:]  # at each node
    flat = left + right == 0
    share = np.divide(left, left + right, out=np.zeros_like(left), where=~flat)
    at_node = (1 - share) * m[:, 1:-2] + share * m[:, 2:-1]
    # On flat ground a segment that starts is straight, and one that ends keeps its own slope.
    straight = flat[:, :-1]
    b = np.where(straight, slope, at_node[:, :-1])
    end = np.where(flat[:, 1:], slope, at_node[:, 1:])
    c = np.where(straight, 0.0, (3 * slope - 2 * b - end) / h)
    d = np.where(straight, 0.0, (b + end - 2 * slope) / h**2)
    return b, c, d


def largest_difference(entry: ListEntry, background: Float32) -> float:
    """Return how far the list's image is from a background anywhere, at most.

    What the reader's own rounding to float32 can add is in it.  Infinite where one of them has
    no number and the other has.

    Parameters
    ----------
    background : float32 array, shape (ny, nx)
    """
    height, width = entry.shape
    step = max(1, _BAND_PIXELS // width)
    most = largest = 0.0
    for first in range(0, height, step):
        last = min(first + step, height)
        theirs = entry.rows(first, last)
        apart = np.abs(theirs - background[first:last])
        if not np.isfinite(apart).all():
            return np.inf
        most = max(most, float(apart.max()))
        largest = max(largest, float(np.abs(theirs).max()))
    return most + float(np.spacing(np.float32(largest)))
