"""Settings of a command: defaults, then the configuration file, then single assignments."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.errors import ConfigError
from bgviewer.io.settings import load_config, parse_assignment

__all__ = ["Settings", "gather_settings"]


@dataclass(frozen=True)
class Settings:
    """What a command shall use.

    Attributes
    ----------
    config : MatchConfig
    zero_point : str or float
        "auto", "none" or a magnitude.
    reference : str or None
        Name of the reference exposure; None = choose.
    """

    config: MatchConfig
    zero_point: str | float = "auto"
    reference: str | None = None


def gather_settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings of parsed arguments.

    Raises
    ------
    ConfigError
        For anything that is not valid, naming it.
    """
    config = MatchConfig()
    extra: dict[str, Any] = {}
    if getattr(arguments, "config", None):
        config, extra = load_config(arguments.config)
    values = config.to_lsst()
    for assignment in arguments.assignments:
        key, value = parse_assignment(assignment)
        values[key] = value
    config = MatchConfig.from_lsst(values)
    zero_point = getattr(arguments, "zero_point", None)
    if zero_point is None:
        zero_point = extra.get("zeroPoint", "auto")
    reference = getattr(arguments, "reference", None) or extra.get("reference")
    return Settings(config, _zero_point(zero_point), None if reference == "auto" else reference)


def _zero_point(value: str | float) -> str | float:
    if isinstance(value, str) and value in ("auto", "none"):
        return value
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(
            f"zero point {value!r}: must be auto, none or a magnitude such as 27.0",
            field="zero_point",
            value=value,
        )
    return number
