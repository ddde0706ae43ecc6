"""The acceptance limits as the table ``[acceptance]`` of a settings file."""

from __future__ import annotations

import textwrap
from typing import Any

from bgviewer.engine.acceptance import LIMITS, AcceptanceLimits
from bgviewer.io.option_table import read_options

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
    return AcceptanceLimits(**read_options(table, ACCEPTANCE, LIMITS))
