"""Accepting or refusing matches by the limits that are set (SPEC section 9)."""

from __future__ import annotations

from bgviewer.engine.acceptance import (
    LIMITS,
    AcceptanceLimits,
    Verdict,
    judge_match,
    judge_outcome,
    overlap_problem,
)

__all__ = [
    "LIMITS",
    "AcceptanceLimits",
    "Verdict",
    "judge_match",
    "judge_outcome",
    "overlap_problem",
]
