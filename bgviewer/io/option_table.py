"""Reading a table of a settings file whose keys are declared options."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from bgviewer.engine.options import Option
from bgviewer.errors import ConfigError

__all__ = ["read_options"]


def read_options(table: Any, name: str, declared: Mapping[str, Option]) -> dict[str, Any]:
    """Check the table ``[name]`` (plain values, as `tomllib` gives them).

    Returns
    -------
    dict
        Values by the options' snake_case names, those that the table gives.

    Raises
    ------
    ConfigError
        Naming table and key: no table, an unknown key (with the nearest known one), a value that
        is not allowed.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(f"{name} must be a table: [{name}]", value=table)
    by_name = {opt.lsst_name: opt for opt in declared.values()}
    values = {}
    for key, value in table.items():
        if key not in by_name:
            near = difflib.get_close_matches(key, by_name, 1, 0.4)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(by_name)}."
            raise ConfigError(f"[{name}]: unknown option {key!r}. {hint}", value=key)
        try:
            values[by_name[key].name] = by_name[key].check(value)
        except ConfigError as error:
            raise ConfigError(f"[{name}]: {error}", value=value, reason=error.reason) from error
    return values
