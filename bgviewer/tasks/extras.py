"""Third views that need more than one match: the co-add, and A - B."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.exposure import Exposure
from bgviewer.engine.extent import Extent
from bgviewer.engine.matching import Model
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.tasks.coadd import Coadd
from bgviewer.tasks.levels import Levels, centred_levels
from bgviewer.tasks.picture import Picture, Window, block_mean, make_picture

__all__ = ["COADD_VIEWS", "EXTRA_VIEWS", "Extras", "MatchedSide"]

COADD_VIEWS = ("coadd_before", "coadd_after")
EXTRA_VIEWS = (*COADD_VIEWS, "a_minus_b")
_MATCH_ALL = "Press Match all first (Ctrl+M): the co-add is made of every exposure and its model."
_SNAPSHOTS = "Keep two snapshots first: A with Ctrl+Shift+A, B with Ctrl+Shift+B."
_SHAPES = "A and B are images of different sizes or places: they cannot be subtracted."


@dataclass(frozen=True, eq=False)
class MatchedSide:
    """What is needed of a snapshot to render its matched image."""

    model: Model = field(repr=False)
    science: Exposure = field(repr=False)


@dataclass(frozen=True, eq=False)
class Extras:
    """What the extra views are drawn from.

    Attributes
    ----------
    coadd : Coadd or None
    waiting : str
        Why there is no co-add yet, where that is not for want of a match of all.
    a, b : MatchedSide or None
        The two snapshots.
    """

    coadd: Coadd | None = None
    waiting: str = ""
    a: MatchedSide | None = None
    b: MatchedSide | None = None

    def picture(
        self,
        kind: str,
        window: Window,
        xy0: tuple[int, int],
        unit: str,
        progress: Progress = SILENT,
    ) -> Picture:
        """Draw one of `EXTRA_VIEWS`; without what it needs, a message in place of values."""
        if kind in COADD_VIEWS:
            if self.coadd is None:
                return _message(kind, window, xy0, self.waiting or _MATCH_ALL)
            after = kind == "coadd_after"
            values = self.coadd.over(after, window, xy0)
            levels = self.coadd.levels[int(after)]
            return make_picture(kind, values, window, xy0, levels, "sky", unit=unit)
        if self.a is None or self.b is None:
            return _message(kind, window, xy0, _SNAPSHOTS)
        a, b = (Extent.of(side.science) for side in (self.a, self.b))
        if a != b:
            return _message(kind, window, xy0, _SHAPES)
        values = _difference(self.a, self.b, window, progress)
        return make_picture(
            kind, values, window, xy0, centred_levels(values), "diverging", unit=unit
        )


def _difference(
    a: MatchedSide, b: MatchedSide, window: Window, progress: Progress
) -> NDArray[np.float32]:
    """Matched A - matched B; of the same exposure the models alone differ."""
    rows, columns = window.rows, window.columns
    values = a.model.render(rows, columns, progress=progress) - b.model.render(
        rows, columns, progress=progress
    )
    if a.science is not b.science:
        values = values + (
            block_mean(a.science.image, window, progress)
            - block_mean(b.science.image, window, progress)
        )
    return np.asarray(values, dtype=np.float32)


def _message(kind: str, window: Window, xy0: tuple[int, int], text: str) -> Picture:
    values = np.zeros(window.shape, np.float32)
    return make_picture(kind, values, window, xy0, Levels(0.0, 1.0), "sky", message=text)
