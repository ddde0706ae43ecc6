"""Exposures that were matched before: a second match would add a second correction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bgviewer.errors import ReadError
from bgviewer.io.recorded import RecordedSettings, settings_of
from bgviewer.io.stack import ExposureStack

__all__ = ["EarlierMatch", "earlier_matches", "second_match_question"]


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
