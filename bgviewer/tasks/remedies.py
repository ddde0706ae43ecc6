"""Settings to try where a diagnostic is not good: only such as are allowed."""

from __future__ import annotations

from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.matching import MatchResult
from bgviewer.errors import ConfigError, Remedy

__all__ = ["follow_less", "follow_more", "larger_cells", "smaller_bins", "stiffer"]


def follow_more(result: MatchResult) -> tuple[Remedy, ...]:
    """Return settings with which the model follows more: a higher order, a smaller binSize."""
    config = result.config
    return _allowed(result, _order(config, 1), _bins(config, 0.5))


def follow_less(result: MatchResult) -> tuple[Remedy, ...]:
    """Return settings with which the model follows less: a larger binSize, a lower order."""
    return _allowed(result, _order(result.config, -1), _bins(result.config, 2.0))


def stiffer(result: MatchResult) -> tuple[Remedy, ...]:
    """Return settings that run away less: a lower order, LINEAR, larger cells."""
    config = result.config
    linear = {} if config.use_polynomial else {"interp_style": "LINEAR"}
    return _allowed(result, _order(config, -1), linear, _bins(config, 2.0))


def smaller_bins(result: MatchResult) -> tuple[Remedy, ...]:
    """Return settings with more cells for what is asked of the model."""
    return _allowed(result, _bins(result.config, 0.5), _order(result.config, -1))


def larger_cells(result: MatchResult) -> tuple[Remedy, ...]:
    """Return settings that are less easily spoilt: larger cells, or a clipped mean."""
    return _allowed(result, _bins(result.config, 2.0), {"grid_statistic": "MEANCLIP"})


def _order(config: MatchConfig, step: int) -> dict[str, Any]:
    if not config.use_polynomial or config.order + step < 0:
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
    return {"order": "Use order {}", "bin_size": "Use binSize {}"}.get(name, "Use {}").format(value)
