"""What the window shows, as frozen values; the session swaps them, the widgets read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.matching import Model
from bgviewer.engine.ranking import Measurement, Ranking
from bgviewer.engine.verdict import Verdict, failed_verdict
from bgviewer.errors import ConfigError, Remedy
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.acceptance import AcceptanceLimits, overlap_problem
from bgviewer.tasks.exposure_warnings import stack_warnings
from bgviewer.tasks.overview import ResidualMap
from bgviewer.tasks.pace import Pace
from bgviewer.tasks.picture import Picture
from bgviewer.tasks.plan import StackPlan
from bgviewer.tasks.show import THIRD_VIEWS, Shown

__all__ = [
    "LEVELS",
    "JobState",
    "MatchState",
    "Notice",
    "Outcome",
    "Readout",
    "SkyPosition",
    "StackState",
    "State",
    "Wishes",
]


LEVELS = ("error", "warning", "info")
"""Levels of a notice, the most severe first."""


@dataclass(frozen=True)
class Notice:
    """One sentence for the notice bar.

    Attributes
    ----------
    level : {"error", "warning", "info"}
    action : str
        Name of the action that mends it, for a button beside the text.
    topic : str
        What it is about; a newer notice of the same topic replaces it.
    """

    level: str
    text: str
    details: str = ""
    action: str = ""
    topic: str = ""


@dataclass(frozen=True)
class JobState:
    """Work that is going on.

    Attributes
    ----------
    kind : {"load", "measure", "match_all", "export", "demo", "coadd"}
    fraction : float or None
        0..1, or None when it is not known.
    pace : Pace or None
        How many exposures are finished, of work that goes through them.
    waiting, running : frozenset of int
        Exposures that it has not begun, and those it is at.
    """

    kind: str
    title: str
    fraction: float | None = None
    text: str = ""
    pace: Pace | None = None
    waiting: frozenset[int] = frozenset()
    running: frozenset[int] = frozenset()


@dataclass(frozen=True)
class StackState:
    """The exposures, how they were measured and how they rank.

    `stack` ignores the regions of the plan; other regions make another stack object.  `excluded`
    holds the ids that the plan leaves out: they are measured but have no cost.
    """

    stack: ExposureStack = field(repr=False)
    measurements: tuple[Measurement | None, ...]
    reasons: tuple[str | None, ...]
    ranking: Ranking | None
    ranking_problem: str = ""
    excluded: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.stack.entries)

    def usable(self, exposure: int) -> bool:
        """Whether the exposure has good pixels, so that matching it makes sense."""
        measured = self.measurements[exposure]
        return measured is not None and measured.coverage > 0

    @property
    def warnings(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Name of every exposure and what the user is told about it."""
        return stack_warnings(self.stack.entries, self.measurements)

    def takes_part(self, exposure: int) -> bool:
        """Whether the exposure is usable and not excluded."""
        return self.usable(exposure) and exposure not in self.excluded


@dataclass(frozen=True)
class Outcome:
    """What is known of matching one exposure.

    Attributes
    ----------
    status : {"matched", "failed"}
    key : tuple
        Settings (`match_key`), regions and reference id that gave it; others make it stale.
    residuals : ResidualMap or None
        For the overview.
    model : Model or None
        For the co-add.
    warnings : tuple of str
        What the user is told about the exposure.
    overlap : float or None
        Share, 0 to 1, of its good pixels that lie on good pixels of the reference.
    told : Verdict or None
        That of the match; `verdict` knows of failures too.
    """

    status: str
    reason: str
    fit_rms: float | None
    ratio: float | None
    adjustments: tuple[str, ...]
    key: tuple[Any, ...]
    residuals: ResidualMap | None = field(default=None, repr=False, compare=False)
    model: Model | None = field(default=None, repr=False, compare=False)
    warnings: tuple[str, ...] = ()
    overlap: float | None = None
    told: Verdict | None = field(default=None, repr=False)

    @property
    def verdict(self) -> Verdict | None:
        """The verdict of the match; None while it is being found."""
        return failed_verdict(self.reason) if self.status == "failed" else self.told

    def judged(self, limits: AcceptanceLimits) -> Outcome:
        """Return the outcome under these limits: a failure where the overlap is too small."""
        problem = overlap_problem(self.overlap, limits) if self.status == "matched" else ""
        return replace(self, status="failed", reason=problem) if problem else self


@dataclass(frozen=True)
class MatchState:
    """The pair in the panels.

    Attributes
    ----------
    shown : Shown or None
        The last match that could be made; it names its own pair and settings.
    working : bool
        Whether a newer one is being made.
    withheld : str
        Why `shown` is not what was asked for (it is dimmed then), or an empty string.
    remedies : tuple of Remedy
        What would mend it, best first.
    preview : Picture or None
        The third view alone, of a pair that was never matched.
    """

    shown: Shown | None = None
    working: bool = False
    withheld: str = ""
    remedies: tuple[Remedy, ...] = ()
    preview: Picture | None = None


@dataclass(frozen=True)
class SkyPosition:
    """A celestial position as text.

    Attributes
    ----------
    names, values : (str, str)
        Of longitude and latitude, such as ("RA", "Dec") and ("10:05:12.34", "+02:13:14.5").
    frame : str
        Name of the frame; empty for ICRS and FK5 J2000.
    """

    names: tuple[str, str]
    values: tuple[str, str]
    frame: str = ""

    @property
    def text(self) -> str:
        """Both values with the frame and, where they are not RA and Dec, with their names."""
        usual = self.names == ("RA", "Dec")
        pairs = zip(self.names, self.values, strict=True)
        values = self.values if usual else [f"{name} {value}" for name, value in pairs]
        return " ".join([*values, *([f"({self.frame})"] if self.frame else [])])


@dataclass(frozen=True)
class Readout:
    """Values under the cursor; None = no value there.

    Attributes
    ----------
    x, y : float
        Parent pixels.
    sky : SkyPosition or None
        None where the exposure has no celestial coordinates.
    """

    x: float
    y: float
    sky: SkyPosition | None = None
    reference: float | None = None
    science: float | None = None
    difference: float | None = None
    model: float | None = None
    matched: float | None = None
    residual: float | None = None
    planes: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class Wishes:
    """What a person has set, and undo brings back: no results, nothing of looking.

    Attributes
    ----------
    config : MatchConfig
        Settings that all exposures share, the weights among them.
    plan : StackPlan
        Exclusions, regions, settings of single exposures.
    reference : int or None
        Id of the reference; None without a stack.
    """

    config: MatchConfig
    plan: StackPlan
    reference: int | None


@dataclass(frozen=True)
class State:
    """Everything the window shows."""

    config: MatchConfig = field(default_factory=MatchConfig)
    plan: StackPlan = field(default_factory=StackPlan)
    problems: Mapping[str, ConfigError] = field(default_factory=dict)
    stack: StackState | None = None
    reference: int | None = None
    science: int | None = None
    third: str = THIRD_VIEWS[0]
    match: MatchState = field(default_factory=MatchState)
    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    job: JobState | None = None

    @property
    def wishes(self) -> Wishes:
        """What a person has set."""
        return Wishes(self.config, self.plan, self.reference)
