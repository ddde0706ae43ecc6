"""Model to pixels, band by band of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bgviewer.engine.bands import map_bands, row_bands
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch, fresh_or

__all__ = ["RowRenderer", "positions", "render_rows", "rows_at_once", "small_product"]

_BAND_PIXELS = 1 << 19
_PRODUCT_COLUMNS = 512
_PRODUCT_SIZE = 1 << 17  # multiplications; OpenBLAS starts threads above twice that


@dataclass(frozen=True)
class RowRenderer:
    """A model made ready for fixed rows and columns; may be used from several threads.

    Attributes
    ----------
    n_rows, n_columns : int
    fill : callable
        ``fill(a, b, out)`` puts rows a to b into float32 ``out`` [b - a, n_columns].
    """

    n_rows: int
    n_columns: int
    fill: Callable[[int, int, NDArray[np.float32]], None]

    @property
    def rows_per_band(self) -> int:
        """Rows that are worth rendering together."""
        return max(16, _BAND_PIXELS // max(1, self.n_columns))


def positions(given: ArrayLike | None, side: int) -> NDArray[np.float64]:
    """Return pixel positions as float64; None = every pixel of the side."""
    if given is None:
        return np.arange(side, dtype=np.float64)
    return np.atleast_1d(np.asarray(given, dtype=np.float64))


def small_product(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    out: NDArray[np.float32] | NDArray[np.float64],
) -> None:
    """Put left @ right into `out`, in pieces that stay in cache and on one thread of the BLAS.

    Bands already run on threads; a BLAS that starts more of its own makes all of them wait.
    """
    depth = left.shape[1]
    for x0 in range(0, right.shape[1], _PRODUCT_COLUMNS):
        x1 = min(x0 + _PRODUCT_COLUMNS, right.shape[1])
        step = rows_at_once(depth * (x1 - x0))
        for y0 in range(0, left.shape[0], step):
            out[y0 : y0 + step, x0:x1] = left[y0 : y0 + step] @ right[:, x0:x1]


def rows_at_once(multiplications: int) -> int:
    """Return how many rows of that many multiplications each make a small product."""
    return max(4, _PRODUCT_SIZE // max(1, multiplications))


def render_rows(
    renderer: RowRenderer,
    progress: Progress = SILENT,
    threads: int | None = None,
    scratch: Scratch | None = None,
) -> NDArray[np.float32]:
    """Render all rows, into the caller's scratch memory if there is any."""
    out = fresh_or(scratch, "rendered", (renderer.n_rows, renderer.n_columns), np.float32)
    map_bands(
        lambda band: renderer.fill(*band, out[band[0] : band[1]]),
        row_bands(0, renderer.n_rows, renderer.rows_per_band),
        progress=progress,
        threads=threads,
    )
    return out
