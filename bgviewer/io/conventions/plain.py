"""One image, a cube, or several images that no convention tells apart.

Masks and uncertainties beside it count when a file of exactly the same stem and one of the usual
words is there.  Source: FORMATS 4.14 - 4.17, 4.19 steps 15 - 18.
"""

from __future__ import annotations

from bgviewer.io.conventions.accompanying import Accompanying, accompanying
from bgviewer.io.conventions.base import MaskPart, Noise, Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import (
    chosen,
    exposure_of,
    images,
    science_images,
    sidecar,
    weight_mask,
)
from bgviewer.io.conventions.plane_names import named_mask
from bgviewer.io.layout import FitsFile, Hdu, card_text
from bgviewer.io.sidecars import suffix_stems

__all__ = ["Plain"]

_QUIET = ("WCSDVARR", "D2IMARR")


class Plain:
    """Whatever image there is, in whichever HDU it lies."""

    name = "plain"

    def recognises(self, file: FitsFile) -> bool:
        """There is an image with pixels."""
        return bool(images(file))

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Image header before primary; side-cars by stem and word."""
        found = science_images(file) or images(file)
        image = chosen(file, found, choice)
        beside = accompanying(file, image, fitting=True) if len(found) == 1 else Accompanying()
        warnings = _warnings(file, image, beside.used, several=len(found) > 1)
        warnings += beside.warnings
        masks, noise, kind = beside.masks, beside.noise, beside.kind
        if not beside.used:
            masks, noise, kind = _sidecars(file, image, choice, warnings)
        cube = any(length > 1 for length in image.shape[:-2])
        return exposure_of(
            file,
            image,
            "cube" if cube else "mef" if len(found) > 1 else self.name,
            choice,
            masks=masks,
            noise=noise,
            variance_kind=kind,
            warnings=warnings,
        )


def _warnings(file: FitsFile, image: Hdu, used: set[int], *, several: bool) -> list[str]:
    told = {image.index, *used}
    unused = [h for h in images(file) if h.index not in told and h.name not in _QUIET]
    warnings = []
    if unused and not several:
        warnings.append(f"not used: {', '.join(hdu.label for hdu in unused)}")
    pattern = card_text(image.header, "BAYERPAT")
    if pattern:
        warnings.append(f"colours are mosaicked (BAYERPAT {pattern}); neighbours differ in colour")
    return warnings


def _sidecars(
    file: FitsFile, image: Hdu, choice: Choice, warnings: list[str]
) -> tuple[list[MaskPart], Noise | None, str]:
    """Find mask and uncertainty beside the file; say what was taken for what."""
    masks: list[MaskPart] = []
    mask = sidecar(file, image, suffix_stems(file.path, "mask"), choice.settles_mask)
    if mask is not None:
        assert mask.path is not None
        other = file.companion(mask.path)
        masks.append(named_mask(other, other.hdus[mask.hdu], mask))
        if masks[0].meaning == "nonzero":
            warnings.append(f"{mask.path.name}: mask without names; anything but 0 is bad")
    for kind in ("variance", "sigma", "inverse variance"):
        settled = choice.settles_noise
        place = sidecar(file, image, suffix_stems(file.path, kind), settled)
        if place is None:
            continue
        assert place.path is not None
        warnings.append(f"{place.path.name}: taken for {kind}, by its name")
        if kind == "inverse variance":
            masks.append(weight_mask(place))
        return masks, Noise(kind, (place,)), kind
    weight = sidecar(file, image, suffix_stems(file.path, "weight"), choice.settles_mask)
    if weight is None:
        return masks, None, "none"
    assert weight.path is not None
    warnings.append(f"{weight.path.name}: the weight's scale is not told; used as a mask only")
    return [*masks, weight_mask(weight)], None, "unknown"
