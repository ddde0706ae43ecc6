"""Settings as TOML, with LSST's names, and as ``key=value`` on a command line."""

from __future__ import annotations

import difflib
import os
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bgviewer.engine.config import OPTIONS, MatchConfig, Option
from bgviewer.engine.plan import StackPlan
from bgviewer.errors import ConfigError
from bgviewer.io.acceptance import ACCEPTANCE, add_acceptance, read_acceptance
from bgviewer.io.detection_table import DETECTION_TABLE, add_detection, read_detection
from bgviewer.io.plan import (
    EXPOSURES,
    IGNORE_MASKED,
    REGIONS,
    add_plan,
    excluded_of,
    flag_of,
    read_plan,
)
from bgviewer.io.reading import READ, add_rules, read_rules
from bgviewer.io.scaling import checked_zero_point
from bgviewer.io.small_files import read_toml

__all__ = ["dump_config", "load_config", "load_settings", "parse_assignment"]

_STACK, _EXCLUDED = "stack", "excluded"
_EXTRAS: dict[str, tuple[Any, str]] = {
    "reference": (
        "auto",
        "Name of the reference exposure, or auto for the one with the lowest cost.",
    ),
    "zeroPoint": (
        "auto",
        "Common zero point in magnitudes; auto scales to the median where exposures differ, none "
        "scales nothing.",
    ),
    "align": (
        False,
        "Whether exposures on another pixel grid are re-projected onto that of the reference.",
    ),
}
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def dump_config(
    config: MatchConfig, extra: Mapping[str, Any] | None = None, plan: StackPlan | None = None
) -> str:
    """Write settings as TOML text, every option with its help, range and default as comments.

    Parameters
    ----------
    config : MatchConfig
        All of its options are written.
    extra : mapping, optional
        ``reference`` (text) and ``zeroPoint`` ("auto", "none" or a number), for the table
        ``[stack]``; ``read``, a tuple of `ReadRule`, for the tables ``[[read]]``.
    plan : StackPlan, optional
        Exclusions, regions to ignore and settings of single exposures.

    Raises
    ------
    ConfigError
        For an unknown or unfit `extra`.
    """
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("bgviewer settings; the names are those of LSST."))
    for opt in OPTIONS.values():
        document.add(tomlkit.nl())
        unit = f" [{opt.unit}]" if opt.unit else ""
        for line in _comments(f"{opt.help}", f"{_first_up(opt.allowed)}{unit}.", opt):
            document.add(tomlkit.comment(line))
        value = getattr(config, opt.name)
        document.add(opt.lsst_name, list(value) if opt.kind == "planes" else value)
    document.add(tomlkit.nl())
    table = tomlkit.table()
    plan, extra = plan or StackPlan(), extra or {}
    given = _checked_extra({k: v for k, v in extra.items() if k != READ})
    for name, (default, text) in _EXTRAS.items():
        for line in textwrap.wrap(text, 90):
            table.add(tomlkit.comment(line))
        if name == "align" and not given.get(name):
            table.add(tomlkit.comment("align = true"))  # stated only where it is wanted
        else:
            table.add(name, given.get(name, default))
    table.add(tomlkit.comment("Names of exposures that are left out."))
    table.add(_EXCLUDED, sorted(plan.excluded))
    text = "Whether a sweep judges unmasked pixels only, where nobody cares about what is masked."
    table.add(tomlkit.comment(text))
    if plan.ignore_masked:
        table.add(IGNORE_MASKED, True)
    else:
        table.add(tomlkit.comment(f"{IGNORE_MASKED} = true"))
    document.add(_STACK, table)
    add_acceptance(document, plan.acceptance)
    add_detection(document, plan.detection)
    add_plan(document, plan)
    add_rules(document, extra.get(READ, ()))
    return tomlkit.dumps(document)


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def _comments(help_text: str, allowed: str, opt: Option) -> list[str]:
    default = ",".join(opt.default) if opt.kind == "planes" else opt.default
    if isinstance(default, bool):
        default = str(default).lower()
    known = "" if opt.lsst else " Not an option of LSST."
    return [
        *textwrap.wrap(help_text + known, 90),
        *textwrap.wrap(f"{allowed} Default: {default}", 90),
    ]


def load_config(path: str | os.PathLike[str]) -> tuple[MatchConfig, dict[str, Any]]:
    """Read the settings that all exposures share; as `load_settings`, without the plan."""
    config, extra, _ = load_settings(path)
    return config, extra


def load_settings(
    path: str | os.PathLike[str],
) -> tuple[MatchConfig, dict[str, Any], StackPlan]:
    """Read settings from a TOML file.

    Returns
    -------
    config : MatchConfig
        What the file does not name has its default.
    extra : dict
        ``reference`` and ``zeroPoint`` as far as the table ``[stack]`` gives them; ``read``, a
        tuple of `ReadRule`, where there are tables ``[[read]]``.
    plan : StackPlan
        ``excluded`` and ``ignoreMasked`` of ``[stack]``, the tables ``[[regions]]``,
        ``[exposures."name"]``, ``[acceptance]`` and ``[detection]``.

    Raises
    ------
    ConfigError
        Naming the file: it cannot be read, is no TOML, has an unknown key (with the nearest
        known one) or a value out of range.
    """
    values = read_toml(path)
    table = values.pop(_STACK, {})
    regions, exposures = values.pop(REGIONS, []), values.pop(EXPOSURES, {})
    sources = values.pop(DETECTION_TABLE, None)
    limits, reading = values.pop(ACCEPTANCE, {}), values.pop(READ, [])
    try:
        if not isinstance(table, dict):
            raise ConfigError(f"{_STACK} must be a table: [{_STACK}]")
        plan = read_plan(excluded_of(table.pop(_EXCLUDED, [])), regions, exposures)
        plan = replace(
            plan,
            acceptance=read_acceptance(limits),
            detection=read_detection(sources),
            ignore_masked=flag_of(IGNORE_MASKED, table.pop(IGNORE_MASKED, False)),
        )
        rules = read_rules(reading)
        extra = _checked_extra(table) | ({READ: rules} if rules else {})
        return MatchConfig.from_lsst(values), extra, plan
    except ConfigError as exc:
        raise ConfigError(
            f"{path}: {exc}",
            field=exc.field,
            value=exc.value,
            reason=exc.reason,
            remedies=exc.remedies,
        ) from exc


def _checked_extra(extra: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in extra.items():
        if name not in _EXTRAS:
            known = (*_EXTRAS, _EXCLUDED, IGNORE_MASKED)
            near = difflib.get_close_matches(name, known, 1, 0.4)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
            raise ConfigError(f"unknown option {name!r} in [{_STACK}]. {hint}", value=name)
        if name == "zeroPoint":
            out[name] = checked_zero_point(value)
        elif name == "align":
            if not isinstance(value, bool):
                raise ConfigError(f"align = {value!r}: must be true or false.", value=value)
            out[name] = value
        elif isinstance(value, str) and value.strip():
            out[name] = value
        else:
            raise ConfigError(f"{name} = {value!r}: must be a name or auto.", value=value)
    return out


def parse_assignment(text: str) -> tuple[str, Any]:
    """Understand ``binSize=128``.

    Returns
    -------
    (str, object)
        LSST's name and the value in the option's type, checked. ``badMaskPlanes`` is a list with
        commas; it may be empty.

    Raises
    ------
    ConfigError
        For a missing ``=``, an unknown name (with the nearest), a value out of range.
    """
    name, equals, word = text.partition("=")
    name, word = name.strip(), word.strip()
    if not equals or not name:
        raise ConfigError(f"{text!r}: must be key=value, such as binSize=128.", value=text)
    opt = next((o for o in OPTIONS.values() if o.lsst_name == name), None)
    if opt is None:
        # from_lsst knows how to name the nearest.
        MatchConfig.from_lsst({name: word})
        raise AssertionError(name)
    return name, opt.check(_typed(opt, word))


def _typed(opt: Option, word: str) -> Any:
    lower = word.lower()
    if opt.kind == "planes":
        return tuple(name.strip() for name in word.split(",") if name.strip())
    if opt.kind == "choice":
        return word.upper()
    if opt.kind == "bool":
        if lower in _YES + _NO:
            return lower in _YES
        raise opt.error(word)
    try:
        return int(word) if opt.kind == "int" else float(word)
    except ValueError:
        raise opt.error(word) from None
