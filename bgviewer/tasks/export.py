"""Matching a whole stack and writing it: the job of `bgviewer match` and of the export dialog."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import available_threads
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.rendering import render_rows
from bgviewer.engine.scratch import Scratch
from bgviewer.errors import BgviewerError, Cancelled, WriteError
from bgviewer.io.provenance import Card, make_cards, with_values
from bgviewer.io.report import write_report
from bgviewer.io.settings import dump_config
from bgviewer.io.stack import ExposureStack, StackEntry
from bgviewer.io.text import write_text
from bgviewer.io.write import check_target, source_hash, write_background, write_matched
from bgviewer.tasks.match import (
    Matched,
    MatchOutcome,
    check_included,
    excluded_outcome,
    match_entry,
    reference_outcome,
)
from bgviewer.tasks.parallel import StopOnly, default_jobs, in_order

__all__ = ["ExportPlan", "ExportReport", "ExportRequest", "check_targets", "export", "plan_export"]

REPORT_NAME = "report.ecsv"
CONFIG_NAME = "config.toml"


@dataclass(frozen=True, eq=False)
class ExportRequest:
    """What to match and where to write it.

    Attributes
    ----------
    stack : ExposureStack
    config : MatchConfig
    reference : int
        Id of the reference exposure.
    directory : Path
        Made when it does not exist.
    overwrite : bool
        Replace existing output files (an input file never is).
    include_reference : bool
        Write a copy of the reference too, so that the folder is a complete stack.
    backgrounds : bool
        Write the background models at full resolution.
    zero_point : str or float
        The photometric scaling that was asked for; recorded in the settings.
    plan : StackPlan
        Exposures to leave out, regions to ignore, settings of single exposures.
    """

    stack: ExposureStack
    config: MatchConfig
    reference: int
    directory: Path
    overwrite: bool = False
    include_reference: bool = True
    backgrounds: bool = True
    zero_point: str | float = "auto"
    plan: StackPlan = field(default_factory=StackPlan)


@dataclass(frozen=True)
class ExportPlan:
    """Files an export would write: id of an exposure -> target; report and settings apart."""

    matched: dict[int, Path]
    backgrounds: dict[int, Path]
    report: Path
    settings: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        """All targets."""
        return (*self.matched.values(), *self.backgrounds.values(), self.report, self.settings)


@dataclass(frozen=True, eq=False)
class ExportReport:
    """What an export did.

    Attributes
    ----------
    outcomes : tuple of MatchOutcome
        One per exposure.
    reference : int
    directory : Path
    config : MatchConfig
    written : tuple of Path
    problem : str or None
        Why report or settings could not be written.
    """

    outcomes: tuple[MatchOutcome, ...]
    reference: int
    directory: Path
    config: MatchConfig
    written: tuple[Path, ...]
    problem: str | None = None

    @property
    def n_matched(self) -> int:
        """Science exposures that were matched."""
        return sum(o.status == "matched" for o in self.outcomes)

    @property
    def n_failed(self) -> int:
        """Exposures that failed."""
        return sum(o.status == "failed" for o in self.outcomes)


def plan_export(request: ExportRequest) -> ExportPlan:
    """Return the files an export would write; touches nothing.

    Exposures that are excluded or known to be unusable have no target.

    Raises
    ------
    NoReferenceError
        When the reference is excluded.
    WriteError
        When a target exists (without `overwrite`), is an input, or cannot be written there.
    """
    folder = Path(request.directory)
    check_included(request.stack[request.reference], request.plan)
    identity = request.stack[request.reference].identity
    matched, backgrounds = {}, {}
    for entry in _included(request):
        is_reference = entry.identity == identity
        if not is_reference or request.include_reference:
            matched[entry.id] = folder / f"{entry.output_stem}_matched.fits"
        if not is_reference and request.backgrounds:
            backgrounds[entry.id] = folder / f"{entry.output_stem}_background.fits"
    plan = ExportPlan(matched, backgrounds, folder / REPORT_NAME, folder / CONFIG_NAME)
    _check_paths(request, plan.paths)
    return plan


def check_targets(request: ExportRequest) -> None:
    """Refuse what is known to be impossible, whatever the reference will be.

    Raises
    ------
    WriteError
        As `plan_export`.
    """
    folder = Path(request.directory)
    certain = [folder / f"{e.output_stem}_matched.fits" for e in _included(request)]
    _check_paths(request, [*certain, folder / REPORT_NAME, folder / CONFIG_NAME])


def _included(request: ExportRequest) -> list[StackEntry]:
    out = request.plan.excluded
    return [e for e in request.stack.entries if e.problem is None and e.name not in out]


def _check_paths(request: ExportRequest, paths: Iterable[Path]) -> None:
    folder = Path(request.directory)
    _check_folder(folder)
    inputs = [e.path for e in request.stack.entries if e.path is not None]
    if folder.is_dir():
        for path in paths:
            check_target(path, inputs=inputs, overwrite=request.overwrite)


def _check_folder(folder: Path) -> None:
    """Raise unless the folder can be written to, or made."""
    if folder.exists() and not folder.is_dir():
        raise WriteError(folder, "is a file; choose a folder to write to", id="E_WRITE")
    existing = folder
    while not existing.exists():
        existing = existing.parent
    if not os.access(existing, os.W_OK | os.X_OK):
        raise WriteError(folder, "the folder cannot be written to", id="E_WRITE")


def export(
    request: ExportRequest,
    progress: Progress = SILENT,
    *,
    on_outcome: Callable[[MatchOutcome], None] | None = None,
    jobs: int | None = None,
) -> ExportReport:
    """Match every exposure and write it; a failure never stops the others.

    Files are written whole or not at all, also when the work is stopped.

    Parameters
    ----------
    on_outcome : callable, optional
        Told every outcome, in the order of the stack.
    jobs : int, optional
        Exposures worked on at the same time (default: the machine's cores, at most 4); memory
        grows with it, not with the number of exposures, and the files do not depend on it.

    Raises
    ------
    WriteError
        Before any work, when a target may not be written.
    ReadError, NoReferenceError
        The reference cannot be used.
    Cancelled
        The user stopped it; what was written before stays.
    """
    plan = plan_export(request)
    try:
        Path(request.directory).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(request.directory, f"cannot be made ({error.strerror})") from error
    outcomes: list[MatchOutcome] = []
    written: list[Path] = []
    for outcome in _outcomes(request, plan, jobs, progress):
        written.extend(p for p in (outcome.output, outcome.background_output) if p is not None)
        outcomes.append(outcome)
        if on_outcome is not None:
            on_outcome(outcome)
    progress.step(1.0)
    report = ExportReport(
        tuple(outcomes), request.reference, Path(request.directory), request.config, ()
    )
    try:
        _write_tables(report, request, plan)
    except WriteError as error:
        # the exposures are there; what became of them is still told
        return replace(report, written=tuple(written), problem=str(error))
    return replace(report, written=(*written, plan.report, plan.settings))


def _outcomes(
    request: ExportRequest, plan: ExportPlan, jobs: int | None, progress: Progress
) -> Iterator[MatchOutcome]:
    """Match and write exposure by exposure, several at a time, outcomes in order."""
    stack, excluded = request.stack.with_regions(request.plan.regions), request.plan.excluded
    jobs = default_jobs() if jobs is None else max(1, jobs)
    threads = max(1, available_threads() // jobs)
    reference = stack.read(request.reference, progress=progress)
    identity = stack[request.reference].identity
    stop_only, room = StopOnly(progress), _Room()

    def one(entry: StackEntry) -> MatchOutcome:
        if entry.name in excluded:
            step = excluded_outcome(entry)
        elif entry.identity == identity:
            step = reference_outcome(entry, reference, len(stack.regions_of(entry.id)))
        else:
            step = match_entry(
                stack,
                entry,
                reference,
                request.config,
                plan=request.plan,
                threads=threads,
                scratch=room.matching,
                progress=stop_only,
            )
        try:
            return _write(step, request, plan, room.writing, threads, stop_only)
        except BgviewerError as error:
            reason = str(getattr(error, "reason", None) or error)
            return replace(step.outcome, status="failed", reason=reason)

    def told(entry: StackEntry) -> None:
        progress.step(entry.id / len(stack), f"matching {entry.name}")

    return in_order(one, stack.entries, jobs, told)


class _Room:
    """Memory that is used again for every exposure: fresh pages cost more than the work in them.

    Writing reads the image once more, in the exposure's own unit, and so has its own.
    """

    def __init__(self) -> None:
        self.matching, self.writing = Scratch(), Scratch()


def _write(
    step: Matched,
    request: ExportRequest,
    plan: ExportPlan,
    scratch: Scratch,
    threads: int,
    progress: Progress,
) -> MatchOutcome:
    outcome, result = step.outcome, step.result
    target = plan.matched.get(outcome.id)
    if outcome.status in ("failed", "excluded") or target is None:
        return outcome
    entry = request.stack[outcome.id]
    cards = _cards(outcome, request, progress)
    options: dict[str, Any] = {"overwrite": request.overwrite, "progress": progress}
    source = _source(request.stack, entry)
    if outcome.is_reference:
        write_matched(source, None, target, cards, **options)
        return replace(outcome, output=target)
    assert result is not None
    background = own_background(result, outcome.scale, scratch, threads)
    write_matched(source, background, target, cards, scratch=scratch, **options)
    model_target = plan.backgrounds.get(outcome.id)
    if model_target is not None:
        science = result.science
        assert isinstance(science, Exposure)
        try:
            write_background(science, background, model_target, cards, **options)
        except (BgviewerError, Cancelled):
            target.unlink(missing_ok=True)  # no exposure that looks finished and is not
            raise
    return replace(outcome, output=target, background_output=model_target)


def own_background(
    result: MatchResult, scale: float, scratch: Scratch, threads: int
) -> NDArray[np.float32]:
    """Return the model at full resolution in the exposure's own (unscaled) unit."""
    background = render_rows(result.model.rows(), threads=threads, scratch=scratch)
    if scale != 1.0:
        background /= np.float32(scale)
    return background


def _source(stack: ExposureStack, entry: StackEntry) -> object:
    # Without regions: what is ignored here is not said of the exposure to others.
    return entry if entry.path is not None else stack.with_regions(()).read(entry.id)


def _cards(outcome: MatchOutcome, request: ExportRequest, progress: Progress) -> tuple[Card, ...]:
    reference = request.stack[request.reference]
    name = reference.path.name if reference.path is not None else reference.name
    entry = request.stack[outcome.id]
    cards = make_cards(
        request.plan.config_for(entry.name, request.config),
        kind="reference" if outcome.is_reference else "matched",
        reference=name,
        scale=outcome.scale,
        fit_rms=outcome.fit_rms,
        matched_mse=outcome.matched_mse,
        diff_im_var=outcome.diff_im_var,
        adjustments=outcome.adjustments,
        regions=outcome.regions,
    )
    if entry.path is None:
        return cards
    return with_values(cards, source_hash=source_hash(entry.path, progress))


def _write_tables(report: ExportReport, request: ExportRequest, plan: ExportPlan) -> None:
    entries = request.stack.entries
    infos = {e.id: e.info for e in entries if e.info is not None}
    first = infos.get(request.reference)
    write_report(
        report.outcomes,
        plan.report,
        config=request.config,
        reference=request.stack[request.reference].name,
        zero_points={i: info.zero_point for i, info in infos.items()},
        unit=None if first is None else first.unit,
        overwrite=request.overwrite,
    )
    extra = {
        "reference": request.stack[request.reference].name,
        "zeroPoint": request.zero_point,
    }
    write_text(plan.settings, dump_config(request.config, extra, request.plan), request.overwrite)
