"""Piecewise cubics through shared nodes, for many lines of values at once (SPEC 4.1, 4.3).

Every style becomes polynomials of degree at most 3 between break points, so that evaluation is
one and the same for all: each piece is c0 + c1 t + c2 t^2 + c3 t^3 with t counted from the
piece's origin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.rendering import rows_at_once

_TILE_COLUMNS = 1024

__all__ = ["MINIMUM_POINTS", "Curves", "Layout", "best_style", "curves"]

Array = NDArray[np.float64]

MINIMUM_POINTS = {
    "CONSTANT": 1,
    "LINEAR": 2,
    "NATURAL_SPLINE": 3,
    "CUBIC_SPLINE": 3,
    "AKIMA_SPLINE": 5,
}


def best_style(n: int) -> str:
    """Return the richest style that n points carry."""
    if n >= 5:
        return "AKIMA_SPLINE"
    if n >= 3:
        return "CUBIC_SPLINE"
    return "LINEAR" if n == 2 else "CONSTANT"


@dataclass(frozen=True)
class Curves:
    """Curves that share break points.

    Attributes
    ----------
    breaks : ndarray, shape (p - 1,)
        Piece j covers breaks[j-1] <= x < breaks[j].
    origins : ndarray, shape (p,)
        Where t = 0 of each piece.
    coefficients : tuple of ndarray, each shape (lines, p)
        c0, c1, ... as many as the degree needs.
    """

    breaks: Array
    origins: Array
    coefficients: tuple[Array, ...]

    def evaluate(self, positions: Array) -> Array:
        """Return float64 values [lines, len(positions)] at ascending positions (NaN last)."""
        out = np.empty((self.coefficients[0].shape[0], len(positions)))
        self.fill(self.layout(positions), out)
        return out

    def layout(self, positions: Array) -> Layout:
        """Prepare ascending positions (NaN last); serves all lines through the same nodes."""
        cuts = np.concatenate(
            ([0], np.searchsorted(positions, self.breaks, side="left"), [len(positions)])
        )
        groups: list[_Group] = []
        for piece in range(len(cuts) - 1):
            for first in range(int(cuts[piece]), int(cuts[piece + 1]), _TILE_COLUMNS):
                last = min(first + _TILE_COLUMNS, int(cuts[piece + 1]))
                t = positions[first:last] - self.origins[piece]
                before = groups[-1] if groups else None
                if before and before.stop == piece and np.array_equal(before.powers[1], t):
                    groups[-1] = _Group(before.first, last, before.start, piece + 1, before.powers)
                else:
                    powers = _powers(t, max(2, len(self.coefficients)))
                    groups.append(_Group(first, last, piece, piece + 1, powers))
        return tuple(groups)

    def places(self, positions: Array) -> tuple[NDArray[np.int64], Array]:
        """Return where each piece's ascending positions begin (and all end), and their t."""
        cuts = np.searchsorted(positions, self.breaks, side="left")
        cuts = np.concatenate(([0], cuts, [len(positions)])).astype(np.int64)
        t = positions - np.repeat(self.origins, np.diff(cuts))
        return cuts, t if len(self.coefficients) > 1 else np.zeros_like(t)

    def stacked(self) -> Array:
        """Return the coefficients as one array [lines, pieces, 4]."""
        out = np.zeros((*self.coefficients[0].shape, 4))
        for power, coefficient in enumerate(self.coefficients):
            out[..., power] = coefficient
        return out

    def fill(self, layout: Layout, out: NDArray[np.float32] | Array) -> None:
        """Put the values of all lines into `out` [lines, positions], rounded to its type."""
        stacked = np.stack(self.coefficients, axis=2)  # [lines, pieces, powers]
        for group in layout:
            powers = group.powers[: stacked.shape[2]]
            lines = stacked[:, group.start : group.stop]
            step = rows_at_once((group.last - group.first) * len(powers))
            for y0 in range(0, len(stacked), step):
                part = lines[y0 : y0 + step]
                product = part.reshape(-1, len(powers)) @ powers
                out[y0 : y0 + step, group.first : group.last] = product.reshape(len(part), -1)


@dataclass(frozen=True)
class _Group:
    """Neighbouring pieces start..stop whose positions first..last repeat the same powers of t.

    Pieces of equal width are so evaluated by one product.
    """

    first: int
    last: int
    start: int
    stop: int
    powers: Array


Layout = tuple[_Group, ...]


def _powers(t: Array, count: int) -> Array:
    out = np.ones((count, len(t)))
    for power in range(1, count):
        np.multiply(out[power - 1], t, out=out[power])
    return out


def curves(style: str, x: Array, y: Array) -> Curves:
    """Return the curves of `style` through nodes x (ascending) with values y [lines, nodes]."""
    return _STYLES[style](x, y)


def _constant(x: Array, y: Array) -> Curves:
    """Steps at the midpoints between nodes; the value around node j is the mean of j-1 and j."""
    if len(x) == 1:
        return Curves(np.empty(0), np.zeros(1), (y,))
    middle = 0.5 * (x[:-1] + x[1:])
    last = 1.5 * x[-1] - 0.5 * x[-2]
    steps = np.concatenate((y[:, :1], 0.5 * (y[:, :-1] + y[:, 1:]), y[:, -1:]), axis=1)
    return Curves(np.append(middle, last), np.zeros(len(x) + 1), (steps,))


def _linear(x: Array, y: Array) -> Curves:
    slope = np.diff(y, axis=1) / np.diff(x)
    return Curves(x[1:-1], x[:-1], (y[:, :-1], slope))


def _natural(x: Array, y: Array) -> Curves:
    """Natural cubic spline, continued by straight lines with the end slopes."""
    h = np.diff(x)
    slope = np.diff(y, axis=1) / h
    second = np.zeros_like(y)  # half the second derivative at the nodes
    second[:, 1:-1] = _tridiagonal(h, 3.0 * np.diff(slope, axis=1))
    b = slope - h * (second[:, 1:] + 2.0 * second[:, :-1]) / 3.0
    d = np.diff(second, axis=1) / (3.0 * h)
    end = slope[:, -1:] + h[-1] * (2.0 * second[:, -1:] + second[:, -2:-1]) / 3.0
    zero = np.zeros((len(y), 1))
    return Curves(
        np.concatenate((x[:1], x[1:-1], x[-1:])),
        np.concatenate((x[:1], x[:-1], x[-1:])),
        (
            np.concatenate((y[:, :1], y), axis=1),
            np.concatenate((b[:, :1], b, end), axis=1),
            np.concatenate((zero, second[:, :-1], zero), axis=1),
            np.concatenate((zero, d, zero), axis=1),
        ),
    )


def _tridiagonal(h: Array, right: Array) -> Array:
    """Solve h[i-1] u[i-1] + 2 (h[i-1] + h[i]) u[i] + h[i] u[i+1] = right for every line."""
    n = right.shape[1]
    diagonal = 2.0 * (h[:-1] + h[1:])
    u = right.copy()
    pivot = diagonal.copy()
    for i in range(1, n):
        factor = h[i] / pivot[i - 1]
        pivot[i] = diagonal[i] - factor * h[i]
        u[:, i] -= factor * u[:, i - 1]
    u[:, -1] /= pivot[-1]
    for i in range(n - 2, -1, -1):
        u[:, i] = (u[:, i] - h[i + 1] * u[:, i + 1]) / pivot[i]
    return u


def _akima(x: Array, y: Array) -> Curves:
    """Classical Akima spline (J. ACM 17, 589, 1970), continued by the end segments' parabolas."""
    h = np.diff(x)
    inner = np.diff(y, axis=1) / h
    first, last = inner[:, :1], inner[:, -1:]
    before, after = 2.0 * first - inner[:, 1:2], 2.0 * last - inner[:, -2:-1]
    before2, after2 = 3.0 * first - 2.0 * inner[:, 1:2], 3.0 * last - 2.0 * inner[:, -2:-1]
    m = np.concatenate((before2, before, inner, after, after2), axis=1)
    right = np.abs(m[:, 3:] - m[:, 2:-1])  # at node i: |d - c|
    left = np.abs(m[:, 1:-2] - m[:, :-3])  # |b - a|
    total = left + right
    flat = total == 0
    with np.errstate(invalid="ignore", divide="ignore"):
        alpha = np.where(flat, 0.0, left / np.where(flat, 1.0, total))
    node = (1.0 - alpha) * m[:, 1:-2] + alpha * m[:, 2:-1]
    straight = flat[:, :-1]
    b = np.where(straight, inner, node[:, :-1])
    end = np.where(flat[:, 1:], inner, node[:, 1:])
    c = np.where(straight, 0.0, (3.0 * inner - 2.0 * b - end) / h)
    d = np.where(straight, 0.0, (b + end - 2.0 * inner) / (h * h))
    zero = np.zeros((len(y), 1))
    hl = h[-1]
    b_right = b[:, -1:] + hl * (2.0 * c[:, -1:] + 3.0 * d[:, -1:] * hl)
    c_right = c[:, -1:] + 3.0 * d[:, -1:] * hl
    return Curves(
        np.concatenate((x[:1], x[1:-1], x[-1:])),
        np.concatenate((x[:1], x[:-1], x[-1:])),
        (
            np.concatenate((y[:, :1], y), axis=1),
            np.concatenate((b[:, :1], b, b_right), axis=1),
            np.concatenate((c[:, :1], c, c_right), axis=1),
            np.concatenate((zero, d, zero), axis=1),
        ),
    )


_STYLES = {
    "CONSTANT": _constant,
    "LINEAR": _linear,
    "NATURAL_SPLINE": _natural,
    "CUBIC_SPLINE": _natural,
    "AKIMA_SPLINE": _akima,
}
