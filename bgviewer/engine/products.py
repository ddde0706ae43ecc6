"""Matrix products that a BLAS does in the calling thread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["PIECE", "matrix_product"]

Array = NDArray[np.float64]

PIECE = 200_000
"""Multiplications of a piece; OpenBLAS starts threads of its own above 262 144."""


def matrix_product(left: Array, right: Array) -> Array:
    """Return ``left @ right`` in pieces of some rows.

    A BLAS would start threads for the whole, and where the processors have other work those wait
    for one another: many times the time.  Pieces stay below what it does that for and cost a tenth
    more than one thread takes.

    Parameters
    ----------
    left, right : ndarray float64 [..., m, k] and [..., k, n]
        Either may have more dimensions, as for `numpy.matmul`.
    """
    if left.ndim > 2:
        rest = right if right.ndim == left.ndim else [right] * len(left)
        return np.stack([matrix_product(a, b) for a, b in zip(left, rest, strict=True)])
    if right.ndim > 2:
        return np.stack([matrix_product(left, b) for b in right])
    (m, k), n = left.shape, right.shape[1]
    rows = max(1, PIECE // max(1, k * n))
    if rows >= m:
        return np.asarray(left @ right)
    left = np.ascontiguousarray(left)
    out, cut = np.empty((m, n)), m // rows * rows
    np.matmul(left[:cut].reshape(-1, rows, k), right, out=out[:cut].reshape(-1, rows, n))
    if cut < m:
        np.matmul(left[cut:], right, out=out[cut:])
    return out
