"""What is asked of an export, the files it will write, and what it says afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.sweeping import Chosen
from bgviewer.errors import Cancelled, ConfigError, WriteError
from bgviewer.io.choices import COMPRESSIONS, REPORT_FORMATS, SIGNS
from bgviewer.io.companions import companion_names, is_copy
from bgviewer.io.stack import ExposureStack, StackEntry
from bgviewer.io.transaction import OutputGroup, reason_of
from bgviewer.io.write import check_name, check_target
from bgviewer.tasks.acceptance import AcceptanceLimits
from bgviewer.tasks.match import MatchOutcome, check_included
from bgviewer.tasks.metrics import METRICS_NAME

__all__ = [
    "ExportPlan",
    "ExportReport",
    "ExportRequest",
    "ExportStopped",
    "check_targets",
    "check_writable",
    "earlier_files",
    "earlier_reports",
    "plan_export",
    "tried_again",
]

REPORT_STEM = "report"
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
    background_list : {None, "add", "subtract"}
        Write the models as LSST's BackgroundList too: to be added (as a match does) or, with the
        sign turned, to be subtracted like a skyCorr.
    compress : {"none", "gzip", "rice"}
        How exposures and models are compressed; only rice loses digits, of the image alone.
    coefficients : bool
        Put the coefficients of polynomials as a table into the models' files.
    report_formats : tuple of {"ecsv", "fits", "csv"}
        What the report is written as; at least one.
    extra_cards : mapping of str to tuple of (keyword, value, comment)
        Exposure -> cards that its files shall hold beside the usual ones.
    choices : mapping of str to Chosen
        Exposure -> what a sweep chose for it; goes into the reports.
    metrics : bool
        Write depth, residual power and scales of every match as ``metrics.json`` beside the report.

    Raises
    ------
    ConfigError
        For an unknown sign or format.
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
    background_list: str | None = None
    compress: str = "none"
    coefficients: bool = True
    report_formats: tuple[str, ...] = ("ecsv",)
    extra_cards: Mapping[str, tuple[tuple[str, Any, str], ...]] = field(default_factory=dict)
    choices: Mapping[str, Chosen] = field(default_factory=dict)
    metrics: bool = True

    def __post_init__(self) -> None:
        if self.background_list is not None and self.background_list not in SIGNS:
            raise _unknown("background list", self.background_list, SIGNS)
        if self.compress not in COMPRESSIONS:
            raise _unknown("compression", self.compress, COMPRESSIONS)
        for format in self.report_formats or ("none",):
            if format not in REPORT_FORMATS:
                raise _unknown("report format", format, REPORT_FORMATS)


def _unknown(what: str, given: str, known: Iterable[str]) -> ConfigError:
    return ConfigError(f"{what} {given!r}: known are {', '.join(known)}", value=given)


@dataclass(frozen=True)
class ExportPlan:
    """Files an export would write: id of an exposure -> target; reports and settings apart.

    Exposures whose files cannot be written there, such as for too long a name, have a problem
    instead of targets.
    """

    matched: dict[int, Path]
    backgrounds: dict[int, Path]
    report: Path
    settings: Path
    lists: dict[int, Path] = field(default_factory=dict)
    more_reports: tuple[Path, ...] = ()
    companions: dict[int, tuple[tuple[Path, Path], ...]] = field(default_factory=dict)
    problems: dict[int, WriteError] = field(default_factory=dict)
    metrics: Path | None = None

    @property
    def reports(self) -> tuple[Path, ...]:
        """The report in all of its formats."""
        return (self.report, *self.more_reports)

    @property
    def tables(self) -> tuple[Path, ...]:
        """What is written of the run as a whole."""
        metrics = () if self.metrics is None else (self.metrics,)
        return (*self.reports, *metrics, self.settings)

    @property
    def paths(self) -> tuple[Path, ...]:
        """All targets."""
        return (*self.exposures, *self.tables)

    @property
    def exposures(self) -> tuple[Path, ...]:
        """Targets of exposures, their side-cars and models."""
        sidecars = {target for pairs in self.companions.values() for _, target in pairs}
        own = (*self.matched.values(), *self.backgrounds.values(), *self.lists.values())
        return (*own, *sorted(sidecars))


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
    limits : AcceptanceLimits
        What counts as accepted.
    notes : tuple of str
        What the user is told about the folder: temporary files of killed runs, earlier reports.
    stopped : bool
        Whether the run was stopped; exposures that were not reached count as failed.
    """

    outcomes: tuple[MatchOutcome, ...]
    reference: int
    directory: Path
    config: MatchConfig
    written: tuple[Path, ...]
    problem: str | None = None
    limits: AcceptanceLimits = field(default_factory=AcceptanceLimits)
    notes: tuple[str, ...] = ()
    stopped: bool = False

    @property
    def n_written(self) -> int:
        """Exposures whose files were written."""
        return sum(o.output is not None for o in self.outcomes)

    @property
    def n_matched(self) -> int:
        """Science exposures that were matched."""
        return sum(o.status == "matched" for o in self.outcomes)

    @property
    def n_failed(self) -> int:
        """Exposures that failed."""
        return sum(o.status == "failed" for o in self.outcomes)


class ExportStopped(Cancelled):
    """The user stopped an export.

    Attributes
    ----------
    report : ExportReport
        What was done until then; it is in the folder too.
    """

    def __init__(self, text: str, report: ExportReport) -> None:
        super().__init__(text, report)
        self.report = report

    def __str__(self) -> str:
        return str(self.args[0])


def plan_export(request: ExportRequest, earlier: ExportReport | None = None) -> ExportPlan:
    """Return the files an export would write; touches nothing.

    Exposures that are excluded or known to be unusable have no target; with an `earlier` report
    neither have those that did not fail then.

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
    matched: dict[int, Path] = {}
    backgrounds: dict[int, Path] = {}
    lists: dict[int, Path] = {}
    problems: dict[int, WriteError] = {}
    for entry in (e for e in _included(request) if tried_again(e.id, earlier)):
        is_reference = entry.identity == identity
        names = _Names.of(folder, entry)
        targets: dict[str, Path] = {}
        if not is_reference or request.include_reference:
            targets["matched"] = names.matched
        if not is_reference and request.backgrounds:
            targets["background"] = names.background
        if not is_reference and request.background_list is not None:
            targets["list"] = names.lists[SIGNS[request.background_list][1]]
        try:
            for target in targets.values():
                check_name(target)
        except WriteError as error:
            problems[entry.id] = error
            continue
        for kind, found in (("matched", matched), ("background", backgrounds), ("list", lists)):
            if kind in targets:
                found[entry.id] = targets[kind]
    if problems and not matched and earlier is None:
        raise next(iter(problems.values()))
    report, *more = _reports(request)
    companions = {i: _companions(request.stack[i], target) for i, target in matched.items()}
    plan = ExportPlan(
        matched,
        backgrounds,
        report,
        folder / CONFIG_NAME,
        lists,
        tuple(more),
        companions,
        problems,
        folder / METRICS_NAME if request.metrics else None,
    )
    there = {
        target for pairs in companions.values() for path, target in pairs if is_copy(path, target)
    }
    paths = plan.paths if earlier is None else plan.exposures
    _check_paths(request, [path for path in paths if path not in there])
    return plan


@dataclass(frozen=True)
class _Names:
    """The files that an export may write of one exposure."""

    matched: Path
    background: Path
    lists: dict[str, Path]

    @classmethod
    def of(cls, folder: Path, entry: StackEntry) -> _Names:
        stem = entry.output_stem
        lists = {kind: folder / f"{stem}_{kind}.fits" for _, kind in SIGNS.values()}
        return cls(folder / f"{stem}_matched.fits", folder / f"{stem}_background.fits", lists)


def earlier_files(request: ExportRequest, outcome: MatchOutcome) -> tuple[Path, ...]:
    """Return the files of an earlier run that have the names of an exposure in the folder."""
    names = _Names.of(Path(request.directory), request.stack[outcome.id])
    written = (outcome.output, outcome.background_output, outcome.background_list)
    known = (names.matched, names.background, *names.lists.values())
    return tuple(path for path in known if path not in written and os.path.lexists(path))


def earlier_reports(request: ExportRequest) -> tuple[Path, ...]:
    """Return the reports of an earlier run, in formats that are not written now."""
    folder, own = Path(request.directory), _reports(request)
    known = (folder / f"{REPORT_STEM}.{format}" for format in REPORT_FORMATS)
    return tuple(path for path in known if path not in own and os.path.lexists(path))


def check_targets(request: ExportRequest) -> None:
    """Refuse what is known to be impossible, whatever the reference will be.

    Raises
    ------
    WriteError
        As `plan_export`.
    """
    folder = Path(request.directory)
    certain = [_Names.of(folder, e).matched for e in _included(request)]
    certain = [path for path in certain if not _is_too_long(path)]
    if request.metrics:
        certain.append(folder / METRICS_NAME)
    _check_paths(request, [*certain, *_reports(request), folder / CONFIG_NAME])


def _is_too_long(path: Path) -> bool:
    try:
        check_name(path)
    except WriteError:
        return True  # fails that exposure; the others are written
    return False


def _companions(entry: StackEntry, target: Path) -> tuple[tuple[Path, Path], ...]:
    """Return the side-cars of an exposure and where their copies go."""
    if entry.info is None or entry.path is None or entry.aligned is not None:
        return ()  # what is aligned is written whole into its own file
    found = companion_names(entry.path, target.name, entry.info.companions, entry.info.choice)
    return tuple((path, target.with_name(name)) for path, name in found)


def _reports(request: ExportRequest) -> list[Path]:
    folder = Path(request.directory)
    return [folder / f"{REPORT_STEM}.{format}" for format in dict.fromkeys(request.report_formats)]


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
    check_name(folder)
    try:
        existing = _first_existing(folder)
        if not existing.is_dir():
            what = "is a file" if existing == folder else f"{existing} is a file"
            raise WriteError(folder, f"{what}; choose a folder to write to", id="E_WRITE")
    except WriteError:
        raise
    except OSError as exc:
        raise WriteError(folder, f"cannot be written: {reason_of(exc)}") from exc
    if not os.access(existing, os.W_OK | os.X_OK):
        raise WriteError(folder, "the folder cannot be written to", id="E_WRITE")


def _first_existing(folder: Path) -> Path:
    for place in (folder, *folder.absolute().parents):
        try:
            os.stat(place)
        except FileNotFoundError:
            if os.path.lexists(place):
                raise WriteError(place, "is a link that leads nowhere") from None
            continue
        except NotADirectoryError:
            continue
        return place
    return Path()


def check_writable(folder: Path) -> None:
    """Raise `WriteError` unless the folder can be written to, or made.

    Something is made there and removed again: permissions do not tell of immutable folders,
    read-only mounts or full disks.
    """
    _check_folder(folder)
    existing = _first_existing(folder)
    try:
        if existing == folder:
            with OutputGroup() as group:
                with group.open(folder / "trial") as (out, _):
                    out.write(b"\0")
                group.discard()
        else:
            os.rmdir(tempfile.mkdtemp(prefix=".bgviewer-", dir=existing))
    except WriteError as error:
        raise WriteError(folder, error.reason) from error
    except OSError as exc:
        raise WriteError(folder, f"cannot be made: {reason_of(exc)}") from exc


def tried_again(exposure: int, earlier: ExportReport | None) -> bool:
    """Whether an exposure is worked on: all at first, then those that failed."""
    return earlier is None or earlier.outcomes[exposure].status == "failed"
