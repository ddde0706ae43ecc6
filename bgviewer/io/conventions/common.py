"""What several conventions share: finding images, their companions, and choosing among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bgviewer.errors import ChooseError, SidecarError
from bgviewer.io.conventions.base import (
    MaskPart,
    Noise,
    Place,
    Planes,
    check_shape,
    check_sibling,
    fits_image,
    has_pixels,
    merged_header,
)
from bgviewer.io.conventions.belonging import (
    companion,
    images,
    is_lsst_mask,
    named,
    planes_of,
    science_images,
)
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.layout import FitsFile, Hdu, card_value
from bgviewer.io.photometry import band_of, standard_zero_point, unit_of
from bgviewer.io.sidecars import sibling
from bgviewer.io.units import is_logarithmic

__all__ = [
    "NO_WEIGHT",
    "chosen",
    "companion",
    "exposure_of",
    "images",
    "is_lsst_mask",
    "named",
    "own",
    "planes_of",
    "science_images",
    "sidecar",
    "sidecar_hdu",
    "stated",
    "weight_mask",
]

NO_WEIGHT = "NO_DATA"
"""Plane of the pixels without a positive weight."""

_LAYERS = {3: ("R", "G", "B")}


def stated(file: FitsFile, hdu: Hdu, name: str) -> Any:
    """Return a card of the HDU, else of the primary."""
    value = card_value(hdu.header, name)
    return card_value(file.hdus[0].header, name) if value is None else value


def own(hdu: Hdu) -> Place:
    """Return the place of an HDU of the exposure's own file."""
    return Place(hdu.index)


def weight_mask(place: Place) -> MaskPart:
    """Return the mask that a weight gives: no positive weight, no data."""
    return MaskPart(place, "positive", {NO_WEIGHT: 0})


def choices_of(hdus: Iterable[Hdu]) -> tuple[dict[str, Any], ...]:
    """Say what can be chosen: every image, of cubes every plane."""
    out = []
    for hdu in hdus:
        ny, nx = hdu.shape[-2:]
        layers = 1
        for length in hdu.shape[:-2]:
            layers *= length
        for layer in range(min(layers, 1000)):
            cube = layers > 1
            letters = _LAYERS.get(layers, ())
            name = f"{hdu.name} {letters[layer]}".strip() if cube and letters else hdu.name
            text = hdu.describe() + (f", plane {layer + 1} of {layers}" if cube else "")
            plane = layer if cube else None
            out.append(
                {"hdu": hdu.index, "plane": plane, "name": name, "shape": [ny, nx], "text": text}
            )
    return tuple(out)


def chosen(file: FitsFile, found: Sequence[Hdu], choice: Choice, what: str = "images") -> Hdu:
    """Return the only image, or the one that the user chose.

    Raises
    ------
    ChooseError
        When there are several and none is chosen.
    """
    if choice.hdu is not None:
        for hdu in found:
            if hdu.index == choice.hdu:
                return hdu
    if len(found) == 1:
        return found[0]
    told = ", ".join(hdu.describe() for hdu in found[:8]) + (", ..." if len(found) > 8 else "")
    reason = f"holds {len(found)} {what}; choose one ({told})"
    raise ChooseError(file.path, reason, id="E_CHOOSE", choices=choices_of(found))


def _layer_of(file: FitsFile, image: Hdu, choice: Choice) -> int | None:
    """Return the plane to take; None for an image of two axes."""
    if len(image.shape) <= 2:
        return None
    choices = choices_of([image])
    if choice.layer is not None and 0 <= choice.layer < len(choices):
        return choice.layer
    raise ChooseError(
        file.path,
        f"{image.describe()} has {len(image.shape)} axes; bgviewer matches 2-D images, choose a "
        "plane",
        id="E_DIMS",
        choices=choices,
    )


def exposure_of(
    file: FitsFile,
    image: Hdu,
    convention: str,
    choice: Choice,
    *,
    masks: Sequence[MaskPart] = (),
    noise: Noise | None = None,
    zero_point: tuple[float, str] | None = None,
    warnings: Sequence[str] = (),
    **more: Any,
) -> Planes:
    """Describe an exposure whose image is `image`; unit, band and zero point from its headers.

    Parameters
    ----------
    zero_point : (float, str), optional
        What the convention knows better than the table of keywords.
    more
        Further fields of `Planes`.

    Raises
    ------
    ReadError
        When a plane of the file has another shape than the image, or this is empty.
    """
    if not has_pixels(image):
        raise file.error(f"image plane has size 0 ({image.describe()})", "E_EMPTY_IMAGE")
    layer = _layer_of(file, image, choice)
    warnings = list(warnings)
    if choice.mask is not None:  # the user's own comes in its place, so it need not fit
        masks = ()
    if choice.noise is not None:
        noise = None
    masks = [
        part
        if part.meaning == "spans"
        else replace(part, place=_fitting(file, part.place, image, layer, warnings))
        for part in masks
    ]
    if noise is not None:
        places = tuple(_fitting(file, p, image, layer, warnings) for p in noise.places)
        noise = replace(noise, places=places)
    header = merged_header(file, image)
    headers = (header, file.hdus[0].header)
    unit = more.pop("unit", None) or unit_of(headers)
    if is_logarithmic(unit):
        warnings.append(
            f"BUNIT {unit} is logarithmic: skies do not add in it; convert to a unit of flux first"
        )
    found = zero_point or standard_zero_point(headers, unit, warnings)
    more.setdefault("variance_kind", noise.kind if noise else "none")
    more.setdefault("cards_hdu", image.index)
    return Planes(
        convention=convention,
        image=image.index,
        shape=(image.shape[-2], image.shape[-1]),
        header=header,
        layer=layer,
        masks=tuple(masks),
        noise=noise,
        unit=unit,
        zero_point=found[0] if found else None,
        zero_point_source=found[1] if found else "",
        band=band_of(headers),
        warnings=tuple(dict.fromkeys(warnings)),
        **more,
    )


def _fitting(
    file: FitsFile, place: Place, image: Hdu, layer: int | None, warnings: list[str]
) -> Place:
    """Check a plane's shape; of a cube the same layer as the image's is taken."""
    if place.path is None:
        hdu = file.hdus[place.hdu]
        check_shape(file, hdu, image)
    else:
        other = file.companion(place.path)
        hdu = other.hdus[place.hdu]
        check_sibling(file, other, hdu, image)
        told = [f"{place.path.name}: {warning}" for warning in other.warnings]
        warnings += [warning for warning in told if warning not in warnings]
    return replace(place, layer=layer) if len(hdu.shape) > 2 else place


def sidecar_hdu(file: FitsFile, image: Hdu, path: Path | None) -> tuple[Path, Hdu] | None:
    """Return the HDU of a side-car that belongs to `image`: same EXTNAME, else same place.

    None when the side-car holds no image for it.
    """
    if path is None:
        return None
    other = file.companion(path)
    found = images(other)
    if image.name:
        same = [hdu for hdu in found if hdu.name == image.name]
        if len(same) == 1:
            return path, same[0]
    chip = card_value(image.header, "CCDNUM")
    if chip is not None:
        same = [hdu for hdu in found if card_value(hdu.header, "CCDNUM") == chip]
        if len(same) == 1:
            return path, same[0]
    if len(found) == 1 and len(science_images(file)) == 1:
        return path, found[0]
    same = [hdu for hdu in found if hdu.index == image.index and not (image.name and hdu.name)]
    if not same and len(science_images(file)) == 1:  # of several planes the one that fits
        fitting = [hdu for hdu in found if fits_image(hdu, image)]
        same = fitting if len(fitting) == 1 else []
    return (path, same[0]) if same else None


def sidecar(
    file: FitsFile, image: Hdu, stems: Iterable[str], settled: bool = False
) -> Place | None:
    """Return the plane of the first side-car of these stems that belongs to `image`.

    None where the user settled the matter: a side-car that is not used may be damaged.
    """
    if settled:
        return None
    found = sidecar_hdu(file, image, sibling(file.path, stems))
    return None if found is None else Place(found[1].index, found[0])


def belongs(file: FitsFile, what: str, convention: str) -> SidecarError:
    """Make the error for a file that belongs to an exposure."""
    return SidecarError(
        file.path, f"is {what} of an exposure, not an exposure itself", convention=convention
    )


def names_to_bits(table: Mapping[int, str]) -> dict[str, int]:
    """Turn a table of bit values (as manuals print them) into names and bit numbers."""
    return {name: value.bit_length() - 1 for value, name in table.items()}
