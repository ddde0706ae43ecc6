"""Timing of two things alternately, so that a noisy machine disturbs both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line of a table.

    `ours` and `peer` are medians in `unit`; `ratio` is what is held against `target`.
    """

    group: str
    name: str
    ours: float
    peer: float | None
    ratio: float
    target: float
    unit: str = "s"
    peer_name: str = "S"
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(
    ours: Callable[[], object],
    peer: Callable[[], object],
    repeats: int,
    before: Callable[[], object] | None = None,
) -> tuple[float, float]:
    """Return the median seconds of both, run alternately after one warming run each."""
    if before is not None:
        before()
    ours()
    peer()
    mine, theirs = [], []
    for _ in range(repeats):
        if before is not None:
            before()
        theirs.append(seconds(peer))
        if before is not None:
            before()
        mine.append(seconds(ours))
    return statistics.median(mine), statistics.median(theirs)


def row(
    group: str,
    name: str,
    target: float,
    ours: Callable[[], object],
    peer: Callable[[], object],
    repeats: int = 7,
    peer_name: str = "S",
    note: str = "",
) -> Row:
    mine, theirs = compare(ours, peer, repeats)
    return Row(group, name, mine, theirs, mine / theirs, target, peer_name=peer_name, note=note)
