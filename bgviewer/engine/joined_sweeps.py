"""Sweeps of several pairs as one: which setting is right for all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bgviewer.engine.scores import joined_rows
from bgviewer.engine.sweeping import SweepCell

__all__ = ["joined_sweeps"]


def joined_sweeps(sweeps: Sequence[Sequence[SweepCell]]) -> tuple[SweepCell, ...]:
    """Return each candidate over all sweeps of the same space, each sweep counting alike.

    A candidate is valid where it is valid in all of them.
    """
    if not sweeps:
        return ()
    known = [{c.candidate: c for c in cells} for cells in sweeps]
    rows = [[found[c.candidate] for found in known] for c in sweeps[0]]
    valid = [row for row in rows if all(c.valid for c in row)]
    scores = iter(joined_rows([[c.score for c in row if c.score] for row in valid]))
    trained = iter(joined_rows([[c.training for c in row if c.training] for row in valid]))
    return tuple(
        SweepCell(
            row[0].candidate,
            score=next(scores),
            training=next(trained),
            freedom=max(c.freedom for c in row),
            note="; ".join(dict.fromkeys(c.note for c in row if c.note)),
            hidden=_worst(c.hidden for c in row),
            veto=_vetoes(row),
        )
        if all(c.valid for c in row)
        else _impossible(row)
        for row in rows
    )


def _worst(errors: Iterable[float]) -> float:
    """Return the largest that is known; NaN without any."""
    return max((e for e in errors if not math.isnan(e)), default=math.nan)


def _vetoes(row: Sequence[SweepCell]) -> str:
    bad = [c.veto for c in row if c.veto]
    return f"for {len(bad)} of {len(row)} exposures: {bad[0]}" if bad else ""


def _impossible(row: Sequence[SweepCell]) -> SweepCell:
    bad = [c for c in row if not c.valid]
    reason = f"not possible for {len(bad)} of {len(row)} exposures: {bad[0].reason}"
    return SweepCell(row[0].candidate, reason)
