"""One image, a cube, or several images that no convention tells apart.

Masks and uncertainties beside it count when a file of exactly the same stem and one of the usual
words is there.  Source: FORMATS 4.14 - 4.17, 4.19 steps 15 - 18.
"""

from __future__ import annotations

from bgviewer.io.conventions.accompanying import Accompanying, accompanying
from bgviewer.io.conventions.base import Noise, Planes
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
        beside = accompanying(file, image, fitting=True)
        if not beside.used:
            inside = beside.warnings
            beside = _sidecars(file, image, choice)
            beside.warnings = [*inside, *beside.warnings]
        cube = any(length > 1 for length in image.shape[:-2])
        return exposure_of(
            file,
            image,
            "cube" if cube else "mef" if len(found) > 1 else self.name,
            choice,
            masks=beside.masks,
            bad=beside.bad,
            aliases=beside.aliases,
            noise=beside.noise,
            variance_kind=beside.kind,
            warnings=[*_warnings(image), *beside.warnings],
        )


def _warnings(image: Hdu) -> list[str]:
    pattern = card_text(image.header, "BAYERPAT")
    if not pattern:
        return []
    return [f"colours are mosaicked (BAYERPAT {pattern}); neighbours differ in colour"]


def _sidecars(file: FitsFile, image: Hdu, choice: Choice) -> Accompanying:
    """Find mask and uncertainty beside the file; say what was taken for what."""
    found = Accompanying()
    mask = sidecar(file, image, suffix_stems(file.path, "mask"), choice.settles_mask)
    if mask is not None:
        assert mask.path is not None
        other = file.companion(mask.path)
        named = named_mask(other, other.hdus[mask.hdu], mask)
        found.masks.append(named.part)
        found.bad, found.aliases = named.bad, named.aliases
        found.warnings += named.warnings
        if named.part.meaning == "nonzero":
            found.warnings.append(f"{mask.path.name}: mask without names; anything but 0 is bad")
    for kind in ("variance", "sigma", "inverse variance"):
        settled = choice.settles_noise
        place = sidecar(file, image, suffix_stems(file.path, kind), settled)
        if place is None:
            continue
        assert place.path is not None
        found.warnings.append(f"{place.path.name}: taken for {kind}, by its name")
        if kind == "inverse variance":
            found.masks.append(weight_mask(place))
        found.noise, found.kind = Noise(kind, (place,)), kind
        return found
    weight = sidecar(file, image, suffix_stems(file.path, "weight"), choice.settles_mask)
    if weight is None:
        return found
    assert weight.path is not None
    found.warnings.append(
        f"{weight.path.name}: the weight's scale is not told; used as a mask only"
    )
    found.masks.append(weight_mask(weight))
    found.kind = "unknown"
    return found
