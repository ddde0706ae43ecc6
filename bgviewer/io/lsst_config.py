"""LSST's configuration overrides (``config.py``): read as text and never executed, and written.

Source: FORMATS section 3.  The old dialect is the task of the Gen2 pipeline, the modern one that
of the 2024 rewrite, which has no polynomials.
"""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from typing import Any

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.errors import ConfigError
from bgviewer.io.small_files import read_text_file

__all__ = ["DIALECTS", "LsstConfig", "dump_lsst_config", "load_lsst_config", "parse_lsst_config"]

DIALECTS = ("old", "modern")
_LARGEST = 1 << 63
_ROOTS = ("config", "root")
_TASK = "matchBackgrounds"
_BY_LSST = {o.lsst_name: o for o in OPTIONS.values()}
_MODERN = {
    "tractBgModel.xBin": "binSize",
    "tractBgModel.yBin": "binSize",
    "tractBgModel.mask": "badMaskPlanes",
    "tractBgModel.interpolation": "interpStyle",
    "bestRefWeightGlobalCoverage": "bestRefWeightCoverage",
}
_MODERN_DEFAULTS = {
    "binSize": 128,
    "gridStatistic": "MEANCLIP",
    "numIter": 3,
    "usePolynomial": False,
    "bestRefWeightVariance": 0.3,
}
_NO_MODERN = ("usePolynomial", "order", "approxWeighting", "gridStdevEpsilon")
_ELSEWHERE = {
    "bestRefWeightChi2": "weighs another measure than bestRefWeightLevel; left out",
    "refWarpVisit": "names a visit, not a file; choose the reference yourself",
}


@dataclass(frozen=True)
class LsstConfig:
    """What an override file says.

    Attributes
    ----------
    config : MatchConfig
    dialect : {"old", "modern"}
        Of the defaults that stand for what the file does not name.
    notes : tuple of str
        What was left out, by line.
    """

    config: MatchConfig
    dialect: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Assignment:
    line: int
    parts: tuple[str, ...]
    value: Any

    @property
    def text(self) -> str:
        return ".".join(("config", *self.parts))


def load_lsst_config(path: str | os.PathLike[str]) -> LsstConfig:
    """Read an override file.

    Raises
    ------
    ConfigError
        Naming the file and, where there is one, the line.
    """
    text = read_text_file(path)
    try:
        return parse_lsst_config(text)
    except ConfigError as exc:
        text = f"{path}: {exc}"
        raise ConfigError(text, field=exc.field, value=exc.value, id=exc.id) from exc


def parse_lsst_config(text: str) -> LsstConfig:
    """Understand the assignments of an override file; nothing in it is ever executed.

    Raises
    ------
    ConfigError
        For code other than ``config.name = value``, a value that is not allowed, or a file that
        sets nothing bgviewer knows.
    """
    assignments, notes = _assignments(text)
    tasks = [a for a in assignments if _TASK in a.parts[:-1]]
    # Other tasks of a pipeline have a binSize too; with the task named, only its own count.
    chosen = tasks or assignments
    notes += [(a.line, f"{a.text} is of another task") for a in assignments if a not in chosen]
    values: dict[str, Any] = {}
    given: dict[str, _Assignment] = {}
    modern = False
    for found in chosen:
        key, is_modern = _key(found.parts)
        modern |= is_modern
        if key is None:
            why = _ELSEWHERE.get(found.parts[-1], "is not a setting of bgviewer; left out")
            notes.append((found.line, f"{found.text} {why}"))
            continue
        value = _checked(found, key)
        if key in values and values[key] != value and found.parts != given[key].parts:
            notes.append((found.line, f"{found.text} replaces line {given[key].line}"))
        values[key], given[key] = value, found
    if not values:
        raise ConfigError("sets nothing that bgviewer knows, such as config.binSize = 128")
    if modern:
        values = _MODERN_DEFAULTS | values
    told = tuple(f"line {line}: {why}" for line, why in sorted(notes))
    return LsstConfig(MatchConfig.from_lsst(values), "modern" if modern else "old", told)


def _assignments(text: str) -> tuple[list[_Assignment], list[tuple[int, str]]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        line = getattr(exc, "lineno", None)
        where = f"line {line}: " if line else ""
        raise ConfigError(f"{where}is not valid Python ({getattr(exc, 'msg', exc)})") from exc
    found: list[_Assignment] = []
    notes: list[tuple[int, str]] = []
    refused: list[int] = []
    for node in tree.body:
        if _is_preamble(node):
            if not isinstance(node, ast.Expr):
                notes.append((node.lineno, "import or assert; not executed"))
        elif (assignment := _assignment(node)) is not None:
            found.append(assignment)
        else:
            refused.append(node.lineno)
    if refused:
        lines = ", ".join(map(str, refused[:10])) + (" ..." if len(refused) > 10 else "")
        word = "line" if len(refused) == 1 else "lines"
        raise ConfigError(
            f"{word} {lines}: only assignments of plain values are understood, such as "
            "config.binSize = 128; code is never executed",
            id="E_CONFIG_CODE",
        )
    return found, notes


def _is_preamble(node: ast.stmt) -> bool:
    """Whether it is what pex_config itself writes above the assignments, or a text."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Assert)


def _assignment(node: ast.stmt) -> _Assignment | None:
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return None
    parts: list[str] = []
    target: ast.expr = node.targets[0]
    while isinstance(target, ast.Attribute):
        parts.insert(0, target.attr)
        target = target.value
    if not parts or not isinstance(target, ast.Name) or target.id not in _ROOTS:
        return None
    try:
        value = ast.literal_eval(node.value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    if isinstance(value, int) and abs(value) >= _LARGEST:
        return None
    return _Assignment(node.lineno, tuple(parts), value)


def _key(parts: tuple[str, ...]) -> tuple[str | None, bool]:
    """Return bgviewer's name of a setting, and whether it is one of the modern dialect."""
    model = "tractBgModel" in parts[:-1]
    name = f"tractBgModel.{parts[-1]}" if model else parts[-1]
    if name in _MODERN:
        return _MODERN[name], True
    is_modern = model or "reference" in parts[:-1] or name in _ELSEWHERE
    return (None if model or name not in _BY_LSST else name), is_modern


def _checked(found: _Assignment, key: str) -> Any:
    value = found.value
    if key == "binSize" and isinstance(value, float) and value.is_integer():
        value = int(value)  # xBin is a float in LSST
    try:
        return _BY_LSST[key].check(value)
    except ConfigError as exc:
        text = f"line {found.line}: {exc}"
        raise ConfigError(text, field=exc.field, value=exc.value, reason=exc.reason) from exc


def dump_lsst_config(config: MatchConfig, dialect: str = "old") -> tuple[str, tuple[str, ...]]:
    """Write settings as an override file.

    Parameters
    ----------
    dialect : {"old", "modern"}

    Returns
    -------
    text : str
        Plain assignments in ASCII.
    losses : tuple of str
        Settings the dialect cannot express; they stand in the text as comments.
    """
    from bgviewer import __version__

    if dialect not in DIALECTS:
        raise ConfigError(f"dialect {dialect!r}: known are {', '.join(DIALECTS)}", value=dialect)
    values = config.to_lsst()
    lines = [f"# Written by bgviewer {__version__}: LSST's matchBackgrounds, {dialect} names."]
    losses: list[str] = []
    for name, value in values.items():
        reason = _loss(name, value, dialect)
        if reason:
            lines.append(f"# {name} = {value!a}  ({reason})")
            if name in _NO_MODERN and not config.use_polynomial:
                continue  # without effect on a spline: nothing is lost
            losses.append(f"{name} = {value}: {reason}")
        elif dialect == "old":
            lines.append(f"config.{name} = {value!a}")
        else:
            lines += [f"config.{target} = {v!a}" for target, v in _modern(name, value)]
    return "\n".join(lines) + "\n", tuple(losses)


def _loss(name: str, value: Any, dialect: str) -> str:
    if not _BY_LSST[name].lsst:
        return "a correction of bgviewer that LSST does not have"
    if dialect == "modern":
        if name in _NO_MODERN:
            return "the modern task has no polynomials"
        if name == "bestRefWeightLevel":
            return "the modern task weighs chi-square instead"
        if value == "INCREASE_NXNYSAMPLE":
            return "the modern task does not have it any more"
    return ""


def _modern(name: str, value: Any) -> list[tuple[str, Any]]:
    models = ("tractBgModel", "reference.tractBgModel")
    if name == "binSize":
        return [(f"{m}.{axis}", float(value)) for m in models for axis in ("xBin", "yBin")]
    if name == "badMaskPlanes":
        return [(f"{m}.mask", value) for m in models]
    if name == "interpStyle":
        return [(name, value), *((f"{m}.interpolation", value) for m in models)]
    if name == "bestRefWeightCoverage":
        return [("reference.bestRefWeightGlobalCoverage", value)]
    if name.startswith("bestRefWeight"):
        return [(f"reference.{name}", value)]
    return [(name, value)]
