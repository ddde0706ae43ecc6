"""A model of a part of an image, evaluated over all of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bgviewer.engine.fitting import Model
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.rendering import RowRenderer, positions

__all__ = ["ContinuedModel"]


@dataclass(frozen=True, eq=False)
class ContinuedModel:
    """A model continued beyond the part of an image that it was fitted to.

    Nothing new is fitted: outside, splines go on as they do beyond their outermost cells (SPEC
    4.3), a polynomial by its own formula.

    Attributes
    ----------
    model : Model
        Of the part.
    shape : (int, int)
        ``(ny, nx)`` of the whole image.
    shift : (int, int)
        ``(dx, dy)``: where the part begins in it.
    """

    model: Model
    shape: tuple[int, int]
    shift: tuple[int, int]

    @property
    def kind(self) -> str:
        """That of the model."""
        return self.model.kind

    @property
    def is_empty(self) -> bool:
        """Whether the model is NaN everywhere."""
        return self.model.is_empty

    def render(
        self,
        y: ArrayLike | None = None,
        x: ArrayLike | None = None,
        *,
        progress: Progress = SILENT,
        threads: int | None = None,
    ) -> NDArray[np.float32]:
        """Return float32 [len(y), len(x)] at local positions of the whole image; default all."""
        (dx, dy), (ny, nx) = self.shift, self.shape
        at = positions(y, ny) - dy, positions(x, nx) - dx
        return self.model.render(*at, progress=progress, threads=threads)

    def rows(self, y: ArrayLike | None = None, x: ArrayLike | None = None) -> RowRenderer:
        """Return a renderer of any band of the rows `y`, all at columns `x`."""
        (dx, dy), (ny, nx) = self.shift, self.shape
        return self.model.rows(positions(y, ny) - dy, positions(x, nx) - dx)
