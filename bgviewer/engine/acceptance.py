"""LSST's criterion of the era: which matched exposures its co-adder would keep (SPEC section 9).

It is reported under that name and is no verdict: fitRMS of a spline says whether binSize divides
the side of the image, and matchedMSE drowns in pixel noise.  Whether a match is good is said by
`bgviewer.engine.verdict`.

The limits are declared as options are; window, settings file and reports read the declaration.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from bgviewer.engine.options import Option, option
from bgviewer.engine.relation import as_compared

__all__ = [
    "LIMITS",
    "AcceptanceLimits",
    "Criterion",
    "criterion_of",
    "lsst_criterion",
    "overlap_problem",
]

_LARGEST = 1e9


@dataclass(frozen=True)
class AcceptanceLimits:
    """Figures that are still accepted; LSST's names in files are those of its co-adder.

    Attributes
    ----------
    mse_ratio : float
        Of matchedMSE / diffImVar.
    fit_rms : float
        Of fitRMS, in the pixel unit.
    min_overlap : float
        Smallest share, 0 to 1, of an exposure's good pixels that lie on good pixels of the
        reference; with less the exposure is a failure.

    Raises
    ------
    ConfigError
        When a limit is out of its range.
    """

    mse_ratio: float = option(
        1.1,
        lsst_name="maxMatchResidualRatio",
        kind="float",
        stage="acceptance",
        group="acceptance",
        card="",
        minimum=1e-9,
        maximum=_LARGEST,
        step=0.1,
        lsst=False,
        help="Largest matchedMSE / diffImVar of an exposure that a co-add would keep.",
        example="At 1.1 an exposure is refused once what is left after the match has 10 % more "
        "variance than its pixel noise.",
    )
    fit_rms: float = option(
        1.0,
        lsst_name="maxMatchResidualRMS",
        kind="float",
        stage="acceptance",
        group="acceptance",
        card="",
        minimum=1e-9,
        maximum=_LARGEST,
        step=0.1,
        lsst=False,
        help="Largest fitRMS, in the exposures' unit, of an exposure that a co-add would keep.",
        example="At 1 an exposure whose bins lie 1.3 counts off the model is refused; in nJy or "
        "other small units the limit wants to be set anew.",
    )

    min_overlap: float = option(
        0.3,
        lsst_name="minOverlap",
        kind="float",
        stage="acceptance",
        group="acceptance",
        card="",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
        lsst=False,
        help="Smallest share of an exposure's good pixels that lie on good pixels of the "
        "reference; an exposure with less has failed.",
        example="At 0.3 a neighbouring patch that shares 5 % of its pixels with the reference is "
        "a failure: over the other 95 % its model would only be continued.",
    )

    def __post_init__(self) -> None:
        for opt in LIMITS.values():
            object.__setattr__(self, opt.name, opt.check(getattr(self, opt.name)))


LIMITS: dict[str, Option] = {
    f.name: Option(name=f.name, default=f.default, **f.metadata["option"])
    for f in dataclasses.fields(AcceptanceLimits)
}


@dataclass(frozen=True)
class Criterion:
    """Whether a match meets LSST's criterion, and which limit it misses, in full and in a word."""

    met: bool
    reason: str = ""
    short: str = ""

    @property
    def text(self) -> str:
        """The same in words."""
        return "met" if self.met else f"not met: {self.reason}"


def lsst_criterion(
    fit_rms: float, ratio: float | None, limits: AcceptanceLimits | None = None
) -> Criterion:
    """Hold the figures of a match against LSST's limits; ratio None = it is not known."""
    limits = limits or AcceptanceLimits()
    reasons = {}
    if ratio is None or not math.isfinite(ratio):
        reasons["MSE/var"] = "MSE/var is not finite"
    elif ratio > limits.mse_ratio:
        reasons["MSE/var"] = "MSE/var {} > {}".format(*as_compared(ratio, limits.mse_ratio))
    if not fit_rms <= limits.fit_rms:
        reasons["fitRMS"] = "fitRMS {} > {}".format(*as_compared(fit_rms, limits.fit_rms))
    short = "both" if len(reasons) > 1 else "".join(reasons)
    return Criterion(not reasons, "; ".join(reasons.values()), short)


def overlap_problem(share: float | None, limits: AcceptanceLimits | None = None) -> str:
    """Return why an exposure with this overlap has failed; empty where it has enough.

    Parameters
    ----------
    share : float or None
        Of its good pixels that lie on good pixels of the reference; None and NaN are not judged.
    """
    least = (limits or AcceptanceLimits()).min_overlap
    if share is None or math.isnan(share) or share >= least:
        return ""
    few, enough = as_compared(100 * share, 100 * least)
    return (
        f"only {few} % of its good pixels lie on good pixels of the reference; at least {enough} % "
        "are required (minOverlap). Choose another reference or set --min-overlap"
    )


def criterion_of(outcome: Any, limits: AcceptanceLimits | None = None) -> Criterion | None:
    """Hold what became of an exposure against LSST's limits; None where there is no match.

    Parameters
    ----------
    outcome : object
        With ``status``, ``fit_rms`` and ``ratio`` as ``tasks.match.MatchOutcome`` has them.
    """
    if outcome.status != "matched" or outcome.fit_rms is None:
        return None
    return lsst_criterion(outcome.fit_rms, outcome.ratio, limits)
