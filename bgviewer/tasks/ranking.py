"""Ranking a stack: the engine's cost, of what can be an exposure of the sky."""

from __future__ import annotations

from collections.abc import Sequence

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.ranking import Measurement, Ranking, rank_exposures

__all__ = ["NO_SCATTER", "is_map", "rank_candidates"]

NO_SCATTER = (
    "neighbouring pixels do not scatter: probably a mask, weight or coverage map or a constant, "
    "not an exposure; it is never recommended as the reference"
)
"""Why an exposure that was measured is no candidate."""


def is_map(measured: Measurement | None) -> bool:
    """Whether a file was measured and looks like a map that belongs to an exposure."""
    return measured is not None and measured.coverage > 0 and not measured.has_scatter


def rank_candidates(
    measurements: Sequence[Measurement | None], config: MatchConfig | None = None
) -> Ranking:
    """Rank as `rank_exposures`, without what has no pixel scatter.

    Such files get the cost NaN. They do not count in the terms of the others either: the level of
    a weight map of 1e6 would make every other level term 0. Where nothing else can be ranked all
    are, as LSST does.

    Raises
    ------
    NoReferenceError
        When there are no exposures, or none has a cost.
    """
    if any(m is not None and m.coverage > 0 and m.has_scatter for m in measurements):
        measurements = [None if is_map(m) else m for m in measurements]
    return rank_exposures(measurements, config)
