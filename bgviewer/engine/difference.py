"""Reference - science: the first stage of a match, which no model setting touches."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands, row_bands
from bgviewer.engine.bits import make_nan
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.masks import Masked, flagged_rows
from bgviewer.engine.native import VariancePlan, kernels
from bgviewer.engine.onepass import OnePass, Tally
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch, fresh_or
from bgviewer.engine.statistics import clipped_mean, quantiles
from bgviewer.errors import ShapeMismatchError

__all__ = ["Difference", "check_same_shape", "form_difference", "variance_level"]

_BAND_PIXELS = 1 << 19  # long operations: threads that meet at the interpreter lock lose time
_LARGE = 1 << 18  # below this the variances are simply gathered and sorted
_SAMPLE = 1 << 16


@dataclass(frozen=True, eq=False)
class Difference:
    """The difference image of a pair.

    Attributes
    ----------
    values : ndarray float32 [ny, nx]
        reference - science; NaN where either exposure is bad or the difference is not finite.
    xy0 : (int, int)
        The reference's.
    diff_im_var : float
        MEANCLIP of the sum of the variance planes over unmasked pixels; NaN without variances.
    good_count : int
        Good pixels.
    """

    values: NDArray[np.float32]
    xy0: tuple[int, int]
    diff_im_var: float
    good_count: int

    @property
    def shape(self) -> tuple[int, int]:
        """``(ny, nx)``."""
        ny, nx = self.values.shape
        return ny, nx


def check_same_shape(reference: MaskedImage, science: MaskedImage) -> None:
    """Raise `ShapeMismatchError` where the pixels of two exposures do not pair up."""
    if reference.shape != science.shape:
        (ry, rx), (sy, sx) = reference.shape, science.shape
        raise ShapeMismatchError(
            f"the exposures differ in size: science is {sx} x {sy}, reference {rx} x {ry} pixels"
        )


def form_difference(
    reference: MaskedImage,
    science: MaskedImage,
    config: MatchConfig,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
    scratch: Scratch | None = None,
) -> Difference:
    """Subtract science from reference, pixel by pixel (SPEC sections 1 and 6).

    Pixels pair up by index; xy0 is not compared.

    Parameters
    ----------
    scratch : Scratch, optional
        Where the values go when the difference need not last.

    Raises
    ------
    ShapeMismatchError
        When the two do not have the same shape.
    """
    check_same_shape(reference, science)
    ny, nx = science.shape
    values = fresh_or(scratch, "difference", (ny, nx), np.float32)
    planes = config.bad_mask_planes
    masks = (reference.masked(planes), science.masked(planes))
    noise = _VarianceLevel(reference, science, planes, config)

    scratch, compiled = scratch or Scratch(), kernels()

    def one(band: tuple[int, int]) -> tuple[int, Tally | None]:
        rows = slice(*band)
        if compiled is not None:
            return compiled.difference(
                (reference.image, science.image),
                masks,
                noise.planes,
                rows,
                values[rows],
                noise.plan,
                scratch,
            )
        with np.errstate(invalid="ignore", over="ignore"):
            part = np.subtract(reference.image[rows], science.image[rows], out=values[rows])
        bad = _flagged_in_either(masks, rows, scratch)
        unusable = np.isfinite(part, out=scratch.array("unusable", part.shape, bool))
        np.logical_not(unusable, out=unusable)
        if bad is not None:
            unusable |= bad
        make_nan(part, unusable, scratch)
        good = part.size - int(np.count_nonzero(unusable))
        return good, noise.tally(rows, bad, scratch)

    bands = row_bands(0, ny, max(1, _BAND_PIXELS // nx))
    parts = map_bands(one, bands, progress=progress, threads=threads)
    diff_im_var = noise.result([tally for _, tally in parts], progress, threads)
    return Difference(values, reference.xy0, diff_im_var, sum(count for count, _ in parts))


def variance_level(
    reference: MaskedImage,
    science: MaskedImage,
    config: MatchConfig,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> float:
    """Return diffImVar alone: what another clipping changes of a difference."""
    ny, nx = science.shape
    planes = config.bad_mask_planes
    noise = _VarianceLevel(reference, science, planes, config)
    if noise.plan is None:
        return noise.result([], progress, threads)
    masks = (reference.masked(planes), science.masked(planes))
    scratch, compiled = Scratch(), kernels()

    def one(band: tuple[int, int]) -> Tally | None:
        rows = slice(*band)
        if compiled is not None:
            return compiled.difference(None, masks, noise.planes, rows, None, noise.plan, scratch)[
                1
            ]
        bad = _flagged_in_either(masks, rows, scratch)
        return noise.tally(rows, bad, scratch)

    bands = row_bands(0, ny, max(1, _BAND_PIXELS // nx))
    return noise.result(
        map_bands(one, bands, progress=progress, threads=threads), progress, threads
    )


def _flagged_in_either(
    masks: tuple[Masked, Masked], rows: slice, scratch: Scratch
) -> NDArray[np.bool_] | None:
    bad = flagged_rows(masks[0], rows, scratch, "bad")
    other = flagged_rows(masks[1], rows, scratch, "other")
    if bad is None or other is None:
        return other if bad is None else bad
    return np.logical_or(bad, other, out=bad)


def _variance_sum(
    reference: MaskedImage,
    science: MaskedImage,
    rows: slice,
    bad: NDArray[np.bool_] | None,
    scratch: Scratch,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the sum of the variance planes and where it may not be used."""
    assert reference.variance is not None and science.variance is not None
    first, second = reference.variance[rows], science.variance[rows]
    total = scratch.array("total", first.shape, np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        np.add(first, second, out=total)
    unusable = np.isfinite(total, out=scratch.array("unusable", total.shape, bool))
    np.logical_not(unusable, out=unusable)
    if bad is not None:
        unusable |= bad
    return total, unusable


def _on_one_scale(
    reference: MaskedImage, science: MaskedImage
) -> tuple[tuple[MaskedImage, MaskedImage], int]:
    """Return a pair whose variance planes hold variances times the same power of two, and that."""
    exponent = min(reference.variance_exponent, science.variance_exponent)

    def scaled(e: MaskedImage) -> MaskedImage:
        if e.variance is None or e.variance_exponent == exponent:
            return e
        held = np.ldexp(e.variance, exponent - e.variance_exponent)
        return dataclasses.replace(e, variance=held, variance_exponent=exponent)

    return (scaled(reference), scaled(science)), exponent


class _VarianceLevel:
    """MEANCLIP of the sum of two variance planes over unmasked pixels (SPEC section 6, step 9)."""

    def __init__(
        self,
        reference: MaskedImage,
        science: MaskedImage,
        planes: tuple[str, ...],
        config: MatchConfig,
    ) -> None:
        self._pair, self._exponent = _on_one_scale(reference, science)
        self._names, self._config = planes, config
        self._has_planes = reference.variance is not None and science.variance is not None
        self._pass: OnePass | None = None
        ny, nx = science.shape
        if self._has_planes and ny * nx >= _LARGE:
            sample = self._sample(ny, nx)
            if sample.size >= _SAMPLE // 16:
                plan = OnePass(sample, config.num_sigma_clip, config.num_iter)
                self._pass = plan if plan.sensible else None

    def _sample(self, ny: int, nx: int) -> NDArray[np.float32]:
        """Return about `_SAMPLE` good values spread over the image."""
        step_y = max(1, ny // 256)
        step_x = max(1, (nx * (ny // step_y)) // _SAMPLE)
        few = [
            MaskedImage(
                image=e.image[::step_y, ::step_x],
                mask=None if e.mask is None else e.mask[::step_y, ::step_x],
                variance=None if e.variance is None else e.variance[::step_y, ::step_x],
                planes=e.planes,
                variance_exponent=e.variance_exponent,
            )
            for e in self._pair
        ]
        return self._gathered(few[0], few[1])

    def _gathered(self, reference: MaskedImage, science: MaskedImage) -> NDArray[np.float32]:
        """Return all good values of the sum."""
        scratch, everything = Scratch(), slice(None)
        masks = (reference.masked(self._names), science.masked(self._names))
        bad = _flagged_in_either(masks, everything, scratch)
        total, unusable = _variance_sum(reference, science, everything, bad, scratch)
        return total[np.logical_not(unusable, out=unusable)]

    @property
    def planes(self) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Both variance planes, if there are two."""
        first, second = (e.variance for e in self._pair)
        return None if first is None or second is None else (first, second)

    @property
    def plan(self) -> VariancePlan | None:
        """What the compiled loop should look for; None when the slow way is taken anyhow."""
        return None if self._pass is None else self._pass.plan

    def tally(self, rows: slice, bad: NDArray[np.bool_] | None, scratch: Scratch) -> Tally | None:
        """Look at a band; None when the values are taken the slow way anyhow."""
        if self._pass is None:
            return None
        total, unusable = _variance_sum(*self._pair, rows, bad, scratch)
        make_nan(total, unusable, scratch)
        good = total.size - int(np.count_nonzero(unusable))
        return self._pass.tally(total, good, scratch)

    def result(self, tallies: list[Tally | None], progress: Progress, threads: int | None) -> float:
        """Return the clipped mean; NaN without variance planes or without good values."""
        if not self._has_planes:
            return float("nan")
        return math.ldexp(self._held_level(tallies, progress, threads), -self._exponent)

    def _held_level(
        self, tallies: list[Tally | None], progress: Progress, threads: int | None
    ) -> float:
        """Return the clipped mean of what the planes hold."""
        if self._pass is not None and None not in tallies:
            clipped = self._pass.clipped([t for t in tallies if t is not None], threads)
            if clipped is not None:
                return clipped.mean
        progress.step()
        values = self._gathered(*self._pair)
        progress.step()
        clip = (self._config.num_sigma_clip, self._config.num_iter)
        quartiles = quantiles(values, (0.25, 0.5, 0.75))
        progress.step()
        return clipped_mean(
            values,
            quartiles[1],
            quartiles[2] - quartiles[0],
            *clip,
            progress=progress,
            threads=threads,
        ).mean
