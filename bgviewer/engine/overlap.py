"""Which exposures of a stack share good pixels, and who can be a reference for whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands, row_bands
from bgviewer.engine.difference import check_same_shape
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.masks import good_pixels
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch

__all__ = [
    "LEAST_SHARE",
    "Bits",
    "Overlap",
    "PairOverlap",
    "good_bits",
    "overlap_of",
    "pair_overlap",
    "rows_to_skip",
]

Bits = NDArray[np.uint64]
"""One bit for every pixel that is looked at: whether it is good."""

LEAST_SHARE = 0.1
"""Share of the smaller exposure's good pixels that a pair must have in common."""
_BUDGET = 1 << 28  # bytes of bits of a whole stack
_BAND = 1 << 19


@dataclass(frozen=True, eq=False)
class Overlap:
    """Good pixels that pairs of exposures share.

    Attributes
    ----------
    shared : ndarray int64 [n, n]
        Pixels good in both; on the diagonal the exposure's own.
    every : int
        Every n-th row was looked at, and counts were multiplied; 1 = counts are exact.
    """

    shared: NDArray[np.int64]
    every: int = 1

    @property
    def own(self) -> NDArray[np.int64]:
        """Good pixels of every exposure."""
        return np.diagonal(self.shared)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Shared pixels over those of the smaller of the two, 0 to 1; NaN where one has none."""
        smaller = np.minimum.outer(self.own, self.own)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(smaller > 0, self.shared / smaller, np.nan))

    def joined(self, least: float = LEAST_SHARE) -> NDArray[np.bool_]:
        """Return which pairs share enough, and at least two pixels."""
        with np.errstate(invalid="ignore"):
            found = (self.shares >= least) & (self.shared >= 2)
        np.fill_diagonal(found, False)
        return np.asarray(found)

    def groups(self, least: float = LEAST_SHARE) -> tuple[tuple[int, ...], ...]:
        """Return the exposures that hang together, directly or through others; largest first.

        One without good pixels is a group of its own.
        """
        joined = self.joined(least)
        left = set(range(len(joined)))
        found = []
        while left:
            group, new = set(), {min(left)}
            while new:
                group |= new
                new = {int(j) for i in new for j in np.flatnonzero(joined[i])} - group
            left -= group
            found.append(tuple(sorted(group)))
        return tuple(sorted(found, key=lambda g: (-len(g), g)))

    def partners(self, least: float = LEAST_SHARE) -> NDArray[np.intp]:
        """Return with how many others each exposure shares enough."""
        return np.asarray(self.joined(least).sum(axis=1), np.intp)

    def weakest(self) -> NDArray[np.float64]:
        """Return the smallest share that each has with another that has good pixels at all."""
        shares = self.shares.copy()
        np.fill_diagonal(shares, np.nan)
        known = np.isfinite(shares)
        smallest = np.where(known, shares, np.inf).min(axis=1, initial=np.inf)
        return np.asarray(np.where(np.isfinite(smallest), smallest, np.nan))

    def candidates(
        self, cost: Sequence[float] | None = None, least: float = LEAST_SHARE
    ) -> tuple[int, ...]:
        """Return the exposures in the order in which they recommend themselves as the reference.

        Those that share enough with more others go first; then those of lower `cost`, or,
        without costs, of the larger weakest share.  One without good pixels is none.
        """
        partners, weakest = self.partners(least), np.nan_to_num(self.weakest(), nan=-1.0)
        second = -weakest if cost is None else np.nan_to_num(np.asarray(cost, float), nan=np.inf)
        order = sorted(range(len(partners)), key=lambda i: (-partners[i], second[i], i))
        return tuple(i for i in order if self.own[i] > 0)


@dataclass(frozen=True)
class PairOverlap:
    """How much of a science exposure a reference covers.

    Attributes
    ----------
    own : int
        Good pixels of the whole science exposure.
    common : int
        Those that lie on a good pixel of the reference.
    identical : bool
        Whether the two have the same value in every common pixel (and there is one).
    """

    own: int
    common: int
    identical: bool = False

    @property
    def share(self) -> float:
        """`common` / `own`, 0 to 1; NaN without good pixels."""
        return self.common / self.own if self.own else math.nan


def pair_overlap(
    reference: MaskedImage,
    science: MaskedImage,
    planes: Sequence[str],
    whole: MaskedImage | None = None,
    *,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> PairOverlap:
    """Count the good pixels of a pair, which pairs up by index.

    Parameters
    ----------
    planes : sequence of str
        Names of the bad mask planes.
    whole : MaskedImage, optional
        The science exposure at its own extent, where `science` is cut to the common part.

    Raises
    ------
    ShapeMismatchError
        When the two do not have the same shape.
    """
    check_same_shape(reference, science)
    ny, nx = science.shape
    masks = reference.masked(planes), science.masked(planes)
    scratch, other = Scratch(), Scratch()
    differ = False

    def one(band: tuple[int, int]) -> tuple[int, int]:
        nonlocal differ
        rows = slice(*band)
        good = good_pixels(science.image, masks[1], rows, scratch)
        own = int(np.count_nonzero(good))
        good &= good_pixels(reference.image, masks[0], rows, other)
        if not differ:
            with np.errstate(invalid="ignore"):
                same = reference.image[rows] == science.image[rows]
            differ = not bool(same[good].all())
        return own, int(np.count_nonzero(good))

    bands = row_bands(0, ny, max(1, _BAND // nx))
    counts = map_bands(one, bands, progress=progress, threads=threads)
    own, common = (sum(c[k] for c in counts) for k in (0, 1))
    if whole is not None and whole is not science:
        own = _good_count(whole, planes, progress, threads)
    return PairOverlap(own, common, common > 0 and not differ)


def _good_count(
    exposure: MaskedImage, planes: Sequence[str], progress: Progress, threads: int | None
) -> int:
    masked, scratch = exposure.masked(planes), Scratch()

    def one(band: tuple[int, int]) -> int:
        return int(np.count_nonzero(good_pixels(exposure.image, masked, slice(*band), scratch)))

    ny, nx = exposure.shape
    bands = row_bands(0, ny, max(1, _BAND // nx))
    return sum(map_bands(one, bands, progress=progress, threads=threads))


def rows_to_skip(shape: tuple[int, int], exposures: int) -> int:
    """Return how many rows there must be to each that is looked at, so that the bits fit."""
    ny, nx = shape
    return max(1, -(-(ny * -(-nx // 8) * exposures) // _BUDGET))


def good_bits(
    exposure: MaskedImage,
    planes: Sequence[str],
    *,
    every: int = 1,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> Bits:
    """Return which pixels of every n-th row are good: an eighth of a byte each."""
    ny, nx = exposure.shape
    masked, scratch = exposure.masked(planes), Scratch()

    def one(band: tuple[int, int]) -> NDArray[np.uint8]:
        good = good_pixels(exposure.image, masked, slice(*band), scratch)
        return np.packbits(good[::every], axis=1).ravel()

    rows = max(1, _BAND // nx // every) * every
    found = np.concatenate(
        map_bands(one, row_bands(0, ny, rows), progress=progress, threads=threads)
    )
    return np.pad(found, (0, -len(found) % 8)).view(np.uint64)


def overlap_of(bits: Sequence[Bits], every: int = 1, progress: Progress = SILENT) -> Overlap:
    """Count what all pairs share; exposures of other shapes share nothing."""
    n = len(bits)
    shared = np.zeros((n, n), np.int64)
    for i in range(n):
        progress.step()
        for j in range(i + 1):
            if len(bits[i]) == len(bits[j]):
                both = np.bitwise_count(bits[i] & bits[j])
                shared[i, j] = shared[j, i] = every * int(both.sum(dtype=np.int64))
    return Overlap(shared, every)
