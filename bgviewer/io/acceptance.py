"""The acceptance limits as the table ``[acceptance]`` of a settings file."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Mapping
from typing import Any

from bgviewer.engine.acceptance import LIMITS, AcceptanceLimits
from bgviewer.errors import ConfigError

__all__ = ["ACCEPTANCE", "add_acceptance", "limits_in_words", "read_acceptance"]

ACCEPTANCE = "acceptance"


def limits_in_words(limits: AcceptanceLimits) -> dict[str, float]:
    """Return the limits under the names they have in files."""
    return {opt.lsst_name: getattr(limits, opt.name) for opt in LIMITS.values()}


def add_acceptance(document: Any, limits: AcceptanceLimits) -> None:
    """Add the table to a tomlkit document."""
    import tomlkit

    table = tomlkit.table()
    for opt in LIMITS.values():
        for line in textwrap.wrap(f"{opt.help} Default: {opt.default}", 90):
            table.add(tomlkit.comment(line))
        table.add(opt.lsst_name, getattr(limits, opt.name))
    document.add(ACCEPTANCE, table)


def read_acceptance(table: Any) -> AcceptanceLimits:
    """Make the limits of a file from its table (plain values, as `tomllib` gives them).

    Raises
    ------
    ConfigError
        Naming table and key.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(f"{ACCEPTANCE} must be a table: [{ACCEPTANCE}]", value=table)
    by_name = {opt.lsst_name: opt for opt in LIMITS.values()}
    values = {}
    for key, value in table.items():
        if key not in by_name:
            near = difflib.get_close_matches(key, by_name, 1, 0.4)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(by_name)}."
            raise ConfigError(f"[{ACCEPTANCE}]: unknown option {key!r}. {hint}", value=key)
        try:
            values[by_name[key].name] = by_name[key].check(value)
        except ConfigError as error:
            raise ConfigError(
                f"[{ACCEPTANCE}]: {error}", value=value, reason=error.reason
            ) from error
    return AcceptanceLimits(**values)
