"""Legacy Survey coadds: image, invvar and maskbits in files of one name pattern.

Source: FORMATS 4.6; legacysurvey.org, "Contents of Legacy Survey image stacks".
"""

from __future__ import annotations

import re

from bgviewer.io.conventions.base import MaskPart, Noise, Place, Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import (
    belongs,
    chosen,
    exposure_of,
    images,
    sidecar,
    weight_mask,
)
from bgviewer.io.layout import FitsFile, Hdu, card_text
from bgviewer.io.names import file_stem
from bgviewer.io.photometry import NANOMAGGY
from bgviewer.io.sidecars import sibling

__all__ = ["LegacySurvey"]

_FLAGS = (
    "NPRIMARY BRIGHT SATUR_G SATUR_R SATUR_Z ALLMASK_G ALLMASK_R ALLMASK_Z WISEM1 WISEM2 BAILOUT "
    "MEDIUM GALAXY CLUSTER SATUR_I ALLMASK_I"
)
FLAGS = {name: bit for bit, name in enumerate(_FLAGS.split())}
_NAME = re.compile(
    r"(?P<before>(?:.*[^A-Za-z0-9])?legacysurvey-[^-]+)-(?P<kind>[a-z]+)(?P<after>-.*)?$"
)
_SIDECARS = {
    "invvar": "the inverse variance",
    "maskbits": "the mask",
    "nexp": "the number of exposures",
    "depth": "the depth map",
    "galdepth": "the depth map",
    "psfsize": "the map of the seeing",
    "blobs": "the map of sources",
}


class LegacySurvey:
    """IMTYPE and a BRICK card, or the name."""

    name = "legacy survey"

    def recognises(self, file: FitsFile) -> bool:
        """The cards in primary or image, or the name."""
        if not images(file):
            return False
        header = {key for hdu in file.hdus[:2] for key in hdu.header}
        cards = "IMTYPE" in header and any(key.startswith("BRICK") for key in header)
        return cards or _NAME.match(file_stem(file.path)) is not None

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Maskbits are of the whole brick, the rest is per band."""
        stem = file_stem(file.path)
        match = _NAME.match(stem)
        kinds = [card_text(hdu.header, "IMTYPE").lower() for hdu in file.hdus[:2]]
        kind = match["kind"] if match else next((k for k in kinds if k), "image")
        if kind in _SIDECARS and choice.hdu is None:
            raise belongs(file, _SIDECARS[kind], self.name)
        image = chosen(file, images(file), choice)
        mask = weight = None
        if match and match["kind"] == "image":
            before, after = match["before"], match["after"] or ""
            band = after[1:].partition("_")[0].upper()  # an export of ours goes on after it
            stems = [f"{before}-maskbits{after}", f"{before}-maskbits"]
            mask = _bits(file, image, stems, choice)
            settled = choice.settles_mask and choice.settles_noise
            weight = sidecar(file, image, [f"{before}-invvar{after}"], settled)
        else:
            band = ""
            mask = _bits(file, image, _stems(file, "maskbits"), choice)
            settled = choice.settles_mask and choice.settles_noise
            weight = sidecar(file, image, _stems(file, "invvar"), settled)
        masks = [] if mask is None else [MaskPart(mask, "bits", FLAGS)]
        if weight is not None:
            masks.append(weight_mask(weight))
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=masks,
            bad=_bad(band) if mask else None,
            noise=Noise("inverse variance", (weight,)) if weight else None,
            zero_point=(NANOMAGGY, "BUNIT"),
        )


def _bits(file: FitsFile, image: Hdu, stems: list[str], choice: Choice) -> Place | None:
    """Return the bits' plane; the same file may hold those of WISE after it."""
    path = None if choice.settles_mask else sibling(file.path, stems)
    if path is None:
        return None
    found = images(file.companion(path))
    named = [hdu for hdu in found if hdu.name == "MASKBITS"]
    return Place((named or found)[0].index, path) if found else None


def _stems(file: FitsFile, word: str) -> list[str]:
    """Return the stems of side-cars of a file with another name: for "image", or at its end."""
    stem = file_stem(file.path)
    replaced = [stem.replace("image", word)] if "image" in stem else []
    return [*replaced, f"{stem}-{word}", f"{stem}_{word}"]


def _bad(band: str) -> tuple[str, ...]:
    """Return what is bad in a band: saturated, flagged in all exposures, or not fitted."""
    own = [name for name in FLAGS if name.startswith(("SATUR_", "ALLMASK_"))]
    mine = [name for name in own if name.endswith(f"_{band}")]
    return (*(mine or own), "BAILOUT")
