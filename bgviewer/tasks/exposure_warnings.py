"""What the user is told about single exposures: collected in one place, grouped for printing."""

from __future__ import annotations

from collections.abc import Iterable

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.ranking import Measurement, exposure_scatters
from bgviewer.io.stack import StackEntry
from bgviewer.tasks.ranking import NO_SCATTER, is_map

__all__ = ["exposure_warnings", "grouped_warnings"]

_NAMED = 3
"""How many exposures are named before a warning that many share is cut short."""


def exposure_warnings(
    entry: StackEntry,
    exposure: Exposure | None = None,
    config: MatchConfig | None = None,
    *,
    measured: Measurement | None = None,
) -> tuple[str, ...]:
    """Return every warning about one exposure, each once, in the order in which they arose.

    Parameters
    ----------
    entry : StackEntry
        Gives the warnings of its headers and of its place in the stack.
    exposure : Exposure, optional
        The pixels, when they have been read: adds what only reading shows.
    config : MatchConfig, optional
        Whose bad mask planes say which pixels of `exposure` are good, so that their scatter is
        looked at.
    measured : Measurement, optional
        What was measured for the ranking, where the pixels are no longer at hand.

    Returns
    -------
    tuple of str
        Sentences without the name of the exposure.
    """
    read = getattr(getattr(exposure, "source", None), "warnings", ())
    stated = () if entry.info is None else entry.info.warnings
    flat = is_map(measured)
    if exposure is not None and config is not None:
        flat = flat or not exposure_scatters(exposure, config)
    seen = (NO_SCATTER,) if flat else ()
    return tuple(dict.fromkeys((*stated, *read, *entry.warnings, *seen)))


def grouped_warnings(warnings: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    """Return one line per distinct warning, with the exposures that it is about.

    Parameters
    ----------
    warnings : iterable of (str, iterable of str)
        Name of an exposure and its warnings.

    Examples
    --------
    >>> grouped_warnings([("a", ["no EXPTIME"]), ("b", ["no EXPTIME"])])
    ['a, b: no EXPTIME']
    """
    names: dict[str, list[str]] = {}
    for name, texts in warnings:
        for text in texts:
            names.setdefault(text, []).append(name)
    return [f"{_listed(about)}: {text}" for text, about in names.items()]


def _listed(names: list[str]) -> str:
    if len(names) <= _NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more exposures"
