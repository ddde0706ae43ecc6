"""Matching a whole stack and writing it: the job of `bgviewer match` and of the export dialog."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer import __version__
from bgviewer.engine.bands import available_threads
from bgviewer.engine.closure import good_image
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.fitting import Model
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.rendering import render_rows
from bgviewer.engine.scratch import Scratch
from bgviewer.errors import (
    BgviewerError,
    Cancelled,
    WriteError,
    is_out_of_resources,
    resource_errors,
)
from bgviewer.io.background_list import write_background_list
from bgviewer.io.coefficients import coefficient_parts
from bgviewer.io.companions import copy_companion
from bgviewer.io.file_state import check_unchanged
from bgviewer.io.names import printable_name
from bgviewer.io.provenance import Card, make_cards, with_values
from bgviewer.io.reading import READ, rules_of
from bgviewer.io.recorded import region_cards
from bgviewer.io.report import write_report
from bgviewer.io.settings import dump_config
from bgviewer.io.stack import ExposureStack, StackEntry
from bgviewer.io.text import write_text
from bgviewer.io.transaction import OutputGroup, reason_of, recover
from bgviewer.io.write import source_hash, write_background, write_matched
from bgviewer.tasks.export_plan import (
    ExportPlan,
    ExportReport,
    ExportRequest,
    ExportStopped,
    check_targets,
    check_writable,
    earlier_files,
    earlier_reports,
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
from bgviewer.tasks.metrics import CoaddMean, match_metrics, metrics_text
from bgviewer.tasks.parallel import StopOnly, default_jobs, in_order
from bgviewer.tasks.photometric_scale import PhotometricScale

__all__ = [
    "ExportPlan",
    "ExportReport",
    "ExportRequest",
    "ExportStopped",
    "check_targets",
    "check_writable",
    "export",
    "plan_export",
]


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
        Called with every outcome, in the order of the stack.
    on_begin : callable, optional
        Called with the id of every exposure that is about to be matched.
    earlier : ExportReport, optional
        What the same request did before: only what failed then is tried again; report and
        settings are written again.
    jobs : int, optional
        Exposures worked on at the same time (default: the machine's cores, at most 4); memory
        grows with it, not with the number of exposures, and the files do not depend on it.

    Raises
    ------
    WriteError
        Before any work, when a target may not be written.
    ReadError, NoReferenceError
        The reference cannot be used.
    ExportStopped
        The user stopped it; exposures that were written before stay, and a report says which.
    Cancelled
        The user stopped it before any exposure was written.
    """
    if earlier is not None:
        failed = [o.id for o in earlier.outcomes if tried_again(o.id, earlier)]
        request = replace(request, stack=request.stack.with_current_files(failed))
    recovered = recover(request.directory)
    plan = plan_export(request, earlier)
    check_writable(Path(request.directory))
    try:
        Path(request.directory).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(request.directory, f"cannot be made: {reason_of(error)}") from error
    run = _Run(request, plan, earlier)
    try:
        with closing(run.outcomes(jobs, progress, on_begin)) as outcomes:
            for outcome in outcomes:
                if on_outcome is not None and tried_again(outcome.id, earlier):
                    on_outcome(outcome)
        progress.step(1.0)
    except Cancelled as stop:
        if not run.written():
            raise
        raise ExportStopped(str(stop), run.finish(recovered.notes, stopped=True)) from stop
    return run.finish(recovered.notes)


class _Run:
    """One export: the outcomes so far, and the report of them.

    Outcomes are noted as soon as the files of an exposure have their names, so that the report
    agrees with the folder also when the run is stopped.
    """

    def __init__(
        self, request: ExportRequest, plan: ExportPlan, earlier: ExportReport | None
    ) -> None:
        self._request, self._plan, self._earlier = request, plan, earlier
        self._done: dict[int, MatchOutcome] = {}
        self._coadd: CoaddMean | None = None

    def outcomes(
        self, jobs: int | None, progress: Progress, on_begin: Callable[[int], None] | None = None
    ) -> Generator[MatchOutcome]:
        """Match and write exposure by exposure, several at a time, outcomes in order."""
        request, earlier = self._request, self._earlier
        stack, excluded = request.stack.with_plan(request.plan), request.plan.excluded
        jobs = default_jobs() if jobs is None else max(1, jobs)
        threads = max(1, available_threads() // jobs)
        try:
            reference = stack.read(request.reference, progress=progress)
        except BgviewerError as error:
            if not is_out_of_resources(error):
                raise
            for outcome in _without_reference(request, excluded, error, earlier):
                self._done[outcome.id] = outcome
                yield outcome
            return
        identity = stack[request.reference].identity
        if self._plan.metrics is not None and earlier is None and not stack.is_mixed:
            # what is only tried again is not the whole stack
            planes = request.config.bad_mask_planes
            self._coadd = CoaddMean.of(
                good_image(reference, planes, progress=progress, threads=threads)
            )
        stop_only, room = StopOnly(progress), _Room()

        def one(entry: StackEntry) -> MatchOutcome:
            if earlier is not None and not tried_again(entry.id, earlier):
                return earlier.outcomes[entry.id]
            outcome = failed = _not_done(entry, "")
            try:
                if entry.name in excluded:
                    step = excluded_outcome(entry)
                elif entry.identity == identity:
                    regions = len(stack.regions_of(entry.id))
                    step = reference_outcome(entry, reference, regions, config=request.config)
                elif entry.id in self._plan.problems:
                    step = Matched(failed)
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
                    step = self._measured(step, room.matching, threads, stop_only)
                failed = step.outcome
                if entry.id in self._plan.problems:
                    raise self._plan.problems[entry.id].with_traceback(None)
                with resource_errors():
                    outcome = _write(step, request, self._plan, room.writing, threads, stop_only)
            except BgviewerError as error:
                reason = str(getattr(error, "reason", None) or error)
                outcome = replace(failed, status="failed", reason=reason)
            outcome = self._with_earlier_files(outcome)
            self._done[entry.id] = outcome
            return outcome

        def announced(entry: StackEntry) -> None:
            progress.step(entry.id / len(stack), f"matching {entry.name}")
            matched = entry.name not in excluded and entry.identity != identity
            if on_begin is not None and matched and tried_again(entry.id, earlier):
                on_begin(entry.id)

        yield from in_order(one, stack.entries, jobs, announced)

    def _measured(
        self, step: Matched, scratch: Scratch, threads: int, progress: Progress
    ) -> Matched:
        """Add the figures of metrics.json, where they are wanted."""
        if self._plan.metrics is None or step.result is None or step.outcome.status != "matched":
            return step
        scale = PhotometricScale.of(step.result.science)
        found = match_metrics(
            step.result, scale, progress, coadd=self._coadd, scratch=scratch, threads=threads
        )
        return replace(step, outcome=replace(step.outcome, metrics=found, photometric=scale))

    def _with_earlier_files(self, outcome: MatchOutcome) -> MatchOutcome:
        kept = earlier_files(self._request, outcome)
        if not kept:
            return outcome
        names = ", ".join(printable_name(path.name) for path in kept)
        text = f"{names}: kept from an earlier run; not of this match"
        warnings = (*outcome.warnings, text)
        return replace(outcome, earlier_files=kept, warnings=warnings)

    def written(self) -> list[Path]:
        """Return the files that have got their names in this run."""
        written: list[Path] = []
        for _, outcome in sorted(self._done.items()):
            made = (outcome.output, outcome.background_output, outcome.background_list)
            written.extend(p for p in made if p is not None)
            written.extend(p for p in outcome.companions if p not in written)
        return written

    def _outcome(self, entry: StackEntry) -> MatchOutcome:
        if entry.id in self._done:
            return self._done[entry.id]
        if self._earlier is not None:
            return self._earlier.outcomes[entry.id]
        if entry.name in self._request.plan.excluded:
            return excluded_outcome(entry).outcome
        reason = "not written: the run was stopped before"
        return self._with_earlier_files(_not_done(entry, reason))

    def finish(self, notes: tuple[str, ...], stopped: bool = False) -> ExportReport:
        """Write report and settings, and return what was done."""
        request, plan = self._request, self._plan
        outcomes = tuple(self._outcome(entry) for entry in request.stack.entries)
        reference = request.stack[request.reference]
        problem = None
        if reference.changed_files:
            problem = (
                f"{reference.name}: the reference changed on disk during the run; the exposures "
                "are matched to it as it was loaded"
            )
        stale = [path.name for path in earlier_reports(request)]
        if stale and self._earlier is None:
            notes = (*notes, f"{', '.join(stale)}: kept from an earlier run; not of this match")
        report = ExportReport(
            outcomes,
            request.reference,
            Path(request.directory),
            request.config,
            tuple(self.written()),
            problem,
            limits=request.plan.acceptance,
            notes=notes,
            stopped=stopped,
        )
        try:
            overwrite = request.overwrite or self._earlier is not None
            with resource_errors():
                _write_tables(report, request, plan, overwrite, self._coadd)
        except BgviewerError as error:
            # the exposures are there; what became of them is still said
            text = str(error)
            kept = [p.name for p in plan.tables if os.path.lexists(p)]
            if kept:
                text += f"; {', '.join(kept)} of an earlier run were kept"
            return replace(report, problem="; ".join(t for t in (problem, text) if t))
        return replace(report, written=(*report.written, *plan.tables))


def _not_done(entry: StackEntry, reason: str) -> MatchOutcome:
    return MatchOutcome(entry.id, entry.name, entry.path, False, "failed", reason=reason)


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
    outcome = step.outcome
    target = plan.matched.get(outcome.id)
    if outcome.status in ("failed", "excluded") or target is None:
        return outcome
    with OutputGroup() as group:
        outcome = _write_files(step, request, plan, scratch, threads, progress, group)
        check_unchanged(request.stack[outcome.id].states)
    return outcome


def _write_files(
    step: Matched,
    request: ExportRequest,
    plan: ExportPlan,
    scratch: Scratch,
    threads: int,
    progress: Progress,
    group: OutputGroup,
) -> MatchOutcome:
    """Write the files of one exposure into `group`."""
    outcome, result = step.outcome, step.result
    target, entry = plan.matched[outcome.id], request.stack[outcome.id]
    check_unchanged(entry.states)
    cards = _cards(outcome, request, progress)
    options: dict[str, Any] = {
        "overwrite": request.overwrite,
        "progress": progress,
        "group": group,
    }
    source = _source(request.stack, entry)
    if outcome.is_reference:
        write_matched(source, None, target, cards, compress=request.compress, **options)
        return replace(outcome, output=target, companions=_sidecars(plan, outcome, options))
    assert result is not None and step.part is not None
    model = step.part.over_the_whole(result.model)
    background = own_background(model, outcome.scale, scratch, threads)
    told: dict[str, Any] = {"scratch": scratch, "compress": request.compress}
    write_matched(source, background, target, cards, **told, **options)
    outcome = replace(outcome, output=target, companions=_sidecars(plan, outcome, options))
    pair = step.part.whole, model
    return _write_models(outcome, pair, background, plan, request, cards, options)


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
) -> MatchOutcome:
    """Write the model at full resolution and as a BackgroundList, as far as they are wanted."""
    science, model = pair
    target = plan.backgrounds.get(outcome.id)
    if target is not None:
        more = []
        if request.coefficients:
            more = coefficient_parts(model, outcome.scale, science.unit)
        told: dict[str, Any] = {"more": more, "compress": request.compress}
        write_background(science, background, target, cards, **told, **options)
        outcome = replace(outcome, background_output=target)
    target = plan.lists.get(outcome.id)
    if target is not None and request.background_list is not None:
        told = {"scale": outcome.scale, "sign": request.background_list}
        done = write_background_list(science, model, background, target, cards, **told, **options)
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
        verdict=outcome.judged,
        adjustments=outcome.adjustments,
        warnings=outcome.warnings,
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
    report: ExportReport,
    request: ExportRequest,
    plan: ExportPlan,
    overwrite: bool,
    coadd: CoaddMean | None = None,
) -> None:
    entries = request.stack.entries
    infos = {e.id: e.info for e in entries if e.info is not None}
    first = infos.get(request.reference)
    extra = {
        "reference": request.stack[request.reference].name,
        "zeroPoint": request.zero_point,
        "align": bool(request.stack.align),
        READ: rules_of(entries),
    }
    settings = dump_config(request.config, extra, request.plan)
    with OutputGroup() as group:
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
                notes=(*request.stack.notes, *report.notes),
                common_zero_point=request.stack.zero_point,
                overwrite=overwrite,
                group=group,
            )
        if plan.metrics is not None:
            write_text(plan.metrics, _metrics_text(report, request, coadd), overwrite, group)
        write_text(plan.settings, settings, overwrite, group)


def _metrics_text(report: ExportReport, request: ExportRequest, coadd: CoaddMean | None) -> str:
    measured = [o for o in report.outcomes if o.metrics]
    scales = {o.name: o.photometric for o in measured if o.photometric is not None}
    first = next(iter(scales.values()), PhotometricScale())
    return metrics_text(
        __version__,
        request.stack[request.reference].name,
        {o.name: o.metrics for o in measured},
        () if coadd is None else coadd.metrics(first),
        scales,
    )
