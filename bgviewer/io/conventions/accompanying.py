"""Planes that a file names itself beside its image: masks, uncertainties, weights by EXTNAME.

Source: FORMATS section 0 (uncertainty to variance), 4.13, 4.19 step 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bgviewer.io.conventions.base import MaskPart, Noise, fits_image
from bgviewer.io.conventions.common import (
    NO_WEIGHT,
    images,
    is_lsst_mask,
    own,
    planes_of,
    science_images,
    weight_mask,
)
from bgviewer.io.conventions.extnames import NOISE_ROLES, ROLES, plane_name
from bgviewer.io.conventions.plane_names import named_mask
from bgviewer.io.layout import FitsFile, Hdu, card_text

__all__ = ["UTYPES", "Accompanying", "accompanying"]

UTYPES = {
    "": "sigma",
    "STDDEVUNCERTAINTY": "sigma",
    "STD": "sigma",
    "VARIANCEUNCERTAINTY": "variance",
    "VAR": "variance",
    "INVERSEVARIANCE": "inverse variance",
    "IVAR": "inverse variance",
}
"""What UTYPE of an UNCERT says, in upper case; without it sigma."""


@dataclass
class Accompanying:
    """What goes with an image; `kind` as `Planes.variance_kind`."""

    masks: list[MaskPart] = field(default_factory=list)
    bad: tuple[str, ...] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    noise: Noise | None = None
    kind: str = "none"
    quality: Hdu | None = None
    used: set[int] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)


def accompanying(file: FitsFile, image: Hdu, *, fitting: bool = False) -> Accompanying:
    """Find the planes of `image` in its own file.

    Of several planes of one role the first word in `ROLES` wins, then the first in the file.

    Parameters
    ----------
    fitting : bool
        Leave alone what has another shape than the image, with a warning, instead of complaining
        about it.
    """
    found = Accompanying()
    beside = _by_role(file, image, found, fitting)
    _take_mask(file, image, found, beside.get("mask"))
    if hdu := beside.get("good pixels"):
        found.masks.append(MaskPart(own(hdu), "positive", {NO_WEIGHT: 0}))
        found.used.add(hdu.index)
        found.warnings.append(f"{hdu.label}: pixels that are not above 0 are bad, by its name")
    for kind in NOISE_ROLES:
        if hdu := beside.get(kind):
            found.noise, found.kind = Noise(kind, (own(hdu),)), kind
            found.used.add(hdu.index)
            if kind == "inverse variance":
                found.masks.append(weight_mask(own(hdu)))
            break
    else:
        if hdu := beside.get("uncertainty"):
            _take_uncertainty(found, hdu)
    if hdu := beside.get("weight"):
        _take_weight(found, hdu)
    return found


def _by_role(file: FitsFile, image: Hdu, found: Accompanying, fitting: bool) -> dict[str, Hdu]:
    """Return the plane of each role that is preferred."""
    beside: dict[str, Hdu] = {}
    rank: dict[str, int] = {}
    for hdu in planes_of(file, image):
        name = plane_name(hdu.name)
        if name.role == "other":
            continue
        if fitting and not fits_image(hdu, image):
            found.warnings.append(f"{hdu.label} has another shape than the image and is not used")
            continue
        place = ROLES[name.role].index(name.word)
        if name.role not in beside or place < rank[name.role]:
            beside[name.role], rank[name.role] = hdu, place
    return beside


def _take_mask(file: FitsFile, image: Hdu, found: Accompanying, quality: Hdu | None) -> None:
    if quality is None and len(science_images(file)) == 1:
        # LSST's masks are known without a name
        named = [h for h in images(file) if is_lsst_mask(h) and fits_image(h, image)]
        quality = named[0] if len(named) == 1 else None
    if quality is None:
        return
    found.quality = quality
    found.used.add(quality.index)
    mask = named_mask(file, quality, own(quality))
    found.masks.append(mask.part)
    found.bad, found.aliases = mask.bad, mask.aliases
    found.warnings += mask.warnings
    if mask.part.meaning == "nonzero":
        found.warnings.append(f"{quality.label}: the bits have no names; anything but 0 is bad")


def _take_uncertainty(found: Accompanying, hdu: Hdu) -> None:
    stated = card_text(hdu.header, "UTYPE")
    known = UTYPES.get(stated)
    found.kind = known or "unknown"
    found.used.add(hdu.index)
    if known is None:
        found.warnings.append(f"{hdu.label}: uncertainty of kind {stated} is not used")
    else:
        found.noise = Noise(known, (own(hdu),))


def _take_weight(found: Accompanying, hdu: Hdu) -> None:
    """Use a weight to tell pixels without data; it is no variance."""
    found.masks.append(weight_mask(own(hdu)))
    found.used.add(hdu.index)
    if found.kind == "none":
        found.kind = "unknown"
        found.warnings.append(f"{hdu.label}: the weight's scale is not told; used as a mask only")
