"""A stack's plan as tables of a TOML file: exclusions, regions, settings of single exposures."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.errors import ConfigError

__all__ = [
    "EXPOSURES",
    "IGNORE_MASKED",
    "REGIONS",
    "add_plan",
    "excluded_of",
    "flag_of",
    "read_plan",
]

REGIONS, EXPOSURES, IGNORE_MASKED = "regions", "exposures", "ignoreMasked"
_KEYS = ("shape", "numbers", "exposure", "note")


def add_plan(document: Any, plan: StackPlan) -> None:
    """Add regions and settings of single exposures to a tomlkit document."""
    import tomlkit

    if plan.regions:
        tables = tomlkit.aot()
        for region in plan.regions:
            table = tomlkit.table()
            table.add("shape", region.shape)
            table.add("numbers", list(region.numbers))
            for name, value in (("exposure", region.exposure), ("note", region.note)):
                if value:
                    table.add(name, value)
            tables.append(table)
        document.add(REGIONS, tables)
    own = {name: plan.own_options(name) for name in plan.own}
    if any(own.values()):
        exposures = tomlkit.table(is_super_table=True)
        for name, options in own.items():
            if options:
                table = tomlkit.table()
                for key, value in options.items():
                    table.add(key, list(value) if isinstance(value, tuple) else value)
                exposures.add(name, table)
        document.add(EXPOSURES, exposures)


def flag_of(name: str, value: Any) -> bool:
    """Check a choice of the table of the stack.

    Raises
    ------
    ConfigError
        When it is neither true nor false.
    """
    if not isinstance(value, bool):
        raise ConfigError(f"[stack] {name} = {value!r}: must be true or false", value=value)
    return value


def excluded_of(value: Any) -> frozenset[str]:
    """Check the list of excluded exposures.

    Raises
    ------
    ConfigError
        When it is no list of names.
    """
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise ConfigError(
            f"[stack] excluded = {value!r}: must be a list of exposure names", value=value
        )
    return frozenset(value)


def read_plan(excluded: frozenset[str], regions: Any, exposures: Any) -> StackPlan:
    """Make the plan of a file from its tables (plain values, as `tomllib` gives them).

    Raises
    ------
    ConfigError
        Naming table and key.
    """
    if not isinstance(regions, list):
        raise ConfigError(f"{REGIONS} must be tables: [[{REGIONS}]]", value=regions)
    if not isinstance(exposures, dict):
        raise ConfigError(f'{EXPOSURES} must hold tables: [{EXPOSURES}."name"]', value=exposures)
    return StackPlan(
        excluded,
        tuple(_region(number, table) for number, table in enumerate(regions, 1)),
        {name: own for name, table in exposures.items() if (own := _own(name, table))},
    )


def _region(number: int, table: Any) -> Region:
    where = f"[[{REGIONS}]] number {number}"
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: must be a table", value=table)
    for key in table:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, 1, 0.4)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(_KEYS)}."
            raise ConfigError(f"{where}: unknown key {key!r}. {hint}", value=key)
    for key in ("shape", "numbers"):
        if key not in table:
            raise ConfigError(f"{where}: {key} is lacking")
    numbers = table["numbers"]
    plain = isinstance(numbers, list) and all(type(n) in (int, float) for n in numbers)
    if not plain:
        raise ConfigError(f"{where}: numbers = {numbers!r}: must be a list of numbers")
    for key in ("shape", "exposure", "note"):
        if not isinstance(table.get(key, ""), str):
            raise ConfigError(f"{where}: {key} = {table[key]!r}: must be text", value=table[key])
    try:
        return Region(
            table["shape"], tuple(numbers), table.get("exposure") or None, table.get("note", "")
        )
    except (ConfigError, OverflowError) as error:
        key = "numbers" if f"region {table['shape']}" in str(error) else "shape"
        raise ConfigError(f"{where}: {key}: {error}", value=table.get(key)) from error


def _own(name: str, table: Any) -> dict[str, Any]:
    where = f'[{EXPOSURES}."{name}"]'
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: must be a table of options", value=table)
    by_lsst = {opt.lsst_name: opt for opt in OPTIONS.values()}
    for key in table:
        if key in by_lsst and by_lsst[key].stage == "ranking":
            raise ConfigError(
                f"{where}: {key} ranks the whole stack and cannot differ for one exposure",
                field=by_lsst[key].name,
                value=table[key],
            )
    try:
        config = MatchConfig.from_lsst(table)
    except ConfigError as error:
        raise ConfigError(
            f"{where}: {error}", field=error.field, value=error.value, reason=error.reason
        ) from error
    return {by_lsst[key].name: getattr(config, by_lsst[key].name) for key in table}
