"""The share of a blob that a match removes, worked out from the words alone.

Nothing of bgviewer's fit is used: monomials instead of Chebyshev's polynomials, an orthonormal
basis instead of normal equations, sums over all pixels instead of few.
"""

from __future__ import annotations

import numpy as np


def blob_pixels(shape, size, brightness, x, y):
    """A Gaussian of full width at half maximum `size` about local pixel (x, y)."""
    row, column = np.mgrid[: shape[0], : shape[1]]
    squared = (row - y) ** 2 + (column - x) ** 2
    return brightness * np.exp(-4 * np.log(2) * squared / size**2)


def cell_means(image, good, y_edges, x_edges):
    """Mean over the good pixels of every cell, NaN without any."""
    out = np.full((len(y_edges) - 1, len(x_edges) - 1), np.nan)
    for j in range(len(y_edges) - 1):
        for i in range(len(x_edges) - 1):
            box = np.s_[y_edges[j] : y_edges[j + 1], x_edges[i] : x_edges[i + 1]]
            if good[box].any():
                out[j, i] = image[box][good[box]].mean()
    return out


def projected(means, y_edges, x_edges, order, shape):
    """Least-squares polynomial through cell means, at every pixel."""
    ny, nx = shape

    def basis(y, x):
        y, x = (np.asarray(v, float) for v in (y, x))
        u, v = 2 * x / nx - 1, 2 * y / ny - 1
        powers = [(a, d - a) for d in range(order + 1) for a in range(d + 1)]
        return np.stack([u**a * v**b for a, b in powers], axis=-1)

    y = 0.5 * (np.asarray(y_edges[:-1]) + y_edges[1:] - 1)
    x = 0.5 * (np.asarray(x_edges[:-1]) + x_edges[1:] - 1)
    yy, xx = np.meshgrid(y, x, indexing="ij")
    known = np.isfinite(means)
    q, r = np.linalg.qr(basis(yy[known], xx[known]))
    found = np.linalg.solve(r, q.T @ means[known])
    return basis(*np.mgrid[:ny, :nx]) @ found


def lost(blob, removed):
    """Share of the flux that is missing, as measured with the blob's own profile."""
    return float((blob * removed).sum() / (blob * blob).sum())
