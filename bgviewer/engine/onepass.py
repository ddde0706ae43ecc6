"""Clipped mean of millions of values that are looked at only once.

A sample tells roughly where the quartiles lie and what clipping will cut.  One pass then counts
what is below each quartile's bracket, collects the few values inside it and those that might be
clipped, and sums the rest.  From that quartiles and every clipping pass follow exactly; where the
sample misled, the pass says so and the values are taken the slow way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands
from bgviewer.engine.bits import zeroed
from bgviewer.engine.native import VariancePlan
from bgviewer.engine.native import VarianceTally as Tally
from bgviewer.engine.scratch import Scratch
from bgviewer.engine.statistics import (
    IQR_TO_SIGMA,
    Clipped,
    describe,
    interpolated,
    neighbours,
    sample_bracket,
)

__all__ = ["OnePass", "Tally"]

Values = NDArray[np.float32]

_FRACTIONS = (0.25, 0.5, 0.75)
_MARGIN = 0.8  # of the clipping interval: what is inside is surely kept
_FAR = 1e4  # tails farther out than this many widths would cost digits of the rest


class OnePass:
    """Plan of the pass, made from a sample.

    Parameters
    ----------
    sample : ndarray float32, 1-D
        Good values from all over the image, at least a thousand.
    num_sigma_clip, num_iter : number, int
        Clipping of MEANCLIP.
    """

    def __init__(self, sample: Values, num_sigma_clip: float, num_iter: int) -> None:
        ordered = np.sort(sample)
        self._clip = (num_sigma_clip, num_iter)
        self._brackets = [sample_bracket(ordered, f) for f in _FRACTIONS]
        rough = describe(ordered, num_sigma_clip, num_iter)
        self._centre = float(np.float32(rough.median))
        widths = [num_sigma_clip * IQR_TO_SIGMA * rough.iqr]
        if num_iter > 1 and rough.varianceclip > 0:
            widths.append(num_sigma_clip * math.sqrt(rough.varianceclip))
        self._core = _MARGIN * min(widths)
        self._low = np.float32(self._centre - self._core)
        self._high = np.float32(self._centre + self._core)

    @property
    def plan(self) -> VariancePlan:
        """The same for the compiled loop."""
        brackets = tuple((float(low), float(high)) for low, high in self._brackets)
        return VariancePlan(self._centre, (float(self._low), float(self._high)), brackets)

    @property
    def sensible(self) -> bool:
        """Whether the sample scatters enough for the sums to keep their digits."""
        return self._core > 1e-5 * abs(self._centre)

    def tally(self, values: Values, n: int, scratch: Scratch) -> Tally:
        """Look at one tile, where values that are not good are NaN and `n` are good."""
        shape = values.shape
        under, upto, near = (scratch.array(k, shape, bool) for k in ("under", "upto", "near"))
        near.fill(False)
        below = []
        for low, high in self._brackets:
            np.less(values, low, out=under)
            below.append(int(np.count_nonzero(under)))
            # NaN compare false, so this leaves just what is in the bracket
            np.less_equal(values, high, out=upto)
            near |= np.logical_xor(upto, under, out=upto)
        inside = np.compress(near.ravel(), values.ravel())
        core = np.greater_equal(values, self._low, out=under)
        core &= np.less_equal(values, self._high, out=upto)
        n_core = int(np.count_nonzero(core))
        tails = values[:0].ravel() if n_core == n else values[(values == values) ^ core]
        d = scratch.array("d", shape, np.float64)
        np.copyto(d, zeroed(values, core, scratch))
        d -= self._centre
        # values outside the core count as -centre in d: take them off again
        others = d.size - n_core
        s1 = float(d.sum()) + others * self._centre
        np.multiply(d, d, out=d)
        s2 = float(d.sum()) - others * self._centre**2
        return Tally(n, tuple(below), inside, tails, (s1, s2))

    def clipped(self, tallies: Sequence[Tally], threads: int | None = None) -> Clipped | None:
        """Return MEANCLIP of all values; None when the pass did not suffice."""
        n = sum(t.n for t in tallies)
        inside = np.concatenate([t.inside for t in tallies])
        quartiles = map_bands(
            lambda i: self._quantile(inside, sum(t.below[i] for t in tallies), n, i),
            range(3),
            threads=threads,
        )
        if n < 2 or any(q is None for q in quartiles):
            return None
        q1, median, q3 = quartiles
        assert q1 is not None and median is not None and q3 is not None
        tails = np.concatenate([t.tails for t in tallies]).astype(np.float64) - self._centre
        far = _FAR * self._core
        core = (
            n - tails.size,
            math.fsum(t.core_sums[0] for t in tallies),
            math.fsum(t.core_sums[1] for t in tallies),
        )
        num_sigma_clip, num_iter = self._clip
        mean, width = median - self._centre, num_sigma_clip * IQR_TO_SIGMA * (q3 - q1)
        variance, kept = math.nan, 0
        for i in range(num_iter):
            if i:
                width = num_sigma_clip * math.sqrt(max(variance, 0.0))
            if not self._covers(mean, width) or width > far:
                return None
            taken = tails[np.abs(tails - mean) <= width]
            kept = core[0] + taken.size
            s1, s2 = core[1] + float(taken.sum()), core[2] + float((taken * taken).sum())
            if kept < 2:
                return None
            mean = s1 / kept
            variance = (s2 / kept - mean * mean) * (kept / (kept - 1))
        return Clipped(self._centre + mean, variance, kept, n - kept)

    def _covers(self, mean: float, width: float) -> bool:
        """Whether everything in the core is inside mean +- width."""
        low, high = float(self._low) - self._centre, float(self._high) - self._centre
        return mean - width <= low and mean + width >= high

    def _quantile(self, near: Values, below: int, n: int, index: int) -> float | None:
        position = _FRACTIONS[index] * (n - 1)
        k = int(position)
        low, high = self._brackets[index]
        inside = near[(near >= low) & (near <= high)]
        if k < below or k + 1 >= below + inside.size:
            return None
        a, b = neighbours(inside, k - below)
        return interpolated(a, b, position - k)
