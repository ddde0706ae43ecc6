"""Settings to try where a diagnostic is not good: only such as are allowed."""

from __future__ import annotations

from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.matching import MatchResult
from bgviewer.errors import ConfigError, Remedy

__all__ = ["follow_less", "follow_more", "larger_cells", "smaller_bins", "stiffer"]


def follow_more(result: MatchResult) -> tuple[Remedy, ...]:
    """Return settings with which the model follows more: a higher order, a smaller binSize.

    Of a P-spline half the smoothing length.
    """
    config = result.config
    if result.used_smoothing_length is not None:
        return _allowed(result, _length(result, 0.5))
    return _allowed(result, _order(config, 1), _bins(config, 0.5))


def follow_less(result: MatchResult) -> tuple[Remedy, ...]:
    """Return settings with which the model follows less: a larger binSize, a lower order.

    Of a P-spline twice the smoothing length.
    """
    if result.used_smoothing_length is not None:
        return _allowed(result, _length(result, 2.0))
    return _allowed(result, _order(result.config, -1), _bins(result.config, 2.0))


def stiffer(result: MatchResult) -> tuple[Remedy, ...]:
    """Return settings that run away less: a lower order, LINEAR, larger cells.

    Of a P-spline penalty order 2, and twice the smoothing length.
    """
    config = result.config
    if result.used_smoothing_length is not None:
        return _allowed(result, {"penalty_order": 2}, _length(result, 2.0))
    linear = {} if config.model_kind != "spline" else {"interp_style": "LINEAR"}
    return _allowed(result, _order(config, -1), linear, _bins(config, 2.0))


def smaller_bins(result: MatchResult) -> tuple[Remedy, ...]:
    """Return settings with more cells for what is asked of the model."""
    return _allowed(result, _bins(result.config, 0.5), _order(result.config, -1))


def larger_cells(result: MatchResult) -> tuple[Remedy, ...]:
    """Return settings that are less easily spoilt: larger cells, or a clipped mean."""
    if result.used_smoothing_length is not None:
        return _allowed(result, _length(result, 2.0))
    return _allowed(result, _bins(result.config, 2.0), {"grid_statistic": "MEANCLIP"})


def _length(result: MatchResult, factor: float) -> dict[str, Any]:
    length = result.used_smoothing_length or 0.0
    return {"smoothing_length": float(f"{factor * length:.2g}")}


def _order(config: MatchConfig, step: int) -> dict[str, Any]:
    if config.model_kind != "chebyshev" or config.order + step < 0:
        return {}
    return {"order": config.order + step}


def _bins(config: MatchConfig, factor: float) -> dict[str, Any]:
    return {"bin_size": max(1, round(config.bin_size * factor))}


def _allowed(result: MatchResult, *wanted: dict[str, Any]) -> tuple[Remedy, ...]:
    config, shape = result.config, result.difference.shape
    found = []
    for changes in wanted:
        try:
            new = config.replace(**changes)
        except ConfigError:
            continue
        # a bin larger than the image changes nothing
        if new == config or new.bin_size > max(shape) or new.problem(shape) is not None:
            continue
        found.append(Remedy(_text(changes), tuple(changes.items())))
    return tuple(found)


def _text(changes: dict[str, Any]) -> str:
    ((name, value),) = changes.items()
    texts = {
        "order": "Use order {}",
        "bin_size": "Use binSize {}",
        "smoothing_length": "Use smoothingLength {:g}",
        "penalty_order": "Use penaltyOrder {}",
    }
    return texts.get(name, "Use {}").format(value)
