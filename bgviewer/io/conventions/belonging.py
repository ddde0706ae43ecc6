"""Which HDUs of a file are images, and which accompany which of them.

Names decide (`extnames`), with EXTVER and the order in the file where names do not.
"""

from __future__ import annotations

import re

from bgviewer.io.conventions.base import has_pixels
from bgviewer.io.conventions.extnames import IMAGE, PlaneName, plane_name
from bgviewer.io.layout import FitsFile, Hdu, card_value

__all__ = ["companion", "images", "is_lsst_mask", "named", "planes_of", "science_images"]

MASK_CARD = re.compile(rb"(?:^|(?<=HIERARCH )|(?<= ))MP_[A-Z_]+ *= +\d+ ")


def images(file: FitsFile) -> list[Hdu]:
    """Return the HDUs that hold at least one pixel on two axes or more."""
    return [hdu for hdu in file.hdus if has_pixels(hdu) and len(hdu.axes) >= 2]


def is_lsst_mask(hdu: Hdu) -> bool:
    """Whether an image of whole numbers has the cards that name the bits of LSST's masks."""
    # Looking at the bytes first spares parsing.
    return hdu.bitpix > 0 and b"MP_" in hdu.raw and bool(MASK_CARD.search(hdu.raw))


def named(file: FitsFile, name: str) -> list[Hdu]:
    """Return the images of that EXTNAME."""
    return [hdu for hdu in images(file) if hdu.name == name]


def science_images(file: FitsFile) -> list[Hdu]:
    """Return the images that are not named like something that accompanies another one.

    Where some are named like an image (``SCI``, ``IMAGE_2``), others of unknown name are none.
    """
    found = images(file)
    stems = {stem for hdu in found for stem in _stems(hdu) if _is_image(plane_name(hdu.name))}
    science = [hdu for hdu in found if not _accompanies(hdu, stems)]
    told = [hdu for hdu in science if plane_name(hdu.name).role == IMAGE]
    return told if told and all(hdu.name for hdu in science) else science


def _is_image(name: PlaneName) -> bool:
    return name.role in ("", IMAGE)


def _stems(image: Hdu) -> set[tuple[str, str]]:
    """Return what may stand beside the word in the names of an image's planes."""
    return {plane_name(image.name).stem, (image.name, ""), ("", image.name)}


def _accompanies(hdu: Hdu, stems: set[tuple[str, str]]) -> bool:
    name = plane_name(hdu.name)
    if not hdu.name:
        return is_lsst_mask(hdu)
    if hdu.name.startswith("PSF") or name.is_clear:
        return True
    return not _is_image(name) and name.stem in stems


def companion(file: FitsFile, image: Hdu, name: str) -> Hdu | None:
    """Return the HDU of that EXTNAME which belongs to `image`: of its EXTVER, or the next one."""
    return next((hdu for hdu in named(file, name) if _of_version(file, hdu, image)), None)


def planes_of(file: FitsFile, image: Hdu) -> list[Hdu]:
    """Return the HDUs that accompany `image` by their names, in the order of the file."""
    science = science_images(file)
    alone = len(science) == 1 or all(hdu.name == image.name for hdu in science)
    stems = _stems(image)

    def belongs(hdu: Hdu) -> bool:
        name = plane_name(hdu.name)
        if _is_image(name) or hdu.index == image.index:
            return False
        numbered = "".join(name.stem).isdigit() and len(science) == 1
        if name.stem in stems or numbered or (name.is_bare and alone):
            return _of_version(file, hdu, image)
        return name.is_bare and _in_order(file, hdu, image, science)

    return [hdu for hdu in images(file) if belongs(hdu)]


def _of_version(file: FitsFile, hdu: Hdu, image: Hdu) -> bool:
    """Whether EXTVER, or else the place in the file, gives a plane to this of several images."""
    twins, planes = named(file, image.name), named(file, hdu.name)
    if len(twins) <= 1 and len(planes) == 1:
        return True
    version = card_value(image.header, "EXTVER", 1)
    same = [h for h in planes if card_value(h.header, "EXTVER", 1) == version]
    if not same:
        same = [h for h in planes if card_value(h.header, "EXTVER") is None]
    if len(same) > 1:
        stop = min((h.index for h in twins if h.index > image.index), default=len(file.hdus))
        same = [h for h in same if image.index < h.index < stop]
    return bool(same) and same[0].index == hdu.index


def _in_order(file: FitsFile, hdu: Hdu, image: Hdu, science: list[Hdu]) -> bool:
    """Whether there is one plane of that name per image, and `hdu` is that of this image."""
    planes = [h.index for h in named(file, hdu.name)]
    pairs = zip((h.index for h in science), planes, strict=False)
    return len(planes) == len(science) and (image.index, hdu.index) in pairs
