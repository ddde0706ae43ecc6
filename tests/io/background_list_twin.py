"""A second reader of BackgroundList files, in plain loops, from FORMATS.md section 2.2 alone.

It knows astropy and nothing of bgviewer.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from astropy.io import fits

NAN = math.nan
CONSTANT, LINEAR, NATURAL, CUBIC, AKIMA = 0, 1, 2, 3, 5
FEWEST = {CONSTANT: 1, LINEAR: 2, NATURAL: 3, CUBIC: 3, AKIMA: 5}


def image_of(path):
    """The sum of all backgrounds of a file, float64 [height, width]."""
    with fits.open(path) as hdus:
        assert len(hdus) % 3 == 0, f"expected a multiple of 3 HDUs, not {len(hdus)}"
        total = None
        for first in range(0, len(hdus), 3):
            one = background(*hdus[first : first + 3])
            total = one if total is None else total + one
        return total


def background(image, mask, errors):
    """What one entry gives."""
    assert not isinstance(image, fits.CompImageHDU)
    assert (image.header["BITPIX"], errors.header["BITPIX"]) == (-32, -32)
    assert mask.header["BITPIX"] == 32
    assert image.data.shape == mask.data.shape == errors.data.shape
    cards = image.header
    width, height = cards["BKGD_WIDTH"], cards["BKGD_HEIGHT"]
    assert width > 0 and height > 0
    assert (cards["BKGD_X0"], cards["BKGD_Y0"]) is not None
    ny, nx = image.data.shape
    x, y = centres(width, nx), centres(height, ny)
    if cards.get("APPROXSTYLE", -1) == 0:
        order = cards.get("APPROXORDERX", 1)
        assert cards.get("APPROXORDERY", -1) in (order, -1)
        weighting = cards.get("APPROXWEIGHTING", True)
        return chebyshev(image.data, errors.data, x, y, width, height, order, weighting)
    style, undersample = cards["INTERPSTYLE"], cards["UNDERSAMPLESTYLE"]
    if min(nx, ny) < FEWEST[style]:
        assert undersample == 1, "too few cells"
        style = richest(nx if nx < ny else ny)
    columns = [
        line(style, undersample, y, [float(v) for v in image.data[:, i]], range(height))
        for i in range(nx)
    ]
    out = np.empty((height, width))
    for j in range(height):
        out[j] = line(style, undersample, x, [column[j] for column in columns], range(width))
    return out


def centres(side, n):
    """Cell edges by equal division with rounding; the centre of a cell's pixels."""
    edges = [0] + [min(((i + 1) * side + n // 2) // n, side) for i in range(n)]
    return [a + 0.5 * (b - a) - 0.5 for a, b in itertools.pairwise(edges)]


def richest(n):
    return {1: CONSTANT, 2: LINEAR, 3: CUBIC, 4: CUBIC}.get(n, AKIMA)


def line(style, undersample, x, y, positions):
    """Interpolate one line without its NaN nodes; NaN throughout when there are none."""
    nodes = [(a, b) for a, b in zip(x, y, strict=True) if not math.isnan(b)]
    if len(nodes) < FEWEST[style]:
        assert undersample == 1, "too few cells on a line"
        if not nodes:
            return [NAN for _ in positions]
        style = richest(len(nodes))
    x, y = [a for a, _ in nodes], [b for _, b in nodes]
    if style == CONSTANT:
        return [step(x, y, t) for t in positions]
    if style == LINEAR:
        slopes = [(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(len(x) - 1)]
        pieces = [(y[i], s, 0.0, 0.0) for i, s in enumerate(slopes)]
    else:
        pieces = akima(x, y) if style == AKIMA else natural(x, y)
    return [cubic(x, y, pieces, t) for t in positions]


def step(x, y, t):
    if len(x) == 1:
        return y[0]
    level = y[0]
    for i in range(1, len(x)):
        if t >= (x[i - 1] + x[i]) / 2:
            level = (y[i - 1] + y[i]) / 2
    return y[-1] if t >= x[-1] + (x[-1] - x[-2]) / 2 else level


def cubic(x, y, pieces, t):
    """Value at t; outside the nodes the parabola that touches the curve at its end."""
    if t < x[0]:
        value, first, second, _ = pieces[0]
        u = t - x[0]
        return value + first * u + second * u * u
    if t >= x[-1]:
        h = x[-1] - x[-2]
        _, first, second, third = pieces[-1]
        u = t - x[-1]
        slope = first + 2 * second * h + 3 * third * h * h
        return y[-1] + slope * u + (second + 3 * third * h) * u * u
    i = max(k for k in range(len(x) - 1) if x[k] <= t)
    u = t - x[i]
    value, first, second, third = pieces[i]
    return value + first * u + second * u**2 + third * u**3


def natural(x, y):
    """Pieces of the cubic spline whose curvature vanishes at both ends (Thomas' algorithm)."""
    n = len(x)
    h = [b - a for a, b in itertools.pairwise(x)]
    upper, rest = [0.0] * n, [0.0] * n
    for i in range(1, n - 1):
        jump = 6 * ((y[i + 1] - y[i]) / h[i] - (y[i] - y[i - 1]) / h[i - 1])
        pivot = 2 * (h[i - 1] + h[i]) - h[i - 1] * upper[i - 1]
        upper[i] = h[i] / pivot
        rest[i] = (jump - h[i - 1] * rest[i - 1]) / pivot
    bend = [0.0] * n
    for i in range(n - 2, 0, -1):
        bend[i] = rest[i] - upper[i] * bend[i + 1]
    return [
        (
            y[i],
            (y[i + 1] - y[i]) / h[i] - h[i] * (2 * bend[i] + bend[i + 1]) / 6,
            bend[i] / 2,
            (bend[i + 1] - bend[i]) / (6 * h[i]),
        )
        for i in range(n - 1)
    ]


def akima(x, y):
    """GSL's Akima spline: two slopes added at each end, straight where all is flat."""
    m = [(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(len(x) - 1)]
    m = [3 * m[0] - 2 * m[1], 2 * m[0] - m[1], *m, 2 * m[-1] - m[-2], 3 * m[-1] - 2 * m[-2]]
    pieces = []
    for i in range(len(x) - 1):
        h, before, own, after = x[i + 1] - x[i], m[i + 1], m[i + 2], m[i + 3]
        weights = abs(m[i + 3] - m[i + 2]) + abs(m[i + 1] - m[i])
        if weights == 0:
            pieces.append((y[i], own, 0.0, 0.0))
            continue
        share = abs(m[i + 1] - m[i]) / weights
        start = (1 - share) * before + share * own
        weights = abs(m[i + 4] - m[i + 3]) + abs(m[i + 2] - m[i + 1])
        share = abs(m[i + 2] - m[i + 1]) / weights if weights else 0.0
        end = (1 - share) * own + share * after
        second = (3 * own - 2 * start - end) / h
        pieces.append((y[i], start, second, (start + end - 2 * own) / (h * h)))
    return pieces


def chebyshev(values, errors, x, y, width, height, order, weighting):
    """The polynomial fitted to the cells, at every pixel."""
    degrees = [(a, b) for a in range(order + 1) for b in range(order + 1 - a)]

    def polynomials(position, side):
        angle = math.acos(2 * (position + 0.5) / side - 1)
        return [math.cos(k * angle) for k in range(order + 1)]

    rows, right = [], []
    for j, i in itertools.product(range(len(y)), range(len(x))):
        error = float(errors[j, i]) if weighting else 1.0
        weight = 1 / error if error else math.inf
        value = float(values[j, i])
        if math.isfinite(value + weight):
            tx, ty = polynomials(x[i], width), polynomials(y[j], height)
            rows.append([math.sqrt(weight) * tx[a] * ty[b] for a, b in degrees])
            right.append(math.sqrt(weight) * value)
    found = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    square = np.zeros((order + 1, order + 1))
    for coefficient, (a, b) in zip(found, degrees, strict=True):
        square[b, a] = coefficient
    at_x = np.array([polynomials(i, width) for i in range(width)])
    at_y = np.array([polynomials(j, height) for j in range(height)])
    return at_y @ square @ at_x.T
