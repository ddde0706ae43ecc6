"""What exposures say of an earlier match: told by `info`, asked about before a second match."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bgviewer.cli.output import number
from bgviewer.engine.config import MatchConfig
from bgviewer.errors import ConfigError
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.earlier_matches import earlier_matches, second_match_question

__all__ = ["recorded_lines", "refuse_second_match"]


def recorded_lines(settings: Mapping[str, Any]) -> list[str]:
    """Return the settings of a file (`RecordedSettings.as_values`) as lines to print."""
    reference = f" to {settings['reference']}" if settings.get("reference") else ""
    lines = [f"{settings['kind']} by bgviewer {settings['version']}{reference}"]
    config = settings["config"]
    if config is None:
        lines.append("the cards of its settings are damaged")
    else:
        usual = MatchConfig().to_lsst()
        changed = {key: value for key, value in config.items() if value != usual.get(key)}
        told = "; ".join(f"{key}={_word(value)}" for key, value in changed.items())
        lines.append(told or "all options at their defaults")
    figures = {
        "zeroPoint": settings.get("zeroPoint"),
        "scale": settings.get("scale"),
        "fitRMS": settings.get("fit_rms"),
        "matchedMSE": settings.get("matched_mse"),
        "diffImVar": settings.get("diff_im_var"),
    }
    known = [f"{key} {_figure(value)}" for key, value in figures.items() if value is not None]
    if known:
        lines.append(", ".join(known))
    lines += [f"ignored: {region}" for region in settings["regions"]]
    if settings["detected"]:
        lines.append(f"sources detected: {settings['detected']}")
    if settings["aligned"]:
        lines.append("re-projected onto the reference's grid")
    return lines + [f"not as asked: {text}" for text in settings["adjustments"]]


def _word(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _figure(value: float | str) -> str:
    return value if isinstance(value, str) else number(value)


def refuse_second_match(stack: ExposureStack, excluded: frozenset[str], again: bool) -> None:
    """Raise `ConfigError` where an exposure was matched before, unless that is wanted.

    Parameters
    ----------
    again : bool
        Whether a second match is wanted.
    """
    matches = () if again else earlier_matches(stack, excluded)
    if matches:
        raise ConfigError(
            f"{second_match_question(matches)}; take the originals, or say --again.",
            field="again",
            value=False,
        )
