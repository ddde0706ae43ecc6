"""Astropy's CCDData: image in the primary, MASK, UNCERT.  Source: FORMATS 4.13."""

from __future__ import annotations

from bgviewer.io.conventions.accompanying import UTYPES
from bgviewer.io.conventions.base import Noise, Planes, has_pixels
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import exposure_of, named, own, science_images
from bgviewer.io.conventions.plane_names import named_mask
from bgviewer.io.layout import FitsFile, Hdu, card_text

__all__ = ["CcdData"]


class CcdData:
    """MASK not 0 is bad; UTYPE says what UNCERT is, without it sigma."""

    name = "ccddata"

    def recognises(self, file: FitsFile) -> bool:
        """UNCERT beside one image, or an image in the primary with a MASK."""
        if named(file, "UNCERT"):
            return len(_images(file)) == 1
        primary = file.hdus[0]
        image = has_pixels(primary) and len(primary.shape) == 2
        return image and any(hdu.index for hdu in named(file, "MASK"))

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Read UTYPE and look for the two extensions."""
        primary = file.hdus[0]
        image = primary if has_pixels(primary) else _images(file)[0]
        masks = [named_mask(file, hdu, own(hdu)) for hdu in named(file, "MASK")[-1:]]
        noise, kind, warnings = None, "none", []
        for hdu in named(file, "UNCERT")[:1]:
            stated = card_text(hdu.header, "UTYPE")
            known = UTYPES.get(stated)
            kind = known or "unknown"
            if known is None:
                warnings.append(f"{hdu.label}: uncertainty of kind {stated} is not used")
            else:
                noise = Noise(known, (own(hdu),))
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=masks,
            noise=noise,
            variance_kind=kind,
            warnings=warnings,
        )


def _images(file: FitsFile) -> list[Hdu]:
    return [hdu for hdu in science_images(file) if hdu.name != "PSFIMAGE"]
