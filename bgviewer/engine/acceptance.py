"""The acceptance rule of the era: which matched exposures a co-add would keep (SPEC section 9).

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
    "Verdict",
    "judge_match",
    "judge_outcome",
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
class Verdict:
    """Whether a match is accepted, and the reason where it is not, in full and in a word."""

    accepted: bool
    reason: str = ""
    short: str = ""

    @property
    def text(self) -> str:
        """The verdict in words."""
        return "accepted" if self.accepted else f"not accepted: {self.reason}"


def judge_match(
    fit_rms: float | None, ratio: float | None, limits: AcceptanceLimits | None = None
) -> Verdict:
    """Accept or refuse a match by its figures; None = there is no model, or no ratio."""
    limits = limits or AcceptanceLimits()
    if fit_rms is None:
        return Verdict(False, "no model", "no model")
    reasons = {}
    if ratio is None or not math.isfinite(ratio):
        reasons["MSE/var"] = "MSE/var is not finite"
    elif ratio > limits.mse_ratio:
        reasons["MSE/var"] = "MSE/var {} > {}".format(*as_compared(ratio, limits.mse_ratio))
    if not fit_rms <= limits.fit_rms:
        reasons["fitRMS"] = "fitRMS {} > {}".format(*as_compared(fit_rms, limits.fit_rms))
    short = "both" if len(reasons) > 1 else "".join(reasons)
    return Verdict(not reasons, "; ".join(reasons.values()), short)


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


def judge_outcome(outcome: Any, limits: AcceptanceLimits | None = None) -> Verdict | None:
    """Judge what became of an exposure; None for a reference and for what was left out.

    Parameters
    ----------
    outcome : object
        With ``status``, ``fit_rms``, ``ratio`` and ``overlap`` as ``tasks.match.MatchOutcome``
        has them.
    """
    if outcome.status not in ("matched", "failed"):
        return None
    limits = limits or AcceptanceLimits()
    share = getattr(outcome, "overlap", None)
    if share is not None and overlap_problem(share, limits):
        few, enough = as_compared(100 * share, 100 * limits.min_overlap)
        return Verdict(False, f"overlap {few} % < {enough} %", "overlap")
    fit_rms = outcome.fit_rms if outcome.status == "matched" else None
    return judge_match(fit_rms, outcome.ratio, limits)
