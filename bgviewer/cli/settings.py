"""Settings of a command: defaults, then the configuration file, then single assignments."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, field
from typing import Any

from bgviewer.cli.output import say
from bgviewer.cli.reading_options import gather_reading
from bgviewer.cli.stack_options import (
    gather_align,
    with_detection,
    with_ignore_masked,
    with_min_overlap,
)
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.errors import ConfigError
from bgviewer.io.config_file import read_any
from bgviewer.io.reading import Reading
from bgviewer.io.settings import parse_assignment

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
    plan : StackPlan
        Exposures to leave out, regions to ignore, settings of single exposures.
    reading : Reading
        How files are read where recognition is not enough.
    align : bool or str
        Whether exposures of other grids are re-projected; a name: onto the grid of that exposure.
    """

    config: MatchConfig
    zero_point: str | float = "auto"
    reference: str | None = None
    plan: StackPlan = field(default_factory=StackPlan)
    reading: Reading = field(default_factory=Reading)
    align: bool | str = False


def gather_settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings of parsed arguments.

    Raises
    ------
    ConfigError
        For anything that is not valid, naming it.
    """
    config, plan = MatchConfig(), StackPlan()
    extra: dict[str, Any] = {}
    if getattr(arguments, "config", None):
        config, extra, plan, notes = read_any(arguments.config)
        for note in notes:
            say(f"{arguments.config}: {note}")
    values = config.to_lsst()
    for assignment in arguments.assignments:
        key, value = parse_assignment(assignment)
        values[key] = value
    config = MatchConfig.from_lsst(values)
    zero_point = getattr(arguments, "zero_point", None)
    if zero_point is None:
        zero_point = extra.get("zeroPoint", "auto")
    reference = getattr(arguments, "reference", None) or extra.get("reference")
    reference = None if reference == "auto" else reference
    reading = gather_reading(arguments, extra)
    plan = with_ignore_masked(arguments, with_min_overlap(arguments, plan))
    plan, align = with_detection(arguments, plan), gather_align(arguments, extra, reference)
    return Settings(config, _zero_point(zero_point), reference, plan, reading, align)


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
