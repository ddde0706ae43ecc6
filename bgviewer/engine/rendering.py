"""Model to pixels, band by band of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bgviewer.engine.bands import map_bands, row_bands
from bgviewer.engine.progress import SILENT, Progress

__all__ = ["RowRenderer", "positions", "render_rows"]

_BAND_PIXELS = 1 << 18


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


def render_rows(
    renderer: RowRenderer, progress: Progress = SILENT, threads: int | None = None
) -> NDArray[np.float32]:
    """Render all rows."""
    out = np.empty((renderer.n_rows, renderer.n_columns), dtype=np.float32)
    map_bands(
        lambda band: renderer.fill(*band, out[band[0] : band[1]]),
        row_bands(0, renderer.n_rows, renderer.rows_per_band),
        progress=progress,
        threads=threads,
    )
    return out
