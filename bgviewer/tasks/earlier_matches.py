"""Exposures that were matched before: a second match would add a second correction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.errors import ReadError
from bgviewer.io.recorded import RecordedSettings, settings_of
from bgviewer.io.stack import ExposureStack

__all__ = [
    "EarlierMatch",
    "EarlierSettings",
    "earlier_matches",
    "earlier_settings",
    "second_match_question",
]


@dataclass(frozen=True)
class EarlierMatch:
    """An exposure that bgviewer has matched before, and how."""

    id: int
    name: str
    settings: RecordedSettings


def earlier_matches(
    stack: ExposureStack, excluded: Collection[str] = ()
) -> tuple[EarlierMatch, ...]:
    """Return the usable exposures that were matched before; copies of a reference are none.

    Parameters
    ----------
    excluded : collection of str
        Exposures that are left out anyway.
    """
    found = []
    for entry in (stack[i] for i in stack.usable):
        own = entry.info is not None and entry.info.own_output
        if not own or entry.path is None or entry.name in excluded:
            continue
        try:
            settings = settings_of(entry.path)
        except ReadError:
            continue  # reading it will say why
        if settings is not None and settings.is_matched:
            found.append(EarlierMatch(entry.id, entry.name, settings))
    return tuple(found)


def second_match_question(matches: Sequence[EarlierMatch]) -> str:
    """Say what was matched and what a second match does, in one or two sentences."""
    first = matches[0]
    more = f" and {len(matches) - 1} more" if len(matches) > 1 else ""
    reference = first.settings.extra.get("reference")
    to = f" to {reference}" if reference else ""
    return (
        f"{first.name}{more}: matched already{to} by bgviewer {first.settings.version}. "
        "A second match adds a second correction"
    )


@dataclass(frozen=True, eq=False)
class EarlierSettings:
    """What made several exposures, put together.

    Attributes
    ----------
    config : MatchConfig
        Settings of most of them.
    plan : StackPlan
        Regions that were ignored, and settings of those that had others.
    reference : str
        File name of the reference; empty where they had several, or none is recorded.
    zero_point : "auto", "none" or float
    """

    config: MatchConfig
    plan: StackPlan = field(default_factory=StackPlan)
    reference: str = ""
    zero_point: str | float = "auto"


def earlier_settings(matches: Sequence[EarlierMatch]) -> EarlierSettings | None:
    """Return the settings with which exposures were matched; None where none can be read."""
    known = [(m.name, m.settings, m.settings.config) for m in matches]
    configs = Counter(config for _, _, config in known if config is not None)
    if not configs:
        return None
    shared = configs.most_common(1)[0][0]
    own = {}
    for name, _, config in known:
        if config is not None and config != shared:
            own[name] = {
                opt.name: getattr(config, opt.name)
                for opt in OPTIONS.values()
                if opt.stage != "ranking" and getattr(config, opt.name) != getattr(shared, opt.name)
            }
    extras = [settings.extra for _, settings, _ in known]
    references = {str(extra["reference"]) for extra in extras if "reference" in extra}
    points = [extra["zeroPoint"] for extra in extras if "zeroPoint" in extra]
    regions = tuple(dict.fromkeys(r for _, settings, _ in known for r in settings.plan.regions))
    return EarlierSettings(
        shared,
        StackPlan(regions=regions, own={name: changes for name, changes in own.items() if changes}),
        references.pop() if len(references) == 1 else "",
        points[0] if points else "auto",
    )
