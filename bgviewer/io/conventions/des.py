"""Dark Energy Survey (DESDM) images and coadds: SCI, MSK and WGT.

Source: DESDM, Morganson et al. 2018 (section on masking), names of the BADPIX bits.
"""

from __future__ import annotations

from bgviewer.io.conventions.accompanying import accompanying
from bgviewer.io.conventions.base import MaskPart, Noise, Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import chosen, companion, exposure_of, named, own, weight_mask
from bgviewer.io.layout import FitsFile, card_text

__all__ = ["Des"]

BADPIX = {
    "BPM": 0,
    "SATURATE": 1,
    "INTERP": 2,
    "BADAMP": 3,
    "CRAY": 4,
    "STAR": 5,
    "TRAIL": 6,
    "EDGEBLEED": 7,
    "SSXTALK": 8,
    "EDGE": 9,
    "STREAK": 10,
    "SUSPECT": 11,
    "FIXED": 12,
    "NEAREDGE": 13,
    "TAPEBUMP": 14,
}
_USABLE = ("SUSPECT", "FIXED", "NEAREDGE", "TAPEBUMP")
"""DESDM measures these pixels all the same: they were mended, or are merely less certain."""
_BAD = tuple(name for name in BADPIX if name not in _USABLE)


class Des:
    """MSK holds BADPIX bits, WGT is the inverse variance."""

    name = "des"

    def recognises(self, file: FitsFile) -> bool:
        """SCI with MSK or WGT, of DECam or with DESDM's cards."""
        science = named(file, "SCI")
        if not science or not (named(file, "MSK") or named(file, "WGT")):
            return False
        headers = (file.hdus[0].header, science[0].header)
        if any("DES_EXT" in header for header in headers):
            return True
        return any(card_text(header, "INSTRUME") == "DECAM" for header in headers) or any(
            card_text(header, "TELESCOP").startswith(("CTIO 4", "BLANCO")) for header in headers
        )

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """All bits count as bad but those of pixels that DESDM uses itself."""
        image = chosen(file, named(file, "SCI"), choice)
        quality, weight = (companion(file, image, name) for name in ("MSK", "WGT"))
        found = accompanying(file, image)
        masks, noise, warnings = found.masks, found.noise, found.warnings
        if quality is not None:
            masks = [MaskPart(own(quality), "bits", BADPIX)]
            warnings = [f"{quality.label}: all BADPIX bits count as bad but {', '.join(_USABLE)}"]
        if weight is not None:
            masks = [part for part in masks if part.meaning != "positive"]
            masks.append(weight_mask(own(weight)))
            noise = Noise("inverse variance", (own(weight),))
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=masks,
            bad=_BAD if quality is not None else found.bad,
            noise=noise,
            warnings=warnings,
        )
