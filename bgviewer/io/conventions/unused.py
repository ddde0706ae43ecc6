"""Planes that no rule uses: they are named, so that none is passed over in silence."""

from __future__ import annotations

from dataclasses import replace

from bgviewer.io.conventions.base import Planes
from bgviewer.io.conventions.belonging import images, named, planes_of, science_images
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.extnames import NOISE_ROLES, plane_name
from bgviewer.io.layout import FitsFile, Hdu, card_value

__all__ = ["with_unused"]

_MOST = 6
"""So many planes are named in one sentence."""
_NOISES = (*NOISE_ROLES, "uncertainty")
_WCS_TABLES = ("WCSDVARR", "D2IMARR")


def with_unused(file: FitsFile, planes: Planes, choice: Choice) -> Planes:
    """Return `planes` with the names of the HDUs that have the image's shape and are not used.

    A warning says so, except of planes whose use is known: those that the convention sets aside,
    what the user chose not to take, and a further uncertainty beside the one that is used.
    """
    found = _unused(file, planes)
    loud = [hdu for hdu in found if not _is_known(hdu, planes, choice)]
    warnings = planes.warnings
    if loud:
        labels = [hdu.label for hdu in loud[:_MOST]]
        more = f" and {len(loud) - _MOST} more" if len(loud) > _MOST else ""
        does = (
            "has the image's shape and is" if len(loud) == 1 else "have the image's shape and are"
        )
        warnings = (*warnings, f"{', '.join(labels)}{more} {does} not used")
    return replace(planes, unused=tuple(hdu.label for hdu in found), warnings=warnings)


def _is_known(hdu: Hdu, planes: Planes, choice: Choice) -> bool:
    role = plane_name(hdu.name).role
    if hdu.name in planes.aside or hdu.name in _WCS_TABLES:
        return True
    if role in _NOISES or role == "weight":
        return planes.noise is not None or choice.settles_noise
    return role in ("mask", "good pixels") and choice.settles_mask


def _unused(file: FitsFile, planes: Planes) -> list[Hdu]:
    """Return the HDUs of the image's shape that nothing is made of and no other image has.

    Other images of the file, with what accompanies them, can be chosen instead and do not count.
    """
    image = file.hdus[planes.image]
    places = [part.place for part in planes.masks if part.meaning != "spans"]
    places += planes.noise.places if planes.noise else ()
    taken = {image.index, *(place.hdu for place in places if place.path is None)}
    science = science_images(file)
    if any(hdu.index == image.index for hdu in science):
        others = [hdu for hdu in science if hdu.index != image.index]
        own = {hdu.index for hdu in planes_of(file, image)}
        taken |= {hdu.index for hdu in others}
        taken |= {hdu.index for other in others for hdu in planes_of(file, other)} - own
        taken |= {hdu.index for hdu in images(file) if _is_of_twin(file, hdu, image)} - own
    return [
        hdu for hdu in images(file) if hdu.index not in taken and hdu.shape[-2:] == image.shape[-2:]
    ]


def _is_of_twin(file: FitsFile, hdu: Hdu, image: Hdu) -> bool:
    """Whether EXTVER gives an HDU to another image of the same name."""
    version, own = (card_value(h.header, "EXTVER", 1) for h in (hdu, image))
    twins = {card_value(h.header, "EXTVER", 1) for h in named(file, image.name)}
    return version != own and version in twins
