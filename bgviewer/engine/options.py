"""What an option is: its declaration and the check of its values."""

from __future__ import annotations

import dataclasses
import difflib
import math
import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bgviewer.errors import ConfigError

__all__ = ["Option", "option"]


@dataclass(frozen=True)
class Option:
    """Declaration of one option.

    Attributes
    ----------
    name, lsst_name : str
        Snake-case name and the name in configuration files.
    kind : {"bool", "int", "float", "choice", "planes"}
        What values are.
    default : object
        Value when nothing is said.
    choices : tuple of str
        Allowed words of a choice.
    minimum, maximum : number or None
        Allowed range, ends included.
    unit : str
        Unit shown beside the value, or an empty string.
    step : float or None
        What one step of an editor adds; None leaves it to the kind.
    stage : {"ranking", "difference", "grid", "model", "acceptance"}
        First stage of the match that the option touches.
    group : {"model", "grid", "mask", "ranking", "corrections", "acceptance"}
        Where the window shows it.
    help : str
        One or two sentences: what it does.
    example : str
        One worked sentence for What's This.
    lsst : bool
        False for corrections that LSST's configuration does not have.
    card : str
        FITS header keyword that records the value.
    """

    name: str
    lsst_name: str
    kind: str
    default: Any
    help: str
    example: str
    stage: str
    group: str
    card: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    lsst: bool = True
    step: float | None = None

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "planes":
            return "a list of mask plane names"
        what = "a whole number" if self.kind == "int" else "a number"
        if self.minimum is not None and self.maximum is not None:
            return f"{what} from {_plain(self.minimum)} to {_plain(self.maximum)}"
        if self.minimum is not None:
            return f"{what} of at least {_plain(self.minimum)}"
        return what

    def check(self, value: Any) -> Any:
        """Return `value` in its stored form, or raise `ConfigError`."""
        checked = _CHECKS[self.kind](self, value)
        if checked is None:
            raise self.error(value)
        return checked

    def error(self, value: Any, why: str = "") -> ConfigError:
        """Build the error that names field, value and allowed range."""
        hint = ""
        if self.kind == "choice" and isinstance(value, str):
            near = difflib.get_close_matches(value.upper(), self.choices, 1, 0.5)
            hint = f" Did you mean {near[0]}?" if near else ""
        reason = why or f"must be {self.allowed}.{hint}"
        return ConfigError(
            f"{self.lsst_name} = {value!r}: {reason}", field=self.name, value=value, reason=reason
        )


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _check_bool(_opt: Option, value: Any) -> bool | None:
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    return None


def _check_int(opt: Option, value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        return None
    return int(value) if _in_range(opt, int(value)) else None


def _check_float(opt: Option, value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    number = float(value)
    return number if math.isfinite(number) and _in_range(opt, number) else None


def _in_range(opt: Option, value: float) -> bool:
    return (opt.minimum is None or value >= opt.minimum) and (
        opt.maximum is None or value <= opt.maximum
    )


def _check_choice(opt: Option, value: Any) -> str | None:
    if value == "NONE" and opt.name == "interp_style":
        raise opt.error(
            value,
            "LSST accepts this word but then every match fails, even with a polynomial; "
            f"choose {opt.allowed}.",
        )
    return str(value) if isinstance(value, str) and value in opt.choices else None


def _check_planes(_opt: Option, value: Any) -> tuple[str, ...] | None:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return None
    names = tuple(value)
    if not all(isinstance(n, str) and n.strip() and "," not in n for n in names):
        return None
    return tuple(dict.fromkeys(str(n).strip() for n in names))


_CHECKS = {
    "bool": _check_bool,
    "int": _check_int,
    "float": _check_float,
    "choice": _check_choice,
    "planes": _check_planes,
}


def option(default: Any, **declaration: Any) -> Any:
    """Declare a dataclass field that carries an `Option` (its name is filled in later)."""
    return dataclasses.field(default=default, metadata={"option": declaration})
