"""Planes that a file names itself beside its image: masks, uncertainties, weights by EXTNAME.

Source: FORMATS section 0 (uncertainty to variance), 4.13, 4.19 step 6.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bgviewer.io.conventions.base import MaskPart, Noise, fits_image
from bgviewer.io.conventions.common import companion, images, is_lsst_mask, own, weight_mask
from bgviewer.io.conventions.plane_names import named_mask
from bgviewer.io.layout import FitsFile, Hdu, card_text

__all__ = ["UTYPES", "Accompanying", "accompanying"]

UTYPES = {
    "": "sigma",
    "STDDEVUNCERTAINTY": "sigma",
    "STD": "sigma",
    "VARIANCEUNCERTAINTY": "variance",
    "VAR": "variance",
    "INVERSEVARIANCE": "inverse variance",
    "IVAR": "inverse variance",
}
"""What UTYPE of an UNCERT says, in upper case; without it sigma."""

_NOISES = {
    "VAR": "variance",
    "VARIANCE": "variance",
    "STAT": "variance",
    "ERR": "sigma",
    "ERROR": "sigma",
    "ERRS": "sigma",
    "RMS": "sigma",
    "SIGMA": "sigma",
    "STD": "sigma",
    "STDDEV": "sigma",
    "UNC": "sigma",
    "IVAR": "inverse variance",
    "IVM": "inverse variance",
    "INVVAR": "inverse variance",
}
_MASKS = ("DQ", "MASK", "BPM", "FLAG", "FLAGS", "BADPIX", "QUAL")
_WEIGHTS = ("WEIGHT", "WHT", "WGT")


@dataclass
class Accompanying:
    """What goes with an image; `kind` as `Planes.variance_kind`."""

    masks: list[MaskPart] = field(default_factory=list)
    noise: Noise | None = None
    kind: str = "none"
    quality: Hdu | None = None
    used: set[int] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)


def accompanying(file: FitsFile, image: Hdu, *, fitting: bool = False) -> Accompanying:
    """Find the planes of `image` in its own file.

    Parameters
    ----------
    fitting : bool
        Leave alone what has another shape than the image, instead of complaining about it.
    """
    found = Accompanying()

    def plane(name: str) -> Hdu | None:
        hdu = companion(file, image, name)
        usable = hdu is not None and hdu.index != image.index
        return hdu if usable and (not fitting or fits_image(hdu, image)) else None  # type: ignore[arg-type]

    _take_mask(file, image, found, next((h for n in _MASKS if (h := plane(n))), None))
    for name, kind in _NOISES.items():
        if hdu := plane(name):
            found.noise, found.kind = Noise(kind, (own(hdu),)), kind
            found.used.add(hdu.index)
            if kind == "inverse variance":
                found.masks.append(weight_mask(own(hdu)))
            return found
    if hdu := plane("UNCERT"):
        _take_uncertainty(found, hdu)
    elif hdu := next((h for n in _WEIGHTS if (h := plane(n))), None):
        found.masks.append(weight_mask(own(hdu)))
        found.kind = "unknown"
        found.used.add(hdu.index)
        found.warnings.append(f"{hdu.label}: the weight's scale is not told; used as a mask only")
    return found


def _take_mask(file: FitsFile, image: Hdu, found: Accompanying, quality: Hdu | None) -> None:
    if quality is None:  # LSST's masks are known without a name
        named = [h for h in images(file) if is_lsst_mask(h) and fits_image(h, image)]
        quality = named[0] if len(named) == 1 else None
    if quality is None:
        return
    found.quality = quality
    found.used.add(quality.index)
    found.masks.append(named_mask(file, quality, own(quality)))
    if found.masks[0].meaning == "nonzero":
        found.warnings.append(f"{quality.label}: the bits have no names; anything but 0 is bad")


def _take_uncertainty(found: Accompanying, hdu: Hdu) -> None:
    stated = card_text(hdu.header, "UTYPE")
    known = UTYPES.get(stated)
    found.kind = known or "unknown"
    found.used.add(hdu.index)
    if known is None:
        found.warnings.append(f"{hdu.label}: uncertainty of kind {stated} is not used")
    else:
        found.noise = Noise(known, (own(hdu),))
