"""Matching one pair: difference -> cells and bins -> model -> matched image and figures.

Each stage is a frozen value; a later match of the same pair takes over what its settings have
not touched (SPEC section 6, DESIGN: stages).
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import map_bands, row_bands
from bgviewer.engine.bins import Bins, JudgedBins
from bgviewer.engine.bits import zeroed
from bgviewer.engine.cells import Cells
from bgviewer.engine.config import DEFAULT_BAD_MASK_PLANES, MatchConfig
from bgviewer.engine.difference import Difference, form_difference, variance_level
from bgviewer.engine.exposure import MaskedImage, as_masked_image
from bgviewer.engine.fitting import Adjustment, Fit, Model, fit_model
from bgviewer.engine.gridding import (
    GridStatistic,
    form_bins,
    form_cells,
    form_cells_and_bins,
)
from bgviewer.engine.native import kernels
from bgviewer.engine.penalised_spline import TileFitter, smooth_text, smooth_tiles
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch
from bgviewer.engine.tiles import centroid_offsets
from bgviewer.errors import (
    BgviewerWarning,
    ConfigError,
    NoOverlapError,
    UndersampledError,
    resource_errors,
)

__all__ = [
    "Adjustment",
    "Cells",
    "Difference",
    "Fit",
    "Gridded",
    "MatchResult",
    "Model",
    "fit_model",
    "form_bins",
    "form_cells",
    "form_difference",
    "grid_difference",
    "match_backgrounds",
    "match_images",
    "smooth_tile",
]

_TILE, _SMALLEST_TILE = 16, 4  # pixels a side of what a P-spline is fitted to


@dataclass(frozen=True, eq=False)
class Gridded:
    """The second stage: cells that carry the fit, bins that judge it.

    Attributes
    ----------
    cells : Cells
    bins : Bins
        Always of the configured binSize.
    adjustments : tuple of Adjustment
        Whether the number of cells was changed (INCREASE_NXNYSAMPLE).
    tiles : TileFitter or None
        Small tiles, at the centroids of their good pixels, that a P-spline is fitted to; None
        where none was asked for.
    """

    cells: Cells
    bins: Bins
    adjustments: tuple[Adjustment, ...] = ()
    tiles: TileFitter | None = None


def grid_difference(
    difference: Difference,
    config: MatchConfig,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
    tiles: TileFitter | None = None,
) -> Gridded:
    """Form cells and bins of a difference (SPEC sections 3, 6.4, 6.5 and 7).

    With penalisedSpline also the tiles: clipped means of 16 pixels, or of half the binSize if
    that is less, but at least 4.

    Parameters
    ----------
    tiles : TileFitter, optional
        Tiles of this difference that were measured before; kept where they serve.

    Raises
    ------
    NoOverlapError, UndersampledError
        With usePolynomial, when no bin has data, or too few have under THROW_EXCEPTION.
    """
    statistic = GridStatistic(config.grid_statistic, config.num_sigma_clip, config.num_iter)
    cells, bins = form_cells_and_bins(
        difference.values,
        config.bin_size,
        statistic,
        config.grid_stdev_epsilon,
        difference.xy0,
        progress=progress,
        threads=threads,
    )
    gridded = Gridded(cells, bins)
    if config.model_kind == "chebyshev":
        gridded = _for_polynomial(gridded, difference, config, progress, threads)
    return _completed(gridded, difference, config, tiles, progress, threads)


def _completed(
    gridded: Gridded,
    difference: Difference,
    config: MatchConfig,
    tiles: TileFitter | None,
    progress: Progress,
    threads: int | None,
) -> Gridded:
    """Add what P-spline and centroids ask for, and leave out centroids that nobody asks for."""
    cells = gridded.cells
    if config.cell_centroids and cells.dy is None:
        dy, dx = centroid_offsets(
            difference.values, cells.y_edges, cells.x_edges, progress, threads=threads
        )
        cells = replace(cells, dy=dy, dx=dx)
    elif not config.cell_centroids and cells.dy is not None:
        cells = replace(cells, dy=None, dx=None)
    side = smooth_tile(config.bin_size)
    if tiles is not None and tiles.data.side != side:
        tiles = None
    if tiles is None and config.model_kind == "smooth":
        tiles = TileFitter(smooth_tiles(difference.values, side, progress, threads=threads))
    if cells is gridded.cells and tiles is gridded.tiles:
        return gridded
    return replace(gridded, cells=cells, tiles=tiles)


def smooth_tile(bin_size: int) -> int:
    """Return the side of the tiles that a P-spline is fitted to, in pixels."""
    return max(_SMALLEST_TILE, min(_TILE, bin_size // 2))


def _for_polynomial(
    gridded: Gridded,
    difference: Difference,
    config: MatchConfig,
    progress: Progress,
    threads: int | None,
) -> Gridded:
    """Return a grid that carries the order, where the bins do not and the settings allow it."""
    bins = gridded.bins
    if len(bins) == 0:
        raise NoOverlapError(
            "no overlap with the reference: no bin has two good pixels in both exposures"
        )
    carried = min(bins.columns_with_data, bins.rows_with_data)
    if carried > config.order:
        return gridded
    if config.undersample_style == "THROW_EXCEPTION":
        raise UndersampledError(
            f"order = {config.order} needs {config.order + 1} rows and columns of bins with data; "
            f"binSize = {config.bin_size} gives {bins.columns_with_data} columns and "
            f"{bins.rows_with_data} rows. Lower the order or the binSize."
        )
    if config.undersample_style != "INCREASE_NXNYSAMPLE":
        return gridded
    count, adjustment = _increased(difference.shape, carried, config)
    cells = form_cells(
        difference.values,
        *count,
        config.grid_statistic,
        config.num_sigma_clip,
        config.num_iter,
        difference.xy0,
        progress=progress,
        threads=threads,
    )
    return Gridded(cells, bins, (adjustment,))


def _increased(
    shape: tuple[int, int], carried: int, config: MatchConfig
) -> tuple[tuple[int, int], Adjustment]:
    """Return the new (nx, ny) of cells under INCREASE_NXNYSAMPLE.

    LSST computes a new bin size and then uses it as the number of cells per axis; that is kept
    unless correctedIncrease is on (SPEC quirk Q2).
    """
    new_size = (carried * config.bin_size) // (config.order + 1)
    if new_size <= 0:
        raise UndersampledError(
            f"order = {config.order} cannot be reached with {carried} bins of binSize = "
            f"{config.bin_size}: the bins would be smaller than a pixel. Lower the order."
        )
    ny, nx = shape
    if config.corrected_increase:
        count = (-(-nx // new_size), -(-ny // new_size))
        text = f"cells made smaller, {new_size} pixels instead of {config.bin_size}"
    else:
        count = (new_size, new_size)
        text = (
            f"{new_size} cells per axis: LSST takes the new bin size for the number of cells "
            "(correctedIncrease mends that)"
        )
    before = (-(-nx // config.bin_size), -(-ny // config.bin_size))
    return count, Adjustment("samples_per_axis_changed", before, count, text)


@dataclass(frozen=True, eq=False)
class MatchResult:
    """Everything a match of one pair gave; arrays are read-only in spirit.

    Attributes
    ----------
    config : MatchConfig
        The settings that made it.
    science : MaskedImage
        The exposure that is matched.
    reference : MaskedImage
    difference : Difference
    gridded : Gridded
    fit : Fit
    prepared : tuple of Adjustment
        What was done to the pair before, such as a cut to the part that both cover.
    """

    config: MatchConfig
    reference: MaskedImage
    science: MaskedImage
    difference: Difference
    gridded: Gridded
    fit: Fit
    threads: int | None = None
    prepared: tuple[Adjustment, ...] = ()

    @property
    def cells(self) -> Cells:
        """Grid that the model was made from."""
        return self.gridded.cells

    @property
    def carriers(self) -> Cells:
        """The grid whose values carry the model: the cells, or the tiles of a P-spline."""
        if self.fit.smooth is None:
            return self.cells
        data = self.fit.smooth.system.data
        y_edges, x_edges = data.edges
        known = np.isfinite(data.values)
        return Cells(
            values=data.values.astype(np.float32),
            errors=data.errors.astype(np.float32),
            counts=known.astype(np.int64) if data.counts is None else data.counts,
            y_edges=y_edges,
            x_edges=x_edges,
            xy0=self.difference.xy0,
            dy=data.dy,
            dx=data.dx,
        )

    @property
    def model_text(self) -> str:
        """The model in a few words, such as "P-spline, smoothing length 412 px (REML)"."""
        if self.used_smoothing_length is not None:
            return smooth_text(self.used_smoothing_length, not self.config.smoothing_length)
        if self.used_order is not None:
            return f"order {self.used_order}"
        return str(self.used_interp_style)

    @property
    def bins(self) -> JudgedBins:
        """Bins of the configured binSize with the model read at them."""
        return self.fit.bins

    @property
    def model(self) -> Model:
        """Background model: add it to the science image."""
        return self.fit.model

    @property
    def fit_rms(self) -> float:
        """Root mean square of bin value - model; NaN when there is none."""
        return self.fit.fit_rms

    @property
    def diff_im_var(self) -> float:
        """Clipped mean of the difference's variance plane; NaN without variance planes."""
        return self.difference.diff_im_var

    @property
    def used_order(self) -> int | None:
        """Polynomial order after all changes; None for splines."""
        return self.fit.used_order

    @property
    def used_weighting(self) -> bool | None:
        """Whether cells were weighted; None for splines."""
        return self.fit.used_weighting

    @property
    def used_interp_style(self) -> str | None:
        """Style after the global reduction; None but for a spline through the cells."""
        return self.fit.used_interp_style

    @property
    def used_smoothing_length(self) -> float | None:
        """Smoothing length of a P-spline in pixels, asked for or chosen; None for the others."""
        return self.fit.used_smoothing_length

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """What was changed on the way."""
        return self.prepared + self.gridded.adjustments + self.fit.adjustments

    @property
    def ratio(self) -> float:
        """matched_mse / diff_im_var: about 1 when only pixel noise is left."""
        return self.matched_mse / self.diff_im_var if self.diff_im_var else math.nan

    @cached_property
    def matched_mse(self) -> float:
        """Mean square of reference - matched over good pixels (one pass, then remembered)."""
        return self._finish(keep=False, progress=SILENT)[0]

    @cached_property
    def matched(self) -> MaskedImage:
        """Science + model in float32; mask and variance as they were."""
        mse, image = self._finish(keep=True, progress=SILENT)
        self.__dict__.setdefault("matched_mse", mse)
        assert image is not None
        return _with_image(self.science, image)

    @resource_errors()
    def complete(self, progress: Progress = SILENT) -> MatchResult:
        """Compute `matched` and `matched_mse` now, stoppable; returns self."""
        if "matched" not in self.__dict__:
            mse, image = self._finish(keep=True, progress=progress)
            assert image is not None
            self.__dict__["matched_mse"] = mse
            self.__dict__["matched"] = _with_image(self.science, image)
        return self

    @resource_errors()
    def measure(self, progress: Progress = SILENT, threads: int | None = None) -> MatchResult:
        """Compute `matched_mse` now, stoppable, without the matched image; returns self."""
        if "matched_mse" not in self.__dict__:
            found, _ = self._finish(keep=False, progress=progress, threads=threads)
            self.__dict__["matched_mse"] = found
        return self

    def _finish(
        self, keep: bool, progress: Progress, threads: int | None = None
    ) -> tuple[float, NDArray[np.float32] | None]:
        """One pass over the pixels: matched image (if kept) and mean square that is left."""
        science, difference = self.science.image, self.difference.values
        matched = np.empty_like(science) if keep else None
        renderer, scratch, compiled = self.model.rows(), Scratch(), kernels()

        def one(band: tuple[int, int]) -> tuple[int, float]:
            rows = slice(*band)
            shape = (band[1] - band[0], science.shape[1])
            background = scratch.array("background", shape, np.float32)
            renderer.fill(*band, background)
            if compiled is not None:
                out = None if matched is None else matched[rows]
                return compiled.finish(science[rows], difference[rows], background, out)
            with np.errstate(invalid="ignore", over="ignore"):
                if matched is not None:
                    np.add(science[rows], background, out=matched[rows])
                left = np.subtract(difference[rows], background, out=background)
            good = np.isfinite(left, out=scratch.array("good", shape, bool))
            left64 = scratch.array("left", shape, np.float64)
            np.copyto(left64, zeroed(left, good, scratch))
            np.multiply(left64, left64, out=left64)
            return int(np.count_nonzero(good)), float(left64.sum())

        bands = row_bands(0, science.shape[0], renderer.rows_per_band)
        parts = map_bands(one, bands, progress=progress, threads=threads or self.threads)
        n = sum(p[0] for p in parts)
        # (n-1)/n variance + mean^2 is the plain mean of squares; undefined below two pixels
        return (math.fsum(p[1] for p in parts) / n if n > 1 else math.nan), matched


def _with_image(science: MaskedImage, image: NDArray[np.float32]) -> MaskedImage:
    return MaskedImage(
        image=image,
        mask=science.mask,
        variance=science.variance,
        planes=science.planes,
        xy0=science.xy0,
        unit=science.unit,
        variance_exponent=science.variance_exponent,
    )


@resource_errors()
def match_backgrounds(
    reference: Any,
    science: Any,
    config: MatchConfig | None = None,
    *,
    progress: Progress = SILENT,
    reuse: MatchResult | None = None,
    complete: bool = True,
    threads: int | None = None,
    scratch: Scratch | None = None,
) -> MatchResult:
    """Match the background of one science exposure to that of the reference.

    The smooth model of (reference - science) is ADDED to science.

    Parameters
    ----------
    reference, science : MaskedImage, or anything that it takes as an image
        Same shape and unit; pixels pair up by index. A pixel counts as good where the image is
        finite and no plane of ``config.bad_mask_planes`` is set.
    config : MatchConfig, optional
        LSST's defaults if omitted.
    progress : Progress, optional
        Told where the work is; may stop it.
    reuse : MatchResult, optional
        An earlier result; the stages of the same pair that `config` does not touch are taken
        over instead of computed.
    complete : bool
        False leaves the matched image and `matched_mse` to be computed when first asked for.
    threads : int, optional
        Threads to use (default: the machine's cores); results do not depend on it.
    scratch : Scratch, optional
        Memory for the difference image, for a caller who does not keep the result.

    Returns
    -------
    MatchResult
        ``result.model`` is the background to add, in the unit of `science`.

    Raises
    ------
    ConfigError
        binSize or order do not fit the image (polynomials).
    NoOverlapError
        No pixel is good in both exposures.
    ShapeMismatchError, UndersampledError, FitError
        The pair cannot be matched.

    Warns
    -----
    BgviewerWarning
        The units differ, a bad mask plane exists in neither exposure, or none of the planes of a
        mask is a bad one, so that its flags do not count.

    References
    ----------
    LSST Science Pipelines v11, MatchBackgroundsTask.

    Examples
    --------
    >>> import numpy as np, bgviewer
    >>> sky = np.linspace(0, 10, 512, dtype="f4")[None, :].repeat(512, 0)
    >>> result = bgviewer.match_backgrounds(sky, sky - 7, bgviewer.MatchConfig(bin_size=64))
    >>> bool(abs(result.matched.image - sky).max() < 0.1)
    True
    """
    reference = as_masked_image(reference, "reference")
    science = as_masked_image(science, "science exposure")
    if config is None:
        config = MatchConfig()
    elif not isinstance(config, MatchConfig):
        raise ConfigError(
            f"config must be a MatchConfig, not {type(config).__name__}; see MatchConfig.from_lsst "
            "for LSST's names"
        )
    for text in _warnings(reference, science, config):
        warnings.warn(text, BgviewerWarning, stacklevel=2)
    return match_images(
        reference,
        science,
        config,
        progress=progress,
        reuse=reuse,
        complete=complete,
        threads=threads,
        scratch=scratch,
    )


def _warnings(reference: MaskedImage, science: MaskedImage, config: MatchConfig) -> list[str]:
    """Return what is suspicious about a pair, from its planes and units alone."""
    found = []
    if reference.unit and science.unit and reference.unit != science.unit:
        found.append(
            f"the reference is in {reference.unit}, the science exposure in {science.unit}; the "
            "pixels are compared as they are"
        )
    known = {*(reference.planes or ()), *(science.planes or ())}
    wanted = config.bad_mask_planes
    missing = [name for name in wanted if name not in known]
    if missing and known and wanted != DEFAULT_BAD_MASK_PLANES:
        found.append(
            f"neither exposure has the bad mask plane {', '.join(missing)}; it counts as empty "
            f"(the masks have {', '.join(sorted(known))})"
        )
    if wanted != DEFAULT_BAD_MASK_PLANES:
        return found  # a list that somebody chose may leave a mask out
    for what, image in (("reference", reference), ("science exposure", science)):
        named = image.set_bits & image.bits(image.planes or ())
        if image.set_bits and not (named and image.bits(wanted)):
            names = ", ".join(image.planes or ()) or "no names"
            found.append(
                f"the mask of the {what} flags pixels, but none of its planes ({names}) is in "
                "bad_mask_planes, or its bits have no name; its flags do not count (names are "
                "case-sensitive)"
            )
    return found


def match_images(
    reference: MaskedImage,
    science: MaskedImage,
    config: MatchConfig,
    *,
    progress: Progress = SILENT,
    reuse: MatchResult | None = None,
    complete: bool = True,
    threads: int | None = None,
    scratch: Scratch | None = None,
) -> MatchResult:
    """Match two exposures as `match_backgrounds` does, without a look at the arguments."""
    problem = config.problem(science.shape)
    if problem is not None:
        raise problem
    same_pair = reuse is not None and reuse.reference is reference and reuse.science is science
    if same_pair and reuse is not None and _same_stage(reuse.config, config, "pixels"):
        difference = reuse.difference
        if not _same_stage(reuse.config, config, "clip"):
            level = variance_level(reference, science, config, progress, threads=threads)
            difference = replace(difference, diff_im_var=level)
    else:
        difference = form_difference(
            reference, science, config, progress, threads=threads, scratch=scratch
        )
    if difference.good_count == 0:
        raise NoOverlapError(
            "no overlap with the reference: no pixel is good in both exposures; choose another "
            "reference or flag fewer pixels with badMaskPlanes"
        )
    same_values = reuse is not None and difference.values is reuse.difference.values
    tiles = reuse.gridded.tiles if same_values and reuse is not None else None
    if same_values and reuse is not None and _same_grid(reuse, config):
        gridded = _completed(reuse.gridded, difference, config, tiles, progress, threads)
    else:
        gridded = grid_difference(difference, config, progress, threads=threads, tiles=tiles)
    fit = fit_model(
        gridded.cells,
        gridded.bins,
        config,
        difference.shape,
        tiles=gridded.tiles,
        threads=threads,
        progress=progress,
    )
    if fit.model.is_empty:
        raise NoOverlapError(
            "no cell of the grid has a value: too few pixels are good in both exposures for "
            f"gridStatistic {config.grid_statistic}; use another statistic or a larger binSize"
        )
    prepared = reuse.prepared if same_pair and reuse is not None else ()
    result = MatchResult(config, reference, science, difference, gridded, fit, threads, prepared)
    return result.complete(progress) if complete else result


def _same_stage(old: MatchConfig, new: MatchConfig, stage: str) -> bool:
    names = {
        "pixels": ("bad_mask_planes",),
        "clip": ("num_sigma_clip", "num_iter"),
        "grid": ("bin_size", "grid_statistic", "grid_stdev_epsilon"),
    }[stage]
    return all(getattr(old, n) == getattr(new, n) for n in names)


def _same_grid(reuse: MatchResult, config: MatchConfig) -> bool:
    """Whether cells and bins of an earlier result serve: the order matters only to INCREASE."""
    if not _same_stage(reuse.config, config, "grid") or reuse.gridded.adjustments:
        return False
    if config.grid_statistic == "MEANCLIP" and not _same_stage(reuse.config, config, "clip"):
        return False
    if config.model_kind != "chebyshev":
        return True
    carried = min(reuse.gridded.bins.columns_with_data, reuse.gridded.bins.rows_with_data)
    return carried > config.order or (
        carried > 0 and config.undersample_style == "REDUCE_INTERP_ORDER"
    )
