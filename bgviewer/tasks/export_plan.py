"""What is asked of an export, the files it will write, and what it tells afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.sweeping import Chosen
from bgviewer.errors import ConfigError, WriteError
from bgviewer.io.choices import COMPRESSIONS, REPORT_FORMATS, SIGNS
from bgviewer.io.companions import companion_names, is_copy
from bgviewer.io.stack import ExposureStack, StackEntry
from bgviewer.io.write import check_target
from bgviewer.tasks.acceptance import AcceptanceLimits
from bgviewer.tasks.match import MatchOutcome, check_included

__all__ = [
    "ExportPlan",
    "ExportReport",
    "ExportRequest",
    "check_targets",
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
    """Files an export would write: id of an exposure -> target; reports and settings apart."""

    matched: dict[int, Path]
    backgrounds: dict[int, Path]
    report: Path
    settings: Path
    lists: dict[int, Path] = field(default_factory=dict)
    more_reports: tuple[Path, ...] = ()
    companions: dict[int, tuple[tuple[Path, Path], ...]] = field(default_factory=dict)

    @property
    def reports(self) -> tuple[Path, ...]:
        """The report in all of its formats."""
        return (self.report, *self.more_reports)

    @property
    def paths(self) -> tuple[Path, ...]:
        """All targets."""
        return (*self.exposures, *self.reports, self.settings)

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
    """

    outcomes: tuple[MatchOutcome, ...]
    reference: int
    directory: Path
    config: MatchConfig
    written: tuple[Path, ...]
    problem: str | None = None
    limits: AcceptanceLimits = field(default_factory=AcceptanceLimits)

    @property
    def n_matched(self) -> int:
        """Science exposures that were matched."""
        return sum(o.status == "matched" for o in self.outcomes)

    @property
    def n_failed(self) -> int:
        """Exposures that failed."""
        return sum(o.status == "failed" for o in self.outcomes)


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
    matched, backgrounds, lists = {}, {}, {}
    for entry in (e for e in _included(request) if tried_again(e.id, earlier)):
        is_reference = entry.identity == identity
        if not is_reference or request.include_reference:
            matched[entry.id] = folder / f"{entry.output_stem}_matched.fits"
        if not is_reference and request.backgrounds:
            backgrounds[entry.id] = folder / f"{entry.output_stem}_background.fits"
        if not is_reference and request.background_list is not None:
            kind = SIGNS[request.background_list][1]
            lists[entry.id] = folder / f"{entry.output_stem}_{kind}.fits"
    report, *more = _reports(request)
    companions = {i: _companions(request.stack[i], target) for i, target in matched.items()}
    plan = ExportPlan(
        matched, backgrounds, report, folder / CONFIG_NAME, lists, tuple(more), companions
    )
    there = {
        target for pairs in companions.values() for path, target in pairs if is_copy(path, target)
    }
    paths = plan.paths if earlier is None else plan.exposures
    _check_paths(request, [path for path in paths if path not in there])
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
    _check_paths(request, [*certain, *_reports(request), folder / CONFIG_NAME])


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
    if folder.exists() and not folder.is_dir():
        raise WriteError(folder, "is a file; choose a folder to write to", id="E_WRITE")
    existing = folder
    while not existing.exists():
        existing = existing.parent
    if not os.access(existing, os.W_OK | os.X_OK):
        raise WriteError(folder, "the folder cannot be written to", id="E_WRITE")


def tried_again(exposure: int, earlier: ExportReport | None) -> bool:
    """Whether an exposure is worked on: all at first, then those that failed."""
    return earlier is None or earlier.outcomes[exposure].status == "failed"
