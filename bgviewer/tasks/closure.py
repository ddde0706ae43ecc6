"""Closure of a stack: what is left between exposures that were matched to one reference.

It compares exposures with one another.  Structure of the reference is matched into every exposure,
cancels in each of these differences and stays in the co-add: closure tells nothing about it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.closure import LeftOver, good_image, left_over, step_for
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.extent import Extent, laid_into
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.io.stack import StackEntry
from bgviewer.tasks.diagnostic import ABOVE, UNKNOWN, state_of
from bgviewer.tasks.match import MatchOutcome, match_entry, reference_outcome
from bgviewer.tasks.overlap_graph import ConsistencyRequest, included_entries, planned_stack

__all__ = ["CLOSED", "NEARLY", "Closure", "ClosurePair", "Look", "check_closure"]

CLOSED, NEARLY = 2.0, 4.0
"""Times what is expected of a pair up to which it is as expected, and times its noise alone."""
_NOTHING = 1e-12

Look = Callable[[StackEntry, MatchResult], None]


@dataclass(frozen=True)
class ClosurePair:
    """Two matched exposures over the pixels that both have.

    Attributes
    ----------
    first, second : int
        Ids.
    names : (str, str)
    left : LeftOver
        first - second, after both were matched.
    expected : float
        What noise and the two fits' own residuals let expect of `left.smooth`.
    """

    first: int
    second: int
    names: tuple[str, str]
    left: LeftOver
    expected: float

    @property
    def ratio(self) -> float:
        """The smooth difference over what is expected; NaN without either."""
        return self.left.smooth / max(self.expected, _NOTHING)

    @property
    def state(self) -> str:
        """Whether it is more than expected: one of `bgviewer.tasks.diagnostic.STATES`."""
        return UNKNOWN if math.isnan(self.ratio) else state_of(self.ratio > CLOSED)


@dataclass(frozen=True, eq=False)
class Closure:
    """What is left between all pairs after matching to one reference.

    Attributes
    ----------
    reference : int
        Its id.
    ids, names : tuples
        Rows and columns of the matrix: the exposures that were matched, the reference among them.
    pairs : tuple of ClosurePair
        Worst first; pairs without a common block last.
    left_out : tuple of (name, reason)
    unit : str
    outcomes : tuple of MatchOutcome
        Of the reference and of the exposures that were matched or failed, without models.
    """

    reference: int
    ids: tuple[int, ...]
    names: tuple[str, ...]
    pairs: tuple[ClosurePair, ...]
    left_out: tuple[tuple[str, str], ...]
    unit: str = ""
    outcomes: tuple[MatchOutcome, ...] = ()

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Smooth difference of every pair, in the pixel unit; NaN without common blocks."""
        out = np.full((len(self.ids),) * 2, np.nan)
        np.fill_diagonal(out, 0.0)
        at = {id: row for row, id in enumerate(self.ids)}
        for pair in self.pairs:
            row, column = at[pair.first], at[pair.second]
            out[row, column] = out[column, row] = pair.left.smooth
        return out

    @property
    def typical(self) -> float:
        """Root mean square of the pairs' smooth differences; NaN without any."""
        known = [p.left.smooth for p in self.pairs if not math.isnan(p.left.smooth)]
        return math.sqrt(math.fsum(v * v for v in known) / len(known)) if known else math.nan

    @property
    def worst(self) -> ClosurePair | None:
        """The pair with the largest smooth difference."""
        return self.pairs[0] if self.pairs and not math.isnan(self.typical) else None

    def worst_list(self, most: int = 10) -> tuple[ClosurePair, ...]:
        """Return the pairs that are more than expected, worst first."""
        return tuple(p for p in self.pairs if p.state == ABOVE)[:most]


def check_closure(
    request: ConsistencyRequest,
    reference_id: int,
    ids: Sequence[int] | None = None,
    *,
    look: Look | None = None,
    progress: Progress = SILENT,
) -> Closure:
    """Match to one reference and compare all pairs of matched exposures.

    Matched exposures are kept as one float32 number per pixel; where a stack would not fit in
    memory that way, per small square of pixels.

    Parameters
    ----------
    ids : sequence of int, optional
        The exposures that are wanted; None = all that the plan leaves in.
    look : callable, optional
        Given every match while it is in memory.

    Raises
    ------
    BgviewerError
        When the reference cannot be read.
    """
    stack, config, planes = planned_stack(request), request.config, request.config.bad_mask_planes
    included, left_out = included_entries(stack, request.plan)
    wanted = [e for e in included if ids is None or e.id in ids]
    reference = stack.read(reference_id, progress=progress)
    extent = Extent.of(reference) if stack.is_mixed else None
    step = step_for(reference.shape, len(wanted))
    images: dict[int, NDArray[np.float32]] = {
        reference_id: good_image(reference, planes, step, progress=progress)
    }
    rms = {reference_id: 0.0}
    names = {reference_id: stack[reference_id].name}
    outcomes = [reference_outcome(stack[reference_id], reference, config=config).outcome]
    for number, entry in enumerate(wanted):
        progress.step(0.6 * number / len(wanted), f"matching {entry.name}")
        if entry.identity == stack[reference_id].identity:
            continue
        done = match_entry(
            stack, entry, reference, config, complete=True, plan=request.plan, progress=progress
        )
        outcomes.append(replace(done.outcome, fit=None, gridded=None))
        if done.result is None or done.outcome.status != "matched":
            left_out.append((entry.name, done.outcome.reason or "not matched"))
            continue
        if look is not None:
            look(entry, done.result)
        matched = laid_into(done.result.matched, extent) if extent else done.result.matched
        images[entry.id] = good_image(matched, planes, step, progress=progress)
        rms[entry.id] = float(done.outcome.fit_rms or 0.0)
        names[entry.id] = entry.name
    order = tuple(sorted(images))
    block = request.block or config.bin_size
    pairs = []
    todo = list(combinations(order, 2))
    for number, (first, second) in enumerate(todo):
        progress.step(0.6 + 0.4 * number / len(todo), "comparing matched pairs")
        found = left_over(images[first], images[second], block, step, progress=progress)
        expected = math.hypot(found.noise, rms[first], rms[second])
        pairs.append(ClosurePair(first, second, (names[first], names[second]), found, expected))
    pairs.sort(key=lambda p: -p.left.smooth if not math.isnan(p.left.smooth) else 1.0)
    progress.step(1.0)
    return Closure(
        reference_id,
        order,
        tuple(names[i] for i in order),
        tuple(pairs),
        tuple(left_out),
        _unit(reference),
        tuple(outcomes),
    )


def _unit(exposure: Exposure) -> str:
    return exposure.unit or ""
