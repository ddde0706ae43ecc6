"""NOIRLab Community Pipeline (DECam, Mosaic, 90Prime): image, codes and weight in three files.

Source: FORMATS 4.3; NOIRLab, "DECam Community Pipeline data products"; legacypipe's cpimage.
"""

from __future__ import annotations

import re

from bgviewer.io.conventions.base import OTHER_CODE, MaskPart, Noise, Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import (
    belongs,
    chosen,
    exposure_of,
    science_images,
    sidecar,
    weight_mask,
)
from bgviewer.io.layout import FitsFile, Hdu, card_text, card_value
from bgviewer.io.names import file_stem
from bgviewer.io.sidecars import suffix_stems

__all__ = ["Noirlab"]

CODES = {
    "BAD_PIXEL": 1,
    "NO_VALUE": 2,
    "SATURATED": 3,
    "BLEED": 4,
    "COSMIC_RAY": 5,
    "LOW_WEIGHT": 6,
    "DIFF_DETECTED": 7,
    "STREAK": 8,
}
OLD_BITS = {
    "BAD_PIXEL": 0,
    "SATURATED": 1,
    "INTERPOLATED": 2,
    "COSMIC_RAY": 4,
    "BLEED": 6,
    "TRANSIENT": 7,
}
_PRODUCT = re.compile(r"(?<![a-z0-9])(o[opsk])([idwxj])(?![a-z0-9])")
_NOT_IMAGES = {"DQMASK": "the mask", "WTMAP": "the weight", "EXPMAP": "the exposure map"}
_REDUCED = ("INSTCAL", "MASTERCAL", "RESAMPLED", "STACKED")
_NAME = re.compile(r"(?<![a-z0-9])[a-z][a-z0-9]{2}_\d{6}_\d{6}_o[opsk][idwxj]_")
_LETTERS = {"d": "the mask", "w": "the weight"}
_CODES_SINCE = (3, 5, 0)


def _version(text: str) -> tuple[int, ...] | None:
    """Return the numbers of PLVER (``V4.8.2a``, ``DECam V1.2``)."""
    match = re.search(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", text)
    return tuple(int(n or 0) for n in match.groups()) if match else None


class Noirlab:
    """PROCTYPE and PLVER; every CCD is an image, side-cars are paired by EXTNAME."""

    name = "noirlab cp"

    def recognises(self, file: FitsFile) -> bool:
        """Two cards in the primary or in a single image's header, or the pipeline's name."""
        told = any(_is_told(hdu) for hdu in file.hdus[:2])
        return bool(science_images(file)) and (told or _NAME.search(file.path.name) is not None)

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """``ood`` holds codes (bits before version 3.5.0), ``oow`` the inverse variance."""
        kind = _kind(file)
        if kind is not None and choice.hdu is None:
            raise belongs(file, kind, self.name)
        image = chosen(file, science_images(file), choice, "CCDs")
        warnings: list[str] = []
        stems = _stems(file, "d") or suffix_stems(file.path, "mask")
        mask = sidecar(file, image, stems, choice.settles_mask)
        stems = _stems(file, "w") or suffix_stems(file.path, "weight")
        weight = sidecar(file, image, stems, choice.settles_mask and choice.settles_noise)
        masks = [] if mask is None else [MaskPart(mask, *_meaning(file, image, warnings))]
        if weight is not None:
            masks.append(weight_mask(weight))
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=masks,
            bad=(*CODES, *OLD_BITS, OTHER_CODE) if mask else None,
            noise=Noise("inverse variance", (weight,)) if weight else None,
            warnings=warnings,
        )


def _is_told(hdu: Hdu) -> bool:
    """Whether PROCTYPE names a product of the pipeline (raw exposures have the card too)."""
    if "PROCTYPE" not in hdu.header:
        return False
    reduced = card_text(hdu.header, "PROCTYPE") in _REDUCED and "PRODTYPE" in hdu.header
    return reduced or "PLVER" in hdu.header


def _kind(file: FitsFile) -> str | None:
    """Say what the file is when it is no image; names tell more than PRODTYPE, which is copied."""
    for hdu in file.hdus[:2]:
        product = card_text(hdu.header, "PRODTYPE")
        if product in _NOT_IMAGES:
            return _NOT_IMAGES[product]
    match = _PRODUCT.search(file_stem(file.path))
    return _LETTERS.get(match[2]) if match else None


def _stems(file: FitsFile, letter: str) -> list[str]:
    """Return the stem with ``ooi`` turned into ``ood`` or ``oow``; ``oki`` has those of ``ooi``."""
    stem = file_stem(file.path)
    match = _PRODUCT.search(stem)
    if match is None or match[2] != "i":
        return []
    before, after = stem[: match.start()], stem[match.end() :]
    kinds = dict.fromkeys((match[1], "oo"))
    return [f"{before}{kind}{letter}{after}" for kind in kinds]


def _meaning(file: FitsFile, image: Hdu, warnings: list[str]) -> tuple[str, dict[str, int]]:
    text = card_value(file.hdus[0].header, "PLVER") or card_value(image.header, "PLVER")
    version = _version(str(text))
    if version is None:
        told = "there is no PLVER" if text is None else f"PLVER {text!r} is no version"
        warnings.append(f"{told}; the mask is taken to hold codes")
    if version is not None and version < _CODES_SINCE:
        return "bits", OLD_BITS
    return "codes", CODES
