"""What the user is told about single exposures: collected in one place, grouped for printing."""

from __future__ import annotations

from collections.abc import Iterable

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.mask_use import mask_use
from bgviewer.engine.ranking import Measurement, exposure_scatters
from bgviewer.io.stack import StackEntry
from bgviewer.tasks.mask_warnings import mask_warnings
from bgviewer.tasks.ranking import NO_SCATTER, is_map

__all__ = ["exposure_warnings", "grouped_warnings", "stack_warnings"]

_NAMED = 3
"""How many exposures are named before a warning that many share is cut short."""


def exposure_warnings(
    entry: StackEntry,
    exposure: Exposure | None = None,
    config: MatchConfig | None = None,
    *,
    measured: Measurement | None = None,
    good: int | None = None,
) -> tuple[str, ...]:
    """Return every warning about one exposure, each once, in the order in which they arose.

    Parameters
    ----------
    entry : StackEntry
        Gives the warnings of its headers and of its place in the stack.
    exposure : Exposure, optional
        The pixels, when they have been read: adds what only reading shows.
    config : MatchConfig, optional
        Whose bad mask planes say which pixels of `exposure` are good, so that its mask and its
        scatter are looked at.
    measured : Measurement, optional
        What was measured for the ranking, where the pixels are no longer at hand.
    good : int, optional
        Number of pixels of `exposure` that are at least good, where it is known: with more than
        half of them good the mask need not be counted.

    Returns
    -------
    tuple of str
        Sentences without the name of the exposure.
    """
    read = getattr(getattr(exposure, "source", None), "warnings", ())
    stated = () if entry.info is None else entry.info.warnings
    use, flat = None if measured is None else measured.mask, is_map(measured)
    if exposure is not None and config is not None:
        use = mask_use(exposure, config.bad_mask_planes, good)
        flat = flat or not exposure_scatters(exposure, config)
    told = mask_warnings(use, getattr(entry.info, "masks", ()))
    seen = (NO_SCATTER,) if flat else ()
    return tuple(dict.fromkeys((*stated, *read, *told, *entry.warnings, *seen)))


def stack_warnings(
    entries: Iterable[StackEntry], measurements: Iterable[Measurement | None]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return name and warnings of every exposure of a stack that was measured."""
    return tuple(
        (entry.name, exposure_warnings(entry, measured=measured))
        for entry, measured in zip(entries, measurements, strict=True)
    )


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
