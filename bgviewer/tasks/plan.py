"""What a person has decided about a stack, and how far it fits the stack at hand."""

from __future__ import annotations

import difflib

from bgviewer.engine.plan import StackPlan
from bgviewer.io.stack import ExposureStack

__all__ = ["StackPlan", "own_text", "plan_warnings"]


def plan_warnings(plan: StackPlan, stack: ExposureStack) -> tuple[str, ...]:
    """Say which exposures of the plan the stack does not hold, and what they were meant for."""
    held = [entry.name for entry in stack.entries]
    regional = {r.exposure for r in plan.regions if r.exposure is not None}
    uses = (("excluded", plan.excluded), ("a region", regional), ("own settings", set(plan.own)))
    found = []
    for name in sorted(plan.names() - set(held)):
        what = ", ".join(text for text, names in uses if name in names)
        near = difflib.get_close_matches(name, held, 1, 0.6)
        hint = f"; did you mean {near[0]}?" if near else ""
        found.append(f"warning: no exposure is called {name} (in the settings: {what}){hint}")
    return tuple(found)


def own_text(plan: StackPlan, exposure: str) -> str:
    """Return an exposure's own settings as ``binSize=64; order=3``; empty without any."""
    options = plan.own_options(exposure).items()
    return "; ".join(f"{name}={_word(value)}" for name, value in options)


def _word(value: object) -> str:
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
