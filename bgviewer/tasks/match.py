"""Matching: one pair of a stack, or the whole stack (SPEC section 9)."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from bgviewer.engine.bins import JudgedBins
from bgviewer.engine.cells import Cells
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.fitting import Adjustment
from bgviewer.engine.matching import Fit, Gridded, MatchResult, Model
from bgviewer.engine.noise import float32_step, neighbour_noise, typical_difference
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.ranking import Ranking
from bgviewer.engine.scratch import Scratch
from bgviewer.engine.verdict import Verdict, failed_verdict, judge
from bgviewer.errors import BgviewerError, ConfigError, NoReferenceError, resource_errors
from bgviewer.io.names import printable_name
from bgviewer.io.stack import OWN_SCALE, ExposureStack, Scale, StackEntry, as_stack
from bgviewer.tasks.acceptance import overlap_problem
from bgviewer.tasks.exposure_warnings import exposure_warnings
from bgviewer.tasks.load import EXCLUDED, measure_stack
from bgviewer.tasks.metrics import Metric
from bgviewer.tasks.pair import PairPart
from bgviewer.tasks.photometric_scale import PhotometricScale
from bgviewer.tasks.plan import own_text
from bgviewer.tasks.ranking import rank_candidates

__all__ = [
    "OWN_SCALE",
    "MatchOutcome",
    "Matched",
    "check_included",
    "choose_reference",
    "excluded_outcome",
    "find_exposure",
    "iterate_matches",
    "match_entry",
    "match_pair",
    "match_stack",
    "reference_outcome",
    "verdict_json",
]

_IDENTICAL = (
    "every pixel that it shares with the reference has the same value as there: it is a copy or "
    "another part of the same exposure, and the match corrects nothing"
)


@dataclass(frozen=True, eq=False)
class MatchOutcome:
    """What became of one exposure.

    Attributes
    ----------
    id : int
        Position in the stack.
    name : str
    path : Path or None
    is_reference : bool
        True for the reference and for every duplicate of it.
    status : {"matched", "reference", "failed", "excluded"}
    reason : str or None
        Why it failed, or that it is excluded.
    fit : Fit or None
        Model, judged bins and adjustments.
    gridded : Gridded or None
        Cells and bins.
    fit_rms : float or None
        0.0 for a reference (as LSST has it), None for a failure.
    matched_mse, diff_im_var : float or None
        In the scaled unit squared.
    scale : float
        Photometric factor that was applied in memory.
    adjustments : tuple of Adjustment
    own_settings : str
        Settings in which it differs from the others, as ``binSize=64; order=3``.
    regions : int
        Number of regions whose pixels were ignored in it.
    output, background_output, background_list : Path or None
        Files written.
    background_list_difference : float or None
        Largest difference between the model and what its BackgroundList gives, in the
        exposure's own unit.
    companions : tuple of Path
        Copies of the side-cars beside `output`.
    detected : bool
        Whether its DETECTED plane was made here, because it brought none.
    aligned : bool
        Whether it was re-projected onto the grid of the others.
    warnings : tuple of str
        What the user is told about it: headers, unused planes, scale, grid, lost digits.
    overlap : float or None
        Share, 0 to 1, of its good pixels that lie on good pixels of the reference; below the
        plan's ``acceptance.min_overlap`` it has failed, and `fit` may still be there to look at.
    extrapolated : float or None
        Share, 0 to 1, of all its pixels where no cell carries the model.
    judged : Verdict or None
        The verdict of the match; None for the reference and for what was left out.
    earlier_files : tuple of Path
        Files of an earlier run that have its names in the folder and were kept.
    metrics : tuple of Metric
        Depth, residual power and scales; empty unless they were wanted.
    photometric : PhotometricScale or None
        Zero point and pixel scale that they are in.
    """

    id: int
    name: str
    path: Path | None
    is_reference: bool
    status: str
    reason: str | None = None
    fit: Fit | None = None
    gridded: Gridded | None = None
    fit_rms: float | None = None
    matched_mse: float | None = None
    diff_im_var: float | None = None
    scale: float = 1.0
    adjustments: tuple[Adjustment, ...] = ()
    own_settings: str = ""
    regions: int = 0
    output: Path | None = None
    background_output: Path | None = None
    background_list: Path | None = None
    background_list_difference: float | None = None
    companions: tuple[Path, ...] = ()
    detected: bool = False
    aligned: bool = False
    warnings: tuple[str, ...] = ()
    overlap: float | None = None
    extrapolated: float | None = None
    earlier_files: tuple[Path, ...] = ()
    metrics: tuple[Metric, ...] = ()
    photometric: PhotometricScale | None = None
    judged: Verdict | None = None

    def __post_init__(self) -> None:
        if self.status == "failed":
            object.__setattr__(self, "judged", failed_verdict(self.reason or "no reason is known"))

    @property
    def verdict(self) -> str | None:
        """ "good", "check" or "bad"; None where nothing was matched."""
        return None if self.judged is None else self.judged.state

    @property
    def verdict_reason(self) -> str | None:
        """Why, in one sentence."""
        return None if self.judged is None else self.judged.reason

    @property
    def verdict_number(self) -> float | None:
        """Error of the model in the worst hundredth of the area, in the scaled unit; or None."""
        number = math.nan if self.judged is None else self.judged.number
        return None if math.isnan(number) else number

    @property
    def model(self) -> Model | None:
        """Background model in the scaled unit: ADD it to the science image."""
        return None if self.fit is None else self.fit.model

    @property
    def cells(self) -> Cells | None:
        """Grid that the model was made from."""
        return None if self.gridded is None else self.gridded.cells

    @property
    def bins(self) -> JudgedBins | None:
        """Bins with the model read at them."""
        return None if self.fit is None else self.fit.bins

    @property
    def ratio(self) -> float | None:
        """matched_mse / diff_im_var, or None where either is unknown."""
        if self.matched_mse is None or not self.diff_im_var or math.isnan(self.diff_im_var):
            return None
        return self.matched_mse / self.diff_im_var


@dataclass(frozen=True, eq=False)
class Matched:
    """One step of a run over a stack: the outcome, with the result while it is in memory.

    `part` tells the whole exposure and which part of it was matched.
    """

    outcome: MatchOutcome
    result: MatchResult | None = None
    part: PairPart | None = None


def verdict_json(verdict: Verdict | None) -> dict[str, Any]:
    """Return a verdict as plain values, under the keys that every output has."""
    if verdict is None:
        return dict.fromkeys(("verdict", "verdict_reason", "verdict_number", "verdict_advice"))
    return {
        "verdict": verdict.state,
        "verdict_reason": verdict.reason,
        "verdict_number": verdict.number if math.isfinite(verdict.number) else None,
        "verdict_advice": verdict.advice,
    }


def find_exposure(stack: ExposureStack, wanted: int | str) -> int:
    """Return the id of an exposure given by id, name or path.

    Raises
    ------
    ConfigError
        When the stack does not hold it; the text lists what it holds.
    """
    if isinstance(wanted, int):
        if 0 <= wanted < len(stack):
            return wanted
        raise _not_held(wanted, f"there is no exposure {wanted}; the stack has {len(stack)}")
    for entry in stack.entries:
        names = {entry.name, entry.output_stem}
        if entry.path is not None:
            names |= {str(entry.path), entry.path.name, printable_name(entry.path.name)}
            if _is_same_file(entry.path, wanted):
                return entry.id
        if wanted in names:
            return entry.id
    held = ", ".join(e.name for e in stack.entries[:12]) + (" ..." if len(stack) > 12 else "")
    raise _not_held(wanted, f"no exposure is called {wanted!r}; the stack has {held}")


def _is_same_file(path: Path, wanted: str) -> bool:
    try:
        return os.path.samefile(path, wanted)
    except (OSError, ValueError):
        return False  # a name, not a path


def _not_held(wanted: int | str, text: str) -> ConfigError:
    return ConfigError(f"reference: {text}", field="reference", value=wanted)


def choose_reference(
    stack: ExposureStack,
    config: MatchConfig,
    progress: Progress = SILENT,
    *,
    strict: bool = False,
    plan: StackPlan | None = None,
) -> tuple[int, Ranking]:
    """Measure and rank the stack; return the id of the best exposure and the ranking.

    What `plan` excludes is no candidate, nor what has no pixel scatter (see `rank_candidates`).

    Raises
    ------
    NoReferenceError
        When no exposure can be the reference.
    """
    stack = stack if plan is None else stack.with_plan(plan)
    measurements, _ = measure_stack(stack, config, progress, strict=strict, plan=plan)
    ranking = rank_candidates(measurements, config)
    return ranking.best, ranking


def match_pair(
    stack: ExposureStack,
    reference_id: int,
    science_id: int,
    config: MatchConfig,
    *,
    reuse: MatchResult | None = None,
    complete: bool = True,
    progress: Progress = SILENT,
) -> MatchResult:
    """Match one exposure of a stack to another (see `engine.matching.match_backgrounds`)."""
    reference = stack.read(reference_id, progress=progress)
    progress.step()
    science = stack.read(science_id, progress=progress)
    progress.step()
    part = PairPart.of(stack, reference, science)
    result = part.match(config, progress=progress, reuse=reuse)
    return result.complete(progress) if complete else result


@resource_errors()
def match_stack(
    stack: ExposureStack | Iterable[Any] | str | PathLike[str],
    config: MatchConfig | None = None,
    reference: int | str | None = None,
    *,
    reference_scale: Scale | str = OWN_SCALE,
    strict: bool = False,
    plan: StackPlan | None = None,
    progress: Progress = SILENT,
) -> tuple[MatchOutcome, ...]:
    """Match every exposure of a stack to its reference.

    Parameters
    ----------
    stack : ExposureStack, paths, or iterable of MaskedImage or arrays
    config : MatchConfig, optional
    reference : int or str, optional
        Id, name or path; None = the best of the ranking.
    reference_scale : float, callable, None or "own"
        Photometric factor of a GIVEN reference; by default that of its entry in the stack.
    strict : bool
        While choosing, an exposure that cannot be read raises instead of being skipped.
    plan : StackPlan, optional
        Exposures to leave out, regions to ignore, settings of single exposures.

    Returns
    -------
    tuple of MatchOutcome
        One per exposure, in order; a failure is an outcome, not an exception.

    Raises
    ------
    NoReferenceError
        No exposures, none can be the reference, or the given one is excluded.
    ReadError
        The reference cannot be read.
    """
    config = config or MatchConfig()
    stack = as_stack(stack, config, progress)
    if len(stack) == 0:
        raise NoReferenceError("there are no exposures to match")
    if reference is None:
        reference_id, _ = choose_reference(stack, config, progress, strict=strict, plan=plan)
        reference_scale = OWN_SCALE
    else:
        reference_id = find_exposure(stack, reference)
    steps = iterate_matches(
        stack, config, reference_id, reference_scale=reference_scale, plan=plan, progress=progress
    )
    return tuple(step.outcome for step in steps)


def iterate_matches(
    stack: ExposureStack,
    config: MatchConfig,
    reference_id: int,
    *,
    reference_scale: Scale | str = OWN_SCALE,
    complete: bool = False,
    plan: StackPlan | None = None,
    only: Container[int] | None = None,
    on_begin: Callable[[int], None] | None = None,
    progress: Progress = SILENT,
) -> Iterator[Matched]:
    """Match exposure by exposure; only one science exposure is in memory at a time.

    Parameters
    ----------
    complete : bool
        Whether the matched image is wanted too, not only the figures.
    plan : StackPlan, optional
        None: nothing is excluded, and regions count as far as the stack carries them.
    only : container of int, optional
        Ids of the exposures that are wanted; the others are passed over.
    on_begin : callable, optional
        Told the id of every exposure that is about to be matched.
    """
    if plan is not None:
        stack = stack.with_plan(plan)
        check_included(stack[reference_id], plan)
    reference = stack.read(reference_id, scale=reference_scale, progress=progress)
    identity = stack[reference_id].identity
    for entry in stack.entries:
        if only is not None and entry.id not in only:
            continue
        progress.step(entry.id / len(stack), f"matching {entry.name}")
        if plan is not None and entry.name in plan.excluded:
            yield excluded_outcome(entry)
            continue
        if entry.identity == identity:
            regions = len(stack.regions_of(entry.id))
            yield reference_outcome(entry, reference, regions, config=config)
            continue
        if on_begin is not None:
            on_begin(entry.id)
        yield match_entry(
            stack, entry, reference, config, complete=complete, plan=plan, progress=progress
        )
    progress.step(1.0)


def check_included(reference: StackEntry, plan: StackPlan) -> None:
    """Raise `NoReferenceError` where the reference is excluded."""
    if reference.name in plan.excluded:
        raise NoReferenceError(f"{reference.name} cannot be the reference: {EXCLUDED}")


def excluded_outcome(entry: StackEntry) -> Matched:
    """Return the outcome of an exposure that is left out."""
    return Matched(
        MatchOutcome(entry.id, entry.name, entry.path, False, "excluded", reason=EXCLUDED)
    )


def reference_outcome(
    entry: StackEntry,
    reference: Exposure,
    regions: int = 0,
    *,
    config: MatchConfig | None = None,
) -> Matched:
    """Return the outcome of the reference, or of a duplicate of it: fit_rms 0, as LSST has it.

    With `config` it also says what is remarkable about mask and pixels.
    """
    return Matched(
        MatchOutcome(
            entry.id,
            entry.name,
            entry.path,
            True,
            "reference",
            fit_rms=0.0,
            scale=getattr(reference, "scale", 1.0),
            detected=getattr(reference, "detection", None) is not None,
            aligned=entry.aligned is not None,
            regions=regions,
            warnings=exposure_warnings(entry, reference, config),
        )
    )


_SAME_SCALE = 100.0
"""Factor between the pixel noise of two exposures that one instrument can hardly bridge."""


_FINE_STEP = 0.03
"""Step of float32 in units of the pixel noise from which a level may be off by more than 1 %."""


def _pixel_warnings(reference: Exposure, science: Exposure, config: MatchConfig) -> tuple[str, ...]:
    """Say what the noise of a pair's pixels shows: another unit, or a level that costs digits."""
    found: list[str] = []
    in_memory = reference.source is None and science.source is None  # files: a note of the stack
    if in_memory and reference.unit and science.unit and reference.unit != science.unit:
        found.append(
            f"it is in {science.unit}, the reference in {reference.unit}; the pixels are compared "
            "as they are"
        )
    noise = [neighbour_noise(e, config.bad_mask_planes) for e in (reference, science)]
    for what, exposure, sigma in zip(
        ("the reference's", "its"), (reference, science), noise, strict=True
    ):
        found += _coarse_steps(what, exposure, sigma, config)
    if all(value > 0 for value in noise):
        found += _other_scale(noise[1] / noise[0])
    return tuple(found)


def _coarse_steps(what: str, exposure: Exposure, noise: float, config: MatchConfig) -> list[str]:
    """Say where float32 resolves an exposure's pixels no better than a part of their noise."""
    step = float32_step(exposure)
    if noise > 0:
        if not step > _FINE_STEP * noise:
            return []
        share = f"{step / noise:.2g} of their noise"
    elif typical_difference(exposure, config.bad_mask_planes) <= 2 * step:
        share = "more than their noise (most neighbours are equal)"
    else:  # a constant, or steps of its own
        return []
    return [
        f"float32 resolves steps of {step:.2g} at the level of {what} pixels, {share}: matched "
        "pixels are rounded to such steps; subtract a constant first"
    ]


def _other_scale(factor: float) -> list[str]:
    """Say where the pixels of a pair are probably not in one unit, such as adu beside 0 to 1."""
    if 1 / _SAME_SCALE < factor < _SAME_SCALE:
        return []
    more, factor = ("more", factor) if factor > 1 else ("less", 1 / factor)
    return [
        f"its pixels scatter {factor:.2g} times {more} than those of the reference: the two are "
        "probably not on one scale (normalised to 0...1, another unit or exposure time); state "
        "fileZeroPoint for both, or leave one out"
    ]


def match_entry(
    stack: ExposureStack,
    entry: StackEntry,
    reference: Exposure,
    config: MatchConfig,
    *,
    complete: bool = False,
    plan: StackPlan | None = None,
    threads: int | None = None,
    scratch: Scratch | None = None,
    progress: Progress = SILENT,
) -> Matched:
    """Match one exposure of a stack; a failure is an outcome, not an exception.

    Its own settings in `plan` go before `config`; regions count as far as the stack carries them.
    An exposure with the identity of a duplicate of the reference is the caller's business.
    """
    plan = plan or StackPlan()
    told: dict[str, Any] = {
        "own_settings": own_text(plan, entry.name),
        "regions": len(stack.regions_of(entry.id)),
    }
    own, science = config, None
    few, more = "", tuple[str, ...]()
    try:
        with resource_errors():
            own = plan.config_for(entry.name, config)
            science = stack.read(entry.id, scratch=scratch, progress=progress)
            part = PairPart.of(stack, reference, science)
            overlap = part.overlap(own, progress, threads)
            told["overlap"] = overlap.share if overlap.own else None
            few = overlap_problem(overlap.share, plan.acceptance) if overlap.common else ""
            more = (_IDENTICAL,) if overlap.identical else ()
            result = part.match(own, progress=progress, threads=threads, scratch=scratch)
            result = result.complete(progress) if complete else result.measure(progress)
            if not few:
                told["judged"] = judge(
                    result,
                    overlap=overlap.share if overlap.own else None,
                    unit=science.unit or "",
                    progress=progress,
                    threads=threads,
                )
    except BgviewerError as error:
        reason = few or str(getattr(error, "reason", None) or error)
        told["warnings"] = exposure_warnings(entry, science, own) + more
        return Matched(
            MatchOutcome(entry.id, entry.name, entry.path, False, "failed", reason=reason, **told)
        )
    outcome = MatchOutcome(
        id=entry.id,
        name=entry.name,
        path=entry.path,
        is_reference=False,
        status="failed" if few else "matched",
        reason=few or None,
        fit=result.fit,
        gridded=result.gridded,
        fit_rms=result.fit_rms,
        matched_mse=result.matched_mse,
        diff_im_var=result.diff_im_var,
        scale=science.scale,
        adjustments=result.adjustments,
        detected=science.detection is not None,
        aligned=entry.aligned is not None,
        warnings=(
            *exposure_warnings(entry, science, own, good=result.difference.good_count),
            *_pixel_warnings(reference, science, own),
            *more,
        ),
        extrapolated=part.extrapolated(result),
        **told,
    )
    return Matched(outcome, result, part)
