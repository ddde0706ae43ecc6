"""A sweep made ready for the eye: heat map, curves, summary, and as text for a spreadsheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.config import GRID_STATISTICS, MatchConfig
from bgviewer.engine.scores import Score
from bgviewer.engine.sweeping import Candidate, SweepCell, SweepSpace, best_of, recommended_of
from bgviewer.io.text import no_formula
from bgviewer.io.units import squared

__all__ = [
    "Curve",
    "HeatCell",
    "HeatMap",
    "Summary",
    "curves_through",
    "expected_error",
    "heat_map",
    "summary_of",
    "sweep_tsv",
]

Array = NDArray[np.float64]
_LEAST_SPAN = 1.05  # between the colours' ends: less is no difference worth a colour


@dataclass(frozen=True, eq=False)
class HeatCell:
    """One combination in the map.

    Attributes
    ----------
    candidate : Candidate
    swept : SweepCell or None
        None = it has not come yet.
    shade : float
        0 (lowest held-out error) to 1 (highest), even in its logarithm; NaN without a score.
    error : float
        Expected error of the model in the pixel unit; where the score is not clearly above zero,
        the limit that it is below.
    is_limit : bool
        Whether `error` is such a limit.
    best, choice, current : bool
        Lowest score, recommended, set at present (but for cellCentroids).
    exact : bool
        Whether it is `current` with cellCentroids too.
    """

    candidate: Candidate
    swept: SweepCell | None = None
    shade: float = math.nan
    error: float = math.nan
    is_limit: bool = False
    best: bool = False
    choice: bool = False
    current: bool = False
    exact: bool = False


@dataclass(frozen=True, eq=False)
class HeatMap:
    """All combinations, a row for each binning and a column for each model."""

    rows: tuple[tuple[int, str], ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[HeatCell, ...], ...]

    @property
    def statistics(self) -> int:
        """Number of grid statistics in the rows."""
        return len({statistic for _, statistic in self.rows})


@dataclass(frozen=True)
class Summary:
    """What a sweep says in short: recommended, best, and LSST's default where it was tried."""

    choice: SweepCell | None
    best: SweepCell | None
    default: SweepCell | None
    current: SweepCell | None


@dataclass(frozen=True, eq=False)
class Curve:
    """Scores along one line through the map, as roots that keep their sign, in the pixel unit.

    Attributes
    ----------
    names : tuple of str
        Of all places along the line.
    at : ndarray of int
        Places that have a score; the arrays below belong to them.
    held_out, low, high : ndarray float64
        Held-out score, and that less and plus its standard error.
    training : ndarray float64
    top : float
        Where the axis may end: what lies far above the best says no more.
    here : int or None
        Place of the setting that the line was drawn through.
    """

    names: tuple[str, ...]
    at: NDArray[np.intp]
    held_out: Array
    low: Array
    high: Array
    training: Array
    top: float
    here: int | None


def expected_error(score: Score) -> tuple[float, bool]:
    """Return the root of a score; where it is within its error of 0, the root of the limit."""
    if score.value > score.error or not math.isfinite(score.error):
        return math.sqrt(max(score.value, 0.0)), False
    return math.sqrt(max(score.value, 0.0) + score.error), True


def heat_map(
    space: SweepSpace, cells: Sequence[SweepCell], current: Candidate | None = None
) -> HeatMap:
    """Return the map of a space with the cells that have come."""
    known = {c.candidate: c for c in cells}
    here = None if current is None else replace(current, cell_centroids=space.cell_centroids)
    best, choice = best_of(cells), recommended_of(cells)
    errors = {c.candidate: expected_error(c.score) for c in cells if c.score is not None}
    shades = _shades({k: e for k, (e, _) in errors.items()})

    def one(candidate: Candidate) -> HeatCell:
        swept = known.get(candidate)
        error, is_limit = errors.get(candidate, (math.nan, False))
        return HeatCell(
            candidate,
            swept,
            shades.get(candidate, math.nan),
            error,
            is_limit,
            best=swept is not None and swept is best,
            choice=swept is not None and swept is choice,
            current=candidate == here,
            exact=candidate == current,
        )

    statistics = sorted(space.grid_statistics, key=GRID_STATISTICS.index)
    rows = tuple((s, g) for g in statistics for s in sorted(space.bin_sizes, reverse=True))
    table = tuple(tuple(one(c) for c in space.row(*row)) for row in rows)
    return HeatMap(rows, tuple(c.model for c in space.row(*rows[0])), table)


def _shades(errors: dict[Candidate, float]) -> dict[Candidate, float]:
    positive = [e for e in errors.values() if e > 0]
    if not positive:
        return dict.fromkeys(errors, 0.0)
    low, high = min(positive), max(positive)
    span = math.log(max(high / low, _LEAST_SPAN))
    return {k: math.log(max(e, low) / low) / span for k, e in errors.items()}


def summary_of(cells: Sequence[SweepCell], current: Candidate | None = None) -> Summary:
    """Return what is recommended and what to hold it against."""
    known = {c.candidate: c for c in cells}
    default = known.get(Candidate.of(MatchConfig()))
    here = None if current is None else known.get(current)
    return Summary(recommended_of(cells), best_of(cells), default, here)


def curves_through(
    space: SweepSpace, cells: Sequence[SweepCell], through: Candidate, along: str
) -> Curve:
    """Return scores along binSize, or along the models of one binning.

    Parameters
    ----------
    along : {"bin_size", "model"}
    """
    if along == "bin_size":
        line = [replace(through, bin_size=s) for s in sorted(space.bin_sizes, reverse=True)]
        names = [str(c.bin_size) for c in line]
    else:
        line = list(space.row(through.bin_size, through.grid_statistic))
        names = [c.model for c in line]
    known = {c.candidate: c for c in cells}
    scored = [
        (i, c.score, c.training)
        for i, candidate in enumerate(line)
        if (c := known.get(candidate)) is not None
        and c.score is not None
        and c.training is not None
    ]
    held = np.array([s.value for _, s, _ in scored])
    error = np.nan_to_num(np.array([s.error for _, s, _ in scored]))
    training = np.array([t.value for _, _, t in scored])
    best = best_of(cells)
    top = math.inf
    if best is not None and best.score is not None and len(held):
        reach = 6.0 * max(expected_error(best.score)[0], math.sqrt(abs(float(held.min()))))
        top = min(float(_root(held + error).max()), reach)
    return Curve(
        tuple(names),
        np.array([i for i, _, _ in scored], dtype=np.intp),
        _root(held),
        _root(held - error),
        _root(held + error),
        _root(training),
        top,
        line.index(through) if through in line else None,
    )


def _root(values: Array) -> Array:
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)), dtype=np.float64)


def sweep_tsv(space: SweepSpace, cells: Sequence[SweepCell], unit: str = "") -> str:
    """Return all cells as a table for a spreadsheet: tabs between columns, one line a cell."""
    of, square = (f" [{unit}]", f" [{squared(unit)}]") if unit else ("", "")
    best, choice = best_of(cells), recommended_of(cells)
    head = ["binSize", "model", "gridStatistic", "free numbers", f"held-out score{square}"]
    head += [f"standard error{square}", f"held-out error{of}", f"training score{square}"]
    lines = ["\t".join([*head, "mark", "remark"])]
    known = {c.candidate: c for c in cells}
    for candidate in space.candidates:
        cell = known.get(candidate)
        row = [str(candidate.bin_size), candidate.model, candidate.grid_statistic]
        if cell is None or cell.score is None or cell.training is None:
            reason = "not tried yet" if cell is None else cell.reason
            lines.append(
                "\t".join([*row, "", "", "", "", "", "", no_formula(" ".join(reason.split()))])
            )
            continue
        marks = [w for w, c in (("recommended", choice), ("lowest score", best)) if cell is c]
        numbers = (cell.score.value, cell.score.error, cell.error_rms, cell.training.value)
        row += [str(cell.freedom), *(f"{n:.6g}" for n in numbers)]
        lines.append("\t".join([*row, ", ".join(marks), no_formula(cell.note)]))
    return "\n".join(lines) + "\n"
