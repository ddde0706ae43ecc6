"""Astropy's CCDData: image in the primary, MASK, UNCERT.  Source: FORMATS 4.13."""

from __future__ import annotations

from bgviewer.io.conventions.accompanying import accompanying
from bgviewer.io.conventions.base import Planes, has_pixels
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import exposure_of, named, own, science_images
from bgviewer.io.conventions.plane_names import named_mask
from bgviewer.io.layout import FitsFile, Hdu

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
        found = accompanying(file, image, fitting=True)
        if masks := named(file, "MASK")[-1:]:
            mask = named_mask(file, masks[0], own(masks[0]))
            weights = [part for part in found.masks if part.meaning == "positive"]
            found.masks, found.bad = [mask.part, *weights], mask.bad
            found.aliases = mask.aliases
            found.warnings = [w for w in found.warnings if "the bits have no names" not in w]
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=found.masks,
            bad=found.bad,
            aliases=found.aliases,
            noise=found.noise,
            variance_kind=found.kind,
            warnings=found.warnings,
        )


def _images(file: FitsFile) -> list[Hdu]:
    return [hdu for hdu in science_images(file) if hdu.name != "PSFIMAGE"]
