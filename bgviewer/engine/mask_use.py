"""What the bits of a mask do to an exposure: what counts, what does not, and where it is too much.

Only what a user should know is looked for.  Of a mask in order one pass over its bits is made, and
that once; pixels are counted only where there is something to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.bands import row_bands
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.masks import IGNORED_PLANE, in_type_of

__all__ = ["MOSTLY", "MaskUse", "mask_use", "use_of_bands"]

MOSTLY = 0.5
"""Share of the pixels above which an exposure counts as mostly flagged."""

_PIXELS = 1 << 20
Band = tuple[NDArray[np.float32], NDArray[np.integer[Any]]]


@dataclass(frozen=True)
class MaskUse:
    """What is remarkable about a mask; shares are of the pixels with a finite value.

    Attributes
    ----------
    flagged : float
        Share that bad planes flag, where that is more than `MOSTLY`; else 0.
    planes : mapping of str to float
        Share of every plane that flags any pixel.
    counted : tuple of str
        Planes that count as bad and flag pixels.
    unnamed : tuple of int
        Bits that are set and have no name.
    not_counted : float
        Share with any bit set, where none of them counts; else 0.
    unnamed_share : float
        Share with one of the bits without a name.
    """

    flagged: float = 0.0
    planes: Mapping[str, float] = field(default_factory=dict)
    counted: tuple[str, ...] = ()
    unnamed: tuple[int, ...] = ()
    not_counted: float = 0.0
    unnamed_share: float = 0.0


def mask_use(image: MaskedImage, bad: Iterable[str], good: float | None = None) -> MaskUse | None:
    """Say what is remarkable about the mask of an exposure.

    Parameters
    ----------
    bad : iterable of str
        Planes that count as bad.
    good : float, optional
        Number of good pixels, where it is known: with more than half of all the pixels good they
        need not be counted again.

    Returns
    -------
    MaskUse or None
        None where nothing is.
    """
    mask = image.mask
    if mask is None:
        return None
    bands = row_bands(0, image.shape[0], _PIXELS // image.shape[1])
    return use_of_bands(
        ((image.image[a:b], mask[a:b]) for a, b in bands),
        image.set_bits,
        image.planes or {},
        bad,
        good if good is None else good / image.image.size,
    )


def use_of_bands(
    bands: Iterable[Band],
    set_bits: int,
    planes: Mapping[str, int],
    bad: Iterable[str],
    good: float | None = None,
) -> MaskUse | None:
    """Do the same for pixels that are fetched band by band, if they are needed at all.

    Parameters
    ----------
    bands : iterable of (image, mask)
        Fetched only where something has to be counted.
    set_bits : int
        All bits that are set anywhere in the mask.
    planes : mapping of str to int
        Plane name to bit number.
    good : float, optional
        Share of good pixels.
    """
    named = {name: 1 << bit for name, bit in planes.items() if name != IGNORED_PLANE}
    wanted = tuple(bad)
    counted = _sum(named[name] for name in wanted if name in named) & set_bits
    ignored = 1 << planes[IGNORED_PLANE] if IGNORED_PLANE in planes else 0
    unnamed = set_bits & ~_sum(named.values()) & ~ignored
    idle = bool(wanted) and bool(set_bits & ~ignored) and not counted
    mostly = bool(counted) and (good is None or good <= 1 - MOSTLY)
    if not (idle or mostly or unnamed):
        return None
    shares = _shares(bands, {"": counted, "?": unnamed, "*": set_bits & ~ignored, **named})
    flagged = shares[""] if shares[""] > MOSTLY else 0.0
    if not (flagged or shares["?"] or (idle and shares["*"])):
        return None
    return MaskUse(
        flagged=flagged,
        planes={name: shares[name] for name in named if shares[name] > 0},
        counted=tuple(n for n in wanted if n in named and shares[n] > 0),
        unnamed=tuple(bit for bit in range(64) if unnamed >> bit & 1),
        not_counted=shares["*"] if idle else 0.0,
        unnamed_share=shares["?"],
    )


def _sum(bits: Iterable[int]) -> int:
    value = 0
    for bit in bits:
        value |= bit
    return value


def _shares(bands: Iterable[Band], wanted: Mapping[str, int]) -> dict[str, float]:
    """Return which share of the finite pixels has any of the bits, for each of several sets."""
    counts, total = dict.fromkeys(wanted, 0), 0
    for image, mask in bands:
        flags = mask[np.isfinite(image)]
        total += flags.size
        for name, bits in wanted.items():
            if kept := in_type_of(mask, bits):
                counts[name] += int(np.count_nonzero(flags & kept))
    return {name: count / total if total else 0.0 for name, count in counts.items()}
