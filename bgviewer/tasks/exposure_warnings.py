"""What the user is told about single exposures: collected in one place, grouped for printing."""

from __future__ import annotations

from collections.abc import Iterable

from bgviewer.engine.exposure import Exposure
from bgviewer.engine.mask_use import MaskUse
from bgviewer.engine.ranking import Measurement
from bgviewer.io.stack import StackEntry
from bgviewer.tasks.mask_warnings import mask_warnings

__all__ = ["exposure_warnings", "grouped_warnings", "stack_warnings"]

_NAMED = 3
"""How many exposures are named before a warning that many share is cut short."""


def exposure_warnings(
    entry: StackEntry, exposure: Exposure | None = None, mask: MaskUse | None = None
) -> tuple[str, ...]:
    """Return every warning about one exposure, each once, in the order in which they arose.

    Parameters
    ----------
    entry : StackEntry
        Gives the warnings of its headers and of its place in the stack.
    exposure : Exposure, optional
        The pixels, when they have been read: adds what only reading shows.
    mask : MaskUse, optional
        What is remarkable about its mask, at the settings.

    Returns
    -------
    tuple of str
        Sentences without the name of the exposure.
    """
    read = getattr(getattr(exposure, "source", None), "warnings", ())
    stated = () if entry.info is None else entry.info.warnings
    told = mask_warnings(mask, getattr(entry.info, "masks", ()))
    return tuple(dict.fromkeys((*stated, *read, *told, *entry.warnings)))


def stack_warnings(
    entries: Iterable[StackEntry], measurements: Iterable[Measurement | None]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return name and warnings of every exposure of a stack that was measured."""
    return tuple(
        (entry.name, exposure_warnings(entry, mask=None if m is None else m.mask))
        for entry, m in zip(entries, measurements, strict=True)
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
