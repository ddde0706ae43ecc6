"""What the user says, put over what was recognised."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from bgviewer.io.conventions.base import (
    MaskPart,
    Noise,
    Place,
    Planes,
    check_shape,
    check_sibling,
)
from bgviewer.io.conventions.choice import NO_CHOICE, Choice
from bgviewer.io.conventions.common import exposure_of, images, weight_mask
from bgviewer.io.conventions.extnames import NOISE_ROLES, plane_name
from bgviewer.io.conventions.plane_names import named_mask
from bgviewer.io.layout import FitsFile, Hdu
from bgviewer.io.names import file_stem
from bgviewer.io.photometry import STATE_IT, STATED
from bgviewer.io.sidecars import kind_of_word

__all__ = ["other_image", "overridden"]

_MASK_ONLY = "used as a mask only"
_PLACE = re.compile(r"(?P<name>.*?)(?:\[(?P<hdu>\d+)\])?$", re.DOTALL)


def other_image(file: FitsFile, choice: Choice) -> Planes:
    """Return the image that the user names, whatever it is by the convention of the file.

    Raises
    ------
    ReadError
        When there is no image in that HDU.
    ChooseError
        When it is a cube and `choice` names no plane.
    """
    hdu = next((found for found in images(file) if found.index == choice.hdu), None)
    if hdu is None:
        raise file.error(f"there is no image in HDU {choice.hdu}", "E_NO_IMAGE")
    return exposure_of(file, hdu, "plain", choice)


def overridden(file: FitsFile, planes: Planes, choice: Choice) -> Planes:
    """Return `planes` with what `choice` says about mask, uncertainty and zero point.

    Raises
    ------
    ReadError
        When there is no such plane, or it does not fit the image.
    """
    if choice == NO_CHOICE:
        return planes
    if choice.mask is not None or choice.mask_meaning is not None:
        planes = _with_mask(file, planes, choice)
    if choice.noise is not None or choice.noise_kind is not None:
        planes = _with_noise(file, planes, choice)
    if choice.zero_point is not None:
        warnings = tuple(text for text in planes.warnings if not text.endswith(STATE_IT))
        planes = replace(
            planes,
            zero_point=choice.zero_point,
            zero_point_source=STATED,
            warnings=warnings,
        )
    return planes


def _place(file: FitsFile, planes: Planes, text: str) -> tuple[Place, FitsFile, Hdu]:
    """Find the plane that `text` names: an HDU of the file, or a file beside it."""
    image = file.hdus[planes.image]
    if text.isdigit():
        if int(text) >= len(file.hdus) or not file.hdus[int(text)].axes:
            raise file.error(f"there is no image in HDU {text}", "E_NO_IMAGE")
        hdu = file.hdus[int(text)]
        check_shape(file, hdu, image)
        return Place(hdu.index, None, _layer(hdu, planes)), file, hdu
    match = _PLACE.match(text)
    assert match is not None
    name = match["name"]
    if Path(name).name != name:
        raise file.error(f"side-car {name!r} is not in the same folder", "E_MISSING")
    path = file.path.parent / name
    other = file.companion(path)
    found = [h for h in images(other) if match["hdu"] is None or h.index == int(match["hdu"])]
    if not found:
        raise file.error(f"side-car {name} holds no such image", "E_NO_IMAGE")
    check_sibling(file, other, found[0], image)
    return Place(found[0].index, path, _layer(found[0], planes)), other, found[0]


def _layer(hdu: Hdu, planes: Planes) -> int | None:
    """Return the plane to take of a cube: the one that is taken of the image."""
    return planes.layer if len(hdu.shape) > 2 else None


def _with_mask(file: FitsFile, planes: Planes, choice: Choice) -> Planes:
    if choice.mask == "none" or choice.mask_meaning == "none":
        return replace(planes, masks=(), bad=None, aliases={})
    if choice.mask is not None:
        mask = named_mask(*_last(*_place(file, planes, choice.mask)))
        warnings = (*planes.warnings, *mask.warnings)
        planes = replace(
            planes, masks=(mask.part,), bad=mask.bad, aliases=mask.aliases, warnings=warnings
        )
    if choice.mask_meaning is None or not planes.masks:
        return planes
    first, meaning = planes.masks[0], choice.mask_meaning
    if first.meaning == "spans":
        raise file.error(
            f"its mask is made of tables of spans, not of {meaning}; name another one",
            "E_MASK_PLANES",
        )
    names = first.planes if first.meaning == meaning else {}
    if meaning == "bits":
        names = names or {f"BIT{n}": n for n in range(32)}
    elif meaning == "codes":
        names = names or {f"CODE{n}": n for n in range(1, 25)}
    else:
        names = {"NO_DATA" if meaning == "positive" else "BAD": 0}
    part = MaskPart(first.place, meaning, names)
    return replace(planes, masks=(part, *planes.masks[1:]))


def _last(place: Place, other: FitsFile, hdu: Hdu) -> tuple[FitsFile, Hdu, Place]:
    return other, hdu, place


def _with_noise(file: FitsFile, planes: Planes, choice: Choice) -> Planes:
    kind = choice.noise_kind
    if choice.noise == "none" or kind == "none":
        return replace(planes, noise=None, variance_kind="none")
    places = planes.noise.places if planes.noise else ()
    # what the convention made of a weight does not hold any more
    warnings = tuple(text for text in planes.warnings if not text.endswith(_MASK_ONLY))
    if choice.noise is not None:
        place, other, hdu = _place(file, planes, choice.noise)
        places = (place,)
        if kind is None:
            kind = _named_kind(file_stem(other.path)) if place.path else _role(hdu)
            warnings += (f"{choice.noise}: taken for {kind}; noiseKind can say otherwise",)
    elif not places:  # a weight that was used as a mask only
        places = tuple(p.place for p in planes.masks if p.meaning == "positive")[:1]
    if not places:
        raise file.error("there is no uncertainty whose kind could be changed", "E_NO_IMAGE")
    kind = kind or (planes.noise.kind if planes.noise else "variance")
    planes = replace(planes, warnings=warnings)
    masks = planes.masks
    if kind in ("weight", "inverse variance") and not any(m.place == places[0] for m in masks):
        masks = (*masks, weight_mask(places[0]))
    if kind == "weight":
        return replace(planes, masks=masks, noise=None, variance_kind="unknown")
    return replace(planes, masks=masks, noise=Noise(kind, places), variance_kind=kind)


def _role(hdu: Hdu) -> str:
    """Return what an HDU holds by its EXTNAME; else it is a variance."""
    role = plane_name(hdu.name).role
    return role if role in (*NOISE_ROLES, "weight") else "variance"


def _named_kind(name: str) -> str:
    """Return what a plane holds by the last word of its name that says so; else a variance."""
    kinds = ("variance", "sigma", "inverse variance", "weight")
    words = [kind_of_word(word) for word in re.split(r"[._-]", name)]
    return next((kind for kind in reversed(words) if kind in kinds), "variance")
