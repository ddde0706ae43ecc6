"""The twin's curves and surfaces: SPEC.md sections 4 and 5 in plain loops.

See ``twin_numbers.py`` for what the twin is.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from .twin_numbers import INF, NAN, Trouble, divide, single

# --- SPEC 4.3: one-dimensional curves ---------------------------------------------------------
# A curve is a list of pieces (from, to, anchor, coefficients): sum of c[k]*(t - anchor)**k for
# from <= t < to.

MINIMUM = {"CONSTANT": 1, "LINEAR": 2, "NATURAL_SPLINE": 3, "CUBIC_SPLINE": 3, "AKIMA_SPLINE": 5}


def best_style(n):
    """Best style for n points (SPEC 4.1)."""
    return ["CONSTANT", "LINEAR", "CUBIC_SPLINE", "CUBIC_SPLINE", "AKIMA_SPLINE"][min(n, 5) - 1]


def curve(style, x, y):
    """The pieces of one curve."""
    if len(x) < MINIMUM[style]:
        raise Trouble("empty_line" if style == "CONSTANT" else "too_few_valid_points_on_line")
    if style == "CONSTANT":
        return _steps(x, y)
    if any(b <= a for a, b in itertools.pairwise(x)):
        raise Trouble("abscissae_not_increasing")
    return {
        "LINEAR": _lines,
        "NATURAL_SPLINE": _natural,
        "CUBIC_SPLINE": _natural,
        "AKIMA_SPLINE": _akima,
    }[style](x, y)


def _steps(x, y):
    n = len(x)
    if n == 1:
        return [(-INF, INF, 0.0, (y[0],))]
    at = [1.5 * x[0] - 0.5 * x[1]] + [(a + b) / 2 for a, b in itertools.pairwise(x)]
    at.append(1.5 * x[-1] - 0.5 * x[-2])
    level = [y[0]] + [(a + b) / 2 for a, b in itertools.pairwise(y)] + [y[-1]]
    at[0] = -INF
    return [(a, b, 0.0, (v,)) for a, b, v in zip(at, [*at[1:], INF], level, strict=True)]


def _lines(x, y):
    pieces = []
    for i in range(len(x) - 1):
        slope = (y[i + 1] - y[i]) / (x[i + 1] - x[i])
        pieces.append((x[i], x[i + 1], x[i], (y[i], slope)))
    return _continued(pieces, x, y, degree=1)


def _natural(x, y):
    """Second derivatives at the nodes by the tridiagonal system, then the pieces."""
    n = len(x)
    h = [b - a for a, b in itertools.pairwise(x)]
    slope = [(y[i + 1] - y[i]) / h[i] for i in range(n - 1)]
    diagonal, right = [], []
    for i in range(1, n - 1):  # forward sweep
        d, r = 2 * (h[i - 1] + h[i]), 6 * (slope[i] - slope[i - 1])
        if i > 1:
            factor = h[i - 1] / diagonal[-1]
            d, r = d - factor * h[i - 1], r - factor * right[-1]
        diagonal.append(d)
        right.append(r)
    second = [0.0] * n
    for i in range(n - 2, 0, -1):
        second[i] = (right[i - 1] - h[i] * second[i + 1]) / diagonal[i - 1]
    pieces = []
    for i in range(n - 1):
        first = slope[i] - h[i] * (2 * second[i] + second[i + 1]) / 6
        third = (second[i + 1] - second[i]) / (6 * h[i])
        pieces.append((x[i], x[i + 1], x[i], (y[i], first, second[i] / 2, third)))
    return _continued(pieces, x, y, degree=1)


def _akima(x, y):
    n = len(x)
    m = [(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(n - 1)]
    left = [3 * m[0] - 2 * m[1], 2 * m[0] - m[1]]
    m = left + m + [2 * m[-1] - m[-2], 3 * m[-1] - 2 * m[-2]]  # segment i is m[i + 2]

    def slope_at(i):
        """Slope at node i, or None where its neighbourhood is flat."""
        a, b, c, d = m[i : i + 4]
        wl, wr = abs(b - a), abs(d - c)
        if wl + wr == 0:
            return None
        al = wl / (wl + wr)
        return (1 - al) * b + al * c

    pieces = []
    for i in range(n - 1):
        h, own = x[i + 1] - x[i], m[i + 2]
        start, end = slope_at(i), slope_at(i + 1)
        if start is None:
            coefficients = (y[i], own, 0.0, 0.0)
        else:
            end = own if end is None else end
            coefficients = (
                y[i],
                start,
                (3 * own - 2 * start - end) / h,
                (start + end - 2 * own) / h**2,
            )
        pieces.append((x[i], x[i + 1], x[i], coefficients))
    return _continued(pieces, x, y, degree=2)


def _continued(pieces, x, y, degree):
    """Add the pieces outside: value and derivatives up to `degree` at the end nodes."""
    first, last = pieces[0][3], [*list(pieces[-1][3]), 0.0, 0.0]
    _, b, c, d = last[:4]
    h = x[-1] - x[-2]
    end = (y[-1], b + 2 * c * h + 3 * d * h * h, c + 3 * d * h)
    before = (-INF, x[0], x[0], tuple(first[: degree + 1]))
    after = (x[-1], INF, x[-1], end[: degree + 1])
    return [before, *pieces, after]


def read_curve(pieces, t):
    """Value at one position; NaN for NaN, except that steps give the last one (golden i071)."""
    for start, stop, anchor, coefficients in pieces:
        if start <= t < stop:
            value, power = 0.0, 1.0
            for c in coefficients:
                value += c * power
                power *= t - anchor
            return value
    last = pieces[-1][3]
    return last[0] if len(last) == 1 else NAN


# --- SPEC 4: spline surface -------------------------------------------------------------------


class Surface:
    """Interpolation of a grid (SPEC 4)."""

    def __init__(self, grid, wanted, undersample):
        self.grid, self.undersample, self.style = grid, undersample, wanted
        nx, ny = grid.nx, grid.ny
        if min(nx, ny) < MINIMUM[wanted]:
            if undersample != "REDUCE_INTERP_ORDER":
                raise Trouble(
                    "increase_not_supported"
                    if undersample == "INCREASE_NXNYSAMPLE"
                    else "too_few_cells_for_style"
                )
            self.style = best_style(nx if nx < ny else ny)
        self.columns = [
            self._line(grid.y, [float(grid.values[j][i]) for j in range(ny)]) for i in range(nx)
        ]
        self.at_row = {}
        self._row(0)  # a line that is too short is found now, not when somebody looks

    def _line(self, x, y):
        """One curve through what is not NaN (SPEC 4.2); None = a line of NaN."""
        points = [(a, b) for a, b in zip(x, y, strict=True) if not math.isnan(b)]
        style = self.style
        if len(points) < MINIMUM[style]:
            if self.undersample == "INCREASE_NXNYSAMPLE":
                raise Trouble("increase_not_supported")
            if self.undersample == "REDUCE_INTERP_ORDER":
                if not points:
                    return None
                style = best_style(len(points))
        return curve(style, [p[0] for p in points], [p[1] for p in points])

    def _row(self, row):
        if row not in self.at_row:
            nodes = [NAN if c is None else read_curve(c, row) for c in self.columns]
            self.at_row[row] = self._line(self.grid.x, nodes)
        return self.at_row[row]

    def at(self, row, col):
        """Model at one pixel, float32."""
        pieces = self._row(row)
        return single(NAN if pieces is None else read_curve(pieces, col))


# --- SPEC 5: Chebyshev surface ----------------------------------------------------------------


def terms(order):
    """Exponents in the order of the coefficients."""
    return [(total - b, b) for total in range(order + 1) for b in range(total + 1)]


def chebyshev(order, position, side):
    """T_0 .. T_order at a local pixel position (SPEC 5, domain with half pixels)."""
    angle = math.acos((position - (side - 1) / 2) * 2 / side)
    return [math.cos(k * angle) for k in range(order + 1)]


def eliminate(matrix, vector):
    """Solve by elimination with partial pivoting; whatever comes out of a singular one."""
    n = len(vector)
    rows = [[*line, v] for line, v in zip(matrix, vector, strict=True)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(k + 1, n):
            factor = divide(rows[i][k], rows[k][k])
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    solution = [0.0] * n
    for k in range(n - 1, -1, -1):
        rest = sum((rows[k][i] * solution[i] for i in range(k + 1, n)), 0.0)
        solution[k] = divide(rows[k][n] - rest, rows[k][k])
    return solution


class Polynomial:
    """Weighted least squares by normal equations (SPEC 5)."""

    def __init__(self, grid, order, weighted):
        if order < 0:
            raise Trouble("bad_order")
        self.order, self.shape = order, grid.shape
        h, w = grid.shape
        samples = []
        for j, y in enumerate(grid.y):
            for i, x in enumerate(grid.x):
                value = float(grid.values[j][i])
                weight = divide(1.0, float(grid.errors[j][i])) if weighted else 1.0
                if math.isfinite(value + weight):
                    tx, ty = chebyshev(order, x, w), chebyshev(order, y, h)
                    samples.append((weight, value, [tx[a] * ty[b] for a, b in terms(order)]))
        count = len(terms(order))
        matrix = [
            [math.fsum(s * t[i] * t[j] for s, _, t in samples) for j in range(count)]
            for i in range(count)
        ]
        if all(abs(v) <= 1e-12 for line in matrix for v in line):
            raise Trouble("no_valid_points")
        right = [math.fsum(s * v * t[i] for s, v, t in samples) for i in range(count)]
        self.coefficients = eliminate(matrix, right)
        self.tables = {}

    def _table(self, axis, position):
        if (axis, position) not in self.tables:
            self.tables[axis, position] = chebyshev(self.order, position, self.shape[axis])
        return self.tables[axis, position]

    def at(self, row, col):
        """Model at one pixel, float32."""
        tx, ty = self._table(1, col), self._table(0, row)
        pairs = zip(self.coefficients, terms(self.order), strict=True)
        return single(sum(c * tx[a] * ty[b] for c, (a, b) in pairs))


def render(model, rows, cols):
    """Model on a lattice of pixels, float32 [rows, cols]."""
    return np.array([[model.at(r, c) for c in cols] for r in rows], dtype=np.float32)
