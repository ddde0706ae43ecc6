"""What the ranking table knows of each exposure, gathered once per change."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bgviewer.engine.verdict import Verdict
from bgviewer.session.session import Session
from bgviewer.session.state import StackState
from bgviewer.tasks.plan import own_text
from bgviewer.tasks.ranking import NO_SCATTER

__all__ = ["RankingRow", "rows_of"]


@dataclass(frozen=True)
class RankingRow:
    """One exposure as the table shows it.

    Attributes
    ----------
    name : str
    is_reference : bool
    state : str
        Status word: failed, excluded, reference, waiting, running, not matched, matched, outdated,
        settings.
    remark : str
        The reason or remark that goes with it.
    reason : str
        Why the exposure failed, without its name; an empty string where it did not.
    weighted : (float, float, float) or None
        Weighted terms variance, level, coverage; None where there is no cost.
    cost : float
        NaN where there is none.
    fit_rms, ratio : float or None
        Figures of its match.
    verdict : Verdict or None
        Of its match; None for the reference, before the match and while it is being found.
    own : str
        Settings it alone has, as ``order=3``; an empty string without any.
    warnings : tuple of str
        What the user is told about its file, its mask and its place in the stack.
    """

    name: str
    is_reference: bool
    state: str
    remark: str
    reason: str
    weighted: tuple[float, float, float] | None
    cost: float | None
    fit_rms: float | None
    ratio: float | None
    verdict: Verdict | None = None
    own: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def reason_from(self) -> str:
        """The column from which the reason fills the row: those that would be empty anyhow."""
        if not self.reason:
            return ""
        return "fit_rms" if self.weighted is not None else "cost"


def rows_of(session: Session) -> tuple[RankingRow, ...]:
    """Gather the rows of a session's state."""
    stack = session.state.stack
    if stack is None:
        return ()
    warnings = stack.warnings
    return tuple(_row(session, stack, i, warnings[i][1]) for i in range(len(stack)))


def _row(session: Session, stack: StackState, row: int, warnings: tuple[str, ...]) -> RankingRow:
    reference = session.is_reference(row)
    state, remark = _state(session, stack, row, reference)
    outcome, current = session.outcome(row)
    more = outcome.warnings if outcome is not None and current else ()
    figures = None if outcome is None or reference else outcome
    told = state == "failed" or (remark == NO_SCATTER and figures is None)
    cost = math.nan if stack.ranking is None else float(stack.ranking.cost[row])
    return RankingRow(
        name=stack.stack.entries[row].name,
        is_reference=reference,
        state=state,
        remark=remark,
        reason=_reason(stack, row, remark) if told else "",
        weighted=_weighted(stack, row),
        cost=cost if math.isfinite(cost) else None,
        fit_rms=None if figures is None else figures.fit_rms,
        ratio=None if figures is None else figures.ratio,
        verdict=None if figures is None else figures.verdict,
        own=own_text(session.state.plan, stack.stack.entries[row].name),
        warnings=tuple(dict.fromkeys((*warnings, *more))),
    )


def _state(session: Session, stack: StackState, row: int, reference: bool) -> tuple[str, str]:
    entry = stack.stack.entries[row]
    if row in stack.excluded:
        return "excluded", ""
    if not stack.usable(row):
        problem = str(entry.problem) if entry.problem is not None else ""
        return "failed", stack.reasons[row] or problem
    if reference:
        return "reference", ""
    job = session.state.job
    if job is not None and row in job.running:
        return "running", ""
    if job is not None and row in job.waiting:
        return "waiting", ""
    outcome, current = session.outcome(row)
    if session.held_back():
        return "settings", session.held_back()
    seen = stack.reasons[row] or ""
    if outcome is None or (outcome.status == "failed" and not current):
        return "not matched", seen
    remark = outcome.reason or "\n".join((*outcome.adjustments, *filter(None, (seen,))))
    return (outcome.status if current else "outdated"), remark


def _reason(stack: StackState, row: int, text: str) -> str:
    entry = stack.stack.entries[row]
    for name in (str(entry.path), entry.name):
        text = text.removeprefix(f"{name}: ")
    return " ".join(text.split())


def _weighted(stack: StackState, row: int) -> tuple[float, float, float] | None:
    if stack.ranking is None:
        return None
    variance, level, coverage = (float(v) for v in stack.ranking.terms.weighted[row])
    known = math.isfinite(variance + level + coverage)
    return (variance, level, coverage) if known else None
