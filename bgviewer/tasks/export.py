"""Matching a whole stack and writing it: the job of `bgviewer match` and of the export dialog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import available_threads
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.fitting import Model
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.rendering import render_rows
from bgviewer.engine.scratch import Scratch
from bgviewer.errors import (
    BgviewerError,
    Cancelled,
    ResourceError,
    WriteError,
    is_out_of_resources,
    resource_errors,
)
from bgviewer.io.background_list import write_background_list
from bgviewer.io.coefficients import coefficient_parts
from bgviewer.io.companions import copy_companion
from bgviewer.io.provenance import Card, make_cards, with_values
from bgviewer.io.reading import READ, rules_of
from bgviewer.io.recorded import region_cards
from bgviewer.io.report import write_report
from bgviewer.io.settings import dump_config
from bgviewer.io.stack import ExposureStack, StackEntry
from bgviewer.io.text import write_text
from bgviewer.io.write import source_hash, write_background, write_matched
from bgviewer.tasks.export_plan import (
    ExportPlan,
    ExportReport,
    ExportRequest,
    check_targets,
    plan_export,
    tried_again,
)
from bgviewer.tasks.exposure_warnings import exposure_warnings
from bgviewer.tasks.match import (
    Matched,
    MatchOutcome,
    excluded_outcome,
    match_entry,
    reference_outcome,
)
from bgviewer.tasks.parallel import StopOnly, default_jobs, in_order

__all__ = ["ExportPlan", "ExportReport", "ExportRequest", "check_targets", "export", "plan_export"]


def export(
    request: ExportRequest,
    progress: Progress = SILENT,
    *,
    on_outcome: Callable[[MatchOutcome], None] | None = None,
    on_begin: Callable[[int], None] | None = None,
    earlier: ExportReport | None = None,
    jobs: int | None = None,
) -> ExportReport:
    """Match every exposure and write it; a failure never stops the others.

    Files are written whole or not at all, also when the work is stopped.

    Parameters
    ----------
    on_outcome : callable, optional
        Told every outcome, in the order of the stack.
    on_begin : callable, optional
        Told the id of every exposure that is about to be matched.
    earlier : ExportReport, optional
        What the same request did before: only what failed then is tried again; report and
        settings are written anew.
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
    plan = plan_export(request, earlier)
    try:
        Path(request.directory).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(request.directory, f"cannot be made ({error.strerror})") from error
    outcomes: list[MatchOutcome] = []
    written: list[Path] = []
    for outcome in _outcomes(request, plan, jobs, progress, on_begin, earlier):
        made = (outcome.output, outcome.background_output, outcome.background_list)
        written.extend(p for p in made if p is not None)
        written.extend(p for p in outcome.companions if p not in written)
        outcomes.append(outcome)
        if on_outcome is not None and tried_again(outcome.id, earlier):
            on_outcome(outcome)
    progress.step(1.0)
    report = ExportReport(
        tuple(outcomes),
        request.reference,
        Path(request.directory),
        request.config,
        (),
        limits=request.plan.acceptance,
    )
    try:
        with resource_errors():
            _write_tables(report, request, plan, request.overwrite or earlier is not None)
    except (WriteError, ResourceError) as error:
        # the exposures are there; what became of them is still told
        return replace(report, written=tuple(written), problem=str(error))
    return replace(report, written=(*written, *plan.reports, plan.settings))


def _outcomes(
    request: ExportRequest,
    plan: ExportPlan,
    jobs: int | None,
    progress: Progress,
    on_begin: Callable[[int], None] | None = None,
    earlier: ExportReport | None = None,
) -> Iterator[MatchOutcome]:
    """Match and write exposure by exposure, several at a time, outcomes in order."""
    stack, excluded = request.stack.with_plan(request.plan), request.plan.excluded
    jobs = default_jobs() if jobs is None else max(1, jobs)
    threads = max(1, available_threads() // jobs)
    try:
        reference = stack.read(request.reference, progress=progress)
    except BgviewerError as error:
        if not is_out_of_resources(error):
            raise
        return _without_reference(request, excluded, error, earlier)
    identity = stack[request.reference].identity
    stop_only, room = StopOnly(progress), _Room()

    def one(entry: StackEntry) -> MatchOutcome:
        if earlier is not None and not tried_again(entry.id, earlier):
            return earlier.outcomes[entry.id]
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
            with resource_errors():
                return _write(step, request, plan, room.writing, threads, stop_only)
        except BgviewerError as error:
            reason = str(getattr(error, "reason", None) or error)
            return replace(step.outcome, status="failed", reason=reason)

    def told(entry: StackEntry) -> None:
        progress.step(entry.id / len(stack), f"matching {entry.name}")
        matched = entry.name not in excluded and entry.identity != identity
        if on_begin is not None and matched and tried_again(entry.id, earlier):
            on_begin(entry.id)

    return in_order(one, stack.entries, jobs, told)


def _without_reference(
    request: ExportRequest,
    excluded: frozenset[str],
    error: BgviewerError,
    earlier: ExportReport | None,
) -> Iterator[MatchOutcome]:
    """Return failures, so that the report says that the reference does not fit into memory."""
    name = request.stack[request.reference].name
    reason = f"the reference {name}: {getattr(error, 'reason', None) or error}"
    for entry in request.stack.entries:
        if earlier is not None and not tried_again(entry.id, earlier):
            yield earlier.outcomes[entry.id]
        elif entry.name in excluded:
            yield excluded_outcome(entry).outcome
        else:
            warnings = exposure_warnings(entry)
            yield MatchOutcome(
                entry.id, entry.name, entry.path, False, "failed", reason=reason, warnings=warnings
            )


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
        write_matched(source, None, target, cards, compress=request.compress, **options)
        return replace(outcome, output=target, companions=_sidecars(plan, outcome, options))
    assert result is not None and step.part is not None
    model = step.part.over_the_whole(result.model)
    background = own_background(model, outcome.scale, scratch, threads)
    told: dict[str, Any] = {"scratch": scratch, "compress": request.compress}
    write_matched(source, background, target, cards, **told, **options)
    outcome = replace(outcome, output=target)
    made = [target]
    try:
        outcome = replace(outcome, companions=_sidecars(plan, outcome, options))
        pair = step.part.whole, model
        return _write_models(outcome, pair, background, plan, request, cards, options, made)
    except (BgviewerError, Cancelled):
        for path in made:  # no exposure that looks finished and is not
            path.unlink(missing_ok=True)
        raise


def _sidecars(plan: ExportPlan, outcome: MatchOutcome, options: dict[str, Any]) -> tuple[Path, ...]:
    """Copy the side-cars, so that the export is read with the planes of its exposure."""
    pairs = plan.companions.get(outcome.id, ())
    return tuple(copy_companion(source, target, **options) for source, target in pairs)


def _write_models(
    outcome: MatchOutcome,
    pair: tuple[Exposure, Model],
    background: NDArray[np.float32],
    plan: ExportPlan,
    request: ExportRequest,
    cards: tuple[Card, ...],
    options: dict[str, Any],
    made: list[Path],
) -> MatchOutcome:
    """Write the model at full resolution and as a BackgroundList, as far as they are wanted.

    What was written is added to `made`, also when writing fails later.
    """
    science, model = pair
    target = plan.backgrounds.get(outcome.id)
    if target is not None:
        more = []
        if request.coefficients:
            more = coefficient_parts(model, outcome.scale, science.unit)
        told: dict[str, Any] = {"more": more, "compress": request.compress}
        write_background(science, background, target, cards, **told, **options)
        made.append(target)
        outcome = replace(outcome, background_output=target)
    target = plan.lists.get(outcome.id)
    if target is not None and request.background_list is not None:
        told = {"scale": outcome.scale, "sign": request.background_list}
        done = write_background_list(science, model, background, target, cards, **told, **options)
        made.append(target)
        outcome = replace(
            outcome, background_list=done.path, background_list_difference=done.difference
        )
    return outcome


def own_background(
    model: Model, scale: float, scratch: Scratch, threads: int
) -> NDArray[np.float32]:
    """Return the model at full resolution in the exposure's own (unscaled) unit."""
    background = render_rows(model.rows(), threads=threads, scratch=scratch)
    if scale != 1.0:
        background /= np.float32(scale)
    return background


def _source(stack: ExposureStack, entry: StackEntry) -> object:
    # Without regions: what is ignored here is not said of the exposure to others.
    if entry.path is not None and entry.aligned is None:
        return entry
    return stack.with_regions(()).read(entry.id)


def _cards(outcome: MatchOutcome, request: ExportRequest, progress: Progress) -> tuple[Card, ...]:
    reference = request.stack[request.reference]
    name = reference.path.name if reference.path is not None else reference.name
    entry = request.stack[outcome.id]
    cards = make_cards(
        request.plan.config_for(entry.name, request.config),
        kind="reference" if outcome.is_reference else "matched",
        reference=name,
        zero_point=request.zero_point,
        scale=outcome.scale,
        fit_rms=outcome.fit_rms,
        matched_mse=outcome.matched_mse,
        diff_im_var=outcome.diff_im_var,
        adjustments=outcome.adjustments,
        regions=outcome.regions,
        detection=request.plan.detection if outcome.detected else None,
        aligned=outcome.aligned,
    )
    cards += tuple(region_cards(request.plan.regions_for(entry.name)))
    cards += tuple(request.extra_cards.get(entry.name, ()))
    if entry.path is None:
        return cards
    return with_values(cards, source_hash=source_hash(entry.path, progress))


def _write_tables(
    report: ExportReport, request: ExportRequest, plan: ExportPlan, overwrite: bool
) -> None:
    entries = request.stack.entries
    infos = {e.id: e.info for e in entries if e.info is not None}
    first = infos.get(request.reference)
    for path in plan.reports:
        write_report(
            report.outcomes,
            path,
            config=request.config,
            reference=request.stack[request.reference].name,
            zero_points={i: info.zero_point for i, info in infos.items()},
            unit=None if first is None else first.unit,
            limits=request.plan.acceptance,
            choices=request.choices,
            overwrite=overwrite,
        )
    extra = {
        "reference": request.stack[request.reference].name,
        "zeroPoint": request.zero_point,
        "align": bool(request.stack.align),
        READ: rules_of(entries),
    }
    write_text(plan.settings, dump_config(request.config, extra, request.plan), overwrite)
