"""One diagnostic: a figure, what it should be, and what to do about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bgviewer.engine.relation import as_compared
from bgviewer.errors import Remedy

__all__ = [
    "ABOVE",
    "EXPECTED",
    "SIGNS",
    "STATES",
    "UNKNOWN",
    "Diagnostic",
    "bound",
    "state_of",
    "unknown",
]

EXPECTED, ABOVE, UNKNOWN = STATES = ("as expected", "above expectation", "unknown")
"""How a figure stands to its expectation.  It is no verdict: a match has one, of its own."""
SIGNS = {EXPECTED: "≈", ABOVE: "↑", UNKNOWN: "–"}


@dataclass(frozen=True)
class Diagnostic:
    """A figure held against what it should be.

    Attributes
    ----------
    key : str
        Stable identifier.
    name : str
        For people.
    value : float
        NaN where it is not known.
    unit : str
        Of the value; empty where it has none.
    expected : str
        What it should be, with numbers.
    state : {"as expected", "above expectation", "unknown"}
    what, good, advice : str
        Sentences: what it is, what is expected and why, and what to try where it is above that.
    remedies : tuple of Remedy
        What to try as settings, where it is one; the likeliest first.
    limit : float
        The number in `expected` that the value is compared with; NaN where it is another
        comparison.  It decides how many digits are shown.
    """

    key: str
    name: str
    value: float
    unit: str
    expected: str
    state: str
    what: str
    good: str
    advice: str = ""
    remedies: tuple[Remedy, ...] = ()
    limit: float = math.nan

    @property
    def sign(self) -> str:
        """≈, ↑ or –: the state by its shape."""
        return SIGNS[self.state]

    @property
    def figure(self) -> str:
        """The value with its unit; a dash where there is none."""
        if math.isnan(self.value):
            return "–"
        text = f"{self.value:.3g}" if abs(self.value) < 1000 else f"{self.value:.2e}"
        if math.isfinite(self.value) and math.isfinite(self.limit):
            shown, limit = as_compared(self.value, self.limit)
            if (float(text) > float(limit)) != (self.value > self.limit) or (
                float(text) < float(limit)
            ) != (self.value < self.limit):
                text = shown
        return f"{text} {self.unit}".rstrip()

    @property
    def sentence(self) -> str:
        """Everything in plain words."""
        return " ".join(part for part in (self.what, self.good, self.advice) if part)


def bound(relation: str, value: float, limit: float, unit: str = "") -> str:
    """Return a limit as text, with enough digits for its relation to the value to be true."""
    text = as_compared(value, limit)[1] if math.isfinite(value) else f"{limit:.3g}"
    return f"{relation} {text} {unit}".rstrip()


def unknown(key: str, name: str, what: str, good: str, advice: str, unit: str = "") -> Diagnostic:
    """Return a diagnostic without a value; `advice` says why there is none."""
    return Diagnostic(key, name, math.nan, unit, "", UNKNOWN, what, good, advice)


def state_of(above: bool) -> str:
    """Return the state of a figure that is known."""
    return ABOVE if above else EXPECTED
