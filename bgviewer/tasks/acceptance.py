"""LSST's criterion with the limits that are set (SPEC section 9)."""

from __future__ import annotations

from bgviewer.engine.acceptance import (
    LIMITS,
    AcceptanceLimits,
    Criterion,
    criterion_of,
    lsst_criterion,
    overlap_problem,
)

__all__ = [
    "LIMITS",
    "AcceptanceLimits",
    "Criterion",
    "criterion_of",
    "lsst_criterion",
    "overlap_problem",
]
