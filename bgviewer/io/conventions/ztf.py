"""Zwicky Transient Facility: sciimg with mskimg beside it.  Source: FORMATS 4.4."""

from __future__ import annotations

import re

from bgviewer.io.conventions.base import MaskPart, Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import (
    belongs,
    chosen,
    exposure_of,
    science_images,
    sidecar,
)
from bgviewer.io.layout import FitsFile
from bgviewer.io.names import file_stem

__all__ = ["Ztf"]

_FLAGS = (
    "TRACK OBJECT LOW_RESPONSE HIGH_RESPONSE NOISY GHOST BLEED RADHIT SATURATED DEAD NAN "
    "PSF_SOURCE HALO"
)
FLAGS = {name: bit for bit, name in enumerate(_FLAGS.split())}
# 6141: all but these two.
BAD = tuple(name for name in FLAGS if name not in ("OBJECT", "PSF_SOURCE"))
_OTHERS = {"refcov": "the coverage", "refunc": "the uncertainty", "sciunc": "the uncertainty"}
_NAME = re.compile(r"(?<![a-z0-9])ztf_\d", re.IGNORECASE)


class Ztf:
    """MAGZP and CCDID, or a name that begins with ``ztf_``."""

    name = "ztf"

    def recognises(self, file: FitsFile) -> bool:
        """One image with the cards or the name."""
        if len(science_images(file)) != 1:
            return False
        cards = any("MAGZP" in h.header and "CCDID" in h.header for h in file.hdus[:2])
        return cards or _NAME.search(file.path.name) is not None

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """The mask's bits have fixed meanings; there is no uncertainty."""
        stem = file_stem(file.path)
        if ("mskimg" in stem or stem.endswith("mskdflat")) and choice.hdu is None:
            raise belongs(file, "the mask", self.name)
        ending = stem.rpartition("_")[2].lower()
        if ending in _OTHERS and choice.hdu is None:
            raise belongs(file, _OTHERS[ending], self.name)
        image = chosen(file, science_images(file), choice)
        stems = [stem.replace("sciimg", "mskimg")] if "sciimg" in stem else []
        mask = sidecar(file, image, stems, choice.settles_mask)
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=[MaskPart(mask, "bits", FLAGS)] if mask else [],
            bad=BAD if mask else None,
        )
