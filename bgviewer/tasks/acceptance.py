"""The acceptance rule of the era: which matched exposures a co-add would keep (SPEC section 9)."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["AcceptanceLimits", "Verdict", "judge_match"]


@dataclass(frozen=True)
class AcceptanceLimits:
    """Largest figures that are still accepted.

    Attributes
    ----------
    mse_ratio : float
        Of matchedMSE / diffImVar.
    fit_rms : float
        Of fitRMS, in the pixel unit.
    """

    mse_ratio: float = 1.1
    fit_rms: float = 1.0

    def __post_init__(self) -> None:
        for name in ("mse_ratio", "fit_rms"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a positive number, not {value}")


@dataclass(frozen=True)
class Verdict:
    """Whether a match is accepted, and the reason where it is not."""

    accepted: bool
    reason: str = ""


def judge_match(
    fit_rms: float | None, ratio: float | None, limits: AcceptanceLimits | None = None
) -> Verdict:
    """Accept or refuse a match by its figures; None = there is no model, or no ratio."""
    limits = limits or AcceptanceLimits()
    if fit_rms is None:
        return Verdict(False, "no model")
    reasons = []
    if ratio is None or not math.isfinite(ratio):
        reasons.append("MSE/var is not finite")
    elif ratio > limits.mse_ratio:
        reasons.append(f"MSE/var {ratio:.3g} > {limits.mse_ratio:g}")
    if not fit_rms <= limits.fit_rms:
        reasons.append(f"fitRMS {fit_rms:.3g} > {limits.fit_rms:g}")
    return Verdict(not reasons, "; ".join(reasons))
