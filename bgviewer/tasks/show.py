"""One match as a person sees it: the result, its figures and the panels' pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bgviewer.engine.bands import available_threads
from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.holdout import Yardstick, lay_yardstick
from bgviewer.engine.matching import MatchResult, form_difference, match_images
from bgviewer.engine.overlap import pair_overlap
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.verdict import Verdict, judge
from bgviewer.errors import BgviewerError, NoOverlapError
from bgviewer.tasks.draw import THIRD_VIEWS, Draw, Pictures, Raw
from bgviewer.tasks.extras import EXTRA_VIEWS, Extras
from bgviewer.tasks.judge import ChiSquare, chi_square
from bgviewer.tasks.levels import residual_floor
from bgviewer.tasks.markers import Histogram, Markers, cell_markers, histogram_of
from bgviewer.tasks.overlays import Overlays, draw_overlays, needs_pixels
from bgviewer.tasks.overview import ResidualMap, residual_map
from bgviewer.tasks.pair import read_pair
from bgviewer.tasks.picture import MAX_SIDE, Picture, window_of
from bgviewer.tasks.support import Support, support_of

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
    "preview",
    "show",
]


def judge_ratio(ratio: float | None, limit: float = 1.1) -> str:
    """Say what matchedMSE / diffImVar means: "good", "high", "low" or "unknown".

    Up to `limit` = 1.1 was what LSST's coaddition of the era accepted.
    """
    if ratio is None or not math.isfinite(ratio):
        return "unknown"
    return "high" if ratio > limit else "low" if ratio < 0.9 else "good"


def match_key(config: MatchConfig) -> tuple[Any, ...]:
    """Return the values that a match depends on; equal keys give equal results."""
    return tuple(getattr(config, o.name) for o in OPTIONS.values() if o.stage != "ranking")


@dataclass(frozen=True)
class Figures:
    """The numbers below the panels; `matched_mse` is None until its pass over the pixels is done.

    Units: `fit_rms` in the pixel unit, `matched_mse` and `diff_im_var` in its square.
    `extrapolated` is the share of the pixels, 0 to 1, where no cells carry the model; residuals
    below `floor` are rounding.  `overlap` is the share of the exposure's good pixels that lie on
    good pixels of the reference; None where it has none.  `verdict` comes last of all.
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
    used_smoothing_length: float | None
    smoothing_chosen: bool
    condition: float | None
    unit: str
    extrapolated: float = 0.0
    floor: float = 0.0
    chi_square: ChiSquare | None = None
    overlap: float | None = None
    verdict: Verdict | None = None


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
    side: int = MAX_SIDE
    overlays: Overlays | None = field(default=None, repr=False)
    residual_map: ResidualMap | None = field(default=None, repr=False)
    yardstick: Yardstick | None = field(default=None, repr=False)

    @property
    def complete(self) -> bool:
        """Whether every figure is known, the verdict among them."""
        return self.figures.verdict is not None


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
    extras : Extras
        What the third views of the whole stack and of the comparison are drawn from.
    overlays : frozenset of str
        Which of `tasks.overlays.OVERLAYS` are switched on.
    """

    stack: ExposureStack = field(repr=False)
    reference_id: int
    science_id: int
    config: MatchConfig
    third: str = THIRD_VIEWS[0]
    detail: tuple[float, float, float, float] | None = None
    side: int = MAX_SIDE
    reuse: Shown | None = field(default=None, repr=False)
    extras: Extras = field(default_factory=Extras, repr=False)
    overlays: frozenset[str] = frozenset()


def show(
    request: ShowRequest,
    progress: Progress = SILENT,
    deliver: Callable[[Shown], None] = lambda shown: None,
    superseded: Callable[[], bool] = lambda: False,
) -> Shown:
    """Match the pair and draw it.

    What can be painted at once goes to `deliver`; the pass over all pixels that `matched_mse`
    needs and the verdict follow, and are left out when a newer request waits.

    Raises
    ------
    BgviewerError
        When the pair cannot be read or matched; the text says why.
    """
    last = _same_pair(request)
    progress.step(text="reading")
    if last is not None:
        reference, science = last.reference, last.science
    else:
        part = read_pair(request.stack, request.reference_id, request.science_id, progress)
        reference, science = part.reference, part.science
    result = _match(reference, science, request.config, last, progress)
    if last is None:
        result = part.noted(result)
    shown = _drawn(request, result, (reference, science), last, progress)
    overlap = _overlap(request, (reference, science), last, progress)
    shown = replace(shown, figures=replace(shown.figures, overlap=overlap))
    if request.overlays:
        wanted, pair = request.overlays, (reference, science)
        seen = (shown.detail or shown.base).window
        before = last.overlays if last else None
        if needs_pixels(wanted, pair, result, seen, before):
            # The pictures first; those of before lie where they belong until then.
            shown = replace(shown, overlays=before)
            deliver(shown)
            if superseded():
                return shown
        overlays = draw_overlays(wanted, pair, result, seen, before, progress)
        shown = replace(shown, overlays=overlays)
    if shown.complete:
        return shown
    deliver(shown)
    if superseded():
        return shown
    progress.step()
    # a core is left to the window, which paints what was delivered
    threads = max(1, available_threads() - 1)
    if shown.figures.matched_mse is None:
        result.measure(progress, threads=threads)
        shown = replace(shown, figures=_with_error(shown.figures, result))
        deliver(shown)
        if superseded():
            return shown
    return _judged(shown, progress, threads)


def _judged(shown: Shown, progress: Progress, threads: int) -> Shown:
    """Add the verdict; the tiles that it rests on serve all matches of one difference."""
    result, yardstick = shown.result, shown.yardstick
    overlap, unit = shown.figures.overlap, shown.figures.unit
    if yardstick is None:
        with suppress(NoOverlapError):
            yardstick = lay_yardstick(result.difference, progress=progress, threads=threads)
    verdict = judge(
        result,
        overlap=overlap,
        unit=unit,
        yardstick=yardstick,
        progress=progress,
        threads=threads,
    )
    return replace(shown, yardstick=yardstick, figures=replace(shown.figures, verdict=verdict))


def _drawn(
    request: ShowRequest,
    result: MatchResult,
    pair: tuple[Exposure, Exposure],
    last: Shown | None,
    progress: Progress,
) -> Shown:
    reference, science = pair
    support = support_of(result.cells, result.difference.xy0)
    floor = residual_floor(np.asarray(result.bins.errors), np.asarray(result.cells.values))
    if last is not None and last.result is result:
        figures = last.figures
    else:
        figures = _figures(result, science, support, floor)
    # The averages of the difference change with the mask planes, all others with the pair only.
    raw = Raw(reference, science, progress)
    draw = Draw(result, raw, request.third, support, floor, request.extras)
    whole = window_of(science.shape, None, request.side)
    base = draw.over(whole, last.base if last else None, last.result if last else None)
    detail = None
    if request.detail is not None:
        window = window_of(science.shape, request.detail, request.side)
        if window.step < base.window.step:
            old = last.detail if last else None
            detail = draw.over(window, old, last.result if last else None)
    return Shown(
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
        histogram_of(np.asarray(result.bins.residuals), result.fit_rms, floor),
        base.residuals.levels.outliers,
        figures,
        request.side,
        residual_map=last.residual_map
        if last and last.result is result
        else residual_map(result.bins, science.shape),
        yardstick=last.yardstick if last and last.result.difference is result.difference else None,
    )


def preview(request: ShowRequest, progress: Progress = SILENT) -> Picture | None:
    """Draw the third view alone, of a pair that cannot be matched.

    Returns
    -------
    Picture or None
        The view that was asked for, or the difference in place of one that needs a match; None
        where the exposures cannot be read or compared.
    """
    try:
        part = read_pair(request.stack, request.reference_id, request.science_id, progress)
        reference, science = part.reference, part.science
        difference = form_difference(reference, science, request.config, progress)
    except BgviewerError:
        return None
    kind = request.third
    if kind in ("reference_minus_matched", "matched", *EXTRA_VIEWS):
        kind = "difference"
    raw = Raw(reference, science, progress)
    window = window_of(science.shape, None, request.side)
    return raw.picture(kind, window, difference, request.config.bad_mask_planes, {})


def _overlap(
    request: ShowRequest, pair: tuple[Exposure, Exposure], last: Shown | None, progress: Progress
) -> float | None:
    """Return the share of the science exposure's good pixels that are good in both."""
    planes = request.config.bad_mask_planes
    if last is not None and last.config.bad_mask_planes == planes:
        return last.figures.overlap
    stack = request.stack
    whole = stack.read(request.science_id, progress=progress) if stack.is_mixed else None
    found = pair_overlap(*pair, planes, whole, progress=progress)
    return found.share if found.own else None


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
    return match_images(
        reference,
        science,
        config,
        reuse=last.result if last else None,
        progress=progress,
        complete=False,
    )


def _figures(result: MatchResult, science: Exposure, support: Support, floor: float) -> Figures:
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
        used_smoothing_length=result.used_smoothing_length,
        smoothing_chosen=not result.config.smoothing_length,
        condition=result.fit.condition,
        unit=science.unit or "",
        extrapolated=support.extrapolated(science.shape),
        floor=floor,
        chi_square=chi_square(result),
    )


def _with_error(figures: Figures, result: MatchResult) -> Figures:
    error = float(result.matched_mse)
    ratio = error / figures.diff_im_var if figures.diff_im_var > 0 else float("nan")
    return replace(figures, matched_mse=error, ratio=ratio)
