"""One match as a person sees it: the result, its figures and the panels' pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.matching import MatchResult, match_backgrounds
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import NoOverlapError
from bgviewer.tasks.levels import (
    Levels,
    centred_levels,
    model_levels,
    sample_levels,
    sky_levels,
)
from bgviewer.tasks.markers import Histogram, Markers, cell_markers, histogram_of
from bgviewer.tasks.picture import (
    MAX_SIDE,
    Picture,
    Window,
    block_mean,
    block_planes,
    make_picture,
    window_of,
)

if TYPE_CHECKING:
    from bgviewer.io.stack import ExposureStack

__all__ = [
    "THIRD_VIEWS",
    "Figures",
    "Pictures",
    "ShowRequest",
    "Shown",
    "judge_ratio",
    "match_key",
    "show",
]

THIRD_VIEWS = (
    "matched_minus_reference",
    "difference",
    "science",
    "reference",
    "matched",
    "mask",
    "variance",
)
"""What the third panel can show."""


def judge_ratio(ratio: float | None) -> str:
    """Say what matchedMSE / diffImVar means: "good", "high", "low" or "unknown".

    Up to 1.1 was what LSST's coaddition of the era accepted.
    """
    if ratio is None or not math.isfinite(ratio):
        return "unknown"
    return "high" if ratio > 1.1 else "low" if ratio < 0.9 else "good"


def match_key(config: MatchConfig) -> tuple[Any, ...]:
    """Return the values that a match depends on; equal keys give equal results."""
    return tuple(getattr(config, o.name) for o in OPTIONS.values() if o.stage != "ranking")


@dataclass(frozen=True)
class Figures:
    """The numbers below the panels; `matched_mse` is None until its pass over the pixels is done.

    Units: `fit_rms` in the pixel unit, `matched_mse` and `diff_im_var` in its square.
    """

    fit_rms: float
    diff_im_var: float
    matched_mse: float | None
    ratio: float | None
    cells_used: int
    cells_total: int
    grid: tuple[int, int]
    bins_used: int
    bins_dropped: int
    kind: str
    used_order: int | None
    used_weighting: bool | None
    used_interp_style: str | None
    condition: float | None
    unit: str


@dataclass(frozen=True, eq=False)
class Pictures:
    """The three panels over one window, and the block averages they were made of."""

    model: Picture
    residuals: Picture
    third: Picture
    window: Window
    averages: Mapping[str, NDArray[Any]] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Shown:
    """A match that can be painted: it names the pair and the settings that made it."""

    stack: ExposureStack = field(repr=False)
    reference_id: int
    science_id: int
    config: MatchConfig
    result: MatchResult = field(repr=False)
    reference: Exposure = field(repr=False)
    science: Exposure = field(repr=False)
    base: Pictures = field(repr=False)
    detail: Pictures | None = field(repr=False)
    markers: Markers = field(repr=False)
    histogram: Histogram | None = field(repr=False)
    outliers: int
    figures: Figures

    @property
    def complete(self) -> bool:
        """Whether every figure is known."""
        return self.figures.matched_mse is not None


@dataclass(frozen=True, eq=False)
class ShowRequest:
    """What the window shall show.

    Attributes
    ----------
    third : str
        One of `THIRD_VIEWS`.
    detail : (x0, x1, y0, y1) or None
        Part of the image, in local pixels, that is zoomed into.
    side : int
        Pixels of a picture along its longer side, at most.
    reuse : Shown or None
        The last answer; whatever of it is still valid is not computed again.
    """

    stack: ExposureStack = field(repr=False)
    reference_id: int
    science_id: int
    config: MatchConfig
    third: str = THIRD_VIEWS[0]
    detail: tuple[float, float, float, float] | None = None
    side: int = MAX_SIDE
    reuse: Shown | None = field(default=None, repr=False)


def show(
    request: ShowRequest,
    progress: Progress = SILENT,
    deliver: Callable[[Shown], None] = lambda shown: None,
    superseded: Callable[[], bool] = lambda: False,
) -> Shown:
    """Match the pair and draw it.

    What can be painted at once goes to `deliver`; the pass over all pixels that `matched_mse`
    needs follows, and is left out when a newer request waits.

    Raises
    ------
    BgviewerError
        When the pair cannot be read or matched; the text says why.
    """
    last = _same_pair(request)
    reference = last.reference if last else request.stack.read(request.reference_id)
    progress.step(text="reading")
    science = last.science if last else request.stack.read(request.science_id)
    result = _match(reference, science, request.config, last, progress)
    if last is not None and last.result is result:
        figures = last.figures
    else:
        figures = _figures(result, science)
    # The averages of the difference change with the mask planes, all others with the pair only.
    draw = _Draw(result, reference, science, request.third, progress)
    whole = window_of(science.shape, None, request.side)
    base = draw.over(whole, last.base if last else None, last)
    detail = None
    if request.detail is not None:
        window = window_of(science.shape, request.detail, request.side)
        if window.step < base.window.step:
            detail = draw.over(window, last.detail if last else None, last)
    shown = Shown(
        request.stack,
        request.reference_id,
        request.science_id,
        request.config,
        result,
        reference,
        science,
        base,
        detail,
        last.markers if last and last.result.cells is result.cells else cell_markers(result.cells),
        histogram_of(np.asarray(result.bins.residuals), result.fit_rms),
        base.residuals.levels.outliers,
        figures,
    )
    if shown.complete:
        return shown
    deliver(shown)
    if superseded():
        return shown
    progress.step()
    result.measure(progress)
    return replace(shown, figures=_with_error(figures, result))


def _same_pair(request: ShowRequest) -> Shown | None:
    last = request.reuse
    if (
        last is not None
        and last.stack is request.stack
        and last.reference_id == request.reference_id
        and last.science_id == request.science_id
    ):
        return last
    return None


def _match(
    reference: Exposure,
    science: Exposure,
    config: MatchConfig,
    last: Shown | None,
    progress: Progress,
) -> MatchResult:
    if last is not None and match_key(last.config) == match_key(config):
        return last.result
    result = match_backgrounds(
        reference,
        science,
        config,
        reuse=last.result if last else None,
        progress=progress,
        complete=False,
    )
    if result.model.is_empty:
        raise NoOverlapError(
            "reference and science share no good pixel, so there is nothing to match; choose "
            "another reference or flag fewer pixels with badMaskPlanes"
        )
    return result


def _figures(result: MatchResult, science: Exposure) -> Figures:
    cells = np.asarray(result.cells.values)
    usable = np.isfinite(cells)
    return Figures(
        fit_rms=float(result.fit_rms),
        diff_im_var=float(result.diff_im_var),
        matched_mse=None,
        ratio=None,
        cells_used=int(np.count_nonzero(usable)),
        cells_total=int(cells.size),
        grid=(int(cells.shape[1]), int(cells.shape[0])),
        bins_used=len(result.bins.values),
        bins_dropped=int(result.bins.n_dropped),
        kind=result.model.kind,
        used_order=result.used_order,
        used_weighting=result.used_weighting,
        used_interp_style=result.used_interp_style,
        condition=result.fit.condition,
        unit=science.unit or "",
    )


def _with_error(figures: Figures, result: MatchResult) -> Figures:
    error = float(result.matched_mse)
    ratio = error / figures.diff_im_var if figures.diff_im_var > 0 else float("nan")
    return replace(figures, matched_mse=error, ratio=ratio)


@dataclass
class _Draw:
    """Draws the three panels of one match over any window."""

    result: MatchResult
    reference: Exposure
    science: Exposure
    third: str
    progress: Progress

    def over(self, window: Window, old: Pictures | None, last: Shown | None) -> Pictures:
        """Draw over `window`, taking what is still valid of `old`."""
        averages: dict[str, NDArray[Any]] = {}
        if old is not None and last is not None and old.window == window:
            averages.update(old.averages)
            if last.result.difference is not self.result.difference:
                averages.pop("difference", None)
                averages.pop("mask", None)
            if last.result is self.result and old.third.kind == self.third:
                return old
        self.progress.step()
        model = self.result.model.render(window.rows, window.columns, progress=self.progress)
        xy0 = self.result.difference.xy0
        unit = self.science.unit or ""
        levels = model_levels(model, self.result.cells.values)
        pictures = (
            make_picture("model", model, window, xy0, levels, "sequential", unit=unit),
            self._residuals(window, xy0, unit),
            self._third(window, xy0, unit, model, averages),
        )
        return Pictures(*pictures, window, averages)

    def _residuals(self, window: Window, xy0: tuple[int, int], unit: str) -> Picture:
        bins = self.result.bins
        size = self.result.config.bin_size
        ny, nx = self.science.shape
        table = np.full((-(-ny // size), -(-nx // size)), np.nan, np.float32)
        residuals = np.asarray(bins.residuals)
        table[np.asarray(bins.bottom) // size, np.asarray(bins.left) // size] = residuals
        values = table[(window.rows // size)[:, None], (window.columns // size)[None, :]]
        levels = centred_levels(residuals)
        return make_picture("residuals", values, window, xy0, levels, "diverging", unit=unit)

    def _third(
        self,
        window: Window,
        xy0: tuple[int, int],
        unit: str,
        model: NDArray[Any],
        averages: dict[str, NDArray[Any]],
    ) -> Picture:
        def average(name: str) -> NDArray[Any]:
            if name not in averages:
                averages[name] = self._average(name, window)
            return averages[name]

        kind = self.third
        more: dict[str, Any] = {"unit": unit}
        with np.errstate(invalid="ignore", over="ignore"):
            if kind == "matched_minus_reference":
                values = model - average("difference")
                levels, colours = centred_levels(values), "diverging"
            elif kind == "difference":
                values = average("difference")
                levels, colours = sample_levels(values), "sequential"
            elif kind == "matched":
                values = average("science") + model
                levels, colours = sky_levels(values), "sky"
            elif kind == "mask":
                names = self._plane_names()
                values = average("mask").astype(np.float32)
                levels, colours = Levels(0.0, float(max(len(names), 1))), "planes"
                present = tuple(int(v) for v in np.unique(values) if v > 0)
                more = {"legend": names, "present": present}
                if not names:
                    more["message"] = "These exposures have no mask planes."
            elif kind == "variance":
                values = average("variance")
                levels, colours = sample_levels(values), "sequential"
                more["unit"] = f"{unit}²" if unit else ""
                if not np.isfinite(values).any():
                    more["message"] = "These exposures have no variance plane."
            else:
                values = average(kind)
                levels, colours = sky_levels(values), "sky"
        return make_picture(kind, values, window, xy0, levels, colours, **more)

    def _plane_names(self) -> tuple[str, ...]:
        """The planes that may be set, those that make a pixel bad first."""
        present = dict(self.reference.planes or {}) | dict(self.science.planes or {})
        bad = [n for n in self.result.config.bad_mask_planes if n in present]
        others = sorted((n for n in present if n not in bad), key=lambda n: present[n])
        return tuple(bad + others)

    def _average(self, name: str, window: Window) -> NDArray[Any]:
        pair = (self.reference, self.science)
        if name == "mask":
            return block_planes(pair, self._plane_names(), window)
        if name == "difference":
            return block_mean(self.result.difference.values, window, self.progress)
        if name == "variance":
            planes = [e.variance for e in pair if e.variance is not None]
            if len(planes) < 2:
                return np.full(window.shape, np.nan, np.float32)
            parts = [block_mean(p, window, self.progress) for p in planes]
            return np.asarray(parts[0] + parts[1])
        exposure = self.reference if name == "reference" else self.science
        return block_mean(exposure.image, window, self.progress)
