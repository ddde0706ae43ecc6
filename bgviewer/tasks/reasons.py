"""Why an exposure is or is not the best reference, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bgviewer.engine.ranking import Measurement, Ranking
from bgviewer.engine.stability import Stability
from bgviewer.tasks.ranking import NO_SCATTER, is_map

__all__ = ["describe_stability", "explain_cost", "stability_lines"]

_TERMS = (
    ("pixel_variance", "pixel variance", "higher", "lower"),
    ("level", "level", "brighter", "darker"),
    ("coverage", "coverage", "more", "less"),
)


def describe_stability(stability: Stability, names: Sequence[str]) -> tuple[str, str]:
    """Return the line on the ranking's stability, and what it means."""
    best = names[stability.best]
    line = f"{best} wins in {_percent(stability.share)} of random weights"
    meaning = (
        f"{best} has the lowest cost in {_percent(stability.share)} of {stability.draws} random "
        "triples of weights. Near 100 %, the weights hardly matter."
    )
    if stability.runner_up is None:
        return line, f"{meaning} No other exposure ever wins."
    second = stability.runner_up
    share = _percent(float(stability.shares[second]))
    return line, f"{meaning} Runner-up: {names[second]} with {share}."


def stability_lines(stability: Stability, names: Sequence[str]) -> tuple[str, ...]:
    """Return the same for a terminal: one line, none for a single exposure."""
    if len(names) < 2:
        return ()
    line = describe_stability(stability, names)[0]
    second = stability.runner_up
    if second is None:
        return (f"{line}.",)
    share = _percent(float(stability.shares[second]))
    return (f"{line}; runner-up {names[second]} ({share}).",)


def explain_cost(
    exposure: int,
    ranking: Ranking,
    measurements: Sequence[Measurement | None],
    names: Sequence[str],
) -> str:
    """Return one sentence that holds an exposure against the one of the lowest cost."""
    best = ranking.best
    cost, lowest = float(ranking.cost[exposure]), float(ranking.cost[best])
    if exposure == best:
        return f"{names[best]} has the lowest cost, {lowest:#.3g}{_next(ranking, names)}."
    own, other = measurements[exposure], measurements[best]
    if is_map(own) and math.isnan(cost):
        return f"{names[exposure]} has no cost: {NO_SCATTER}."
    if own is None or other is None or math.isnan(cost):
        return f"{names[exposure]} has no cost: it was left out or could not be measured."
    found = []
    for column, (attribute, *words) in enumerate(_TERMS):
        # A term without weight cannot be a reason.
        if (ranking.terms.weighted[:, column] != 0).any():
            found.append(_compare(getattr(own, attribute), getattr(other, attribute), *words))
    told = ", ".join(found) + "; " if found else ""
    why = _decisive(exposure, ranking)
    return (
        f"{names[exposure]} beside {names[best]}: {told}"
        f"cost {cost:#.3g} against {lowest:#.3g}{f', {why}' if why else ''}."
    )


def _decisive(exposure: int, ranking: Ranking) -> str:
    """Name the term that makes most of the difference in cost, or the first two and their parts."""
    weighted = ranking.terms.weighted
    gaps = (weighted[exposure] - weighted[ranking.best]).tolist()
    worse = sorted(
        ((gap, term[1]) for gap, term in zip(gaps, _TERMS, strict=True) if gap > 0), reverse=True
    )
    if not worse:
        return ""
    (largest, name), total = worse[0], sum(gap for gap, _ in worse)
    if len(worse) == 1:
        return f"because of its {name}"
    if largest > 0.6 * total:
        return f"mostly because of its {name}"
    second, other = worse[1]
    parts = f"{name} ({_percent(largest / total)}) and {other} ({_percent(second / total)})"
    return f"because of its {parts}"


def _next(ranking: Ranking, names: Sequence[str]) -> str:
    if len(ranking.order) < 2:
        return ""
    second = ranking.order[1]
    cost = float(ranking.cost[second])
    return "" if math.isnan(cost) else f"; next is {names[second]}, {cost:#.3g}"


def _compare(own: float, other: float, name: str, more: str, less: str) -> str:
    if own == other:
        return f"{name} equal"
    word = more if own > other else less
    if other > 0 and own >= 0:
        change = abs(own / other - 1.0)
        if change <= 10.0:
            return f"{name} {_percent(change)} {word}"
    # Percent of a level near or below zero mean nothing.
    return f"{name} {own:.4g} against {other:.4g} ({word})"


def _percent(share: float) -> str:
    value = 100.0 * share
    if 0 < value < 1:
        return "less than 1 %"
    if 99 < value < 100:
        return "more than 99 %"
    return f"{value:.0f} %"
